"""Mutants of a C++ source file: one small change each, of the kind that a person makes by mistake.

The source is cut into tokens; comments, texts, preprocessor lines, assertions and what only words an error are passed over. That
the tree is formatted helps: binary operators stand between spaces, references and template brackets do not.
"""
import re
from typing import NamedTuple

TOKEN = re.compile(r"""
    (?P<skip>//[^\n]*|/\*.*?\*/|^[ \t]*\#(?:\\\n|[^\n])*|\s+)
  | (?P<text>R"(?P<d>[^(\s]*)\(.*?\)(?P=d)"|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)+')
  | (?P<number>\.?\d(?:[eEpP][+-]|[\w.'])*)
  | (?P<word>[A-Za-z_]\w*)
  | (?P<op><=>|<<=|>>=|\.\.\.|::|->|<<|>>|<=|>=|==|!=|&&|\|\||\+\+|--|[-+*/%&|^]=|\[\[|\]\]|.)
""", re.X | re.S | re.M)
SWAPS = {
    "relation": {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "=="},
    "arithmetic": {"+": "-", "-": "+", "*": "/", "/": "*", "%": "*", "+=": "-=", "-=": "+=", "*=": "/=", "/=": "*="},
    "logic": {"&&": "||", "||": "&&", "&": "|", "|": "&", "^": "&", "<<": ">>", ">>": "<<", "|=": "&=", "&=": "|="},
}
WORDS = {"true": "false", "false": "true", "min": "max", "max": "min", "fmin": "fmax", "fmax": "fmin", "any_of": "all_of",
         "all_of": "any_of", "none_of": "any_of", "ceil": "floor", "floor": "ceil", "continue": "break"}
NEVER = {"reserve", "shrink_to_fit", "static_assert", "assert", "alignas", "sizeof", "decltype", "noexcept", "__builtin_prefetch"}
NO_STATEMENT = {"return", "throw", "using", "namespace", "struct", "class", "enum", "template", "typedef", "static", "constexpr", "const",
                "auto", "if", "for", "while", "do", "switch", "case", "default", "else", "try", "catch", "goto", "unsigned", "extern", "friend"}


class Mutant(NamedTuple):
    file: str
    line: int
    column: int
    kind: str
    before: str
    after: str
    start: int
    end: int
    around: str  # the line as it stands

    @property
    def name(self):
        """What stays when lines above it come or go; in a changed line it is another mutant."""
        return f"{self.file}:{self.column} {self.kind} {self.before} -> {self.after} in {self.around}"

    def __str__(self):
        short = [re.sub(r"\s+", " ", s) for s in (self.before, self.after)]
        short = [s if len(s) <= 60 else s[:57] + "..." for s in short]
        return f"{self.file}:{self.line}:{self.column} {self.kind}: {short[0]} -> {short[1] or '(nothing)'}"


class Tokens:
    """kind, text, start and end of each token; which bracket closes which; and what braces hold: code, declarations, or values."""

    def __init__(self, source):
        self.source = source
        self.all = [(m.lastgroup if m.lastgroup != "d" else "text", m[0], m.start(), m.end()) for m in TOKEN.finditer(source)]
        self.all = [t for t in self.all if t[0] != "skip"]
        self.partner, self.inside, self.innermost, self.passed_over = {}, [], [], set()
        self._match()
        self._pass_over()

    def text(self, i):
        return self.all[i][1] if 0 <= i < len(self.all) else ""

    def kind(self, i):
        return self.all[i][0] if 0 <= i < len(self.all) else ""

    def span(self, first, last):
        return self.source[self.all[first][2]:self.all[last][3]]

    def _holds(self, i, around):
        """What the brace at i opens."""
        before = self.text(i - 1)
        if before in (")", "]", "const", "noexcept", "override", "final", "mutable", "else", "do", "try", ";"):
            return "code" if before != "]" or around == "code" or self.text(i - 2) != "]" else "values"
        if before in ("{", "}", ":"):
            return "code" if around == "code" or before == "}" else "values"
        j = i - 1
        while j >= 0 and self.text(j) not in (";", "{", "}"):
            if self.text(j) in ("struct", "class", "namespace", "union", "extern"):
                return "declarations"
            if self.text(j) == "->" and self.text(j - 1) in (")", "const", "mutable", "noexcept"):
                return "code"
            j -= 1
        return "values"

    def _match(self):
        stack = []
        for i, (_, text, _, _) in enumerate(self.all):
            around = next((h for _, h in reversed(stack) if h), "declarations")
            self.inside.append(around)
            self.innermost.append(self.text(stack[-1][0]) if stack else "")
            if text == "{":
                stack.append((i, self._holds(i, around)))
            elif text in ("(", "["):
                stack.append((i, ""))
            elif text in ("}", ")", "]") and stack:
                j, _ = stack.pop()
                self.partner[i], self.partner[j] = j, i

    def _pass_over(self):
        for i in range(len(self.all)):
            if self.text(i) in NEVER and self.text(i + 1) == "(" or self.text(i) == "[[":
                self.passed_over.update(range(i, self.partner.get(i + 1, i + 3) + 1))
            if self.text(i) in ("throw", "throw_error"):  # its words
                self.passed_over.update(range(i, self.end_of_statement(i)))

    def end_of_statement(self, i):
        """The semicolon that ends what begins at i, or the end of the tokens."""
        while i < len(self.all) and self.text(i) != ";":
            i = self.partner.get(i, i) + 1 if self.text(i) in ("(", "[", "{") else i + 1
        return i

    def split(self, opening, separator):
        """The (first, last) tokens of what `separator` separates inside a bracket; template brackets are not seen through."""
        parts, first, i, end = [], opening + 1, opening + 1, self.partner.get(opening, opening)
        while i < end:
            if self.text(i) == separator:
                parts.append((first, i - 1))
                first = i + 1
            i = self.partner.get(i, i) + 1 if self.text(i) in ("(", "[", "{") else i + 1
        parts.append((first, end - 1))
        return [p for p in parts if p[0] <= p[1]]


def numbers(text):
    """What may stand instead of a number."""
    plain = re.sub(r"[uUlLzZ]+$", "", text.replace("'", ""))
    suffix = text.replace("'", "")[len(plain):]
    if re.fullmatch(r"0[xX][0-9a-fA-F]+", plain):
        return [f"{hex(int(plain, 16) + 1)}{suffix}"]
    if plain.isdigit():
        n = int(plain)
        return [f"{n + 1}{suffix}"] + ([f"{n - 1}{suffix}"] if n > 0 else [])
    return [f"({text} + 1)"]


def mutants(file, source):
    t, found, lines = Tokens(source), [], source.split("\n")

    def add(kind, first, last, after):
        start, end = t.all[first][2], t.all[last][3]
        line = source.count("\n", 0, start) + 1
        column = start - source.rfind("\n", 0, start)
        found.append(Mutant(file, line, column, kind, source[start:end], after, start, end, lines[line - 1].strip()))

    loops = set()  # what counts a for loop on: backwards it never ends
    for i in range(len(t.all)):
        if t.text(i) == "for" and t.text(i + 1) == "(" and len(parts := t.split(i + 1, ";")) == 3:
            loops.update(range(parts[2][0], parts[2][1] + 1))

    for i, (kind, text, start, end) in enumerate(t.all):
        if i in t.passed_over:
            if text in ("throw", "throw_error") and t.inside[i] == "code" and t.text(i - 1) in (";", "{", "}", ")", "else"):
                add("throw", i, t.end_of_statement(i), ";")
            continue
        code = t.inside[i] == "code"
        spaced = source[start - 1:start].isspace() and source[end:end + 1].isspace()
        if kind == "number" and t.inside[i] != "values":
            declared = t.text(i - 1) == "[" and t.text(i + 1) == "]" and t.kind(i - 2) == "word" and t.kind(i - 3) in ("word",)
            if not declared:
                for after in numbers(text):
                    add("number", i, i, after)
        if not code:
            continue
        if kind == "op" and spaced:
            for name, swap in SWAPS.items():
                if text in swap and not (i in loops and name == "arithmetic"):
                    add(name, i, i, swap[text])
        if text in ("++", "--") and i not in loops:
            add("arithmetic", i, i, "--" if text == "++" else "++")
        if text == "!" and t.text(i - 1) in ("(", "&&", "||", "=", "return", "?", ",", ":"):
            add("negation", i, i, "")
        if text in WORDS and (text in ("true", "false", "continue") or t.text(i + 1) in ("(", "<")):
            add("word", i, i, WORDS[text])
        if text in ("if", "while"):
            opening = i + 2 if t.text(i + 1) == "constexpr" else i + 1
            if t.text(opening) == "(" and (parts := t.split(opening, ";")):
                first, last = parts[-1]
                condition = t.span(first, last)
                declares, twice = re.search(r"[\w>&*] \w+ = ", condition), re.fullmatch(r"![^&|]*", condition)
                if not declares and not twice:
                    add("negation", first, last, f"!({condition})")
        if text == "return" and t.text(i + 1) != ";":
            last = t.end_of_statement(i) - 1
            if t.span(i + 1, last) not in ("{}", "true", "false", "0", "*this"):
                add("return", i + 1, last, "{}")
        begins = t.innermost[i] == "{" and t.text(i - 1) in (";", "{", "}", ")", "else")
        if begins and kind == "word" and text not in NO_STATEMENT | NEVER:
            last = min(t.end_of_statement(i), len(t.all) - 1)
            call_before = t.text(i - 1) == ")" and t.text(t.partner.get(i - 1, 0) - 1) not in ("if", "for", "while", "constexpr")
            declaration = t.kind(i + 1) == "word" or re.match(r"[\w:]+(<.*?>)?[&*]* [&*]*\w+( =|\(|\{|;|,|\[)", t.span(i, last))
            if t.text(last) == ";" and not call_before and not declaration and not set(t.all[k][1] for k in range(i, last)) & NEVER:
                add("statement", i, last, ";")
        if text == "(" and t.kind(i - 1) == "word" and t.text(i - 1) not in ("if", "for", "while", "switch", "catch", "return"):
            parts = t.split(i, ",")
            sides = [t.span(*p) for p in parts[:2]]
            plain = [re.fullmatch(r"[\w.:>\-\[\]*()+ ]+", s) and not re.match(r"[\w:]+[&*]? [&*]?\w+$", s) for s in sides]
            if len(sides) == 2 and all(plain) and sides[0] != sides[1]:
                add("arguments", parts[0][0], parts[1][1], f"{sides[1]}, {sides[0]}")
    return found

// `harker completion`: a script for a shell, written from what the verbs say of themselves.
#include <harker/core/base/text.h>
#include <algorithm>

#include "out.h"
#include "verb.h"

namespace harker::cli {
namespace {

using detail::str;
using What = Argument::What;

std::string replaced(std::string_view text, std::string_view what, char before) {
  std::string out;
  for (char c : text) {
    if (what.find(c) != what.npos) out += before;
    out += c;
  }
  return out;
}
/// In single quotes, for bash and zsh.
std::string quoted(std::string_view text) {
  std::string out = "'";
  for (char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + '\'';
}
std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& w : words) out += (out.empty() ? "" : " ") + w;
  return out;
}

/// Words for the verb or its options; nothing, and so bash's own names of files, for the rest; the keys of the file.
std::string bash(const Verbs& verbs) {
  std::string names, options, values, keys;
  for (const auto& v : verbs) {
    names += std::string(v->name) + ' ';
    options += str("    ", v->name, ") words='");
    int place = 0;
    for (const Argument& a : v->arguments) {
      if (a.is_option()) options += a.name + ' ';
      if (!a.is_option() && ++place > 0 && a.what == What::key)
        keys += str(keys.empty() ? "" : " | ", v->name, ',', place);
      if (!a.is_option() && !a.choices.empty())
        values += str("    ", v->name, ",*,", place, ") words='", joined(a.choices), "' ;;\n");
      if (!a.value.empty()) values += str("    ", v->name, ',', a.name, ",*) words='", joined(a.choices), "' ;;\n");
    }
    options += "--help' ;;\n";
  }
  // Keys never go through compgen -W, which would run $(...) in a name from the file.
  return str(R"bash(# bash completion for harker
_harker() {
  local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} verb= file= words= place=1 key i
  for ((i = 1; i < COMP_CWORD; ++i)); do
    case ${COMP_WORDS[i]} in
      -*) ;;
      *) if [[ -z $verb ]]; then verb=${COMP_WORDS[i]}; else file=${file:-${COMP_WORDS[i]}}; ((++place)); fi ;;
    esac
  done
  COMPREPLY=()
  case $verb,$before,$place in
)bash",
             values, R"bash(    *)
      if [[ -z $verb ]]; then
        words=')bash",
             names, R"bash(--help --version'
      elif [[ $current == -* ]]; then
        case $verb in
)bash",
             options, R"bash(        esac
      else
        case $verb,$place in
          )bash",
             keys, R"bash()
            while IFS= read -r key; do
              [[ $key == "$current"* ]] && COMPREPLY+=("$(printf %q "$key")")
            done < <(harker inspect --list -- "${file/#\~/$HOME}" 2>/dev/null | sed -n '1,/^name  /d; /^$/q; s/  .*//; p') ;;
        esac
      fi ;;
  esac
  [[ -n $words ]] && COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _harker harker
)bash");
}

std::string zsh(const Verbs& verbs) {
  std::string out = "#compdef harker\n\n_harker() {\n  local -a verbs\n  verbs=(\n";
  for (const auto& v : verbs) out += "    " + quoted(str(v->name, ':', v->help)) + '\n';
  out +=
      "  )\n  if ((CURRENT == 2)); then\n    _describe verb verbs\n    _arguments '--help' '--version'\n    return\n  "
      "fi\n"
      "  local verb=$words[2]\n  shift words\n  ((CURRENT--))\n  case $verb in\n";
  for (const auto& v : verbs) {
    out += str("    ", v->name, ")\n      _arguments");
    int place = 0;
    for (const Argument& a : v->arguments) {
      const bool many = std::holds_alternative<std::vector<std::string>*>(a.to);
      const std::string values = !a.choices.empty()     ? str(":(", joined(a.choices), ')')
                                 : a.what == What::file ? std::string(":_files")
                                                        : std::string(":");
      std::string spec;
      if (a.is_option())
        spec = str(many ? "*" : "", a.name, '[', replaced(a.help, "[]:\\", '\\'), ']') +
               (a.value.empty() ? "" : str(':', a.value, values));
      else
        spec = str(many ? std::string("*") : std::to_string(++place), ':', a.name, values);
      out += " \\\n        " + quoted(spec);
    }
    out += " \\\n        '--help[Print this help message and exit]' ;;\n";
  }
  return out + "  esac\n}\n\n_harker \"$@\"\n";
}

std::string fish(const Verbs& verbs) {
  auto text = [](std::string_view s) { return str('\'', replaced(s, "\\'", '\\'), '\''); };
  std::string out =
      "# fish completion for harker\ncomplete -c harker -f\n"
      "complete -c harker -n __fish_use_subcommand -l help -d 'Print this help message and exit'\n"
      "complete -c harker -n __fish_use_subcommand -l version -d 'Display program version information and exit'\n";
  for (const auto& v : verbs) {
    const std::string in = str("complete -c harker -n '__fish_seen_subcommand_from ", v->name, '\'');
    out +=
        str("complete -c harker -n __fish_use_subcommand -a ", v->name, " -d ", text(v->help), '\n', in, " -l help\n");
    for (const Argument& a : v->arguments) {
      if (a.is_option())
        out +=
            str(in, " -l ", a.name.substr(2), a.value.empty() ? "" : " -x",
                a.choices.empty() ? std::string() : str(" -a ", text(joined(a.choices))), " -d ", text(a.help), '\n');
      else if (a.what == What::file)
        out += in + " -F\n";
      else if (!a.choices.empty())
        out += str(in, " -a ", text(joined(a.choices)), '\n');
    }
  }
  return out;
}

class Completion : public Verb {
 public:
  Completion() : Verb("completion", "Print a script that teaches a shell to complete this command") {
    arguments.push_back({"SHELL", {}, "bash, zsh or fish", &shell_, What::text, {"bash", "zsh", "fish"}});
    statuses = "0 good, 2 wrong usage";
    examples = {{"eval \"$(harker completion bash)\"", "for this shell; installed, all shells find theirs"}};
  }
  int run() override {
    const Verbs verbs = all_verbs();
    Out out;
    if (shell_ == "bash")
      out << bash(verbs);
    else if (shell_ == "zsh")
      out << zsh(verbs);
    else if (shell_ == "fish")
      out << fish(verbs);
    else
      throw UsageError("completion: SHELL is bash, zsh or fish, not " + detail::quoted(shell_));
    out.flush();
    return 0;
  }

 private:
  std::string shell_;
};

}  // namespace

std::unique_ptr<Verb> completion_verb() { return std::make_unique<Completion>(); }

}  // namespace harker::cli

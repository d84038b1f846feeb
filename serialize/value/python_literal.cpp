// The brackets that are open stand in a row of their own: nothing recurses.
#include <harker/serialize/value/python_literal.h>

#include <charconv>
#include <vector>

#include <harker/core/base/text.h>
#include <harker/core/base/utf8.h>

namespace harker {
namespace {

constexpr std::size_t kDeepest = 16;

struct Open {
  char bracket;  // that closes it
  std::vector<Value> items;
  Value dict, key;
  bool comma;  // one stands before what comes next, or the bracket does
};

class Reader {
 public:
  Reader(std::string_view text, std::string_view what) : text_(text), what_(what) {}

  Value read() {
    std::vector<Open> open;
    for (;;) {
      Value done;
      const char c = peek();
      const char closes = open.empty() ? '\0' : open.back().bracket;
      if (closes != '\0' && c == closes) {
        ++at_;
        Open& o = open.back();
        if (c == ')' && o.items.size() == 1 && !o.comma) fail("a comma, as a tuple of one item has");
        done = c == '}'   ? std::move(o.dict)
               : c == ']' ? Value::list(std::move(o.items))
                          : Value::tuple(std::move(o.items));
        open.pop_back();
      } else {
        if (closes != '\0' && !open.back().comma) fail("a comma or a closing bracket");
        if (closes == '}') key(open.back());
        const char b = peek();
        if (b == '(' || b == '[' || b == '{') {
          ++at_;
          if (open.size() == kDeepest) fail("brackets that nest less deep");
          open.push_back({b == '(' ? ')' : b == '[' ? ']' : '}', {}, Value::dict(), {}, true});
          continue;
        }
        done = scalar();
      }
      if (open.empty()) {
        if (peek() != '\0' || at_ < text_.size()) fail("nothing more");
        return done;
      }
      Open& o = open.back();
      if (o.bracket == '}')
        o.dict.set(o.key, std::move(done));
      else
        o.items.push_back(std::move(done));
      o.comma = peek() == ',';
      if (o.comma) ++at_;
    }
  }

 private:
  [[noreturn]] void fail(const char* expected) const {
    detail::throw_error<FormatError>(what_, " at ", at_, ": expected ", expected, ", found ",
                                     detail::quoted(text_.substr(std::min(at_, text_.size()), 16)));
  }
  // The next character that is no space, or 0 at the end.
  char peek() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n')) ++at_;
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  bool word(std::string_view w) {
    const bool here = text_.substr(at_).starts_with(w);
    if (here) at_ += w.size();
    return here;
  }

  void key(Open& to) {
    if (peek() != '\'' && peek() != '"') fail("a key in quotes");
    to.key = text();
    if (to.dict.contains(to.key))
      detail::throw_error<FormatError>(what_, ": the key ", detail::quoted(to.key.as_string()), " occurs twice");
    if (peek() != ':') fail("a colon");
    ++at_;
  }

  Value scalar() {
    const char c = peek();
    if (c == '\'' || c == '"') return text();
    if (c == '-' || (c >= '0' && c <= '9')) {
      std::int64_t v = 0;
      const char* end = text_.data() + text_.size();
      const auto [stop, error] = std::from_chars(text_.data() + at_, end, v);
      if (error != std::errc()) fail("an integer of 64 bits");
      at_ = static_cast<std::size_t>(stop - text_.data());
      word("L");
      return v;
    }
    if (word("True")) return true;
    if (word("False")) return false;
    if (word("None")) return {};
    fail("a literal");
  }

  Value text() {
    const char quote = text_[at_++];
    std::string out;
    for (;;) {
      if (at_ >= text_.size() || text_[at_] == '\n') fail("the end of a text in quotes");
      const char c = text_[at_++];
      if (c == quote) break;
      if (c != '\\')
        out += c;
      else
        escape(out);
    }
    if (!detail::valid_utf8(out, true)) fail("text in UTF-8");
    return Value(out);
  }

  void escape(std::string& out) {
    const char c = at_ < text_.size() ? text_[at_++] : '\0';
    const std::size_t digits = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
    if (digits > 0) {
      const std::string_view hex = text_.substr(at_, digits);
      const auto code = detail::from_hex(hex);
      if (hex.size() != digits || !code || *code > 0x10ffff) fail("a character's number");
      at_ += digits;
      return detail::append_utf8(out, static_cast<std::uint32_t>(*code));
    }
    constexpr std::string_view kFrom = "\\'\"nrt", kTo = "\\'\"\n\r\t";
    const std::size_t i = kFrom.find(c);
    if (i == kFrom.npos) fail("an escape that repr() writes");
    out += kTo[i];
  }

  std::string_view text_, what_;
  std::size_t at_ = 0;
};

}  // namespace

Value read_literal(std::string_view text, std::string_view what) { return Reader(text, what).read(); }

namespace {

void append_text(std::string& out, std::string_view utf8) {
  out += '\'';
  for (std::size_t at = 0; at < utf8.size();) {
    const std::uint32_t c = detail::next_code(utf8, at);
    if (c == '\\' || c == '\'') out += '\\';
    if (c >= 0x20 && c < 0x7f)
      out += static_cast<char>(c);
    else if (c < 0x100)
      out += "\\x" + detail::hex(static_cast<std::uint8_t>(c));
    else if (c < 0x10000)
      out += "\\u" + detail::hex(static_cast<std::uint16_t>(c));
    else
      out += "\\U" + detail::hex(c);
  }
  out += '\'';
}

bool append(std::string& out, const Value& v, std::size_t room) {
  if (v.is_container() && room == 0) return false;
  switch (v.kind()) {
    case Value::Kind::none: out += "None"; return true;
    case Value::Kind::boolean: out += v.as_bool() ? "True" : "False"; return true;
    case Value::Kind::string: append_text(out, v.as_string()); return true;
    case Value::Kind::integer:
      if (v.fits_int64()) out += std::to_string(v.as_int());
      return v.fits_int64();
    case Value::Kind::list:
    case Value::Kind::tuple: {
      out += v.is_list() ? '[' : '(';
      std::size_t n = 0;
      for (const Value& item : v.elements()) {
        if (n++ > 0) out += ", ";
        if (!append(out, item, room - 1)) return false;
      }
      out += v.is_list() ? "]" : n == 1 ? ",)" : ")";
      return true;
    }
    case Value::Kind::dict: {
      out += '{';
      std::size_t n = 0;
      for (const auto& [key, item] : v.items()) {
        if (n++ > 0) out += ", ";
        if (!key.is_string() || !append(out, key, room)) return false;
        out += ": ";
        if (!append(out, item, room - 1)) return false;
      }
      out += '}';
      return true;
    }
    default: return false;
  }
}

}  // namespace

bool append_literal(std::string& out, const Value& v) { return append(out, v, kDeepest); }

}  // namespace harker

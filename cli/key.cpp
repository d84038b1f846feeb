// Keys are parsed by hand: a JSON library refuses the lone surrogates that Python's strings, and so its JSON, may hold.
#include "key.h"

#include <harker/core/base/text.h>
#include <harker/core/error.h>

#include <cstdlib>
#include <vector>

#include "json.h"
#include "out.h"

namespace harker::cli {
namespace {

using detail::quoted;
using detail::str;
using detail::throw_error;

class KeyParser {
 public:
  explicit KeyParser(std::string_view s) : s_(s) {}
  struct Parsed {
    Value key;
    std::string part;  // not empty: {"part": "state"}
  };
  std::vector<Parsed> steps() {
    std::vector<Parsed> out;
    expect('[');
    while (!accept(']')) {
      if (!out.empty()) expect(',');
      out.push_back(step(0));
    }
    space();
    if (i_ != s_.size()) bad("text after the list");
    return out;
  }

 private:
  [[noreturn]] void bad(std::string_view what) const {
    throw_error<Error>("the key ", quoted(s_), " is not a list of steps in JSON: ", what, " at character ", i_ + 1);
  }
  void space() {
    while (i_ < s_.size() && (s_[i_] == ' ' || s_[i_] == '\t' || s_[i_] == '\n')) ++i_;
  }
  bool accept(char c) {
    space();
    if (i_ < s_.size() && s_[i_] == c) return ++i_, true;
    return false;
  }
  void expect(char c) {
    if (!accept(c)) bad(str("expected '", c, '\''));
  }
  bool word(std::string_view w) {
    if (s_.substr(i_, w.size()) != w) return false;
    i_ += w.size();
    return true;
  }

  Parsed step(int depth) {
    if (depth > 100) bad("nested too deep");
    space();
    if (i_ == s_.size()) bad("it ends here");
    if (s_[i_] == '"') return {text(), {}};
    if (s_[i_] != '{') return {decimal(word_of_digits()), {}};
    ++i_;
    space();
    const std::string kind = text();
    expect(':');
    space();
    Parsed out;
    if (kind == "int") {
      out.key = decimal(i_ < s_.size() && s_[i_] == '"' ? text() : word_of_digits());
    } else if (kind == "bool") {
      if (word("true"))
        out.key = true;
      else if (word("false"))
        out.key = false;
      else
        bad("expected true or false");
    } else if (kind == "none") {
      if (!word("true")) bad("expected true");
    } else if (kind == "float") {
      std::string s = text();
      char* end = nullptr;
      out.key = Value(std::strtod(s.c_str(), &end));
      if (s.empty() || *end) bad("expected a number in quotes");
    } else if (kind == "bytes") {
      out.key = hex(text());
    } else if (kind == "tuple" || kind == "frozenset") {
      std::vector<Value> items;
      expect('[');
      while (!accept(']')) {
        if (!items.empty()) expect(',');
        items.push_back(step(depth + 1).key);
      }
      out.key = kind == "tuple" ? Value::tuple(std::move(items)) : Value::frozenset(std::move(items));
    } else if (kind == "part") {
      out.part = text();
    } else {
      bad(str("unknown kind ", quoted(kind)));
    }
    expect('}');
    return out;
  }

  std::string word_of_digits() {
    const std::size_t from = i_;
    if (i_ < s_.size() && s_[i_] == '-') ++i_;
    while (i_ < s_.size() && s_[i_] >= '0' && s_[i_] <= '9') ++i_;
    return std::string(s_.substr(from, i_ - from));
  }
  /// A decimal integer of any size to two's complement.
  Value decimal(const std::string& s) {
    const bool negative = s.starts_with('-');
    if (s.size() == negative || s.size() > 10000) bad("expected text, an integer or an object");
    std::vector<std::uint8_t> bytes;
    for (char c : s.substr(negative)) {
      if (c < '0' || c > '9') bad("expected an integer");
      unsigned carry = static_cast<unsigned>(c - '0');
      for (std::uint8_t& b : bytes) {
        carry += b * 10u;
        b = static_cast<std::uint8_t>(carry);
        carry >>= 8;
      }
      if (carry) bytes.push_back(static_cast<std::uint8_t>(carry));
    }
    bytes.push_back(0);  // room for the sign
    if (negative) {
      unsigned carry = 1;
      for (std::uint8_t& b : bytes) {
        carry += static_cast<std::uint8_t>(~b);
        b = static_cast<std::uint8_t>(carry);
        carry >>= 8;
      }
    }
    return Value::integer(bytes);
  }
  Value hex(const std::string& s) {
    std::vector<std::uint8_t> bytes;
    for (std::size_t i = 0; i < s.size(); i += 2) {
      char* end = nullptr;
      const std::string pair = s.substr(i, 2);
      bytes.push_back(static_cast<std::uint8_t>(std::strtoul(pair.c_str(), &end, 16)));
      if (pair.size() != 2 || *end) bad("expected bytes in hexadecimal");
    }
    return Value::bytes(bytes);
  }
  unsigned hex4() {
    unsigned v = 0;
    for (int k = 0; k < 4; ++k, ++i_) {
      char c = i_ < s_.size() ? s_[i_] : '?';
      int digit = c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
      if (digit < 0) bad("expected four hexadecimal digits");
      v = v << 4 | static_cast<unsigned>(digit);
    }
    return v;
  }
  std::string text() {
    std::string out;
    auto code_point = [&](unsigned c) {
      auto put = [&](unsigned b) { out += static_cast<char>(b); };
      if (c < 0x80)
        put(c);
      else if (c < 0x800)
        put(0xc0 | c >> 6), put(0x80 | (c & 63));
      else if (c < 0x10000)
        put(0xe0 | c >> 12), put(0x80 | (c >> 6 & 63)), put(0x80 | (c & 63));
      else
        put(0xf0 | c >> 18), put(0x80 | (c >> 12 & 63)), put(0x80 | (c >> 6 & 63)), put(0x80 | (c & 63));
    };
    expect('"');
    while (i_ < s_.size() && s_[i_] != '"') {
      if (s_[i_] != '\\') {
        out += s_[i_++];
        continue;
      }
      if (++i_ == s_.size()) break;
      const char c = s_[i_++];
      if (c == 'u') {
        unsigned u = hex4();
        if (u >= 0xd800 && u < 0xdc00 && s_.substr(i_, 2) == "\\u") {
          const std::size_t back = i_;
          i_ += 2;
          unsigned low = hex4();
          if (low >= 0xdc00 && low < 0xe000)
            u = 0x10000 + ((u - 0xd800) << 10) + (low - 0xdc00);
          else
            i_ = back;
        }
        code_point(u);
      } else {
        const std::string_view from = "\"\\/bfnrt", to = "\"\\/\b\f\n\r\t";
        const std::size_t k = from.find(c);
        if (k == std::string_view::npos) bad("unknown escape");
        out += to[k];
      }
    }
    if (i_ == s_.size()) bad("a text without end");
    ++i_;
    return out;
  }
  std::string_view s_;
  std::size_t i_ = 0;
};

const Value* follow(const Value& from, const KeyParser::Parsed& step) {
  if (from.is_dict() && step.part.empty()) return from.find(step.key);
  if ((from.is_list() || from.is_tuple()) && step.part.empty()) {
    if (!step.key.is_int() || !step.key.fits_int64() || step.key.as_int() < 0) return nullptr;
    auto i = static_cast<std::uint64_t>(step.key.as_int());
    return i < from.len() ? &from.elements()[static_cast<std::size_t>(i)] : nullptr;
  }
  for (std::size_t i = 0, n = child_count(from); i < n; ++i) {  // an object of an unknown class
    auto [s, v] = child(from, i);
    if (s.part ? step.part == s.part
               : step.part.empty() && (s.key ? s.key->equals(step.key) : step.key.equals(Value(s.index))))
      return v;
  }
  return nullptr;
}

Value by_steps(const Value& root, const std::string& key) {
  const Value* v = &root;
  std::size_t depth = 0;
  for (const KeyParser::Parsed& step : KeyParser(key).steps()) {
    v = follow(*v, step);
    if (!v) throw_error<Error>("no entry ", quoted(key, 200), ": step ", depth + 1, " is missing");
    ++depth;
  }
  return *v;
}

/// The key list of the walk's entry, as JSON, for messages.
std::string key_text(const ValueWalk& walk) {
  std::string out = "[";
  for (const Step& s : walk.key()) {
    if (out.size() > 1) out += ", ";
    out += s.key && s.key->is_string() ? quoted(s.key->as_string(), 60) : step_text(s).substr(0, 60);
  }
  return out + ']';
}

}  // namespace

Value find_entry(const Value& root, const std::string& key) {
  if (key.starts_with('[')) return by_steps(root, key);
  // A path that leads through a reference goes on where that was first met.
  std::string path = key;
  for (int hops = 0; hops < 100; ++hops) {
    Value found, other;
    std::string first, rewritten;
    int hits = 0;
    for (ValueWalk walk(root); walk.next();) {
      if (walk.path() == path) {
        // Only tensors compete: a dict "a" with the path of a tensor "a" is no reason to ask back.
        if (hits > 0 && !walk.value().is_tensor()) continue;
        if (hits == 1 && found.is_tensor())
          throw_error<Error>("the path ", quoted(key), " names two tensors: ", first, " and ", key_text(walk),
                             "; give one of them as a list in JSON");
        if (hits == 0 || !found.is_tensor()) found = walk.value(), first = key_text(walk);
        hits = 1;
      } else if (rewritten.empty() && walk.is_ref() && path.size() > walk.path().size() &&
                 path.starts_with(walk.path()) && path[walk.path().size()] == '.') {
        const std::string to = walk.same_as();
        rewritten = path.substr(walk.path().size() + (to.empty() ? 1 : 0));
        rewritten.insert(0, to);
      }
    }
    if (hits > 0) return found;
    if (rewritten.empty() || rewritten == path) break;
    path = rewritten;
  }
  std::vector<std::string> tensors;
  for (ValueWalk walk(root); walk.next() && tensors.size() < 10000;)
    if (walk.value().is_tensor()) tensors.emplace_back(walk.path());
  const std::vector<std::string_view> views(tensors.begin(), tensors.end());
  const std::string_view near = detail::nearest(key, views.data(), views.size());
  throw_error<Error>("no entry ", quoted(key),
                     near.empty() ? std::string() : str("; did you mean ", quoted(near), '?'));
}

}  // namespace harker::cli

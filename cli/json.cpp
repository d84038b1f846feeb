// Written by hand: it streams, and a JSON library refuses the lone surrogates that Python lets into strings.
#include "json.h"

#include <harker/core/base/text.h>
#include <harker/core/repr.h>
#include <cmath>
#include <cstdio>

#include "sha256.h"

namespace harker::cli::json {
namespace {

using Kind = Value::Kind;

void hex(Out& out, std::span<const std::uint8_t> b) {
  for (std::uint8_t v : b) out << "0123456789abcdef"[v >> 4] << "0123456789abcdef"[v & 15];
}

void bytes(Out& out, std::span<const std::uint8_t> b) {
  out << '"';
  hex(out, b);
  out << '"';
}

/// What every reader of JSON keeps exact.
bool is_small(const Value& v) {
  constexpr std::int64_t kMost = std::int64_t{1} << 53;
  return v.fits_int64() && v.as_int() >= -kMost && v.as_int() <= kMost;
}

bool has_surrogate(std::string_view s) {
  for (std::size_t i = 0; i < s.size();) {
    std::int32_t c = next_code_point(s, i);
    if (c >= 0xd800 && c <= 0xdfff) return true;
  }
  return false;
}

/// Writes a tree of tuples, sets and what they hold with an explicit stack. `item` writes what is no container and the
/// opening of one; the root closes with `close`, every level below it with "]}".
template <class Item>
void tree(Out& out, const Value& root, std::string_view close, Item item) {
  struct Level {
    const Value* v;
    std::size_t next;
  };
  std::vector<Level> stack;
  const Value* v = &root;
  for (;;) {
    if (v) {
      item(*v);
      if (v->is_container() && !v->is_dict()) stack.push_back({v, 0});
    }
    if (stack.empty()) return;
    if (stack.size() > 1000 || out.written() > std::uint64_t{8} << 30)
      detail::throw_error<Error>("a tuple or set in this file is nested too deep to be listed");
    Level& top = stack.back();
    if (top.next == top.v->elements().size()) {
      stack.pop_back();
      out << (stack.empty() ? close : "]}");
      v = nullptr;
    } else {
      if (top.next > 0) out << ", ";
      v = &top.v->elements()[top.next++];
    }
  }
}

void step(Out& out, const Value& v) {
  tree(out, v, "]}", [&](const Value& k) {
    switch (k.kind()) {
      case Kind::string: return string(out, k.as_string());
      case Kind::integer:
        if (is_small(k)) return integer(out, k);
        out << "{\"int\": ";
        integer(out, k);
        out << '}';
        return;
      case Kind::boolean: out << "{\"bool\": " << (k.as_bool() ? "true}" : "false}"); return;
      case Kind::none: out << "{\"none\": true}"; return;
      case Kind::floating:
        out << "{\"float\": ";
        number(out, k.as_double());
        out << '}';
        return;
      case Kind::bytes:
        out << "{\"bytes\": ";
        bytes(out, k.as_bytes());
        out << '}';
        return;
      case Kind::tuple: out << "{\"tuple\": ["; return;
      case Kind::frozenset: out << "{\"frozenset\": ["; return;
      default:
        out << "{\"repr\": ";
        string(out, repr(k));
        out << '}';
        if (k.is_container() && !k.is_dict())
          detail::throw_error<Error>("a key of this file is of a kind that cannot be listed");
    }
  });
}

}  // namespace

void string(Out& out, std::string_view s) {
  out << '"';
  std::size_t plain_from = 0;
  auto escape = [&](std::size_t from, std::size_t to, std::string_view with) {
    out << s.substr(plain_from, from - plain_from) << with;
    plain_from = to;
  };
  char text[16];
  for (std::size_t i = 0; i < s.size();) {
    const std::size_t from = i;
    std::int32_t c = next_code_point(s, i);
    if (c == '"')
      escape(from, i, "\\\"");
    else if (c == '\\')
      escape(from, i, "\\\\");
    else if (c == '\n')
      escape(from, i, "\\n");
    else if (c < 0)
      escape(from, i, "\\ufffd");
    else if (is_unseen(c)) {
      const auto bits = static_cast<std::uint32_t>(c), high = 0xd7c0 + (bits >> 10), low = 0xdc00 + (bits & 0x3ff);
      if (bits < 0x10000)
        std::snprintf(text, sizeof text, "\\u%04x", bits);
      else
        std::snprintf(text, sizeof text, "\\u%04x\\u%04x", high, low);
      escape(from, i, text);
    }
  }
  out << s.substr(plain_from) << '"';
}

void number(Out& out, double v) {
  char text[40];
  if (std::isnan(v))
    std::snprintf(text, sizeof text, "\"nan\"");
  else
    std::snprintf(text, sizeof text, "\"%a\"", v);
  out << text;
}

void integer(Out& out, const Value& v) {
  if (is_small(v))
    out << std::to_string(v.as_int());
  else
    out << '"' << v.integer_decimal() << '"';
}

void list(Out& out, const Shape& v) {
  out << '[';
  for (int i = 0; i < v.rank(); ++i) out << (i ? ", " : "") << std::to_string(v[i]);
  out << ']';
}

void key(Out& out, std::span<const Step> steps) {
  out << '[';
  for (std::size_t i = 0; i < steps.size(); ++i) {
    if (i) out << ", ";
    if (steps[i].part)
      out << "{\"part\": \"" << steps[i].part << "\"}";
    else if (steps[i].key)
      step(out, *steps[i].key);
    else
      out << std::to_string(steps[i].index);
  }
  out << ']';
}

void leaf(Out& out, const Value& value) {
  // Elements of a set are {type, value} themselves, and so are those of a tuple or set in it.
  bool inner = false;
  tree(out, value, "]", [&](const Value& v) {
    out << (inner ? "{" : ", ");
    auto type = [&](std::string_view name) { out << "\"type\": \"" << name << "\", \"value\": "; };
    switch (v.kind()) {
      case Kind::none:
        type("none");
        out << "null";
        break;
      case Kind::boolean:
        type("bool");
        out << (v.as_bool() ? "true" : "false");
        break;
      case Kind::integer:
        type("int");
        integer(out, v);
        break;
      case Kind::floating:
        type("float");
        number(out, v.as_double());
        break;
      case Kind::complex:
        type("complex");
        out << '[';
        number(out, v.as_complex().real());
        out << ", ";
        number(out, v.as_complex().imag());
        out << ']';
        break;
      case Kind::string:
        type("str");
        if (!has_surrogate(v.as_string())) {
          string(out, v.as_string());
          break;
        }
        out << "{\"surrogatepass\": ";
        bytes(out, {reinterpret_cast<const std::uint8_t*>(v.as_string().data()), v.as_string().size()});
        out << '}';
        break;
      case Kind::bytes:
        type("bytes");
        bytes(out, v.as_bytes());
        break;
      case Kind::bytearray:
        type("bytearray");
        bytes(out, v.as_bytes());
        break;
      case Kind::size:
        type("torch.Size");
        list(out, v.as_size());
        break;
      case Kind::dtype:
        type("torch.dtype");
        out << '"' << name(v.as_dtype()) << '"';
        break;
      case Kind::device:
        type("torch.device");
        string(out, v.as_name());
        break;
      case Kind::layout:
        type("torch.layout");
        string(out, v.as_name());
        break;
      case Kind::numpy_scalar:
        type("numpy.scalar");
        out << "{\"dtype\": ";
        string(out, v.as_numpy().dtype);
        out << ", \"bytes\": ";
        bytes(out, v.as_numpy().data);
        out << '}';
        break;
      case Kind::numpy_array:
        type("numpy.ndarray");
        out << "{\"dtype\": ";
        string(out, v.as_numpy().dtype);
        out << ", \"shape\": ";
        list(out, v.as_numpy().shape);
        if (!v.as_numpy().fortran_order) out << ", \"sha256\": \"" << sha256(v.as_numpy().data) << '"';
        out << '}';
        break;
      default:
        if (v.is_container() && !v.is_dict()) {
          type(class_name(v));
          out << '[';
          inner = true;
          return;  // closed by its level
        }
        type(v.is_dict() ? "dict" : "object");
        string(out, repr(v));
    }
    if (inner) out << '}';
  });
}

void plain(Out& out, const Value& root) {
  struct Level {
    const Value* v;
    std::size_t next;
  };
  constexpr std::size_t kDeep = 8;
  std::vector<Level> stack;
  const Value* v = &root;
  for (;;) {
    if (v) {
      const bool inside = (v->is_dict() || v->is_list() || v->is_tuple()) && stack.size() < kDeep;
      if (inside) {
        out << (v->is_dict() ? '{' : '[');
        stack.push_back({v, 0});
      } else if (v->is_none()) {
        out << "null";
      } else if (v->is_bool()) {
        out << (v->as_bool() ? "true" : "false");
      } else if (v->is_int()) {
        integer(out, *v);
      } else if (v->is_float()) {
        number(out, v->as_double());
      } else if (v->is_string()) {
        string(out, v->as_string());
      } else {
        string(out, repr(*v));
      }
    }
    if (stack.empty()) return;
    if (out.written() > std::uint64_t{8} << 30) detail::throw_error<Error>("this file's listing is longer than 8 GiB");
    Level& top = stack.back();
    if (top.next == top.v->len()) {
      out << (top.v->is_dict() ? '}' : ']');
      stack.pop_back();
      v = nullptr;
      continue;
    }
    if (top.next > 0) out << ", ";
    if (top.v->is_dict()) {
      const Value::Item& item = top.v->items()[top.next];
      string(out, item.first.is_string() ? std::string(item.first.as_string()) : repr(item.first));
      out << ": ";
      v = &item.second;
    } else {
      v = &top.v->elements()[top.next];
    }
    ++top.next;
  }
}

std::string class_name(const Value& v) {
  switch (v.kind()) {
    case Kind::list: return "list";
    case Kind::tuple: return "tuple";
    case Kind::set: return "set";
    case Kind::frozenset: return "frozenset";
    case Kind::dict:
      switch (v.flavour()) {
        case DictFlavour::dict: return "dict";
        case DictFlavour::ordered_dict: return "OrderedDict";
        case DictFlavour::counter: return "Counter";
        case DictFlavour::default_dict: return "defaultdict";
      }
      return "dict";
    case Kind::opaque: return v.as_opaque().module + '.' + v.as_opaque().name;
    default: return std::string(v.type_name());
  }
}

}  // namespace harker::cli::json

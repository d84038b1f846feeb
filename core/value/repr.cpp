// repr(): an explicit stack instead of recursion, since the value may come from a hostile file; every level writes at
// least one character, so the limit bounds the stack too.
#include <harker/core/base/half.h>
#include <harker/core/base/text.h>
#include <harker/core/repr.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>

namespace harker HARKER_PUBLIC {
namespace {

using Kind = Value::Kind;

template <class T>  // the shortest text that reads back as this very T
std::string float_text(T v) {
  if (std::isnan(v)) return "nan";
  if (std::isinf(v)) return v < 0 ? "-inf" : "inf";
  char text[40];
  std::string s(text, std::to_chars(text, text + sizeof text, v).ptr);
  if (s.find_first_of(".e") == std::string::npos) s += ".0";
  return s;
}

std::string bytes_text(std::span<const std::uint8_t> b, std::size_t limit) {
  std::string s = "b'";
  for (std::size_t i = 0; i < b.size() && s.size() < limit; ++i) {
    if (b[i] >= 0x20 && b[i] < 0x7f && b[i] != '\'' && b[i] != '\\')
      s += static_cast<char>(b[i]);
    else
      s += "\\x" + detail::hex(b[i]);
  }
  return s += '\'';
}

template <class T>
T number_of(std::span<const std::uint8_t> bytes, std::size_t at, bool swapped) {
  std::uint8_t b[sizeof(T)];
  for (std::size_t i = 0; i < sizeof b; ++i) b[i] = bytes[at + (swapped ? sizeof b - 1 - i : i)];
  T v;
  std::memcpy(&v, b, sizeof v);
  return v;
}

std::string complex_text(const std::string& re, const std::string& im) {
  return detail::str('(', re, im.starts_with('-') ? "" : "+", im, "j)");
}

/// The number itself, of those types that are plain numbers here too.
std::string numpy_text(const Value::Numpy& n) {
  const bool swapped = n.dtype.starts_with(std::endian::native == std::endian::little ? '>' : '<');
  const std::string_view type = std::string_view(n.dtype).substr(std::min<std::size_t>(n.dtype.size(), 1));
  auto is = [&](std::string_view name, std::size_t size) { return type == name && n.data.size() == size; };
  auto number = [&]<class T>(T, std::size_t at = 0) { return number_of<T>(n.data, at, swapped); };
  if (is("b1", 1)) return n.data[0] ? "True" : "False";
  if (is("f2", 2)) return float_text(Float16::to_float(number(std::uint16_t())));
  if (is("f4", 4)) return float_text(number(float()));
  if (is("f8", 8)) return float_text(number(double()));
  if (is("c8", 8)) return complex_text(float_text(number(float())), float_text(number(float(), 4)));
  if (is("c16", 16)) return complex_text(float_text(number(double())), float_text(number(double(), 8)));
  if (is("i1", 1)) return std::to_string(number(std::int8_t()));
  if (is("i2", 2)) return std::to_string(number(std::int16_t()));
  if (is("i4", 4)) return std::to_string(number(std::int32_t()));
  if (is("i8", 8)) return std::to_string(number(std::int64_t()));
  if (is("u1", 1)) return std::to_string(number(std::uint8_t()));
  if (is("u2", 2)) return std::to_string(number(std::uint16_t()));
  if (is("u4", 4)) return std::to_string(number(std::uint32_t()));
  if (is("u8", 8)) return std::to_string(number(std::uint64_t()));
  return detail::str("numpy scalar(", n.dtype, ')');
}

/// What has no elements of its own to show.
std::string scalar_text(const Value& v, std::size_t limit) {
  switch (v.kind()) {
    case Kind::none: return "None";
    case Kind::boolean: return v.as_bool() ? "True" : "False";
    case Kind::integer: return v.fits_int64() || v.integer_bytes().size() <= limit ? v.integer_decimal() : "a huge int";
    case Kind::floating: return float_text(v.as_double());
    case Kind::complex: {
      const Complex c = v.as_complex();
      return complex_text(float_text(c.real()), float_text(c.imag()));
    }
    case Kind::string: return detail::quoted(v.as_string(), limit);
    case Kind::bytes: return bytes_text(v.as_bytes(), limit);
    case Kind::bytearray: return detail::str("bytearray(", bytes_text(v.as_bytes(), limit), ')');
    case Kind::tensor: {
      const Tensor& t = v.lazy_tensor();
      return detail::str(v.is_parameter() ? "Parameter(" : "Tensor(", name(t.dtype()), ", ", t.shape(), ')');
    }
    case Kind::sparse: return detail::str("Tensor(", v.as_sparse().layout, ", ", v.as_sparse().shape, ')');
    case Kind::quantized:
      return detail::str("Tensor(", name(v.as_quantized().ints.dtype()), ", ", v.as_quantized().ints.shape(), ')');
    case Kind::dtype: return detail::str("torch.", name(v.as_dtype()));
    case Kind::device: return detail::str("device(", detail::quoted(v.as_name(), limit), ')');
    case Kind::layout: return std::string(v.as_name().substr(0, limit));
    case Kind::size: return detail::str("torch.Size(", v.as_size(), ')');
    case Kind::numpy_scalar: return numpy_text(v.as_numpy());
    case Kind::numpy_array: return detail::str("numpy array(", v.as_numpy().dtype, ", ", v.as_numpy().shape, ')');
    case Kind::opaque: {
      const Value::Opaque& o = v.as_opaque();
      return detail::str('<', o.called ? "object of " : "", o.module.substr(0, limit), '.', o.name.substr(0, limit),
                         '>');
    }
    default: return std::string(v.type_name());
  }
}

struct Level {
  const Value* v;
  std::size_t next = 0;  // element, or for a dict twice the item plus one for its value
  const char* close = ")";
};

}  // namespace

std::string repr(const Value& value, std::size_t limit) {
  std::string out;
  std::vector<Level> stack;
  const Value* v = &value;
  for (;;) {
    if (v && !v->is_container()) {
      out += scalar_text(*v, limit);
    } else if (v) {
      const char *open = "(", *close = ")";
      if (v->is_list()) open = "[", close = "]";
      if (v->is_dict() || v->kind() == Kind::set) open = "{", close = "}";
      if (v->kind() == Kind::frozenset) open = "frozenset({", close = "})";
      out += open;
      stack.push_back({v, 0, close});
    }
    if (out.size() > limit) return out += "...";
    if (stack.empty()) return out;
    Level& top = stack.back();
    bool dict = top.v->is_dict();
    std::size_t parts = top.v->len() * (dict ? 2 : 1);
    if (top.next == parts) {
      if (top.v->is_tuple() && parts == 1) out += ',';
      out += top.close;
      stack.pop_back();
      v = nullptr;
      continue;
    }
    if (top.next > 0) out += dict && top.next % 2 == 1 ? ": " : ", ";
    const std::size_t i = top.next++;
    if (dict)
      v = i % 2 == 0 ? &top.v->items()[i / 2].first : &top.v->items()[i / 2].second;
    else
      v = &top.v->elements()[i];
  }
}

}  // namespace harker

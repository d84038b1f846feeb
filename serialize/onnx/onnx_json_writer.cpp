// The value table (serialize/value_table/table.h) as JSON:
//
//   document = {"version": 1, "root": ROW, "rows": [row, ...], "tensors": [tensor, ...], "storages": [storage, ...]}
//   row      = {"is": "dict", "detail": 1, "flags": 1, "links": [ROW, ...], "floats": ["0x1.8p+1", ...],
//               "numbers": [1, ...], "number": 1, "text": "..." | "hex": "00ff"}     what is zero or empty is left out
//   tensor   = {"name": "fc1.weight", "dtype": "float32", "shape": [..], "strides": [..], "offset": 0, "storage": 0,
//               "requires_grad": 1}                                                  left out when it does not
//   storage  = {"initializer": "fc1.weight", "nbytes": 800}
//
// Floats are C99 hexadecimal strings ("inf", "-inf", and "nan:7ff8000000000000" with its bits); other numbers are
// integers. Text that is no UTF-8 is hexadecimal.
#include <bit>
#include <charconv>
#include <cmath>

#include <harker/core/base/text.h>
#include <harker/core/base/utf8.h>
#include <harker/serialize/onnx/onnx_json.h>

namespace harker::onnx {
namespace {

using detail::str;
using Kind = Value::Kind;

void append_string(std::string& out, std::string_view s) {
  out += '"';
  for (char c : s) {
    const auto b = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\')
      out += '\\', out += c;
    else if (b < 0x20)
      out += "\\u00" + detail::hex(b);
    else
      out += c;
  }
  out += '"';
}

std::string float_text(double v) {
  if (std::isnan(v)) return "nan:" + detail::hex(std::bit_cast<std::uint64_t>(v));
  if (std::isinf(v)) return v < 0 ? "-inf" : "inf";
  char text[40];
  const auto end = std::to_chars(text, text + sizeof text, std::abs(v), std::chars_format::hex);
  return str(std::signbit(v) ? "-0x" : "0x", std::string_view(text, static_cast<std::size_t>(end.ptr - text)));
}

// How many of a row's numbers are floats.
std::size_t floats_of(Kind k) { return k == Kind::complex ? 2 : k == Kind::quantized ? 1 : 0; }
bool is_text(Kind k) {
  return k == Kind::string || k == Kind::device || k == Kind::layout || k == Kind::sparse || k == Kind::quantized ||
         k == Kind::opaque;
}

// A file of many small tensors is hundreds of thousands of numbers: none is a string of its own first.
template <class T>
void append_decimal(std::string& out, T n) {
  char text[20];
  out.append(text, std::to_chars(text, text + sizeof text, n).ptr);
}
template <class T>
void append_list(std::string& out, const char* begin, std::span<const T> items) {
  out += begin;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (i) out += ',';
    append_decimal(out, items[i]);
  }
  out += ']';
}
template <class T>
void append_number(std::string& out, const char* begin, T n) {
  if (n == 0) return;
  out += begin;
  append_decimal(out, n);
}

}  // namespace

std::string write_json(const Metadata& metadata) {
  const value_table::Table& t = metadata.table;
  std::string out = str("{\"version\":1,\"root\":", t.root, ",\"rows\":[");
  std::size_t link = 0, number = 0, text = 0, extent = 0, named = 0;
  for (std::size_t i = 0; i < t.nodes.size(); ++i) {
    const value_table::Node& n = t.nodes[i];
    out += i ? ",\n{\"is\":\"" : "\n{\"is\":\"";
    out += value_table::name(n.kind);
    out += '"';
    append_number(out, ",\"detail\":", n.detail);
    append_number(out, ",\"flags\":", n.flags);
    if (n.links > 0) append_list(out, ",\"links\":[", std::span(t.links.data() + link, n.links));
    link += n.links;
    std::vector<double> floats;
    if (n.kind == Kind::floating) floats.push_back(std::bit_cast<double>(n.number));
    for (std::size_t f = 0; f < floats_of(n.kind); ++f) floats.push_back(std::bit_cast<double>(t.numbers[number + f]));
    if (!floats.empty()) {
      out += ",\"floats\":[";
      for (std::size_t f = 0; f < floats.size(); ++f) out += str(f ? ",\"" : "\"", float_text(floats[f]), '"');
      out += ']';
    }
    const auto integers = std::span(t.numbers.data() + number, n.numbers).subspan(floats_of(n.kind));
    if (!integers.empty()) append_list(out, ",\"numbers\":[", integers);
    number += n.numbers;
    if (n.kind != Kind::floating) append_number(out, ",\"number\":", static_cast<std::int64_t>(n.number));
    if (n.text > 0) {
      const std::string_view s = std::string_view(t.text).substr(text, static_cast<std::size_t>(n.text));
      text += s.size();
      if (is_text(n.kind) && detail::valid_utf8(s, false)) {
        out += ",\"text\":";
        append_string(out, s);
      } else {
        out += ",\"hex\":\"";
        for (std::uint8_t b : io::bytes(s)) out += detail::hex(b);
        out += '"';
      }
    }
    out += '}';
  }
  out += "],\"tensors\":[";
  for (std::size_t i = 0; i < t.views.size(); ++i) {
    const value_table::View& v = t.views[i];
    out += i ? ",\n{\"name\":" : "\n{\"name\":";
    append_string(out, std::string_view(t.names).substr(named, v.name));
    named += v.name;
    out += ",\"dtype\":\"";
    out += harker::name(v.dtype);
    for (const char* list : {"\",\"shape\":[", ",\"strides\":["}) {
      append_list(out, list, std::span(t.extents.data() + extent, v.rank));
      extent += v.rank;
    }
    out += ",\"offset\":";
    append_decimal(out, v.offset);
    out += ",\"storage\":";
    append_decimal(out, v.storage);
    out += v.requires_grad ? ",\"requires_grad\":1}" : "}";
  }
  out += "],\"storages\":[";
  for (std::size_t i = 0; i < t.storages.size(); ++i) {
    out += i ? ",\n{\"initializer\":" : "\n{\"initializer\":";
    append_string(out, metadata.initializers[i]);
    out += ",\"nbytes\":";
    append_decimal(out, t.storages[i]);
    out += '}';
  }
  return out + "]}";
}

}  // namespace harker::onnx

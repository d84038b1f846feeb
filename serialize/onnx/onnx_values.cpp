// What holds weights and is no TensorProto: sparse tensors, and the attributes of Constant nodes that are plain numbers
// and strings.
#include <cstring>
#include <utility>

#include <harker/core/base/text.h>
#include <harker/serialize/onnx/onnx_tensor.h>
#include <harker/serialize/onnx/onnx_types.h>
#include <harker/serialize/onnx/wire.h>
#include <harker/serialize/value/geometry.h>
#include <harker/serialize/value/kept_elements.h>

namespace harker::onnx {
namespace {

using detail::str;
using detail::throw_error;

struct SparseMessage {
  io::ByteView values, indices;
  std::vector<std::int64_t> dims;
};
SparseMessage parse_sparse(io::ByteView all, std::string_view what) {
  SparseMessage m;
  protozero::pbf_reader r = message(all, what);
  while (r.next()) {
    switch (r.tag_and_type()) {
      case bytes(1): m.values = view(r.get_view()); break;
      case bytes(2): m.indices = view(r.get_view()); break;
      case varint(3):
      case bytes(3): append_dims(r, m.dims); break;
      default: r.skip();
    }
    if (m.dims.size() > kMaxRank)
      throw_error<FormatError>(what, ": a sparse tensor with more than ", kMaxRank, " dims");
  }
  return m;
}

// The coordinates of each value, a dimension a row, from indices (values, dims) or from places in the dense tensor.
// They must ascend, as ONNX has it.
Tensor coordinates(const Tensor& indices, const std::vector<std::int64_t>& dims, const std::string& what) {
  const std::int64_t n = indices.shape()[0];
  const auto rank = static_cast<std::int64_t>(dims.size());
  Tensor out = empty({rank, n}, DType::int64);
  const auto* from = static_cast<const std::int64_t*>(indices.raw());
  auto* to = static_cast<std::int64_t*>(out.raw());
  for (std::int64_t i = 0, last = -1; i < n; ++i) {
    std::int64_t place = 0;
    if (indices.dim() == 1) {
      place = from[i];
      for (std::int64_t d = rank, rest = place; d-- > 0; rest /= dims[static_cast<std::size_t>(d)]) {
        const std::int64_t size = dims[static_cast<std::size_t>(d)];
        if (size == 0 || rest < 0 || (d == 0 && rest >= size))
          throw_error<FormatError>(what, ": index ", i, " is ", place, ", outside its size (dims)");
        to[d * n + i] = rest % size;
      }
    } else {
      for (std::int64_t d = 0; d < rank; ++d) {
        const std::int64_t at = from[i * rank + d], size = dims[static_cast<std::size_t>(d)];
        if (at < 0 || at >= size)
          throw_error<FormatError>(what, ": index ", i, " is ", at, " in dimension ", d, " of size ", size);
        to[d * n + i] = at, place = place * size + at;
      }
    }
    if (place <= last) throw_error<FormatError>(what, ": index ", i, " is out of order: they ascend");
    last = place;
  }
  return out;
}

// The numbers of a field, as they lie: varints, or the bits of floats.
std::vector<std::uint64_t> numbers(io::ByteView all, std::uint32_t field, bool floats, std::string_view what) {
  std::vector<std::uint64_t> out;
  protozero::pbf_reader r = message(all, what);
  while (r.next()) {
    if (r.tag_and_type() == (floats ? fixed32(field) : varint(field))) {
      out.push_back(floats ? r.get_fixed32() : r.get_uint64());
    } else if (r.tag_and_type() != bytes(field)) {
      r.skip();
    } else if (floats) {
      for (std::uint32_t v : r.get_packed_fixed32()) out.push_back(v);
    } else {
      for (std::uint64_t v : r.get_packed_uint64()) out.push_back(v);
    }
  }
  return out;
}

// Does the attribute stand for one of the function around it (ref_attr_name)?
bool is_reference(io::ByteView all, std::string_view what) {
  protozero::pbf_reader r = message(all, what);
  while (r.next()) {
    if (r.tag_and_type() == bytes(21)) return true;
    r.skip();
  }
  return false;
}

Value number_tensor(const std::vector<std::uint64_t>& numbers, bool floats, const Shape& shape) {
  const std::size_t item = floats ? 4 : 8;
  Tensor t = empty(shape, floats ? DType::float32 : DType::int64);
  auto* to = static_cast<std::uint8_t*>(t.raw());
  for (std::uint64_t v : numbers) std::memcpy(std::exchange(to, to + item), &v, item);
  return Value(t);
}

}  // namespace

std::string_view sparse_name(io::ByteView all, std::string_view what) {
  return parse_tensor(parse_sparse(all, what).values, what).name;
}

Value make_sparse(io::ByteView all, std::string_view name, Reading& reading) {
  const std::string what = str(reading.source->name(), ": sparse tensor ", detail::quoted(name));
  const SparseMessage m = parse_sparse(all, what);
  const TensorMessage v = parse_tensor(m.values, what), i = parse_tensor(m.indices, what);
  if (kept_type(v.type)) return {};
  const auto rank = static_cast<std::int64_t>(m.dims.size());
  const bool fits = rank > 0 && i.type == kInt64 && v.dims.size() == 1 && !i.dims.empty() && i.dims[0] == v.dims[0] &&
                    (i.dims.size() == 1 || (i.dims.size() == 2 && i.dims[1] == rank));
  if (!fits) throw_error<FormatError>(what, ": its size (dims), values and indices (int64) do not fit one another");
  std::uint64_t dense = 1;
  for (std::int64_t d : m.dims)
    if (d < 0 || !io::checked_mul(dense, static_cast<std::uint64_t>(d), dense) || dense > INT64_MAX)
      throw_error<FormatError>(what, ": a dimension (dims) is negative, or its size overflows");
  Value::Sparse s;
  s.layout = "torch.sparse_coo", s.shape = m.dims, s.coalesced = true;
  const Value values = make_value(v, m.values, name, reading);
  const Tensor indices = make_value(i, m.indices, name, reading).tensor();
  if (i.dims.size() == 1) reading.budget.spend(static_cast<std::uint64_t>(rank - 1) * indices.storage().nbytes, what);
  s.parts = {Value(coordinates(indices, m.dims, what)), values};
  return Value::sparse(s);
}

Value make_constant(io::ByteView all, std::string_view key, std::string_view what) {
  constexpr std::uint32_t kF = 2, kI = 3, kS = 4, kFloats = 7, kInts = 8, kStrings = 9;
  if (key == "value_float" || key == "value_int" || key == "value_floats" || key == "value_ints") {
    const bool many = key.ends_with('s'), floats = key.starts_with("value_f");
    const auto all_numbers = numbers(all, floats ? (many ? kFloats : kF) : (many ? kInts : kI), floats, what);
    if (all_numbers.empty() && (!many || is_reference(all, what))) return {};
    if (many) return number_tensor(all_numbers, floats, {static_cast<std::int64_t>(all_numbers.size())});
    return number_tensor({all_numbers.back()}, floats, {});
  }
  if (key != "value_string" && key != "value_strings") return {};
  std::vector<Value> items;
  std::uint64_t nbytes = 0;
  protozero::pbf_reader r = message(all, what);
  while (r.next()) {
    if (r.tag_and_type() != bytes(key == "value_string" ? kS : kStrings)) {
      r.skip();
      continue;
    }
    if (key == "value_string") items.clear(), nbytes = 0;  // the last one counts
    const std::string_view s = text(r.get_view());
    nbytes += s.size();
    items.push_back(string_value(s));
  }
  if (items.empty() && (key == "value_string" || is_reference(all, what))) return {};
  const Shape shape = key == "value_string" ? Shape{} : Shape{static_cast<std::int64_t>(items.size())};
  return kept_elements("onnx", "STRING", shape, nbytes, Value::list(std::move(items)));
}

}  // namespace harker::onnx

// Writes version 3, little-endian (grammar: gguf_file.h): the metadata of the attribute `gguf`, and tensors row by row.
// Quantized ones are written as they were read; none are made here.
#include <bit>

#include <harker/core/base/text.h>
#include <harker/core/base/utf8.h>
#include <harker/core/grad_mode.h>
#include <harker/serialize/gguf/gguf_file.h>
#include <harker/serialize/gguf/gguf_types.h>
#include <harker/serialize/value/named_tensors.h>

namespace harker::gguf {
namespace {

using detail::quoted;
using detail::str;
using detail::throw_error;

constexpr std::uint32_t kVersion = 3;
constexpr int kMostDims = 4;  // ggml's

// The type and the bytes of a quantized tensor that a reader has kept, or null.
const TensorType* quantized(const Value& v, Tensor& data) {
  if (v.kind() != Value::Kind::opaque || v.as_opaque().module != "gguf") return nullptr;
  const Value& state = v.as_opaque().state;
  const Value *shape = state.is_dict() ? state.find("shape") : nullptr, *held = shape ? state.find("data") : nullptr;
  if (!held || shape->kind() != Value::Kind::size || !unready(*held).empty() || state.contains("byteorder"))
    return nullptr;
  for (const TensorType& t : kTensorTypes) {
    if (t.name != v.as_opaque().name || t.block == 1) continue;
    const Shape& sizes = shape->as_size();
    std::uint64_t numel = 1;
    for (std::int64_t s : sizes)
      if (s < 0 || !io::checked_mul(numel, static_cast<std::uint64_t>(s), numel)) return nullptr;
    data = held->lazy_tensor();
    const bool whole = sizes.rank() > 0 && sizes.rank() <= kMostDims && sizes[sizes.rank() - 1] % t.block == 0 &&
                       data.dtype() == DType::uint8 && data.is_contiguous() &&
                       static_cast<std::uint64_t>(data.numel()) == numel / t.block * t.bytes;
    return whole ? &t : nullptr;
  }
  return nullptr;
}

const TensorType* type_of(DType dtype) {
  for (const TensorType& t : kTensorTypes)
    if (t.block == 1 && t.dtype == dtype) return &t;
  return nullptr;
}

std::string cannot_write(const Value& v) {
  Tensor data;
  if (quantized(v, data)) return {};
  if (std::string why = unready(v); !why.empty()) return why;
  const Tensor& t = v.lazy_tensor();
  if (!type_of(t.dtype())) return str("a tensor of ", name(t.dtype()), ", a type that GGUF lacks");
  return t.dim() > kMostDims ? str("a tensor of ", t.dim(), " dimensions; GGUF has at most 4") : "";
}

void append_text(std::string& out, std::string_view s) {
  io::append_le(out, static_cast<std::uint64_t>(s.size()));
  out += s;
}
std::string_view text_of(const Value& v) { return v.is_string() ? v.as_string() : io::text(v.as_bytes()); }
bool is_text(const Value& v) { return v.is_bytes() || (v.is_string() && detail::valid_utf8(v.as_string(), true)); }

void append_numbers(std::string& out, const Tensor& t) {
  const Tensor all = t.contiguous();
  out.append(static_cast<const char*>(all.raw()), static_cast<std::size_t>(all.numel()) * item_size(all.dtype()));
}

// Type and value; false for what metadata cannot be.
bool append_value(std::string& out, const Value& v) {
  if (v.is_tensor()) {
    const Tensor t = v.tensor();
    for (const NumberType& n : kNumberTypes) {
      if (n.dtype != t.dtype() || t.dim() > 1 || !unready(v).empty()) continue;
      if (t.dim() == 1) io::append_le(out, std::uint32_t{kArray});
      io::append_le(out, n.number);
      if (t.dim() == 1) io::append_le(out, static_cast<std::uint64_t>(t.numel()));
      append_numbers(out, t);
      return true;
    }
    return false;
  }
  if (v.is_list()) {
    io::append_le(out, std::uint32_t{kArray});
    io::append_le(out, std::uint32_t{kText});
    io::append_le(out, static_cast<std::uint64_t>(v.len()));
    for (const Value& item : v.elements()) {
      if (!is_text(item)) return false;
      append_text(out, text_of(item));
    }
    return true;
  }
  if (is_text(v)) {
    io::append_le(out, std::uint32_t{kText});
    append_text(out, text_of(v));
    return true;
  }
  if (!v.is_bool() && !v.is_int() && !v.is_float()) return false;
  const std::uint32_t type = type_of_number(v);
  io::append_le(out, type);
  switch (type) {
    case kBool: out += v.as_bool() ? '\1' : '\0'; return true;
    case kFloat32: io::append_le(out, std::bit_cast<std::uint32_t>(static_cast<float>(v.as_double()))); return true;
    case kFloat64: io::append_le(out, std::bit_cast<std::uint64_t>(v.as_double())); return true;
    case kUint32:
    case kInt32: io::append_le(out, static_cast<std::uint32_t>(v.as_int())); return true;
    default: break;
  }
  std::vector<std::uint8_t> bytes = v.integer_bytes();
  const bool wide = bytes.size() == 9 && bytes[8] == 0;  // a sign that uint64 has no need of
  if (bytes.size() > 8 && !wide) return false;
  bytes.resize(8, v.fits_int64() && v.as_int() < 0 ? 0xff : 0);
  out += io::text(bytes);
  return true;
}

}  // namespace

void write_file(io::Sink& sink, const Value& value) {
  const NoGradGuard no_grad;
  const std::vector<NamedValue> tensors = named_values(value, ".gguf", cannot_write);
  const Value* metadata = value.attributes().is_dict() ? value.attributes().find("gguf") : nullptr;
  if (metadata && !metadata->is_dict()) throw_error<TypeError>(".gguf: the attribute gguf must be a dict of metadata");
  const std::string note = note_of(value, ".gguf", "gguf");
  std::uint64_t alignment = kDefaultAlignment, keys = note.empty() ? 0 : 1;
  std::string head;
  for (const auto& [key, v] : metadata ? metadata->items() : std::span<const Value::Item>()) {
    const bool named = key.is_string() && detail::valid_utf8(key.as_string(), false) && key.as_string() != kNoteKey;
    if (named) append_text(head, key.as_string());
    if (!named || !append_value(head, v))
      throw_error<TypeError>(".gguf: the metadata ", key.is_string() ? quoted(key.as_string()) : "",
                             " cannot be written: keys are text, values numbers, text, lists of text and tensors of at "
                             "most one dimension; this one is a ",
                             v.type_name());
    if (key.as_string() == kAlignmentKey) {
      alignment = v.is_int() && v.fits_int64() && v.as_int() <= UINT32_MAX ? static_cast<std::uint64_t>(v.as_int()) : 0;
      if (!std::has_single_bit(alignment) || alignment > kMostAlignment)
        throw_error<TypeError>(".gguf: ", kAlignmentKey, " must be a power of two, at most ", kMostAlignment);
    }
    ++keys;
  }
  if (!note.empty()) {
    append_text(head, kNoteKey);
    io::append_le(head, std::uint32_t{kText});
    append_text(head, note);
  }
  const auto padding = [&](std::uint64_t at) {
    return static_cast<std::size_t>((alignment - at % alignment) % alignment);
  };
  const auto pad = [&](std::uint64_t at) { sink.write(std::string(padding(at), '\0')); };
  std::uint64_t offset = 0;
  for (const auto& [name, v] : tensors) {
    Tensor data;
    const TensorType* type = quantized(*v, data);
    const Shape shape = type ? v->as_opaque().state["shape"].as_size() : v->lazy_tensor().shape();
    if (!type) type = type_of(v->lazy_tensor().dtype());
    if (!detail::valid_utf8(name, false)) throw_error<TypeError>(".gguf: the name ", quoted(name), " is not UTF-8");
    append_text(head, name);
    io::append_le(head, static_cast<std::uint32_t>(shape.rank()));
    std::uint64_t numel = 1;
    for (int d = shape.rank(); d-- > 0;) {
      io::append_le(head, static_cast<std::uint64_t>(shape[d]));
      numel *= static_cast<std::uint64_t>(shape[d]);
    }
    io::append_le(head, type->number);
    io::append_le(head, offset);
    offset += numel / type->block * type->bytes;
    offset += padding(offset);
  }

  std::string front(kMagic);
  io::append_le(front, kVersion);
  io::append_le(front, static_cast<std::uint64_t>(tensors.size()));
  io::append_le(front, keys);
  sink.write(front);
  sink.write(head);
  pad(front.size() + head.size());
  for (const auto& [name, v] : tensors) {
    Tensor data;
    const Tensor t = (quantized(*v, data) ? v->as_opaque().state["data"] : *v).tensor().contiguous();
    const auto n = static_cast<std::size_t>(t.numel()) * item_size(t.dtype());
    sink.write(io::ByteView(static_cast<const std::uint8_t*>(t.raw()), n));
    pad(n);
  }
}

}  // namespace harker::gguf

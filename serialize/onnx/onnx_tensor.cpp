// Reads a TensorProto: raw bytes, or values in one of the typed fields (float_data and its like, where several small
// types share int32_data). Nothing is made before the number of elements has been compared with the bytes that are
// there.
#include <harker/core/base/text.h>
#include <harker/core/base/utf8.h>
#include <harker/serialize/onnx/onnx_tensor.h>
#include <harker/serialize/onnx/onnx_types.h>
#include <harker/serialize/onnx/wire.h>
#include <harker/serialize/value/geometry.h>

namespace harker::onnx {
namespace {

using detail::str;
using detail::throw_error;

constexpr std::uint32_t kFloatData = 4, kInt32Data = 5, kInt64Data = 7, kDoubleData = 10, kUint64Data = 11;

constexpr const char* typed_name(std::uint32_t field) {
  return field == kFloatData    ? "float_data"
         : field == kInt32Data  ? "int32_data"
         : field == kInt64Data  ? "int64_data"
         : field == kDoubleData ? "double_data"
                                : "uint64_data";
}

// The field that values of this type use.
std::uint32_t typed_field(std::int64_t type) {
  switch (type) {
    case kFloat:
    case kComplex64: return kFloatData;
    case kDouble:
    case kComplex128: return kDoubleData;
    case kInt64: return kInt64Data;
    case kUint32:
    case kUint64: return kUint64Data;
    default: return kInt32Data;
  }
}

std::string external_location(io::ByteView entry, std::string_view what) {
  std::string key, value;
  protozero::pbf_reader r = message(entry, what);
  while (r.next()) {
    switch (r.tag_and_type()) {
      case bytes(1): key = r.get_string(); break;
      case bytes(2): value = r.get_string(); break;
      default: r.skip();
    }
  }
  return key == "location" ? value : std::string();
}

// Stores values of a typed field one after another, each in the low bytes of what the field carries.
class Filler {
 public:
  Filler(std::span<std::uint8_t> to, std::size_t size, const std::string& what) : to_(to), size_(size), what_(what) {}
  void put(std::uint64_t bits) {
    if (to_.size() - at_ < size_) throw_error<FormatError>(what_, " holds more values than its size (dims) says");
    for (std::size_t i = 0; i < size_; ++i) to_[at_++] = static_cast<std::uint8_t>(bits >> (8 * i));
  }
  void done() const {
    if (at_ != to_.size())
      throw_error<FormatError>(what_, " holds ", at_ / size_, " values; its size (dims) asks for ", to_.size() / size_);
  }

 private:
  std::span<std::uint8_t> to_;
  std::size_t at_ = 0, size_;
  const std::string& what_;
};

void fill_typed(const TensorMessage& m, io::ByteView all, std::span<std::uint8_t> to, std::size_t size,
                const std::string& what) {
  Filler filler(to, size, what);
  protozero::pbf_reader r = message(all, what);
  while (r.next()) {
    if (r.tag() != m.typed) {
      r.skip();
      continue;
    }
    switch (r.tag_and_type()) {
      case fixed32(kFloatData): filler.put(r.get_fixed32()); break;
      case fixed64(kDoubleData): filler.put(r.get_fixed64()); break;
      case varint(kInt32Data):
      case varint(kInt64Data):
      case varint(kUint64Data): filler.put(r.get_uint64()); break;
      case bytes(kFloatData):
        for (std::uint32_t v : r.get_packed_fixed32()) filler.put(v);
        break;
      case bytes(kDoubleData):
        for (std::uint64_t v : r.get_packed_fixed64()) filler.put(v);
        break;
      default:
        for (std::uint64_t v : r.get_packed_uint64()) filler.put(v);
    }
  }
  filler.done();
}

}  // namespace

TensorMessage parse_tensor(io::ByteView all, std::string_view what) {
  TensorMessage m;
  std::string location;
  bool external = false;
  const auto typed = [&](std::uint32_t field, std::uint64_t n) {
    if (m.typed != 0 && m.typed != field)
      throw_error<FormatError>(what, ": tensor ", detail::quoted(m.name), " has both ", typed_name(m.typed), " and ",
                               typed_name(field));
    m.typed = field;
    m.typed_bytes += n;
  };
  protozero::pbf_reader r = message(all, what);
  while (r.next()) {
    switch (r.tag_and_type()) {
      case varint(1): m.dims.push_back(r.get_int64()); break;
      case bytes(1):
        for (std::int64_t d : r.get_packed_int64()) {
          if (m.dims.size() > kMaxRank) break;
          m.dims.push_back(d);
        }
        break;
      case varint(2): m.type = r.get_int64(); break;
      case bytes(3):
        throw_error<FormatError>(what, ": tensor ", detail::quoted(m.name), " is stored in segments: not read");
      case bytes(8): m.name = text(r.get_view()); break;
      case bytes(9): m.raw = view(r.get_view()), m.has_raw = true; break;
      case fixed32(kFloatData): typed(r.tag(), 4), r.skip(); break;
      case fixed64(kDoubleData): typed(r.tag(), 8), r.skip(); break;
      case varint(kInt32Data):
      case varint(kInt64Data):
      case varint(kUint64Data): typed(r.tag(), 1), r.skip(); break;
      case bytes(kFloatData):
      case bytes(kInt32Data):
      case bytes(kInt64Data):
      case bytes(kDoubleData):
      case bytes(kUint64Data): {
        const std::uint32_t field = r.tag();
        typed(field, r.get_view().size());
        break;
      }
      case bytes(13): {
        external = true;
        const std::string l = external_location(view(r.get_view()), what);
        if (!l.empty()) location = l;
        break;
      }
      case varint(14): external = r.get_int64() != 0 || external; break;
      default: r.skip();
    }
    if (m.dims.size() > kMaxRank)
      throw_error<FormatError>(what, ": tensor ", detail::quoted(m.name), " has too many dimensions (rank): at most ",
                               kMaxRank, " are read");
  }
  if (m.name.empty()) throw_error<FormatError>(what, ": an initializer without a name");
  if (!detail::valid_utf8(m.name, false))
    throw_error<FormatError>(what, ": the initializer name ", detail::quoted(m.name), " is not UTF-8");
  if (external)
    throw_error<FormatError>(
        what, ": tensor ", detail::quoted(m.name), " lies in an external file, ",
        location.empty() ? std::string("whose location is missing") : "location " + detail::quoted(location),
        ": external data is not read");
  return m;
}

Tensor make_tensor(const TensorMessage& m, io::ByteView all, const std::shared_ptr<const io::Source>& source,
                   std::string_view file, bool lazy) {
  const std::string what = str(file, ": tensor ", detail::quoted(m.name));
  const auto dtype = dtype_of_onnx(m.type);
  if (!dtype)
    throw_error<FormatError>(what, ": its data_type ", m.type,
                             m.type == kString ? " (string)"
                             : m.type == 0     ? " (undefined)"
                                               : "",
                             " is not read");
  std::uint64_t nbytes = item_size(*dtype), count = 1, extent = 1;
  for (std::int64_t d : m.dims) {
    if (d < 0) throw_error<FormatError>(what, ": a dimension (dims) is negative: ", d);
    // Strides of an empty tensor are products of its other sizes, and must fit as well.
    if (!io::checked_mul(extent, static_cast<std::uint64_t>(d == 0 ? 1 : d), extent) || extent > INT64_MAX)
      throw_error<FormatError>(what, ": its size (the product of dims) overflows");
    count *= static_cast<std::uint64_t>(d);
  }
  if (!io::checked_mul(nbytes, count, nbytes) || nbytes > INT64_MAX)
    throw_error<FormatError>(what, ": its size (the product of dims) overflows");
  if (m.has_raw && m.typed != 0) throw_error<FormatError>(what, ": has both raw_data and ", typed_name(m.typed));
  const Shape shape{std::span<const std::int64_t>(m.dims)};
  Ref<Storage> storage;
  if (m.has_raw) {
    if (m.raw.size() != nbytes)
      throw_error<FormatError>(what, ": raw_data has a size of ", m.raw.size(), " bytes, dims and data_type ask for ",
                               nbytes);
    storage = io::read_storage(source, {.stored = m.raw, .nbytes = nbytes, .label = detail::quoted(m.name)}, lazy);
  } else if (m.typed != 0) {
    if (m.typed != typed_field(m.type))
      throw_error<FormatError>(what, ": its values are in ", typed_name(m.typed), ", which its data_type ", m.type,
                               " does not use");
    const std::size_t values = is_complex(*dtype) ? 2 : 1;
    if (count > m.typed_bytes)
      throw_error<FormatError>(what, ": dims ask for ", count, " elements (size), ", typed_name(m.typed), " has ",
                               m.typed_bytes, " bytes");
    storage = make_storage(static_cast<std::size_t>(nbytes));
    fill_typed(m, all, {static_cast<std::uint8_t*>(storage->data), static_cast<std::size_t>(nbytes)},
               item_size(*dtype) / values, str(what, ": ", typed_name(m.typed)));
  } else {
    if (nbytes > 0) throw_error<FormatError>(what, ": has no data; dims ask for a size of ", nbytes, " bytes");
    storage = make_storage(0);
  }
  return make_view(std::move(storage), *dtype, shape, shape.contiguous_strides(), 0);
}

}  // namespace harker::onnx

// Reads a TensorProto: raw bytes, here or in another file, or values in one of the typed fields (float_data and its
// like, where several small types share int32_data). Nothing is made before the number of elements has been compared
// with the bytes that are there.
#include <cstring>

#include <harker/core/base/text.h>
#include <harker/core/base/utf8.h>
#include <harker/serialize/onnx/onnx_tensor.h>
#include <harker/serialize/onnx/onnx_types.h>
#include <harker/serialize/onnx/wire.h>
#include <harker/serialize/value/geometry.h>
#include <harker/serialize/value/kept_elements.h>

namespace harker::onnx {
namespace {

using detail::str;
using detail::throw_error;

constexpr std::uint32_t kFloatData = 4, kInt32Data = 5, kStringData = 6, kInt64Data = 7, kDoubleData = 10,
                        kUint64Data = 11;

constexpr const char* typed_name(std::uint32_t field) {
  return field == kFloatData    ? "float_data"
         : field == kInt32Data  ? "int32_data"
         : field == kInt64Data  ? "int64_data"
         : field == kDoubleData ? "double_data"
         : field == kStringData ? "string_data"
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
    case kString: return kStringData;
    default: return kInt32Data;
  }
}

// Stores values of a typed field one after another, each in the low bits of what the field carries.
class Filler {
 public:
  /// `to` is all zero when `bits` makes no whole bytes.
  Filler(std::span<std::uint8_t> to, std::uint64_t values, unsigned bits, const std::string& what)
      : to_(to), values_(values), bits_(bits), what_(what) {}
  void put(std::uint64_t v) {
    if (have_ == values_) throw_error<FormatError>(what_, " holds more values than its size (dims) says");
    const std::uint64_t at = have_++ * bits_;
    std::uint8_t* p = to_.data() + at / 8;
    if (bits_ % 8 == 0) {
      for (std::size_t i = 0; i < bits_ / 8; ++i) p[i] = static_cast<std::uint8_t>(v >> (8 * i));
      return;
    }
    const std::uint64_t moved = (v & ((1U << bits_) - 1)) << (at % 8);
    p[0] = static_cast<std::uint8_t>(p[0] | moved);
    if (moved > 0xff) p[1] = static_cast<std::uint8_t>(moved >> 8);
  }
  void done() const {
    if (have_ != values_)
      throw_error<FormatError>(what_, " holds ", have_, " values; its size (dims) asks for ", values_);
  }

 private:
  std::span<std::uint8_t> to_;
  std::uint64_t have_ = 0, values_;
  unsigned bits_;
  const std::string& what_;
};

void fill_typed(const TensorMessage& m, io::ByteView all, Filler filler, const std::string& what) {
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

Value strings(io::ByteView all, const Shape& shape, std::string_view what) {
  std::vector<Value> items;
  std::uint64_t nbytes = 0;
  protozero::pbf_reader r = message(all, what);
  while (r.next()) {
    if (r.tag_and_type() != bytes(kStringData)) {
      r.skip();
      continue;
    }
    const std::string_view s = text(r.get_view());
    nbytes += s.size();
    items.push_back(string_value(s));
  }
  return kept_elements("onnx", "STRING", shape, nbytes, Value::list(std::move(items)));
}

}  // namespace

void append_dims(protozero::pbf_reader& r, std::vector<std::int64_t>& dims) {
  if (r.wire_type() == protozero::pbf_wire_type::varint) return dims.push_back(r.get_int64());
  for (std::int64_t d : r.get_packed_int64()) {
    if (dims.size() > kMaxRank) break;
    dims.push_back(d);
  }
}

TensorMessage parse_tensor(io::ByteView all, std::string_view what) {
  TensorMessage m;
  bool entries = false;
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
      case varint(1):
      case bytes(1): append_dims(r, m.dims); break;
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
      case bytes(kStringData): typed(r.tag(), 1), r.skip(); break;
      case bytes(13): m.external.add(view(r.get_view()), what), entries = true; break;
      case varint(14): m.is_external = r.get_int64() != 0; break;
      default: r.skip();
    }
    if (m.dims.size() > kMaxRank)
      throw_error<FormatError>(what, ": tensor ", detail::quoted(m.name), " has too many dimensions (rank): at most ",
                               kMaxRank, " are read");
  }
  // Entries without data here mean external data, whatever data_location says; beside data they are passed over, as
  // onnx does.
  m.is_external = m.is_external || (entries && !m.has_raw && m.typed == 0);
  return m;
}

Value make_value(const TensorMessage& m, io::ByteView all, std::string_view name, Reading& reading) {
  const std::string label = detail::quoted(name), what = str(reading.source->name(), ": tensor ", label);
  const auto dtype = dtype_of_onnx(m.type);
  const auto kept = kept_type(m.type);
  if (!dtype && !kept)
    throw_error<FormatError>(what, ": its data_type ", m.type, m.type == 0 ? " (undefined)" : "", " is not read");
  std::uint64_t nbytes = 0, count = 1, extent = 1;
  for (std::int64_t d : m.dims) {
    if (d < 0) throw_error<FormatError>(what, ": a dimension (dims) is negative: ", d);
    // Strides of an empty tensor are products of its other sizes, and must fit as well.
    if (!io::checked_mul(extent, static_cast<std::uint64_t>(d == 0 ? 1 : d), extent) || extent > INT64_MAX)
      throw_error<FormatError>(what, ": its size (the product of dims) overflows");
    count *= static_cast<std::uint64_t>(d);
  }
  const unsigned bits = kept ? kept->bits : static_cast<unsigned>(8 * item_size(*dtype));
  if (!io::checked_mul(count, bits, nbytes) || nbytes > INT64_MAX)
    throw_error<FormatError>(what, ": its size (the product of dims) overflows");
  nbytes = (nbytes + 7) / 8;
  const int places = m.has_raw + (m.typed != 0) + m.is_external;
  if (places > 1)
    throw_error<FormatError>(what, ": has both ", m.has_raw ? "raw_data" : typed_name(m.typed), " and ",
                             m.is_external ? "external data" : typed_name(m.typed));
  if (places == 0 && count > 0)
    throw_error<FormatError>(what, ": has no data; dims ask for a size of ", count, " elements");
  if (m.typed != 0 && m.typed != typed_field(m.type))
    throw_error<FormatError>(what, ": its values are in ", typed_name(m.typed), ", which its data_type ", m.type,
                             " does not use");
  const Shape shape{std::span<const std::int64_t>(m.dims)};
  if (m.type == kString) {
    if (m.typed == 0 && places > 0)
      throw_error<FormatError>(what, ": its data_type 8 (string) has its values in string_data alone");
    if (m.typed_bytes != count)
      throw_error<FormatError>(what, ": string_data holds ", m.typed_bytes, " values; its size (dims) asks for ",
                               count);
    return strings(all, shape, what);
  }
  Ref<Storage> storage;
  if (m.is_external) {
    reading.checksums += m.external.checksum;
    storage = reading.files.storage(m.external, nbytes, reading.budget, what, label);
  } else if (m.has_raw) {
    if (m.raw.size() != nbytes)
      throw_error<FormatError>(what, ": raw_data has a size of ", m.raw.size(), " bytes, dims and data_type ask for ",
                               nbytes);
    storage =
        io::read_storage(reading.source, {.stored = m.raw, .nbytes = nbytes, .label = label}, reading.options.mmap);
  } else if (m.typed != 0) {
    // Elements of 4 and 2 bits come a byte at a time, those of 6 alone, complex numbers in halves.
    const unsigned unit = dtype ? bits / (is_complex(*dtype) ? 2 : 1) : bits == 6 ? 6 : 8;
    const std::uint64_t values = bits == 6 ? count : nbytes * 8 / unit;
    if (values > m.typed_bytes)
      throw_error<FormatError>(what, ": dims ask for ", values, " values (size), ", typed_name(m.typed), " has ",
                               m.typed_bytes, " bytes");
    storage = make_storage(static_cast<std::size_t>(nbytes));
    if (unit % 8 != 0) std::memset(storage->data, 0, static_cast<std::size_t>(nbytes));
    const std::string where = str(what, ": ", typed_name(m.typed));
    fill_typed(m, all,
               {{static_cast<std::uint8_t*>(storage->data), static_cast<std::size_t>(nbytes)}, values, unit, where},
               where);
  } else {
    storage = make_storage(0);
  }
  if (dtype) return Value(make_view(std::move(storage), *dtype, shape, shape.contiguous_strides(), 0));
  return kept_elements("onnx", kept->name, shape, nbytes,
                       Value(make_view(std::move(storage), DType::uint8, {static_cast<std::int64_t>(nbytes)}, {1}, 0)));
}

Value string_value(std::string_view s) { return detail::valid_utf8(s, false) ? Value(s) : Value::bytes(io::bytes(s)); }

}  // namespace harker::onnx

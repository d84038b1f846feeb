// Reads one array. Its header is believed where it is exactly NumPy's: three keys, natural numbers, no more elements
// than there are bytes.
#include <harker/core/base/text.h>
#include <harker/core/base/utf8.h>
#include <harker/serialize/io/crc32.h>
#include <harker/serialize/numpy/npy.h>
#include <harker/serialize/numpy/npy_dtype.h>
#include <harker/serialize/option_names.h>
#include <harker/serialize/value/geometry.h>
#include <harker/serialize/value/python_literal.h>

namespace harker::numpy {
namespace {

using detail::quoted;
using detail::str;
using detail::throw_error;

constexpr std::uint64_t kLongestHeader = 64 << 10;  // np.load itself stops at 10,000 bytes

struct Header {
  int version = 0;
  Value descr;  // a string, or a list for a structure
  std::vector<std::int64_t> shape;
  bool fortran_order = false;
};

Header read_header(io::ByteCursor& in, const std::string& what) {
  if (io::text(in.take(kMagic.size())) != kMagic)
    throw_error<FormatError>(what, ": does not begin as a NumPy array does, with \\x93NUMPY: it is damaged");
  Header h;
  h.version = in.u8();
  const int minor = in.u8();
  if (h.version < 1 || h.version > 3 || minor != 0)
    throw_error<FormatError>(what, ": version ", h.version, ".", minor, " of NumPy's format; 1.0 to 3.0 are read");
  const std::uint64_t length = h.version == 1 ? in.u16() : in.u32();
  if (length > kLongestHeader)
    throw_error<FormatError>(what, ": a header of ", length, " bytes; at most ", kLongestHeader, " are read");
  std::string text(io::text(in.take(length)));
  if (h.version < 3) {
    std::string utf8;
    for (char c : text) detail::append_utf8(utf8, static_cast<unsigned char>(c));
    text = std::move(utf8);
  }
  const Value said = read_literal(text, what + ": header");
  const Value *descr = nullptr, *order = nullptr, *shape = nullptr;
  if (said.is_dict() && said.len() == 3)
    descr = said.find("descr"), order = said.find("fortran_order"), shape = said.find("shape");
  if (!descr || !order || !shape)
    throw_error<FormatError>(what, ": the header must have the keys descr, fortran_order and shape, and no others");
  if (!order->is_bool()) throw_error<FormatError>(what, ": fortran_order must be True or False");
  if (!shape->is_tuple() || shape->len() > kMaxRank)
    throw_error<FormatError>(what, ": the shape must be a tuple of at most ", kMaxRank, " sizes");
  for (const Value& size : shape->elements()) {
    if (!size.is_int() || size.as_int() < 0) throw_error<FormatError>(what, ": a size that is no natural number");
    h.shape.push_back(size.as_int());
  }
  if (!descr->is_string() && !descr->is_list()) throw_error<FormatError>(what, ": descr names no dtype");
  h.descr = *descr;
  h.fortran_order = order->as_bool();
  return h;
}

// Row by row, or column by column; sizes of 0 count as 1, as torch has it. Where these overflow, so does the extent.
std::vector<std::int64_t> strides(const Header& h) {
  std::vector<std::int64_t> out(h.shape.size());
  std::int64_t step = 1;
  for (std::size_t i = 0; i < out.size(); ++i) {
    const std::size_t d = h.fortran_order ? i : out.size() - 1 - i;
    out[d] = step;
    if (__builtin_mul_overflow(step, std::max<std::int64_t>(h.shape[d], 1), &step)) step = INT64_MAX;
  }
  return out;
}

bool holds_objects(const Value& descr) {
  std::string text;
  append_literal(text, descr);
  return names_objects(text);
}

const char* kind_of(std::string_view descr) {
  switch (descr.size() > 1 ? descr[1] : ' ') {
    case 'U':
    case 'S':
    case 'a': return "text";
    case 'M':
    case 'm': return "dates or times";
    case 'V': return "bytes without a name: so NumPy stores bfloat16, float8 and int4 of ml_dtypes, too";
    case 'f':
    case 'c': return "numbers of more than 8 bytes";
    default: return "no numbers";
  }
}

Tensor tensor_of(const Place& place, io::ByteView elements, std::uint64_t nbytes, std::uint32_t header_crc, DType dtype,
                 const Header& h, bool swap, bool lazy) {
  io::StorageBytes bytes{.stored = elements.first(static_cast<std::size_t>(nbytes)),
                         .nbytes = nbytes,
                         .check_crc = place.check_crc,
                         .swap = swap ? swap_size(dtype) : 1,
                         .label = place.label};
  // The archive's CRC is that of header and elements: what those have without the header.
  if (place.check_crc) bytes.crc = place.crc ^ io::combine_crc32(header_crc, 0, nbytes);
  const Ref<Storage> storage = io::read_storage(place.source, std::move(bytes), lazy);
  const std::vector<std::int64_t> steps = strides(h);
  return make_view(storage, dtype, Shape(std::span<const std::int64_t>(h.shape)),
                   Shape(std::span<const std::int64_t>(steps)), 0);
}

}  // namespace

bool names_objects(std::string_view descr) {
  const auto letter = [&](std::size_t i) {
    return i < descr.size() && ((descr[i] >= 'a' && descr[i] <= 'z') || (descr[i] >= 'A' && descr[i] <= 'Z'));
  };
  for (std::size_t at = descr.find('O'); at != descr.npos; at = descr.find('O', at + 1))
    if (!letter(at + 1) && (at == 0 || !letter(at - 1))) return true;
  return descr.find("object") != descr.npos || descr.find("Object") != descr.npos;
}

Array read_array(const Place& place, const LoadOptions& options, bool keep_others) {
  const std::string what = place.label.empty() ? place.source->name() : place.source->name() + ": " + place.label;
  io::ByteCursor in(place.bytes, what);
  const Header h = read_header(in, what);
  Array out{{}, h.version, h.fortran_order};
  const std::uint32_t header_crc = place.check_crc ? io::crc32(place.bytes.first(in.position())) : 0;
  const std::string_view code = h.descr.is_string() ? h.descr.as_string() : std::string_view();
  if (const std::optional<DType> dtype = dtype_of_code(code)) {
    std::uint64_t nbytes = item_size(*dtype);
    bool fits = true, none = false;
    for (std::int64_t size : h.shape) {
      none = none || size == 0;
      fits = fits && io::checked_mul(nbytes, static_cast<std::uint64_t>(std::max<std::int64_t>(size, 1)), nbytes);
    }
    const Shape shape{std::span<const std::int64_t>(h.shape)};
    if (!fits || nbytes > INT64_MAX) throw_error<FormatError>(what, ": an array of shape ", shape, " overflows");
    if (none) nbytes = 0;
    if (nbytes > in.left())
      throw_error<FormatError>(what, ": truncated: shape ", shape, " of ", quoted(code), " needs ", nbytes,
                               " bytes of elements, ", in.left(), " are left");
    out.left = in.left() - static_cast<std::size_t>(nbytes);
    out.value = tensor_of(place, in.rest(), nbytes, header_crc, *dtype, h, code[0] == '>', options.mmap);
    return out;
  }
  std::string text;
  append_literal(text, h.descr);
  const bool keep = options.unknown == Unknown::keep;
  if (holds_objects(h.descr)) {
    if (!keep)
      throw_error<FormatError>(what, ": an array of objects (dtype ", quoted(text),
                               ") is a pickle, which is never run: save it as numbers; ", option_names().keep_unknown,
                               " keeps its bytes");
  } else if (!keep && !keep_others) {
    throw_error<FormatError>(what, ": an array of dtype ", quoted(text), " is no tensor: it holds ", kind_of(code),
                             "; ", option_names().keep_unknown, " keeps its bytes");
  }
  const Header flat{h.version, {}, {static_cast<std::int64_t>(in.left())}, false};
  const Tensor data = tensor_of(place, in.rest(), in.left(), header_crc, DType::uint8, flat, false, options.mmap);
  Value::Opaque o;
  o.module = "numpy", o.name = "ndarray";
  o.called = o.known = true;
  o.args = Value::tuple();
  o.state = Value::dict({{"descr", h.descr},
                         {"shape", Value::size(Shape(std::span<const std::int64_t>(h.shape)))},
                         {"fortran_order", h.fortran_order},
                         {"nbytes", data.numel()},
                         {"data", data}});
  out.value = Value::opaque(o);
  return out;
}

}  // namespace harker::numpy

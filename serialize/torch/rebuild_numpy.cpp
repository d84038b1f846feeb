// NumPy's arrays and scalars, as numpy pickles them: dtype('f8', False, True) with a state that holds the byte order,
// scalars from their bytes, arrays of numbers and strings by _reconstruct and a state of (version, shape, dtype, Fortran order, bytes).
#include <harker/core/base/text.h>
#include <harker/serialize/torch/rebuilder.h>
#include <harker/serialize/value/geometry.h>
#include <harker/serialize/value/numpy_dtype.h>

namespace harker::pt {
namespace {

using detail::str;
using detail::throw_error;

io::ByteView raw(const Value& v) {
  if (v.is_bytes() || v.kind() == Value::Kind::bytearray) return v.as_bytes();
  if (v.is_string()) return io::bytes(v.as_string());  // Python 2's str
  throw_error<FormatError>("numpy: the data must be bytes, it is a ", v.type_name(),
                           " (arrays of objects are refused)");
}

void fill(Value::Numpy& n, const std::string& dtype, const Value& shape, io::ByteView data) {
  std::uint64_t total = numpy_item_size(std::string_view(dtype).substr(1));
  std::vector<std::int64_t> sizes;
  if (!shape.is_tuple() || shape.len() > kMaxRank)
    throw_error<FormatError>("numpy: the shape must be a tuple of at most 64 sizes");
  for (const Value& v : shape.elements()) {
    if (!v.is_int() || !v.fits_int64() || v.as_int() < 0)
      throw_error<FormatError>("numpy: a size that is no natural number");
    sizes.push_back(v.as_int());
    if (!io::checked_mul(total, static_cast<std::uint64_t>(v.as_int()), total))
      throw_error<FormatError>("numpy: the size overflows");
  }
  if (total != data.size())
    throw_error<FormatError>("numpy: an array of ", total, " bytes with ", data.size(), " bytes of data");
  n.dtype = dtype;
  n.shape = Shape(std::span<const std::int64_t>(sizes));
  n.data.assign(data.begin(), data.end());
}

const Value::Opaque& dtype_object(const Value& v) {
  if (v.kind() != Value::Kind::opaque) throw_error<FormatError>("numpy: a dtype is missing");
  const Value::Opaque& o = v.as_opaque();
  if (o.module != "numpy" || o.name != "dtype" || !o.called) throw_error<FormatError>("numpy: a dtype is missing");
  return o;
}

}  // namespace

std::string Rebuilder::numpy_dtype(const Value& v) const {
  const Value::Opaque& o = dtype_object(v);
  const std::string_view code = o.args[0].as_string();
  std::string_view order = "|";
  if (o.state.is_tuple() && o.state.len() >= 2 && o.state[1].is_string()) order = o.state[1].as_string();
  const std::uint64_t size = numpy_item_size(code);
  const bool one = size == 1 || code.starts_with('S');  // bytes have no order
  if (size == 0 || (order != "<" && order != ">" && order != "|" && order != "=") || (!one && order == "|"))
    throw_error<FormatError>("numpy: dtype ", detail::quoted(str(order, code)), " is not read (plain numbers are)");
  return str(one ? "|" : order == ">" ? ">" : "<", code);
}

Value Rebuilder::call_numpy(Global what, const Value& args) {
  switch (what) {
    case Global::numpy_dtype: {
      if (args.len() < 1 || !args[0].is_string()) throw_error<FormatError>("numpy.dtype: wrong arguments");
      Value::Opaque o;
      o.module = "numpy", o.name = "dtype";
      o.called = o.known = true;
      o.args = args;
      return Value::opaque(o);
    }
    case Global::numpy_scalar: {
      if (args.len() != 2) throw_error<FormatError>("numpy scalar: wrong arguments");
      if (const std::string_view code = dtype_object(args[0]).args[0].as_string();
          code.starts_with('M') || code.starts_with('m') || code.starts_with('V')) {
        Value::Opaque o;  // a date, a duration, a record: kept whole
        o.module = "numpy._core.multiarray", o.name = "scalar";
        o.called = o.known = true, o.args = args;
        return Value::opaque(o);
      }
      Value::Numpy n;
      fill(n, numpy_dtype(args[0]), Value::tuple(), raw(args[1]));
      return Value::numpy_scalar(n);
    }
    case Global::numpy_from_buffer: {
      if (args.len() != 4 || !args[3].is_string()) throw_error<FormatError>("numpy _frombuffer: wrong arguments");
      Value::Numpy n;
      fill(n, numpy_dtype(args[1]), args[2], raw(args[0]));
      n.fortran_order = args[3].as_string() == "F";
      return Value::numpy_array(n);
    }
    default: {  // _reconstruct(ndarray, (0,), b'b'): an empty array that BUILD fills
      const bool plain = args.len() == 3 && args[0].kind() == Value::Kind::opaque &&
                         args[0].as_opaque().module == "numpy" && args[0].as_opaque().name == "ndarray";
      if (!plain) throw_error<FormatError>("numpy _reconstruct: only a plain ndarray is read");
      Value::Numpy n;
      n.dtype = "|i1";
      n.shape = Shape{0};
      return Value::numpy_array(n);
    }
  }
}

void Rebuilder::build_numpy(const Value& object, const Value& state) {
  if (!state.is_tuple() || state.len() != 5 || !state[3].is_bool())
    throw_error<FormatError>("BUILD: an array's state must be (version, shape, dtype, order, data)");
  // The array has an identity already (the memo holds it), so it is filled where it is.
  auto& n = const_cast<Value::Numpy&>(object.as_numpy());
  fill(n, numpy_dtype(state[2]), state[1], raw(state[4]));
  n.fortran_order = state[3].as_bool();
}

}  // namespace harker::pt

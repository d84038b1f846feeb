// Writes one array, with the very bytes of np.save (grammar: npy.h). What is neither row by row nor column by column is
// copied first.
#include <harker/core/base/text.h>
#include <harker/core/grad_mode.h>
#include <harker/serialize/numpy/npy.h>
#include <harker/serialize/numpy/npy_dtype.h>
#include <harker/serialize/value/named_tensors.h>
#include <harker/serialize/value/numpy_dtype.h>
#include <harker/serialize/value/python_literal.h>

namespace harker::numpy {
namespace {

using detail::str;

constexpr std::size_t kAlignment = 64;

std::string header(const Value& descr, const Shape& shape, bool fortran_order) {
  std::vector<Value> sizes;
  for (std::int64_t size : shape) sizes.emplace_back(size);
  std::string text = "{'descr': ";
  append_literal(text, descr);
  text += fortran_order ? ", 'fortran_order': True, 'shape': " : ", 'fortran_order': False, 'shape': ";
  append_literal(text, Value::tuple(std::move(sizes)));
  text += ", }";
  if (shape.rank() > 0) {  // room for the size to grow to 21 digits in place
    const std::size_t digits = std::to_string(shape[fortran_order ? shape.rank() - 1 : 0]).size();
    text.append(21 - digits, ' ');
  }
  std::string out(kMagic);
  for (const bool wide : {false, true}) {
    const std::size_t before = kMagic.size() + 2 + (wide ? 4 : 2);
    const std::size_t length = text.size() + 1 + kAlignment - (before + text.size() + 1) % kAlignment;
    if (!wide && length > 0xffff) continue;
    out += wide ? std::string("\2\0", 2) : std::string("\1\0", 2);
    if (wide)
      io::append_le(out, static_cast<std::uint32_t>(length));
    else
      io::append_le(out, static_cast<std::uint16_t>(length));
    return out + text + std::string(length - text.size() - 1, ' ') + '\n';
  }
  return out;
}

// In one piece, with the first index (`columns`) or the last one fastest.
bool in_order(const Tensor& t, bool columns) {
  std::int64_t step = 1;
  for (int i = 0; i < t.dim(); ++i) {
    const int d = columns ? i : t.dim() - 1 - i;
    if (t.shape()[d] != 1 && t.strides()[d] != step) return false;
    step *= t.shape()[d];
  }
  return true;
}

// What read_array kept, or null.
const Value* kept_array(const Value& v) {
  if (v.kind() != Value::Kind::opaque) return nullptr;
  const Value::Opaque& o = v.as_opaque();
  if (o.module != "numpy" || o.name != "ndarray" || !o.state.is_dict()) return nullptr;
  const Value *descr = o.state.find("descr"), *shape = o.state.find("shape"), *data = o.state.find("data"),
              *order = o.state.find("fortran_order");
  std::string text;
  const bool whole = descr && (descr->is_string() || descr->is_list()) && append_literal(text, *descr) && shape &&
                     shape->kind() == Value::Kind::size && order && order->is_bool() && data &&
                     unready(*data).empty() && data->lazy_tensor().dtype() == DType::uint8 &&
                     data->lazy_tensor().is_contiguous();
  return whole ? &o.state : nullptr;
}

}  // namespace

std::string cannot_save(const Value& v) {
  if (v.kind() == Value::Kind::numpy_array || v.kind() == Value::Kind::numpy_scalar) {
    const Value::Numpy& n = v.as_numpy();
    std::uint64_t nbytes = numpy_item_size(n.dtype.empty() ? "" : std::string_view(n.dtype).substr(1));
    for (std::int64_t size : n.shape)
      if (size < 0 || !io::checked_mul(nbytes, static_cast<std::uint64_t>(size), nbytes)) return "an array of no size";
    return nbytes == n.data.size() ? "" : str("an array of ", nbytes, " bytes with ", n.data.size());
  }
  if (kept_array(v)) return {};
  if (std::string why = unready(v); !why.empty()) return why;
  const DType dtype = v.lazy_tensor().dtype();
  return !code_of_dtype(dtype).empty() ? "" : str("a tensor of ", name(dtype), ", a dtype that NumPy lacks");
}

Written written_array(const Value& v) {
  if (v.kind() == Value::Kind::numpy_array || v.kind() == Value::Kind::numpy_scalar) {
    const Value::Numpy& n = v.as_numpy();
    return {header(n.dtype, n.shape, n.fortran_order), n.data, {}};
  }
  if (const Value* kept = kept_array(v)) {
    const Tensor data = (*kept)["data"].tensor();
    return {header((*kept)["descr"], (*kept)["shape"].as_size(), (*kept)["fortran_order"].as_bool()),
            {static_cast<const std::uint8_t*>(data.raw()), static_cast<std::size_t>(data.numel())},
            data};
  }
  const NoGradGuard no_grad;
  Tensor t = v.tensor();
  const bool rows = t.numel() == 0 || in_order(t, false), columns = !rows && in_order(t, true);
  if (!rows && !columns) t = t.contiguous();
  const std::size_t item = item_size(t.dtype());
  const std::string descr = str(item == 1 ? "|" : "<", code_of_dtype(t.dtype()));
  return {header(descr, t.shape(), columns),
          {static_cast<const std::uint8_t*>(t.raw()), static_cast<std::size_t>(t.numel()) * item},
          t};
}

}  // namespace harker::numpy

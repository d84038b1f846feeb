// One function for each kind of object that can contradict itself. The rules for sparse tensors are those of
// torch.sparse.check_sparse_tensor_invariants; an index tensor that overlaps itself would make them cost more than the
// file's bytes explain, and is refused.
#include <harker/serialize/value/contents.h>

#include <cmath>

#include <harker/core/base/text.h>
#include <harker/serialize/io/byte_view.h>
#include <harker/serialize/value/geometry.h>
#include <harker/serialize/value/value_paths.h>

namespace harker {
namespace {

using detail::throw_error;
using Kind = Value::Kind;

template <class... T>
[[noreturn]] void bad(const T&... why) {
  detail::throw_error<FormatError>(why...);
}

// The elements in rows, as T.
template <class T>
class Elements {
 public:
  Elements(const Tensor& t, DType as) {
    constexpr std::uint64_t kRoom = 1 << 20;
    if (static_cast<std::uint64_t>(t.numel()) > t.storage().nbytes / 4 + kRoom)
      bad("a part of size ", t.shape(), " overlaps itself");
    all_ = t.to(as).contiguous();
  }
  std::int64_t size() const { return all_.numel(); }
  const T* data() const { return size() > 0 ? all_.data<T>() : nullptr; }

 private:
  Tensor all_;
};

// indices: (sparse dimensions, n); values: (n, dense sizes...).
void coo(const Value::Sparse& s) {
  const Tensor indices = s.parts[0].tensor();
  const Tensor& values = s.parts[1].lazy_tensor();
  const std::int64_t dims = indices.size(0), n = indices.size(1);
  for (int d = 1; d < values.dim(); ++d)
    if (values.size(d) != s.shape[static_cast<int>(dims) + d - 1])
      bad("its values of size ", values.shape(), " do not fit its size ", s.shape);
  const Elements<std::int64_t> all(indices, DType::int64);
  const std::int64_t* at = all.data();
  for (std::int64_t d = 0; d < dims; ++d) {
    const std::int64_t size = s.shape[static_cast<int>(d)];
    for (std::int64_t i = 0; i < n; ++i)
      if (at[d * n + i] < 0 || at[d * n + i] >= size)
        bad("index ", at[d * n + i], " (", d, ", ", i, ") lies outside its size ", s.shape);
  }
  if (!s.coalesced.value_or(false)) return;
  for (std::int64_t i = 1; i < n; ++i) {
    std::int64_t d = 0;
    while (d < dims && at[d * n + i] == at[d * n + i - 1]) ++d;
    if (d == dims || at[d * n + i] < at[d * n + i - 1])
      bad("says that it is coalesced, but index ", i, " does not come after the one before it");
  }
}

// compressed: (batch..., rows + 1), plain: (batch..., n), values: (batch..., n, block..., dense...). Rows are columns
// in CSC and BSC, and blocks where there are any.
void compressed(const Value::Sparse& s) {
  const Tensor begins = s.parts[0].tensor(), plain = s.parts[1].tensor();
  const Tensor& values = s.parts[2].lazy_tensor();
  const bool blocks = s.layout == "torch.sparse_bsr" || s.layout == "torch.sparse_bsc";
  const bool columns = s.layout == "torch.sparse_csc" || s.layout == "torch.sparse_bsc";
  const int batch = begins.dim() - 1, block = blocks ? 2 : 0, rank = s.shape.rank();
  const auto unfit = [&] {
    bad("its parts of sizes ", begins.shape(), ", ", plain.shape(), " and ", values.shape(), " do not fit its size ",
        s.shape);
  };
  if (begins.dtype() != plain.dtype()) bad("its indices are of two dtypes");
  if (batch < 0 || plain.dim() != batch + 1 || values.dim() < batch + 1 + block || rank < batch + 2 ||
      values.dim() - (batch + 1 + block) != rank - (batch + 2))
    unfit();
  std::int64_t groups = 1, extent[2] = {s.shape[batch], s.shape[batch + 1]};
  for (int d = 0; d < batch; ++d) {
    if (begins.size(d) != s.shape[d] || plain.size(d) != s.shape[d] || values.size(d) != s.shape[d]) unfit();
    groups *= s.shape[d];
  }
  for (int d = 0; d < block; ++d) {
    const std::int64_t size = values.size(batch + 1 + d);
    if (size <= 0 || extent[d] % size != 0) unfit();
    extent[d] /= size;
  }
  for (int d = batch + 2; d < rank; ++d)
    if (values.size(d - 1 + block) != s.shape[d]) unfit();
  const std::int64_t rows = extent[columns ? 1 : 0], width = extent[columns ? 0 : 1], n = plain.size(batch);
  if (begins.size(batch) - 1 != rows || values.size(batch) != n) unfit();
  const Elements<std::int64_t> all_begins(begins, DType::int64), all_plain(plain, DType::int64);
  for (std::int64_t g = 0; g < groups; ++g) {
    const std::int64_t *at = all_begins.data() + g * (rows + 1), *index = all_plain.data() + g * n;
    if (at[0] != 0 || at[rows] != n)
      bad("its compressed indices must go from 0 to ", n, ", they go from ", at[0], " to ", at[rows]);
    for (std::int64_t r = 0; r < rows; ++r) {
      if (at[r + 1] < at[r] || at[r + 1] > n) bad("its compressed index ", r + 1, " is ", at[r + 1], " after ", at[r]);
      for (std::int64_t i = at[r]; i < at[r + 1]; ++i) {
        if (index[i] < 0 || index[i] >= width) bad("plain index ", index[i], " lies outside its size ", s.shape);
        if (i > at[r] && index[i] <= index[i - 1]) bad("its plain indices of row ", r, " do not ascend");
      }
    }
  }
}

void sparse(const Value::Sparse& s) {
  std::uint64_t numel = 1;
  for (std::int64_t size : s.shape)
    if (size < 0 || !io::checked_mul(numel, static_cast<std::uint64_t>(size), numel) || numel > INT64_MAX)
      bad("its size ", s.shape, " overflows");
  if (s.parts.size() != sparse_parts(s.layout)) bad("has a wrong number of parts");
  return s.parts.size() == 2 ? coo(s) : compressed(s);
}

void quantized(const Value::Quantized& q) {
  const DType t = q.ints.dtype();
  const double least = t == DType::qint8 ? -128 : t == DType::quint8 ? 0 : INT32_MIN;
  const double most = t == DType::qint8 ? 127 : t == DType::quint8 ? 255 : INT32_MAX;
  const auto scale = [&](double v) {
    if (!std::isfinite(v)) bad("its scale is ", v);
  };
  const auto zero_point = [&](double v) {
    if (!(v >= least && v <= most)) bad("its zero point ", v, " is none of ", name(t));
  };
  if (!q.scheme.starts_with("per_channel")) return scale(q.scale), zero_point(static_cast<double>(q.zero_point));
  const auto each = [](const Value& v, auto&& f) {
    const Elements<double> all(v.tensor(), DType::float64);
    for (std::int64_t i = 0; i < all.size(); ++i) f(all.data()[i]);
  };
  for (const Value* v : {&q.scales, &q.zero_points})
    if (v->lazy_tensor().dim() != 1) bad("its scales or zero points are no row of numbers");
  each(q.scales, scale);
  if (is_floating_point(q.zero_points.lazy_tensor().dtype()))
    each(q.zero_points, scale);  // float_qparams
  else
    each(q.zero_points, zero_point);
}

// A tensor that was saved without elements: its numbers stand among the arguments of a call that is kept as it is.
void without_storage(const Value::Opaque& o) {
  const bool meta = o.name == "_rebuild_meta_tensor_no_storage", wrapper = o.name == "_rebuild_wrapper_subclass";
  if (o.module != "torch._utils" || !o.called || (!meta && !wrapper)) return;
  const std::size_t first = wrapper ? 1 : 0;
  const auto numbers = [](const Value& v) {
    std::vector<std::int64_t> out;
    if (v.kind() == Kind::size) return std::vector<std::int64_t>(v.as_size().begin(), v.as_size().end());
    if (!v.is_tuple() && !v.is_list()) bad("its size or stride is no tuple");
    for (const Value& n : v.elements()) {
      if (!n.is_int() || !n.fits_int64()) bad("its size or stride is no tuple of integers");
      out.push_back(n.as_int());
    }
    return out;
  };
  if (!o.args.is_tuple() || o.args.len() != (wrapper ? 8u : 4u)) bad(o.name, ": wrong arguments");
  const std::span<const Value> args = o.args.elements();
  const Value& dtype = args[first];
  const Value offset = wrapper ? args[4] : Value(0);
  if (!offset.is_int() || !offset.fits_int64()) bad("its offset is no integer");
  if (dtype.kind() != Kind::dtype && dtype.kind() != Kind::opaque) bad("its dtype is none");  // quint4x2 and its like
  const std::uint64_t item = dtype.kind() == Kind::dtype ? item_size(dtype.as_dtype()) : 1;
  const std::string wrong =
      geometry_error(numbers(args[first + 1]), numbers(args[first + 2]), offset.as_int(), item, UINT64_MAX);
  if (!wrong.empty()) bad(wrong);
}

void one(const Value& v) {
  switch (v.kind()) {
    case Kind::sparse: return sparse(v.as_sparse());
    case Kind::quantized: return quantized(v.as_quantized());
    case Kind::opaque: return without_storage(v.as_opaque());
    case Kind::tensor:
      if (v.conj() && !is_complex(v.lazy_tensor().dtype()))
        bad("is a conjugate of elements of ", name(v.lazy_tensor().dtype()));
      return;
    default: return;
  }
}

}  // namespace

void check_contents(const Value& root, std::string_view what, Findings& findings) {
  ObjectWalk walk(root, what, INT32_MAX);
  while (const Value* v = walk.next()) {
    try {
      one(*v);
    } catch (const Error& e) {
      const std::string path = walk.path();
      findings.wrong(detail::str(what, ": ", path.empty() ? std::string("the root") : detail::quoted(path), ", a ",
                                 v->type_name(), ": ", e.what()));
    }
  }
}

}  // namespace harker

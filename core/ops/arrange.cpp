// Other orders and repetitions of elements, as views, flips and cats; roll alone copies for itself.
#include <algorithm>

#include <harker/core/ops/gather.h>
#include <harker/core/ops/reduce_dims.h>

namespace harker HARKER_PUBLIC {
namespace {

using detail::dim_of;
using detail::throw_error;
using detail::wrap_dim;

void check_rank(const Tensor& x, int least, const char* op) {
  if (x.dim() < least)
    throw_error<ShapeError>(op, ": the input needs at least ", least, " dimensions, this one is ", x.shape());
}
/// With memory of its own.
Tensor apart(const Tensor& z, const Tensor& x) { return z.shares_storage(x) ? z.clone() : z; }

struct Roll : Op<Roll> {  // z[.., i, ..] = x[.., i - by, ..], around the end, 0 < by < n; dx = dz rolled back
  static constexpr const char* name = "roll";
  static Tensor forward(Context&, const Tensor& x, int dim, std::int64_t by) {
    Tensor z = detail::empty_tensor(x.shape(), x.dtype(), x.device());
    const auto size = static_cast<std::int64_t>(item_size(x.dtype()));
    const auto move = [&](std::int64_t from, std::int64_t to, std::int64_t count) {
      Shape shape = x.shape();
      shape[dim] = count;
      kernels<Copies>(x).copy(x.dtype(), x.dtype(), shape,
                              static_cast<const char*>(x.raw()) + from * x.strides()[dim] * size, x.strides(),
                              static_cast<char*>(z.raw()) + to * z.strides()[dim] * size, z.strides());
    };
    move(x.shape()[dim] - by, 0, by);
    move(0, by, x.shape()[dim] - by);
    return z;
  }
  static Grads backward(Context&, const Tensor& dz, int dim, std::int64_t by) {
    return {apply<Roll>(dz, dim, dz.shape()[dim] - by)};
  }
};

}  // namespace

Tensor fliplr(const Tensor& x) {
  check_rank(x, 2, "fliplr");
  return flip(x, {1});
}
Tensor flipud(const Tensor& x) {
  check_rank(x, 1, "flipud");
  return flip(x, {0});
}

Tensor rot90(const Tensor& x, std::int64_t k, const Shape& dims) {
  check_rank(x, 2, "rot90");
  if (dims.rank() != 2) throw_error<ShapeError>("rot90: a rotation needs 2 dimensions, got ", dims);
  const int from = dim_of(dims[0], x.dim(), "rot90"), to = dim_of(dims[1], x.dim(), "rot90");
  if (from == to) throw_error<ShapeError>("rot90: the dimensions must differ, both are ", from);
  switch ((k % 4 + 4) % 4) {
    case 1: return flip(x, {to}).transpose(from, to);
    case 2: return flip(x, {from, to});
    case 3: return flip(x, {from}).transpose(from, to);
    default: return x.clone();
  }
}

Tensor roll(const Tensor& x, const Shape& shifts, const Shape& dims) {
  if (dims.rank() == 0 && shifts.rank() == 1 && x.dim() != 1) return roll(x.flatten(), shifts, {0}).reshape(x.shape());
  const Shape along = dims.rank() == 0 && shifts.rank() == 1 ? Shape{0} : dims;
  if (shifts.rank() != along.rank() || shifts.rank() == 0)
    throw_error<ShapeError>("roll: needs a shift for each dimension, got shifts ", shifts, " and dimensions ", dims);
  if (x.dim() == 0) throw_error<ShapeError>("roll: a 0-d tensor has no dimension ", along[0]);
  Tensor z = x;
  for (int i = 0; i < along.rank(); ++i) {
    const int dim = dim_of(along[i], x.dim(), "roll");
    const std::int64_t n = x.shape()[dim], by = n ? (shifts[i] % n + n) % n : 0;
    if (by && x.numel()) z = apply<Roll>(z, dim, by);
  }
  return apart(z, x);
}

Tensor repeat(const Tensor& x, const Shape& repeats) {
  const int more = repeats.rank() - x.dim();
  if (more < 0) throw_error<ShapeError>("repeat: needs a number for each dimension of ", x.shape(), ", got ", repeats);
  Shape apart_from = Shape::filled(2 * repeats.rank(), 1), wide = apart_from, shape = repeats;
  for (int i = 0; i < repeats.rank(); ++i) {
    const std::int64_t n = i < more ? 1 : x.shape()[i - more];
    if (repeats[i] < 0) throw_error<ShapeError>("repeat: cannot repeat ", repeats[i], " times");
    apart_from[2 * i + 1] = n;
    wide[2 * i] = repeats[i];
    wide[2 * i + 1] = n;
    if (__builtin_mul_overflow(repeats[i], n, &shape[i]))
      throw_error<ShapeError>("repeat: dimension ", i, " has more elements than can be counted");
  }
  return apart(x.reshape(apart_from).expand(wide).reshape(shape), x);
}
Tensor tile(const Tensor& x, const Shape& given) {
  Shape repeats = given;
  while (repeats.rank() < x.dim()) repeats = repeats.inserted(0, 1);
  return repeat(x, repeats);
}

Tensor repeat_interleave(const Tensor& x, std::int64_t repeats, std::optional<std::int64_t> d) {
  if (!d) return repeat_interleave(x.flatten(), repeats, 0);
  const int dim = dim_of(*d, x.dim(), "repeat_interleave");
  if (x.dim() == 0) return repeat_interleave(x.flatten(), repeats, 0);
  if (repeats < 0) throw_error<ShapeError>("repeat_interleave: cannot repeat ", repeats, " times");
  Shape wide = x.shape().inserted(dim + 1, repeats), shape = x.shape();
  if (__builtin_mul_overflow(shape[dim], repeats, &shape[dim]))
    throw_error<ShapeError>("repeat_interleave: dimension ", dim, " has more elements than can be counted");
  return apart(x.unsqueeze(dim + 1).expand(wide).reshape(shape), x);
}
Tensor repeat_interleave(const Tensor& repeats) {
  if (repeats.dim() > 1)
    throw_error<ShapeError>("repeat_interleave: repeats must have one dimension, they are ", repeats.shape());
  const Tensor times = detail::checked_index(repeats, 0, INT64_MAX, "repeat_interleave", 0);
  const auto* n = times.data<std::int64_t>();
  std::int64_t total = 0;
  for (std::int64_t i = 0; i < times.numel(); ++i)
    if (__builtin_add_overflow(total, n[i], &total))
      throw_error<ShapeError>("repeat_interleave: the repeats add up to more than can be counted");
  Tensor z = detail::empty_tensor({total}, DType::int64, repeats.device());
  auto* to = z.data<std::int64_t>();
  for (std::int64_t i = 0; i < times.numel(); ++i) to = std::fill_n(to, n[i], i);
  return z;
}
Tensor repeat_interleave(const Tensor& x, const Tensor& repeats, std::optional<std::int64_t> d) {
  if (!d || x.dim() == 0) return repeat_interleave(x.flatten(), repeats, 0);
  const int dim = dim_of(*d, x.dim(), "repeat_interleave");
  const std::int64_t n = x.shape()[dim];
  if (repeats.dim() > 1 || (repeats.numel() != 1 && repeats.numel() != n))
    throw_error<ShapeError>("repeat_interleave: repeats of ", repeats.shape(), " for dimension ", dim, " of ",
                            x.shape(), "; it needs one number, or one for each");
  return detail::select_rows(x, repeat_interleave(repeats.reshape({repeats.numel()}).expand({n})), dim);
}

std::vector<Tensor> meshgrid(const std::vector<Tensor>& tensors, std::string_view order) {
  const bool swapped = order == "xy";
  if (!swapped && order != "ij")
    throw_error<TypeError>("meshgrid: indexing must be \"ij\" or \"xy\", it is \"", std::string(order), "\"");
  if (tensors.empty()) throw_error<ShapeError>("meshgrid: needs at least one tensor");
  std::vector<Tensor> all = tensors;
  const bool swap = swapped && all.size() > 1;
  if (swap) std::swap(all[0], all[1]);
  Shape shape = Shape::filled(static_cast<int>(all.size()), 1);
  for (int i = 0; i < shape.rank(); ++i) {
    const Tensor& t = all[static_cast<std::size_t>(i)];
    if (t.dim() > 1) throw_error<ShapeError>("meshgrid: all tensors must be vectors or numbers, got ", t.shape());
    if (t.dtype() != all[0].dtype())
      throw_error<TypeError>("meshgrid: all tensors need one dtype, got ", name(all[0].dtype()), " and ",
                             name(t.dtype()));
    shape[i] = t.numel();
  }
  for (int i = 0; i < shape.rank(); ++i) {
    Tensor& t = all[static_cast<std::size_t>(i)];
    Shape one = Shape::filled(shape.rank(), 1);
    one[i] = t.numel();
    t = t.view(one).expand(shape);
  }
  if (swap) std::swap(all[0], all[1]);
  return all;
}
Tensor cartesian_prod(const std::vector<Tensor>& tensors) {
  std::vector<Tensor> columns = meshgrid(tensors);
  if (columns.size() == 1) return columns[0];
  for (Tensor& t : columns) t = t.reshape({t.numel()});
  return stack(columns, 1);
}

std::vector<Tensor> unbind(const Tensor& x, int d) {
  check_rank(x, 1, "unbind");
  const int dim = wrap_dim(d, x.dim(), "unbind");
  std::vector<Tensor> out;
  for (std::int64_t i = 0; i < x.shape()[dim]; ++i) out.push_back(x.select(dim, i));
  return out;
}

std::vector<Tensor> tensor_split(const Tensor& x, std::int64_t sections, int d) {
  check_rank(x, 1, "tensor_split");
  if (sections < 1) throw_error<ShapeError>("tensor_split: needs at least 1 section, got ", sections);
  const int dim = wrap_dim(d, x.dim(), "tensor_split");
  const std::int64_t n = x.shape()[dim], size = n / sections, larger = n % sections;
  std::vector<Tensor> out;
  out.reserve(static_cast<std::size_t>(sections));  // a number beyond memory fails here
  for (std::int64_t i = 0; i < sections; ++i)
    out.push_back(x.narrow(dim, i * size + std::min(i, larger), size + (i < larger)));
  return out;
}
std::vector<Tensor> tensor_split(const Tensor& x, const Shape& indices, int d) {
  check_rank(x, 1, "tensor_split");
  const int dim = wrap_dim(d, x.dim(), "tensor_split");
  std::vector<Tensor> out;
  std::int64_t start = 0;
  for (std::int64_t end : indices) {
    out.push_back(x.slice(dim, start, end));
    start = end;
  }
  out.push_back(x.slice(dim, start));
  return out;
}

Tensor atleast_1d(const Tensor& x) { return x.dim() ? x : x.unsqueeze(0); }
Tensor atleast_2d(const Tensor& x) { return x.dim() < 2 ? atleast_1d(x).unsqueeze(0) : x; }
Tensor atleast_3d(const Tensor& x) { return x.dim() < 3 ? atleast_2d(x).unsqueeze(-1) : x; }

namespace {
std::vector<Tensor> each(const std::vector<Tensor>& tensors, Tensor (*f)(const Tensor&)) {
  std::vector<Tensor> out;
  for (const Tensor& t : tensors) out.push_back(f(t));
  return out;
}
}  // namespace
Tensor hstack(const std::vector<Tensor>& tensors) {
  const std::vector<Tensor> all = each(tensors, atleast_1d);
  return cat(all, !all.empty() && all[0].dim() > 1);
}
Tensor vstack(const std::vector<Tensor>& tensors) { return cat(each(tensors, atleast_2d), 0); }
Tensor dstack(const std::vector<Tensor>& tensors) { return cat(each(tensors, atleast_3d), 2); }

Tensor movedim(const Tensor& x, const Shape& from, const Shape& to) {
  if (from.rank() != to.rank())
    throw_error<ShapeError>("movedim: as many places as dimensions are needed, got ", from, " and ", to);
  if (x.dim() == 0) return x.permute({});
  Shape order = Shape::filled(x.dim(), -1);
  const detail::Dims moved = from.rank() ? detail::dims_of(from, x.dim(), "movedim") : 0;
  if (to.rank()) detail::dims_of(to, x.dim(), "movedim");
  for (int i = 0; i < from.rank(); ++i) order[dim_of(to[i], x.dim(), "movedim")] = dim_of(from[i], x.dim(), "movedim");
  int next = 0;
  for (std::int64_t& o : order) {
    if (o >= 0) continue;
    while (detail::has(moved, next)) ++next;
    o = next++;
  }
  return x.permute(order);
}
Tensor swapaxes(const Tensor& x, int dim0, int dim1) { return x.transpose(dim0, dim1); }
Tensor swapdims(const Tensor& x, int dim0, int dim1) { return x.transpose(dim0, dim1); }

Tensor broadcast_to(const Tensor& x, const Shape& shape) { return x.expand(shape); }
std::vector<Tensor> broadcast_tensors(const std::vector<Tensor>& tensors) {
  Shape shape;
  for (const Tensor& t : tensors) shape = broadcast_shapes(shape, t.shape());
  std::vector<Tensor> out;
  for (const Tensor& t : tensors) out.push_back(t.expand(shape));
  return out;
}

Tensor unflatten(const Tensor& x, int d, const Shape& sizes) {
  check_rank(x, 1, "unflatten");
  if (sizes.rank() == 0) throw_error<ShapeError>("unflatten: the sizes must not be empty");
  const int dim = wrap_dim(d, x.dim(), "unflatten");
  const std::int64_t n = x.shape()[dim];
  std::int64_t known = 1;
  int unknown = -1;
  bool fits = true;
  for (int i = 0; i < sizes.rank(); ++i) {
    if (sizes[i] == -1 && unknown < 0)
      unknown = i;
    else
      fits = fits && sizes[i] >= 0 && !__builtin_mul_overflow(known, sizes[i], &known);
  }
  if (!fits || (unknown < 0 ? known != n : known == 0 || n % known))
    throw_error<ShapeError>("unflatten: the sizes ", sizes, " do not multiply to ", n, ", dimension ", dim, " of ",
                            x.shape());
  Shape shape = x.shape().erased(dim);
  for (int i = 0; i < sizes.rank(); ++i) shape = shape.inserted(dim + i, i == unknown ? n / known : sizes[i]);
  return x.view(shape);
}

}  // namespace harker

// Which dimensions a reduction reduces, and how its input lies for the kernel.
#include <harker/core/ops/reduce_dims.h>

namespace harker HARKER_PUBLIC {
namespace detail {

Dims all_dims(int rank, const char* op) {
  if (rank > kMaxDims)
    throw_error<ShapeError>(op, ": only tensors with up to ", kMaxDims, " dims are supported, this one has ", rank);
  return rank == kMaxDims ? ~Dims{0} : (Dims{1} << rank) - 1;
}

Dims only(const Tensor& x, int dim) {
  all_dims(x.dim(), "along a dimension");
  return x.dim() ? Dims{1} << dim : 0;
}

Dims dims_of(const Shape& dims, int rank, const char* op) {
  Dims over = all_dims(rank, op);
  if (dims.rank() > 0) over = 0;  // no dims named: all, as in torch
  for (std::int64_t d : dims) {
    if (d < INT32_MIN || d > INT32_MAX) throw_error<ShapeError>(op, ": dimension ", d, " is out of range");
    const int w = wrap_dim(static_cast<int>(d), rank, op);
    if (rank == 0) continue;
    if (has(over, w)) throw_error<ShapeError>(op, ": dim ", w, " appears multiple times in the list of dims");
    over |= Dims{1} << w;
  }
  return over;
}

Shape list_of(Dims over, int rank) {
  Shape list;
  for (int i = rank - 1; i >= 0; --i)
    if (has(over, i)) list = list.inserted(0, i);
  return list;
}

Shape reduced_shape(const Shape& from, Dims over, bool keepdim) {
  Shape shape = from;
  for (int i = from.rank() - 1; i >= 0; --i) {
    if (!has(over, i)) continue;
    if (keepdim)
      shape[i] = 1;
    else
      shape = shape.erased(i);
  }
  return shape;
}

Tensor with_kept_dims(const Tensor& z, const Shape& from, Dims over, bool keepdim) {
  return keepdim || over == 0 ? z : z.reshape(reduced_shape(from, over, true));
}

Tensor over_or_zero(const Tensor& x, const Tensor& z) {
  Tensor zero;
  {
    ModeScope off(false);
    zero = eq(z, 0);
  }
  return where(zero, 0, x / where(zero, 1, z));
}

Folded::Folded(const Tensor& t, Dims over) : x(t) {
  const Shape& shape = t.shape();
  const int rank = shape.rank();
  // Together: between the first and the last reduced dimension nothing is kept but sizes of 1.
  int first = rank, last = -1;
  for (int i = 0; i < rank; ++i)
    if (has(over, i) && shape[i] != 1) first = i < first ? i : first, last = i;
  bool together = true;
  for (int i = first; i < last; ++i) together = together && (has(over, i) || shape[i] == 1);
  if (!together) {
    Shape order = shape;
    int at = 0;
    for (int i = 0; i < rank; ++i)
      if (!has(over, i)) order[at++] = i;
    for (int i = 0; i < rank; ++i)
      if (has(over, i)) order[at++] = i;
    x = t.permute(order);
  }
  x = x.contiguous();
  for (int i = 0; i < rank; ++i) {
    const bool meets = has(over, i) && shape[i] != 1;
    (meets ? n : !together || i < first ? outer : inner) *= shape[i];
  }
}

}  // namespace detail
}  // namespace harker

// The lower and the upper triangle of matrices.
#include <harker/core/ops/common.h>

namespace harker HARKER_PUBLIC {
namespace {

/// x where (column - row) lies on the wanted side of the diagonal, 0 elsewhere.
Tensor triangle(const Tensor& x, std::int64_t diagonal, bool lower, const char* op) {
  if (x.dim() < 2)
    detail::throw_error<ShapeError>(op, ": the input needs at least 2 dimensions, this one is ", x.shape());
  const Tensor row = arange(x.size(-2)).unsqueeze(1), column = arange(x.size(-1));
  const Tensor distance = column - row;
  return masked_fill(x, lower ? gt(distance, diagonal) : lt(distance, diagonal), 0);
}

}  // namespace

Tensor tril(const Tensor& x, std::int64_t diagonal) { return triangle(x, diagonal, true, "tril"); }
Tensor triu(const Tensor& x, std::int64_t diagonal) { return triangle(x, diagonal, false, "triu"); }

}  // namespace harker

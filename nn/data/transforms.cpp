// Transforms: see the header.
#include <harker/nn/data/transforms.h>

#include <harker/core/base/text.h>
#include <harker/core/ops/ops.h>

namespace harker HARKER_PUBLIC {
namespace nn::data::transforms {

using harker::detail::throw_error;

Normalize::Normalize(const std::vector<double>& mean, const std::vector<double>& stddev) {
  if (mean.empty() || mean.size() != stddev.size())
    throw_error<ShapeError>("Normalize: needs as many means as deviations, not ", mean.size(), " and ", stddev.size());
  for (double s : stddev)
    if (!(s > 0 || s < 0)) throw_error<Error>("Normalize: a deviation must not be ", s);
  mean_ = from_vector(mean, {static_cast<std::int64_t>(mean.size())});
  stddev_ = from_vector(stddev, mean_.shape());
}

Tensor Normalize::operator()(const Tensor& x) const {
  if (!is_floating_point(x.dtype()))
    throw_error<TypeError>("Normalize: needs floating point, not ", name(x.dtype()), "; convert first, x.to(kFloat32)");
  const std::int64_t n = mean_.numel();
  if (n > 1 && (x.dim() == 0 || x.size(0) != n))
    throw_error<ShapeError>("Normalize: is for ", n, " channels in dimension 0, the tensor has the shape ", x.shape());
  const Shape each = n > 1 ? Shape::filled(x.dim(), 1) : Shape();
  Shape shape = each;
  if (n > 1) shape[0] = n;
  return (x - mean_.to(x.dtype()).view(shape)) / stddev_.to(x.dtype()).view(shape);
}

}  // namespace nn::data::transforms
}  // namespace harker

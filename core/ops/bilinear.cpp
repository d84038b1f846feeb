// bilinear: a linear map of the products of every element of one vector with every element of another. Composed of
// recorded ops, so that its gradients are theirs.
#include <harker/core/ops/common.h>

namespace harker HARKER_PUBLIC {

Tensor bilinear(const Tensor& a, const Tensor& b, const Tensor& weight, const Tensor& bias) {
  const auto refuse = [&](const char* why) {
    detail::throw_error<ShapeError>("bilinear: ", why, "; a is ", a.shape(), ", b ", b.shape(), ", weight ",
                                    weight.shape(), " = [out, in1, in2]");
  };
  if (weight.dim() != 3) refuse("the weight needs 3 dimensions");
  if (a.dim() < 1 || b.dim() != a.dim()) refuse("a and b need as many dimensions, at least 1");
  for (int d = 0; d + 1 < a.dim(); ++d)
    if (a.size(d) != b.size(d)) refuse("a and b must be alike but for the last dimension");
  if (a.size(-1) != weight.size(1) || b.size(-1) != weight.size(2))
    refuse("the last dimensions of a and b must be in1 and in2");
  const Tensor pairs = a.unsqueeze(-1) * b.unsqueeze(-2);  // [..., in1, in2]
  return linear(pairs.flatten(-2, -1), weight.flatten(1, 2), bias);
}

}  // namespace harker

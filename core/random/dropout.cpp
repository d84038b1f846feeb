// dropout: x times a random mask. Which elements live is drawn as torch's CPU generator draws it (core/random.h).
#include <harker/core/ops/common.h>
#include <harker/core/ops/layers.h>
#include <harker/core/random.h>

namespace harker HARKER_PUBLIC {

Tensor dropout(const Tensor& x, double p, bool training, Generator& g) {
  if (!(p >= 0 && p <= 1)) detail::throw_error<Error>("dropout: p must lie in [0, 1], got ", p);
  if (!is_floating_point(x.dtype())) detail::refuse_computed(x, "dropout");
  if (!training || p == 0 || x.numel() == 0) return x;
  if (p == 1) return x * zeros_like(x);
  Tensor mask = detail::empty_tensor_in_order(x);
  {
    detail::ModeScope off(false);
    bernoulli_(mask, 1 - p, g);
    mask.div_(1 - p);
  }
  return x * mask;
}

}  // namespace harker

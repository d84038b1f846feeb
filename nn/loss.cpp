// The call operators of the losses; the rest of them is in the header, the math in core/ops/loss*.cpp.
#include <harker/nn/loss.h>

namespace harker HARKER_PUBLIC {
namespace nn {

Tensor MSELoss::operator()(const Tensor& x, const Tensor& y) const { return call(*this, x, y); }
Tensor L1Loss::operator()(const Tensor& x, const Tensor& y) const { return call(*this, x, y); }
Tensor SmoothL1Loss::operator()(const Tensor& x, const Tensor& y) const { return call(*this, x, y); }
Tensor HuberLoss::operator()(const Tensor& x, const Tensor& y) const { return call(*this, x, y); }
Tensor BCELoss::operator()(const Tensor& x, const Tensor& y) const { return call(*this, x, y); }
Tensor BCEWithLogitsLoss::operator()(const Tensor& x, const Tensor& y) const { return call(*this, x, y); }
Tensor KLDivLoss::operator()(const Tensor& x, const Tensor& y) const { return call(*this, x, y); }
Tensor NLLLoss::operator()(const Tensor& x, const Tensor& target) const { return call(*this, x, target); }
Tensor CrossEntropyLoss::operator()(const Tensor& x, const Tensor& target) const { return call(*this, x, target); }

}  // namespace nn
}  // namespace harker

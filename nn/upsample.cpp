// Upsample, PixelShuffle and PixelUnshuffle: how they are printed, and their call operators.
#include <harker/nn/layer_repr.h>
#include <harker/nn/upsample.h>

namespace harker HARKER_PUBLIC {
namespace nn {

using detail::str;

Upsample::Upsample(const UpsampleOptions& o) : Module("Upsample"), options_(o), mode_(o.mode) {
  const ScaleFactor& s = o.scale_factor;
  set_extra_repr(str(s.down == 0 && s.across == 0 ? str("size=", python_short(o.size))
                     : s.down == s.across         ? str("scale_factor=", python(s.down))
                                                  : str("scale_factor=(", python(s.down), ", ", python(s.across), ')'),
                     ", mode='", mode_, "'"));
}
Tensor Upsample::forward(const Tensor& x) const {
  UpsampleOptions o = options_;
  o.mode = mode_;
  return interpolate(x, o);
}
Tensor Upsample::operator()(const Tensor& x) const { return call(*this, x); }

PixelShuffle::PixelShuffle(std::int64_t factor) : Module("PixelShuffle"), factor_(factor) {
  set_extra_repr(str("upscale_factor=", factor));
}
Tensor PixelShuffle::operator()(const Tensor& x) const { return call(*this, x); }
PixelUnshuffle::PixelUnshuffle(std::int64_t factor) : Module("PixelUnshuffle"), factor_(factor) {
  set_extra_repr(str("downscale_factor=", factor));
}
Tensor PixelUnshuffle::operator()(const Tensor& x) const { return call(*this, x); }

}  // namespace nn
}  // namespace harker

// Choices by a mask.
#include <harker/core/ops/common.h>

namespace harker {
namespace {

using detail::broadcast_strides;
using detail::str;

struct Where : Op<Where> {  // z = mask ? x : y; dx = mask ? dz : 0, dy = mask ? 0 : dz
  static constexpr const char* name = "where";
  static Tensor forward(Context& c, const Tensor& mask, const Tensor& x, const Tensor& y) {
    if (mask.dtype() != DType::bool_)
      throw TypeError(str("where: the mask must be bool, this one is ", harker::name(mask.dtype()),
                          "; compare it with something (ne(mask, 0))"));
    if (x.dtype() != y.dtype()) detail::refuse_alike(x, y, name);
    c.save(mask);
    const Shape shape = broadcast_shapes(broadcast_shapes(mask.shape(), x.shape()), y.shape());
    Tensor z = detail::fresh(shape, x.dtype(), x.device());
    detail::backend_of(x).where(x.dtype(), shape, mask.raw(), broadcast_strides(mask, shape), x.raw(),
                                broadcast_strides(x, shape), y.raw(), broadcast_strides(y, shape), z.raw());
    return z;
  }
  static Grads backward(Context& c, const Tensor& dz) {
    const Tensor& mask = c.saved(0);
    return {Tensor(), c.needs(1) ? where(mask, dz, 0) : Tensor(), c.needs(2) ? where(mask, 0, dz) : Tensor()};
  }
};

Tensor like(const Tensor& x, double s) { return scalar_tensor(s, {.dtype = x.dtype(), .device = x.device()}); }

}  // namespace

Tensor where(const Tensor& mask, const Tensor& x, const Tensor& y) { return apply<Where>(mask, x, y); }
Tensor where(const Tensor& mask, const Tensor& x, double y) { return where(mask, x, like(x, y)); }
Tensor where(const Tensor& mask, double x, const Tensor& y) { return where(mask, like(y, x), y); }

}  // namespace harker

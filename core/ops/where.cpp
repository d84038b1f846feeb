// Choices by a mask: where, masked_fill, masked_select.
#include <harker/core/ops/gather.h>
#include <harker/core/ops/promotion.h>

namespace harker HARKER_PUBLIC {
namespace {

using detail::broadcast_strides;
using detail::throw_error;

void check_mask(const Tensor& mask, const char* op) {
  if (mask.dtype() != DType::bool_)
    throw_error<TypeError>(op, ": the mask must be bool, this one is ", name(mask.dtype()),
                           "; compare it with something, ne(mask, 0) say");
}

struct Where : Op<Where> {  // z = mask ? x : y; dx = mask ? dz : 0, dy = mask ? 0 : dz
  static constexpr const char* name = "where";
  static Tensor forward(Context& c, const Tensor& mask, const Tensor& x, const Tensor& y) {
    check_mask(mask, name);
    const DType t = detail::common_dtype(x, y, name);
    const Tensor a = x.to(t), b = y.to(t);
    const Shape shape = broadcast_shapes(broadcast_shapes(mask.shape(), a.shape()), b.shape());
    c.save(mask);
    Tensor z = detail::empty_tensor(shape, t, x.device());
    kernels<Masks>(x).where(t, shape, mask.raw(), broadcast_strides(mask, shape), a.raw(), broadcast_strides(a, shape),
                            b.raw(), broadcast_strides(b, shape), z.raw());
    return z;
  }
  static Grads backward(Context& c, const Tensor& dz) {
    const Tensor& mask = c.saved(0);
    return {Tensor(), c.needs(1) ? where(mask, dz, 0) : Tensor(), c.needs(2) ? where(mask, 0, dz) : Tensor()};
  }
};

struct MaskedSelect : Op<MaskedSelect> {  // z = the x whose mask is true, in order; dx = dz put back, 0 elsewhere
  static constexpr const char* name = "masked_select";
  static Tensor forward(Context& c, const Tensor& x, const Tensor& mask) {
    c.save(mask);
    const detail::Dense a(x), m(mask);
    Masks& masks = kernels<Masks>(x);
    Tensor z = detail::empty_tensor(Shape{masks.count_nonzero(m.numel(), m.raw())}, x.dtype(), x.device());
    masks.compress(x.dtype(), a.numel(), a.raw(), m.raw(), z.raw());
    return z;
  }
  static Grads backward(Context& c, const Tensor& dz);
};

struct MaskedPut : Op<MaskedPut> {  // z = 0, with x in order where the mask is true; dx = dz there
  static constexpr const char* name = "masked_put";
  static Tensor forward(Context& c, const Tensor& x, const Tensor& mask) {
    c.save(mask);
    const detail::Dense a(x), m(mask);
    Tensor z = zeros(mask.shape(), {.dtype = x.dtype(), .device = x.device()});
    kernels<Masks>(x).decompress(x.dtype(), m.numel(), a.raw(), m.raw(), z.raw());
    return z;
  }
  static Grads backward(Context& c, const Tensor& dz) { return {apply<MaskedSelect>(dz, c.saved(0)), Tensor()}; }
};

Grads MaskedSelect::backward(Context& c, const Tensor& dz) { return {apply<MaskedPut>(dz, c.saved(0)), Tensor()}; }

/// s as an element of dtype `t`: what fill_ takes, this takes.
Tensor element(const Tensor& x, Scalar s, DType t, const char* op) {
  Tensor z = detail::empty_tensor(Shape(), t, x.device());
  detail::put_number(z.impl(), s, op);
  return detail::made("full", z, Shape(), s);
}
/// The number that stands beside x in a choice.
Tensor beside(const Tensor& x, Scalar s, const char* op) { return element(x, s, detail::common_dtype(x, s, op), op); }

}  // namespace

Tensor where(const Tensor& mask, const Tensor& x, const Tensor& y) { return apply<Where>(mask, x, y); }
Tensor where(const Tensor& mask, const Tensor& x, Scalar y) { return where(mask, x, beside(x, y, "where")); }
Tensor where(const Tensor& mask, Scalar x, const Tensor& y) { return where(mask, beside(y, x, "where"), y); }
Tensor where(const Tensor& mask, Scalar x, Scalar y) {
  return where(mask, element(mask, x, x.dtype(), "where"), element(mask, y, y.dtype(), "where"));
}

Tensor masked_fill(const Tensor& x, const Tensor& mask, Scalar value) {
  return where(mask, element(x, value, x.dtype(), "masked_fill"), x);
}
Tensor masked_fill(const Tensor& x, const Tensor& mask, const Tensor& value) {
  if (value.dim() != 0)
    throw_error<ShapeError>("masked_fill: the value must be a number or a 0-d tensor, this one is ", value.shape(),
                            "; where(mask, value, x) broadcasts");
  if (is_complex(value.dtype()) && !is_complex(x.dtype()))
    throw_error<TypeError>("masked_fill: a complex value does not fit ", name(x.dtype()));
  return where(mask, value.to(x.dtype()), x);
}

Tensor masked_select(const Tensor& x, const Tensor& mask) {
  check_mask(mask, "masked_select");
  const Shape shape = broadcast_shapes(x.shape(), mask.shape());
  const Tensor a = x.shape() == shape ? x : x.expand(shape), m = mask.shape() == shape ? mask : mask.expand(shape);
  return apply<MaskedSelect>(a, m);
}

}  // namespace harker

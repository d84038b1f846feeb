// z = x op y, element by element, broadcast as in NumPy: add, sub, mul, div, and the same with a number.
// Gradients come back in the broadcast shape; the engine sums them to the inputs' (core/autograd/run/engine.cpp).
#include <harker/core/ops/common.h>
#include <harker/core/ops/promotion.h>

namespace harker HARKER_PUBLIC {

using detail::binary;
using detail::scalar;
using detail::throw_error;

Shape broadcast_shapes(const Shape& a, const Shape& b) {
  const Shape& longer = a.rank() >= b.rank() ? a : b;
  const Shape& shorter = a.rank() >= b.rank() ? b : a;
  Shape out = longer;
  int skip = longer.rank() - shorter.rank();
  for (int i = 0; i < shorter.rank(); ++i) {
    std::int64_t l = longer[i + skip], s = shorter[i];
    if (l != s && l != 1 && s != 1)
      throw_error<ShapeError>("The size of tensor a (", &longer == &a ? l : s, ") must match the size of tensor b (",
                              &longer == &a ? s : l, ") at non-singleton dimension ", i + skip, ": ", a, " and ", b,
                              " do not broadcast");
    if (l == 1) out[i + skip] = s;
  }
  return out;
}

Shape detail::broadcast_strides(const Tensor& x, const Shape& shape) {
  Shape own = x.strides(), out = Shape::filled(shape.rank(), 0);
  int skip = shape.rank() - x.dim();
  for (int i = 0; i < x.dim(); ++i)
    if (x.shape()[i] != 1) out[i + skip] = own[i];
  return out;
}

namespace {

struct Add : Op<Add> {  // z = x + y; dx = dz, dy = dz
  static constexpr const char* name = "add";
  static Tensor forward(Context&, const Tensor& x, const Tensor& y) { return binary(Binary::add, name, x, y); }
  static Grads backward(Context&, const Tensor& dz) { return {dz, dz}; }
};

struct Sub : Op<Sub> {  // z = x - y; dx = dz, dy = -dz
  static constexpr const char* name = "sub";
  static Tensor forward(Context&, const Tensor& x, const Tensor& y) { return binary(Binary::sub, name, x, y); }
  static Grads backward(Context& c, const Tensor& dz) { return {dz, c.needs(1) ? -dz : Tensor()}; }
};

struct Mul : Op<Mul> {  // z = x y; dx = dz y, dy = dz x
  static constexpr const char* name = "mul";
  static Tensor forward(Context& c, const Tensor& x, const Tensor& y) {
    c.save(x, y);
    return binary(Binary::mul, name, x, y);
  }
  static Grads backward(Context& c, const Tensor& dz) {
    return {c.needs(0) ? dz * c.saved(1) : Tensor(), c.needs(1) ? dz * c.saved(0) : Tensor()};
  }
};

struct Div : Op<Div> {  // z = x / y; dx = dz / y, dy = -dz x / y / y
  static constexpr const char* name = "div";
  static Tensor forward(Context& c, const Tensor& x, const Tensor& y) {
    c.save(x, y);
    return binary(Binary::div, name, x, y);
  }
  static Grads backward(Context& c, const Tensor& dz) {
    const Tensor& y = c.saved(1);
    return {c.needs(0) ? dz / y : Tensor(), c.needs(1) ? -dz * (c.saved(0) / y / y) : Tensor()};
  }
};

struct AddScalar : Op<AddScalar> {  // z = x + s; dx = dz
  static constexpr const char* name = "add";
  static Tensor forward(Context&, const Tensor& x, double s) { return scalar(Binary::add, name, x, s, false); }
  static Grads backward(Context&, const Tensor& dz, double) { return {dz}; }
};

struct SubScalar : Op<SubScalar> {  // z = x - s; dx = dz
  static constexpr const char* name = "sub";
  static Tensor forward(Context&, const Tensor& x, double s) { return scalar(Binary::sub, name, x, s, false); }
  static Grads backward(Context&, const Tensor& dz, double) { return {dz}; }
};

struct MulScalar : Op<MulScalar> {  // z = s x; dx = s dz
  static constexpr const char* name = "mul";
  static Tensor forward(Context&, const Tensor& x, double s) { return scalar(Binary::mul, name, x, s, false); }
  static Grads backward(Context&, const Tensor& dz, double s) { return {dz * s}; }
};

struct DivScalar : Op<DivScalar> {  // z = x / s; dx = dz / s
  static constexpr const char* name = "div";
  static Tensor forward(Context&, const Tensor& x, double s) { return scalar(Binary::div, name, x, s, false); }
  static Grads backward(Context&, const Tensor& dz, double s) { return {dz / s}; }
};

struct RSubScalar : Op<RSubScalar> {  // z = s - x; dx = -dz
  static constexpr const char* name = "rsub";
  static Tensor forward(Context&, const Tensor& x, double s) { return scalar(Binary::sub, name, x, s, true); }
  static Grads backward(Context&, const Tensor& dz, double) { return {-dz}; }
};

/// Does the number beside x compute as a double? An integer beside an integer tensor does not.
bool real(const Tensor& x, Scalar s) { return s.is_real() || is_floating_point(x.dtype()); }

struct RDivScalar : Op<RDivScalar> {                 // z = s / x; dx = -dz s / x / x
  static constexpr const char* name = "reciprocal";  // torch's name for it: s times the reciprocal
  static Tensor forward(Context& c, const Tensor& x, double s) {
    c.save(x);
    return scalar(Binary::div, name, x, s, true);
  }
  static Grads backward(Context& c, const Tensor& dz, double s) {
    const Tensor& x = c.saved(0);
    return {-dz * (s / x / x)};
  }
};

}  // namespace

Tensor add(const Tensor& x, const Tensor& y) { return apply<Add>(x, y); }
Tensor sub(const Tensor& x, const Tensor& y) { return apply<Sub>(x, y); }
Tensor mul(const Tensor& x, const Tensor& y) { return apply<Mul>(x, y); }
Tensor div(const Tensor& x, const Tensor& y) { return apply<Div>(x, y); }
Tensor operator+(const Tensor& x, double s) { return apply<AddScalar>(x, s); }
Tensor operator+(double s, const Tensor& x) { return apply<AddScalar>(x, s); }
Tensor operator-(const Tensor& x, double s) { return apply<SubScalar>(x, s); }
Tensor operator-(double s, const Tensor& x) { return apply<RSubScalar>(x, s); }
Tensor operator*(const Tensor& x, double s) { return apply<MulScalar>(x, s); }
Tensor operator*(double s, const Tensor& x) { return apply<MulScalar>(x, s); }
Tensor operator/(const Tensor& x, double s) { return apply<DivScalar>(x, s); }
Tensor operator/(double s, const Tensor& x) { return apply<RDivScalar>(x, s); }

// Integers with integers are not recorded: they carry no gradient.
Tensor add(const Tensor& x, Scalar s) {
  return real(x, s) ? x + s.to_double() : detail::promoted_scalar(Binary::add, "add", x, s, false);
}
Tensor sub(const Tensor& x, Scalar s) {
  return real(x, s) && !s.is_bool() ? x - s.to_double() : detail::promoted_scalar(Binary::sub, "sub", x, s, false);
}
Tensor sub(Scalar s, const Tensor& x) {
  return real(x, s) && !s.is_bool() ? s.to_double() - x : detail::promoted_scalar(Binary::sub, "rsub", x, s, true);
}
Tensor mul(const Tensor& x, Scalar s) {
  return real(x, s) ? x * s.to_double() : detail::promoted_scalar(Binary::mul, "mul", x, s, false);
}
Tensor div(const Tensor& x, Scalar s) { return x / s.to_double(); }
Tensor div(Scalar s, const Tensor& x) { return s.to_double() / x; }

}  // namespace harker

// Functions that no program spends its time in: one loop, and a pointer to a function of doubles. float is computed as
// double and rounded once, which costs twice the time of the float function, half the code, and is nearly always exact.
#include <harker/core/backend/cpu/kernels/binary_loop.h>
#include <harker/core/backend/cpu/kernels/dispatch.h>
#include <harker/core/backend/cpu/portable/portable_kernels.h>
#include <harker/core/backend/cpu/portable/special_math.h>

namespace harker::portable {

using Function = double (*)(double);

Function function_of(Unary op) {
#define HARKER_LIBRARY(f) \
  case Unary::f: return [](double x) { return std::f(x); };
  switch (op) {
    HARKER_LIBRARY(tan)
    HARKER_LIBRARY(asin)
    HARKER_LIBRARY(acos)
    HARKER_LIBRARY(atan)
    HARKER_LIBRARY(sinh)
    HARKER_LIBRARY(cosh)
    HARKER_LIBRARY(asinh)
    HARKER_LIBRARY(acosh)
    HARKER_LIBRARY(atanh)
    HARKER_LIBRARY(log2)
    HARKER_LIBRARY(log10)
    HARKER_LIBRARY(exp2)
    HARKER_LIBRARY(erfc)
#undef HARKER_LIBRARY
    case Unary::erfinv: return erfinv;
    case Unary::digamma: return digamma;
    case Unary::lgamma:
      return [](double x) {  // std::lgamma writes to a variable that all threads share
        int sign;
        return ::lgamma_r(x, &sign);
      };
    case Unary::sinc:
      return [](double x) {
        const double angle = std::numbers::pi * x;
        return x == 0 ? 1 : std::sin(angle) / angle;
      };
    default: return nullptr;  // ops send no other
  }
}

void PortableRareFunctions::unary(Unary op, DType t, Index n, const void* x, void* z) {
  const Function f = function_of(op);
  with_type(t, [=](auto kind) {
    using T = decltype(kind);
    in_chunks(n, [=](Index at, Index count) {
      for (Index i = at; i < at + count; ++i)
        static_cast<T*>(z)[i] = static_cast<T>(f(static_cast<double>(static_cast<const T*>(x)[i])));
    });
  });
}

/// The loop of f, which has no state.
template <class T, class F>
inline BinaryRun<T, T> loop_of(F) {
  return [](Index n, const T* x, const T* y, T* z) {
    for (Index i = 0; i < n; ++i) z[i] = static_cast<T>(F()(static_cast<double>(x[i]), static_cast<double>(y[i])));
  };
}

template <class T>
BinaryRun<T, T> rare_loop(Binary op) {
  switch (op) {
    case Binary::atan2: return loop_of<T>([](double a, double b) { return std::atan2(a, b); });
    case Binary::hypot: return loop_of<T>([](double a, double b) { return std::hypot(a, b); });
    case Binary::copysign: return loop_of<T>([](double a, double b) { return std::copysign(a, b); });
    case Binary::polygamma: return loop_of<T>([](double a, double b) { return polygamma(a, b); });
    case Binary::logaddexp:
      return loop_of<T>([](double a, double b) {
        if (a == b && std::isinf(a)) return a;
        return (a > b ? a : b) + std::log1p(std::exp(-std::fabs(a - b)));
      });
    case Binary::logaddexp2:
      return loop_of<T>([](double a, double b) {
        if (a == b && std::isinf(a)) return a;
        return (a > b ? a : b) + std::log1p(std::exp2(-std::fabs(a - b))) * std::numbers::log2e;
      });
    default: return nullptr;  // ops send no other
  }
}

void PortableRareFunctions::binary(Binary op, DType t, Index n, const void* x, const void* y, void* z) {
  const Shape one{n}, step{1};
  binary_strided(op, t, one, x, step, y, step, z);
}
void PortableRareFunctions::scalar(Binary op, DType t, Index n, const void* x, double s, bool reversed, void* z) {
  const float narrow = static_cast<float>(s);
  const void* const number = t == DType::float32 ? static_cast<const void*>(&narrow) : &s;
  const Shape one{n}, step{1}, none{0};
  if (reversed)
    binary_strided(op, t, one, number, none, x, step, z);
  else
    binary_strided(op, t, one, x, step, number, none, z);
}
void PortableRareFunctions::binary_strided(Binary op, DType t, const Shape& shape, const void* x,
                                           const Shape& x_strides, const void* y, const Shape& y_strides, void* z) {
  with_type(t, [&](auto kind) {
    using T = decltype(kind);
    run_binary<T, T>(shape, In{x}, x_strides, In{y}, y_strides, Out{z}, rare_loop<T>(op));
  });
}

HARKER_KERNELS(RareFunctions, PortableRareFunctions)

}  // namespace harker::portable

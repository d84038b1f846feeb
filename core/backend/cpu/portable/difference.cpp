// The losses that are means of a function of a difference, and that function's derivatives.
#include <harker/core/backend/cpu/kernels/dispatch.h>
#include <harker/core/backend/cpu/kernels/elementwise.h>
#include <harker/core/backend/cpu/kernels/scalar_math.h>
#include <harker/core/backend/cpu/portable/portable_kernels.h>

namespace harker::portable {

/// |d| within the quadratic part: smooth_l1 leaves it out at beta (so that beta = 0 is |d|), huber lets it in.
///              f                      f'                f''
///   square     d^2                    2 d               2
///   absolute   |d|                    sign(d)           0
///   smooth_l1  d^2 / 2 beta, |d| - beta/2    d / beta, sign(d)        1 / beta, 0
///   huber      d^2 / 2, beta (|d| - beta/2)  d, beta sign(d)          1, 0
template <class T>
inline T difference_at(Difference f, int derivative, T beta, T d) {
  const T size = fabs_of(d), sign = d > 0 ? T(1) : d < 0 ? T(-1) : d;  // NaN stays
  switch (f) {
    case Difference::square: return derivative == 0 ? d * d : derivative == 1 ? 2 * d : T(2);
    case Difference::absolute: return derivative == 0 ? size : derivative == 1 ? sign : T(0);
    case Difference::smooth_l1:
      if (size < beta) return derivative == 0 ? T(0.5) * d * d / beta : derivative == 1 ? d / beta : 1 / beta;
      return derivative == 0 ? size - T(0.5) * beta : derivative == 1 ? sign : T(0);
    case Difference::huber:
      if (size <= beta) return derivative == 0 ? T(0.5) * d * d : derivative == 1 ? d : T(1);
      return derivative == 0 ? beta * (size - T(0.5) * beta) : derivative == 1 ? beta * sign : T(0);
  }
  return d;
}

void PortableDifferenceLosses::of_difference(Difference f, int derivative, DType t, Index n, double beta, const void* x,
                                             const void* y, void* z) {
  with_type(t, [=](auto kind) {
    using T = decltype(kind);
    const T *const a = static_cast<const T*>(x), *const b = static_cast<const T*>(y);
    T* const out = static_cast<T*>(z);
    if (f == Difference::square && derivative == 0)
      return in_chunks(n, [=](Index at, Index count) {
        map(count, a + at, b + at, out + at, [](auto xv, auto yv) { return (xv - yv) * (xv - yv); });
      });
    in_chunks(n, [=](Index at, Index count) {
      for (Index i = at; i < at + count; ++i) out[i] = difference_at(f, derivative, static_cast<T>(beta), a[i] - b[i]);
    });
  });
}

}  // namespace harker::portable

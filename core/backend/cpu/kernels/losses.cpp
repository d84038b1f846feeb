// The losses that are worth a kernel: those of a difference with their derivatives, the logistic one, and cross entropy
// of class indices, where softmax and its gradient are one pass over each row.
#include <harker/core/backend/cpu/kernels/cpu_kernels.h>
#include <harker/core/backend/cpu/kernels/dispatch.h>
#include <harker/core/backend/cpu/kernels/elementwise.h>
#include <harker/core/backend/cpu/kernels/softmax_row.h>

namespace harker::HARKER_ISA {

void CpuClassLosses::bce_with_logits(DType t, Index n, const void* x, const void* y, const void* pos, void* z) {
  with_type(t, [=](auto kind) {
    using T = decltype(kind);
    const T *const in = static_cast<const T*>(x), *const target = static_cast<const T*>(y);
    const T* const weight = static_cast<const T*>(pos);
    T* const out = static_cast<T*>(z);
    in_chunks(n, [=](Index at, Index count) {
      for (Index i = at; i < at + count; i += kWidth<T>) {
        const Index left = at + count - i;
        const Vector<T> v = load_part(in + i, left, T(0)), truth = load_part(target + i, left, T(0)),
                        zero = Vector<T>{};
        const Vector<T> softplus = log1p_of(exp_of(-magnitude<T>(v))) + (v < zero ? -v : zero);  // log(1 + exp(-v))
        Vector<T> factor = zero + T(1);
        if (weight) factor += (load_part(weight + i, left, T(1)) - T(1)) * truth;
        store_part(out + i, left, (T(1) - truth) * v + factor * softplus);
      }
    });
  });
}

template <class T>
inline double sum_of_weights(Index n, const T* weight) {
  if (!weight) return static_cast<double>(n);
  double sum = 0;
  for (Index c = 0; c < n; ++c) sum += static_cast<double>(weight[c]);
  return sum;
}

/// Rows that one thread takes at a time.
inline Index rows_together(Index n) { return larger(1, (Index{1} << 15) / larger(1, n)); }

template <class F>
inline void each_row_of(Index rows, Index n, const F& run) {
  const Index together = rows_together(n);
  parallel_for(rows * n >= Index{1} << 16, (rows + together - 1) / together, [&](Index at) {
    for (Index r = at * together; r < smaller(rows, (at + 1) * together); ++r) run(r);
  });
}

void CpuClassLosses::cross_entropy(DType t, Index rows, Index n, const void* x, const Index* target, double hard,
                                   double smooth, const void* weight, void* p, void* z) {
  with_type(t, [=](auto kind) {
    using T = decltype(kind);
    const T *const in = static_cast<const T*>(x), *const w = static_cast<const T*>(weight);
    T *const out = static_cast<T*>(z), *const shares = static_cast<T*>(p);
    const double all = smooth != 0 ? sum_of_weights(n, w) : 0;
    each_row_of(rows, n, [=](Index r) {
      const Index c = target[r];
      T* const to = shares ? shares + r * n : nullptr;
      if (c < 0) {
        out[r] = 0;
        for (Index j = 0; to && j < n; ++j) to[j] = 0;
        return;
      }
      const T *const row = in + r * n, shift = largest_of(n, row);
      const double sum = sum_of_exp<T>(n, row, shift, to), lse = log_of(sum);  // relative to the largest, as all below
      if (to) map(n, static_cast<const T*>(to), to, [by = static_cast<T>(1 / sum)](auto e) { return e * by; });
      double loss = hard * (w ? static_cast<double>(w[c]) : 1.0) * (lse - static_cast<double>(row[c] - shift));
      if (smooth != 0) {
        double below = 0;
        if (w)
          for (Index j = 0; j < n; ++j) below += static_cast<double>(w[j] * (row[j] - shift));
        else
          for (Index j = 0; j < n; ++j) below += static_cast<double>(row[j] - shift);
        loss += smooth * (all * lse - below);
      }
      out[r] = static_cast<T>(loss);
    });
  });
}

void CpuClassLosses::cross_entropy_backward(DType t, Index rows, Index n, const void* p, const Index* target,
                                            double hard, double smooth, const void* weight, const void* g, Index g_step,
                                            void* dx) {
  with_type(t, [=](auto kind) {
    using T = decltype(kind);
    const T *const shares = static_cast<const T*>(p), *const w = static_cast<const T*>(weight);
    const T* const gradient = static_cast<const T*>(g);
    T* const out = static_cast<T*>(dx);
    const double all = smooth != 0 ? sum_of_weights(n, w) : 0;
    each_row_of(rows, n, [=](Index r) {
      const Index c = target[r];
      T* const to = out + r * n;
      if (c < 0) {
        for (Index j = 0; j < n; ++j) to[j] = 0;
        return;
      }
      const T scale = gradient[r * g_step];
      const double chosen = hard * (w ? static_cast<double>(w[c]) : 1.0);
      const T by = static_cast<T>(chosen + smooth * all) * scale;
      map(n, shares + r * n, to, [=](auto e) { return e * by; });
      const T share = scale * static_cast<T>(smooth);
      if (smooth != 0 && w)
        for (Index j = 0; j < n; ++j) to[j] -= share * w[j];
      else if (smooth != 0)
        for (Index j = 0; j < n; ++j) to[j] -= share;
      to[c] -= scale * static_cast<T>(chosen);
    });
  });
}

HARKER_KERNELS(ClassLosses, CpuClassLosses)

}  // namespace harker::HARKER_ISA

// Rows (inner is 1) in whole vectors; else a piece of up to 64 columns at a time goes down all n rows. The largest
// element is subtracted before exp, so nothing overflows.
#include <harker/core/backend/cpu/kernels/columns.h>
#include <harker/core/backend/cpu/kernels/cpu_kernels.h>
#include <harker/core/backend/cpu/kernels/dispatch.h>
#include <harker/core/backend/cpu/kernels/reduce.h>
#include <harker/core/backend/cpu/kernels/softmax_row.h>

namespace harker::HARKER_ISA {

/// run(row) for every row of [rows, n], by threads where there is enough to do.
template <class F>
inline void each_row(Index rows, Index n, const F& run) {
  constexpr Index kWorth = Index{1} << 15;
  const Index together = larger(1, kWorth / larger(1, n));
  parallel_for(rows * n >= 2 * kWorth, (rows + together - 1) / together, [&](Index at) {
    for (Index r = at * together; r < smaller(rows, (at + 1) * together); ++r) run(r);
  });
}

/// The largest element and the sum of exponentials of each of a piece's columns; the exponentials go to z, if given.
template <class T>
struct Columns {
  T shift[kPieceWidth];
  double sum[kPieceWidth];

  Columns(Index n, Index inner, Index width, const T* x, T* z, bool finite_shift) {
    for (Index j = 0; j < width; ++j) shift[j] = -kInfinity<T>, sum[j] = 0;
    for (Index i = 0; i < n; ++i)
      for (Index j = 0; j < width; ++j) shift[j] = x[i * inner + j] > shift[j] ? x[i * inner + j] : shift[j];
    if (finite_shift)
      for (Index j = 0; j < width; ++j) shift[j] = shift_of(shift[j]);
    for (Index i = 0; i < n; ++i)
      for (Index j = 0; j < width; j += kWidth<T>) {
        const Index left = width - j;
        const Vector<T> e = exp_of(load_part(x + i * inner + j, left, T(0)) - load_part(shift + j, left, T(0)));
        for (Index k = 0; k < smaller(left, kWidth<T>); ++k) sum[j + k] += static_cast<double>(e[k]);
        if (z) store_part(z + i * inner + j, left, e);
      }
  }
};

void CpuSoftmaxes::logsumexp(DType t, Index outer, Index n, Index inner, const void* x, void* z) {
  with_type(t, [=](auto kind) {
    using T = decltype(kind);
    const T* const in = static_cast<const T*>(x);
    T* const out = static_cast<T*>(z);
    const auto logarithm = [](T shift, double sum) { return static_cast<T>(static_cast<double>(shift) + log_of(sum)); };
    if (inner == 1)
      return each_row(outer, n, [=](Index r) {
        const T shift = shift_of(largest_of(n, in + r * n));
        out[r] = logarithm(shift, sum_of_exp<T>(n, in + r * n, shift, nullptr));
      });
    each_piece(outer, n, inner, [=](Index from, Index to, Index width) {
      const Columns<T> c(n, inner, width, in + from, nullptr, true);
      for (Index j = 0; j < width; ++j) out[to + j] = logarithm(c.shift[j], c.sum[j]);
    });
  });
}

void CpuSoftmaxes::softmax(DType t, bool logarithm, Index outer, Index n, Index inner, const void* x, void* z) {
  with_type(t, [=](auto kind) {
    using T = decltype(kind);
    const T* const in = static_cast<const T*>(x);
    T* const out = static_cast<T*>(z);
    if (inner == 1)
      return each_row(outer, n, [=](Index r) {
        const T *const row = in + r * n, shift = largest_of(n, row);
        T* const to = out + r * n;
        const double sum = sum_of_exp(n, row, shift, logarithm ? nullptr : to);
        const T by = static_cast<T>(logarithm ? log_of(sum) : 1 / sum);
        if (logarithm)
          map(n, row, to, [=](auto v) { return (v - shift) - by; });
        else
          map(n, static_cast<const T*>(to), to, [=](auto v) { return v * by; });
      });
    each_piece(outer, n, inner, [=](Index from, Index, Index width) {
      const Columns<T> c(n, inner, width, in + from, logarithm ? nullptr : out + from, false);
      T by[kPieceWidth];
      for (Index j = 0; j < width; ++j) by[j] = static_cast<T>(logarithm ? log_of(c.sum[j]) : 1 / c.sum[j]);
      for (Index i = 0; i < n; ++i) {
        const Index at = from + i * inner;
        if (logarithm)
          for (Index j = 0; j < width; ++j) out[at + j] = (in[at + j] - c.shift[j]) - by[j];
        else
          for (Index j = 0; j < width; ++j) out[at + j] *= by[j];
      }
    });
  });
}

void CpuSoftmaxes::softmax_backward(DType t, bool logarithm, Index outer, Index n, Index inner, const void* z,
                                    const void* dz, void* dx) {
  with_type(t, [=](auto kind) {
    using T = decltype(kind);
    const T *const out = static_cast<const T*>(z), *const g = static_cast<const T*>(dz);
    T* const to = static_cast<T*>(dx);
    if (inner == 1)
      return each_row(outer, n, [=](Index r) {
        const T *const zr = out + r * n, *const gr = g + r * n;
        if (logarithm) {
          const T sum = static_cast<T>(block_sums<T>(n, ElementOf<T>{gr}));
          for (Index i = 0; i < n; i += kWidth<T>) {
            const Vector<T> e = exp_of(load_part(zr + i, n - i, T(0)));
            store_part(to + r * n + i, n - i, load_part(gr + i, n - i, T(0)) - e * sum);
          }
        } else {
          const T sum = static_cast<T>(block_sums<T>(n, ProductOf<T>{zr, gr}));
          map(n, zr, gr, to + r * n, [=](auto zv, auto gv) { return zv * (gv - sum); });
        }
      });
    each_piece(outer, n, inner, [=](Index from, Index, Index width) {
      double sum[kPieceWidth] = {};
      const auto each = [=](const auto& run) {
        for (Index i = 0; i < n; ++i)
          for (Index j = 0; j < width; ++j) run(j, from + i * inner + j);
      };
      if (logarithm) {
        each([&](Index j, Index at) { sum[j] += static_cast<double>(g[at]); });
        each([&](Index j, Index at) { to[at] = g[at] - exp_of(out[at]) * static_cast<T>(sum[j]); });
      } else {
        each([&](Index j, Index at) { sum[j] += static_cast<double>(g[at] * out[at]); });
        each([&](Index j, Index at) { to[at] = out[at] * (g[at] - static_cast<T>(sum[j])); });
      }
    });
  });
}

HARKER_KERNELS(Softmaxes, CpuSoftmaxes)

}  // namespace harker::HARKER_ISA

// Adding rows where an index says: of all indexing what multiplies and adds floats.
#include <harker/core/backend/cpu/kernels/cpu_kernels.h>
#include <harker/core/backend/cpu/kernels/dispatch.h>

namespace harker::HARKER_ISA {

// Indices may repeat, and the sums must not depend on how many threads there are: so one after the other.
void CpuIndexing::add_rows(DType t, Index outer, Index n, Index inner, Index m, double alpha, const void* x,
                           const Index* index, void* z) {
  with_number(t, [&](auto kind) {
    using T = decltype(kind);
    const T* in = static_cast<const T*>(x);
    T* to = static_cast<T*>(z);
    const T factor = static_cast<T>(alpha);
    for (Index o = 0; o < outer; ++o, to += n * inner)
      for (Index i = 0; i < m; ++i, in += inner) {
        if (index[i] < 0) continue;
        T* const row = to + index[i] * inner;
        for (Index j = 0; j < inner; ++j) row[j] += factor * in[j];
      }
  });
}

HARKER_KERNELS(Indexing, CpuIndexing)

}  // namespace harker::HARKER_ISA

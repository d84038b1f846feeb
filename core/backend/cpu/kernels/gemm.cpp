// Small matrix products, and the way to all others (gemm.h).
#include <harker/core/backend/cpu/kernels/gemm.h>

#include <harker/core/backend/cpu/kernels/cpu_kernels.h>
#include <harker/core/backend/cpu/kernels/dispatch.h>

namespace harker::HARKER_ISA {

template void small_gemm(bool, Index, Index, Index, Left<float>, const float*, Index, Start<float>, float*, Index);
template void small_gemm(bool, Index, Index, Index, Left<double>, const double*, Index, Start<double>, double*, Index);

void CpuProducts::gemm(DType t, bool ta, bool tb, Index m, Index n, Index k, const void* a, Index lda, const void* b,
                       Index ldb, const void* bias, void* c) {
  with_type(t, [=](auto kind) {
    HARKER_ISA::gemm<decltype(kind)>({ta, tb, m, n, k, In{a}, lda, In{b}, ldb, In{bias}, Out{c}});
  });
}

HARKER_KERNELS(Products, CpuProducts)

}  // namespace harker::HARKER_ISA

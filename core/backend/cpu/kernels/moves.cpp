// What gains by the set in copies: float16 to float and back, where the processor's own instructions give the bits of
// core/base/half.h, for all 65,536 halves; float to bfloat16; and transposing.
#include <harker/core/backend/cpu/kernels/cpu_kernels.h>
#include <harker/core/backend/cpu/kernels/transpose.h>
#include <harker/core/base/half.h>

#ifdef __F16C__
#include <immintrin.h>
#endif

namespace harker::HARKER_ISA {

void CpuCopies::widen_float16(Index n, const std::uint16_t* x, float* z) {
  Index i = 0;
#ifdef __F16C__
  for (; i + 8 <= n; i += 8)
    _mm256_storeu_ps(z + i, _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(x + i))));
#endif
  for (; i < n; ++i) z[i] = Float16::to_float(x[i]);
}
void CpuCopies::narrow_float16(Index n, const float* x, std::uint16_t* z) {
  Index i = 0;
#ifdef __F16C__
  for (; i + 8 <= n; i += 8)
    _mm_storeu_si128(reinterpret_cast<__m128i*>(z + i), _mm256_cvtps_ph(_mm256_loadu_ps(x + i), 0));  // to nearest even
#endif
  for (; i < n; ++i) z[i] = Float16::from_float(x[i]);
}
void CpuCopies::narrow_bfloat16(Index n, const float* x, std::uint16_t* z) {
  for (Index i = 0; i < n; ++i) z[i] = BFloat16::from_float(x[i]);
}

void CpuCopies::transpose(Index rows, Index columns, const std::uint32_t* in, Index ld_in, std::uint32_t* out,
                          Index ld_out) {
  HARKER_ISA::transpose(rows, columns, in, ld_in, out, ld_out);
}
void CpuCopies::transpose(Index rows, Index columns, const std::uint64_t* in, Index ld_in, std::uint64_t* out,
                          Index ld_out) {
  HARKER_ISA::transpose(rows, columns, in, ld_in, out, ld_out);
}

HARKER_KERNELS(Copies, CpuCopies)

}  // namespace harker::HARKER_ISA

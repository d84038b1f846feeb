// Uniform and normal floats as PyTorch's CPU kernels make them, to the bit in every set: compiled with -ffp-contract=off,
// every fused multiply-add is written out, since torch's own are part of the result. Logarithm, sine and cosine are the
// single-precision polynomials of Cephes (S. Moshier), in the order in which avx_mathfun (J. Pommier) evaluates them. What
// they choose between is chosen by bits: compilers make vectors of that.
#include <bit>
#include <cmath>

#include <harker/core/backend/cpu/kernels/cpu_kernels.h>

namespace harker::HARKER_ISA {
namespace {

using Bits = std::uint32_t;

inline Bits bits_of(float x) { return std::bit_cast<Bits>(x); }
inline float of_bits(Bits x) { return std::bit_cast<float>(x); }

/// x > 0, not denormal
inline float cephes_log(float x) {
  const Bits fraction = (bits_of(x) & 0x007fffffu) | 0x3f000000u;  // of [1/2, 1)
  const Bits low = fraction < 0x3f3504f3u ? ~0u : 0u;              // below sqrt(1/2): -1
  const float e = static_cast<float>(static_cast<std::int32_t>((bits_of(x) >> 23) - 126 + low));
  x = (of_bits(fraction) - 1.0f) + of_bits(fraction & low);
  const float z = x * x;
  float y = std::fma(7.0376836292E-2f, x, -1.1514610310E-1f);
  y = std::fma(y, x, 1.1676998740E-1f);
  y = std::fma(y, x, -1.2420140846E-1f);
  y = std::fma(y, x, 1.4249322787E-1f);
  y = std::fma(y, x, -1.6668057665E-1f);
  y = std::fma(y, x, 2.0000714765E-1f);
  y = std::fma(y, x, -2.4999993993E-1f);
  y = std::fma(y, x, 3.3333331174E-1f);
  y = y * x;
  y = std::fma(y, z, e * -2.12194440e-4f);
  y = std::fma(-z, 0.5f, y);
  x = x + y;
  return std::fma(e, 0.693359375f, x);
}

/// x >= 0
inline void cephes_sincos(float x, float& sine, float& cosine) {
  const std::int32_t octant = (static_cast<std::int32_t>(x * 1.27323954473516f) + 1) & ~1;
  const float y = static_cast<float>(octant);
  x = std::fma(y, -0.78515625f, x);
  x = std::fma(y, -2.4187564849853515625e-4f, x);
  x = std::fma(y, -3.77489497744594108e-8f, x);
  const float z = x * x;
  float c = std::fma(2.443315711809948E-005f, z, -1.388731625493765E-003f);
  c = std::fma(c, z, 4.166664568298827E-002f);
  c = c * z;
  c = std::fma(c, z, -(z * 0.5f));
  c += 1.0f;
  float s = std::fma(-1.9515295891E-4f, z, 8.3321608736E-3f);
  s = std::fma(s, z, -1.6666654611E-1f);
  s = s * z;
  s = std::fma(s, x, x);
  const Bits at = static_cast<Bits>(octant);
  const Bits swap = (bits_of(s) ^ bits_of(c)) & (0u - ((at >> 1) & 1u));
  sine = of_bits(bits_of(s) ^ swap ^ ((at & 4u) << 29));
  cosine = of_bits(bits_of(c) ^ swap ^ ((~(at - 2u) & 4u) << 29));
}

}  // namespace

void CpuRandomNumbers::uniform(Index n, const std::uint32_t* words, float from, float to, float* z) {
  const float width = to - from;
  for (Index i = 0; i < n; ++i) {
    const float u = static_cast<float>(static_cast<std::int32_t>(words[i] & 0xffffffu)) * 0x1p-24f;
    const float v = std::fma(u, width, from);
    z[i] = v == to ? from : v;
  }
}

void CpuRandomNumbers::normal(Index blocks, float mean, float std, float* z) {  // Box and Muller
  constexpr float kTwoPi = static_cast<float>(2 * 3.14159265358979323846);
  for (; blocks > 0; --blocks, z += 16) {
    float u[8], angle[8], radius[8], sine[8], cosine[8];
    for (int j = 0; j < 8; ++j) {
      u[j] = 1.0f - z[j];
      angle[j] = kTwoPi * z[j + 8];
    }
    for (int j = 0; j < 8; ++j) radius[j] = std::sqrt(-2.0f * cephes_log(u[j]));
    for (int j = 0; j < 8; ++j) cephes_sincos(angle[j], sine[j], cosine[j]);
    for (int j = 0; j < 8; ++j) {
      z[j] = std::fma(radius[j] * cosine[j], std, mean);
      z[j + 8] = std::fma(radius[j] * sine[j], std, mean);
    }
  }
}

HARKER_KERNELS(RandomNumbers, CpuRandomNumbers)

}  // namespace harker::HARKER_ISA

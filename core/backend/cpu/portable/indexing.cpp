// Gathering moves bytes of any dtype. Scattering adds one element after the other on one thread: indices may repeat,
// and the sums must not depend on how many threads there are.
#include <harker/core/backend/cpu/kernels/bits.h>
#include <harker/core/backend/cpu/kernels/dispatch.h>
#include <harker/core/backend/cpu/kernels/strided_loop.h>
#include <harker/core/backend/cpu/portable/portable_kernels.h>

#include <cstring>
#include <type_traits>

namespace harker::portable {

Index PortableIndexing::first_outside(Index n, const Index* index, Index low, Index high) {
  for (Index i = 0; i < n; ++i)
    if (index[i] < low || index[i] >= high) return i;
  return -1;
}

void PortableIndexing::gather(std::size_t item, const Shape& shape, const void* x, const Shape& x_strides, Index step,
                              const Index* index, void* z) {
  const StridedLoop<1> loop(shape, x_strides);
  with_bits(item, [&](auto kind) {
    constexpr Index kSize = sizeof(kind);
    const Index n = loop.inner_size(), inner = loop.inner_stride(0);
    char* out = static_cast<char*>(z);
    const Index* at = index;
    loop.each_outer(1, [&](const Index(&offset)[1]) {
      const char* const from = static_cast<const char*>(x) + offset[0] * kSize;
      for (Index i = 0; i < n; ++i, out += kSize) {
        decltype(kind) v{};
        if (at[i] >= 0) std::memcpy(&v, from + (i * inner + at[i] * step) * kSize, sizeof v);
        std::memcpy(out, &v, sizeof v);
      }
      at += n;
    });
  });
}

void PortableIndexing::scatter_add(DType t, const Shape& shape, const void* x, const Index* index, void* z,
                                   const Shape& z_strides, Index step) {
  const StridedLoop<1> loop(shape, z_strides);
  with_number(t, [&](auto kind) {
    using T = decltype(kind);
    const Index n = loop.inner_size(), inner = loop.inner_stride(0);
    const T* in = static_cast<const T*>(x);
    const Index* at = index;
    loop.each_outer(1, [&](const Index(&offset)[1]) {
      T* const to = static_cast<T*>(z) + offset[0];
      for (Index i = 0; i < n; ++i)
        if (at[i] >= 0) to[i * inner + at[i] * step] += in[i];
      in += n;
      at += n;
    });
  });
}

void PortableIndexing::select_rows(Index outer, Index n, Index inner, Index m, const void* x, const Index* index,
                                   void* z) {
  const auto select = [&](auto bytes) {
    const char* from = static_cast<const char*>(x);
    char* out = static_cast<char*>(z);
    for (Index o = 0; o < outer; ++o, from += n * inner)
      for (Index i = 0; i < m; ++i, out += inner) {
        if (index[i] < 0)
          std::memset(out, 0, static_cast<std::size_t>(bytes));
        else
          std::memcpy(out, from + index[i] * inner, static_cast<std::size_t>(bytes));
      }
  };
  switch (inner) {  // one number: not worth a call
    case 4: return select(std::integral_constant<Index, 4>{});
    case 8: return select(std::integral_constant<Index, 8>{});
    default: select(inner);
  }
}

}  // namespace harker::portable

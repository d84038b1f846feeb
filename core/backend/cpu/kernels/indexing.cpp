// Gathering moves bytes of any dtype. Scattering adds one element after the other on one thread: indices may repeat,
// and the sums must not depend on how many threads there are.
#include <harker/core/backend/cpu/kernels/indexing.h>

#include <harker/core/backend/cpu/kernels/dispatch.h>
#include <harker/core/backend/cpu/kernels/elementwise.h>
#include <harker/core/backend/cpu/kernels/walk.h>

#include <cstring>

namespace harker::HARKER_ISA {

Index first_outside(Index n, const Index* index, Index low, Index high) {
  for (Index i = 0; i < n; ++i)
    if (index[i] < low || index[i] >= high) return i;
  return -1;
}

/// use(bytes as a constant) for the usual sizes of elements, use(0) for others.
template <class F>
inline void with_item(std::size_t bytes, const F& use) {
  switch (bytes) {
    case 1: return use(std::uint8_t());
    case 2: return use(std::uint16_t());
    case 4: return use(std::uint32_t());
    case 8: return use(std::uint64_t());
  }
  struct Sixteen {
    std::uint64_t low, high;
  };
  use(Sixteen());
}

void gather(std::size_t item, const Shape& shape, const void* x, const Shape& x_strides, Index step, const Index* index,
            void* z) {
  Walk<1> walk;
  const Index *const sizes = shape.data(), *const strides = x_strides.data();
  for (int d = 0; d < shape.rank(); ++d) walk.add(sizes[d], {strides[d]});
  with_item(item, [&](auto kind) {
    constexpr Index kSize = sizeof(kind);
    const Index n = walk.inner_size(), inner = walk.inner_stride(0);
    char* out = static_cast<char*>(z);
    const Index* at = index;
    walk.each_outer(1, [&](const Index(&offset)[1]) {
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

void scatter_add(DType t, const Shape& shape, const void* x, const Index* index, void* z, const Shape& z_strides,
                 Index step) {
  Walk<1> walk;
  const Index *const sizes = shape.data(), *const strides = z_strides.data();
  for (int d = 0; d < shape.rank(); ++d) walk.add(sizes[d], {strides[d]});
  with_number(t, [&](auto kind) {
    using T = decltype(kind);
    const Index n = walk.inner_size(), inner = walk.inner_stride(0);
    const T* in = static_cast<const T*>(x);
    const Index* at = index;
    walk.each_outer(1, [&](const Index(&offset)[1]) {
      T* const to = static_cast<T*>(z) + offset[0];
      for (Index i = 0; i < n; ++i)
        if (at[i] >= 0) to[i * inner + at[i] * step] += in[i];
      in += n;
      at += n;
    });
  });
}

void select_rows(Index outer, Index n, Index inner, Index m, const void* x, const Index* index, void* z) {
  const char* from = static_cast<const char*>(x);
  char* out = static_cast<char*>(z);
  const auto bytes = static_cast<std::size_t>(inner);
  for (Index o = 0; o < outer; ++o, from += n * inner)
    for (Index i = 0; i < m; ++i, out += inner) {
      if (index[i] < 0)
        std::memset(out, 0, bytes);
      else if (inner == 4)  // one number: not worth a call
        std::memcpy(out, from + index[i] * 4, 4);
      else
        std::memcpy(out, from + index[i] * inner, bytes);
    }
}

void add_rows(DType t, Index outer, Index n, Index inner, Index m, double alpha, const void* x, const Index* index,
              void* z) {
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

}  // namespace harker::HARKER_ISA

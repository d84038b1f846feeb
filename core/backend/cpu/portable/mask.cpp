// Choices by masks, bytes of which any but 0 is true. Compressing and its reverse run in order, on one thread: where an
// element goes depends on all before it.
#include <harker/core/backend/cpu/kernels/binary_loop.h>
#include <harker/core/backend/cpu/kernels/bits.h>
#include <harker/core/backend/cpu/portable/portable_kernels.h>

namespace harker::portable {

template <class B>
void where_run(Index n, const std::uint8_t* mask, Index mask_step, const B* x, Index x_step, const B* y, Index y_step,
               B* __restrict z) {
  constexpr Index kBlock = SideBySide<B>::kBlock;
  SideBySide<std::uint8_t> choice(mask, mask_step);
  SideBySide<B> a(x, x_step), b(y, y_step);
  for (Index i = 0; i < n; i += kBlock) {
    const Index some = smaller(kBlock, n - i);
    const std::uint8_t* const m = choice.at(i, some);
    const B *const p = a.at(i, some), *const q = b.at(i, some);
    if constexpr (sizeof(B) <= 8)
      for (Index j = 0; j < some; ++j) {
        const B all = static_cast<B>(m[j] != 0 ? -1 : 0);  // no branch: vectors can do this
        z[i + j] = static_cast<B>((p[j] & all) | (q[j] & static_cast<B>(~all)));
      }
    else
      for (Index j = 0; j < some; ++j) z[i + j] = m[j] ? p[j] : q[j];
  }
}

void PortableMasks::where(DType t, const Shape& shape, const void* mask, const Shape& mask_strides, const void* x,
                          const Shape& x_strides, const void* y, const Shape& y_strides, void* z) {
  const StridedLoop<3> loop(shape, mask_strides, x_strides, y_strides);
  const Index n = loop.inner_size();
  const Index ms = loop.inner_stride(0), xs = loop.inner_stride(1), ys = loop.inner_stride(2);
  with_bits(item_size(t), [&](auto kind) {
    using B = decltype(kind);
    B* out = static_cast<B*>(z);
    loop.each_outer(1, [&](const Index(&offset)[3]) {
      const std::uint8_t* const m = static_cast<const std::uint8_t*>(mask) + offset[0];
      const B *const a = static_cast<const B*>(x) + offset[1], *const b = static_cast<const B*>(y) + offset[2];
      in_chunks(n, [=](Index at, Index count) {
        where_run(count, m + at * ms, ms, a + at * xs, xs, b + at * ys, ys, out + at);
      });
      out += n;
    });
  });
}

Index PortableMasks::count_nonzero(Index n, const void* mask) {
  const std::uint8_t* const m = static_cast<const std::uint8_t*>(mask);
  Index count = 0;
  constexpr Index kBlock = 240;  // of which a byte can tell the number
  for (Index i = 0; i < n; i += kBlock) {
    std::uint8_t some = 0;
    for (Index j = i; j < smaller(n, i + kBlock); ++j) some = static_cast<std::uint8_t>(some + (m[j] != 0));
    count += some;
  }
  return count;
}

// Both go on until the last of `count`, without a branch that would be guessed wrong.
void PortableMasks::compress(DType t, Index n, const void* x, const void* mask, void* z) {
  const std::uint8_t* const m = static_cast<const std::uint8_t*>(mask);
  const Index count = count_nonzero(n, mask);
  with_bits(item_size(t), [=](auto kind) {
    using B = decltype(kind);
    for (Index i = 0, to = 0; to < count; ++i) {
      static_cast<B*>(z)[to] = static_cast<const B*>(x)[i];
      to += m[i] != 0;
    }
  });
}

void PortableMasks::decompress(DType t, Index n, const void* x, const void* mask, void* z) {
  const std::uint8_t* const m = static_cast<const std::uint8_t*>(mask);
  const Index count = count_nonzero(n, mask);
  with_bits(item_size(t), [=](auto kind) {
    using B = decltype(kind);
    B* const out = static_cast<B*>(z);
    for (Index i = 0, from = 0; from < count; ++i) {
      const B v = static_cast<const B*>(x)[from], old = out[i];
      out[i] = m[i] ? v : old;
      from += m[i] != 0;
    }
  });
}

void PortableMasks::any_or_all(bool all, Index outer, Index n, const void* x, void* z) {
  for (Index o = 0; o < outer; ++o) {
    const Index found = count_nonzero(n, static_cast<const std::uint8_t*>(x) + o * n);
    static_cast<std::uint8_t*>(z)[o] = all ? found == n : found > 0;
  }
}

HARKER_KERNELS(Masks, PortableMasks)

}  // namespace harker::portable

// Filling memory and copying strided elements. Equal dtypes move bits, by size alone; others go through a small buffer
// of wide numbers (convert.h). Two innermost dimensions that cross, as in a transpose, go block by block so that no
// cache line is fetched more than once. A complex number is two copies: of its real parts and of its imaginary parts.
#include <harker/core/backend/cpu/kernels/bits.h>
#include <harker/core/backend/cpu/kernels/strided_loop.h>
#include <harker/core/backend/cpu/portable/convert.h>
#include <harker/core/backend/cpu/portable/portable_kernels.h>
#include <harker/core/backend/cpu/refuse.h>

#include <bit>
#include <cstring>
#include <cwchar>

namespace harker::portable {

/// Elements of a mapped file need not be aligned; those that are not move by memcpy alone.
inline bool aligned(const void* p, std::size_t bytes) { return reinterpret_cast<std::uintptr_t>(p) % bytes == 0; }

/// dst = v, n times: some, and then copies of what is there. The C library's are as wide as the processor's vectors.
template <class B>
inline void repeat(Index n, const B& v, char* dst) {
  constexpr Index kSize = sizeof(B), kFirst = 512 / kSize, kMost = 16384 / kSize;  // kMost: the first cache keeps it
  if constexpr (sizeof(B) == sizeof(wchar_t))
    if (aligned(dst, kSize)) {  // a third faster
      std::wmemset(reinterpret_cast<wchar_t*>(dst), std::bit_cast<wchar_t>(v), static_cast<std::size_t>(n));
      return;
    }
  Index done = smaller(n, kFirst);
  for (Index i = 0; i < done; ++i) std::memcpy(dst + i * kSize, &v, sizeof v);
  while (done < n) {
    const Index more = smaller(n - done, smaller(done, kMost));
    std::memcpy(dst + done * kSize, dst, static_cast<std::size_t>(more * kSize));
    done += more;
  }
}

/// memcpy. The instruction that the C library leaves 2 KiB and more to takes nine times as long where dst lies less than a vector
/// behind src, counted within a page, as in rows of 1,024 floats rolled by one: those go block by block, from the end.
inline void move_bytes(char* dst, const char* src, std::size_t n) {
  constexpr std::size_t kBlock = 64, kPage = 4096, kVector = 32;
  const std::size_t behind = (reinterpret_cast<std::uintptr_t>(dst) - reinterpret_cast<std::uintptr_t>(src)) % kPage;
  if (n > kPage / 2 && behind > 0 && behind < kVector)
    for (; n >= kBlock; n -= kBlock) {
      char block[kBlock];
      std::memcpy(block, src + n - kBlock, kBlock);
      std::memcpy(dst + n - kBlock, block, kBlock);
    }
  std::memcpy(dst, src, n);
}

/// dst = src, n elements; steps in bytes.
template <class B>
inline void move_run(Index n, const char* src, Index src_step, char* dst, Index dst_step) {
  constexpr Index kSize = sizeof(B);
  if (dst_step == kSize && src_step == kSize) {
    move_bytes(dst, src, static_cast<std::size_t>(n) * sizeof(B));
  } else if (dst_step == kSize && src_step == 0) {
    B v;
    std::memcpy(&v, src, sizeof v);
    if (std::memcmp(src, src + 1, sizeof v - 1) == 0)  // all bytes are one: zeros, above all
      std::memset(dst, *src, static_cast<std::size_t>(n) * sizeof v);
    else
      repeat(n, v, dst);
  } else if (dst_step == kSize && src_step == -kSize) {
    for (Index i = 0; i < n; ++i) std::memcpy(dst + i * kSize, src - i * kSize, sizeof(B));  // steps that are known
  } else {
    for (Index i = 0; i < n; ++i) {
      B v;
      std::memcpy(&v, src + i * src_step, sizeof v);
      std::memcpy(dst + i * dst_step, &v, sizeof v);
    }
  }
}

/// The two innermost dimensions of a loop, where dst goes along one and src along the other.
template <class B>
inline void move_crossed(PortableCopies& b, const StridedLoop<2>& w, const char* src, char* dst) {
  constexpr Index kBlock = 32;
  const int i = w.rank - 2, j = w.rank - 1;
  for (Index r = 0; r < w.size[i]; r += kBlock)
    for (Index c = 0; c < w.size[j]; c += kBlock) {
      const Index rows = smaller(kBlock, w.size[i] - r), columns = smaller(kBlock, w.size[j] - c);
      if constexpr (sizeof(B) == 4 || sizeof(B) == 8)
        if (aligned(src, sizeof(B)) && aligned(dst, sizeof(B)) && w.stride[1][j] == Index{sizeof(B)} &&
            w.stride[0][j] % Index{sizeof(B)} == 0 && w.stride[1][i] % Index{sizeof(B)} == 0) {
          const char* const in = src + r * w.stride[0][i] + c * w.stride[0][j];
          char* const out = dst + r * w.stride[1][i] + c * w.stride[1][j];
          b.transpose(columns, rows, reinterpret_cast<const B*>(in), w.stride[0][j] / Index{sizeof(B)},
                      reinterpret_cast<B*>(out), w.stride[1][i] / Index{sizeof(B)});
          continue;
        }
      for (Index t = r; t < r + rows; ++t)
        move_run<B>(columns, src + t * w.stride[0][i] + c * w.stride[0][j], w.stride[0][j],
                    dst + t * w.stride[1][i] + c * w.stride[1][j], w.stride[1][j]);
    }
}

/// Elements of one size, bits kept.
void move_bits(PortableCopies& b, std::size_t bytes, const StridedLoop<2>& w, const char* src, char* dst) {
  with_bits(bytes, [&](auto kind) {
    using B = decltype(kind);
    const bool crossed = w.rank >= 2 && w.stride[0][w.rank - 2] == Index{sizeof(B)} && w.inner_stride(0) != 0;
    w.each_outer(crossed ? 2 : 1, [&](const Index(&offset)[2]) {
      if (crossed)
        move_crossed<B>(b, w, src + offset[0], dst + offset[1]);
      else
        move_run<B>(w.inner_size(), src + offset[0], w.inner_stride(0), dst + offset[1], w.inner_stride(1));
    });
  });
}

/// dst = src converted, n elements, steps in bytes: gathered, widened, narrowed and scattered a buffer at a time.
void convert_run(PortableCopies& b, DType from, DType to, Index n, const char* src, Index src_step, char* dst,
                 Index dst_step) {
  alignas(64) char gathered[kBuffer * 8], wide[kBuffer * 8], narrowed[kBuffer * 8];
  const std::size_t from_size = item_size(from), to_size = item_size(to);
  const bool together = src_step == static_cast<Index>(from_size) && aligned(src, from_size);
  const bool apart = dst_step != static_cast<Index>(to_size) || !aligned(dst, to_size);
  for (Index i = 0; i < n; i += kBuffer) {
    const Index count = smaller(kBuffer, n - i);
    const char* in = src + i * src_step;
    char* const out = dst + i * dst_step;
    if (!together) {
      with_bits(from_size,
                [&](auto kind) { move_run<decltype(kind)>(count, in, src_step, gathered, Index{sizeof kind}); });
      in = gathered;
    }
    widen(b, from, count, in, wide);
    narrow(b, wide_of(from), to, count, wide, apart ? narrowed : out);
    if (apart)
      with_bits(to_size,
                [&](auto kind) { move_run<decltype(kind)>(count, narrowed, Index{sizeof kind}, out, dst_step); });
  }
}

/// The dtype of a complex number's two parts.
inline DType part_of(DType t) {
  return t == DType::complex32 ? DType::float16 : t == DType::complex64 ? DType::float32 : DType::float64;
}

/// dst = dst || src != 0, for the imaginary parts of complex numbers that become bool.
void or_nonzero(PortableCopies& b, DType from, const StridedLoop<2>& w, const char* src, char* dst) {
  w.each_outer(1, [&](const Index(&offset)[2]) {
    for (Index i = 0; i < w.inner_size(); ++i) {
      char truth = 0;
      convert_run(b, from, DType::bool_, 1, src + offset[0] + i * w.inner_stride(0), 0, &truth, 1);
      dst[offset[1] + i * w.inner_stride(1)] |= truth;
    }
  });
}

/// Neither complex nor equal dtypes.
void convert(PortableCopies& b, DType from, DType to, const StridedLoop<2>& w, const char* src, char* dst) {
  if (from == to) return move_bits(b, item_size(to), w, src, dst);
  w.each_outer(1, [&](const Index(&offset)[2]) {
    convert_run(b, from, to, w.inner_size(), src + offset[0], w.inner_stride(0), dst + offset[1], w.inner_stride(1));
  });
}

void PortableCopies::copy(DType from, DType to, const Shape& shape, const void* source, const Shape& src_strides,
                          void* destination, const Shape& dst_strides) {
  const char* const src = static_cast<const char*>(source);
  char* const dst = static_cast<char*>(destination);
  const Index from_size = static_cast<Index>(item_size(from)), to_size = static_cast<Index>(item_size(to));
  const Index *const sizes = shape.data(), *const ss = src_strides.data(), *const ds = dst_strides.data();
  StridedLoop<2> loop;
  for (int d = 0; d < shape.rank(); ++d) loop.add(sizes[d], {ss[d] * from_size, ds[d] * to_size});
  if (loop.empty) return;
  if (from == to) return move_bits(*this, item_size(to), loop, src, dst);

  const DType from_part = is_complex(from) ? part_of(from) : from, to_part = is_complex(to) ? part_of(to) : to;
  if (!has_codec(from_part) || !has_codec(to_part)) refuse_conversion(from, to);
  convert(*this, from_part, to_part, loop, src, dst);
  const char* const src_imaginary = src + from_size / 2;
  char* const dst_imaginary = dst + to_size / 2;
  if (is_complex(from) && is_complex(to)) {
    convert(*this, from_part, to_part, loop, src_imaginary, dst_imaginary);
  } else if (is_complex(from) && to == DType::bool_) {
    or_nonzero(*this, from_part, loop, src_imaginary, dst);
  } else if (is_complex(to)) {
    const double zero = 0;
    for (int d = 0; d < loop.rank; ++d) loop.stride[0][d] = 0;
    convert(*this, DType::float64, to_part, loop, reinterpret_cast<const char*>(&zero), dst_imaginary);
  }
}

void PortableCopies::fill(DType t, Index n, double v, void* z) {
  char one[16] = {};
  const DType part = is_complex(t) ? part_of(t) : t;
  if (!has_codec(part)) refuse_conversion(DType::float64, t);
  narrow(*this, Wide::f64, part, 1, &v, one);
  with_bits(item_size(t), [&](auto b) { move_run<decltype(b)>(n, one, 0, static_cast<char*>(z), Index{sizeof b}); });
}

}  // namespace harker::portable

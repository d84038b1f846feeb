// The kernels that gain nothing by a faster instruction set, or that no program spends its time in: comparisons, masks,
// indices, integers, copies and conversions, scans, sorting and pooling. They are compiled once (the files of this
// folder). Where part of a family is compiled for each set, that part derives from what is here. What multiplies and
// adds floats is never here: its results would change where a set rounds a product and a sum as one
// (docs/performance.md says what was measured).
#pragma once
#include <harker/core/backend/backend.h>

namespace harker::portable {

using Index = std::int64_t;

/// A family's one object, for pick.cpp.
template <class Family>
[[gnu::visibility("hidden")]] Family& kernels_of();
/// Beside the kernels: of Family there is this class.
#define HARKER_KERNELS(Family, Class) \
  template <>                         \
  Family& kernels_of() {              \
    static constinit Class object;    \
    return object;                    \
  }

// copy.cpp
class PortableCopies : public Copies {
 public:
  void fill(DType, Index n, double v, void* z) override;
  void copy(DType from, DType to, const Shape& shape, const void* src, const Shape& src_strides, void* dst,
            const Shape& dst_strides) override;

  // The parts of copy that gain by a faster set (moves.cpp of each).
  /// z[n] = x[n], float16 as float and back: an instruction of AVX2 gives the same bits 17 times as fast.
  virtual void widen_float16(Index n, const std::uint16_t* x, float* z) = 0;
  virtual void narrow_float16(Index n, const float* x, std::uint16_t* z) = 0;
  /// The same to bfloat16, twice as fast.
  virtual void narrow_bfloat16(Index n, const float* x, std::uint16_t* z) = 0;
  /// out[columns, rows] = in[rows, columns] transposed, 1.5 times as fast; the row lengths in memory are ld_in and
  /// ld_out.
  virtual void transpose(Index rows, Index columns, const std::uint32_t* in, Index ld_in, std::uint32_t* out,
                         Index ld_out) = 0;
  virtual void transpose(Index rows, Index columns, const std::uint64_t* in, Index ld_in, std::uint64_t* out,
                         Index ld_out) = 0;
};

// rare.cpp
class PortableRareFunctions final : public RareFunctions {
 public:
  void unary(Unary, DType, Index n, const void* x, void* z) override;
  void binary(Binary, DType, Index n, const void* x, const void* y, void* z) override;
  void scalar(Binary, DType, Index n, const void* x, double s, bool reversed, void* z) override;
  void binary_strided(Binary, DType, const Shape& shape, const void* x, const Shape& x_strides, const void* y,
                      const Shape& y_strides, void* z) override;
};

// compare.cpp
class PortableComparisons final : public Comparisons {
 public:
  void compare(Compare, DType, const Shape& shape, const void* x, const Shape& x_strides, const void* y,
               const Shape& y_strides, void* z) override;
  void logical(Logical, const Shape& shape, const void* x, const Shape& x_strides, const void* y,
               const Shape& y_strides, void* z) override;
};

// mask.cpp
class PortableMasks final : public Masks {
 public:
  void where(DType, const Shape& shape, const void* mask, const Shape& mask_strides, const void* x,
             const Shape& x_strides, const void* y, const Shape& y_strides, void* z) override;
  Index count_nonzero(Index n, const void* mask) override;
  void compress(DType, Index n, const void* x, const void* mask, void* z) override;
  void decompress(DType, Index n, const void* x, const void* mask, void* z) override;
  void any_or_all(bool all, Index outer, Index n, const void* x, void* z) override;
};

// integer.cpp
class PortableIntegers final : public Integers {
 public:
  void unary_int64(Unary, Index n, const void* x, void* z) override;
  void binary_int64(Binary, const Shape& shape, const void* x, const Shape& x_strides, const void* y,
                    const Shape& y_strides, void* z) override;
  void gemm_int64(Index m, Index n, Index k, const Index* a, const Index (&a_strides)[2], const Index* b,
                  const Index (&b_strides)[2], Index* c) override;
  void sum_int64(Index outer, Index n, Index inner, const Index* x, Index* z) override;
};

// indexing.cpp
class PortableIndexing : public Indexing {
 public:
  Index first_outside(Index n, const Index* index, Index low, Index high) override;
  void gather(std::size_t item, const Shape& shape, const void* x, const Shape& x_strides, Index step,
              const Index* index, void* z) override;
  void scatter_add(DType, const Shape& shape, const void* x, const Index* index, void* z, const Shape& z_strides,
                   Index step) override;
  void select_rows(Index outer, Index n, Index inner, Index m, const void* x, const Index* index, void* z) override;
};

// scan.cpp
class PortableScans final : public Scans {
 public:
  void extreme(DType, bool largest, Index outer, Index n, Index inner, const void* x, void* z, Index* index) override;
  void product(DType, Index outer, Index n, Index inner, const void* x, void* z) override;
  void product_of_others(DType, Index outer, Index n, Index inner, const void* x, void* z) override;
  void cumsum(DType, bool from_end, Index outer, Index n, Index inner, const void* x, void* z) override;
};

// sorting.cpp
class PortableSorting final : public Sorting {
 public:
  void sort(DType, bool descending, Index rows, Index n, const void* x, Index* index, Index* work) override;
};

// difference.cpp
class PortableDifferenceLosses : public DifferenceLosses {
 public:
  void of_difference(Difference, int derivative, DType, Index n, double beta, const void* x, const void* y,
                     void* z) override;
};

// pooling.cpp
class PortablePooling final : public Pooling {
 public:
  void max_pool2d(DType, const Windows&, Index images, const void* x, void* z, Index* index) override;
  void avg_pool2d(DType, const Windows&, Index images, bool count_padding, Index divisor, const void* x,
                  void* z) override;
  void avg_pool2d_backward(DType, const Windows&, Index images, bool count_padding, Index divisor, const void* dz,
                           void* dx) override;
};

}  // namespace harker::portable

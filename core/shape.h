// Shape: the sizes of a tensor, or its strides. Up to six dimensions live inline (almost every tensor); more go to the
// heap.
#pragma once
#include <cstdint>
#include <initializer_list>
#include <iosfwd>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include <harker/core/export.h>

namespace harker HARKER_PUBLIC {

class Shape {
 public:
  static constexpr int kInline = 6;

  Shape() noexcept { at_[0] = at_[1] = 0; }
  Shape(std::initializer_list<std::int64_t> sizes) : Shape(sizes.begin(), sizes.size()) {}
  Shape(const std::vector<std::int64_t>& sizes) : Shape(sizes.data(), sizes.size()) {}
  /// One dimension of this size: `ones(5)`, `x.view(-1)`; or one dimension: `x.sum(0)`. Not from a bool, which would be a
  /// flag in the wrong place.
  template <class I>
  requires(std::is_integral_v<I> && !std::is_same_v<I, bool>) Shape(I size)
  noexcept : rank_(1) {
    at_[0] = static_cast<std::int64_t>(size);
    at_[1] = 0;
  }
  /// From a span or array of sizes. (A template, so that no copy of a Shape asks whether it is a range of sizes: that
  /// question alone costs a user's file 5 % of its compiler's time.)
  template <class Sizes>
  requires(!std::is_same_v<Sizes, Shape> && !std::is_integral_v<Sizes> &&
           std::is_convertible_v<const Sizes&, std::span<const std::int64_t>>) explicit Shape(const Sizes& sizes) {
    const std::span<const std::int64_t> s = sizes;
    *this = Shape(s.data(), s.size());
  }
  /// The shape of a matrix, without a list in memory.
  static Shape matrix(std::int64_t rows, std::int64_t columns) noexcept {
    Shape s;
    s.rank_ = 2;
    s.at_[0] = rows;
    s.at_[1] = columns;
    return s;
  }
  /// `rank` dimensions of size `fill`.
  static Shape filled(int rank, std::int64_t fill);
  Shape(const Shape& o) {
    if (o.rank_ > kPlain) [[unlikely]]
      copy_more(o);
    else
      copy_plain(o);
  }
  Shape(Shape&& o) noexcept {
    if (o.rank_ > kPlain) [[unlikely]]
      take_more(o);
    else
      copy_plain(o);
  }
  Shape& operator=(const Shape& o) {
    if (o.rank_ > kPlain || rank_ > kInline) [[unlikely]]
      assign_more(o);
    else
      copy_plain(o);
    return *this;
  }
  Shape& operator=(Shape&& o) noexcept {
    if (o.rank_ > kPlain || rank_ > kInline) [[unlikely]]
      assign_more(std::move(o));
    else
      copy_plain(o);
    return *this;
  }
  ~Shape() {
    if (rank_ > kInline) [[unlikely]]
      delete[] heap_;
  }

  int rank() const noexcept { return static_cast<int>(rank_); }
  std::size_t size() const noexcept { return static_cast<std::size_t>(rank_); }
  std::vector<std::int64_t> vec() const;
  std::int64_t* data() noexcept { return rank_ > kInline ? heap_ : at_; }
  const std::int64_t* data() const noexcept { return rank_ > kInline ? heap_ : at_; }
  std::int64_t* begin() noexcept { return data(); }
  std::int64_t* end() noexcept { return data() + rank_; }
  const std::int64_t* begin() const noexcept { return data(); }
  const std::int64_t* end() const noexcept { return data() + rank_; }
  std::int64_t operator[](int i) const noexcept { return data()[i]; }
  std::int64_t& operator[](int i) noexcept { return data()[i]; }
  std::int64_t back() const noexcept { return data()[rank_ - 1]; }
  operator std::span<const std::int64_t>() const noexcept;

  /// The product of the sizes (1 for rank 0). Sizes from a file are checked before a Shape is made of them.
  std::int64_t numel() const noexcept {
    std::uint64_t n = 1;  // beside a size of 0 the others may be so large that their product means nothing
    for (std::int64_t d : *this) n *= static_cast<std::uint64_t>(d);
    return static_cast<std::int64_t>(n);
  }
  /// Row-major strides for these sizes, as PyTorch computes them (a size of 0 counts as 1).
  Shape contiguous_strides() const;
  /// A copy with one dimension more, or one less, at `dim` (0 <= dim).
  Shape inserted(int dim, std::int64_t size) const;
  Shape erased(int dim) const;

  bool operator==(const Shape& o) const noexcept {
    if (rank_ != o.rank_) return false;
    if (rank_ <= kPlain) [[likely]]
      return at_[0] == o.at_[0] && at_[1] == o.at_[1];
    return same_more(o);
  }

 private:
  Shape(const std::int64_t* sizes, std::size_t n) : rank_(static_cast<std::int64_t>(n)) {
    std::int64_t* to = at_;
    if (rank_ > kInline) [[unlikely]]
      to = heap_ = new std::int64_t[n];
    else
      at_[0] = at_[1] = 0;
    for (std::size_t i = 0; i < n; ++i) to[i] = sizes[i];
  }
  /// Shapes of so few dimensions, nearly all, are copied and compared without a call or a loop: always two numbers, of
  /// which those not in use are 0.
  static constexpr int kPlain = 2;
  void copy_plain(const Shape& o) noexcept {
    rank_ = o.rank_;
    at_[0] = o.at_[0];
    at_[1] = o.at_[1];
  }
  // The same for any shape. *this has no memory of its own when it copies or takes o.
  void copy_more(const Shape& o);
  void take_more(Shape& o) noexcept;
  void assign_more(const Shape& o);
  void assign_more(Shape&& o) noexcept;
  bool same_more(const Shape& o) const noexcept;

  std::int64_t rank_ = 0;
  union {
    std::int64_t at_[kInline];
    std::int64_t* heap_;
  };
};

/// Prints "[2, 3]".
std::ostream& operator<<(std::ostream& out, const Shape& s);

}  // namespace harker

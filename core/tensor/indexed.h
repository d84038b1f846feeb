// TensorIndex and IndexedTensor: what stands between the brackets of x[...] and the braces of x.index({...}), and what they
// give. Users get this with core/tensor.h.
#pragma once
#include <utility>

#include <harker/core/tensor.h>

namespace harker HARKER_PUBLIC {

namespace indexing {

/// Python's start:stop:step: `Slice(1, None, 2)`. Bounds are clamped, negative ones count from the end.
struct Slice {
  std::int64_t start, stop, step;
  Slice(std::optional<std::int64_t> from = {}, std::optional<std::int64_t> to = {}, std::optional<std::int64_t> by = {})
      : start(from.value_or(0)), stop(to.value_or(INT64_MAX)), step(by.value_or(1)) {}
};
/// A new dimension of size 1; in a Slice: no bound.
inline constexpr std::nullopt_t None = std::nullopt;
/// As many whole dimensions as are left: Python's `...`.
struct EllipsisIndexType {};
inline constexpr EllipsisIndexType Ellipsis;

/// One of the indices of x.index({...}): None, Ellipsis or "...", an integer, true or false, a Slice, a tensor.
class TensorIndex {
 public:
  enum class Kind : std::uint8_t { none, ellipsis, integer, boolean, slice, tensor };
  TensorIndex(std::nullopt_t) : kind_(Kind::none) {}
  TensorIndex(EllipsisIndexType) : kind_(Kind::ellipsis) {}
  TensorIndex(const char* ellipsis);  ///< "...": TypeError for other words
  template <std::integral I>
  TensorIndex(I i) : kind_(std::same_as<I, bool> ? Kind::boolean : Kind::integer) {
    slice_.start = static_cast<std::int64_t>(i);
  }
  TensorIndex(Slice s) : slice_(s), kind_(Kind::slice) {}
  TensorIndex(Tensor t) : tensor_(std::move(t)), kind_(Kind::tensor) {}

  Kind kind() const { return kind_; }
  std::int64_t integer() const { return slice_.start; }
  const Slice& slice() const { return slice_; }
  const Tensor& tensor() const { return tensor_; }

 private:
  Tensor tensor_;
  Slice slice_;
  Kind kind_;
};

}  // namespace indexing
using indexing::Ellipsis;
using indexing::None;
using indexing::Slice;
using indexing::TensorIndex;

namespace detail {
/// What a list of indices chooses of x (core/ops/indexing.cpp): of `view`, a view of x, the places `at` of dimensions dim to
/// dim + count - 1 counted as one. Without `at` the whole view.
struct Places {
  Tensor view, at;
  int dim = 0, count = 0;
};
}  // namespace detail

/// What x.index({...}), x[mask] and x[index] give: a Tensor, the chosen elements, that remembers where they came from, so
/// that an assignment to it writes into x as index_put_ does: y is broadcast and converted; of two that go to one place the
/// last stays. Recorded; GradError for a leaf that requires grad. A variable of this type (`auto part = x[mask]`) is
/// assigned as any Tensor; copies are plain tensors.
class IndexedTensor : public Tensor {
 public:
  IndexedTensor(Tensor chosen, detail::Places from) : Tensor(std::move(chosen)), from_(std::move(from)) {}
  /// `view` is where an assignment goes.
  explicit IndexedTensor(Tensor view) : Tensor(std::move(view)) {}
  IndexedTensor(const IndexedTensor& o) : Tensor(o) {}
  ~IndexedTensor() = default;
  IndexedTensor& operator=(const Tensor& y) & {
    Tensor::operator=(y);
    from_ = {};
    return *this;
  }
  IndexedTensor& operator=(const IndexedTensor& y) & { return *this = static_cast<const Tensor&>(y); }
  // Not *this: the elements were read before.
  void operator=(const Tensor& y) &&;
  void operator=(const IndexedTensor& y) && { std::move(*this) = static_cast<const Tensor&>(y); }
  void operator=(Scalar value) &&;
  // x[mask] += y is x[mask] = (x[mask] += y), as Python has it; `part` is changed where it lies.
  using Tensor::operator+=;
  using Tensor::operator-=;
  using Tensor::operator*=;
  using Tensor::operator/=;
  using Tensor::operator&=;
  using Tensor::operator|=;
  using Tensor::operator^=;
  template <class Y>
  void operator+=(const Y& y) && {
    write_back(static_cast<const Tensor&>(*this) += y);
  }
  template <class Y>
  void operator-=(const Y& y) && {
    write_back(static_cast<const Tensor&>(*this) -= y);
  }
  template <class Y>
  void operator*=(const Y& y) && {
    write_back(static_cast<const Tensor&>(*this) *= y);
  }
  template <class Y>
  void operator/=(const Y& y) && {
    write_back(static_cast<const Tensor&>(*this) /= y);
  }
  template <class Y>
  void operator&=(const Y& y) && {
    write_back(static_cast<const Tensor&>(*this) &= y);
  }
  template <class Y>
  void operator|=(const Y& y) && {
    write_back(static_cast<const Tensor&>(*this) |= y);
  }
  template <class Y>
  void operator^=(const Y& y) && {
    write_back(static_cast<const Tensor&>(*this) ^= y);
  }

 private:
  void write_back(const Tensor& rows) { std::move(*this) = Tensor(rows); }
  detail::Places from_;
};

}  // namespace harker

// Data sets: what a DataLoader takes its samples from. One of your own needs `size()` and `operator[](index)`; a sample
// may be a Tensor, a number, or a pair, tuple or array of these.
#pragma once
#include <array>
#include <concepts>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include <harker/core/random.h>
#include <harker/core/tensor.h>

namespace harker HARKER_PUBLIC {
namespace nn {
namespace data {

template <class D>
concept Dataset = requires(const D& d, std::int64_t i) {
  { d.size() } -> std::convertible_to<std::int64_t>;
  d[i];
};
/// One that gives the samples of a whole batch at once, which the loader then need not put together.
template <class D>
concept BatchDataset = Dataset<D> && requires(const D& d, std::span<const std::int64_t> which) {
  d.batch(which);
};

/// The rows of `t` (its elements along dimension 0) that are named, in that order, as a tensor of their own. Any dtype.
Tensor take_rows(const Tensor& t, std::span<const std::int64_t> which);
/// Tensors of one shape and dtype as the rows of a new one. ShapeError or TypeError when they differ.
Tensor stack_rows(const std::vector<Tensor>& rows);

namespace detail {
void check_same_size(std::span<const Tensor> tensors);
[[noreturn]] void index_out_of_range(std::int64_t index, std::int64_t size);
void check_indices(const std::vector<std::int64_t>& indices, std::int64_t size);
/// indices[i] for each i of `which`.
std::vector<std::int64_t> chosen(const std::vector<std::int64_t>& indices, std::span<const std::int64_t> which);
}  // namespace detail

/// Rows of tensors that belong together: `TensorDataset data(x, y);` then `auto [xi, yi] = data[i];`. The tensors are
/// shared, not copied (unless they are strided).
template <std::size_t N>
class TensorDataset {
 public:
  /// ShapeError unless all have the same size in dimension 0.
  template <std::convertible_to<Tensor>... T>
  requires(sizeof...(T) == N && N > 0) explicit TensorDataset(const T&... tensors)
      : tensors_{Tensor(tensors).contiguous()...} {
    detail::check_same_size(tensors_);
  }
  std::int64_t size() const { return tensors_[0].size(0); }
  /// Views of row `i`.
  std::array<Tensor, N> operator[](std::int64_t i) const {
    if (i < 0 || i >= size()) detail::index_out_of_range(i, size());
    std::array<Tensor, N> row;
    for (std::size_t k = 0; k < N; ++k) row[k] = tensors_[k][i];
    return row;
  }
  std::array<Tensor, N> batch(std::span<const std::int64_t> which) const {
    std::array<Tensor, N> rows;
    for (std::size_t k = 0; k < N; ++k) rows[k] = take_rows(tensors_[k], which);
    return rows;
  }
  const std::array<Tensor, N>& tensors() const { return tensors_; }

 private:
  std::array<Tensor, N> tensors_;
};
template <class... T>
TensorDataset(const T&...) -> TensorDataset<sizeof...(T)>;

/// Some of the samples of a data set, which all its subsets share.
template <Dataset D>
class Subset {
 public:
  /// ShapeError for an index that the data set does not have.
  Subset(D dataset, std::vector<std::int64_t> indices)
      : Subset(std::make_shared<const D>(std::move(dataset)), std::move(indices)) {}
  Subset(std::shared_ptr<const D> dataset, std::vector<std::int64_t> indices)
      : dataset_(std::move(dataset)), indices_(std::move(indices)) {
    detail::check_indices(indices_, dataset_->size());
  }
  std::int64_t size() const { return static_cast<std::int64_t>(indices_.size()); }
  decltype(auto) operator[](std::int64_t i) const { return (*dataset_)[at(i)]; }
  auto batch(std::span<const std::int64_t> which) const requires BatchDataset<D> {
    return dataset_->batch(detail::chosen(indices_, which));
  }
  const D& dataset() const { return *dataset_; }
  const std::vector<std::int64_t>& indices() const { return indices_; }

 private:
  std::int64_t at(std::int64_t i) const {
    if (i < 0 || i >= size()) detail::index_out_of_range(i, size());
    return indices_[static_cast<std::size_t>(i)];
  }
  std::shared_ptr<const D> dataset_;
  std::vector<std::int64_t> indices_;
};

/// Each sample as f makes it: `map(data, [](auto sample) { ... })`. Called for each sample anew, by DataLoader's workers
/// at once.
template <Dataset D, class F>
class MapDataset {
 public:
  MapDataset(D dataset, F f) : dataset_(std::move(dataset)), f_(std::move(f)) {}
  std::int64_t size() const { return dataset_.size(); }
  auto operator[](std::int64_t i) const { return f_(dataset_[i]); }
  const D& dataset() const { return dataset_; }

 private:
  D dataset_;
  F f_;
};
template <Dataset D, class F>
MapDataset<D, F> map(D dataset, F f) {
  return {std::move(dataset), std::move(f)};
}

/// One after the other.
template <Dataset D>
class ConcatDataset {
 public:
  explicit ConcatDataset(std::vector<D> datasets) : datasets_(std::move(datasets)) {}
  std::int64_t size() const {
    std::int64_t n = 0;
    for (const D& d : datasets_) n += d.size();
    return n;
  }
  decltype(auto) operator[](std::int64_t i) const {
    std::int64_t k = i;
    for (const D& d : datasets_) {
      if (k >= 0 && k < d.size()) return d[k];
      k -= d.size();
    }
    detail::index_out_of_range(i, size());
  }

 private:
  std::vector<D> datasets_;
};

/// What stands between random_split's braces: a count, or a part of the whole.
class SplitLength {
 public:
  template <class T>
  requires std::is_arithmetic_v<T> SplitLength(T v) : value_(static_cast<double>(v)) {}
  operator double() const { return value_; }

 private:
  double value_;
};

namespace detail {
/// Indices in a random order, and where each part ends in it.
std::vector<std::int64_t> random_parts(std::int64_t n, const std::vector<SplitLength>& lengths, Generator& g,
                                       std::vector<std::int64_t>& ends);
std::vector<std::int64_t> part(const std::vector<std::int64_t>& all, std::int64_t begin, std::int64_t end);
}  // namespace detail

/// The data set cut at random into parts of these sizes, `{200, 50}` or `{0.8, 0.2}`; the same parts as torch's after
/// the same manual_seed. Parts that sum up to 1 are rounded down, and what is left goes to the first ones, one each.
/// Error unless counts sum up to the size.
template <Dataset D>
std::vector<Subset<D>> random_split(D dataset, const std::vector<SplitLength>& lengths,
                                    Generator& g = default_generator()) {
  std::vector<std::int64_t> ends;
  const std::vector<std::int64_t> order = detail::random_parts(dataset.size(), lengths, g, ends);
  const auto shared = std::make_shared<const D>(std::move(dataset));
  std::vector<Subset<D>> parts;
  std::int64_t begin = 0;
  for (std::int64_t end : ends) parts.emplace_back(shared, detail::part(order, std::exchange(begin, end), end));
  return parts;
}

}  // namespace data
}  // namespace nn
}  // namespace harker

// embedding_bag: rows of a table, put together bag by bag. Composed of recorded ops, so that its gradients are theirs; of
// a maximum the places are found first and gathered then.
#include <vector>

#include <harker/core/ops/gather.h>
#include <harker/core/ops/half.h>

namespace harker HARKER_PUBLIC {
namespace {

using detail::throw_error;
constexpr const char* kOp = "embedding_bag";

/// Which elements of the list count, and for which bag each.
struct Bags {
  std::int64_t count = 0;
  std::vector<std::int64_t> element, bag;
};

/// Bags that end where the next one begins, at `begin`.
Bags bags_of(const Tensor& list, const std::vector<std::int64_t>& begin, std::int64_t count, std::int64_t end,
             std::optional<std::int64_t> padding) {
  Bags b;
  b.count = count;
  const auto* row = list.data<std::int64_t>();
  for (std::int64_t i = 0; i < count; ++i) {
    const std::size_t k = static_cast<std::size_t>(i);
    for (std::int64_t e = begin[k]; e < (k + 1 < begin.size() ? begin[k + 1] : end); ++e)
      if (!padding || row[e] != *padding) b.element.push_back(e), b.bag.push_back(i);
  }
  return b;
}

/// Where the bags begin in a list of n: as the offsets say, which are checked.
std::vector<std::int64_t> begins(const Tensor& offsets, std::int64_t n, bool include_last) {
  if (!offsets.defined() || offsets.dim() != 1)
    throw_error<ShapeError>(kOp, ": an index of one dimension needs offsets of one dimension");
  const Tensor at = detail::checked_index(offsets, 0, INT64_MAX, kOp, 0);
  const auto* p = at.data<std::int64_t>();
  std::vector<std::int64_t> begin(p, p + at.numel());
  if (include_last && begin.empty()) throw_error<ShapeError>(kOp, ": include_last_offset needs at least one offset");
  for (std::size_t i = 0; i < begin.size(); ++i)
    if ((i == 0 && begin[0] != 0) || (i > 0 && begin[i] < begin[i - 1]) || begin[i] > n)
      throw_error<ShapeError>(kOp, ": offsets begin with 0, never fall and stay within the ", n,
                              " elements of the index; number ", i, " is ", begin[i]);
  return begin;
}

/// The largest of each bag and column: its row, -1 of an empty bag.
template <class T>
void find_largest(const Tensor& rows, const Bags& b, const Tensor& at) {
  const std::int64_t d = rows.size(1);
  const auto* v = rows.data<T>();
  auto* to = at.data<std::int64_t>();
  for (std::int64_t i = 0; i < at.numel(); ++i) to[i] = -1;
  std::vector<T> top(static_cast<std::size_t>(d));  // of the bag so far
  for (std::size_t k = 0; k < b.bag.size(); ++k) {
    const bool first = k == 0 || b.bag[k] != b.bag[k - 1];
    const std::int64_t row = static_cast<std::int64_t>(k);
    auto* const place = to + b.bag[k] * d;
    for (std::int64_t j = 0; j < d; ++j) {
      const T here = v[row * d + j];
      T& best = top[static_cast<std::size_t>(j)];
      if (!first && !(here > best)) continue;
      best = here;
      place[j] = row;
    }
  }
}

Tensor reduced(const Tensor& rows, const Bags& b, std::string_view mode) {
  const std::int64_t d = rows.size(1);
  if (mode == "max") {
    const Tensor at = empty({b.count, d}, DType::int64), x = rows.contiguous();
    x.dtype() == DType::float32 ? find_largest<float>(x.detach(), b, at) : find_largest<double>(x.detach(), b, at);
    return detail::gather_checked(x, at, 0);
  }
  const Tensor bag = from_vector(b.bag, {static_cast<std::int64_t>(b.bag.size())});
  const Tensor z = index_add(zeros({b.count, d}, {.dtype = rows.dtype(), .device = rows.device()}), 0, bag, rows);
  if (mode == "sum") return z;
  std::vector<std::int64_t> size(static_cast<std::size_t>(b.count));
  for (std::int64_t i : b.bag) ++size[static_cast<std::size_t>(i)];
  for (std::int64_t& s : size) s = s == 0 ? 1 : s;
  return z / from_vector(size, {b.count, 1}).to(rows.dtype());
}

}  // namespace

Tensor embedding_bag(const Tensor& index, const Tensor& weight, const EmbeddingBagOptions& o) {
  if (o.mode != "sum" && o.mode != "mean" && o.mode != "max")
    throw_error<Error>(kOp, ": the mode is sum, mean or max, not ", detail::quoted(o.mode));
  if (index.dim() != 1 && index.dim() != 2)
    throw_error<ShapeError>(kOp, ": the index must have one or two dimensions, it is ", index.shape());
  if (weight.dim() != 2) throw_error<ShapeError>(kOp, ": the weight must be a matrix, this one is ", weight.shape());
  const Tensor& factors = o.per_sample_weights;
  if (factors.defined() && o.mode != "sum")
    throw_error<Error>(kOp, ": per_sample_weights are for sum, not for ", o.mode);
  if (factors.defined() && !(factors.shape() == index.shape()))
    throw_error<ShapeError>(kOp, ": per_sample_weights must have the index's shape, ", index.shape(), ", not ",
                            factors.shape());
  if (o.scale_grad_by_freq && o.mode == "max") throw_error<Error>(kOp, ": scale_grad_by_freq is not for max");
  const std::int64_t rows = weight.size(0);
  const EmbeddingOptions by_freq{.scale_grad_by_freq = o.scale_grad_by_freq};
  std::optional<std::int64_t> padding = o.padding_idx;
  if (padding && (*padding < -rows || *padding >= rows))
    throw_error<ShapeError>(kOp, ": padding_idx ", *padding, " is out of bounds for ", rows, " rows");
  if (padding && *padding < 0) *padding += rows;
  const Tensor list = detail::checked_index(index, 0, rows, kOp, 0).reshape({index.numel()});
  const auto weighed = [&](const Tensor& picked, const Tensor& by) {  // rows times factors, in what sums
    const Tensor r = detail::widened(picked);
    return by.defined() ? r * detail::widened(by).reshape({r.size(0), 1}) : r;
  };
  if (index.dim() == 2) {
    if (o.offsets.defined()) throw_error<ShapeError>(kOp, ": offsets are for an index of one dimension");
    if (!padding && o.mode != "max" && index.size(1) > 0) {  // all bags are alike
      const Tensor all =
          weighed(embedding(list, weight, by_freq), factors).reshape({index.size(0), index.size(1), weight.size(1)});
      return (o.mode == "sum" ? sum(all, 1) : mean(all, 1)).to(weight.dtype());
    }
  }
  if (detail::exporting()) [[unlikely]]
    return detail::seen(
        kOp, [&] { return embedding_bag(index, weight, o); }, index, weight);
  std::vector<std::int64_t> begin;
  std::int64_t count = index.size(0), end = list.numel();
  if (index.dim() == 2) {
    for (std::int64_t i = 0; i < count; ++i) begin.push_back(i * index.size(1));
  } else {
    begin = begins(o.offsets, list.numel(), o.include_last_offset);
    count = static_cast<std::int64_t>(begin.size()) - o.include_last_offset;
    if (o.include_last_offset) end = begin.back();
  }
  const Bags b = bags_of(list, begin, count, end, padding);
  const Tensor kept = from_vector(b.element, {static_cast<std::int64_t>(b.element.size())});
  const Tensor by = factors.defined() ? index_select(factors.reshape({list.numel()}), 0, kept) : Tensor();
  return reduced(weighed(embedding(index_select(list, 0, kept), weight, by_freq), by), b, o.mode).to(weight.dtype());
}

}  // namespace harker

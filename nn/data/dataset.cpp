// Rows by memcpy, and the sizes of a split.
#include <harker/nn/data/dataset.h>

#include <cmath>
#include <cstring>

#include <harker/core/base/text.h>
#include <harker/core/warning.h>

namespace harker HARKER_PUBLIC {
namespace nn::data {

using harker::detail::str;
using harker::detail::throw_error;

Tensor take_rows(const Tensor& t, std::span<const std::int64_t> which) {
  if (t.dim() == 0) throw_error<ShapeError>("take_rows: a 0-d tensor has no rows");
  const Tensor from = t.detach().contiguous();
  const std::int64_t n = from.size(0);
  for (std::int64_t i : which)
    if (i < 0 || i >= n) detail::index_out_of_range(i, n);
  Shape shape = from.shape();
  shape[0] = static_cast<std::int64_t>(which.size());
  Tensor out = empty(shape, {.dtype = from.dtype(), .device = from.device()});
  if (out.numel() == 0) return out;
  const std::size_t bytes = static_cast<std::size_t>(from.numel() / n) * item_size(from.dtype());
  const auto* source = static_cast<const std::uint8_t*>(from.raw());
  auto* to = static_cast<std::uint8_t*>(out.raw());
  for (std::size_t i = 0; i < which.size();) {
    std::size_t run = 1;  // rows that lie together are copied together
    while (i + run < which.size() && which[i + run] == which[i] + static_cast<std::int64_t>(run)) ++run;
    std::memcpy(to + i * bytes, source + static_cast<std::size_t>(which[i]) * bytes, run * bytes);
    i += run;
  }
  return out;
}

Tensor stack_rows(const std::vector<Tensor>& rows) {
  if (rows.empty()) throw_error<ShapeError>("stack_rows: there are no tensors");
  const Tensor& first = rows[0];
  for (std::size_t i = 1; i < rows.size(); ++i) {
    if (rows[i].shape() != first.shape()) {
      throw_error<ShapeError>("stack_rows: the samples of a batch must have one shape; the first has ", first.shape(),
                              ", number ", i, " has ", rows[i].shape());
    }
    if (rows[i].dtype() != first.dtype()) {
      throw_error<TypeError>("stack_rows: the samples of a batch must have one dtype; the first is ",
                             name(first.dtype()), ", number ", i, " is ", name(rows[i].dtype()));
    }
  }
  Tensor out = empty(first.shape().inserted(0, static_cast<std::int64_t>(rows.size())),
                     {.dtype = first.dtype(), .device = first.device()});
  const std::size_t bytes = static_cast<std::size_t>(first.numel()) * item_size(first.dtype());
  auto* to = static_cast<std::uint8_t*>(out.raw());
  for (const Tensor& row : rows) {
    const Tensor from = row.detach().contiguous();
    if (bytes) std::memcpy(to, from.raw(), bytes);
    to += bytes;
  }
  return out;
}

void detail::check_same_size(std::span<const Tensor> tensors) {
  for (const Tensor& t : tensors) {
    if (t.dim() == 0) throw_error<ShapeError>("TensorDataset: a 0-d tensor has no rows");
    if (t.size(0) != tensors[0].size(0)) {
      throw_error<ShapeError>("TensorDataset: all tensors must have as many rows as the first, whose shape is ",
                              tensors[0].shape(), "; another has ", t.shape());
    }
  }
}

void detail::index_out_of_range(std::int64_t index, std::int64_t size) {
  throw_error<ShapeError>("dataset: index ", index, " of ", size, " samples");
}
void detail::check_indices(const std::vector<std::int64_t>& indices, std::int64_t size) {
  for (std::int64_t i : indices)
    if (i < 0 || i >= size) index_out_of_range(i, size);
}
std::vector<std::int64_t> detail::chosen(const std::vector<std::int64_t>& indices,
                                         std::span<const std::int64_t> which) {
  const auto size = static_cast<std::int64_t>(indices.size());
  std::vector<std::int64_t> out;
  out.reserve(which.size());
  for (std::int64_t i : which) {
    if (i < 0 || i >= size) index_out_of_range(i, size);
    out.push_back(indices[static_cast<std::size_t>(i)]);
  }
  return out;
}

namespace {
std::vector<std::int64_t> split_sizes(std::int64_t n, const std::vector<SplitLength>& lengths) {
  double sum = 0;
  for (double v : lengths) {
    if (!(v >= 0)) throw_error<Error>("random_split: a length must be >= 0, not ", v);
    sum += v;
  }
  std::vector<std::int64_t> sizes;
  if (std::abs(sum - 1) <= 1e-9 && sum <= 1) {  // parts of the whole, as torch tells them
    std::int64_t left = n;
    for (double v : lengths) {
      sizes.push_back(static_cast<std::int64_t>(std::floor(static_cast<double>(n) * v)));
      left -= sizes.back();
    }
    for (std::size_t i = 0; left > 0; i = (i + 1) % sizes.size(), --left) ++sizes[i];
    for (std::size_t i = 0; i < sizes.size(); ++i) {
      if (sizes[i] == 0) warn(str("random_split: part ", i, " has no sample"));
    }
    return sizes;
  }
  std::int64_t left = n;
  for (double v : lengths) {
    if (v != std::floor(v)) {
      throw_error<Error>("random_split: ", v,
                         " is no count, and the lengths are no parts of the whole: they sum up to ", sum);
    }
    if (v > static_cast<double>(left))
      throw_error<Error>("random_split: the lengths sum up to ", sum, ", the data set has ", n, " samples");
    sizes.push_back(static_cast<std::int64_t>(v));
    left -= sizes.back();
  }
  if (left != 0) throw_error<Error>("random_split: the lengths sum up to ", sum, ", the data set has ", n, " samples");
  return sizes;
}
}  // namespace

std::vector<std::int64_t> detail::random_parts(std::int64_t n, const std::vector<SplitLength>& lengths, Generator& g,
                                               std::vector<std::int64_t>& ends) {
  ends = split_sizes(n, lengths);
  for (std::size_t i = 1; i < ends.size(); ++i) ends[i] += ends[i - 1];
  return randperm(n, g).to_vector<std::int64_t>();
}
std::vector<std::int64_t> detail::part(const std::vector<std::int64_t>& all, std::int64_t begin, std::int64_t end) {
  return {all.begin() + begin, all.begin() + end};
}

}  // namespace nn::data
}  // namespace harker

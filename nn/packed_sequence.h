// Sequences of different lengths as one batch: padded, or packed, which computes nothing for what is not there. A packed
// batch has all first elements, then all second ones, and so on: of as many sequences as are that long.
#pragma once
#include <string_view>
#include <tuple>
#include <vector>

#include <harker/core/tensor.h>

namespace harker HARKER_PUBLIC {
namespace nn {
namespace utils {
namespace rnn {

class PackedSequence {
 public:
  /// data[elements, ...]; batch_sizes (int64) says how many sequences have a t-th element. sorted_indices: which
  /// sequences of the user's these are, in their order; unsorted_indices, its inverse, is made of it if need be.
  /// ShapeError unless the sizes are positive, never rise, and add up to all elements.
  PackedSequence(const Tensor& data, const Tensor& batch_sizes, const Tensor& sorted_indices = {},
                 const Tensor& unsorted_indices = {});
  const Tensor& data() const noexcept { return data_; }
  const Tensor& batch_sizes() const noexcept { return batch_sizes_; }
  const Tensor& sorted_indices() const noexcept { return sorted_indices_; }      ///< may be undefined
  const Tensor& unsorted_indices() const noexcept { return unsorted_indices_; }  ///< may be undefined

 private:
  Tensor data_, batch_sizes_, sorted_indices_, unsorted_indices_;
};

/// The first lengths[i] elements of sequence i of x[time, sequences, ...] (sequences first with `batch_first`). The
/// lengths are positive and, unless `enforce_sorted` is false, never rise; ShapeError.
PackedSequence pack_padded_sequence(const Tensor& x, const Tensor& lengths, bool batch_first = false,
                                    bool enforce_sorted = true);
/// The reverse, and the lengths. `total_length` 0 is that of the longest.
std::tuple<Tensor, Tensor> pad_packed_sequence(const PackedSequence& packed, bool batch_first = false,
                                               double padding_value = 0, std::int64_t total_length = 0);
/// Sequences [length, ...] as [longest, sequences, ...], filled up behind, or in front with padding_side "left".
Tensor pad_sequence(const std::vector<Tensor>& sequences, bool batch_first = false, double padding_value = 0,
                    std::string_view padding_side = "right");
std::vector<Tensor> unpad_sequence(const Tensor& x, const Tensor& lengths, bool batch_first = false);
PackedSequence pack_sequence(const std::vector<Tensor>& sequences, bool enforce_sorted = true);
std::vector<Tensor> unpack_sequence(const PackedSequence& packed);

}  // namespace rnn
}  // namespace utils
}  // namespace nn
}  // namespace harker

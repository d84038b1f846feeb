// Packing and padding, both as one index_select of elements.
#include <harker/core/base/text.h>
#include <harker/core/ops/ops.h>
#include <harker/core/tensor/make.h>
#include <harker/nn/packed_sequence.h>

#include <algorithm>
#include <string_view>

namespace harker HARKER_PUBLIC {
namespace nn {
namespace utils {
namespace rnn {

using detail::throw_error;

namespace {

using Numbers = std::vector<std::int64_t>;

Tensor index_of(const Numbers& v) { return from_vector(v, {static_cast<std::int64_t>(v.size())}); }

Numbers list_of(const Tensor& t, const char* op, const char* what) {
  if (t.dim() != 1 || t.dtype() < DType::uint8 || t.dtype() > DType::int64)
    throw_error<ShapeError>(op, ": ", what, " must be integers of one dimension, they are ", name(t.dtype()), " of ",
                            t.shape());
  return t.to_vector<std::int64_t>();
}

Tensor inverse(const Tensor& order) {
  Numbers to(static_cast<std::size_t>(order.numel()));
  const Numbers from = list_of(order, "PackedSequence", "sorted_indices");
  for (std::size_t i = 0; i < from.size(); ++i) {
    if (from[i] < 0 || from[i] >= order.numel())
      throw_error<ShapeError>("PackedSequence: sorted_indices are no order of ", order.numel(), " sequences");
    to[static_cast<std::size_t>(from[i])] = static_cast<std::int64_t>(i);
  }
  return index_of(to);
}

}  // namespace

PackedSequence::PackedSequence(const Tensor& data, const Tensor& batch_sizes, const Tensor& sorted,
                               const Tensor& unsorted)
    : data_(data), batch_sizes_(batch_sizes), sorted_indices_(sorted), unsorted_indices_(unsorted) {
  const Numbers sizes = list_of(batch_sizes, "PackedSequence", "batch_sizes");
  if (data.dim() == 0) throw_error<ShapeError>("PackedSequence: the data need a dimension of elements");
  std::int64_t left = data.size(0);
  for (std::size_t t = 0; t < sizes.size(); ++t) {
    if (sizes[t] < 1 || (t > 0 && sizes[t] > sizes[t - 1]) || sizes[t] > left)
      throw_error<ShapeError>("PackedSequence: batch_sizes are positive, never rise and add up to the elements of ",
                              data.shape(), "; number ", t, " is ", sizes[t]);
    left -= sizes[t];
  }
  if (left != 0 || sizes.empty())
    throw_error<ShapeError>("PackedSequence: batch_sizes leave ", left, " elements of ", data.shape(), " over");
  if (sorted.defined() && sorted.numel() != sizes[0])
    throw_error<ShapeError>("PackedSequence: sorted_indices must name ", sizes[0], " sequences, not ", sorted.numel());
  if (sorted.defined() && !unsorted.defined()) unsorted_indices_ = inverse(sorted);
}

PackedSequence pack_padded_sequence(const Tensor& x, const Tensor& lengths, bool batch_first, bool enforce_sorted) {
  constexpr const char* op = "pack_padded_sequence";
  const Numbers given = list_of(lengths, op, "lengths");
  if (x.dim() < 2) throw_error<ShapeError>(op, ": the input needs dimensions of time and sequences, it is ", x.shape());
  const std::int64_t count = x.size(!batch_first), longest = x.size(batch_first);
  if (static_cast<std::int64_t>(given.size()) != count || count == 0)
    throw_error<ShapeError>(op, ": needs a length for each of the ", count, " sequences of ", x.shape(), ", got ",
                            given.size());
  const Tensor order = enforce_sorted ? Tensor() : argsort(lengths.to(DType::int64), 0, true);
  Numbers from = enforce_sorted ? Numbers() : order.to_vector<std::int64_t>();
  for (std::int64_t i = 0; i < count; ++i) {
    const std::size_t k = static_cast<std::size_t>(i);
    if (enforce_sorted) from.push_back(i);
    if (given[k] < 1 || given[k] > longest)
      throw_error<ShapeError>(op, ": lengths lie between 1 and ", longest, ", number ", i, " is ", given[k]);
    if (enforce_sorted && i > 0 && given[k] > given[k - 1])
      throw_error<ShapeError>(op, ": lengths must be sorted, the longest first, but number ", i, " is ", given[k],
                              " and the one before ", given[k - 1], "; pass enforce_sorted = false");
  }
  Numbers element, sizes;
  for (std::int64_t t = 0;; ++t) {
    const std::size_t before = element.size();
    for (std::int64_t b : from)
      if (given[static_cast<std::size_t>(b)] > t) element.push_back(batch_first ? b * longest + t : t * count + b);
    if (element.size() == before) break;
    sizes.push_back(static_cast<std::int64_t>(element.size() - before));
  }
  return PackedSequence(index_select(x.flatten(0, 1), 0, index_of(element)), index_of(sizes), order);
}

std::tuple<Tensor, Tensor> pad_packed_sequence(const PackedSequence& packed, bool batch_first, double padding_value,
                                               std::int64_t total_length) {
  constexpr const char* op = "pad_packed_sequence";
  const Numbers sizes = packed.batch_sizes().to_vector<std::int64_t>();
  const std::int64_t longest = static_cast<std::int64_t>(sizes.size()), count = sizes[0];
  if (total_length != 0 && total_length < longest)
    throw_error<ShapeError>(op, ": total_length ", total_length, " is less than the longest sequence's, ", longest);
  const std::int64_t time = total_length == 0 ? longest : total_length, none = packed.data().size(0);
  Shape shape = packed.data().shape().inserted(0, batch_first ? count : time);
  shape[1] = batch_first ? time : count;
  detail::check_countable(shape, op);
  Numbers element(static_cast<std::size_t>(time * count), none), lengths(static_cast<std::size_t>(count));
  // Where the sequence that is b-th in the data goes.
  const Numbers to = packed.sorted_indices().defined() ? packed.sorted_indices().to_vector<std::int64_t>() : Numbers();
  std::int64_t at = 0;
  for (std::int64_t t = 0; t < longest; ++t)
    for (std::int64_t b = 0; b < sizes[static_cast<std::size_t>(t)]; ++b, ++at) {
      const std::int64_t place = to.empty() ? b : to[static_cast<std::size_t>(b)];
      element[static_cast<std::size_t>(batch_first ? place * time + t : t * count + place)] = at;
      ++lengths[static_cast<std::size_t>(place)];
    }
  const Tensor& data = packed.data();
  Shape row = data.shape();
  row[0] = 1;
  const Tensor filled = at == time * count
                            ? data
                            : cat({data, full(row, padding_value, {.dtype = data.dtype(), .device = data.device()})});
  return {index_select(filled, 0, index_of(element)).reshape(shape), index_of(lengths)};
}

Tensor pad_sequence(const std::vector<Tensor>& sequences, bool batch_first, double padding_value,
                    std::string_view padding_side) {
  constexpr const char* op = "pad_sequence";
  if (sequences.empty()) throw_error<ShapeError>(op, ": needs at least one sequence");
  if (padding_side != "right" && padding_side != "left")
    throw_error<Error>(op, ": padding_side is left or right, not ", detail::quoted(padding_side));
  std::int64_t longest = 0;
  for (const Tensor& s : sequences) {
    if (s.dim() == 0) throw_error<ShapeError>(op, ": a sequence needs a dimension of time");
    longest = std::max(longest, s.size(0));
  }
  std::vector<Tensor> rows;
  for (const Tensor& s : sequences) {
    Shape rest = s.shape();
    rest[0] = longest - s.size(0);
    const Tensor fill = full(rest, padding_value, {.dtype = s.dtype(), .device = s.device()});
    rows.push_back(rest[0] == 0 ? s : padding_side == "right" ? cat({s, fill}) : cat({fill, s}));
  }
  return stack(rows, batch_first ? 0 : 1);
}

std::vector<Tensor> unpad_sequence(const Tensor& x, const Tensor& lengths, bool batch_first) {
  constexpr const char* op = "unpad_sequence";
  const Numbers given = list_of(lengths, op, "lengths");
  if (x.dim() < 2 || static_cast<std::int64_t>(given.size()) != x.size(!batch_first))
    throw_error<ShapeError>(op, ": ", given.size(), " lengths do not fit the input ", x.shape());
  std::vector<Tensor> rows;
  for (std::size_t i = 0; i < given.size(); ++i)
    rows.push_back(x.select(!batch_first, static_cast<std::int64_t>(i)).narrow(0, 0, given[i]));
  return rows;
}

PackedSequence pack_sequence(const std::vector<Tensor>& sequences, bool enforce_sorted) {
  const Tensor padded = pad_sequence(sequences);
  Numbers lengths;
  for (const Tensor& s : sequences) lengths.push_back(s.size(0));
  return pack_padded_sequence(padded, index_of(lengths), false, enforce_sorted);
}

std::vector<Tensor> unpack_sequence(const PackedSequence& packed) {
  const auto [padded, lengths] = pad_packed_sequence(packed);
  return unpad_sequence(padded, lengths);
}

}  // namespace rnn
}  // namespace utils
}  // namespace nn
}  // namespace harker

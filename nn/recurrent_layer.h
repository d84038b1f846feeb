// One layer of a recurrent network in one direction, over a packed batch: one operation of autograd (internal).
#pragma once
#include <memory>
#include <vector>

#include <harker/core/tensor.h>

namespace harker HARKER_PUBLIC {
namespace detail {

enum class Recurrence { tanh, relu, lstm, gru };
inline std::int64_t gates_of(Recurrence r) { return r == Recurrence::lstm ? 4 : r == Recurrence::gru ? 3 : 1; }

/// How many sequences have a t-th element, for each t: it never rises.
using BatchSizes = std::shared_ptr<const std::vector<std::int64_t>>;

/// Biases may be undefined; so may w_hr, the projection of an LSTM's state.
struct RecurrentWeights {
  Tensor w_ih, w_hh, b_ih, b_hh, w_hr;
};
struct RecurrentResult {
  Tensor out, h, c;  ///< [elements, size], and the state after each sequence's last element; c of an LSTM alone
};
/// x[elements, features], the elements of one time side by side; h[sequences, size] and, of an LSTM, c are what each
/// sequence begins with. `reverse` goes from its last element to its first. The shapes fit: whoever calls has checked.
RecurrentResult recurrent_layer(Recurrence kind, bool reverse, const BatchSizes& sizes, const Tensor& x,
                                const Tensor& h, const Tensor& c, const RecurrentWeights& weights);

}  // namespace detail
}  // namespace harker

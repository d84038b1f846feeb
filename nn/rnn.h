// RNN, LSTM and GRU, and their cells, which are one step of a layer. What a layer computes is nn/recurrent_layer.cpp.
//
//   auto [out, state] = lstm(x);            // from zeros
//   auto [more, next] = lstm(y, state);     // or lstm(y, {h, c})
#pragma once
#include <tuple>
#include <vector>

#include <harker/nn/module.h>
#include <harker/nn/packed_sequence.h>

namespace harker HARKER_PUBLIC {
namespace nn {

using utils::rnn::PackedSequence;

struct RNNOptions {
  std::int64_t num_layers = 1;
  std::string_view nonlinearity = "tanh";  ///< of RNN: or "relu"
  bool bias = true;
  bool batch_first = false;
  double dropout = 0;  ///< of what goes from one layer to the next, while training
  bool bidirectional = false;
  std::int64_t proj_size = 0;  ///< of LSTM: the size that the state is projected to; 0: it is not
  DType dtype = get_default_dtype();
};
using LSTMOptions = RNNOptions;
using GRUOptions = RNNOptions;

/// What they share. Parameters as torch names and orders them: weight_ih_l0 [gates hidden, in], weight_hh_l0 [gates hidden,
/// size], bias_ih_l0, bias_hh_l0, weight_hr_l0 [proj_size, hidden], the same with _reverse, then layer 1.
class RNNBase : public Module {
 public:
  /// Draws all anew from U(-b, b), b = 1 / sqrt(hidden_size), as torch does.
  void reset_parameters();
  /// Nothing has to be done: for programs that call it.
  void flatten_parameters() const noexcept {}

 protected:
  enum class Kind { rnn, lstm, gru };
  RNNBase(const char* name, Kind kind, std::int64_t input_size, std::int64_t hidden_size, const RNNOptions& options);
  /// Of x[time, n, in] and its kin.
  std::tuple<Tensor, Tensor, Tensor> run(const Tensor& x, const Tensor& h, const Tensor& c) const;
  std::tuple<PackedSequence, Tensor, Tensor> run(const PackedSequence& x, const Tensor& h, const Tensor& c) const;

 private:
  std::tuple<Tensor, Tensor, Tensor> layers(const Tensor& x, const std::vector<std::int64_t>& sizes, Tensor h,
                                            Tensor c) const;
  void check_state(const Tensor& state, const Shape& wanted, const Tensor& x, const char* what) const;
  class Weights {  // a vector of Parameters, whose members would be dear to the compiler of every user
   public:
    explicit Weights(std::vector<Parameter> all);
    Weights(const Weights& o);
    ~Weights();
    const Parameter& operator[](std::size_t i) const;

   private:
    const std::vector<Parameter>* const all_;
  };
  const char* const name_;
  const Kind kind_;
  const std::int64_t input_size_, hidden_size_;
  const RNNOptions options_;
  const bool relu_;
  const Weights weights_;  // of each layer and direction: w_ih, w_hh, b_ih, b_hh, w_hr
};

/// RNN and GRU: x[time, n, input_size] (n first with batch_first; or without n) and what the state begins with, h[layers
/// directions, n, hidden_size] (zeros when not given) -> out[time, n, directions hidden_size] and the last h.
class RNNOfOneState : public RNNBase {
 public:
  using Result = std::tuple<Tensor, Tensor>;
  using PackedResult = std::tuple<PackedSequence, Tensor>;
  Result forward(const Tensor& x, const Tensor& h = {}) const;
  PackedResult forward(const PackedSequence& x, const Tensor& h = {}) const;
  Result operator()(const Tensor& x, const Tensor& h = {}) const;
  PackedResult operator()(const PackedSequence& x, const Tensor& h = {}) const;
  /// operator() of a packed input, as LibTorch names it.
  PackedResult forward_with_packed_input(const PackedSequence& x, const Tensor& h = {}) const;

 protected:
  using RNNBase::RNNBase;
};

/// h' = tanh(x w_ih^T + b_ih + h w_hh^T + b_hh)
class RNN : public RNNOfOneState {
 public:
  HARKER_MODULE(RNN)
  RNN(std::int64_t input_size, std::int64_t hidden_size, RNNOptions options = {});
};
/// Gates r, z, n of x w_ih^T + b_ih and h w_hh^T + b_hh: h' = (1 - z) n + z h, n = tanh(x's part + r h's part).
class GRU : public RNNOfOneState {
 public:
  HARKER_MODULE(GRU)
  GRU(std::int64_t input_size, std::int64_t hidden_size, GRUOptions options = {});
};
/// Gates i, f, g, o of x w_ih^T + b_ih + h w_hh^T + b_hh: c' = f c + i g, h' = o tanh(c') (times w_hr^T). The state is
/// (h, c), of sizes proj_size (if any) and hidden_size.
class LSTM : public RNNBase {
 public:
  HARKER_MODULE(LSTM)
  using State = std::tuple<Tensor, Tensor>;
  using Result = std::tuple<Tensor, State>;
  using PackedResult = std::tuple<PackedSequence, State>;
  LSTM(std::int64_t input_size, std::int64_t hidden_size, LSTMOptions options = {});
  // Overloads, not a default argument: that would cost every user's compiler a tuple.
  Result forward(const Tensor& x) const;
  Result forward(const Tensor& x, const State& state) const;
  PackedResult forward(const PackedSequence& x) const;
  PackedResult forward(const PackedSequence& x, const State& state) const;
  Result operator()(const Tensor& x) const;
  Result operator()(const Tensor& x, const State& state) const;
  PackedResult operator()(const PackedSequence& x) const;
  PackedResult operator()(const PackedSequence& x, const State& state) const;
  PackedResult forward_with_packed_input(const PackedSequence& x) const;
  PackedResult forward_with_packed_input(const PackedSequence& x, const State& state) const;
};

struct RNNCellOptions {
  bool bias = true;
  std::string_view nonlinearity = "tanh";  ///< of RNNCell: or "relu"
  DType dtype = get_default_dtype();
};
using LSTMCellOptions = RNNCellOptions;
using GRUCellOptions = RNNCellOptions;

class RNNCellBase : public Module {
 public:
  Parameter weight_ih, weight_hh, bias_ih, bias_hh;
  void reset_parameters();

 protected:
  /// `gates` is 4 of an LSTM, 3 of a GRU.
  RNNCellBase(const char* name, std::int64_t gates, std::int64_t input_size, std::int64_t hidden_size,
              const RNNCellOptions& options);
  std::tuple<Tensor, Tensor> step(const Tensor& x, const Tensor& h, const Tensor& c) const;

 private:
  const char* const name_;
  const std::int64_t gates_;
  const bool relu_;
};

/// One step: x[n, input_size] and h[n, hidden_size] (or both without n; zeros when not given) -> the next h.
class RNNCell : public RNNCellBase {
 public:
  HARKER_MODULE(RNNCell)
  RNNCell(std::int64_t input_size, std::int64_t hidden_size, RNNCellOptions options = {});
  Tensor forward(const Tensor& x, const Tensor& h = {}) const;
  Tensor operator()(const Tensor& x, const Tensor& h = {}) const;
};
class GRUCell : public RNNCellBase {
 public:
  HARKER_MODULE(GRUCell)
  GRUCell(std::int64_t input_size, std::int64_t hidden_size, GRUCellOptions options = {});
  Tensor forward(const Tensor& x, const Tensor& h = {}) const;
  Tensor operator()(const Tensor& x, const Tensor& h = {}) const;
};
class LSTMCell : public RNNCellBase {
 public:
  HARKER_MODULE(LSTMCell)
  using Result = std::tuple<Tensor, Tensor>;  ///< h and c
  LSTMCell(std::int64_t input_size, std::int64_t hidden_size, LSTMCellOptions options = {});
  Result forward(const Tensor& x) const;
  Result forward(const Tensor& x, const Result& state) const;
  Result operator()(const Tensor& x) const;
  Result operator()(const Tensor& x, const Result& state) const;
};

}  // namespace nn
}  // namespace harker

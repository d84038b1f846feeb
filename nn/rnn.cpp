// Recurrent networks as modules: parameters, checks, layers one above the other in one or both directions.
#include <harker/core/ops/common.h>
#include <harker/nn/init.h>
#include <harker/nn/layer_parts.h>
#include <harker/nn/layer_repr.h>
#include <harker/nn/recurrent_layer.h>
#include <harker/nn/rnn.h>

#include <cmath>

namespace harker HARKER_PUBLIC {
namespace nn {

using detail::Recurrence;
using detail::str;
using detail::throw_error;

namespace {

constexpr std::size_t kParts = 5;

bool is_relu(std::string_view nonlinearity, const char* layer) {
  if (nonlinearity != "tanh" && nonlinearity != "relu")
    throw_error<Error>(layer, ": the nonlinearity is tanh or relu, not ", detail::quoted(nonlinearity));
  return nonlinearity == "relu";
}

Recurrence recurrence_of(std::int64_t gates, bool relu) {
  return gates == 4 ? Recurrence::lstm : gates == 3 ? Recurrence::gru : relu ? Recurrence::relu : Recurrence::tanh;
}

void draw(const std::vector<Tensor>& parameters, std::int64_t hidden_size) {
  const double bound = 1 / std::sqrt(static_cast<double>(hidden_size));
  for (const Tensor& p : parameters) init::uniform_(p, -bound, bound);
}

void check_dtype(const Tensor& x, const Tensor& weight, const char* layer) {
  if (x.dtype() != weight.dtype())
    throw_error<TypeError>(layer, ": the input is ", name(x.dtype()), ", the weights are ", name(weight.dtype()),
                           "; convert one with .to()");
}

}  // namespace

RNNBase::RNNBase(const char* layer, Kind kind, std::int64_t input_size, std::int64_t hidden_size, const RNNOptions& o)
    : Module(layer),
      name_(layer),
      kind_(kind),
      input_size_(input_size),
      hidden_size_(hidden_size),
      options_(o),
      relu_(is_relu(o.nonlinearity, layer)),
      weights_([&] {
        check_size(input_size, 0, layer, "input features");
        check_size(hidden_size, 1, layer, "hidden features");
        check_size(o.num_layers, 1, layer, "layers");
        if (!(o.dropout >= 0 && o.dropout <= 1))
          throw_error<Error>(layer, ": dropout must lie in [0, 1], got ", o.dropout);
        if (o.proj_size != 0 && kind != Kind::lstm) throw_error<Error>(layer, ": proj_size is for LSTM alone");
        if (o.proj_size < 0 || o.proj_size >= hidden_size)
          throw_error<ShapeError>(layer, ": proj_size must lie between 0 and hidden_size, ", hidden_size, "; it is ",
                                  o.proj_size);
        const std::int64_t rows = (kind == Kind::lstm ? 4 : kind == Kind::gru ? 3 : 1) * hidden_size;
        const std::int64_t size = o.proj_size > 0 ? o.proj_size : hidden_size, directions = o.bidirectional ? 2 : 1;
        std::vector<Parameter> weights;
        for (std::int64_t l = 0; l < o.num_layers; ++l)
          for (const char* suffix : {"", "_reverse"}) {
            if (*suffix && !o.bidirectional) break;
            const auto add = [&](const char* what, bool wanted, const Shape& shape) {
              weights.push_back(
                  wanted ? register_parameter(str(what, "_l", l, suffix), uninitialised(shape, o.dtype, layer))
                         : Parameter());
            };
            add("weight_ih", true, {rows, l == 0 ? input_size : size * directions});
            add("weight_hh", true, {rows, size});
            add("bias_ih", o.bias, {rows});
            add("bias_hh", o.bias, {rows});
            add("weight_hr", o.proj_size > 0, {o.proj_size, hidden_size});
          }
        return Weights(std::move(weights));
      }()) {
  set_extra_repr(str(input_size, ", ", hidden_size, o.proj_size ? str(", proj_size=", o.proj_size) : "",
                     o.num_layers == 1 ? "" : str(", num_layers=", o.num_layers), o.bias ? "" : ", bias=False",
                     o.batch_first ? ", batch_first=True" : "",
                     o.dropout == 0 ? "" : str(", dropout=", python(o.dropout)),
                     o.bidirectional ? ", bidirectional=True" : ""));
  reset_parameters();
}

RNNBase::Weights::Weights(std::vector<Parameter> all) : all_(new auto(std::move(all))) {}
RNNBase::Weights::Weights(const Weights& o) : all_(new auto(*o.all_)) {}
RNNBase::Weights::~Weights() { delete all_; }
const Parameter& RNNBase::Weights::operator[](std::size_t i) const { return (*all_)[i]; }

void RNNBase::reset_parameters() { draw(parameters(), hidden_size_); }

std::tuple<Tensor, Tensor, Tensor> RNNBase::layers(const Tensor& x, const std::vector<std::int64_t>& sizes, Tensor h,
                                                   Tensor c) const {
  const auto shared = std::make_shared<const std::vector<std::int64_t>>(sizes);
  const Recurrence kind = recurrence_of(kind_ == Kind::lstm ? 4 : kind_ == Kind::gru ? 3 : 1, relu_);
  const std::int64_t directions = options_.bidirectional ? 2 : 1;
  Tensor in = x;
  std::vector<Tensor> last_h, last_c;
  for (std::int64_t l = 0; l < options_.num_layers; ++l) {
    std::vector<Tensor> out;
    for (std::int64_t d = 0; d < directions; ++d) {
      const std::int64_t k = l * directions + d;
      const Parameter* const w = &weights_[static_cast<std::size_t>(k) * kParts];
      const detail::RecurrentResult z = detail::recurrent_layer(
          kind, d == 1, shared, in, h.select(0, k), c.defined() ? c.select(0, k) : c, {w[0], w[1], w[2], w[3], w[4]});
      out.push_back(z.out);
      last_h.push_back(z.h);
      if (z.c.defined()) last_c.push_back(z.c);
    }
    in = directions == 1 ? out[0] : cat(out, 1);
    if (l + 1 < options_.num_layers) in = dropout(in, options_.dropout, is_training());
  }
  return {in, stack(last_h), last_c.empty() ? Tensor() : stack(last_c)};
}

void RNNBase::check_state(const Tensor& state, const Shape& wanted, const Tensor& x, const char* what) const {
  if (!(state.shape() == wanted))
    throw_error<ShapeError>(name_, ": ", what, " must be ", wanted, " for an input of ", x.shape(), ", it is ",
                            state.shape());
  check_dtype(state, weights_[0], name_);
}

std::tuple<Tensor, Tensor, Tensor> RNNBase::run(const Tensor& given, const Tensor& given_h,
                                                const Tensor& given_c) const {
  const bool batched = given.dim() == 3, first = options_.batch_first, lstm = kind_ == Kind::lstm;
  if (!batched && given.dim() != 2)
    throw_error<ShapeError>(name_, ": the input must be (time, n, features), n first with batch_first, or (time, ",
                            "features); it is ", given.shape());
  if (given.size(-1) != input_size_)
    throw_error<ShapeError>(name_, ": the input must have ", input_size_, " features, it is ", given.shape());
  check_dtype(given, weights_[0], name_);
  if (lstm && given_h.defined() != given_c.defined()) throw_error<Error>(name_, ": the state is h and c, or neither");
  const Tensor x = !batched ? given.unsqueeze(1) : first ? given.transpose(0, 1) : given;
  const std::int64_t time = x.size(0), n = x.size(1);
  if (time == 0) throw_error<ShapeError>(name_, ": the sequence is empty, the input is ", given.shape());
  const std::int64_t states = options_.num_layers * (options_.bidirectional ? 2 : 1);
  const std::int64_t size = options_.proj_size > 0 ? options_.proj_size : hidden_size_;
  const auto begin = [&](const Tensor& state, std::int64_t width, const char* what) {
    if (!state.defined()) return zeros({states, n, width}, {.dtype = x.dtype(), .device = x.device()});
    check_state(state, batched ? Shape{states, n, width} : Shape{states, width}, given, what);
    return batched ? state : state.unsqueeze(1);
  };
  const Tensor h = begin(given_h, size, "h"), c = lstm ? begin(given_c, hidden_size_, "c") : Tensor();
  auto [out, last_h, last_c] =
      layers(x.reshape({time * n, input_size_}), std::vector<std::int64_t>(static_cast<std::size_t>(time), n), h, c);
  out = out.reshape({time, n, out.size(1)});
  if (!batched) return {out.squeeze(1), last_h.squeeze(1), lstm ? last_c.squeeze(1) : last_c};
  return {first ? out.transpose(0, 1) : out, last_h, last_c};
}

std::tuple<PackedSequence, Tensor, Tensor> RNNBase::run(const PackedSequence& packed, const Tensor& given_h,
                                                        const Tensor& given_c) const {
  const Tensor& x = packed.data();
  const bool lstm = kind_ == Kind::lstm;
  if (x.dim() != 2 || x.size(1) != input_size_)
    throw_error<ShapeError>(name_, ": a packed input must be (elements, ", input_size_, "), it is ", x.shape());
  check_dtype(x, weights_[0], name_);
  if (lstm && given_h.defined() != given_c.defined()) throw_error<Error>(name_, ": the state is h and c, or neither");
  const std::vector<std::int64_t> sizes = packed.batch_sizes().to_vector<std::int64_t>();
  const std::int64_t states = options_.num_layers * (options_.bidirectional ? 2 : 1);
  const std::int64_t size = options_.proj_size > 0 ? options_.proj_size : hidden_size_;
  const auto begin = [&](const Tensor& state, std::int64_t width, const char* what) {
    if (!state.defined()) return zeros({states, sizes[0], width}, {.dtype = x.dtype(), .device = x.device()});
    check_state(state, {states, sizes[0], width}, x, what);
    return packed.sorted_indices().defined() ? index_select(state, 1, packed.sorted_indices()) : state;
  };
  const auto end = [&](const Tensor& state) {
    return state.defined() && packed.unsorted_indices().defined() ? index_select(state, 1, packed.unsorted_indices())
                                                                  : state;
  };
  const Tensor h = begin(given_h, size, "h"), c = lstm ? begin(given_c, hidden_size_, "c") : Tensor();
  const auto [out, last_h, last_c] = layers(x, sizes, h, c);
  return {PackedSequence(out, packed.batch_sizes(), packed.sorted_indices(), packed.unsorted_indices()), end(last_h),
          end(last_c)};
}

RNNOfOneState::Result RNNOfOneState::forward(const Tensor& x, const Tensor& h) const {
  const auto [out, last, none] = run(x, h, {});
  return {out, last};
}
RNNOfOneState::PackedResult RNNOfOneState::forward(const PackedSequence& x, const Tensor& h) const {
  const auto [out, last, none] = run(x, h, {});
  return {out, last};
}
RNNOfOneState::Result RNNOfOneState::operator()(const Tensor& x, const Tensor& h) const { return call(*this, x, h); }
RNNOfOneState::PackedResult RNNOfOneState::operator()(const PackedSequence& x, const Tensor& h) const {
  return call(*this, x, h);
}
RNNOfOneState::PackedResult RNNOfOneState::forward_with_packed_input(const PackedSequence& x, const Tensor& h) const {
  return call(*this, x, h);
}

RNN::RNN(std::int64_t input_size, std::int64_t hidden_size, RNNOptions options)
    : RNNOfOneState("RNN", Kind::rnn, input_size, hidden_size, options) {}
GRU::GRU(std::int64_t input_size, std::int64_t hidden_size, GRUOptions options)
    : RNNOfOneState("GRU", Kind::gru, input_size, hidden_size, options) {}
LSTM::LSTM(std::int64_t input_size, std::int64_t hidden_size, LSTMOptions options)
    : RNNBase("LSTM", Kind::lstm, input_size, hidden_size, options) {}

LSTM::Result LSTM::forward(const Tensor& x, const State& state) const {
  const auto [out, h, c] = run(x, std::get<0>(state), std::get<1>(state));
  return {out, State(h, c)};
}
LSTM::PackedResult LSTM::forward(const PackedSequence& x, const State& state) const {
  const auto [out, h, c] = run(x, std::get<0>(state), std::get<1>(state));
  return {out, State(h, c)};
}
LSTM::Result LSTM::forward(const Tensor& x) const { return forward(x, State()); }
LSTM::PackedResult LSTM::forward(const PackedSequence& x) const { return forward(x, State()); }
LSTM::Result LSTM::operator()(const Tensor& x, const State& state) const { return call(*this, x, state); }
LSTM::PackedResult LSTM::operator()(const PackedSequence& x, const State& state) const { return call(*this, x, state); }
LSTM::Result LSTM::operator()(const Tensor& x) const { return call(*this, x); }
LSTM::PackedResult LSTM::operator()(const PackedSequence& x) const { return call(*this, x); }
LSTM::PackedResult LSTM::forward_with_packed_input(const PackedSequence& x) const { return call(*this, x); }
LSTM::PackedResult LSTM::forward_with_packed_input(const PackedSequence& x, const State& state) const {
  return call(*this, x, state);
}

RNNCellBase::RNNCellBase(const char* layer, std::int64_t gates, std::int64_t input_size, std::int64_t hidden_size,
                         const RNNCellOptions& o)
    : Module(layer), name_(layer), gates_(gates), relu_(is_relu(o.nonlinearity, layer)) {
  check_size(input_size, 0, layer, "input features");
  check_size(hidden_size, 1, layer, "hidden features");
  const std::int64_t rows = gates * hidden_size;
  weight_ih = Parameter(uninitialised({rows, input_size}, o.dtype, layer));
  weight_hh = Parameter(uninitialised({rows, hidden_size}, o.dtype, layer));
  register_parameter("weight_ih", weight_ih);
  register_parameter("weight_hh", weight_hh);
  if (o.bias) {
    bias_ih = Parameter(uninitialised({rows}, o.dtype, layer));
    bias_hh = Parameter(uninitialised({rows}, o.dtype, layer));
  }
  register_parameter("bias_ih", bias_ih);
  register_parameter("bias_hh", bias_hh);
  set_extra_repr(str(input_size, ", ", hidden_size, o.bias ? "" : ", bias=False",
                     gates == 1 && relu_ ? ", nonlinearity=relu" : ""));
  reset_parameters();
}

void RNNCellBase::reset_parameters() { draw(parameters(), weight_hh.size(1)); }

std::tuple<Tensor, Tensor> RNNCellBase::step(const Tensor& given, const Tensor& given_h, const Tensor& given_c) const {
  const std::int64_t in = weight_ih.size(1), size = weight_hh.size(1);
  const bool batched = given.dim() == 2, lstm = gates_ == 4;
  if ((!batched && given.dim() != 1) || given.size(-1) != in)
    throw_error<ShapeError>(name_, ": the input must be (n, ", in, ") or (", in, "), it is ", given.shape());
  check_dtype(given, weight_ih, name_);
  if (lstm && given_h.defined() != given_c.defined()) throw_error<Error>(name_, ": the state is h and c, or neither");
  const Tensor x = batched ? given : given.unsqueeze(0);
  const auto begin = [&](const Tensor& state) {
    if (!state.defined()) return zeros({x.size(0), size}, {.dtype = x.dtype(), .device = x.device()});
    const Shape wanted = batched ? Shape{x.size(0), size} : Shape{size};
    if (!(state.shape() == wanted))
      throw_error<ShapeError>(name_, ": the state must be ", wanted, " for an input of ", given.shape(), ", it is ",
                              state.shape());
    check_dtype(state, weight_ih, name_);
    return batched ? state : state.unsqueeze(0);
  };
  const auto one = std::make_shared<const std::vector<std::int64_t>>(1, x.size(0));
  const detail::RecurrentResult z =
      detail::recurrent_layer(recurrence_of(gates_, relu_), false, one, x, begin(given_h),
                              lstm ? begin(given_c) : Tensor(), {weight_ih, weight_hh, bias_ih, bias_hh, Tensor()});
  if (batched) return {z.h, z.c};
  return {z.h.squeeze(0), lstm ? z.c.squeeze(0) : z.c};
}

RNNCell::RNNCell(std::int64_t input_size, std::int64_t hidden_size, RNNCellOptions options)
    : RNNCellBase("RNNCell", 1, input_size, hidden_size, options) {}
Tensor RNNCell::forward(const Tensor& x, const Tensor& h) const { return std::get<0>(step(x, h, {})); }
Tensor RNNCell::operator()(const Tensor& x, const Tensor& h) const { return call(*this, x, h); }

GRUCell::GRUCell(std::int64_t input_size, std::int64_t hidden_size, GRUCellOptions options)
    : RNNCellBase("GRUCell", 3, input_size, hidden_size, options) {}
Tensor GRUCell::forward(const Tensor& x, const Tensor& h) const { return std::get<0>(step(x, h, {})); }
Tensor GRUCell::operator()(const Tensor& x, const Tensor& h) const { return call(*this, x, h); }

LSTMCell::LSTMCell(std::int64_t input_size, std::int64_t hidden_size, LSTMCellOptions options)
    : RNNCellBase("LSTMCell", 4, input_size, hidden_size, options) {}
LSTMCell::Result LSTMCell::forward(const Tensor& x, const Result& state) const {
  return step(x, std::get<0>(state), std::get<1>(state));
}
LSTMCell::Result LSTMCell::forward(const Tensor& x) const { return step(x, {}, {}); }
LSTMCell::Result LSTMCell::operator()(const Tensor& x, const Result& state) const { return call(*this, x, state); }
LSTMCell::Result LSTMCell::operator()(const Tensor& x) const { return call(*this, x); }

}  // namespace nn
}  // namespace harker

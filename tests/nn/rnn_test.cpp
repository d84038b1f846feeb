// Recurrent networks: outputs, last states and all gradients against torch's (data/rnn.json, by data/make_rnn.py), the one
// node of a layer against its definition in single ops (gradcheck and gradgradcheck), cells against layers, packing and
// padding, and what is refused.
#include <array_json.h>
#include <doctest/doctest.h>
#include <harker/core/autograd/autograd.h>
#include <harker/core/grad_mode.h>
#include <harker/core/ops/ops.h>
#include <harker/core/random.h>
#include <harker/nn/nn.h>
#include <harker/nn/recurrent_layer.h>
#include <test_tensor.h>

#include <filesystem>

using namespace harker;
using namespace harker::test;
using namespace harker::nn::utils::rnn;
using Json = nlohmann::json;

namespace {

nn::RNNOptions options_of(const Json& j) {
  return {.num_layers = j.value("num_layers", 1),
          .nonlinearity = j.value("nonlinearity", "tanh") == "relu" ? "relu" : "tanh",
          .bias = j.value("bias", true),
          .batch_first = j.value("batch_first", false),
          .bidirectional = j.value("bidirectional", false),
          .proj_size = j.value("proj_size", 0),
          .dtype = kFloat64};
}

/// What any of them gives, alike.
struct Given {
  Tensor out, h, c;
};

template <class M>
Given run(const M& m, const Tensor& x, const Tensor& lengths, bool sorted, bool first, const std::vector<Tensor>& hx) {
  const auto call = [&](const auto& in) {
    if constexpr (std::is_same_v<M, nn::LSTM>) {
      const auto [out, state] = hx.empty() ? m(in) : m(in, {hx[0], hx[1]});
      const auto [h, c] = state;
      return std::tuple(out, h, c);
    } else {
      const auto [out, h] = hx.empty() ? m(in) : m(in, hx[0]);
      return std::tuple(out, h, zeros({}, kFloat64));
    }
  };
  if (!lengths.defined()) {
    const auto [out, h, c] = call(x);
    return {out, h, c};
  }
  const auto [out, h, c] = call(pack_padded_sequence(x, lengths, first, sorted));
  return {std::get<0>(pad_packed_sequence(out, first, 0.5)), h, c};
}

bool near(const Tensor& a, const Json& want) {
  const Tensor b = tensor_from(want);
  return a.defined() && a.shape() == b.shape() && allclose(a, b, 1e-8, 1e-9);
}

template <class M>
void check(const Json& c) {
  manual_seed(0);
  M m(3, 4, options_of(c.at("options")));
  manual_seed(1);
  std::vector<Tensor> x{randn(shape_from(c.at("shape")), kFloat64)};
  for (std::size_t i = 1; i < c.at("grads").size(); ++i)
    x.push_back(randn(shape_from(c.at("grads").at(i).at("shape")), kFloat64));
  for (Tensor& t : x) t.requires_grad_();
  Tensor lengths;
  if (!c.at("lengths").is_null()) {
    const auto list = c.at("lengths").get<std::vector<std::int64_t>>();
    lengths = from_vector(list, {static_cast<std::int64_t>(list.size())});
  }
  const bool first = c.at("options").value("batch_first", false);
  const Given z = run(m, x[0], lengths, c.at("sorted").get<bool>(), first, {x.begin() + 1, x.end()});
  CHECK(near(z.out, c.at("out")));
  CHECK(near(z.h, c.at("h")));
  CHECK(near(z.c, c.at("c")));
  (sum(z.out * z.out) + sum(z.h * z.h * z.h) + sum(z.c * z.c) / 2).backward();
  for (std::size_t i = 0; i < x.size(); ++i) CHECK(near(x[i].grad(), c.at("grads").at(i)));
  CHECK(m.parameters().size() == c.at("parameters").size());
  for (const auto& item : m.named_parameters()) {
    const auto& name = item.first;
    const auto& p = item.second;
    CAPTURE(name);
    CHECK(near(p.grad(), c.at("parameters").at(name)));
  }
  NoGradGuard off;  // where nothing is kept
  const Given again = run(m, x[0], lengths, c.at("sorted").get<bool>(), first, {x.begin() + 1, x.end()});
  CHECK(equal(again.out, z.out.detach()));
  CHECK(equal(again.h, z.h.detach()));
}

}  // namespace

TEST_CASE("rnn: outputs, states and gradients are torch's") {
  const Json file = read_json(std::filesystem::path(HARKER_SOURCE_DIR) / "tests" / "nn" / "data" / "rnn.json");
  int cases = 0;
  for (const Json& c : file.at("cases")) {
    const std::string kind = c.at("kind").get<std::string>();
    const std::string text = kind + c.at("options").dump() + c.at("lengths").dump();
    CAPTURE(text);
    kind == "LSTM" ? check<nn::LSTM>(c) : kind == "GRU" ? check<nn::GRU>(c) : check<nn::RNN>(c);
    ++cases;
  }
  CHECK(cases == 21);
}

TEST_CASE("rnn: the gradients of a layer's one node are its derivative, twice") {
  using detail::Recurrence;
  struct Row {
    Recurrence kind;
    bool bias, projected;
  };
  for (const Row& r :
       {Row{Recurrence::tanh, true, false}, Row{Recurrence::relu, false, false}, Row{Recurrence::gru, true, false},
        Row{Recurrence::gru, false, false}, Row{Recurrence::lstm, true, false}, Row{Recurrence::lstm, false, true}})
    for (const bool reverse : {false, true}) {
      CAPTURE(static_cast<int>(r.kind));
      CAPTURE(reverse);
      manual_seed(3);
      const bool lstm = r.kind == Recurrence::lstm;
      const std::int64_t size = r.projected ? 2 : 3, rows = 3 * detail::gates_of(r.kind);
      const auto sizes = std::make_shared<const std::vector<std::int64_t>>(std::vector<std::int64_t>{2, 2, 1});
      std::vector<Tensor> in{randn({5, 2}, kFloat64), randn({2, size}, kFloat64), randn({rows, 2}, kFloat64),
                             randn({rows, size}, kFloat64)};
      if (lstm) in.push_back(randn({2, 3}, kFloat64));
      if (r.projected) in.push_back(randn({2, 3}, kFloat64));
      if (r.bias) in.push_back(randn({rows}, kFloat64)), in.push_back(randn({rows}, kFloat64));
      for (Tensor& t : in) t.requires_grad_();
      const auto f = [&](std::span<const Tensor> x) {
        const Tensor none, &c = lstm ? x[4] : none, &w_hr = r.projected ? x[5] : none;
        const std::size_t bias = x.size() - 2;
        const detail::RecurrentResult z =
            detail::recurrent_layer(r.kind, reverse, sizes, x[0], x[1], c,
                                    {x[2], x[3], r.bias ? x[bias] : none, r.bias ? x[bias + 1] : none, w_hr});
        std::vector<Tensor> all{z.out.flatten(), z.h.flatten()};
        if (lstm) all.push_back(z.c.flatten());
        return cat(all);
      };
      CHECK_NOTHROW(gradcheck(f, in));
      CHECK_NOTHROW(gradgradcheck(f, in));
      // A state computed from the input: what reaches it by one way must not be counted for the other.
      const auto tied = [&](std::span<const Tensor> v) {
        std::vector<Tensor> x = in;
        x[0] = v[0];
        x[1] = tanh(cat({v[0], v[0]}, 1).narrow(0, 1, 2).narrow(1, 0, size));
        return f(x);
      };
      CHECK_NOTHROW(gradgradcheck(tied, {in[0]}));
    }
}

TEST_CASE("rnn: a cell is a layer's step, with and without a batch") {
  manual_seed(5);
  nn::LSTM lstm(3, 4);
  nn::LSTMCell cell(3, 4);
  for (const char* name : {"weight_ih", "weight_hh", "bias_ih", "bias_hh"}) {
    StateDict state = cell.state_dict();
    NoGradGuard off;
    Tensor to = state[name];
    to.copy_(lstm.state_dict()[std::string(name) + "_l0"]);
  }
  const Tensor x = randn({5, 2, 3});
  const auto [out, state] = lstm(x);
  std::tuple<Tensor, Tensor> hc;
  for (int t = 0; t < 5; ++t) {
    hc = cell(x[t], hc);
    CHECK(allclose(std::get<0>(hc), out[t], 1e-6, 1e-7));
  }
  CHECK(allclose(std::get<1>(hc), std::get<1>(state)[0], 1e-6, 1e-7));
  nn::GRUCell gru(3, 4);
  CHECK(allclose(gru(x[0])[1], gru(x[0][1]), 1e-6, 1e-7));
  CHECK(gru(x[0][1]).shape() == Shape{4});
  CHECK(nn::RNNCell(3, 4)(zeros({0, 3})).shape() == Shape{0, 4});
}

TEST_CASE("rnn: no sequences, wide dtypes, half, a strided input") {
  const auto [out, state] = nn::LSTM(3, 4, {.num_layers = 2, .bidirectional = true})(zeros({5, 0, 3}));
  CHECK(out.shape() == Shape{5, 0, 8});
  CHECK(std::get<1>(state).shape() == Shape{4, 0, 4});
  manual_seed(2);
  nn::GRU gru(3, 4);
  const Tensor x = randn({3, 2, 5}).permute({2, 1, 0});
  const auto [strided, h] = gru(x);
  CHECK(equal(strided.detach(), std::get<0>(gru(x.contiguous())).detach()));
  gru.to(kBFloat16);
  const auto [half, last] = gru(x.to(kBFloat16));
  CHECK(half.dtype() == kBFloat16);
  CHECK(allclose(half.to(kFloat32), strided, 0.05, 0.05));
  sum(half).backward();
  CHECK(gru.parameters()[0].grad().dtype() == kBFloat16);
}

TEST_CASE("rnn: sequences of different lengths are padded, packed and taken apart again") {
  const std::vector<Tensor> words{randn({2, 3}), randn({4, 3}), randn({1, 3})};
  const Tensor padded = pad_sequence(words, true, -1);
  CHECK(padded.shape() == Shape{3, 4, 3});
  CHECK(equal(padded[0].narrow(0, 0, 2), words[0]));
  CHECK(equal(padded[2].narrow(0, 1, 3), full({3, 3}, -1.0)));
  CHECK(equal(pad_sequence(words, false, -1, "left").select(1, 0).narrow(0, 2, 2), words[0]));
  const PackedSequence packed = pack_sequence(words, false);
  CHECK(values(packed.batch_sizes()) == Numbers{3, 2, 1, 1});
  CHECK(values(packed.sorted_indices()) == Numbers{1, 0, 2});
  CHECK(values(packed.unsorted_indices()) == Numbers{1, 0, 2});
  CHECK(equal(packed.data()[1], words[0][0]));
  const auto [back, lengths] = pad_packed_sequence(packed, true, -1);
  CHECK(equal(back, padded));
  CHECK(values(lengths) == Numbers{2, 4, 1});
  CHECK(std::get<0>(pad_packed_sequence(packed, false, 0, 6)).shape() == Shape{6, 3, 3});
  const std::vector<Tensor> apart = unpack_sequence(packed);
  for (std::size_t i = 0; i < 3; ++i) CHECK(equal(apart[i], words[i]));
  // Elements that are not there are not read: their gradient is 0.
  Tensor x = randn({4, 2, 3}).requires_grad_();
  sum(pack_padded_sequence(x, tensor({4, 2})).data()).backward();
  CHECK(equal(x.grad().select(1, 1), cat({ones({2, 3}), zeros({2, 3})})));
}

TEST_CASE("rnn: what does not fit is refused, in words that name it") {
  const nn::LSTM lstm(3, 4);
  const nn::GRU gru(3, 4, {.num_layers = 2});
  const Tensor x = randn({5, 2, 3});
  CHECK(has(words<ShapeError>([&] { lstm(randn({5, 2, 4})); }), "LSTM: the input must have 3 features"));
  CHECK(has(words<ShapeError>([&] { lstm(randn({3})); }), "LSTM"));
  CHECK(has(words<ShapeError>([&] { lstm(randn({0, 2, 3})); }), "empty"));
  CHECK(has(words<TypeError>([&] { lstm(x.to(kFloat64)); }), "float64"));
  CHECK(has(words<Error>([&] { lstm(x, {zeros({1, 2, 4}), Tensor()}); }), "h and c"));
  CHECK(has(words<ShapeError>([&] { lstm(x, {zeros({1, 2, 4}), zeros({1, 2, 5})}); }), "c must be (1, 2, 4)"));
  CHECK(has(words<ShapeError>([&] { gru(x, zeros({1, 2, 4})); }), "h must be (2, 2, 4)"));
  CHECK(has(words<ShapeError>([&] { gru(x[0], zeros({2, 1, 4})); }), "h must be (2, 4)"));
  CHECK(has(words<ShapeError>([&] { nn::GRUCell(3, 4)(randn({2, 4})); }), "GRUCell"));
  CHECK(has(words<ShapeError>([&] { nn::RNNCell(3, 4)(randn({2, 3}), randn({3, 4})); }), "(2, 4)"));
  CHECK(has(words<ShapeError>([] { nn::RNN(3, 0); }), "hidden"));
  CHECK(has(words<ShapeError>([] { nn::RNN(-1, 2); }), "input"));
  CHECK(has(words<ShapeError>([] { nn::RNN(3, 2, {.num_layers = 0}); }), "layers"));
  CHECK(has(words<Error>([] { nn::RNN(3, 2, {.nonlinearity = "gelu"}); }), "tanh or relu"));
  CHECK(has(words<Error>([] { nn::RNN(3, 2, {.dropout = 1.5}); }), "[0, 1]"));
  CHECK(has(words<Error>([] { nn::GRU(3, 2, {.proj_size = 1}); }), "LSTM alone"));
  CHECK(has(words<ShapeError>([] { nn::LSTM(3, 2, {.proj_size = 2}); }), "proj_size"));
  CHECK(has(words<ShapeError>([&] { pack_padded_sequence(x, tensor({4, 5})); }), "enforce_sorted"));
  CHECK(has(words<ShapeError>([&] { pack_padded_sequence(x, tensor({4, 0})); }), "between 1 and 5"));
  CHECK(has(words<ShapeError>([&] { pack_padded_sequence(x, tensor({6, 1})); }), "number 0 is 6"));
  CHECK(has(words<ShapeError>([&] { pack_padded_sequence(x, tensor({4})); }), "each of the 2"));
  CHECK(has(words<ShapeError>([&] { pack_padded_sequence(x, tensor({4.0, 2.0})); }), "float32"));
  CHECK(has(words<ShapeError>([&] { PackedSequence(x, tensor({2, 3})); }), "never rise"));
  CHECK(has(words<ShapeError>([&] { PackedSequence(x, tensor({2, 2})); }), "1 elements"));
  CHECK(has(words<ShapeError>([&] { PackedSequence(x, tensor({3, 3})); }), "add up"));
  CHECK(has(words<ShapeError>([&] { PackedSequence(x, tensor({5}), tensor({0, 1, 2, 3, 7})); }), "no order"));
  const PackedSequence packed = pack_padded_sequence(x, tensor({4, 2}));
  CHECK(has(words<ShapeError>([&] { pad_packed_sequence(packed, false, 0, 3); }), "total_length"));
  CHECK(has(words<ShapeError>([&] { nn::LSTM(2, 4)(packed); }), "packed"));
  CHECK(has(words<Error>([] { pad_sequence({}); }), "at least one"));
  CHECK(has(words<Error>([] { pad_sequence({ones({1})}, false, 0, "up"); }), "left or right"));
  // A pass over a graph that was freed, or whose tensors have changed.
  Tensor y = randn({2, 1, 3}).requires_grad_();
  const Tensor loss = sum(std::get<0>(lstm(y)));
  loss.backward();
  CHECK_THROWS_AS(loss.backward(), GradError);
}

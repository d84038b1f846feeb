// Attention's masks; a transformer layer with dropout trains as torch's does at the same seed, whatever comes first; and a
// sample of nothing but padding is no NaN. Values are torch 2.15's.
#include <doctest/doctest.h>
#include <harker/core/grad_mode.h>
#include <harker/core/ops/ops.h>
#include <harker/core/random.h>
#include <harker/nn/activation.h>
#include <harker/nn/attention.h>
#include <harker/nn/sequential.h>
#include <harker/nn/transformer.h>
#include <harker/nn/transformer_decoder.h>

#include <cmath>
#include <vector>

namespace harker {
namespace {

void check_near(const Tensor& got, const std::vector<double>& expected) {
  const std::vector<double> v = got.to_vector<double>();
  REQUIRE(v.size() == expected.size());
  for (std::size_t i = 0; i < v.size(); ++i) CHECK(v[i] == doctest::Approx(expected[i]).epsilon(1e-4));
}

}  // namespace

TEST_CASE("transformer layer: dropout draws as torch's, with the batch first or second") {
  const Tensor x = arange(24).view({2, 3, 4}) / 24.0;
  for (const bool first : {true, false}) {
    CAPTURE(first);
    manual_seed(0);
    nn::TransformerEncoderLayer layer(4, 2, {.dim_feedforward = 8, .dropout = 0.5, .batch_first = first});
    const std::vector<double> seconds = {-1.59567,  1.081587, 0.532552,  -0.018468, -1.689435, 0.603838,
                                         0.233052,  0.852545, -1.728738, 0.479483,  0.600525,  0.64873,
                                         -0.246017, -1.39415, 0.249688,  1.390479,  0.018328,  -1.171635,
                                         -0.413755, 1.567062, -1.664173, 0.486074,  0.201672,  0.976427},
                              firsts = {-0.78304,  -0.993046, 0.246399,  1.529686,  -1.105461, -0.523049,
                                        0.046702,  1.581808,  -1.455,    0.647993,  -0.350611, 1.157618,
                                        -0.825781, -0.449966, -0.434922, 1.71067,   -1.565412, 0.764483,
                                        -0.167103, 0.968033,  -1.349183, -0.342261, 0.283571,  1.407873};
    check_near(layer(x), first ? firsts : seconds);
  }
}

TEST_CASE("transformer layer: a sample of nothing but padding") {
  manual_seed(0);
  nn::TransformerEncoderLayer layer(4, 2, {.dim_feedforward = 8, .dropout = 0, .batch_first = true});
  Tensor x = (arange(24).view({2, 3, 4}) / 24.0).requires_grad_();
  const Tensor mask = tensor({{true, true, true}, {false, false, true}});
  const Tensor z = layer(x, {.src_key_padding_mask = mask});
  CHECK(all(isfinite(z)).item<bool>());
  sum(z * z).backward();
  CHECK(all(isfinite(x.grad())).item<bool>());
  for (const Tensor& p : layer.parameters()) CHECK(all(isfinite(p.grad())).item<bool>());
  // Its attention is the bias of the projection alone.
  nn::MultiheadAttention attention(4, 2, {.batch_first = true});
  const auto r = attention(x, x, x, {.key_padding_mask = mask, .need_weights = false});
  for (int i = 0; i < 3; ++i) CHECK(equal(r.output[0][i], attention.out_proj.bias));
  const auto weighed = attention(x, x, x, {.key_padding_mask = mask});
  CHECK(std::isnan(weighed.weights[0][0][0].item()));  // as in torch: there the weights say so
}

TEST_CASE("transformer layer: a clone is tied where its original is, and has its dtypes, shapes and gaps") {
  nn::TransformerEncoderLayer layer(4, 2, {.dim_feedforward = 4, .dropout = 0});
  layer.linear2.weight = layer.linear1.weight;
  nn::TransformerEncoder encoder(layer, 2);
  CHECK(encoder.parameters().size() == 22);  // torch's deepcopy: 11 each
  for (const nn::TransformerEncoderLayer& l : encoder.layers) {
    CHECK(l.linear2.weight.is(l.linear1.weight));
    CHECK(!l.linear1.weight.shares_storage(layer.linear1.weight));
    CHECK(equal(l.linear1.weight.detach(), layer.linear1.weight.detach()));
  }
  layer.self_attn.out_proj.weight = layer.linear1.weight;
  layer.norm2.weight = layer.norm1.weight;
  layer.norm1.bias = nn::Parameter();
  layer.linear1.bias = nn::Parameter(zeros({1}), false);
  layer.to(DType::float64);
  const nn::TransformerEncoderLayer copy = layer.clone();
  CHECK(copy.parameters().size() == layer.parameters().size());
  CHECK(copy.self_attn.out_proj.weight.is(copy.linear2.weight));
  CHECK(copy.norm2.weight.is(copy.norm1.weight));
  CHECK(!copy.norm1.bias.defined());
  CHECK(copy.linear1.bias.shape() == Shape{1});
  CHECK(!copy.linear1.bias.requires_grad());
  for (const Tensor& p : copy.parameters()) CHECK(p.dtype() == DType::float64);
  struct Larger : nn::TransformerEncoderLayer {
    Larger() : TransformerEncoderLayer(4, 2) {}
    nn::Parameter more = register_parameter("more", ones({1}));
  };
  CHECK_THROWS_AS(Larger().clone(), Error);  // the copy would lack it
}

TEST_CASE("transformer: causal and padding masks at once are torch's") {
  manual_seed(0);
  const nn::Transformer model({.d_model = 4,
                               .nhead = 2,
                               .num_encoder_layers = 1,
                               .num_decoder_layers = 1,
                               .layer = {.dim_feedforward = 8, .dropout = 0}});
  const Tensor src = randn({3, 2, 4}), tgt = randn({2, 2, 4});
  const Tensor padding = tensor({{false, false, true}, {false, false, false}});
  const nn::TransformerCall causal{
      .src_key_padding_mask = padding, .memory_key_padding_mask = padding, .tgt_is_causal = true};
  const Tensor z = model(src, tgt, causal);
  check_near(z, {-0.143466, -1.343089, 0.011647, 1.474908, 0.938076, -0.984989, -1.013045, 1.059958, 1.007598,
                 -1.003298, -0.996657, 0.992357, -1.474487, -0.362041, 0.982907, 0.853622});
  for (const Tensor& mask : {nn::causal_mask(2), nn::Transformer::generate_square_subsequent_mask(2)}) {
    nn::TransformerCall masked = causal;
    masked.tgt_is_causal = false;
    masked.tgt_mask = mask;
    CHECK(allclose(model(src, tgt, masked), z));
    masked.tgt_key_padding_mask = zeros({2, 2}, kBool);
    CHECK(allclose(model(src, tgt, masked), z));
    masked.tgt_is_causal = true;
    CHECK(allclose(model(src, tgt, masked), z));
  }
  // What is padding, or lies in the future, changes nothing.
  Tensor other = src.clone(), later = tgt.clone();
  other[2][0] = randn({4});
  later[1] = randn({2, 4});
  CHECK(allclose(model(other, tgt, causal), z));
  CHECK(allclose(model(src, later, causal)[0], z[0]));
  CHECK(!allclose(model(src, later, {.src_key_padding_mask = padding, .memory_key_padding_mask = padding})[0], z[0]));
  // Without n.
  const Tensor one = model(src.select(1, 1), tgt.select(1, 1), {.tgt_is_causal = true});
  CHECK(allclose(one, z.select(1, 1), 1e-4, 1e-5));
  for (const Tensor& bad : {randn({3, 3, 4}), randn({3, 2, 5}), randn({3, 4})})
    CHECK_THROWS_WITH_AS(model(bad, tgt), doctest::Contains("source and target"), ShapeError);
  // An encoder's is_causal is its causal mask.
  CHECK(allclose(model.encoder(src, {.is_causal = true}), model.encoder(src, {.src_mask = nn::causal_mask(3)})));
}

TEST_CASE("transformer: a decoder's layers are clones of the one it is given") {
  nn::TransformerDecoderLayer layer(4, 2, {.dim_feedforward = 8, .activation = "gelu"});
  layer.linear2.eval();
  layer.multihead_attn.in_proj_weight.requires_grad_(false);
  const nn::TransformerDecoder decoder(layer, 2);
  for (const nn::TransformerDecoderLayer& one : decoder.layers) {
    CHECK(equal(one.multihead_attn.in_proj_weight, layer.multihead_attn.in_proj_weight));
    CHECK(!one.multihead_attn.in_proj_weight.shares_storage(layer.multihead_attn.in_proj_weight));
    CHECK(!one.multihead_attn.in_proj_weight.requires_grad());
    CHECK(one.norm3.weight.requires_grad());
    CHECK(!one.linear2.is_training());
  }
  // The activation's weights, too, are each layer's own.
  const nn::TransformerDecoderLayer learned(4, 2, {.dim_feedforward = 8, .activation = nn::PReLU()});
  const nn::TransformerDecoder two(learned, 2, nn::LayerNorm(4));
  CHECK(two.parameters().size() == 2 * learned.parameters().size() + 2);
}

TEST_CASE("transformer: a clone is a model of its own, activation and final norms included") {
  const nn::Transformer model({.d_model = 4,
                               .nhead = 2,
                               .num_encoder_layers = 2,
                               .num_decoder_layers = 1,
                               .layer = {.dim_feedforward = 8, .dropout = 0, .activation = nn::PReLU()}});
  const Tensor src = randn({3, 2, 4}), tgt = randn({2, 2, 4}), before = model(src, tgt).detach();
  const nn::Transformer copy = model.clone();
  CHECK(equal(copy(src, tgt).detach(), before));
  for (const auto& item : model.named_parameters()) {
    const auto& name = item.first;
    const Tensor& p = item.second;
    CAPTURE(name);
    NoGradGuard no_grad;
    copy.get_parameter(name).add_(rand_like(p));  // a constant would be taken away by the norm that follows
    CHECK(!equal(copy.get_parameter(name), p));
    CHECK(!equal(copy(src, tgt), before));  // it is what the copy computes with
    CHECK(equal(model(src, tgt), before));
    copy.get_parameter(name).copy_(p);
  }
}

TEST_CASE("attention: masks hide keys, and the weights are those of a distribution") {
  manual_seed(3);
  nn::MultiheadAttention attention(8, 2, {.batch_first = true});
  const Tensor x = randn({2, 4, 8});
  const auto all = attention(x, x, x);
  CHECK(all.weights.shape() == Shape{2, 4, 4});
  CHECK(allclose(sum(all.weights, -1), ones({2, 4})));
  CHECK(attention(x, x, x, {.average_attn_weights = false}).weights.shape() == Shape{2, 2, 4, 4});
  CHECK(!attention(x, x, x, {.need_weights = false}).weights.defined());
  const auto causal = attention(x, x, x, {.attn_mask = nn::causal_mask(4)});
  CHECK(equal(triu(causal.weights, 1), zeros({2, 4, 4})));
  CHECK(allclose(causal.output.select(1, 3), all.output.select(1, 3), 1e-5, 1e-6));
  const auto padded =
      attention(x, x, x, {.key_padding_mask = tensor({{false, false, true, true}, {false, false, false, true}})});
  CHECK(equal(padded.weights[0].slice(1, 2), zeros({4, 2})));
  const auto one = attention(x[0], x[0], x[0]);
  CHECK(allclose(one.output, all.output[0], 1e-5, 1e-6));
  CHECK(one.weights.shape() == Shape{4, 4});
  CHECK_THROWS_AS(nn::MultiheadAttention(8, 3), ShapeError);
  CHECK_THROWS_AS(attention(x, x, randn({2, 5, 8})), ShapeError);
  CHECK_THROWS_AS(attention(x, x[0], x), ShapeError);
}

TEST_CASE("attention: masks have the shapes that torch takes, and no others") {
  nn::MultiheadAttention attention(4, 2, {.batch_first = true});
  const Tensor q = randn({2, 3, 4}), k = randn({2, 5, 4});
  for (const bool weights : {true, false}) {
    const auto masked = [&](const Shape& mask) {
      return attention(q, k, k, {.attn_mask = zeros(mask), .need_weights = weights}).output;
    };
    const auto padded = [&](const Tensor& x, const Tensor& y, const Shape& mask) {
      return attention(x, y, y, {.key_padding_mask = zeros(mask, kBool), .need_weights = weights}).output;
    };
    CHECK(equal(masked({3, 5}), masked({4, 3, 5})));
    for (const Shape& s : {Shape{1, 5}, {3, 1}, {5}, {}, {1, 3, 5}, {2, 3, 5}, {4, 1, 5}, {4, 3, 1}, {2, 2, 3, 5}})
      CHECK_THROWS_AS(masked(s), ShapeError);
    CHECK(allclose(padded(q, k, {2, 5})[0], padded(q[0], k[0], {5})));
    for (const Shape& s : {Shape{5}, {1, 5}, {2, 1}, {5, 2}, {10}, {2, 5, 1}})  // 10 numbers, but in another order
      CHECK_THROWS_AS(padded(q, k, s), ShapeError);
    for (const Shape& s : {Shape{1, 5}, {5, 1}, {1}}) CHECK_THROWS_AS(padded(q[0], k[0], s), ShapeError);
  }
  CHECK_THROWS_WITH_AS(attention(q, k, k, {.key_padding_mask = zeros({5, 2}, kBool)}),
                       "MultiheadAttention: key_padding_mask must be (2, 5), not (5, 2)", ShapeError);
}

TEST_CASE("attention: one more key and value, learned and of zeros, under masks, are torch's") {
  manual_seed(0);
  const nn::MultiheadAttention attention(4, 2, {.add_bias_kv = true, .add_zero_attn = true});
  const Tensor q = randn({2, 1, 4}), k = randn({3, 1, 4});
  nn::MultiheadAttentionCall call{.key_padding_mask = tensor({{false, false, true}}),
                                  .attn_mask = tensor({{false, true, false}, {false, false, true}})};
  const auto mean = attention(q, k, k, call);
  check_near(mean.output, {-0.257477, 0.113918, -0.091012, 0.257554, 0.02774, 0.101108, 0.031399, -0.054003});
  check_near(mean.weights, {0.542037, 0.0, 0.0, 0.245779, 0.212184, 0.048005, 0.450026, 0.0, 0.296206, 0.205763});
  call.average_attn_weights = false;
  check_near(attention(q, k, k, call).weights,
             {0.345349, 0, 0, 0.377269, 0.277382, 0.066763, 0.420206, 0, 0.303904, 0.209127,
              0.738726, 0, 0, 0.114288, 0.146986, 0.029248, 0.479847, 0, 0.288508, 0.202398});
  call.need_weights = false;
  CHECK(allclose(attention(q, k, k, call).output, mean.output, 1e-4, 1e-5));
  // is_causal without a mask: query i sees keys 0 to i, and those two.
  const auto causal = attention(q, k, k, {.average_attn_weights = false, .is_causal = true}).weights;
  CHECK(equal(causal.select(2, 0).slice(2, 1, 3), zeros({1, 2, 2})));
  CHECK(equal(causal.select(2, 1).slice(2, 2, 3), zeros({1, 2, 1})));
}

}  // namespace harker

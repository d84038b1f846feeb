// A transformer layer with dropout trains as torch's does at the same seed, whatever comes first; and a sample of
// nothing but padding is no NaN. Values are torch 2.15's.
#include <doctest/doctest.h>
#include <harker/core/ops/ops.h>
#include <harker/core/random.h>
#include <harker/nn/transformer.h>

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

}  // namespace harker

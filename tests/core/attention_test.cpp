// scaled_dot_product_attention where a query may see no key, and in 16 bits. Values against torch 2.15.
#include <doctest/doctest.h>
#include <harker/core/ops/ops.h>
#include <harker/core/random.h>
#include <test_tensor.h>

#include <cmath>
#include <span>

namespace harker {
namespace {

using test::Numbers;
using test::values;

bool all_finite(const Tensor& t) { return all(isfinite(t)).item<bool>(); }

}  // namespace

TEST_CASE("attention: a query that sees nothing gets 0, and no gradient is NaN") {
  manual_seed(3);
  const Tensor sees = tensor({{true, false, false}, {false, false, false}, {true, true, true}});
  const Tensor added = zeros({3, 3}, kFloat64).masked_fill(~sees, -INFINITY);
  for (const Tensor& mask : {sees, added, added.unsqueeze(0).expand({2, 3, 3})}) {
    std::vector<Tensor> x;
    for (int i = 0; i < 3; ++i) x.push_back(randn({2, 3, 4}, kFloat64).requires_grad_());
    const auto attend = [&](std::span<const Tensor> v) {
      return scaled_dot_product_attention(v[0], v[1], v[2], {.attn_mask = mask});
    };
    const Tensor z = attend(x);
    CHECK(values(z[0][1]) == Numbers{0, 0, 0, 0});
    CHECK(values(z[1][1]) == Numbers{0, 0, 0, 0});
    CHECK(allclose(z[0][0], x[2][0][0]));  // it sees one key alone
    const auto g = grad({sum(z * z)}, x, {}, {.create_graph = true});
    for (const Tensor& t : g) CHECK(all_finite(t));
    CHECK(values(g[0][0][1]) == Numbers{0, 0, 0, 0});
    for (const Tensor& t : grad({sum(g[0]) + sum(g[1] * g[2])}, x)) CHECK(all_finite(t));
    CHECK(gradcheck(attend, x));
  }
  // Keys that nobody sees: one mask for all queries.
  const Tensor q = randn({1, 2, 3}),
               blind = scaled_dot_product_attention(q, q, q, {.attn_mask = tensor({false, false})});
  CHECK(values(blind) == Numbers(6, 0));
}

TEST_CASE("attention: a mask with more dimensions than the query adds none to the result") {
  manual_seed(1);
  for (DType t : {kFloat32, kFloat16}) {
    const Tensor q = randn({2, 2, 2}).to(t), mask = randn({2, 2, 2}).to(t);
    const Tensor z = scaled_dot_product_attention(q, q, q, {.attn_mask = mask.unsqueeze(0).unsqueeze(0)});
    CHECK(z.shape() == Shape{2, 2, 2});
    CHECK(equal(z, scaled_dot_product_attention(q, q, q, {.attn_mask = mask})));
  }
}

TEST_CASE("attention: a mask does not repeat what it masks") {
  const auto result = [](const Shape& q, const Shape& k, const Shape& mask) {
    return scaled_dot_product_attention(randn(q), randn(k), randn(k), {.attn_mask = randn(mask)}).shape();
  };
  CHECK(result({3, 4}, {6, 2, 5, 4}, {6, 2, 3, 5}) == Shape{6, 2, 3, 4});
  CHECK(result({2, 3, 4}, {2, 5, 4}, {5}) == Shape{2, 3, 4});
  CHECK_THROWS_WITH_AS(
      result({2, 3, 4}, {2, 5, 4}, {4, 2, 3, 5}),
      "scaled_dot_product_attention: the mask must broadcast to the scores, which are (2, 3, 5); it is "
      "(4, 2, 3, 5)",
      ShapeError);
  CHECK_THROWS_AS(result({1, 3, 4}, {1, 5, 4}, {7, 3, 5}), ShapeError);
  CHECK_THROWS_AS(result({2, 1, 4}, {2, 5, 4}, {3, 5}), ShapeError);     // a query more
  CHECK_THROWS_AS(result({2, 3, 4}, {2, 1, 4}, {2, 3, 5}), ShapeError);  // a key more
  CHECK_THROWS_AS(result({1, 3, 4}, {1, 5, 4}, {0, 3, 5}), ShapeError);
}

TEST_CASE("attention: 16-bit floats are rounded once") {
  manual_seed(4);
  for (DType t : {kFloat16, kBFloat16}) {
    const Tensor q = randn({2, 5, 8}).to(t), k = randn({2, 7, 8}).to(t), v = randn({2, 7, 8}).to(t);
    const Tensor mask = randn({5, 7}).to(t);
    for (const AttentionOptions& o : {AttentionOptions{}, AttentionOptions{.attn_mask = mask}}) {
      AttentionOptions wide = o;
      if (o.attn_mask.defined()) wide.attn_mask = mask.to(kFloat64);
      const Tensor z = scaled_dot_product_attention(q, k, v, o);
      CHECK(z.dtype() == t);
      const Tensor exact = scaled_dot_product_attention(q.to(kFloat64), k.to(kFloat64), v.to(kFloat64), wide);
      const double unit = t == kFloat16 ? 0x1p-11 : 0x1p-8;
      CHECK(test::max_relative(z.to(kFloat64), exact, 1e-2) <= unit * 1.01);
    }
  }
}

}  // namespace harker

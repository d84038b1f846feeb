// Activations, losses and normalisations that are expressions: values and gradients at kinks, at bounds and far out, in
// float64, where torch 2.15 gave these; 16 bits; and where nothing may overflow.
#include <doctest/doctest.h>
#include <harker/core/ops/ops.h>
#include <harker/core/random.h>
#include <test_tensor.h>

#include <cmath>

namespace harker {
namespace {

using test::Numbers;
using test::values;

struct Row {
  const char* name;
  Tensor (*f)(const Tensor&);
  std::vector<double> x, z, dx;  // dx: the gradient of the sum
};

const std::vector<Row> kRows = {
    {"hardtanh",
     [](const Tensor& x) { return hardtanh(x, -1, 1); },
     {-1.0, 1.0, 0.5, -2.0, 2.0},
     {-1.0, 1.0, 0.5, -1.0, 1.0},
     {0.0, 0.0, 1.0, 0.0, 0.0}},
    {"relu6",
     [](const Tensor& x) { return relu6(x); },
     {0.0, 6.0, -1.0, 3.0, 7.0},
     {0.0, 6.0, 0.0, 3.0, 6.0},
     {0.0, 0.0, 0.0, 1.0, 0.0}},
    {"hardsigmoid",
     [](const Tensor& x) { return hardsigmoid(x); },
     {-3.0, 3.0, 0.0, -4.0, 4.0},
     {0.0, 1.0, 0.5, 0.0, 1.0},
     {0.0, 0.0, 0.1666667, 0.0, 0.0}},
    {"hardswish",
     [](const Tensor& x) { return hardswish(x); },
     {-3.0, 3.0, 0.0, -4.0, 4.0, -1.5},
     {-0.0, 3.0, 0.0, -0.0, 4.0, -0.375},
     {0.0, 1.0, 0.5, 0.0, 1.0, 0.0}},
    {"hardshrink",
     [](const Tensor& x) { return hardshrink(x, 0.5); },
     {-0.5, 0.5, 0.25, -1.0, 1.0},
     {0.0, 0.0, 0.0, -1.0, 1.0},
     {0.0, 0.0, 0.0, 1.0, 1.0}},
    {"softshrink",
     [](const Tensor& x) { return softshrink(x, 0.5); },
     {-0.5, 0.5, 0.25, -1.0, 1.0},
     {-0.0, 0.0, 0.0, -0.5, 0.5},
     {0.0, 0.0, 0.0, 1.0, 1.0}},
    {"threshold",
     [](const Tensor& x) { return threshold(x, 0.5, 7); },
     {0.5, 0.25, 1.0},
     {7.0, 7.0, 1.0},
     {0.0, 0.0, 1.0}},
    {"elu",
     [](const Tensor& x) { return elu(x, 2); },
     {0.0, -0.0, -1.0, 1.0, 100.0, -100.0},
     {0.0, -0.0, -1.2642411, 1.0, 100.0, -2.0},
     {2.0, 2.0, 0.7357589, 1.0, 1.0, 0.0}},
    {"selu",
     [](const Tensor& x) { return selu(x); },
     {0.0, -1.0, 1.0, 100.0, -1000.0},
     {0.0, -1.1113307, 1.050701, 105.0700987, -1.7580993},
     {1.7580993, 0.6467686, 1.050701, 1.050701, 0.0}},
    {"celu",
     [](const Tensor& x) { return celu(x, 2); },
     {0.0, -1.0, 1.0, 1000.0, -1000.0},
     {0.0, -0.7869387, 1.0, 1000.0, -2.0},
     {1.0, 0.6065307, 1.0, 1.0, 0.0}},
    {"celu",
     [](const Tensor& x) { return celu(x, -2); },
     {0.0, -1.0, 1.0},
     {0.0, -1.2974425, 1.0},
     {1.0, 1.6487213, 1.0}},
    {"prelu",
     [](const Tensor& x) { return prelu(x, full({}, 0.25, kFloat64)); },
     {0.0, -2.0, 2.0},
     {0.0, -0.5, 2.0},
     {0.25, 0.25, 1.0}},
    {"logsigmoid",
     [](const Tensor& x) { return logsigmoid(x); },
     {0.0, -1000.0, 1000.0, -40.0, 40.0, -1.0},
     {-0.6931472, -1000.0, 0.0, -40.0, -0.0, -1.3132617},
     {0.5, 1.0, 0.0, 1.0, 0.0, 0.7310586}},
    {"mish",
     [](const Tensor& x) { return mish(x); },
     {0.0, -1000.0, 1000.0, -1.0, 1.0},
     {0.0, -0.0, 1000.0, -0.3034015, 0.8650984},
     {0.6, 0.0, 1.0, 0.0592168, 1.0490362}},
    {"tanhshrink",
     [](const Tensor& x) { return tanhshrink(x); },
     {0.0, -1000.0, 1.0},
     {0.0, -999.0, 0.2384058},
     {0.0, 1.0, 0.5800257}},
    {"soft_margin_loss",
     [](const Tensor& x) { return soft_margin_loss(x, ones({4}, kFloat64), {.reduction = Reduction::none}); },
     {0.0, 1.0, -1.0, -50.0},
     {0.6931472, 0.3132617, 1.3132617, 50.0},
     {-0.5, -0.2689414, -0.7310586, -1.0}},
    {"hinge_embedding_loss",
     [](const Tensor& x) {
       return hinge_embedding_loss(x, tensor({-1, -1, 1}), {.reduction = Reduction::none});
     },
     {1.0, 0.0, 1.0},
     {0.0, 1.0, 1.0},
     {0.0, -1.0, 1.0}},
    {"multi_margin_loss",
     [](const Tensor& x) { return multi_margin_loss(x, tensor({0})); },
     {1.0, 0.0, 1.0},
     {0.3333333},
     {-0.3333333, 0.0, 0.3333333}},
    {"multilabel_margin_loss",
     [](const Tensor& x) {
       return multilabel_margin_loss(x, tensor({2, 2, 0, -1}));
     },
     {0.1, 0.2, 0.4, 0.8},
     {1.8},
     {-0.5, 0.75, -1.0, 0.75}},
    {"gaussian_nll_loss",
     [](const Tensor& x) {
       return gaussian_nll_loss(ones({3}, kFloat64), zeros({3}, kFloat64), x,
                                {.reduction = Reduction::none, .eps = 0.5});
     },
     {0.25, 0.5, 2.0},
     {0.6534264, 0.6534264, 0.5965736},
     {-1.0, -1.0, 0.125}},
    {"poisson_nll_loss",
     [](const Tensor& x) {
       return poisson_nll_loss(x, tensor({0, 1, 2}), {.reduction = Reduction::none, .full = true});
     },
     {0.25, 0.5, 1.0},
     {1.2840254, 1.1487213, 1.3700883},
     {1.2840254, 0.6487213, 0.7182818}},
    {"cosine_similarity",
     [](const Tensor& x) {
       return cosine_similarity(x.view({2, 2}), ones({2}, kFloat64), 1, 1);
     },
     {0.0, 0.5, 3.0, 4.0},
     {0.3535534, 0.9899495},
     {0.7071068, 0.3535534, 0.0226274, -0.0169706}},
    {"normalize", [](const Tensor& x) { return normalize(x, 2, 0, 5); }, {3.0, 4.0}, {0.6, 0.8}, {0.2, 0.2}},
    {"normalize",
     [](const Tensor& x) { return normalize(x, 2, 0, 6); },
     {3.0, 4.0},
     {0.5, 0.6666667},
     {0.1666667, 0.1666667}},
    {"rms_norm",
     [](const Tensor& x) { return rms_norm(x, {2}); },
     {1e-9, 2e-9},
     {0.0667342, 0.1334685},
     {6.628844e+07, 6.584264e+07}},
};

bool near(const Tensor& got, const std::vector<double>& want) {
  const std::vector<double> v = got.to_vector<double>();
  for (std::size_t i = 0; i < v.size() && v.size() == want.size(); ++i)
    if (!(std::abs(v[i] - want[i]) <= 1e-6 * std::max(1.0, std::abs(want[i])))) return false;
  return v.size() == want.size();
}

}  // namespace

TEST_CASE("expressions: values and gradients at kinks, at bounds and far out are torch's") {
  for (const Row& row : kRows) {
    CAPTURE(row.name);
    Tensor x = empty({static_cast<std::int64_t>(row.x.size())}, kFloat64);
    std::copy(row.x.begin(), row.x.end(), x.data<double>());
    x.requires_grad_();
    const Tensor z = row.f(x);
    CAPTURE(z);
    CHECK(near(z, row.z));
    sum(z).backward();
    CAPTURE(x.grad());
    CHECK(near(x.grad(), row.dx));
  }
}

TEST_CASE("expressions: an exponential that is not chosen gives no NaN, nor does a weight that is not") {
  for (const auto f : {+[](const Tensor& x) { return elu(x); }, +[](const Tensor& x) { return selu(x); },
                       +[](const Tensor& x) { return celu(x, 0.5); }}) {
    Tensor x = tensor({INFINITY, 1e30, 800.}).requires_grad_();
    const Tensor dx = grad({sum(f(x) * x)}, {x}, {}, {.create_graph = true})[0];
    CHECK(!any(isnan(dx)).item<bool>());
    CHECK(!any(isnan(grad({sum(dx)}, {x})[0])).item<bool>());
  }
  Tensor x = tensor({INFINITY, 1.}), w = tensor({0.25}).requires_grad_();
  sum(prelu(x, w)).backward();
  CHECK(values(w.grad()) == Numbers{0});
}

TEST_CASE("expressions: 16 bits are rounded once; losses keep the dtype") {
  CHECK(values(selu(tensor({-1., -.3, .7, 2.}, kFloat16))) ==
        Numbers{-1.111328125, -0.455810546875, 0.73583984375, 2.1015625});
  CHECK(values(mish(tensor({-1., -.3, .7, 2.}, kBFloat16))) ==
        Numbers{-0.302734375, -0.1513671875, 0.55859375, 1.9453125});
  manual_seed(1);
  for (const DType t : {kFloat16, kBFloat16, kFloat64}) {
    CAPTURE(name(t));
    const Tensor a = randn({4, 4}).to(t), b = randn({4, 4}).to(t), c = randn({4, 4}).to(t), y = tensor({1, -1, 1, -1});
    const Tensor classes = tensor({1, 0, 3, 2}), positive = abs(c) + 1;
    for (const Tensor& z : {hinge_embedding_loss(a, sign(b)),
                            cosine_embedding_loss(a, b, y),
                            margin_ranking_loss(a, b, sign(c)),
                            triplet_margin_loss(a, b, c),
                            soft_margin_loss(a, sign(b)),
                            multi_margin_loss(a, classes),
                            multilabel_margin_loss(a, classes.expand({4, 4})),
                            multilabel_soft_margin_loss(a, sigmoid(b)),
                            poisson_nll_loss(a, positive),
                            gaussian_nll_loss(a, b, positive),
                            group_norm(a, 2, ones({4}, t)),
                            instance_norm(a.view({2, 2, 4})),
                            rms_norm(a, {4}),
                            local_response_norm(a.view({2, 2, 4}), 2),
                            normalize(a),
                            cosine_similarity(a, b),
                            prelu(a, ones({4}, t)),
                            glu(a),
                            rrelu(a, 0.1, 0.2, true),
                            alpha_dropout(a, 0.5, true)})
      CHECK(z.dtype() == t);
  }
  const Tensor x = randn({3, 4}), y = randn({3, 4}, kFloat64);
  CHECK(soft_margin_loss(x, sign(y)).dtype() == kFloat64);
  CHECK(poisson_nll_loss(x, ones({3, 4}, kInt64)).dtype() == kFloat32);
}

TEST_CASE("rrelu: what it draws is torch's") {
  manual_seed(5);
  CHECK(near(rrelu(tensor({-1., 2., -3., 0.}), 0.1, 0.5, true), {-0.3568060100078583, 2, -0.611709475517273, 0}));
}

TEST_CASE("instance norm: running statistics are the mean of those of the samples, in place") {
  Tensor mean = zeros({2}), var = ones({2});
  const Tensor x = tensor({{{0., 2.}, {1., 1.}}, {{4., 8.}, {3., 5.}}});
  instance_norm(x, mean, var, {}, {}, true, 0.5);
  CHECK(values(mean) == Numbers{(1 + 6) / 2. / 2, (1 + 4) / 2. / 2});
  CHECK(values(var) == Numbers{(2 + 8) / 2. / 2 + 0.5, (0 + 2) / 2. / 2 + 0.5});
}

TEST_CASE("attention: grouped heads are those of repeated keys and values") {
  const Tensor q = randn({2, 4, 3, 5}), k = randn({2, 2, 6, 5}), v = randn({2, 1, 6, 5});
  const Tensor wide_k = k.unsqueeze(2).expand({2, 2, 2, 6, 5}).reshape({2, 4, 6, 5});
  CHECK(allclose(scaled_dot_product_attention(q, k, v, {.enable_gqa = true}),
                 scaled_dot_product_attention(q, wide_k, v.expand({2, 4, 6, 5}))));
}

TEST_CASE("expressions: nothing in, nothing out") {
  const Tensor none = zeros({0, 4}), weights = ones({4});
  for (const Tensor& z :
       {elu(none), glu(none), prelu(none, weights), group_norm(none, 2, weights), rms_norm(none, {4}, weights),
        normalize(none), rrelu(none, 0.1, 0.2, true), feature_alpha_dropout(none, 0.5, true),
        instance_norm(zeros({0, 2, 3})), local_response_norm(zeros({2, 0, 3}), 2)})
    CHECK(z.numel() == 0);
  CHECK(multi_margin_loss(none, zeros({0}, kInt64), {.reduction = Reduction::none}).shape() == Shape{0});
  CHECK(multi_margin_loss(ones({4}), zeros({1}, kInt64), {.reduction = Reduction::none}).shape() ==
        Shape{1});  // the target's
  CHECK(multilabel_margin_loss(none, zeros({0, 4}, kInt64), {.reduction = Reduction::sum}).item() == 0);
  CHECK(std::isnan(soft_margin_loss(none, none).item()));
  CHECK(cosine_similarity(zeros({2, 0}), zeros({2, 0})).shape() == Shape{2});
}

}  // namespace harker

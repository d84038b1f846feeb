// The kernels behind reductions, normalisation, convolution and pooling, for every kernel set: against plain loops over
// shapes that reach every way through them (one vector and less, blocks and what is left of them, threads), and the
// same bits for every number of threads.
#include "core/backend_check.h"

#include <harker/core/grad_mode.h>
#include <harker/core/ops/ops.h>
#include <harker/core/parallel.h>
#include <harker/core/random.h>

#include <algorithm>
#include <cmath>

namespace harker {
namespace {

using test::at;

/// Ops run on this kernel set, with so many threads, until the end of the scope.
class Using {
 public:
  explicit Using(CpuSet b, int threads = 1) : before_(use_cpu_set(b)), threads_(get_num_threads()) {
    set_num_threads(threads);
  }
  ~Using() {
    use_cpu_set(before_);
    set_num_threads(threads_);
  }
  Using(const Using&) = delete;
  Using& operator=(const Using&) = delete;

 private:
  CpuSet before_;
  int threads_;
};

/// The largest difference, relative to the largest magnitude of b (at least 1).
double difference(const Tensor& a, const Tensor& b) {
  if (!(a.shape() == b.shape())) return INFINITY;
  const auto x = a.to_vector<double>(), y = b.to_vector<double>();
  double worst = 0, scale = 1;
  for (double v : y) scale = std::fmax(scale, std::fabs(v));
  for (std::size_t i = 0; i < x.size(); ++i)
    worst = std::isnan(x[i] - y[i]) ? INFINITY : std::fmax(worst, std::fabs(x[i] - y[i]));
  return worst / scale;
}

struct Geometry {
  std::int64_t n, c, h, w, o, kh, kw;
  Conv2dOptions options;
};
const Geometry kGeometries[] = {
    {2, 3, 9, 11, 5, 3, 3, {.padding = 1}},
    {1, 1, 1, 1, 1, 1, 1, {}},
    {1, 1, 2, 3, 1, 2, 3, {}},                                 // one position
    {3, 2, 4, 4, 6, 2, 2, {.stride = 2}},                      // four positions
    {2, 8, 13, 7, 12, 3, 3, {.padding = {2, 1}}},              // 72 elements in a window
    {1, 40, 6, 6, 3, 2, 3, {.stride = {1, 2}, .padding = 1}},  // 240
    {1, 1, 70, 90, 4, 1, 1, {}},                               // 6300 positions
    {1, 2, 60, 75, 9, 5, 3, {.padding = 2}},                   // blocks and a rest
    {2, 1, 12, 40, 3, 9, 9, {.padding = 4}},                   // one channel, 81 elements
    {1, 6, 10, 10, 9, 3, 3, {.stride = 3, .padding = 2, .dilation = 2, .groups = 3}},
    {2, 4, 8, 8, 4, 3, 3, {.padding = 1, .groups = 4}},
    // One channel a group: rows of many vectors, of one and a rest, of less; two outputs; what is cut off; steps.
    {2, 3, 5, 70, 3, 3, 3, {.padding = 1, .groups = 3}},
    {1, 3, 12, 21, 6, 3, 5, {.padding = {1, 2}, .dilation = {1, 2}, .groups = 3}},
    {2, 2, 6, 5, 4, 3, 3, {.padding = 1, .groups = 2}},
    {1, 2, 7, 19, 2, 2, 3, {.padding = 4, .groups = 2}},
    {1, 2, 9, 40, 2, 3, 3, {.stride = 2, .padding = 1, .groups = 2}},
    {1, 4, 8, 37, 8, 3, 2, {.stride = {1, 2}, .padding = {0, 1}, .dilation = {2, 3}, .groups = 4}},
    {1, 2, 9, 40, 2, 3, 4, {.stride = {2, 3}, .padding = 1, .groups = 2}},
    {4, 32, 16, 16, 32, 9, 9, {.padding = 4, .groups = 32}},  // worth threads
    {8, 16, 16, 16, 24, 3, 3, {.padding = 1}},                // that too
    {1, 70, 12, 34, 10, 3, 3, {.stride = 2, .padding = 1}},   // some channels at a time, in four phases
    {2, 3, 16, 32, 70, 3, 3, {.padding = 1}},                 // rows of whole vectors, more than 64 outputs
    {1, 3, 1, 3000, 5, 1, 9, {.padding = {0, 4}}},            // one row in blocks
    {1, 2, 7, 9, 3, 1, 1, {.stride = 3}},                     // most elements meet nothing
    {1, 1, 231, 231, 1, 230, 230, {}},                        // a window that fits no copy
};

Tensor convolved(const Tensor& x, const Tensor& w, const Tensor& b, const Geometry& g) {
  const Conv2dOptions& k = g.options;
  const std::int64_t oh = (g.h + 2 * k.padding.down - k.dilation.down * (g.kh - 1) - 1) / k.stride.down + 1;
  const std::int64_t ow = (g.w + 2 * k.padding.across - k.dilation.across * (g.kw - 1) - 1) / k.stride.across + 1;
  const std::int64_t cg = g.c / k.groups, og = g.o / k.groups;
  Tensor z = zeros({g.n, g.o, oh, ow}, kFloat64);
  const auto xs = x.to_vector<double>(), ws = w.to_vector<double>(), bs = b.to_vector<double>();
  double* out = z.data<double>();
  for (std::int64_t i = 0; i < g.n; ++i)
    for (std::int64_t o = 0; o < g.o; ++o)
      for (std::int64_t y = 0; y < oh; ++y)
        for (std::int64_t v = 0; v < ow; ++v, ++out) {
          double sum = bs[at(o)];
          for (std::int64_t c = 0; c < cg; ++c)
            for (std::int64_t p = 0; p < g.kh; ++p)
              for (std::int64_t q = 0; q < g.kw; ++q) {
                const std::int64_t yy = y * k.stride.down - k.padding.down + p * k.dilation.down;
                const std::int64_t xx = v * k.stride.across - k.padding.across + q * k.dilation.across;
                if (yy < 0 || yy >= g.h || xx < 0 || xx >= g.w) continue;
                sum += xs[at(((i * g.c + o / og * cg + c) * g.h + yy) * g.w + xx)] *
                       ws[at(((o * cg + c) * g.kh + p) * g.kw + q)];
              }
          *out = sum;
        }
  return z;
}

}  // namespace

TEST_CASE("backend: conv2d equals plain loops, and its gradients are its transposes") {
  test::on_every_set([](CpuSet b) {
    for (const Geometry& g : kGeometries)
      for (DType t : {kFloat64, kFloat32}) {
        CAPTURE(g.c);
        CAPTURE(g.h);
        const bool huge = g.kh * g.kw > 10000;  // the long way adds one by one
        const double tolerance = (t == kFloat64 ? 1e-13 : 2e-6) * (huge ? 5 : 1);
        const Using set(b);
        manual_seed(1);
        Tensor x = randn({g.n, g.c, g.h, g.w}, t).requires_grad_();
        Tensor w = randn({g.o, g.c / g.options.groups, g.kh, g.kw}, t).requires_grad_(),
               bias = randn({g.o}, t).requires_grad_();
        const Tensor z = conv2d(x, w, bias, g.options);
        CHECK(difference(z.detach(), convolved(x, w, bias, g)) < tolerance);
        const Tensor dz = randn(z.shape(), t);
        z.backward(dz);
        // z is linear in each operand: <dz, C(v, w)> = <dx, v>, and so on.
        const auto inner = [](const Tensor& p, const Tensor& q) { return sum(p.to(kFloat64) * q.to(kFloat64)).item(); };
        const Tensor v = randn(x.shape(), t), u = randn(w.shape(), t), none = zeros({g.o}, t);
        const NoGradGuard no_grad;
        const double size = std::sqrt(static_cast<double>(z.numel() * g.c * g.kh * g.kw)) + 1;
        CHECK(std::fabs(inner(dz, conv2d(v, w, none, g.options)) - inner(x.grad(), v)) < 10 * tolerance * size);
        CHECK(std::fabs(inner(dz, conv2d(x, u, none, g.options)) - inner(w.grad(), u)) < 10 * tolerance * size);
        CHECK(difference(bias.grad(), sum(dz, {0, 2, 3})) < tolerance);
      }
  });
}

TEST_CASE("backend: functions along a dimension equal their formulas at every length") {
  test::on_every_set([](CpuSet b) {
    const Using set(b);
    manual_seed(2);
    for (DType t : {kFloat64, kFloat32}) {
      const double tolerance = t == kFloat64 ? 1e-14 : 1e-6;
      for (std::int64_t n : {1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 63, 64, 65, 130, 5000}) {
        CAPTURE(n);
        for (const Shape& shape : {Shape{3, n}, Shape{n, 3}, Shape{2, n, 70}}) {
          if (shape.numel() > 100000) continue;
          const int dim = shape.rank() == 2 && shape[1] == n ? 1 : shape.rank() - 2;
          const Tensor x = randn(shape, t) * 3.0, wide = x.to(kFloat64), e = exp(wide);
          const Tensor total = sum(e, dim, true);
          CHECK(difference(softmax(x, dim), e / total) < tolerance);
          CHECK(difference(log_softmax(x, dim), wide - log(total)) < tolerance);
          CHECK(difference(logsumexp(x, dim, true), log(total)) < tolerance);
          const Tensor d = wide - mean(wide, dim, true);
          CHECK(difference(var(x, dim, {.correction = 0}), mean(d * d, dim)) < tolerance * 10);
          const auto [largest, place] = max(x, dim, true);
          CHECK(equal(gather(x, dim, place), largest));
          CHECK(all(ge(largest, x)).item<bool>());
          const Tensor running = cumsum(x, dim);
          CHECK(difference(running.narrow(dim, n - 1, 1), sum(wide, dim, true)) < tolerance * 10);
          if (n > 1)
            CHECK(difference(running.narrow(dim, 1, n - 1) - running.narrow(dim, 0, n - 1), x.narrow(dim, 1, n - 1)) <
                  (t == kFloat64 ? 1e-11 : 1e-3));
          const auto [sorted, order] = sort(x, dim);
          CHECK(equal(gather(x, dim, order), sorted));
          if (n > 1) CHECK(all(le(sorted.narrow(dim, 0, n - 1), sorted.narrow(dim, 1, n - 1))).item<bool>());
        }
      }
    }
  });
}

TEST_CASE("backend: the largest of windows side by side is that of each by itself, NaN and equals included") {
  manual_seed(4);
  Tensor x = floor(randn({2, 3, 9, 150}) * 2);  // many are equal
  x.index_put_({0, 1, 4}, NAN);
  x.index_put_({1, 2, Slice(), 77}, NAN);
  struct Pool {
    Pair kernel;
    MaxPool2dOptions options;
  };
  for (const Pool& p : {Pool{2, {}}, Pool{3, {.stride = 2, .padding = 1}}, Pool{{1, 5}, {.stride = 1}},
                        Pool{{3, 4}, {.stride = {2, 3}, .padding = {1, 2}, .dilation = {1, 3}}},
                        Pool{{2, 3}, {.stride = 2, .padding = 1, .ceil_mode = true}}}) {
    const auto [z, at] = max_pool2d_with_indices(x, p.kernel, p.options);
    const auto [wide, places] = max_pool2d_with_indices(x.to(kFloat64), p.kernel, p.options);
    CHECK(equal(at, places));
    CHECK(equal(nan_to_num(z, 1e6), nan_to_num(wide, 1e6).to(kFloat32)));
    CHECK(equal(nan_to_num(max_pool2d(x, p.kernel, p.options), 1e6), nan_to_num(z, 1e6)));
  }
}

TEST_CASE("backend: orders are stable at every length, of all dtypes, NaN the largest and -0 equal to 0") {
  manual_seed(5);
  for (const std::int64_t n : {1, 5, 127, 128, 1000, 70000})
    for (const DType t : {kFloat32, kFloat64, kInt64}) {
      Tensor x = floor(randn({n}) * 3);
      if (t == kInt64) {
        x = x.to(t) * (n == 1000 ? std::int64_t{1} << 40 : std::int64_t{1});  // within 2^32, and not
      } else {
        x = where(eq(x, 2), -0.0, where(eq(x, 4), NAN, where(eq(x, -4), -INFINITY, x))).to(t);
      }
      const auto v = x.to_vector<double>();
      for (const bool descending : {false, true}) {
        std::vector<std::int64_t> order(v.size());
        for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<std::int64_t>(i);
        std::stable_sort(order.begin(), order.end(), [&](std::int64_t i, std::int64_t j) {
          const double a = v[at(descending ? j : i)], b = v[at(descending ? i : j)];
          return a < b || (a == a && b != b);
        });
        CHECK(argsort(x, 0, descending).to_vector<std::int64_t>() == order);
        const std::int64_t k = n / 9;
        order.resize(at(k));
        CHECK(topk(x, k, 0, descending).indices.to_vector<std::int64_t>() == order);
      }
    }
}

TEST_CASE("backend: layers give the same bits for every number of threads") {
  test::on_every_set([](CpuSet b) {
    const auto run = [&](int threads) {
      const Using set(b, threads);
      manual_seed(3);
      Tensor x = randn({12, 16, 24, 24}).requires_grad_(), w = randn({16, 16, 3, 3}).requires_grad_();
      Tensor gamma = randn({16}).requires_grad_(), beta = randn({16}).requires_grad_();
      Tensor mean = zeros({16}), var = ones({16});
      Tensor z = batch_norm(conv2d(x, w, beta, {.padding = 1}), mean, var, gamma, beta, true);
      z = max_pool2d(z, 2) + avg_pool2d(z, 2);
      Tensor rows = z.reshape({12 * 48, -1}), scale = ones({rows.size(1)}).requires_grad_();
      rows = layer_norm(rows, {rows.size(1)}, scale, scale);
      Tensor loss =
          cross_entropy(rows, randint(0, rows.size(1), {rows.size(0)})) + sum(softmax(rows, 0) * log_softmax(rows, 1));
      loss.backward();
      return std::vector<Tensor>{loss.detach(), mean, var, x.grad(), w.grad(), gamma.grad(), beta.grad(), scale.grad()};
    };
    const std::vector<Tensor> one = run(1);
    for (int threads : {2, 3}) {
      const std::vector<Tensor> more = run(threads);
      for (std::size_t i = 0; i < one.size(); ++i) {
        CAPTURE(i);
        CHECK(equal(one[i], more[i]));
      }
    }
  });
}

}  // namespace harker

// The engine: what it computes, what it refuses, and that nothing it does depends on the depth of a graph.
#include <doctest/doctest.h>
#include <small_thread.h>
#include <test_tensor.h>

#include <harker/core/autograd/autograd.h>
#include <harker/core/grad_mode.h>
#include <harker/core/ops/ops.h>
#include <thread>

namespace harker {
namespace {

using test::has;
using test::leaf;
using test::words;

/// Irregular numbers between -1 and 1, none near 0.
Tensor sample(const Shape& shape, bool grad = true) {
  Tensor t = empty(shape, kFloat64);
  for (std::int64_t i = 0; i < t.numel(); ++i) {
    double v = static_cast<double>((i * 7919 + 13) % 200) / 100 - 1;
    t.data<double>()[i] = v < 0 ? v - 0.05 : v + 0.05;
  }
  return t.requires_grad_(grad);
}

struct OpCase {
  const char* name;
  Tensor (*f)(std::span<const Tensor>);
  std::vector<Shape> shapes;
};
using In = std::span<const Tensor>;
const std::vector<OpCase> kOps = {
    {"add", [](In x) { return x[0] + x[1]; }, {{3, 4}, {3, 4}}},
    {"add broadcast", [](In x) { return x[0] + x[1]; }, {{3, 1}, {2, 1, 4}}},
    {"sub broadcast", [](In x) { return x[0] - x[1]; }, {{4}, {3, 4}}},
    {"mul", [](In x) { return x[0] * x[1]; }, {{2, 3}, {2, 3}}},
    {"mul broadcast", [](In x) { return x[0] * x[1]; }, {{}, {2, 3}}},
    {"mul transposed", [](In x) { return x[0].t() * x[1]; }, {{3, 2}, {2, 3}}},
    {"div", [](In x) { return x[0] / x[1]; }, {{2, 3}, {3}}},
    {"neg", [](In x) { return -x[0] * x[0]; }, {{5}}},
    {"scalar", [](In x) { return (3 - x[0] * 2 + 1) * (1 / x[0]) / 3; }, {{2, 2}}},
    {"relu", [](In x) { return relu(x[0]) * x[0]; }, {{4, 5}}},
    {"sum dims",
     [](In x) {
       return sum(x[0] * x[0], {0, 2});
     },
     {{2, 3, 4}}},
    {"sum keepdim", [](In x) { return sum(x[0] * x[0], {1}, true) * x[0]; }, {{2, 3, 4}}},
    {"mean", [](In x) { return mean(x[0] * x[0]) * x[0]; }, {{2, 3}}},
    {"matmul", [](In x) { return matmul(x[0], x[1]); }, {{3, 4}, {4, 2}}},
    {"matmul flags", [](In x) { return matmul(x[0], x[1], true, true); }, {{4, 3}, {2, 4}}},
    {"matmul views", [](In x) { return matmul(x[0].t(), x[1].slice(0, 1, 4)); }, {{3, 2}, {5, 4}}},
    {"matmul vectors", [](In x) { return matmul(x[0], x[1]) * x[0]; }, {{4}, {4}}},
    {"matmul matrix vector", [](In x) { return matmul(x[0], x[1]); }, {{3, 4}, {4}}},
    {"matmul batched", [](In x) { return matmul(x[0], x[1]); }, {{2, 1, 3, 4}, {5, 4, 2}}},
    {"matmul batch times matrix", [](In x) { return matmul(x[0], x[1]); }, {{2, 3, 4}, {4, 2}}},
    {"linear", [](In x) { return linear(x[0], x[1], x[2]); }, {{3, 4}, {2, 4}, {2}}},
    {"linear of three dimensions", [](In x) { return linear(x[0], x[1]); }, {{2, 3, 4}, {2, 4}}},
    {"linear of a transposed input", [](In x) { return linear(x[0].t(), x[1], x[2]); }, {{4, 3}, {2, 4}, {2}}},
    {"mse_loss", [](In x) { return mse_loss(x[0], x[1]) * x[0]; }, {{3, 2}, {3, 2}}},
    {"reshape of a transposed", [](In x) { return x[0].t().reshape({6}) * x[1]; }, {{2, 3}, {6}}},
    {"permute",
     [](In x) {
       return x[0].permute({2, 0, 1}) * x[1];
     },
     {{2, 3, 4}, {4, 2, 3}}},
    {"expand",
     [](In x) {
       return x[0].expand({2, 3, 4}) * x[1];
     },
     {{3, 1}, {2, 3, 4}}},
    {"squeeze unsqueeze", [](In x) { return x[0].squeeze(1).unsqueeze(0) * x[1]; }, {{2, 1, 3}, {1, 2, 3}}},
    {"slice", [](In x) { return x[0].slice(1, 1, 6, 2) * x[1]; }, {{3, 7}, {3, 3}}},
    {"select", [](In x) { return x[0].select(1, -1) * x[0][0]; }, {{3, 3}}},
    {"flatten", [](In x) { return x[0].flatten(1) * x[0].flatten(1); }, {{2, 3, 2}}},
    {"clone and to", [](In x) { return x[0].clone() * x[0]; }, {{3}}},
    {"no elements", [](In x) { return sum(x[0] * x[0]) + sum(relu(x[0])); }, {{0, 3}}},
    {"a net",
     [](In x) { return mse_loss(linear(relu(linear(x[0], x[1], x[2])), x[3], x[4]), x[5]); },
     {{3, 4}, {5, 4}, {5}, {1, 5}, {1}, {3, 1}}},
};

}  // namespace

TEST_CASE("gradcheck: every op, first and second derivative") {
  for (const OpCase& c : kOps) {
    CAPTURE(c.name);
    std::vector<Tensor> x;
    for (const Shape& s : c.shapes) x.push_back(sample(s));
    CHECK(gradcheck(c.f, x));
    CHECK(gradgradcheck(c.f, x, {.atol = 1e-6}));
  }
}

TEST_CASE("gradcheck: finds a wrong gradient") {
  auto wrong = [](In x) { return x[0] * x[0].detach(); };  // half of the true gradient
  CHECK_THROWS_AS(gradcheck(wrong, {sample({3})}), GradError);
}

TEST_CASE("backward: accumulates into grad and shares nothing with the graph") {
  Tensor x = leaf({1, 2, 3});
  sum(x * x).backward();
  CHECK(x.grad().to_vector<double>() == std::vector<double>{2, 4, 6});
  Tensor first = x.grad();
  sum(x * 3).backward();
  CHECK(x.grad().to_vector<double>() == std::vector<double>{5, 7, 9});
  CHECK(first.is(x.grad()));  // added in place, as in PyTorch
  Tensor y = x * 2;
  y.backward(tensor({1, 0, -1}, {.dtype = kFloat64}));
  CHECK(x.grad().to_vector<double>() == std::vector<double>{7, 7, 7});
}

TEST_CASE("backward: a gradient handed to two leaves is not one memory") {
  Tensor x = leaf({1, 2}), y = leaf({3, 4});
  sum(x + y).backward();
  CHECK(!x.grad().shares_storage(y.grad()));
  NoGradGuard no_grad;
  Tensor g = x.grad();
  g.fill_(9);
  CHECK(y.grad().to_vector<double>() == std::vector<double>{1, 1});
}

TEST_CASE("backward: double backward of x^3 at 2 is 12") {
  Tensor x = leaf({2});
  Tensor y = sum(x * x * x);
  Tensor dx = grad({y}, {x}, {}, {.create_graph = true})[0];
  CHECK(dx.item() == 12);
  CHECK(grad({sum(dx)}, {x})[0].item() == 12);
  CHECK(!x.grad().defined());
}

TEST_CASE("backward: second time through a freed graph is an error unless retained") {
  Tensor x = leaf({1, 2});
  Tensor y = sum(x * x);
  y.backward({}, {.retain_graph = true});
  y.backward();
  CHECK(has(words([&] { y.backward(); }), "retain_graph"));
  CHECK(x.grad().to_vector<double>() == std::vector<double>{4, 8});  // the failed pass changed nothing
}

TEST_CASE("backward: what cannot be done is said in words") {
  Tensor x = leaf({1, 2});
  CHECK(has(words([&] { (x * 2).backward(); }), "only for scalar outputs"));
  CHECK(has(words([&] { x.detach().backward(); }), "does not require grad"));
  CHECK(has(words([&] { sum(x).backward(ones({2}, kFloat64)); }), "the gradient is"));
  Tensor i = tensor({1}, {.dtype = kInt64});
  CHECK(has(words([&] { i.requires_grad_(); }), "floating point"));
  CHECK(has(words([&] { (x * 2).requires_grad_(false); }), "only a leaf"));
}

TEST_CASE("version counters: a tensor changed in place is caught with both versions") {
  Tensor x = leaf({1, 2}), w = tensor({3, 4}, {.dtype = kFloat64});
  Tensor y = sum(x * w);
  w.add_(w);
  std::string what = words([&] { y.backward(); });
  CHECK(has(what, "mul"));
  CHECK(has(what, "is at version 1; expected version 0"));
  CHECK(!x.grad().defined());
  Tensor part = w[0];  // a view shares the counter
  Tensor z = sum(x * w);
  part.fill_(1);
  CHECK(has(words([&] { z.backward(); }), "version"));
}

TEST_CASE("in place: a leaf that requires grad is protected") {
  Tensor x = leaf({1, 2});
  CHECK(has(words([&] { x.add_(x); }), "NoGradGuard"));
  CHECK(x.to_vector<double>() == std::vector<double>{1, 2});
  {
    NoGradGuard no_grad;
    x.add_(tensor({1, 1}, {.dtype = kFloat64}));
  }
  CHECK(x.to_vector<double>() == std::vector<double>{2, 3});
  CHECK(x.version() == 1);
}

TEST_CASE("no_grad: nothing is recorded and guards nest") {
  Tensor x = leaf({1});
  {
    NoGradGuard outer;
    {
      NoGradGuard inner;
      CHECK(!is_grad_enabled());
    }
    CHECK(!is_grad_enabled());
    CHECK(!(x * 2).requires_grad());
  }
  CHECK((x * 2).requires_grad());
}

TEST_CASE("retain_grad: a computed tensor keeps its gradient") {
  Tensor x = leaf({1, 2});
  Tensor y = x * 3;
  y.retain_grad();
  sum(y * y).backward();
  CHECK(y.grad().to_vector<double>() == std::vector<double>{6, 12});
  CHECK(grad({sum(x * x)}, {x})[0].to_vector<double>() == std::vector<double>{2, 4});
}

TEST_CASE("grad: of a tensor that is no leaf and of one that is not reached") {
  Tensor x = leaf({1, 2}), unused = leaf({1});
  Tensor y = x * 3, z = sum(y * y);
  std::vector<Tensor> g = grad({z}, {y, unused});
  CHECK(g[0].to_vector<double>() == std::vector<double>{6, 12});
  CHECK(!g[1].defined());
  CHECK(!y.grad().defined());
  CHECK(!x.grad().defined());
}

TEST_CASE("grad: an empty list of inputs or outputs is an error, as is a gradcheck of nothing") {
  Tensor x = leaf({1, 2}), y = sum(x * x);
  int calls = 0;
  x.register_hook([&](const Tensor& g) {
    ++calls;
    return g;
  });
  CHECK(words<GradError>([&] { grad({y}, {}); }).find("list of inputs is empty") != std::string::npos);
  CHECK(words<GradError>([&] { grad({}, {x}); }).find("list of outputs is empty") != std::string::npos);
  CHECK(words<GradError>([&] { grad({}, {}); }).find("is empty") != std::string::npos);
  CHECK(calls == 0);
  CHECK(grad({y}, {x})[0].to_vector<double>() == std::vector<double>{2, 4});  // nothing has been freed
  const auto square = [](In in) { return in[0] * in[0]; };
  CHECK_THROWS_AS(gradcheck(square, {}), GradError);
  CHECK_THROWS_AS(gradcheck(square, {tensor({1.0, 2.0})}), GradError);
  CHECK_THROWS_AS(gradgradcheck(square, {tensor({1.0, 2.0})}), GradError);
}

TEST_CASE("deep graphs: a million nodes in a thread with a stack of 256 KiB") {
  double result = 0;
  test::in_small_thread([&] {
    Tensor x = tensor({1}, {.dtype = kFloat64, .requires_grad = true});
    Tensor y = x;
    for (int i = 0; i < 1'000'000; ++i) y = y * 1.0;
    sum(y).backward();
    y = {};
    Tensor fan = sum(x * 2);  // many branches that wait together
    for (int i = 0; i < 20'000; ++i) fan = fan + sum(x * 2);
    fan.backward();
    result = x.grad().item();
  });
  CHECK(result == 1 + 2 * 20'001);
}

TEST_CASE("threads: two passes over shared leaves add up exactly") {
  Tensor w = leaf({1, 1, 1});
  auto work = [&] {
    for (int i = 0; i < 2000; ++i) sum(w * 2).backward();
  };
  std::thread a(work), b(work);
  a.join();
  b.join();
  CHECK(w.grad().to_vector<double>() == std::vector<double>{8000, 8000, 8000});
}

TEST_CASE("memory: tensors freed by another thread and after their thread has ended") {
  std::vector<Tensor> made;
  std::thread maker([&] {
    for (int i = 1; i < 200; ++i) made.push_back(ones({i * 7}));
  });
  maker.join();
  double total = 0;
  for (const Tensor& t : made) total += sum(t).item();
  CHECK(total == 7.0 * 199 * 200 / 2);
  std::thread dropper([&] { made.clear(); });
  dropper.join();
  CHECK(ones({7}).numel() == 7);
}

}  // namespace harker

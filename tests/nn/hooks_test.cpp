// Hooks of modules: before and after forward, and on the backward pass; in layers, in Sequential, in users' modules.
#include <doctest/doctest.h>
#include <test_tensor.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <string>

#include <harker/core/autograd/autograd.h>
#include <harker/core/grad_mode.h>
#include <harker/core/ops/ops.h>
#include <harker/nn/nn.h>

namespace harker {
namespace {
using test::Numbers;
using test::values;

using In = std::span<const Tensor>;

/// y = 2 x + 1, two features
nn::Linear twice() {
  nn::Linear fc(2, 2);
  NoGradGuard no_grad;
  nn::Parameter w = fc.weight, b = fc.bias;
  w.zero_();
  w[0][0].fill_(2);
  w[1][1].fill_(2);
  b.fill_(1);
  return fc;
}

struct Scale : nn::Module {
  Scale() : nn::Module("Scale") {}
  Tensor forward(const Tensor& x, double s, const Tensor& y) const { return x * s + y; }
  template <class... A>
  Tensor operator()(A&&... args) const {
    return nn::call(*this, std::forward<A>(args)...);
  }
};

/// Two tensors.
struct TwoTensors : nn::Module {
  std::pair<Tensor, Tensor> forward(const Tensor& x) { return {x * 1, x * 2}; }
};

/// x^3, and what it computed on the way.
struct Stash : nn::Module {
  Tensor inner;
  Tensor forward(const Tensor& x) {
    inner = x * x;
    return inner * x;
  }
  Tensor operator()(const Tensor& x) { return nn::call(*this, x); }
};

}  // namespace

TEST_CASE("module hooks: before forward see the inputs and may replace them") {
  nn::Linear fc = twice();
  CHECK(!fc.has_hooks());
  std::vector<std::string> log;
  HookHandle a = fc.register_forward_pre_hook([&](nn::Module& m, In in) {
    log.push_back(m.class_name());
    CHECK(in.size() == 1);
  });
  fc.register_forward_pre_hook([](nn::Module&, In in) { return in[0] * 10; });
  HookHandle c = fc.register_forward_pre_hook([](nn::Module&, In in) { return std::vector<Tensor>{in[0] + 1}; });
  Tensor x = tensor({{1., 2.}});
  CHECK(values(fc(x)) == Numbers{23, 43});
  CHECK(values(fc.forward(x)) == Numbers{3, 5});  // as in PyTorch: forward() itself runs none
  a.remove();
  c.remove();
  CHECK(values(fc(x)) == Numbers{21, 41});
  CHECK(log == std::vector<std::string>{"Linear"});
  fc.register_forward_pre_hook([](nn::Module&, In) { return std::vector<Tensor>{}; });
  CHECK_THROWS_AS(fc(x), Error);
}

TEST_CASE("module hooks: after forward see inputs and output and may replace it") {
  nn::Linear fc = twice();
  nn::Linear alias = fc;  // another name for the same module
  Tensor x = tensor({{1., 2.}});
  int calls = 0;
  alias.register_forward_hook([&](nn::Module& m, In in, const Tensor& out) {
    ++calls;
    CHECK(m.is(fc));
    CHECK(in[0].is(x));
    CHECK(values(out) == Numbers{3, 5});
  });
  HookHandle h = fc.register_forward_hook([](nn::Module&, In, const Tensor& out) { return out * 2; });
  CHECK(values(fc(x)) == Numbers{6, 10});
  h.remove();
  CHECK(values(fc(x)) == Numbers{3, 5});
  CHECK(calls == 2);
}

TEST_CASE("module hooks: on the backward pass get the gradients of output and inputs, and may replace these") {
  nn::Linear fc = twice();
  Tensor x = tensor({{1., 2.}}).requires_grad_();
  int calls = 0;
  HookHandle h = fc.register_full_backward_hook([&](nn::Module&, In in, In out) {
    ++calls;
    CHECK(values(in[0]) == Numbers{6, 6});
    CHECK(values(out[0]) == Numbers{3, 3});
    return std::vector<Tensor>{in[0] * 10};
  });
  sum(fc(x) * 3).backward();
  CHECK(calls == 1);
  CHECK(values(x.grad()) == Numbers{60, 60});
  CHECK(values(fc.weight.grad()) == Numbers{3, 6, 3, 6});  // the parameters' are as they were
  h.remove();
  fc.register_full_backward_hook([&](nn::Module&, In in, In out) {
    ++calls;
    CHECK(!in[0].defined());  // x does not require grad
    CHECK(values(out[0]) == Numbers{1, 1});
  });
  sum(fc(x.detach())).backward();
  CHECK(calls == 2);
}

TEST_CASE("module hooks: double backward passes through them") {
  nn::Linear fc = twice();
  fc.register_full_backward_hook([](nn::Module&, In in, In) { return std::vector<Tensor>{in[0] * 2}; });
  Tensor x = tensor({{1., 2.}}).requires_grad_();
  Tensor y = fc(x);
  Tensor dx = grad({sum(y * y)}, {x}, {}, {.create_graph = true})[0];  // 2 * 2 * 2 (2 x + 1)
  CHECK(values(dx) == Numbers{24, 40});
  CHECK(values(grad({sum(dx)}, {x})[0]) == Numbers{32, 32});
}

TEST_CASE("module hooks: in Sequential, in a module of several arguments, and of all modules of a net") {
  nn::Linear fc = twice();
  nn::Sequential net{fc, nn::ReLU(), twice()};
  std::vector<std::string> order;
  for (auto& [name, m] : net.named_modules()) {
    const std::string path = name;
    m.register_forward_hook([&order, path](nn::Module&, In, const Tensor&) { order.push_back(path); });
  }
  CHECK(values(net(tensor({{1., 2.}}))) == Numbers{7, 11});
  CHECK(order == std::vector<std::string>{"0", "1", "2", ""});

  Scale scale;
  scale.register_forward_pre_hook([](nn::Module&, In in) { return std::vector<Tensor>{in[1], in[0]}; });
  scale.register_forward_hook([](nn::Module&, In in, const Tensor& out) { return out + in[0] * 100; });
  CHECK(values(scale(tensor({1.}), 5, tensor({2.}))) == Numbers{5 * 2 + 1 + 200});
}

TEST_CASE("module hooks: operator() of every layer runs them") {
  int defined = 0;
  const std::regex definition(
      "(?:Tensor|Result) [\\w:]*operator\\(\\)\\([^;]*?\\) const \\{\\s*(return call\\(\\*this, )?");
  for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::path(HARKER_SOURCE_DIR) / "nn")) {
    if (!entry.is_regular_file()) continue;
    std::ifstream in(entry.path());
    const std::string text(std::istreambuf_iterator<char>(in), {});
    for (std::sregex_iterator m(text.begin(), text.end(), definition), end; m != end; ++m) {
      ++defined;
      CHECK_MESSAGE((*m)[1].matched, entry.path().string(), ": ", m->str());
    }
  }
  CHECK(defined > 25);
}

TEST_CASE("module hooks: a pre-hook that returns an undefined tensor leaves the input") {
  nn::Linear fc = twice();
  fc.register_forward_pre_hook([](nn::Module&, In) { return Tensor(); });
  CHECK(values(fc(tensor({{1.0, 2.0}}))) == Numbers{3, 5});
}

TEST_CASE("module hooks: cannot be had by a module that does not return one tensor") {
  TwoTensors pair;
  CHECK(values(nn::call(pair, ones({1})).second) == Numbers{2});
  HookHandle h = pair.register_forward_hook([](nn::Module&, In, const Tensor&) {});
  CHECK_THROWS_AS(nn::call(pair, ones({1})), Error);
  h.remove();
  CHECK(values(nn::call(pair, ones({1})).second) == Numbers{2});
}

TEST_CASE("module hooks: on the backward pass are not called by a pass that came by another way") {
  Stash m;
  std::vector<std::pair<Numbers, Numbers>> seen;
  m.register_full_backward_hook([&](nn::Module&, In in, In out) {
    REQUIRE(in.size() == 1);
    REQUIRE(out.size() == 1);
    REQUIRE(out[0].defined());
    seen.emplace_back(values(in[0]), values(out[0]));
  });
  Tensor x = tensor({2.0}).requires_grad_();
  Tensor y = m(x);  // x^3
  sum(m.inner).backward({}, {.retain_graph = true});
  CHECK(seen.empty());
  CHECK(values(x.grad()) == Numbers{4});
  x.set_grad({});
  Tensor dx = grad({sum(y * 2)}, {x}, {}, {.create_graph = true})[0];
  CHECK(seen == std::vector<std::pair<Numbers, Numbers>>{{{24}, {2}}});
  sum(dx).backward({}, {.retain_graph = true});
  CHECK(values(x.grad()) == Numbers{24});
  CHECK(seen.size() == 1);  // the second derivative came in by x, not by y
  sum(m.inner).backward();
  CHECK(seen.size() == 1);
}

TEST_CASE("module hooks: a pass that does not reach the inputs, or throws, leaves nothing behind") {
  auto alive = std::make_shared<int>(0);
  for (const bool create : {false, true}) {
    {
      nn::Linear fc = twice();
      int calls = 0;
      fc.register_full_backward_hook([&](nn::Module&, In, In out) {
        ++calls;
        CHECK(values(out[0]) == Numbers{1, 1});
      });
      Tensor x = tensor({{1.0, 2.0}}).requires_grad_();
      Tensor h = x * 1;
      h.register_hook([alive](const Tensor&) {});
      Tensor y = fc(h);
      grad({sum(y * y)}, {fc.parameters()[0]}, {}, {.retain_graph = true, .create_graph = create});
      CHECK(calls == 0);
      HookHandle thrower = fc.weight.register_hook([](const Tensor&) { throw Error("no"); });
      CHECK_THROWS_AS(sum(y).backward({}, {.retain_graph = true}), Error);
      CHECK(calls == 1);
      thrower.remove();
      sum(y).backward();
      CHECK(calls == 2);
    }
    CHECK(alive.use_count() == 1);
  }
}

}  // namespace harker

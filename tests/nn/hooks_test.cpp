// Hooks of modules: before and after forward, and on the backward pass; in layers, in Sequential, in users' modules.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include <harker/core/autograd/autograd.h>
#include <harker/core/grad_mode.h>
#include <harker/core/ops/ops.h>
#include <harker/nn/nn.h>

namespace harker {
namespace {

using Numbers = std::vector<double>;
using In = std::span<const Tensor>;
Numbers values(const Tensor& t) { return t.to_vector<double>(); }

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
  int seen = 0;
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(std::filesystem::path(HARKER_SOURCE_DIR) / "nn")) {
    if (entry.path().extension() != ".h") continue;
    std::ifstream in(entry.path());
    for (std::string line; std::getline(in, line);) {
      const bool calls =
          line.find("operator()(") != std::string::npos && line.find("Tensor operator()") != std::string::npos;
      if (!calls) continue;
      ++seen;
      CHECK_MESSAGE(line.find("return call(*this, ") != std::string::npos, entry.path().string(), ": ", line);
    }
  }
  CHECK(seen >= 3);
}

}  // namespace harker

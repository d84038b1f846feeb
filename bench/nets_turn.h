// The nets that bench/compare --task nets runs forward and trains. Each is written once, over what a library L gives under
// one name (nets.cpp, peers/libtorch_nets.cpp): so both compute the same graph from the same weights.
#pragma once
#include <cstring>
#include <functional>
#include <string>

#include "turn.h"

namespace bench {

/// A net over L: its parameters, and the loss of one batch.
template <class L>
struct Net {
  using Tensor = typename L::Tensor;
  std::vector<Tensor> parameters;
  std::function<Tensor()> loss;     // one number
  std::function<Tensor()> forward;  // what is used when it is trained

  Tensor parameter(const std::vector<std::int64_t>& shape, double scale) {
    parameters.push_back(L::leaf(L::randn(shape), scale));
    return parameters.back();
  }
};

/// The layers, with their weights drawn as they are made.
template <class L>
struct Layers {
  using Tensor = typename L::Tensor;
  Net<L>& net;

  auto linear(int in, int out) const {
    const double scale = 1 / std::sqrt(in);
    Tensor w = net.parameter({out, in}, scale), b = net.parameter({out}, scale);
    return [w, b](const Tensor& x) { return L::linear(x, w, b); };
  }
  auto conv(int in, int out, int kernel, int stride, int groups = 1) const {
    const double scale = 1 / std::sqrt(in / groups * kernel * kernel);
    Tensor w = net.parameter({out, in / groups, kernel, kernel}, scale), b = net.parameter({out}, scale);
    return [=](const Tensor& x) { return L::conv2d(x, w, b, stride, kernel / 2, groups); };
  }
  auto batch_norm(int channels) const {
    Tensor w = net.parameter({channels}, 1), b = net.parameter({channels}, 1);
    Tensor mean = L::zeros({channels}), var = L::ones({channels});
    return [=](const Tensor& x) { return L::batch_norm(x, mean, var, w, b); };
  }
};

template <class L>
struct NetCase {
  const char* name;
  void (*make)(Net<L>&);
};

template <class L>
const std::vector<NetCase<L>>& nets() {
  using Tensor = typename L::Tensor;
  static const std::vector<NetCase<L>> all = {
      {"digits conv",
       [](Net<L>& n) {
         Layers<L> make{n};
         const auto c1 = make.conv(1, 8, 3, 1), c2 = make.conv(8, 16, 3, 1);
         const auto out = make.linear(64, 10);
         const Tensor x = L::randn({64, 1, 8, 8}), y = L::classes(64, 10);
         n.forward = [=] {
           const Tensor h = L::max_pool2d(L::relu(c2(L::max_pool2d(L::relu(c1(x))))));
           return out(L::reshape(h, {64, 64}));
         };
         n.loss = [=, f = n.forward] { return L::cross_entropy(f(), y); };
       }},
      {"residual net, 32x32",
       [](Net<L>& n) {
         Layers<L> make{n};
         const auto block = [make](int in, int out) {
           const int stride = in == out ? 1 : 2;
           const auto c1 = make.conv(in, out, 3, stride), c2 = make.conv(out, out, 3, 1),
                      c = make.conv(in, out, 1, stride);
           const auto b1 = make.batch_norm(out), b2 = make.batch_norm(out);
           return [=](const Tensor& x) { return L::relu(b2(c2(L::relu(b1(c1(x))))) + (in == out ? x : c(x))); };
         };
         const auto first = make.conv(3, 16, 3, 1);
         const auto b = make.batch_norm(16);
         const auto r1 = block(16, 16), r2 = block(16, 32), r3 = block(32, 64);
         const auto out = make.linear(64, 10);
         const Tensor x = L::randn({8, 3, 32, 32}), y = L::classes(8, 10);
         n.forward = [=] { return out(L::mean(r3(r2(r1(L::relu(b(first(x)))))), {2, 3})); };
         n.loss = [=, f = n.forward] { return L::cross_entropy(f(), y); };
       }},
      {"depthwise-separable net, 32x32",
       [](Net<L>& n) {
         Layers<L> make{n};
         const auto separable = [make](int in, int out, int stride) {
           const auto deep = make.conv(in, in, 3, stride, in), wide = make.conv(in, out, 1, 1);
           const auto b1 = make.batch_norm(in), b2 = make.batch_norm(out);
           return [=](const Tensor& x) { return L::relu(b2(wide(L::relu(b1(deep(x)))))); };
         };
         const auto first = make.conv(3, 32, 3, 1);
         const auto s1 = separable(32, 64, 1), s2 = separable(64, 128, 2), s3 = separable(128, 128, 2);
         const auto out = make.linear(128, 10);
         const Tensor x = L::randn({8, 3, 32, 32}), y = L::classes(8, 10);
         n.forward = [=] { return out(L::mean(s3(s2(s1(L::relu(first(x))))), {2, 3})); };
         n.loss = [=, f = n.forward] { return L::cross_entropy(f(), y); };
       }},
      {"LSTM, batch 16, 32 steps, 32-64",
       [](Net<L>& n) {
         const auto rnn = L::lstm(n.parameters, 32, 64);
         Layers<L> make{n};
         const auto out = make.linear(64, 10);
         const Tensor x = L::randn({32, 16, 32}), y = L::classes(16, 10);
         n.forward = [=] { return out(L::select(rnn(x), 31)); };
         n.loss = [=, f = n.forward] { return L::cross_entropy(f(), y); };
       }},
      {"GRU, batch 16, 32 steps, 32-64",
       [](Net<L>& n) {
         const auto rnn = L::gru(n.parameters, 32, 64);
         Layers<L> make{n};
         const auto out = make.linear(64, 10);
         const Tensor x = L::randn({32, 16, 32}), y = L::classes(16, 10);
         n.forward = [=] { return out(L::select(rnn(x), 31)); };
         n.loss = [=, f = n.forward] { return L::cross_entropy(f(), y); };
       }},
      {"encoder layer, batch 8, 64 tokens, width 128",
       [](Net<L>& n) {
         const auto layer = L::encoder_layer(n.parameters, 128, 4, 512);
         const Tensor x = L::randn({8, 64, 128}), y = L::randn({8, 64, 128});
         n.forward = [=] { return layer(x); };
         n.loss = [=, f = n.forward] { return L::mse_loss(f(), y); };
       }},
      {"batch-normed autoencoder 784-128-32, batch 64",
       [](Net<L>& n) {
         Layers<L> make{n};
         const auto l1 = make.linear(784, 128), l2 = make.linear(128, 32), l3 = make.linear(32, 128),
                    l4 = make.linear(128, 784);
         const auto b1 = make.batch_norm(128), b2 = make.batch_norm(128);
         const Tensor x = L::randn({64, 784});
         n.forward = [=] { return l4(L::relu(b2(l3(l2(L::relu(b1(l1(x)))))))); };
         n.loss = [=, f = n.forward] { return L::mse_loss(f(), x); };
       }},
      {"embedding bags, 32 of 20 of 5,000 words",
       [](Net<L>& n) {
         const Tensor words = n.parameter({5000, 64}, 1);
         Layers<L> make{n};
         const auto out = make.linear(64, 4);
         const Tensor x = L::classes(32 * 20, 5000), y = L::classes(32, 4);
         n.forward = [=] { return out(L::embedding_bag(L::reshape(x, {32, 20}), words)); };
         n.loss = [=, f = n.forward] { return L::cross_entropy(f(), y); };
       }},
      {"VAE 784-256-16, batch 64",
       [](Net<L>& n) {
         Layers<L> make{n};
         const auto l1 = make.linear(784, 256), mean = make.linear(256, 16), spread = make.linear(256, 16),
                    l3 = make.linear(16, 256), l4 = make.linear(256, 784);
         const Tensor x = L::sigmoid(L::randn({64, 784}));
         n.loss = [=] {
           const Tensor h = L::relu(l1(x)), m = mean(h), s = spread(h);
           const Tensor z = m + L::randn({64, 16}) * L::exp(s * 0.5);
           const Tensor kl = L::mean(m * m + L::exp(s) - s - 1.0, {0, 1}) * 0.5;
           return L::bce_with_logits(l4(L::relu(l3(z))), x) + kl;
         };
         n.forward = [=] { return l4(L::relu(l3(mean(L::relu(l1(x)))))); };
       }},
      {"24-8-2, tanh, batch 200",
       [](Net<L>& n) {
         Layers<L> make{n};
         const auto l1 = make.linear(24, 8), l2 = make.linear(8, 2);
         const Tensor x = L::randn({200, 24}), y = L::randn({200, 2});
         n.forward = [=] { return l2(L::tanh(l1(x))); };
         n.loss = [=, f = n.forward] { return L::mse_loss(f(), y); };
       }},
  };
  return all;
}

/// Of the process, KiB: "VmRSS", what it has in memory, or "VmHWM", the most since forget_peak(). 0 where there is no /proc.
inline long resident(const char* field) {
  std::FILE* const f = std::fopen("/proc/self/status", "r");
  long found = 0;
  for (char line[256]; f && std::fgets(line, sizeof line, f);)
    if (std::strncmp(line, field, std::strlen(field)) == 0) found = std::atol(line + std::strlen(field) + 1);
  if (f) std::fclose(f);
  return found;
}
inline void forget_peak() {
  if (std::FILE* const f = std::fopen("/proc/self/clear_refs", "w")) {
    std::fputs("5", f);
    std::fclose(f);
  }
}

struct NetTurn {
  const char* name;
  bool train;
  int threads;
  double milliseconds;
};
constexpr const char* kNetTurnUsage = "NET train|inference THREADS MILLISECONDS";

/// Prints the time of a step or of a forward pass, the loss before and after a few steps, and how many KiB the process grew by for
/// net and work. 2 for wrong arguments.
template <class L>
int net_turn(int argc, char** argv) {
  if (argc != 4 || (std::strcmp(argv[1], "train") != 0 && std::strcmp(argv[1], "inference") != 0)) return 2;
  const NetTurn turn{argv[0], std::strcmp(argv[1], "train") == 0, std::atoi(argv[2]), std::atof(argv[3])};
  if (turn.threads < 1 || !(turn.milliseconds > 0)) return 2;
  L::set_threads(turn.threads);
  for (const NetCase<L>& c : nets<L>()) {
    if (std::strcmp(c.name, turn.name) != 0) continue;
    L::seed(0);
    forget_peak();
    const long before = resident("VmRSS");
    Net<L> net;
    c.make(net);
    double first = 0, last = 0, ns = 0;
    if (turn.train) {
      auto optimizer = L::adam(net.parameters, 1e-4);
      const auto step = [&] {
        optimizer->zero_grad();
        const auto loss = net.loss();
        loss.backward();
        optimizer->step();
        return loss;
      };
      first = L::number(step());
      for (int i = 0; i < 5; ++i) step();
      last = L::number(step());
      L::freeze(*optimizer);
      ns = sampled_nanoseconds(step, turn.milliseconds);
    } else {
      const typename L::Inference guard;
      const auto use = [&] { return net.forward(); };
      first = last = L::squares(use());
      ns = sampled_nanoseconds(use, turn.milliseconds);
    }
    std::printf("{\"ns\": %.6g, \"first\": %.9g, \"last\": %.9g, \"denormal\": 0, \"not_finite\": %d, \"kib\": %ld}\n",
                ns, first, last, !std::isfinite(last), resident("VmHWM") - before);
    return 0;
  }
  return 2;
}

}  // namespace bench

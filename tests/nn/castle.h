// Modules that the tests of nn::Module share.
#pragma once
#include <harker/nn/nn.h>

#include <string>
#include <vector>

namespace harker::test {

struct DraculaModel : nn::Module {
  nn::Linear fc1 = register_module("fc1", nn::Linear(10, 20));
  nn::ReLU relu = register_module("relu", nn::ReLU());
  nn::Linear fc2 = register_module("fc2", nn::Linear(20, 1));
  Tensor forward(const Tensor& x) { return fc2(relu(fc1(x))); }
};

/// A model with everything: own parameter, buffers, a shared layer under two names, a nested model.
struct Castle : nn::Module {
  Castle() : Module("Castle", 2) {}
  nn::Parameter scale = register_parameter("scale", ones({3}));
  Tensor mean = register_buffer("mean", zeros({3}));
  Tensor scratch = register_buffer("scratch", zeros({7}), false);
  nn::Linear door = register_module("door", nn::Linear(3, 3));
  nn::Linear gate = register_module("gate", door);
  DraculaModel guest = register_module("guest", DraculaModel());
};

template <class List>
std::vector<std::string> names(const List& list) {
  std::vector<std::string> out;
  for (const auto& item : list) out.push_back(item.first);
  return out;
}

}  // namespace harker::test

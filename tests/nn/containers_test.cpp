// Sequential, ModuleList and ModuleDict: names, access, aliasing, and what they refuse.
#include <doctest/doctest.h>
#include <harker/core/ops/ops.h>
#include <harker/core/random.h>
#include <harker/nn/nn.h>
#include <test_tensor.h>

using namespace harker;

namespace {

using harker::test::words;

std::vector<std::string> keys(const nn::Module& m) {
  std::vector<std::string> out;
  for (const auto& item : m.state_dict()) out.push_back(item.first);
  return out;
}
using Keys = std::vector<std::string>;

struct Twice : nn::Module {
  Tensor forward(const Tensor& x) { return x * 2.0; }
};

/// A tower of layers and a choice of activations, as torch's documentation has it.
struct Tower : nn::Module {
  nn::ModuleList<nn::Linear> layers = register_module("layers", nn::ModuleList<nn::Linear>());
  nn::ModuleDict<> choices = register_module(
      "choices", nn::ModuleDict<>{{"relu", nn::ReLU()}, {"twice", Twice()}, {"dense", nn::Linear(3, 3)}});
  Tower() {
    for (int i = 0; i < 3; ++i) layers.append(nn::Linear(3, 3));
  }
  Tensor forward(const Tensor& x, const char* choice) const {
    Tensor h = x;
    for (const nn::Linear& layer : layers) h = choices[choice](layer(h));
    return h;
  }
};

}  // namespace

TEST_CASE("containers: names and order are torch's, and what is inside is found and trained") {
  Tower tower;
  CHECK(keys(tower) == Keys{"layers.0.weight", "layers.0.bias", "layers.1.weight", "layers.1.bias", "layers.2.weight",
                            "layers.2.bias", "choices.dense.weight", "choices.dense.bias"});
  CHECK(tower.state_dict().metadata.len() == 9);  // itself, the list and its three, the dict and its three
  const Tensor x = randn({2, 3});
  CHECK(tower.forward(x, "twice").shape() == Shape{2, 3});
  sum(tower.forward(x, "dense")).backward();
  for (const auto& item : tower.named_parameters()) {
    const auto& name = item.first;
    const auto& p = item.second;
    CAPTURE(name);
    CHECK(p.grad().defined());
  }
  tower.eval();
  CHECK(!tower.layers[2].is_training());
  CHECK(!tower.choices["relu"].is_training());
}

TEST_CASE("containers: ModuleList of any modules, and of one type whose members can be reached") {
  nn::ModuleList<> any{nn::Linear(2, 3), nn::ReLU(), Twice()};
  CHECK(any.size() == 3);
  const Tensor x = randn({4, 2});
  CHECK(equal(any[2](any[1](any[0](x))), relu(any[0](x)) * 2.0));
  nn::ModuleList<nn::Linear> linears{nn::Linear(2, 3), nn::Linear(3, 1)};
  CHECK(linears[1].weight.shape() == Shape{1, 3});
  nn::ModuleList<nn::Linear> same = linears;
  same.append(nn::Linear(1, 1));
  CHECK(linears.size() == 3);
  CHECK(keys(linears).size() == 6);
  CHECK(words([&] { linears[3]; }).find("3 of 3") != std::string::npos);
}

TEST_CASE("containers: ModuleDict keeps the order, finds by name and says the nearest") {
  nn::ModuleDict<nn::Linear> heads;
  heads.insert("left", nn::Linear(2, 1));
  heads.insert("right", nn::Linear(2, 1));
  CHECK(heads.contains("left"));
  CHECK(!heads.contains("up"));
  Keys names;
  for (const auto& [name, head] : heads) names.push_back(name);
  CHECK(names == Keys{"left", "right"});
  CHECK(words([&] { heads["rigth"]; }).find("did you mean 'right'") != std::string::npos);
  CHECK_THROWS_AS(heads.insert("left", nn::Linear(2, 1)), Error);
  CHECK_THROWS_AS(heads.insert("a.b", nn::Linear(2, 1)), Error);
  CHECK_THROWS_AS(heads.insert("", nn::Linear(2, 1)), Error);
  CHECK(heads.size() == 2);
  CHECK(keys(heads).size() == 4);
}

TEST_CASE("containers: a layer in two places is one layer, listed once and saved under both names") {
  const nn::Linear shared(3, 3);
  nn::Sequential net{shared, nn::ReLU(), shared};
  CHECK(net.parameters().size() == 2);
  CHECK(keys(net) == Keys{"0.weight", "0.bias", "2.weight", "2.bias"});
  CHECK(net[0].is(shared));
  CHECK(net[2].is(net[0]));
  CHECK_THROWS_AS(net[3], Error);
  nn::Sequential named;
  named.push_back("first", shared);
  CHECK_THROWS_AS(named.push_back("first", nn::ReLU()), Error);
  CHECK(named.size() == 1);
  CHECK(keys(named) == Keys{"first.weight", "first.bias"});
}

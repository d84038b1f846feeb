// Sequential, ModuleList and ModuleDict: names, access, aliasing, and what they refuse.
#include <doctest/doctest.h>
#include <harker/core/ops/ops.h>
#include <harker/core/random.h>
#include <harker/nn/nn.h>
#include <harker/nn/parameter_list.h>
#include <test_tensor.h>

#include <sstream>

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

TEST_CASE("containers: a Sequential is walked, grown in its middle and shrunk, and keeps torch's names") {
  nn::Sequential net({{"fc", nn::Linear(2, 3)}, {"act", nn::ReLU()}});
  CHECK(net.named_children().keys() == Keys{"fc", "act"});
  CHECK_THROWS_AS(net.insert(0, nn::ReLU()), Error);  // names of their own
  nn::Sequential plain{nn::Linear(2, 3), nn::Linear(3, 1)};
  plain.insert(1, nn::Tanh());
  CHECK(keys(plain) == Keys{"0.weight", "0.bias", "2.weight", "2.bias"});
  Keys classes;
  for (const nn::AnyModule& m : plain) classes.push_back(m.class_name());
  CHECK(classes == Keys{"Linear", "Tanh", "Linear"});
  CHECK(plain.at<nn::Linear>(2).weight.shape() == Shape{1, 3});
  CHECK(words([&] { plain.at<nn::Linear>(1); }).find("layer 1 is a Tanh") != std::string::npos);
  CHECK_THROWS_AS(plain.at<nn::Linear>(3), Error);
  CHECK_THROWS_AS(plain.insert(4, nn::ReLU()), Error);
  CHECK(plain.front().is(plain[0]));
  CHECK(plain.back().is(plain.at(2)));
  const nn::AnyModule out = plain.pop(0);
  CHECK(out.class_name() == "Linear");
  CHECK(keys(plain) == Keys{"1.weight", "1.bias"});
  nn::Sequential both;
  both.extend(plain);
  both.extend(std::vector<nn::Linear>{nn::Linear(1, 1)});
  both.append(nn::Functional([](const Tensor& x) { return x * 2.0; }));
  CHECK(both.size() == 4);
  CHECK(both[0].is(plain[0]));
  CHECK(equal(both->forward(ones({2, 3})), both[2](plain(ones({2, 3}))) * 2.0));
  plain.at<nn::Linear>(1).weight = nn::Parameter(zeros({1, 3}));  // the layer itself, not a copy
  CHECK(sum(plain.state_dict()["1.weight"]).item() == 0);
}

TEST_CASE("containers: ModuleList and ModuleDict change, and what is registered follows") {
  nn::ModuleList<nn::Linear> list{nn::Linear(2, 2), nn::Linear(3, 3)};
  list.insert(0, nn::Linear(1, 1));
  list.extend(nn::ModuleList<nn::Linear>{nn::Linear(4, 4)});
  CHECK(list.get_parameter("0.bias").numel() == 1);
  CHECK(list.back().weight.size(0) == 4);
  CHECK(list.pop(1).weight.size(0) == 2);
  CHECK(keys(list) == Keys{"0.weight", "0.bias", "1.weight", "1.bias", "2.weight", "2.bias"});
  CHECK(list.get_submodule("1").is(list[1]));
  CHECK_THROWS_AS(list.insert(4, nn::Linear(1, 1)), Error);
  CHECK_THROWS_AS(list.pop(3), Error);
  CHECK_THROWS_AS(nn::ModuleList<nn::Linear>().front(), Error);

  nn::ModuleDict<> dict{{"a", nn::Linear(1, 1)}, {"b", nn::ReLU()}};
  const nn::Linear other(2, 2);
  dict.update({{"a", other}, {"c", nn::Tanh()}});
  CHECK(dict.keys() == Keys{"a", "b", "c"});
  CHECK(dict["a"].is(other));
  CHECK(keys(dict) == Keys{"a.weight", "a.bias"});
  CHECK(dict.state_dict()["a.weight"].numel() == 4);
  CHECK(dict.pop("b").class_name() == "ReLU");
  CHECK(dict.values().size() == 2);
  CHECK(words([&] { dict.pop("d"); }).find("no module 'd'") != std::string::npos);
  CHECK_THROWS_AS(dict.update({{"x.y", nn::ReLU()}}), Error);
  CHECK(dict.items().keys() == Keys{"a", "c"});
  CHECK(dict.named_children().keys() == Keys{"a", "c"});
  dict.clear();
  CHECK(dict.is_empty());
  CHECK(dict.parameters().empty());
}

namespace {
struct Duo : nn::Module {  // no forward of one tensor
  nn::Linear fc = register_module("fc", nn::Linear(2, 2));
  Tensor forward(const Tensor& x, const Tensor& y) { return fc(x) + y; }
};
struct Silent : nn::Module {
  std::vector<Tensor> forward(const Tensor& x) { return {x}; }
};
}  // namespace

TEST_CASE("containers: any module may be an element, is called as it can be, and given back as what it is") {
  nn::ModuleList<> list{Duo(), nn::Linear(2, 2), Silent()};
  const Tensor x = ones({1, 2});
  CHECK(equal(list[0](x, x), list[0].as<Duo>()->forward(x, x)));
  CHECK(words([&] { list[0](x); }).find("Duo has no forward of 1 tensor") != std::string::npos);
  CHECK(words([&] { list[1](x, x); }).find("Linear has no forward of 2 tensors") != std::string::npos);
  CHECK(words([&] { list[2](x); }).find("Silent has no forward") != std::string::npos);
  CHECK(list[2].as<Silent>()->forward(x).size() == 1);
  CHECK(!list[0].as<nn::Linear>());
  CHECK(list[1].as<nn::Linear>()->weight.is(list.parameters()[2]));
}

TEST_CASE("containers: apply tells one class from another") {
  nn::Sequential net{nn::Linear(2, 2), nn::Sequential{nn::Linear(2, 2), nn::ReLU()}};
  int linears = 0;
  net.apply([&](nn::Module& m) {
    if (auto* l = m.as<nn::Linear>()) {
      nn::init::constant_(l->weight, 3);
      ++linears;
    }
  });
  CHECK(linears == 2);
  CHECK(net.parameters()[2].detach()[1][1].item() == 3);
  int others = 0;
  for (nn::Module& m : net.modules()) others += m.as<nn::ReLU>() != nullptr;
  CHECK(others == 1);
  nn::Linear alone(2, 2);
  alone.apply([&](nn::Module& m) { CHECK(m.as<nn::Linear>() == &alone); });
  Duo pair;  // its member is no element of a container
  CHECK(words([&] { pair.children()[0].as<nn::Linear>(); }).find("does not know the object") != std::string::npos);
  CHECK(!pair.children()[0].as<nn::ReLU>());
}

TEST_CASE("containers: parameters by number and by name, printed as torch does") {
  const auto text = [](const nn::Module& m) {
    std::ostringstream out;
    out << m;
    return out.str();
  };
  nn::ParameterList list{randn({2, 3})};
  CHECK(text(list) == "ParameterList(  (0): Parameter containing: [torch.float32 of size 2x3])");
  list.append(randn({4}));
  CHECK(text(list) ==
        "ParameterList(\n    (0): Parameter containing: [torch.float32 of size 2x3]\n    (1): Parameter containing: "
        "[torch.float32 of size 4]\n)");
  CHECK(keys(list) == Keys{"0", "1"});
  CHECK(list[1].requires_grad());
  list[0] = nn::Parameter(zeros({1}));
  CHECK(list.parameters()[0].numel() == 1);
  CHECK_THROWS_AS(list[2], Error);
  nn::ParameterDict dict{{"a", randn({2, 3})}, {"b", randn({4})}};
  CHECK(
      text(dict) ==
      "ParameterDict(\n    (a): Parameter containing: [torch.FloatTensor of size 2x3]\n    (b): Parameter containing: "
      "[torch.FloatTensor of size 4]\n)");
  CHECK(dict.keys() == keys(dict));
  CHECK(dict["a"].is(dict.parameters()[0]));
  CHECK_THROWS_AS(dict["c"], Error);
  CHECK_THROWS_AS(dict.insert("a", ones({1})), Error);
}

TEST_CASE("containers: may be given what is their own") {
  nn::ModuleList<nn::Linear> list{nn::Linear(1, 2), nn::Linear(2, 3)};
  list.extend(list);
  CHECK(list.size() == 4);
  CHECK(list[3].is(list[1]));
  nn::ModuleDict<> dict{{"a", nn::ReLU()}};
  CHECK_THROWS_WITH_AS(dict.insert(dict.items()[0].first, nn::Tanh()), doctest::Contains("already"), Error);
  nn::ParameterList weights{ones({2})};
  for (int i = 0; i < 4; ++i) weights.append(weights[0]);  // while the list grows
  CHECK(weights[4].is(weights[0]));
  weights.extend(weights);
  CHECK(weights.size() == 10);
  nn::Sequential net{nn::Linear(2, 2), nn::ReLU()};
  net.extend(net);
  CHECK(net.size() == 4);
  CHECK(net[2].is(net[0]));
}

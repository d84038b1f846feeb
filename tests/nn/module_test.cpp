// nn::Module: registration, names, aliasing copies, printing, modes, conversion. Loading: load_state_dict_test.cpp.
#include <doctest/doctest.h>
#include <harker/core/grad_mode.h>
#include <harker/core/stateful.h>
#include <harker/nn/nn.h>
#include <nn/castle.h>
#include <test_tensor.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <sstream>
#include <type_traits>

using namespace harker;
using harker::test::Castle;
using harker::test::DraculaModel;
using harker::test::has;
using harker::test::names;
using harker::test::words;

namespace {

struct Registering : nn::Module {
  void child(const char* name, const nn::Module& m) { register_module(name, m); }
  void parameter(const char* name) { (void)register_parameter(name, zeros({1})); }
  void buffer(const char* name) { (void)register_buffer(name, zeros({1})); }
};

static_assert(std::is_nothrow_destructible_v<DraculaModel>);

static_assert(Stateful<nn::Module> && Stateful<DraculaModel> && Stateful<Generator>);

struct NoForward : nn::Module {};
static_assert(nn::UnaryModule<DraculaModel> && nn::UnaryModule<nn::Sequential> && !nn::UnaryModule<NoForward>);

}  // namespace

TEST_CASE("module: names come in torch's order, a shared layer once in parameters and twice in the state dict") {
  Castle c;
  using V = std::vector<std::string>;
  CHECK(names(c.named_parameters()) == V{"scale", "door.weight", "door.bias", "guest.fc1.weight", "guest.fc1.bias",
                                         "guest.fc2.weight", "guest.fc2.bias"});
  CHECK(names(c.named_buffers()) == V{"mean", "scratch"});
  CHECK(names(c.named_children()) == V{"door", "guest"});
  CHECK(names(c.named_modules()) == V{"", "door", "guest", "guest.fc1", "guest.relu", "guest.fc2"});
  CHECK(names(c.named_parameters("m", false)) == V{"m.scale"});
  const StateDict state = c.state_dict();
  CHECK(names(state) == V{"scale", "mean", "door.weight", "door.bias", "gate.weight", "gate.bias", "guest.fc1.weight",
                          "guest.fc1.bias", "guest.fc2.weight", "guest.fc2.bias"});
  CHECK(state["gate.weight"].shares_storage(state["door.weight"]));
  CHECK(names(c.state_dict("castle.")).front() == "castle.scale");
  CHECK(c.parameters().size() == 7);
}

TEST_CASE("module: the metadata are the versions of all modules, parents first") {
  const Value m = Castle().state_dict().metadata;
  REQUIRE(m.is_dict());
  CHECK(m.flavour() == DictFlavour::ordered_dict);
  std::vector<std::string> keys;
  for (const auto& [k, v] : m.items()) keys.emplace_back(k.as_string());
  CHECK(keys == std::vector<std::string>{"", "door", "gate", "guest", "guest.fc1", "guest.relu", "guest.fc2"});
  CHECK(m[""]["version"].as_int() == 2);
  CHECK(m["guest.fc1"]["version"].as_int() == 1);
  CHECK(m["guest.fc1"].flavour() == DictFlavour::dict);
}

TEST_CASE("module: a copy is another name for the same module, also after moves into a vector") {
  DraculaModel a;
  DraculaModel b = a;
  CHECK(b.is(a));
  {
    NoGradGuard no_grad;
    b.fc1.weight.fill_(3);
  }
  CHECK(a.fc1.weight[0][0].item() == 3);
  CHECK(a.parameters()[0].is(a.fc1.weight));

  std::vector<DraculaModel> many;
  for (int i = 0; i < 5; ++i) {
    DraculaModel m;
    many.push_back(std::move(m));
    CHECK(m.parameters().size() == 4);  // NOLINT: a module moved from is still that module
  }
  for (DraculaModel& m : many) {
    CHECK(m.parameters()[0].is(m.fc1.weight));
    CHECK(m.parameters()[3].is(m.fc2.bias));
  }
  CHECK(!many[0].is(many[1]));
}

TEST_CASE("module: parameters are leaves that require grad, and share the storage they were given") {
  const Tensor data = zeros({2});
  const nn::Parameter p(data);
  CHECK(p.requires_grad());
  CHECK(p.is_leaf());
  CHECK(p.shares_storage(data));
  CHECK(!data.requires_grad());
  CHECK(!nn::Parameter(zeros({2}, kInt64), false).requires_grad());
  CHECK_THROWS_AS(nn::Parameter(zeros({2}, kInt64)), Error);
  nn::Linear l(2, 3, {.bias = false});
  CHECK(!l.bias.defined());
  CHECK(l.parameters().size() == 1);
  CHECK(l.state_dict().size() == 1);
  CHECK_THROWS_AS(nn::Linear(-1, 3), ShapeError);
  CHECK_THROWS_AS(nn::Linear(1, 3, {.dtype = kInt64}), TypeError);
}

TEST_CASE("module: names that are empty, dotted or taken are errors, and so is a module inside itself") {
  Registering r;
  r.parameter("w");
  r.buffer("b");
  r.child("c", DraculaModel());
  for (const char* bad : {"", "a.b", "w", "b", "c"}) {
    CAPTURE(bad);
    CHECK_THROWS_AS(r.parameter(bad), Error);
    CHECK_THROWS_AS(r.buffer(bad), Error);
    CHECK_THROWS_AS(r.child(bad, nn::ReLU()), Error);
  }
  CHECK_THROWS_AS(r.child("self", r), Error);
  Registering outer;
  outer.child("r", r);
  CHECK_THROWS_AS(r.child("outer", outer), Error);
  CHECK(r.named_modules().size() == 5);
}

TEST_CASE("module: a user's class has its own name") {
  CHECK(DraculaModel().class_name() == "DraculaModel");
  CHECK(nn::Module(DraculaModel()).class_name() == "Module");  // nobody asked while it was known
  DraculaModel m;
  CHECK(has(words([&] { m.load_state_dict({}); }), "state_dict for DraculaModel:"));
  CHECK(nn::Module(m).class_name() == "DraculaModel");
  struct Local : nn::Module {
    Tensor forward(const Tensor& x) { return x; }
  };
  nn::Sequential s{Local()};
  CHECK(s.named_children()[0].second.class_name() == "Local");
  CHECK(nn::ModuleList<Local>{Local()}.named_children()[0].second.class_name() == "Local");
  std::unique_ptr<nn::Module> held = std::make_unique<DraculaModel>();
  CHECK(held->class_name() == "DraculaModel");
}

TEST_CASE("module: printed as torch prints it") {
  const auto text = [](const nn::Module& m) {
    std::ostringstream out;
    out << m;
    return out.str();
  };
  CHECK(text(DraculaModel()) ==
        "DraculaModel(\n  (fc1): Linear(in_features=10, out_features=20, bias=True)\n  (relu): ReLU()\n  (fc2): "
        "Linear(in_features=20, out_features=1, bias=True)\n)");
  CHECK(text(nn::Bilinear(2, 3, 4, {.bias = false})) ==
        "Bilinear(in1_features=2, in2_features=3, out_features=4, bias=False)");
  CHECK(text(nn::Conv2d(1, 6, 5, {.padding = 2, .bias = false})) ==
        "Conv2d(1, 6, kernel_size=(5, 5), stride=(1, 1), padding=(2, 2), bias=False)");
  CHECK(text(nn::Conv2d(2, 6, {5, 3}, {.stride = {2, 1}, .dilation = 2, .groups = 2})) ==
        "Conv2d(2, 6, kernel_size=(5, 3), stride=(2, 1), dilation=(2, 2), groups=2)");
  CHECK(text(nn::MaxPool2d(2)) == "MaxPool2d(kernel_size=2, stride=2, padding=0, dilation=1, ceil_mode=False)");
  CHECK(text(nn::MaxPool2d({2, 3}, {.stride = {2, 1}, .padding = 1, .ceil_mode = true})) ==
        "MaxPool2d(kernel_size=(2, 3), stride=(2, 1), padding=1, dilation=1, ceil_mode=True)");
  CHECK(text(nn::AvgPool2d({2, 3}, {.stride = 2})) == "AvgPool2d(kernel_size=(2, 3), stride=2, padding=0)");
  CHECK(text(nn::LayerNorm(4)) == "LayerNorm((4,), eps=1e-05, elementwise_affine=True, bias=True)");
  CHECK(text(nn::LayerNorm({4, 5}, {.bias = false})) ==
        "LayerNorm((4, 5), eps=1e-05, elementwise_affine=True, bias=False)");
  CHECK(text(nn::BatchNorm1d(2)) ==
        "BatchNorm1d(2, eps=1e-05, momentum=0.1, affine=True, bias=True, track_running_stats=True)");
  CHECK(text(nn::BatchNorm2d(2, {.momentum = std::nullopt, .affine = false, .track_running_stats = false})) ==
        "BatchNorm2d(2, eps=1e-05, momentum=None, affine=False, bias=False, track_running_stats=False)");
  CHECK(text(nn::Dropout()) == "Dropout(p=0.5, inplace=False)");
  CHECK(text(nn::Flatten()) == "Flatten(start_dim=1, end_dim=-1)");
  CHECK(text(nn::Embedding(3, 2)) == "Embedding(3, 2)");
  CHECK(text(nn::Embedding(3, 2, {.padding_idx = -1})) == "Embedding(3, 2, padding_idx=2)");
  CHECK(text(nn::LeakyReLU()) == "LeakyReLU(negative_slope=0.01)");
  CHECK(text(nn::GELU()) == "GELU(approximate='none')");
  CHECK(text(nn::Softplus()) == "Softplus(beta=1.0, threshold=20.0)");
  CHECK(text(nn::Softmax(1)) == "Softmax(dim=1)");
  CHECK(text(nn::LogSoftmax(-1)) == "LogSoftmax(dim=-1)");
  CHECK(text(nn::CrossEntropyLoss()) == "CrossEntropyLoss()");
  CHECK(text(nn::ModuleList<>()) == "ModuleList()");
  nn::ModuleDict<> nested{{"list", nn::Sequential{nn::ReLU()}}};
  CHECK(text(nested) == "ModuleDict(\n  (list): Sequential(\n    (0): ReLU()\n  )\n)");
  CHECK(text(nn::ModuleList<>{nn::Linear(2, 2), nn::Linear(2, 2), nn::Tanh()}) ==
        "ModuleList(\n  (0-1): 2 x Linear(in_features=2, out_features=2, bias=True)\n  (2): Tanh()\n)");
}

namespace {
void freeze(nn::Module& m) { m.requires_grad_(false); }
void thaw(nn::Module& m) { m.requires_grad_(); }
}  // namespace

TEST_CASE("module: train, eval, requires_grad_, zero_grad and apply reach every module") {
  Castle c;
  CHECK(c.is_training());
  c.eval();
  CHECK(!c.guest.fc1.is_training());
  c.train();
  CHECK(c.door.is_training());
  c.guest.requires_grad_(false);
  CHECK(!c.guest.fc2.weight.requires_grad());
  CHECK(c.door.weight.requires_grad());

  sum(c.door(ones({1, 3}))).backward();
  CHECK(c.gate.weight.grad().defined());
  c.zero_grad(false);
  CHECK(c.gate.weight.grad().defined());
  CHECK(sum(c.gate.weight.grad()).item() == 0);
  c.zero_grad();
  CHECK(!c.gate.weight.grad().defined());

  std::vector<std::string> order;
  c.apply([&](nn::Module& m) { order.push_back(m.class_name()); });
  CHECK(order == std::vector<std::string>{"Linear", "Linear", "ReLU", "Linear", "DraculaModel", "Castle"});

  c.apply(freeze);  // a function as well, by name or by address
  CHECK(!c.gate.weight.requires_grad());
  c.apply(&thaw);
  CHECK(c.gate.weight.requires_grad());
}

TEST_CASE("module: to converts in place, so that every handle sees it") {
  manual_seed(0);
  DraculaModel m;
  const nn::Linear other_name = m.fc1;
  const Tensor was = m.fc1.weight.detach().clone();
  const Tensor x = ones({2, 10});
  sum(m.forward(x)).backward();
  const Tensor grad = m.fc1.weight.grad().detach().clone();
  const Tensor pending = m.forward(x);  // a graph that holds the old weights
  m.to(kFloat64);
  CHECK(other_name.weight.dtype() == kFloat64);
  CHECK(m.parameters()[0].dtype() == kFloat64);
  CHECK(equal(m.fc1.weight, was.to(kFloat64)));
  CHECK(equal(m.fc1.weight.grad(), grad.to(kFloat64)));
  CHECK(m.fc1.weight.requires_grad());
  CHECK(m.forward(x.to(kFloat64)).dtype() == kFloat64);
  CHECK_THROWS_AS(sum(pending).backward(), GradError);
  m.to(kFloat32);
  CHECK(equal(other_name.weight, was));
  CHECK_THROWS_AS(m.to(kInt64), TypeError);

  Castle c;
  c.to(kFloat64);
  CHECK(c.mean.dtype() == kFloat64);
  CHECK(c.scratch.dtype() == kFloat64);
  CHECK(c.state_dict()["mean"].shares_storage(c.mean));
}

TEST_CASE("sequential: takes any module, names them 0 1 2 and is one module under all its copies") {
  manual_seed(0);
  nn::Sequential s{nn::Linear(10, 20), nn::ReLU(), DraculaModel().fc2};
  s.push_back("last", nn::Linear(1, 1));
  using V = std::vector<std::string>;
  CHECK(names(s.named_parameters()) == V{"0.weight", "0.bias", "2.weight", "2.bias", "last.weight", "last.bias"});
  CHECK(s.size() == 4);
  const nn::Sequential same = s;
  s.push_back(nn::Linear(1, 2));
  CHECK(same.size() == 5);
  CHECK(same(zeros({3, 10})).shape() == Shape{3, 2});
  CHECK(nn::Sequential()(ones({2}))[0].item() == 1);

  nn::Sequential outer;
  outer.push_back(nn::Sequential(nn::Linear(2, 2)));
  CHECK(names(outer.named_parameters()) == V{"0.0.weight", "0.0.bias"});
  CHECK_THROWS_AS(s.push_back("last", nn::ReLU()), Error);
  CHECK(same.size() == 5);
}

TEST_CASE("module: layers and functions agree") {
  manual_seed(1);
  const nn::Linear l(4, 3);
  const Tensor x = randn({5, 4}), y = randn({5, 3});
  CHECK(equal(l(x), nn::functional::linear(x, l.weight, l.bias)));
  CHECK(equal(nn::ReLU()(x), nn::functional::relu(x)));
  CHECK(equal(nn::MSELoss()(l(x), y), nn::functional::mse_loss(l(x), y)));
  CHECK_THROWS_AS(nn::MSELoss()(zeros({5, 1}), zeros({5})), ShapeError);
}

TEST_CASE("init: constants, gains and fans") {
  nn::Linear l(4, 3);
  nn::init::ones_(l.weight);
  CHECK(sum(l.weight).item() == 12);
  nn::init::zeros_(l.weight);
  CHECK(sum(l.weight).item() == 0);
  nn::init::constant_(l.bias, 2.5);
  CHECK(l.bias[2].item() == 2.5);
  using nn::init::Nonlinearity;
  CHECK(nn::init::calculate_gain(Nonlinearity::relu) == std::sqrt(2.0));
  CHECK(nn::init::calculate_gain(Nonlinearity::tanh) == 5.0 / 3);
  CHECK(nn::init::calculate_gain(Nonlinearity::linear) == 1);
  CHECK(nn::init::calculate_gain(Nonlinearity::leaky_relu, 1) == 1);
  const Tensor t = nn::init::xavier_uniform_(empty({100, 50, 3}));
  const double bound = std::sqrt(6.0 / 450);
  double largest = 0;
  for (double v : t.to_vector<double>()) largest = std::max(largest, std::abs(v));
  CHECK(largest <= bound);
  CHECK(largest > 0.99 * bound);
}

TEST_CASE("to: a graph made before the conversion still gives gradients of the parameter's dtype") {
  nn::Linear layer(2, 2);
  const Tensor z = sum(ones({3, 2}) + layer.bias);
  layer.to(kFloat64);
  layer.bias.set_grad(ones({2}, kFloat64));
  z.backward();
  CHECK(equal(layer.bias.grad(), full({2}, 4, kFloat64)));
}

TEST_CASE("module: what LibTorch's programs write") {
  nn::Linear l(3, 4);
  const Tensor x = ones({2, 3});
  CHECK(equal(l->forward(x), l(x)));
  CHECK(l->weight.is(l.weight));
  l.to(Device{});
  l.to(Device{}, kFloat64);
  CHECK(l.weight.dtype() == kFloat64);
  const auto named = l.named_parameters();
  CHECK(named["weight"].is(l.weight));
  CHECK(named[1].key() == "bias");
  CHECK(named[1].value().is(l.bias));
  CHECK(named.keys() == std::vector<std::string>{"weight", "bias"});
  CHECK(named.values().size() == 2);
  CHECK(named.contains("bias"));
  CHECK(!named.contains("b"));
  CHECK(has(words([&] { named["wieght"]; }), "did you mean 'weight'?"));
  const Tensor kept = l.named_parameters()["weight"];
  CHECK(kept.is(l.weight));
  CHECK(&l.requires_grad_(false) == &l);

  Castle c;
  CHECK(c.parameters(false).size() == 1);
  CHECK(c.buffers().size() == 2);
  CHECK(c.modules().size() == 1 + c.modules(false).size());
  CHECK(c.children().size() == c.named_children().size());
  CHECK(c.get_submodule("guest.fc1").is(c.guest.fc1));
  CHECK(c.get_submodule("").is(c));
  CHECK(c.get_parameter("guest.fc1.weight").is(c.guest.fc1.weight));
  CHECK(has(words([&] { c.get_submodule("guest.fc3"); }), "DraculaModel has no child 'fc3', did you mean 'fc"));
  CHECK_THROWS_AS(c.get_parameter("guest.fc1.w"), Error);
  CHECK_THROWS_AS(c.get_buffer("guest.x"), Error);

  nn::Module built;  // from outside
  const nn::Linear part = built.register_module("part", nn::Linear(1, 1));
  const nn::Parameter w = built.register_parameter("w", ones({1}));
  const nn::Buffer b = built.register_buffer("b", ones({1}), false);
  CHECK(built.parameters().size() == 3);
  CHECK(built.get_buffer("b").is(b));
  CHECK(built.state_dict().size() == 3);
  built.unregister_module("part");
  CHECK(built.parameters().size() == 1);
  CHECK_THROWS_AS(built.unregister_module("part"), Error);
}

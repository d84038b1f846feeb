// Every layer (layer_rows.h) against torch's (data/layers.json, made by data/make_layers.py): how it is printed, the
// initial weights to the bit with the generator's state after them, names, order and versions of the state dict, what it
// computes while training and after eval(), the buffers that changed, and the gradients of its parameters. Activations
// in every dtype, also of zeros, infinities and NaN.
#include <array_json.h>
#include <doctest/doctest.h>
#include <harker/core/ops/ops.h>
#include <harker/core/random.h>
#include <harker/nn/nn.h>
#include <harker/nn/parametrize.h>
#include <sha256.h>
#include <test_tensor.h>

#include <fstream>
#include <functional>
#include <map>
#include <regex>
#include <set>
#include <sstream>

using namespace harker;
using namespace harker::test;
using Json = nlohmann::json;

namespace {

using Inputs = std::vector<Tensor>;

/// A module of any number of inputs.
struct Made {
  nn::Module module;
  std::function<Tensor(const Inputs&)> call;
  std::function<nn::Module()> clone;
};

/// What a layer gives first.
Tensor first_of(const Tensor& z) { return z; }
Tensor first_of(const nn::MultiheadAttention::Result& z) { return z.output; }
template <class... Rest>
Tensor first_of(const std::tuple<Tensor, Rest...>& z) {
  return std::get<0>(z);
}

template <class M>
Made made(M m) {
  return {m,
          [m](const Inputs& x) {
            if constexpr (requires { m(x[0]); }) {
              if (x.size() == 1) return first_of(m(x[0]));
            }
            if constexpr (std::is_invocable_v<const M&, Tensor, Tensor>) {
              if (x.size() == 2) return first_of(m(x[0], x[1]));
            }
            if constexpr (std::is_invocable_v<const M&, Tensor, Tensor, Tensor>)
              return first_of(m(x[0], x[1], x[2]));
            else
              return Tensor();
          },
          [m] { return nn::Module(nn::clone(m)); }};
}

/// Under PyTorch's expressions.
const std::map<std::string, std::function<Made()>>& modules() {
  using namespace nn;
#define LAYER(name, inputs, ...) {name, [] { return made(__VA_ARGS__); }},
#define ACTIVATION(Layer, f) LAYER("nn." #Layer "()", , Layer())
  static const std::map<std::string, std::function<Made()>> table = {
#include <nn/layer_rows.h>
      HARKER_ACTIVATIONS(ACTIVATION)};
#undef ACTIVATION
#undef LAYER
  return table;
}

/// Largest difference relative to the largest magnitude expected (at least 1).
double difference(const Tensor& got, const Json& want) {
  const Tensor expected = tensor_from(want);
  if (!(got.shape() == expected.shape()) || got.dtype() != expected.dtype()) return INFINITY;
  const auto a = got.to_vector<double>(), b = expected.to_vector<double>();
  double worst = 0, scale = 1;
  for (double v : b) scale = std::max(scale, std::abs(v));
  for (std::size_t i = 0; i < a.size(); ++i) worst = std::max(worst, std::abs(a[i] - b[i]));
  return worst / scale;
}

/// NaN where torch has NaN, and elsewhere within one step of the dtype; but for the places that are NaN in `unless`.
bool is_torchs(const Tensor& got, const Json& want, const std::vector<double>& unless = {}, double least_step = 0) {
  const Tensor expected = tensor_from(want);
  if (!(got.shape() == expected.shape()) || got.dtype() != expected.dtype()) return false;
  const double of_dtype = got.dtype() == kFloat64    ? 1e-12
                          : got.dtype() == kBFloat16 ? 0x1p-7
                          : got.dtype() == kFloat16  ? 0x1p-10
                                                     : 1e-6;
  const double step = std::max(of_dtype, least_step);
  const auto a = got.to_vector<double>(), b = expected.to_vector<double>();
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i] == b[i] || (std::isnan(a[i]) && std::isnan(b[i])) || (!unless.empty() && std::isnan(unless[i]))) continue;
    if (!(std::abs(a[i] - b[i]) <= step * std::max(1., std::abs(b[i])))) return false;
  }
  return true;
}

/// Zeros, infinities and NaN in each dtype; a TypeError where torch refuses it.
void check_special(const Json& c, const Made& made) {
  nn::Module(made.module).eval();
  for (const Json& want : c.at("special")) {
    Tensor x = tensor_from(want.at("input"));
    CAPTURE(x);
    if (want.at("output").is_null()) {
      CHECK_THROWS_AS(made.call({x}), TypeError);
      continue;
    }
    if (is_floating_point(x.dtype())) x.requires_grad_();
    const Tensor y = made.call({x});
    CAPTURE(y);
    CHECK(is_torchs(y, want.at("output")));
    if (!x.requires_grad()) continue;
    sum(y).backward();
    CAPTURE(x.grad());
    // The gradient at NaN is one thing in torch's vectors and another in what is left over. That of hardsigmoid is the
    // sixth of a float even for double.
    const double least_step = c.at("name") == "nn.Hardsigmoid()" ? 1e-8 : 0;
    CHECK(is_torchs(x.grad(), want.at("grad"), x.detach().to_vector<double>(), least_step));
  }
}

/// The places of a row in some order, which -1 ends; in the first one earlier.
Tensor labels(const Shape& shape) {
  const Tensor order = argsort(rand(shape), -1);
  order.select(-1, shape.back() - 1).fill_(-1);
  order.view({-1, shape.back()})[0][shape.back() - 2].fill_(-1);
  return order;
}

void check(const Json& c, const Made& made) {
  nn::Module module = made.module;
  std::ostringstream text;
  text << module;
  CHECK(text.str() == c.at("text").get<std::string>());
  const StateDict state = module.state_dict();
  REQUIRE(state.size() == c.at("state").size());
  std::size_t i = 0;
  for (const auto& item : state) {
    const auto& name = item.first;
    const auto& t = item.second;
    const Json& want = c.at("state").at(i++);
    CAPTURE(name);
    CHECK(name == want.at("name").get<std::string>());
    CHECK(harker::name(t.dtype()) == want.at("dtype").get<std::string>());
    CHECK(t.shape() == shape_from(want.at("shape")));
    CHECK(sha256_hex(bytes_of(t)) == want.at("sha256").get<std::string>());
  }
  CHECK(sha256_hex(bytes_of(default_generator().state())) == c.at("rng_state_sha256").get<std::string>());
  Value versions = Value::ordered_dict({});
  for (const Json& v : c.at("versions"))
    versions.set(v.at(0).get<std::string>(), Value::dict({{"version", v.at(1).get<int>()}}));
  CHECK(state.metadata.equals(versions));

  manual_seed(1);
  Inputs x;
  for (const Json& input : c.at("inputs")) {
    const Shape shape = shape_from(input.at("shape"));
    const Json& classes = input.at("classes");
    x.push_back(classes.is_null()     ? randn(shape)
                : classes == "rand"   ? rand(shape)
                : classes == "sign"   ? randint(0, 2, shape) * 2 - 1
                : classes == "labels" ? labels(shape)
                                      : randint(0, classes, shape));
  }
  constexpr double kTolerance = 1e-5;
  made.call(x);
  CHECK(difference(made.call(x), c.at("training")) < kTolerance);
  std::size_t buffers = 0;
  for (const auto& item : module.named_buffers()) {
    const auto& name = item.first;
    const auto& t = item.second;
    CAPTURE(name);
    CHECK(difference(t, c.at("buffers").at(name)) < kTolerance);
    ++buffers;
  }
  CHECK(buffers == c.at("buffers").size());
  module.eval();
  const Tensor y = made.call(x);
  CHECK(difference(y, c.at("output")) < kTolerance);
  if (y.requires_grad()) sum(y * y).backward();
  CHECK(module.parameters().size() == c.at("grads").size());
  for (const auto& item : module.named_parameters()) {
    const auto& name = item.first;
    const auto& p = item.second;
    CAPTURE(name);
    REQUIRE(p.grad().defined());
    CHECK(difference(p.grad(), c.at("grads").at(name)) < kTolerance);
  }
}

}  // namespace

TEST_CASE("layers: text, initial weights, names, results and gradients are torch's") {
  const Json file = read_json(std::filesystem::path(HARKER_SOURCE_DIR) / "tests" / "nn" / "data" / "layers.json");
  std::size_t ran = 0;
  for (const Json& c : file.at("cases")) {
    const std::string name = c.at("name");
    CAPTURE(name);
    const auto make = modules().find(name);
    REQUIRE(make != modules().end());
    manual_seed(0);
    check(c, make->second());
    if (c.contains("special")) check_special(c, make->second());
    ++ran;
  }
  CHECK_MESSAGE(ran == modules().size(), "a layer has no case: run make_layers.py");
}

TEST_CASE("layers: every class of a layer has a row, and a place in docs/layers.md") {
  const std::filesystem::path root = HARKER_SOURCE_DIR;
  const auto text_of = [](const std::filesystem::path& path) {
    std::ifstream in(path);
    return std::string(std::istreambuf_iterator<char>(in), {});
  };
  // Bases, some without a forward; not torch's.
  const std::set<std::string> bases = {"NormBase", "BatchNorm", "InstanceNorm",  "UnaryLayer", "DropoutLayer",
                                       "ConvNd",   "RNNBase",   "RNNOfOneState", "RNNCellBase"};
  std::set<std::string> no_layers = {"AnyModule",     "ModuleList", "ModuleDict", "ParameterList",
                                     "ParameterDict", "Functional", "LoRA"};
  no_layers.insert(bases.begin(), bases.end());
  std::set<std::string> names;
  std::string over = "Module";
  for (const std::string& base : bases) over += "|" + base;
  const std::regex layer("\n(?:class (\\w+) : public (?:" + over + ") |  A\\((\\w+), )");
  for (const auto& file : std::filesystem::directory_iterator(root / "nn")) {
    if (file.path().extension() != ".h") continue;
    const std::string text = text_of(file.path());
    for (std::sregex_iterator m(text.begin(), text.end(), layer), end; m != end; ++m) {
      names.insert(m->str(1) + m->str(2));
      if ((*m)[1].matched && !bases.contains(m->str(1)))
        CHECK_MESSAGE(text.find("HARKER_MODULE(" + m->str(1) + ")") != text.npos, m->str(1));
    }
  }
  for (const std::string& other : no_layers) CHECK_MESSAGE(names.erase(other) == 1, other);
  CHECK(names.size() > 30);
  const std::string page = text_of(root / "docs" / "layers.md");
  for (const std::string& name : names) {
    CAPTURE(name);
    const auto row = modules().lower_bound("nn." + name + "(");
    CHECK((row != modules().end() && row->first.starts_with("nn." + name + "(")));
    CHECK(page.find("`" + name) != std::string::npos);
  }
}

TEST_CASE("layers: a state dict goes into another of the kind and makes it the same") {
  for (const auto& item : modules()) {
    const auto& name = item.first;
    const auto& make = item.second;
    CAPTURE(name);
    manual_seed(1);
    Made a = make();
    manual_seed(2);
    Made b = make();
    CHECK(b.module.load_state_dict(a.module.state_dict()).ok());
    const StateDict have = b.module.state_dict();
    for (const auto& [key, t] : a.module.state_dict()) CHECK(equal(t, have[key]));
  }
}

TEST_CASE("layers: each can be cloned, and shares nothing with its clone") {
  for (const auto& item : modules()) {
    CAPTURE(item.first);
    Made a = item.second();
    const StateDict copy = a.clone().state_dict();
    CHECK(copy.size() == a.module.state_dict().size());
    for (const auto& [key, t] : a.module.state_dict()) {
      CHECK(equal(t, copy[key]));
      CHECK(!copy[key].shares_storage(t));
    }
  }
}

TEST_CASE("layers: parameters are of the default dtype, or of the one that is named") {
  struct Restored {
    ~Restored() { set_default_dtype(kFloat32); }
  } restored;
  set_default_dtype(kFloat64);
  std::vector<nn::AnyModule> made{nn::Linear(2, 2),
                                  nn::Conv1d(2, 2, 1),
                                  nn::ConvTranspose2d(2, 2, 1),
                                  nn::BatchNorm1d(2),
                                  nn::GroupNorm(1, 2),
                                  nn::InstanceNorm1d(2, {.affine = true}),
                                  nn::LayerNorm(2),
                                  nn::RMSNorm(2),
                                  nn::PReLU(),
                                  nn::Embedding(2, 2),
                                  nn::EmbeddingBag(2, 2),
                                  nn::LSTM(2, 2),
                                  nn::GRUCell(2, 2),
                                  nn::MultiheadAttention(2, 1),
                                  nn::TransformerEncoderLayer(2, 1),
                                  nn::TransformerDecoderLayer(2, 1)};
  for (const nn::AnyModule& m : made) {
    CAPTURE(m.class_name());
    CHECK(!m.parameters().empty());
    for (const Tensor& p : m.parameters()) CHECK(p.dtype() == kFloat64);
  }
  CHECK(nn::Linear(2, 2, {.dtype = kFloat32}).weight.dtype() == kFloat32);
  CHECK(nn::Transformer::generate_square_subsequent_mask(2).dtype() == kFloat64);
}

TEST_CASE("layers: to(dtype) converts parameters and buffers, but not the counter, and results follow") {
  nn::Sequential net{nn::Conv2d(1, 2, 3), nn::BatchNorm2d(2), nn::Flatten(), nn::Linear(32, 3), nn::LayerNorm(3)};
  net.to(kFloat64);
  CHECK(net(randn({2, 1, 6, 6}, kFloat64)).dtype() == kFloat64);
  const StateDict state = net.state_dict();
  CHECK(state["1.running_mean"].dtype() == kFloat64);
  CHECK(state["1.num_batches_tracked"].dtype() == kInt64);
  CHECK(state["1.num_batches_tracked"].item<std::int64_t>() == 1);
  nn::CrossEntropyLoss loss({.weight = tensor({1., 2., 3.})});
  loss.to(kFloat64);
  CHECK(loss(randn({2, 3}, kFloat64), tensor({0, 2})).dtype() == kFloat64);
  for (DType half : {kFloat16, kBFloat16}) {
    CAPTURE(name(half));
    manual_seed(4);
    nn::Sequential wide{nn::Conv2d(1, 2, 3), nn::BatchNorm2d(2), nn::GELU(),       nn::MaxPool2d(2),
                        nn::Flatten(),       nn::Linear(8, 3),   nn::LayerNorm(3), nn::Softmax(1)};
    nn::Sequential narrow{nn::Conv2d(1, 2, 3), nn::BatchNorm2d(2), nn::GELU(),       nn::MaxPool2d(2),
                          nn::Flatten(),       nn::Linear(8, 3),   nn::LayerNorm(3), nn::Softmax(1)};
    narrow.to(half);
    narrow.load_state_dict(wide.state_dict());
    const Tensor x = randn({4, 1, 6, 6}), y = narrow(x.to(half));
    CHECK(y.dtype() == half);
    CHECK(allclose(y.to(kFloat32), wide(x), 0.05, 0.05));
    nn::MSELoss()(y, zeros({4, 3}, half)).backward();
    nn::MSELoss()(wide(x), zeros({4, 3})).backward();
    const auto theirs = wide.parameters();
    auto their = theirs.begin();
    for (const Tensor& p : narrow.parameters()) {
      CHECK(p.grad().dtype() == half);
      CHECK(allclose(p.grad().to(kFloat32), (their++)->grad(), 0.1, 0.05));
    }
  }
}

TEST_CASE("layers: an encoder's layers are clones of the one it is given, which stays as it is") {
  nn::TransformerEncoderLayer layer(4, 2, {.dim_feedforward = 8, .activation = "gelu"});
  layer.to(kFloat64);
  layer.linear1.eval();
  layer.linear2.weight.requires_grad_(false);
  const Tensor before = default_generator().state();
  nn::TransformerEncoder encoder(layer, 2, nn::LayerNorm(4, {.dtype = kFloat64}));
  CHECK(equal(default_generator().state(), before));
  for (nn::TransformerEncoderLayer& one : encoder.layers) {
    CHECK(equal(one.linear1.weight.detach(), layer.linear1.weight.detach()));
    CHECK(!one.linear1.weight.shares_storage(layer.linear1.weight));
    CHECK(one.linear1.weight.dtype() == kFloat64);
    CHECK(!one.linear1.is_training());
    CHECK(one.linear2.is_training());
    CHECK(!one.linear2.weight.requires_grad());
    CHECK(one.linear1.weight.requires_grad());
  }
  CHECK(encoder(randn({3, 1, 4}, kFloat64)).dtype() == kFloat64);
  CHECK(encoder.state_dict().contains("norm.weight"));
  nn::TransformerEncoderLayerOptions options;
  options.activation = nn::SiLU();
  options.activation = nn::Activation::gelu;
  CHECK(nn::TransformerEncoderLayer(4, 2, options).named_children().size() == 8);
  CHECK_THROWS_WITH_AS(nn::TransformerEncoderLayer(4, 2, {.activation = "tanh"}), doctest::Contains("not 'tanh'"),
                       const Error&);
  const nn::TransformerEncoderLayer learned(4, 2, {.activation = nn::Sequential{nn::Linear(2048, 2048)}});
  CHECK(learned.state_dict().contains("activation.0.weight"));
  const nn::TransformerEncoder two(learned, 2);  // each with an activation of its own
  CHECK(!two.get_parameter("layers.0.activation.0.weight").is(two.get_parameter("layers.1.activation.0.weight")));
}

TEST_CASE("layers: a batch norm's old state dict, from before the counter, loads; a newer one must have it") {
  nn::Sequential net{nn::Linear(2, 3), nn::BatchNorm1d(3)};
  net(randn({4, 2}));
  StateDict state = net.state_dict();
  state.erase("1.num_batches_tracked");
  CHECK_THROWS_AS(net.load_state_dict(state), Error);
  state.metadata = Value();
  CHECK(net.load_state_dict(state).ok());
  state.metadata = Value::ordered_dict({{"", Value::dict({{"version", 1}})}, {"1", Value::dict({{"version", 1}})}});
  CHECK(net.load_state_dict(state).ok());
  CHECK(net.state_dict()["1.num_batches_tracked"].item<std::int64_t>() == 1);
  state.erase("1.running_mean");
  CHECK_THROWS_AS(net.load_state_dict(state), Error);
}

TEST_CASE("layers: a batch norm without momentum keeps the mean of all batches") {
  nn::BatchNorm1d norm(1, {.momentum = std::nullopt});
  for (double m : {1., 5., 12.}) norm(tensor({{m - 1}, {m + 1}}));
  CHECK(norm.running_mean.item() == doctest::Approx(6));
  CHECK(norm.running_var.item() == doctest::Approx(2));
}

TEST_CASE("layers: batch norm changes nothing when it refuses, and nothing after eval()") {
  nn::BatchNorm1d norm(3);
  const auto counted = [&] { return norm.num_batches_tracked.item<std::int64_t>(); };
  for (const Tensor& x : {randn({1, 3}), randn({2, 4}), randn({2}), randn({2, 3, 4, 5})}) {
    CHECK_THROWS_AS(norm(x), ShapeError);
    CHECK(counted() == 0);
    CHECK(equal(norm.running_mean, zeros({3})));
  }
  norm.eval();
  norm(randn({1, 3}));
  CHECK(counted() == 0);
  norm.train();
  norm(randn({5, 3}));
  CHECK(counted() == 1);
  norm.reset_running_stats();
  CHECK(counted() == 0);
  CHECK(equal(norm.running_var, ones({3})));
  CHECK_THROWS_AS(nn::BatchNorm2d(3)(randn({2, 3})), ShapeError);
}

TEST_CASE("layers: dropout drops while training alone, and p = 0 and 1 are exact") {
  nn::Dropout half(0.5);
  const Tensor x = ones({1000});
  const double kept = sum(half(x)).item();
  CHECK(kept > 800);
  CHECK(kept < 1200);
  half.eval();
  CHECK(equal(half(x), x));
  CHECK(equal(nn::Dropout(0)(x), x));
  CHECK(equal(nn::Dropout(1)(x), zeros({1000})));
  CHECK_THROWS_AS(nn::Dropout(1.5), Error);
  CHECK_THROWS_AS(nn::Dropout(NAN), Error);
}

TEST_CASE("layers: an embedding's padding stays 0 and gets no gradient; pretrained rows are frozen") {
  nn::Embedding words(5, 3, {.padding_idx = -2});
  CHECK(equal(words.weight[3].detach(), zeros({3})));
  sum(words(tensor({3, 1, 3, 1}))).backward();
  CHECK(equal(words.weight.grad()[3], zeros({3})));
  CHECK(equal(words.weight.grad()[1], full({3}, 2.0)));
  CHECK_THROWS_AS(words(tensor({5})), ShapeError);
  CHECK_THROWS_AS(words(tensor({0.5})), TypeError);
  CHECK_THROWS_AS(nn::Embedding(5, 3, {.padding_idx = 5}), ShapeError);
  CHECK_THROWS_AS(nn::Embedding(5, 3, {.padding_idx = -6}), ShapeError);
  CHECK(equal(nn::Embedding(5, 3, {.padding_idx = -5}).weight[0].detach(), zeros({3})));
  const Tensor rows = randn({4, 2});
  CHECK_THROWS_AS(nn::Embedding::from_pretrained(rows, true, 4),
                  ShapeError);  // draws nothing, so only the check sees it
  nn::Embedding given = nn::Embedding::from_pretrained(rows);
  CHECK(equal(given(tensor({2}))[0], rows[2]));
  CHECK(!given.weight.requires_grad());
  CHECK(nn::Embedding::from_pretrained(rows, false).weight.requires_grad());
  CHECK_THROWS_AS(nn::Embedding::from_pretrained(randn({4})), ShapeError);
}

TEST_CASE("layers: what cannot be made is refused, and the words name the layer") {
  const auto says = [](auto&& make, const char* word) {
    try {
      make();
    } catch (const Error& e) { return std::string(e.what()).find(word) != std::string::npos; }
    return false;
  };
  CHECK(says([] { nn::Linear(-1, 2); }, "Linear"));
  CHECK(says([] { nn::Bilinear(0, 2, 3); }, "Bilinear"));
  CHECK(says([] { nn::Conv2d(3, 4, 3, {.groups = 2}); }, "2 groups must divide"));
  CHECK(says([] { nn::Conv2d(3, 4, 0); }, "kernel"));
  CHECK(says([] { nn::Conv2d(0, 4, 1); }, "Conv2d"));
  CHECK(says([] { nn::GELU("erf"); }, "tanh"));
  CHECK(says([] { nn::LayerNorm(Shape{}); }, "LayerNorm"));
  CHECK(says([] { nn::BatchNorm1d(-1); }, "BatchNorm1d"));
  CHECK(says([] { nn::Embedding(-1, 2); }, "Embedding"));
  CHECK(says([] { nn::Linear(1, 2, {.dtype = kInt64}); }, "float32"));
  CHECK(says([] { nn::Bilinear(3, 2, 1)(ones({4, 3}), ones({5, 2})); }, "bilinear"));
}

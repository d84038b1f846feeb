// Networks of the fixtures (nets/NAME.inference.json): built of our layers, filled from torch's own files, their
// outputs are torch's.
#include <array_json.h>
#include <doctest/doctest.h>
#include <harker/harker.h>
#include <test_tensor.h>

#include <functional>
#include <map>

using namespace harker;
using namespace harker::test;

namespace {

/// The source is in the fixtures' README.
struct ConvNet : nn::Module {
  nn::Conv2d conv1 = register_module("conv1", nn::Conv2d(3, 8, 3, {.padding = 1, .bias = false}));
  nn::BatchNorm2d bn1 = register_module("bn1", nn::BatchNorm2d(8));
  nn::Conv2d conv2 = register_module("conv2", nn::Conv2d(8, 16, 3, {.stride = 2, .groups = 2}));
  nn::Sequential head = register_module(
      "head", nn::Sequential{nn::Flatten(), nn::Linear(16 * 3 * 3, 12), nn::LeakyReLU(0.1), nn::Linear(12, 5)});
  Tensor forward(const Tensor& x) {
    const Tensor h = nn::functional::max_pool2d(relu(bn1(conv1(x))), 2);
    return head(relu(conv2(h)));
  }
};

/// Does the output equal torch's, in float32 and in float64? Do names, order and versions?
template <class M>
void check(M model, const nlohmann::json& j, const std::filesystem::path& folder) {
  const StateDict file = load(folder / j.at("model").get<std::string>());
  const StateDict mine = model.state_dict();
  REQUIRE(mine.size() == file.size());
  auto theirs = file.begin();
  for (const auto& [name, t] : mine) CHECK(name == (theirs++)->first);
  CHECK(mine.metadata.equals(file.metadata));
  CHECK(model.load_state_dict(file).ok());
  model.eval();
  NoGradGuard no_grad;
  const Tensor x = tensor_from(j.at("x"));
  CHECK(max_relative(model.forward(x), tensor_from(j.at("output")), 1) < 1e-5);
  model.to(kFloat64);
  CHECK(max_relative(model.forward(x.to(kFloat64)), tensor_from(j.at("output_f64")), 1) < 1e-12);
}

using Check = std::function<void(const nlohmann::json&, const std::filesystem::path&)>;
const std::map<std::string, Check> kNets = {
    {"convnet", [](const auto& j, const auto& folder) { check(ConvNet(), j, folder); }},
    {"mlp_batchnorm",
     [](const auto& j, const auto& folder) {
       check(nn::Sequential{nn::Linear(5, 6), nn::BatchNorm1d(6), nn::ReLU(), nn::Linear(6, 2), nn::LayerNorm(2)}, j,
             folder);
     }},
    {"transformer_encoder_layer",
     [](const auto& j, const auto& folder) {
       check(nn::TransformerEncoderLayer(
                 32, 4, {.dim_feedforward = 64, .activation = nn::Activation::gelu, .batch_first = true}),
             j, folder);
     }},
};

}  // namespace

TEST_CASE("nets: torch's files give torch's outputs") {
  const auto folder = fixtures() / "nets";
  if (!std::filesystem::exists(folder)) {
    MESSAGE("skipped: no ", folder.string());
    return;
  }
  int ran = 0;
  const std::string suffix = ".inference.json";
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string file = entry.path().filename().string();
    if (!file.ends_with(suffix)) continue;
    const std::string name = file.substr(0, file.size() - suffix.size());
    CAPTURE(name);
    const auto net = kNets.find(name);
    if (net == kNets.end()) {
      MESSAGE("skipped: ", name, ", which no row of kNets builds");
      CHECK(!own_fixtures());
      continue;
    }
    net->second(read_json(entry.path()), folder);
    ++ran;
  }
  MESSAGE(ran, " nets ran");
  CHECK(ran > 0);
}

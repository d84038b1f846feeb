// The training scenarios of fixtures/train, as far as harker has their loss and optimizer.
#pragma once
#include <array_json.h>
#include <harker/nn/nn.h>
#include <harker/optim/optim.h>

#include <memory>
#include <optional>

namespace harker::test {

inline nlohmann::ordered_json read_ordered(const std::filesystem::path& path) {
  std::ifstream in(path);
  return nlohmann::ordered_json::parse(in);
}

struct DraculaModel : nn::Module {
  nn::Linear fc1 = register_module("fc1", nn::Linear(10, 20));
  nn::ReLU relu = register_module("relu", nn::ReLU());
  nn::Linear fc2 = register_module("fc2", nn::Linear(20, 1));
  Tensor forward(const Tensor& x) { return fc2(relu(fc1(x))); }
};

/// The optimizer of a scenario with all of torch's settings; null when harker does not have it.
inline std::unique_ptr<optim::Optimizer> make_optimizer(const nlohmann::ordered_json& j,
                                                        const std::vector<Tensor>& params) {
  const auto& o = j.at("effective");
  if (j.at("name") != "Adam" && j.at("name") != "AdamW") return nullptr;
  return std::make_unique<optim::Adam>(params,
                                       optim::AdamOptions{.lr = o.at("lr"),
                                                          .betas = o.at("betas").get<std::array<double, 2>>(),
                                                          .eps = o.at("eps"),
                                                          .weight_decay = o.at("weight_decay"),
                                                          .amsgrad = o.at("amsgrad"),
                                                          .maximize = o.at("maximize"),
                                                          .decoupled_weight_decay = o.at("decoupled_weight_decay")});
}

/// Why a scenario cannot be run yet, or nothing.
inline std::optional<std::string> unsupported(const nlohmann::ordered_json& s) {
  const std::string loss = s.at("loss").at("name"), optimizer = s.at("optimizer").at("name");
  if (loss != "MSELoss") return "loss " + loss;
  if (optimizer != "Adam" && optimizer != "AdamW") return "optimizer " + optimizer;
  for (const char* key : {"scheduler", "clip_grad_norm"}) {
    if (s.contains(key) && !s.at(key).is_null()) return std::string(key);
  }
  return {};
}

/// One epoch as the fixtures define it: full batch, or slices without shuffling, whose loss is weighted by their rows.
/// after_backward and after_step are called with the number of the step within the epoch.
template <class Before, class After>
double train_epoch(DraculaModel& model, optim::Optimizer& optimizer, const Tensor& x, const Tensor& y,
                   std::int64_t batch, const Before& after_backward, const After& after_step) {
  const std::int64_t rows = x.size(0);
  double total = 0;
  for (std::int64_t at = 0, step = 0; at < rows; at += batch, ++step) {
    const std::int64_t n = std::min(batch, rows - at);
    optimizer.zero_grad();
    const Tensor loss = nn::functional::mse_loss(model.forward(x.narrow(0, at, n)), y.narrow(0, at, n));
    total += loss.item() * static_cast<double>(n);
    loss.backward();
    after_backward(step);
    optimizer.step();
    after_step(step);
  }
  return total / static_cast<double>(rows);
}
inline double train_epoch(DraculaModel& model, optim::Optimizer& optimizer, const Tensor& x, const Tensor& y,
                          std::int64_t batch) {
  const auto nothing = [](std::int64_t) {};
  return train_epoch(model, optimizer, x, y, batch, nothing, nothing);
}

}  // namespace harker::test

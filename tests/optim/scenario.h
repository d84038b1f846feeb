// The training scenarios of fixtures/train, as far as harker has their loss and optimizer.
#pragma once
#include <array_json.h>
#include <harker/nn/nn.h>
#include <harker/optim/optim.h>

#include <functional>
#include <memory>
#include <optional>

namespace harker::test {

struct DraculaModel : nn::Module {
  nn::Linear fc1 = register_module("fc1", nn::Linear(10, 20));
  nn::ReLU relu = register_module("relu", nn::ReLU());
  nn::Linear fc2;
  explicit DraculaModel(int outputs = 1) : fc2(register_module("fc2", nn::Linear(20, outputs))) {}
  Tensor forward(const Tensor& x) { return fc2(relu(fc1(x))); }
};

/// One group of these options for each list of parameters.
template <class O, class Options>
std::unique_ptr<optim::Optimizer> with_groups(const std::vector<std::vector<Tensor>>& groups, const Options& o) {
  std::vector<optim::ParamGroup<Options>> list;
  for (const auto& params : groups) list.push_back({params, o});
  return std::make_unique<O>(std::move(list));
}

/// The optimizer of a scenario with all of torch's settings; null when harker does not have it.
inline std::unique_ptr<optim::Optimizer> make_optimizer(const nlohmann::ordered_json& j,
                                                        const std::vector<Tensor>& params) {
  const auto& o = j.at("effective");
  const std::string name = j.at("name");
  if (name == "Adam" || name == "AdamW")
    return with_groups<optim::Adam>({params},
                                    optim::AdamOptions{.lr = o.at("lr"),
                                                       .betas = o.at("betas").get<std::array<double, 2>>(),
                                                       .eps = o.at("eps"),
                                                       .weight_decay = o.at("weight_decay"),
                                                       .amsgrad = o.at("amsgrad"),
                                                       .maximize = o.at("maximize"),
                                                       .decoupled_weight_decay = o.at("decoupled_weight_decay")});
  if (name == "SGD")
    return with_groups<optim::SGD>({params}, optim::SGDOptions{.lr = o.at("lr"),
                                                               .momentum = o.at("momentum"),
                                                               .dampening = o.at("dampening"),
                                                               .weight_decay = o.at("weight_decay"),
                                                               .nesterov = o.at("nesterov"),
                                                               .maximize = o.at("maximize")});
  if (name == "RMSprop")
    return with_groups<optim::RMSprop>({params}, optim::RMSpropOptions{.lr = o.at("lr"),
                                                                       .alpha = o.at("alpha"),
                                                                       .eps = o.at("eps"),
                                                                       .weight_decay = o.at("weight_decay"),
                                                                       .momentum = o.at("momentum"),
                                                                       .centered = o.at("centered"),
                                                                       .maximize = o.at("maximize")});
  if (name == "Adagrad")
    return with_groups<optim::Adagrad>(
        {params}, optim::AdagradOptions{.lr = o.at("lr"),
                                        .lr_decay = o.at("lr_decay"),
                                        .weight_decay = o.at("weight_decay"),
                                        .initial_accumulator_value = o.at("initial_accumulator_value"),
                                        .eps = o.at("eps"),
                                        .maximize = o.at("maximize")});
  return nullptr;
}

/// The scheduler of a scenario; null when it has none.
inline std::unique_ptr<optim::LRScheduler> make_scheduler(const nlohmann::ordered_json& s, optim::Optimizer& o) {
  if (!s.contains("scheduler") || s.at("scheduler").is_null()) return nullptr;
  const auto &args = s.at("scheduler").at("args"), &name = s.at("scheduler").at("name");
  if (name == "StepLR")
    return std::make_unique<optim::StepLR>(
        o, optim::StepLROptions{.step_size = args.at("step_size"), .gamma = args.at("gamma")});
  if (name == "CosineAnnealingLR")
    return std::make_unique<optim::CosineAnnealingLR>(
        o, optim::CosineAnnealingLROptions{.T_max = args.at("T_max"), .eta_min = args.at("eta_min")});
  throw Error("a scenario has a scheduler that make_scheduler does not know");
}

/// loss(prediction, target) of a scenario; none when harker does not have it.
using Loss = std::function<Tensor(const Tensor&, const Tensor&)>;
inline Loss make_loss(const nlohmann::ordered_json& s, DType dtype) {
  const auto& args = s.at("loss").at("args");
  const std::string name = s.at("loss").at("name");
  const auto weights = [&](const char* key) {
    if (!args.contains(key) || args.at(key).is_null()) return Tensor();
    const auto values = args.at(key).get<std::vector<double>>();
    return from_vector(values, {static_cast<std::int64_t>(values.size())}).to(dtype);
  };
  if (name == "MSELoss") return [](const Tensor& p, const Tensor& y) { return nn::functional::mse_loss(p, y); };
  if (name == "BCEWithLogitsLoss") {
    return [w = weights("pos_weight")](const Tensor& p, const Tensor& y) {
      return nn::functional::binary_cross_entropy_with_logits(p, y, {.pos_weight = w});
    };
  }
  if (name == "CrossEntropyLoss") {
    return [w = weights("weight"), smoothing = args.value("label_smoothing", 0.0)](const Tensor& p, const Tensor& y) {
      return nn::functional::cross_entropy(p, y, {.weight = w, .label_smoothing = smoothing});
    };
  }
  return {};
}

/// Why a scenario cannot be run yet, or nothing.
inline std::optional<std::string> unsupported(const nlohmann::ordered_json& s) {
  if (!make_loss(s, kFloat64)) return "loss " + s.at("loss").at("name").get<std::string>();
  return {};
}

/// One epoch as the fixtures define it: full batch, or slices without shuffling, whose loss is weighted by their rows.
/// after_backward and after_step are called with the number of the step within the epoch; clipping goes into the first.
template <class Before, class After>
double train_epoch(DraculaModel& model, optim::Optimizer& optimizer, const Loss& loss_of, const Tensor& x,
                   const Tensor& y, std::int64_t batch, const Before& after_backward, const After& after_step) {
  const std::int64_t rows = x.size(0);
  double total = 0;
  for (std::int64_t at = 0, step = 0; at < rows; at += batch, ++step) {
    const std::int64_t n = std::min(batch, rows - at);
    optimizer.zero_grad();
    const Tensor loss = loss_of(model.forward(x.narrow(0, at, n)), y.narrow(0, at, n));
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
  return train_epoch(
      model, optimizer, [](const Tensor& p, const Tensor& t) { return nn::functional::mse_loss(p, t); }, x, y, batch,
      nothing, nothing);
}

}  // namespace harker::test

// Training as fixtures describe it (tests/fixtures/README.md, "train/"): models by the names and shapes of their
// weights, optimizers, losses and clipping by torch's names and options. What cannot be expressed throws Unsupported.
// Schedulers: schedule.h.
#pragma once
#include <array_json.h>
#include <harker/nn/nn.h>
#include <optim/schedule.h>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <type_traits>

namespace harker::test {

/// Linear layers with ReLU between, as a state dict has them: `fc1.weight`, `fc1.bias`, `fc2.weight`, or
/// `net.0.weight`, `net.2.weight`: any names, depth and widths, with biases or without.
class Chain : public nn::Module {
 public:
  explicit Chain(const StateDict& state) {
    std::int64_t width = -1;
    const auto refuse = [](const std::string& name) { throw Unsupported{"a model with " + name}; };
    for (auto at = state.begin(); at != state.end(); ++at) {
      const auto& [name, weight] = *at;
      const std::string layer = name.substr(0, name.rfind('.') == std::string::npos ? 0 : name.rfind('.'));
      if (layer.empty() || name != layer + ".weight" || weight.shape().rank() != 2) refuse(name);
      if (width != -1 && weight.size(1) != width) refuse(name);
      width = weight.size(0);
      const auto next = std::next(at);
      const bool bias = next != state.end() && next->first == layer + ".bias";
      if (bias && !(next->second.shape() == Shape{width})) refuse(next->first);
      layers_.emplace_back(weight.size(1), width, nn::LinearOptions{.bias = bias});
      add(layer, layers_.back());
      if (bias) ++at;
    }
    if (layers_.empty()) refuse("no layers");
  }
  Tensor forward(const Tensor& x) {
    Tensor h = layers_[0](x);
    for (std::size_t i = 1; i < layers_.size(); ++i) h = layers_[i](nn::functional::relu(h));
    return h;
  }

 private:
  struct Branch : nn::Module {
    using nn::Module::register_module;
  };
  /// `net.0` goes into the branch `net`, which is made when it is first named.
  void add(const std::string& path, const nn::Linear& layer) {
    const auto dot = path.rfind('.');
    if (dot == std::string::npos)
      register_module(path, layer);
    else
      branch(path.substr(0, dot)).register_module(path.substr(dot + 1), layer);
  }
  Branch& branch(const std::string& path) {
    const auto [at, fresh] = branches_.try_emplace(path);
    if (!fresh) return at->second;
    const auto dot = path.rfind('.');
    if (dot == std::string::npos)
      register_module(path, at->second);
    else
      branch(path.substr(0, dot)).register_module(path.substr(dot + 1), at->second);
    return at->second;
  }
  std::vector<nn::Linear> layers_;
  std::map<std::string, Branch> branches_;
};

/// A model of these weights and their dtype.
inline Chain make_model(const StateDict& weights, DType dtype) {
  Chain model(weights);
  model.to(dtype);
  model.load_state_dict(weights);
  const auto names = model.named_parameters();
  for (std::size_t i = 0; i < names.size(); ++i)
    if (names[i].first != (weights.begin() + static_cast<std::ptrdiff_t>(i))->first)
      throw Unsupported{"a model whose weights are in another order than its layers"};
  return model;
}

/// One group of these options for each list of parameters.
template <class O, class Options>
std::unique_ptr<optim::Optimizer> with_groups(const std::vector<std::vector<Tensor>>& groups, const Options& o) {
  std::vector<optim::ParamGroup<Options>> list;
  for (const auto& params : groups) list.push_back({params, o});
  return std::make_unique<O>(std::move(list));
}

/// {"name": "SGD", "args": what was given, "effective": all of torch's settings}.
inline std::unique_ptr<optim::Optimizer> make_optimizer(const Json& j, const std::vector<std::vector<Tensor>>& groups) {
  const std::string name = j.at("name");
  Args o(j.contains("effective") ? j.at("effective") : j.at("args"), "optimizer " + name);
  o.ignore({"foreach", "capturable", "differentiable", "fused"});                           // change no result
  o.ignore({"initial_lr", "max_lr", "min_lr", "max_momentum", "base_momentum", "params"});  // a scheduler's
  const auto common = [&](auto& p) {
    o.take("lr", p.lr);
    o.take("initial_lr", p.lr);  // a scheduler may have set lr by then
    o.take("weight_decay", p.weight_decay).take("maximize", p.maximize);
  };
  if (name == "Adam" || name == "AdamW") {
    optim::AdamOptions p;
    p.decoupled_weight_decay = name == "AdamW";
    if (name == "AdamW") p.weight_decay = optim::AdamWOptions().weight_decay;
    common(p);
    o.take("betas", p.betas).take("eps", p.eps).take("amsgrad", p.amsgrad);
    o.take("decoupled_weight_decay", p.decoupled_weight_decay).done();
    return with_groups<optim::Adam>(groups, p);
  }
  if (name == "SGD") {
    optim::SGDOptions p;
    common(p);
    o.take("momentum", p.momentum).take("dampening", p.dampening).take("nesterov", p.nesterov).done();
    return with_groups<optim::SGD>(groups, p);
  }
  if (name == "RMSprop") {
    optim::RMSpropOptions p;
    common(p);
    o.take("alpha", p.alpha).take("eps", p.eps).take("momentum", p.momentum).take("centered", p.centered).done();
    return with_groups<optim::RMSprop>(groups, p);
  }
  if (name == "Adagrad") {
    optim::AdagradOptions p;
    common(p);
    o.take("lr_decay", p.lr_decay).take("eps", p.eps);
    o.take("initial_accumulator_value", p.initial_accumulator_value).done();
    return with_groups<optim::Adagrad>(groups, p);
  }
  throw Unsupported{"optimizer " + name};
}

using Loss = std::function<Tensor(const Tensor&, const Tensor&)>;

/// "MSELoss", or {"name": "MSELoss", "args": {...}}: loss(prediction, target).
inline Loss make_loss(const Json& j, DType dtype) {
  static const Json kNone = Json::object();
  const std::string name = j.is_string() ? j : j.at("name");
  Args a(j.is_object() && j.contains("args") ? j.at("args") : kNone, name);
  const auto weights = [&](const char* key) {
    std::vector<double> values;
    a.take(key, values);
    return values.empty() ? Tensor() : from_vector(values, {static_cast<std::int64_t>(values.size())}).to(dtype);
  };
  const auto finish = [&]<class L>(std::type_identity<L>, auto options) -> Loss {
    std::string reduction = "mean";
    a.take("reduction", reduction).done();
    if (reduction != "mean" && reduction != "sum" && reduction != "batchmean")
      throw Unsupported{name + " with reduction " + reduction};
    options.reduction = reduction == "mean"  ? Reduction::mean
                        : reduction == "sum" ? Reduction::sum
                                             : Reduction::batch_mean;
    return [loss = L(options)](const Tensor& p, const Tensor& y) { return loss(p, y); };
  };
  if (name == "MSELoss") return finish(std::type_identity<nn::MSELoss>(), LossOptions());
  if (name == "L1Loss") return finish(std::type_identity<nn::L1Loss>(), LossOptions());
  if (name == "SmoothL1Loss") {
    SmoothL1Options o;
    a.take("beta", o.beta);
    return finish(std::type_identity<nn::SmoothL1Loss>(), o);
  }
  if (name == "HuberLoss") {
    HuberOptions o;
    a.take("delta", o.delta);
    return finish(std::type_identity<nn::HuberLoss>(), o);
  }
  if (name == "BCELoss") {
    BinaryCrossEntropyOptions o;
    o.weight = weights("weight");
    return finish(std::type_identity<nn::BCELoss>(), o);
  }
  if (name == "BCEWithLogitsLoss") {
    BinaryCrossEntropyWithLogitsOptions o;
    o.weight = weights("weight");
    o.pos_weight = weights("pos_weight");
    return finish(std::type_identity<nn::BCEWithLogitsLoss>(), o);
  }
  if (name == "KLDivLoss") {
    KlDivOptions o;
    a.take("log_target", o.log_target);
    return finish(std::type_identity<nn::KLDivLoss>(), o);
  }
  if (name == "NLLLoss") {
    NllLossOptions o;
    o.weight = weights("weight");
    a.take("ignore_index", o.ignore_index);
    return finish(std::type_identity<nn::NLLLoss>(), o);
  }
  if (name == "CrossEntropyLoss") {
    CrossEntropyOptions o;
    o.weight = weights("weight");
    a.take("ignore_index", o.ignore_index).take("label_smoothing", o.label_smoothing);
    return finish(std::type_identity<nn::CrossEntropyLoss>(), o);
  }
  throw Unsupported{"loss " + name};
}

/// Clipping as `clip_grad_norm` (a number, or max_norm and norm_type) and `clip_grad_value` say.
inline std::function<void(const std::vector<Tensor>&)> make_clipping(const Json& s) {
  const auto given = [&](const char* key) { return s.contains(key) && !s.at(key).is_null() ? &s.at(key) : nullptr; };
  double norm = INFINITY, type = 2, value = INFINITY;
  if (const Json* n = given("clip_grad_norm")) {
    if (n->is_object())
      Args(*n, "clip_grad_norm").take("max_norm", norm).take("norm_type", type).done();
    else
      norm = number(*n);
  }
  if (const Json* v = given("clip_grad_value")) value = number(*v);
  return [=](const std::vector<Tensor>& p) {
    if (norm != INFINITY) nn::utils::clip_grad_norm_(p, norm, type);
    if (value != INFINITY) nn::utils::clip_grad_value_(p, value);
  };
}

/// One epoch as the fixtures define it: full batch, or slices without shuffling, whose loss is weighted by their rows.
/// after_backward and after_step are called with the number of the step within the epoch and its loss; clipping goes
/// into the first.
template <class Model, class Before, class After>
double train_epoch(Model& model, optim::Optimizer& optimizer, const Loss& loss_of, const Tensor& x, const Tensor& y,
                   std::int64_t batch, const Before& after_backward, const After& after_step) {
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
    after_step(step, loss.item());
  }
  return total / static_cast<double>(rows);
}
template <class Model>
double train_epoch(Model& model, optim::Optimizer& optimizer, const Loss& loss_of, const Tensor& x, const Tensor& y,
                   std::int64_t batch) {
  return train_epoch(
      model, optimizer, loss_of, x, y, batch, [](std::int64_t) {}, [](std::int64_t, double) {});
}

/// In a loss, a mask or class number stays what it is.
inline Tensor as(const Tensor& t, DType dtype) { return is_floating_point(t.dtype()) ? t.to(dtype) : t; }

/// All that a scenario needs, ready for its next epoch.
struct Training {
  DType dtype;
  Tensor x, y;
  Chain model;
  std::unique_ptr<optim::Optimizer> optimizer;
  Schedule schedule;
  Loss loss_of;
  std::function<void(const std::vector<Tensor>&)> clip;
  std::int64_t batch;

  Training(const Json& s, const std::filesystem::path& folder)
      : dtype(computed(s.at("dtype"))),
        model(make_model(state_dict_from(read_ordered_json(folder / s.at("init").get<std::string>())), dtype)),
        optimizer(make_optimizer(s.at("optimizer"), {model.parameters()})),
        loss_of(make_loss(s.at("loss"), dtype)),
        clip(make_clipping(s)) {
    const Json data = read_ordered_json(folder / s.at("data").get<std::string>());
    x = as(tensor_from(data.at("x")), dtype);
    y = as(tensor_from(data.at("y")), dtype);
    batch = s.at("batch_size").is_null() ? x.size(0) : s.at("batch_size").get<std::int64_t>();
    if (s.contains("scheduler") && !s.at("scheduler").is_null()) schedule = Schedule(s.at("scheduler"), *optimizer);
  }
  /// after_backward(step), when gradients are clipped, and after_step(step, loss), as train_epoch calls them.
  template <class Before, class After>
  double epoch(const Before& after_backward, const After& after_step) {
    const auto clipped = [&](std::int64_t step) {
      clip(model.parameters());
      after_backward(step);
    };
    const double loss = train_epoch(model, *optimizer, loss_of, x, y, batch, clipped, after_step);
    if (!schedule.empty()) schedule.step(loss);
    return loss;
  }
  double epoch() {
    return epoch([](std::int64_t) {}, [](std::int64_t, double) {});
  }
  Value state() const {
    return Value::dict({{"model", model.state_dict()},
                        {"optimizer", optimizer->state_dict()},
                        {"schedulers", Value::list(schedule.empty() ? std::vector<Value>() : schedule.states())}});
  }
  void load(const Value& state) {
    model.load_state_dict(state["model"]);
    if (!schedule.empty()) schedule.load(state["schedulers"].elements());
    optimizer->load_state_dict(state["optimizer"]);
  }

 private:
  static DType computed(const Json& name) {
    const auto dtype = dtype_from_name(name.get<std::string>());
    if (!dtype || !is_computed(*dtype)) throw Unsupported{"dtype " + name.get<std::string>()};
    return *dtype;
  }
};

}  // namespace harker::test

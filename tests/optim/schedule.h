// Learning rate schedulers as fixtures describe them: {"name": "StepLR", "args": {"step_size": 30}}.
#pragma once
#include <optim/args.h>
#include <optim/formula.h>

#include <memory>

namespace harker::test {

/// One scheduler, or several that are stepped one after the other.
class Schedule {
 public:
  Schedule() = default;
  /// `list`: one description, or an array of them.
  Schedule(const Json& list, optim::Optimizer& o) {
    if (list.is_array())
      for (const Json& each : list) add(each, o);
    else
      add(list, o);
  }
  bool empty() const { return chainable_.empty() && !plateau_; }
  /// After an epoch with such a loss.
  void step(double metric) {
    if (plateau_) plateau_->step(metric);
    if (sequential_) return sequential_->step();
    for (auto& s : chainable_) s->step();
  }
  std::vector<double> get_last_lr() const {
    return plateau_      ? plateau_->get_last_lr()
           : sequential_ ? sequential_->get_last_lr()
                         : chainable_.back()->get_last_lr();
  }
  /// Of each that is stepped.
  std::vector<Value> states() const {
    if (plateau_) return {plateau_->state_dict()};
    if (sequential_) return {sequential_->state_dict()};
    std::vector<Value> all;
    for (auto& s : chainable_) all.push_back(s->state_dict());
    return all;
  }
  void load(std::span<const Value> states) {
    if (plateau_) return plateau_->load_state_dict(states[0]);
    if (sequential_) return sequential_->load_state_dict(states[0]);
    for (std::size_t i = 0; i < chainable_.size(); ++i) chainable_[i]->load_state_dict(states[i]);
  }

 private:
  static const Json& args_of(const Json& s) {
    static const Json kNone = Json::object();
    return s.contains("args") && !s.at("args").is_null() ? s.at("args") : kNone;
  }

  void add(const Json& s, optim::Optimizer& o) {
    const std::string name = s.at("name");
    if (name == "SequentialLR") return add_sequential(s, o);
    if (name == "ReduceLROnPlateau") return add_plateau(Args(args_of(s), name), o);
    chainable_.push_back(make(s, o));
  }

  void add_sequential(const Json& s, optim::Optimizer& o) {
    const Json& of = s.contains("schedulers") ? s : args_of(s);
    if (!of.contains("schedulers") || !of.contains("milestones")) throw Unsupported{"SequentialLR without its parts"};
    std::vector<optim::ChainableLR*> parts;
    for (const Json& part : of.at("schedulers")) {
      chainable_.push_back(make(part, o));
      parts.push_back(chainable_.back().get());
    }
    sequential_ = std::make_unique<optim::SequentialLR>(o, parts, of.at("milestones").get<std::vector<std::int64_t>>());
  }

  void add_plateau(Args a, optim::Optimizer& o) {
    optim::ReduceLROnPlateauOptions p;
    p.mode = one_of(a, "mode", "min", "max") ? optim::PlateauMode::max : optim::PlateauMode::min;
    p.threshold_mode =
        one_of(a, "threshold_mode", "rel", "abs") ? optim::ThresholdMode::abs : optim::ThresholdMode::rel;
    a.take("factor", p.factor).take("patience", p.patience).take("threshold", p.threshold).take("cooldown", p.cooldown);
    a.take("min_lr", p.min_lr).take("eps", p.eps).done();
    plateau_ = std::make_unique<optim::ReduceLROnPlateau>(o, p);
  }

  /// Is it the second of the two words? The first is the default.
  static bool one_of(Args& a, const char* key, const std::string& first, const std::string& second) {
    std::string given = first;
    a.take(key, given);
    if (given != first && given != second) throw Unsupported{std::string(key) + " " + given};
    return given == second;
  }

  template <class S, class Options>
  static std::unique_ptr<optim::ChainableLR> made(optim::Optimizer& o, Args& a, const Options& p) {
    a.done();
    return std::make_unique<S>(o, p);
  }

  static std::unique_ptr<optim::ChainableLR> make(const Json& s, optim::Optimizer& o) {
    const std::string name = s.at("name");
    Args a(args_of(s), name);
    if (name == "StepLR") {
      optim::StepLROptions p;
      a.take("step_size", p.step_size).take("gamma", p.gamma);
      return made<optim::StepLR>(o, a, p);
    }
    if (name == "MultiStepLR") {
      optim::MultiStepLROptions p;
      a.take("milestones", p.milestones).take("gamma", p.gamma);
      return made<optim::MultiStepLR>(o, a, p);
    }
    if (name == "ConstantLR") {
      optim::ConstantLROptions p;
      a.take("factor", p.factor).take("total_iters", p.total_iters);
      return made<optim::ConstantLR>(o, a, p);
    }
    if (name == "LinearLR") {
      optim::LinearLROptions p;
      a.take("start_factor", p.start_factor).take("end_factor", p.end_factor).take("total_iters", p.total_iters);
      return made<optim::LinearLR>(o, a, p);
    }
    if (name == "ExponentialLR") {
      optim::ExponentialLROptions p;
      a.take("gamma", p.gamma);
      return made<optim::ExponentialLR>(o, a, p);
    }
    if (name == "CosineAnnealingLR") {
      optim::CosineAnnealingLROptions p;
      a.take("T_max", p.T_max).take("eta_min", p.eta_min);
      return made<optim::CosineAnnealingLR>(o, a, p);
    }
    if (name == "OneCycleLR") {
      optim::OneCycleLROptions p;
      a.take("max_lr", p.max_lr).take("total_steps", p.total_steps).take("epochs", p.epochs);
      a.take("steps_per_epoch", p.steps_per_epoch).take("pct_start", p.pct_start);
      p.anneal_strategy = one_of(a, "anneal_strategy", "cos", "linear") ? optim::Anneal::linear : optim::Anneal::cos;
      a.take("cycle_momentum", p.cycle_momentum).take("base_momentum", p.base_momentum);
      a.take("max_momentum", p.max_momentum).take("div_factor", p.div_factor);
      a.take("final_div_factor", p.final_div_factor).take("three_phase", p.three_phase);
      return made<optim::OneCycleLR>(o, a, p);
    }
    if (name != "LambdaLR") throw Unsupported{"scheduler " + name};
    const Json* f = a.find("lr_lambda");
    if (!f) throw Unsupported{"LambdaLR without its function"};
    a.done();
    std::vector<optim::LRLambda> list;
    if (f->is_array())
      for (const Json& each : *f) list.emplace_back(Formula(each.get<std::string>()));
    else
      list.assign(o.num_groups(), optim::LRLambda(Formula(f->get<std::string>())));
    return std::make_unique<optim::LambdaLR>(o, std::move(list));
  }

  std::vector<std::unique_ptr<optim::ChainableLR>> chainable_;
  std::unique_ptr<optim::SequentialLR> sequential_;
  std::unique_ptr<optim::ReduceLROnPlateau> plateau_;
};

}  // namespace harker::test

// OneCycleLR, in torch's order of operations. Compiled with -ffp-contract=off.
#include <harker/optim/one_cycle_lr.h>

#include <cmath>

#include <harker/core/base/text.h>

namespace harker HARKER_PUBLIC {
namespace optim {

using detail::str;
using detail::throw_error;

namespace {

constexpr double kPi = 3.14159265358979323846;

/// The checked options as the state dict has them.
OneCycle cycle_of(const Optimizer& optimizer, const OneCycleLROptions& o) {
  const std::size_t groups = optimizer.num_groups();
  OneCycle c;
  c.total_steps = o.total_steps;
  if (o.total_steps == 0) {
    if (o.epochs < 1 || o.steps_per_epoch < 1 || o.epochs > INT64_MAX / o.steps_per_epoch)
      throw_error<Error>("OneCycleLR: needs total_steps, or epochs and steps_per_epoch, all at least 1");
    c.total_steps = o.epochs * o.steps_per_epoch;
  }
  if (!(o.pct_start >= 0 && o.pct_start <= 1))
    throw_error<Error>("OneCycleLR: pct_start must lie in [0, 1], not ", o.pct_start);
  for (double v : o.max_lr.list("OneCycleLR", "max_lr", groups)) {
    if (!(v >= 0)) throw_error<Error>("OneCycleLR: max_lr must be >= 0, not ", v);
  }
  if (!(o.div_factor > 0) || !(o.final_div_factor > 0))
    throw_error<Error>("OneCycleLR: div_factor and final_div_factor must be above 0");
  if (o.cycle_momentum) {
    if (!optimizer.momentum())
      throw_error<Error>("OneCycleLR: this optimizer has no momentum or betas to cycle; set .cycle_momentum = false");
    for (const auto& [name, list] : {std::pair("base_momentum", &o.base_momentum), {"max_momentum", &o.max_momentum}}) {
      for (double v : list->list("OneCycleLR", name, groups)) {
        if (!(v >= 0 && v < 1)) throw_error<Error>("OneCycleLR: ", name, " must lie in [0, 1), not ", v);
      }
    }
  }
  const double steps = static_cast<double>(c.total_steps), rise = o.pct_start * steps;
  c.phases = {{rise - 1, "initial_lr", "max_lr", "max_momentum", "base_momentum"}};
  if (o.three_phase) {
    c.phases.push_back({2 * o.pct_start * steps - 2, "max_lr", "initial_lr", "base_momentum", "max_momentum"});
    c.phases.push_back({steps - 1, "initial_lr", "min_lr", "max_momentum", "max_momentum"});
  } else {
    c.phases.push_back({steps - 1, "max_lr", "min_lr", "base_momentum", "max_momentum"});
  }
  if (c.phases[0].end_step == 0)
    throw_error<Error>("OneCycleLR: pct_start ", o.pct_start, " of ", c.total_steps,
                       " steps leaves no step for the rise; choose a larger pct_start");
  c.anneal = o.anneal_strategy;
  c.cycle_momentum = o.cycle_momentum;
  c.use_beta1 = o.cycle_momentum && optimizer.momentum_is_beta1();
  return c;
}

}  // namespace

OneCycleLR::OneCycleLR(Optimizer& optimizer, const OneCycleLROptions& o)
    : SchedulerWith(optimizer, cycle_of(optimizer, o), o.last_epoch) {
  if (o.last_epoch == -1) {
    const std::size_t groups = optimizer.num_groups();
    const auto max_lrs = o.max_lr.list("OneCycleLR", "max_lr", groups);
    for (std::size_t g = 0; g < groups; ++g) {
      const double initial = max_lrs[g] / o.div_factor;
      optimizer.set_extra(g, "initial_lr", initial);
      optimizer.set_extra(g, "max_lr", max_lrs[g]);
      optimizer.set_extra(g, "min_lr", initial / o.final_div_factor);
    }
    if (o.cycle_momentum) {
      const auto low = o.base_momentum.list("OneCycleLR", "base_momentum", groups),
                 high = o.max_momentum.list("OneCycleLR", "max_momentum", groups);
      for (std::size_t g = 0; g < groups; ++g) {
        optimizer.set_momentum(g, high[g]);
        optimizer.set_extra(g, "max_momentum", high[g]);
        optimizer.set_extra(g, "base_momentum", low[g]);
      }
    }
  }
  start();
}

void OneCycleLR::describe(OneCycle& o, OptionIO& io) {
  io.integer("total_steps", o.total_steps);
  const auto phase = [](OneCycle::Phase& p, OptionIO& of) {
    of.number("end_step", p.end_step);
    of.text("start_lr", p.start_lr);
    of.text("end_lr", p.end_lr);
    of.text("start_momentum", p.start_momentum);
    of.text("end_momentum", p.end_momentum);
  };
  if (io.writing()) {
    std::vector<Value> list, no_tuples;
    for (OneCycle::Phase& p : o.phases) {
      // The last end is an int, made by no multiplication.
      const bool last = &p == &o.phases.back();
      const Value like = last ? Value::dict({{"end_step", static_cast<std::int64_t>(p.end_step)}}) : Value();
      std::vector<Value::Item> items;
      OptionIO out(items, no_tuples, like);
      phase(p, out);
      list.push_back(Value::dict(std::move(items)));
    }
    io.write("_schedule_phases", Value::list(std::move(list)));
  } else if (const Value* list = io.read("_schedule_phases")) {
    if (!list->is_list() && !list->is_tuple()) io.wrong("_schedule_phases", "a list", *list);
    std::vector<OneCycle::Phase> phases;
    for (const Value& v : list->elements()) {
      if (!v.is_dict()) io.wrong("_schedule_phases", "a list of dicts", v);
      OptionIO in(v, str("scheduler['_schedule_phases'][", phases.size(), "]"));
      phases.emplace_back();
      phase(phases.back(), in);
    }
    o.phases = std::move(phases);
  }
  std::string anneal = o.anneal == Anneal::cos ? "cos" : "linear";
  io.text("_anneal_func_type", anneal);
  if (anneal != "cos" && anneal != "linear")
    throw_error<Error>("load_state_dict: scheduler['_anneal_func_type'] is ", detail::quoted(anneal),
                       ", not 'cos' or 'linear'");
  o.anneal = anneal == "cos" ? Anneal::cos : Anneal::linear;
  io.flag("cycle_momentum", o.cycle_momentum);
  if (!io.writing() || o.cycle_momentum) io.flag("use_beta1", o.use_beta1);
}

void OneCycleLR::check(const OneCycle& o) {
  if (o.total_steps < 1) throw_error<Error>("OneCycleLR: total_steps must be at least 1, not ", o.total_steps);
  if (o.phases.empty()) throw_error<Error>("OneCycleLR: there is no phase");
  for (const OneCycle::Phase& p : o.phases) {
    for (const std::string& name : {p.start_lr, p.end_lr}) {
      if (name != "initial_lr" && name != "max_lr" && name != "min_lr")
        throw_error<Error>("OneCycleLR: a phase goes between initial_lr, max_lr and min_lr, not ",
                           detail::quoted(name));
    }
    for (const std::string& name : {p.start_momentum, p.end_momentum}) {
      if (name != "max_momentum" && name != "base_momentum")
        throw_error<Error>("OneCycleLR: a phase goes between max_momentum and base_momentum, not ",
                           detail::quoted(name));
    }
  }
}

/// A phase, and the part of it that has passed.
struct OneCycleLR::Place {
  const OneCycle::Phase& phase;
  double part;
};

OneCycleLR::Place OneCycleLR::place(std::int64_t epoch) const {
  if (epoch > options_.total_steps) {
    throw_error<Error>("OneCycleLR: step ", epoch, " of ", options_.total_steps,
                       "; make it with as many total_steps as step() will be called");
  }
  const double step = static_cast<double>(epoch);
  double start = 0;
  for (const OneCycle::Phase& p : options_.phases) {
    if (step <= p.end_step || &p == &options_.phases.back()) {
      if (p.end_step == start) throw_error<Error>("OneCycleLR: at step ", epoch, " is a phase without steps");
      return {p, (step - start) / (p.end_step - start)};
    }
    start = p.end_step;
  }
  return {options_.phases.back(), 1};
}

double OneCycleLR::between(std::size_t group, const std::string& start, const std::string& end, double part) const {
  const auto entry = [&](const std::string& name) {
    const Value* v = optimizer().extra(group, name);
    if (!v) {
      throw_error<Error>("OneCycleLR: the optimizer's group ", group, " has no ", detail::quoted(name),
                         "; it was loaded from a state of another scheduler");
    }
    return as_number(*v);
  };
  const double from = entry(start), to = entry(end);
  if (options_.anneal == Anneal::linear) return (to - from) * part + from;
  return to + (from - to) / 2.0 * (std::cos(kPi * part) + 1);
}

double OneCycleLR::next_lr(const Now& now) const {
  const Place at = place(now.epoch);
  return between(now.group, at.phase.start_lr, at.phase.end_lr, at.part);
}

void OneCycleLR::on_epoch(std::int64_t epoch) {
  if (!options_.cycle_momentum) return;
  const Place at = place(epoch);
  std::vector<double> momenta;
  for (std::size_t g = 0; g < optimizer().num_groups(); ++g)
    momenta.push_back(between(g, at.phase.start_momentum, at.phase.end_momentum, at.part));
  for (std::size_t g = 0; g < momenta.size(); ++g) optimizer().set_momentum(g, momenta[g]);
}

}  // namespace optim
}  // namespace harker

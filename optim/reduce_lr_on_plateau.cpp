// ReduceLROnPlateau, in torch's order of operations. Compiled with -ffp-contract=off.
#include <harker/optim/reduce_lr_on_plateau.h>

#include <algorithm>
#include <cmath>

#include <harker/core/base/text.h>
#include <harker/optim/state_kind.h>

namespace harker HARKER_PUBLIC {
namespace optim {

using detail::throw_error;

ReduceLROnPlateau::ReduceLROnPlateau(Optimizer& optimizer, const ReduceLROnPlateauOptions& o) : optimizer_(&optimizer) {
  const bool lower = o.mode == PlateauMode::min;
  state_.factor = o.factor;
  state_.has_default_min_lr = !o.min_lr.one_each();
  state_.min_lrs = o.min_lr.list("ReduceLROnPlateau", "min_lr", optimizer.num_groups());
  state_.default_min_lr = state_.min_lrs[0];
  state_.patience = o.patience;
  state_.cooldown = o.cooldown;
  state_.eps = o.eps;
  state_.threshold = o.threshold;
  state_.mode = lower ? "min" : "max";
  state_.threshold_mode = o.threshold_mode == ThresholdMode::rel ? "rel" : "abs";
  state_.mode_worse = state_.best = lower ? INFINITY : -INFINITY;
  for (std::size_t g = 0; g < optimizer.num_groups(); ++g) state_.last_lr.push_back(optimizer.lr(g));
  state_.check(optimizer.num_groups());
}

bool ReduceLROnPlateau::State::is_better(double a) const {
  if (mode == "min") return threshold_mode == "rel" ? a < best * (1.0 - threshold) : a < best - threshold;
  return threshold_mode == "rel" ? a > best * (threshold + 1.0) : a > best + threshold;
}

void ReduceLROnPlateau::step(double metrics) {
  State& s = state_;
  Optimizer& o = *optimizer_;
  s.check(o.num_groups());
  ++s.last_epoch;
  if (s.is_better(metrics)) {
    s.best = metrics;
    s.num_bad_epochs = 0;
  } else {
    ++s.num_bad_epochs;
  }
  if (s.cooldown_counter > 0) {
    --s.cooldown_counter;
    s.num_bad_epochs = 0;
  }
  if (s.num_bad_epochs > s.patience) {
    for (std::size_t g = 0; g < o.num_groups(); ++g) {
      const double lower = std::max(o.lr(g) * s.factor, s.min_lrs[g]);
      if (o.lr(g) - lower > s.eps) o.lr(g) = lower;
    }
    s.cooldown_counter = s.cooldown;
    s.num_bad_epochs = 0;
  }
  for (std::size_t g = 0; g < o.num_groups(); ++g) s.last_lr[g] = o.lr(g);
}

void ReduceLROnPlateau::State::describe(OptionIO& io) {
  io.number("factor", factor);
  if (const Value* v = io.read("default_min_lr")) has_default_min_lr = !v->is_none();
  if (has_default_min_lr)
    io.number("default_min_lr", default_min_lr, Written::as_int_if_zero);
  else
    io.write("default_min_lr", {});
  io.numbers("min_lrs", min_lrs, Written::as_int_if_zero);
  io.integer("patience", patience);
  io.integer("cooldown", cooldown);
  io.number("eps", eps);
  io.integer("last_epoch", last_epoch);
  io.numbers("_last_lr", last_lr);
  io.number("mode_worse", mode_worse);
  io.text("mode", mode);
  io.number("threshold", threshold);
  io.text("threshold_mode", threshold_mode);
  io.number("best", best);
  io.integer("cooldown_counter", cooldown_counter);
  io.integer("num_bad_epochs", num_bad_epochs);
}

void ReduceLROnPlateau::State::check(std::size_t groups) const {
  const auto refuse = [](auto... why) { throw_error<Error>("ReduceLROnPlateau: ", why...); };
  if (!(factor >= 0 && factor < 1)) refuse("factor must lie in [0, 1), not ", factor);
  if (!(threshold >= 0)) refuse("threshold must be >= 0, not ", threshold);
  if (!(eps >= 0)) refuse("eps must be >= 0, not ", eps);
  if (patience < 0) refuse("patience must be >= 0, not ", patience);
  if (cooldown < 0) refuse("cooldown must be >= 0, not ", cooldown);
  if (mode != "min" && mode != "max") refuse("mode is 'min' or 'max', not ", detail::quoted(mode));
  if (threshold_mode != "rel" && threshold_mode != "abs")
    refuse("threshold_mode is 'rel' or 'abs', not ", detail::quoted(threshold_mode));
  if (min_lrs.size() != groups || last_lr.size() != groups)
    refuse("it has ", min_lrs.size(), " min_lrs and ", last_lr.size(), " rates for ", groups, " parameter groups");
}

std::vector<double> ReduceLROnPlateau::get_last_lr() const { return state_.last_lr; }

Value ReduceLROnPlateau::state_dict() const {
  std::vector<Value::Item> items;
  std::vector<Value> tuples;
  OptionIO io(items, tuples, loaded_);
  State state = state_;
  state.describe(io);
  return in_loaded_order(loaded_, std::move(items));
}

void ReduceLROnPlateau::load_state_dict(const Value& v) {
  if (!v.is_dict())
    throw_error<TypeError>("load_state_dict: a scheduler's state should be a dict, it is ", v.type_name());
  check_scheduler(state_dict(), v);
  OptionIO io(v, "scheduler");
  State state = state_;
  state.describe(io);
  state.check(optimizer_->num_groups());
  loaded_ = in_loaded_order(v, {});
  state_ = std::move(state);
}

}  // namespace optim
}  // namespace harker

// What the schedulers share: the epochs, the optimizer's groups and the state dict. The formulas: lr_formulas.cpp.
#include <harker/optim/lr_scheduler.h>

#include <harker/core/base/text.h>
#include <harker/core/warning.h>
#include <harker/optim/state_kind.h>

namespace harker HARKER_PUBLIC {
namespace optim {

using detail::throw_error;

PerGroup::PerGroup() = default;
PerGroup::PerGroup(double v) : values_{v} {}
PerGroup::PerGroup(std::initializer_list<double> v) : values_(v), each_(true) {}
PerGroup::PerGroup(std::vector<double> v) : values_(std::move(v)), each_(true) {}

std::vector<double> PerGroup::list(const char* scheduler, const char* name, std::size_t groups) const {
  if (!each_ && values_.size() == 1) return std::vector<double>(groups, values_[0]);
  if (values_.empty()) throw_error<Error>(scheduler, ": ", name, " is required");
  if (values_.size() != groups)
    throw_error<Error>(scheduler, ": ", values_.size(), " values of ", name, " for ", groups, " parameter groups");
  return values_;
}

LRScheduler::~LRScheduler() = default;

ChainableLR::ChainableLR(Optimizer& optimizer, std::int64_t last_epoch) : optimizer_(&optimizer) {
  if (last_epoch < -1) throw_error<Error>("lr scheduler: last_epoch must be -1 or an epoch, not ", last_epoch);
  last_.epoch = last_epoch;
}

void ChainableLR::start() {
  Optimizer& o = *optimizer_;
  std::vector<double> base_lrs;
  for (std::size_t g = 0; g < o.num_groups(); ++g) {
    const Value* initial = o.extra(g, "initial_lr");
    if (!initial && last_.epoch != -1) {
      throw_error<Error>("lr scheduler: group ", g, " has no 'initial_lr', which going on after epoch ", last_.epoch,
                         " needs; load the optimizer's state first, or leave last_epoch out");
    }
    base_lrs.push_back(initial ? as_number(*initial) : o.lr(g));
  }
  for (std::size_t g = 0; g < o.num_groups(); ++g) {
    if (!o.extra(g, "initial_lr")) o.set_extra(g, "initial_lr", base_lrs[g]);
  }
  last_.base_lrs = std::move(base_lrs);
  first_step();
}

void ChainableLR::first_step() {
  update(last_.epoch + 1, true, false);
  last_.step_count = 1;
}

void ChainableLR::step() {
  if (last_.step_count == 1 && !optimizer_->has_stepped()) {
    warn(
        "lr scheduler: step() was called before the optimizer's; the first learning rate is never used. Call "
        "optimizer.step() first.");
  }
  update(last_.epoch + 1, false, false);
  ++last_.step_count;
}

/// All rates are computed before the first is set: a formula may throw.
void ChainableLR::update(std::int64_t epoch, bool initial, bool closed_form) {
  Optimizer& o = *optimizer_;
  if (last_.base_lrs.size() != o.num_groups()) {
    throw_error<Error>("lr scheduler: it was made for ", last_.base_lrs.size(), " parameter groups, the optimizer has ",
                       o.num_groups());
  }
  std::vector<double> lrs;
  for (std::size_t g = 0; g < o.num_groups(); ++g) {
    const Now now = {g, o.lr(g), last_.base_lrs[g], epoch, initial};
    lrs.push_back(closed_form ? closed_form_lr(now) : next_lr(now));
  }
  on_epoch(epoch);
  for (std::size_t g = 0; g < lrs.size(); ++g) o.lr(g) = lrs[g];
  last_.epoch = epoch;
  last_.lrs = std::move(lrs);
}

void ChainableLR::State::describe(OptionIO& io) {
  io.numbers("base_lrs", base_lrs);
  io.integer("last_epoch", epoch);
  io.integer("_step_count", step_count);
  io.fixed("_is_initial", false);
  io.fixed("_get_lr_called_within_step", false);
  io.numbers("_last_lr", lrs);
}

std::vector<double> ChainableLR::get_last_lr() const { return last_.lrs; }

Value ChainableLR::state_dict() const {
  std::vector<Value::Item> items;
  std::vector<Value> tuples;
  OptionIO io(items, tuples, loaded_);
  write(io);
  State state = last_;
  state.describe(io);
  write_after(io);
  return in_loaded_order(loaded_, std::move(items));
}

void ChainableLR::load_state_dict(const Value& v) {
  if (!v.is_dict()) {
    throw_error<TypeError>("load_state_dict: a scheduler's state should be a dict, it is ", v.type_name());
  }
  check_scheduler(state_dict(), v);
  OptionIO io(v, "scheduler");
  State state = last_;
  state.describe(io);
  const std::size_t groups = optimizer_->num_groups();
  if (state.base_lrs.size() != groups || state.lrs.size() != groups) {
    throw_error<Error>("load_state_dict: the scheduler's state has ", state.base_lrs.size(), " base_lrs and ",
                       state.lrs.size(), " _last_lr, the optimizer ", groups, " parameter groups");
  }
  read(io, false);
  Value loaded = in_loaded_order(v, {});
  read(io, true);
  last_ = std::move(state);
  loaded_ = std::move(loaded);
}

}  // namespace optim
}  // namespace harker

// SequentialLR: see the header.
#include <harker/optim/sequential_lr.h>

#include <algorithm>

#include <harker/core/base/text.h>
#include <harker/optim/state_kind.h>

namespace harker HARKER_PUBLIC {
namespace optim {

using detail::throw_error;

namespace {
void check_rising(const std::vector<std::int64_t>& milestones) {
  for (std::size_t i = 0; i < milestones.size(); ++i) {
    if (milestones[i] < 1 || (i > 0 && milestones[i] <= milestones[i - 1]))
      throw_error<Error>("SequentialLR: milestones are epochs from 1 on, each later than the one before");
  }
}
}  // namespace

SequentialLR::SequentialLR(Optimizer& optimizer, std::vector<ChainableLR*> schedulers,
                           std::vector<std::int64_t> milestones)
    : optimizer_(&optimizer), schedulers_(std::move(schedulers)), milestones_(std::move(milestones)) {
  if (schedulers_.empty()) throw_error<Error>("SequentialLR: there is no scheduler");
  if (milestones_.size() != schedulers_.size() - 1) {
    throw_error<Error>("SequentialLR: ", schedulers_.size(), " schedulers need ", schedulers_.size() - 1,
                       " milestones, not ", milestones_.size());
  }
  for (std::size_t i = 0; i < schedulers_.size(); ++i) {
    if (!schedulers_[i]) throw_error<Error>("SequentialLR: scheduler ", i, " is null");
    if (&schedulers_[i]->optimizer() != optimizer_)
      throw_error<Error>("SequentialLR: scheduler ", i, " belongs to another optimizer");
    if (std::find(schedulers_.begin(), schedulers_.begin() + static_cast<std::ptrdiff_t>(i), schedulers_[i]) !=
        schedulers_.begin() + static_cast<std::ptrdiff_t>(i))
      throw_error<Error>("SequentialLR: scheduler ", i, " is given twice");
  }
  check_rising(milestones_);
  // Each of them has set the rates when it was made: all that is undone, and the first begins again.
  std::vector<double> initial;
  for (std::size_t g = 0; g < optimizer.num_groups(); ++g) {
    const Value* v = optimizer.extra(g, "initial_lr");
    initial.push_back(v ? as_number(*v) : optimizer.lr(g));
  }
  for (std::size_t g = 0; g < initial.size(); ++g) optimizer.lr(g) = initial[g];
  for (ChainableLR* s : schedulers_) --s->last_.epoch;
  schedulers_[0]->first_step();
  last_lr_ = schedulers_[0]->get_last_lr();
}

std::size_t SequentialLR::index_at(std::int64_t epoch) const {
  return static_cast<std::size_t>(std::upper_bound(milestones_.begin(), milestones_.end(), epoch) -
                                  milestones_.begin());
}

void SequentialLR::step() {
  const std::int64_t epoch = last_epoch_ + 1;
  const std::size_t i = index_at(epoch);
  if (i > 0 && milestones_[i - 1] == epoch)
    schedulers_[i]->update(0, false, true);
  else
    schedulers_[i]->step();
  last_epoch_ = epoch;
  last_lr_ = schedulers_[i]->get_last_lr();
}

std::vector<double> SequentialLR::get_last_lr() const { return last_lr_; }

Value SequentialLR::state_dict() const {
  std::vector<Value> milestones, states;
  for (std::int64_t m : milestones_) milestones.emplace_back(m);
  for (const ChainableLR* s : schedulers_) states.push_back(s->state_dict());
  // In torch the rates are one list with those of the scheduler that set them.
  const Value& of_current = states[index_at(last_epoch_)]["_last_lr"];
  Value last_lr = of_current;
  if (schedulers_[index_at(last_epoch_)]->get_last_lr() != last_lr_)
    last_lr = Value::list({last_lr_.begin(), last_lr_.end()});
  return in_loaded_order(loaded_, {{"_milestones", Value::list(std::move(milestones))},
                                   {"last_epoch", last_epoch_},
                                   {"_last_lr", std::move(last_lr)},
                                   {"_schedulers", Value::list(std::move(states))}});
}

void SequentialLR::load_state_dict(const Value& v) {
  if (!v.is_dict())
    throw_error<TypeError>("load_state_dict: a scheduler's state should be a dict, it is ", v.type_name());
  check_scheduler(state_dict(), v);
  OptionIO io(v, "scheduler");
  std::int64_t epoch = last_epoch_;
  std::vector<double> last_lr = last_lr_, numbers(milestones_.begin(), milestones_.end());
  io.numbers("_milestones", numbers);
  io.integer("last_epoch", epoch);
  io.numbers("_last_lr", last_lr);
  std::vector<std::int64_t> milestones;
  for (double m : numbers) {
    if (!(m >= 1 && m < 0x1p53)) throw_error<Error>("load_state_dict: scheduler['_milestones'] holds ", m);
    milestones.push_back(static_cast<std::int64_t>(m));
  }
  check_rising(milestones);
  const Value* states = io.read("_schedulers");
  const std::size_t n = schedulers_.size();
  if (!states || !states->is_list()) throw_error<Error>("load_state_dict: the state has no list '_schedulers'");
  if (states->len() != n || milestones.size() != n - 1 || last_lr.size() != optimizer_->num_groups()) {
    throw_error<Error>("load_state_dict: the state is of ", states->len(), " schedulers with ", milestones.size(),
                       " milestones for ", last_lr.size(), " groups; this is of ", n, " for ",
                       optimizer_->num_groups());
  }
  // Should one of them refuse, those before get back what they had.
  std::vector<Value> before;
  for (const ChainableLR* s : schedulers_) before.push_back(s->state_dict());
  std::size_t done = 0;
  try {
    for (; done < n; ++done) schedulers_[done]->load_state_dict(states->elements()[done]);
  } catch (...) {
    for (std::size_t i = 0; i < done; ++i) schedulers_[i]->load_state_dict(before[i]);
    throw;
  }
  loaded_ = in_loaded_order(v, {});
  milestones_ = std::move(milestones);
  last_epoch_ = epoch;
  last_lr_ = std::move(last_lr);
}

}  // namespace optim
}  // namespace harker

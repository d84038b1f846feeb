// The formulas of the schedulers, in torch's order of operations: the last bit decides. Compiled with
// -ffp-contract=off.
#include <algorithm>
#include <cmath>
#include <limits>

#include <harker/core/base/text.h>
#include <harker/optim/more_schedulers.h>
#include <harker/optim/state_kind.h>

namespace harker HARKER_PUBLIC {
namespace optim {

using detail::throw_error;

namespace {

constexpr double kPi = 3.14159265358979323846;

double real(std::int64_t v) { return static_cast<double>(v); }

void check_positive(const char* scheduler, const char* name, std::int64_t v) {
  if (v < 1) throw_error<Error>(scheduler, ": ", name, " must be at least 1, not ", v);
}
void check_gamma(const char* scheduler, double gamma) {
  if (!(gamma >= 0) || std::isinf(gamma)) throw_error<Error>(scheduler, ": gamma must be a number >= 0, not ", gamma);
}

}  // namespace

// --- StepLR

StepLR::StepLR(Optimizer& optimizer, const StepLROptions& options)
    : SchedulerWith(optimizer, options, options.last_epoch) {
  start();
}
void StepLR::describe(StepLROptions& o, OptionIO& io) {
  io.integer("step_size", o.step_size);
  io.number("gamma", o.gamma);
}
void StepLR::check(const StepLROptions& o) {
  check_positive("StepLR", "step_size", o.step_size);
  check_gamma("StepLR", o.gamma);
}
double StepLR::next_lr(const Now& now) const {
  return now.epoch == 0 || now.epoch % options_.step_size != 0 ? now.lr : now.lr * options_.gamma;
}
double StepLR::closed_form_lr(const Now& now) const {
  return now.base_lr * std::pow(options_.gamma, real(now.epoch / options_.step_size));
}

// --- MultiStepLR: torch keeps the milestones as a Counter.

MultiStepLR::MultiStepLR(Optimizer& optimizer, const MultiStepLROptions& options)
    : SchedulerWith(optimizer, options, options.last_epoch) {
  start();
}
void MultiStepLR::describe(MultiStepLROptions& o, OptionIO& io) {
  if (io.writing()) {
    Value counter = Value::dict({}, DictFlavour::counter);
    for (std::int64_t m : o.milestones) {
      const Value* n = counter.find(m);
      counter.set(m, n ? n->as_int() + 1 : 1);
    }
    io.write("milestones", std::move(counter));
  } else if (const Value* counter = io.read("milestones")) {
    if (!counter->is_dict()) io.wrong("milestones", "a Counter", *counter);
    std::vector<std::int64_t> milestones;
    for (const Value::Item& item : counter->items()) {
      const std::optional<std::int64_t> epoch = integer_in(item.first), n = integer_in(item.second);
      if (!epoch || !n) io.wrong("milestones", "a Counter of epochs", epoch ? item.second : item.first);
      if (*n < 0 || *n > 1000)  // a file's: no more memory than it deserves
        throw_error<Error>("load_state_dict: scheduler['milestones'] counts epoch ", *epoch, " ", *n, " times");
      milestones.insert(milestones.end(), static_cast<std::size_t>(*n), *epoch);
    }
    o.milestones = std::move(milestones);
  }
  io.number("gamma", o.gamma);
}
void MultiStepLR::check(const MultiStepLROptions& o) {
  check_gamma("MultiStepLR", o.gamma);
  for (std::int64_t m : o.milestones) {
    if (m < 0) throw_error<Error>("MultiStepLR: a milestone is an epoch, not ", m);
  }
}
double MultiStepLR::next_lr(const Now& now) const {
  const auto n = std::count(options_.milestones.begin(), options_.milestones.end(), now.epoch);
  return n == 0 ? now.lr : now.lr * std::pow(options_.gamma, real(n));
}
double MultiStepLR::closed_form_lr(const Now& now) const {
  const auto n = std::count_if(options_.milestones.begin(), options_.milestones.end(),
                               [&](std::int64_t m) { return m <= now.epoch; });
  return now.base_lr * std::pow(options_.gamma, real(n));
}

// --- ConstantLR

ConstantLR::ConstantLR(Optimizer& optimizer, const ConstantLROptions& options)
    : SchedulerWith(optimizer, options, options.last_epoch) {
  start();
}
void ConstantLR::describe(ConstantLROptions& o, OptionIO& io) {
  io.number("factor", o.factor);
  io.integer("total_iters", o.total_iters);
}
void ConstantLR::check(const ConstantLROptions& o) {
  // torch takes 0, and divides by it at the end.
  if (!(o.factor > 0 && o.factor <= 1)) throw_error<Error>("ConstantLR: factor must lie in (0, 1], not ", o.factor);
  check_positive("ConstantLR", "total_iters", o.total_iters);
}
double ConstantLR::next_lr(const Now& now) const {
  if (now.epoch == 0) return now.lr * options_.factor;
  return now.epoch != options_.total_iters ? now.lr : now.lr * (1.0 / options_.factor);
}
double ConstantLR::closed_form_lr(const Now& now) const {
  return now.base_lr * (options_.factor + (now.epoch >= options_.total_iters ? 1.0 : 0.0) * (1 - options_.factor));
}

// --- LinearLR

LinearLR::LinearLR(Optimizer& optimizer, const LinearLROptions& options)
    : SchedulerWith(optimizer, options, options.last_epoch) {
  start();
}
void LinearLR::describe(LinearLROptions& o, OptionIO& io) {
  io.number("start_factor", o.start_factor);
  io.number("end_factor", o.end_factor);
  io.integer("total_iters", o.total_iters);
}
void LinearLR::check(const LinearLROptions& o) {
  if (!(o.start_factor > 0 && o.start_factor <= 1))
    throw_error<Error>("LinearLR: start_factor must lie in (0, 1], not ", o.start_factor);
  if (!(o.end_factor >= 0 && o.end_factor <= 1))
    throw_error<Error>("LinearLR: end_factor must lie in [0, 1], not ", o.end_factor);
  check_positive("LinearLR", "total_iters", o.total_iters);
}
double LinearLR::next_lr(const Now& now) const {
  const double start = options_.start_factor, total = real(options_.total_iters), rise = options_.end_factor - start;
  if (now.epoch == 0) return now.lr * start;
  if (now.initial || now.epoch > options_.total_iters) return now.lr;
  return now.lr * (1.0 + rise / (total * start + real(now.epoch - 1) * rise));
}
double LinearLR::closed_form_lr(const Now& now) const {
  const double start = options_.start_factor, rise = options_.end_factor - start;
  return now.base_lr * (start + rise * real(std::min(options_.total_iters, now.epoch)) / real(options_.total_iters));
}

// --- ExponentialLR

ExponentialLR::ExponentialLR(Optimizer& optimizer, const ExponentialLROptions& options)
    : SchedulerWith(optimizer, options, options.last_epoch) {
  start();
}
void ExponentialLR::describe(ExponentialLROptions& o, OptionIO& io) { io.number("gamma", o.gamma); }
void ExponentialLR::check(const ExponentialLROptions& o) { check_gamma("ExponentialLR", o.gamma); }
double ExponentialLR::next_lr(const Now& now) const { return now.initial ? now.lr : now.lr * options_.gamma; }
double ExponentialLR::closed_form_lr(const Now& now) const {
  return now.base_lr * std::pow(options_.gamma, real(now.epoch));
}

// --- CosineAnnealingLR

CosineAnnealingLR::CosineAnnealingLR(Optimizer& optimizer, const CosineAnnealingLROptions& options)
    : SchedulerWith(optimizer, options, options.last_epoch) {
  start();
}
void CosineAnnealingLR::describe(CosineAnnealingLROptions& o, OptionIO& io) {
  io.integer("T_max", o.T_max);
  io.number("eta_min", o.eta_min);
}
void CosineAnnealingLR::check(const CosineAnnealingLROptions& o) {
  check_positive("CosineAnnealingLR", "T_max", o.T_max);
  if (!(o.eta_min >= 0)) throw_error<Error>("CosineAnnealingLR: eta_min must be >= 0, not ", o.eta_min);
}
double CosineAnnealingLR::next_lr(const Now& now) const {
  const double low = options_.eta_min, half = real(options_.T_max);
  if (now.initial) return now.lr;
  if ((now.epoch - 1 - options_.T_max) % (2 * options_.T_max) == 0)  // the rate before was eta_min: nothing to multiply
    return now.lr + (now.base_lr - low) * (1 - std::cos(kPi / half)) / 2;
  return (1 + std::cos(kPi * real(now.epoch) / half)) / (1 + std::cos(kPi * real(now.epoch - 1) / half)) *
             (now.lr - low) +
         low;
}
double CosineAnnealingLR::closed_form_lr(const Now& now) const {
  const double low = options_.eta_min;
  return low + (now.base_lr - low) * (1 + std::cos(kPi * real(now.epoch) / real(options_.T_max))) / 2;
}

// --- PolynomialLR

PolynomialLR::PolynomialLR(Optimizer& optimizer, const PolynomialLROptions& options)
    : SchedulerWith(optimizer, options, options.last_epoch) {
  start();
}
void PolynomialLR::describe(PolynomialLROptions& o, OptionIO& io) {
  io.integer("total_iters", o.total_iters);
  io.number("power", o.power);
}
void PolynomialLR::check(const PolynomialLROptions& o) {
  check_positive("PolynomialLR", "total_iters", o.total_iters);
  if (!(o.power >= 0)) throw_error<Error>("PolynomialLR: power must be >= 0, not ", o.power);
}
double PolynomialLR::next_lr(const Now& now) const {
  const double total = real(options_.total_iters);
  if (now.initial || now.epoch > options_.total_iters) return now.lr;
  return now.lr * std::pow((1.0 - real(now.epoch) / total) / (1.0 - real(now.epoch - 1) / total), options_.power);
}
double PolynomialLR::closed_form_lr(const Now& now) const {
  const double total = real(options_.total_iters);
  return now.base_lr * std::pow(1.0 - real(std::min(options_.total_iters, now.epoch)) / total, options_.power);
}

// --- CosineAnnealingWarmRestarts

namespace {
/// How many epochs the last restart is ago, and how many it is from there to the next.
std::pair<std::int64_t, std::int64_t> since_restart(std::int64_t epoch, const CosineAnnealingWarmRestartsOptions& o) {
  if (o.T_mult == 1) return {epoch % o.T_0, o.T_0};
  std::int64_t length = o.T_0;
  while (epoch >= length) {
    epoch -= length;
    if (__builtin_mul_overflow(length, o.T_mult, &length)) length = std::numeric_limits<std::int64_t>::max();
  }
  return {epoch, length};
}
}  // namespace

CosineAnnealingWarmRestarts::CosineAnnealingWarmRestarts(Optimizer& optimizer,
                                                         const CosineAnnealingWarmRestartsOptions& options)
    : SchedulerWith(optimizer, options, options.last_epoch) {
  start();
}
void CosineAnnealingWarmRestarts::describe(CosineAnnealingWarmRestartsOptions& o, OptionIO& io) {
  io.integer("T_0", o.T_0);
  io.integer("T_mult", o.T_mult);
  io.number("eta_min", o.eta_min);
}
void CosineAnnealingWarmRestarts::check(const CosineAnnealingWarmRestartsOptions& o) {
  check_positive("CosineAnnealingWarmRestarts", "T_0", o.T_0);
  check_positive("CosineAnnealingWarmRestarts", "T_mult", o.T_mult);
  if (!(o.eta_min >= 0)) throw_error<Error>("CosineAnnealingWarmRestarts: eta_min must be >= 0, not ", o.eta_min);
}
double CosineAnnealingWarmRestarts::next_lr(const Now& now) const {
  const auto [at, length] = since_restart(now.epoch, options_);
  return options_.eta_min + (now.base_lr - options_.eta_min) * (1 + std::cos(kPi * real(at) / real(length))) / 2;
}
void CosineAnnealingWarmRestarts::write(OptionIO& io) const {
  CosineAnnealingWarmRestartsOptions o = options_;
  const auto [at, length] = since_restart(last_epoch(), o);
  io.integer("T_0", o.T_0);
  io.write("T_i", length);
  io.integer("T_mult", o.T_mult);
  io.number("eta_min", o.eta_min);
  io.write("T_cur", at);
}

// --- ChainedScheduler

ChainedScheduler::ChainedScheduler(std::vector<ChainableLR*> schedulers) : schedulers_(std::move(schedulers)) {
  if (schedulers_.empty()) throw_error<Error>("ChainedScheduler: there is no scheduler");
  for (std::size_t i = 0; i < schedulers_.size(); ++i) {
    if (!schedulers_[i]) throw_error<Error>("ChainedScheduler: scheduler ", i, " is null");
    if (&schedulers_[i]->optimizer() != &schedulers_[0]->optimizer())
      throw_error<Error>("ChainedScheduler: scheduler ", i, " belongs to another optimizer");
    if (std::count(schedulers_.begin(), schedulers_.end(), schedulers_[i]) > 1)
      throw_error<Error>("ChainedScheduler: scheduler ", i, " is given twice");
  }
  last_lr_ = rates();
}
std::vector<double> ChainedScheduler::rates() const {
  Optimizer& o = schedulers_[0]->optimizer();
  std::vector<double> out;
  for (std::size_t g = 0; g < o.num_groups(); ++g) out.push_back(o.lr(g));
  return out;
}
void ChainedScheduler::step() {
  for (ChainableLR* s : schedulers_) s->step();
  last_lr_ = rates();
}
Value ChainedScheduler::state_dict() const {
  std::vector<Value> parts;
  for (const ChainableLR* s : schedulers_) parts.push_back(s->state_dict());
  return Value::dict(
      {{"_last_lr", Value::list({last_lr_.begin(), last_lr_.end()})}, {"_schedulers", Value::list(std::move(parts))}});
}
void ChainedScheduler::load_state_dict(const Value& state) {
  check_scheduler(state_dict(), state);
  const Value* parts = state.is_dict() ? state.find("_schedulers") : nullptr;
  if (!parts || !parts->is_list() || parts->len() != schedulers_.size())
    throw_error<Error>("load_state_dict: the state should have a list '_schedulers' of ", schedulers_.size(),
                       " states");
  OptionIO io(state, "scheduler");
  std::vector<double> last = last_lr_;
  io.numbers("_last_lr", last);
  std::vector<Value> before;
  for (const ChainableLR* s : schedulers_) before.push_back(s->state_dict());
  try {
    for (std::size_t i = 0; i < schedulers_.size(); ++i) schedulers_[i]->load_state_dict(parts->elements()[i]);
  } catch (...) {
    for (std::size_t i = 0; i < schedulers_.size(); ++i) schedulers_[i]->load_state_dict(before[i]);
    throw;
  }
  last_lr_ = std::move(last);
}

}  // namespace optim
}  // namespace harker

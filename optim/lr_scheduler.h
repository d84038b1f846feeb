// Learning rate schedulers: each step() sets the learning rate of every group of an optimizer. The rates are torch's to
// the last bit, since each scheduler computes them as torch does: most from the rate before (they can be chained: two
// schedulers on one optimizer multiply), not from the epoch alone. Call step() after optimizer.step(), usually once an
// epoch. A scheduler refers to its optimizer, which must stay where it is. Others: one_cycle_lr.h, lambda_lr.h,
// sequential_lr.h, reduce_lr_on_plateau.h.
#pragma once
#include <harker/optim/optimizer.h>

namespace harker HARKER_PUBLIC {
namespace optim {

/// A number for all groups, or one for each: `.max_lr = 0.1`, `.max_lr = {0.1, 0.2}`.
class PerGroup {
 public:
  PerGroup();
  PerGroup(double v);
  PerGroup(std::initializer_list<double> v);
  PerGroup(std::vector<double> v);
  bool one_each() const { return each_; }
  /// One for each of `groups` groups. Error, naming the scheduler and the option, when there are others.
  std::vector<double> list(const char* scheduler, const char* name, std::size_t groups) const;

 private:
  std::vector<double> values_;
  bool each_ = false;
};

class LRScheduler {
 public:
  virtual ~LRScheduler();
  LRScheduler(const LRScheduler&) = delete;
  LRScheduler& operator=(const LRScheduler&) = delete;

  /// One epoch further: sets the learning rates. Warns when the optimizer has not made a step before the first call:
  /// then the first rate is never used.
  virtual void step() = 0;
  /// The rates that were set last, one for each group.
  virtual std::vector<double> get_last_lr() const = 0;
  /// torch's keys and values. The optimizer's own state holds the rates themselves: save and load both.
  virtual Value state_dict() const = 0;
  /// Takes over a state dict; the optimizer's rates stay as they are. Throws, and has changed nothing, when it
  /// is another scheduler's state, or an entry has another type or does not fit.
  virtual void load_state_dict(const Value& state) = 0;

 protected:
  LRScheduler() = default;
};

/// A scheduler whose rates are a formula of the epoch and the rate before.
class ChainableLR : public LRScheduler {
 public:
  void step() override;
  std::vector<double> get_last_lr() const override;
  Value state_dict() const override;
  void load_state_dict(const Value& state) override;
  std::int64_t last_epoch() const { return last_.epoch; }

 protected:
  /// What a formula may use. `initial`: it is the scheduler's making, not a step.
  struct Now {
    std::size_t group;
    double lr, base_lr;
    std::int64_t epoch;
    bool initial;
  };
  explicit ChainableLR(Optimizer& optimizer, std::int64_t last_epoch);
  /// The last thing in a constructor: notes the groups' `initial_lr` and sets the rates of epoch last_epoch + 1.
  void start();
  virtual double next_lr(const Now& now) const = 0;
  /// The same without the rate before, where torch has such a formula: SequentialLR begins with it.
  virtual double closed_form_lr(const Now& now) const { return next_lr(now); }
  /// Called when all rates of an epoch are computed, before they are set.
  virtual void on_epoch(std::int64_t) {}
  /// Its own entries of the state dict, those before the common ones and those after.
  virtual void write(OptionIO& io) const = 0;
  virtual void write_after(OptionIO&) const {}
  /// Reads and checks them; they are only kept when `keep`.
  virtual void read(OptionIO& io, bool keep) = 0;
  Optimizer& optimizer() const { return *optimizer_; }

 private:
  friend class SequentialLR;
  friend class ChainedScheduler;
  struct State {
    std::vector<double> base_lrs, lrs;
    std::int64_t epoch, step_count = 0;
    void describe(OptionIO& io);
  };
  void first_step();
  void update(std::int64_t epoch, bool initial, bool closed_form);
  Optimizer* optimizer_;
  State last_;
  Value loaded_;
};

/// A ChainableLR whose entries are its options. Needs `static void describe(Options&, OptionIO&)` and `static void
/// check(const Options&)` of the derived class `D`.
template <class D, class Options>
class SchedulerWith : public ChainableLR {
 public:
  const Options& options() const { return options_; }

 protected:
  SchedulerWith(Optimizer& optimizer, const Options& options, std::int64_t last_epoch)
      : ChainableLR(optimizer, last_epoch), options_(options) {
    D::check(options_);
  }
  void write(OptionIO& io) const override {
    Options o = options_;
    D::describe(o, io);
  }
  void read(OptionIO& io, bool keep) override {
    Options o = options_;
    D::describe(o, io);
    D::check(o);
    if (keep) options_ = std::move(o);
  }
  Options options_;
};

// --- The schedulers. `last_epoch` other than -1 goes on after that epoch: then the optimizer's groups must have the
// `initial_lr` of a loaded state. Error for options without sense.

struct StepLROptions {
  std::int64_t step_size = 0;  ///< required
  double gamma = 0.1;
  std::int64_t last_epoch = -1;
};
/// lr *= gamma every step_size epochs.
class StepLR : public SchedulerWith<StepLR, StepLROptions> {
 public:
  StepLR(Optimizer& optimizer, const StepLROptions& options);
  static void describe(StepLROptions& o, OptionIO& io);
  static void check(const StepLROptions& o);

 protected:
  double next_lr(const Now& now) const override;
  double closed_form_lr(const Now& now) const override;
};

struct MultiStepLROptions {
  std::vector<std::int64_t> milestones = {};
  double gamma = 0.1;
  std::int64_t last_epoch = -1;
};
/// lr *= gamma at each milestone, twice at one that is given twice.
class MultiStepLR : public SchedulerWith<MultiStepLR, MultiStepLROptions> {
 public:
  MultiStepLR(Optimizer& optimizer, const MultiStepLROptions& options);
  static void describe(MultiStepLROptions& o, OptionIO& io);
  static void check(const MultiStepLROptions& o);

 protected:
  double next_lr(const Now& now) const override;
  double closed_form_lr(const Now& now) const override;
};

struct ConstantLROptions {
  double factor = 1.0 / 3;
  std::int64_t total_iters = 5;
  std::int64_t last_epoch = -1;
};
/// lr *= factor for the first total_iters epochs.
class ConstantLR : public SchedulerWith<ConstantLR, ConstantLROptions> {
 public:
  explicit ConstantLR(Optimizer& optimizer, const ConstantLROptions& options = {});
  static void describe(ConstantLROptions& o, OptionIO& io);
  static void check(const ConstantLROptions& o);

 protected:
  double next_lr(const Now& now) const override;
  double closed_form_lr(const Now& now) const override;
};

struct LinearLROptions {
  double start_factor = 1.0 / 3, end_factor = 1.0;
  std::int64_t total_iters = 5;
  std::int64_t last_epoch = -1;
};
/// lr times a factor that goes from start_factor to end_factor in total_iters epochs: a warm-up.
class LinearLR : public SchedulerWith<LinearLR, LinearLROptions> {
 public:
  explicit LinearLR(Optimizer& optimizer, const LinearLROptions& options = {});
  static void describe(LinearLROptions& o, OptionIO& io);
  static void check(const LinearLROptions& o);

 protected:
  double next_lr(const Now& now) const override;
  double closed_form_lr(const Now& now) const override;
};

struct ExponentialLROptions {
  double gamma = -1;  ///< required
  std::int64_t last_epoch = -1;
};
/// lr *= gamma every epoch.
class ExponentialLR : public SchedulerWith<ExponentialLR, ExponentialLROptions> {
 public:
  ExponentialLR(Optimizer& optimizer, const ExponentialLROptions& options);
  static void describe(ExponentialLROptions& o, OptionIO& io);
  static void check(const ExponentialLROptions& o);

 protected:
  double next_lr(const Now& now) const override;
  double closed_form_lr(const Now& now) const override;
};

struct CosineAnnealingLROptions {
  std::int64_t T_max = 0;  ///< required
  double eta_min = 0;
  std::int64_t last_epoch = -1;
};
/// From the initial rate down to eta_min in T_max epochs along half a cosine, and up again (Loshchilov and Hutter 2017,
/// without its restarts).
class CosineAnnealingLR : public SchedulerWith<CosineAnnealingLR, CosineAnnealingLROptions> {
 public:
  CosineAnnealingLR(Optimizer& optimizer, const CosineAnnealingLROptions& options);
  static void describe(CosineAnnealingLROptions& o, OptionIO& io);
  static void check(const CosineAnnealingLROptions& o);

 protected:
  double next_lr(const Now& now) const override;
  double closed_form_lr(const Now& now) const override;
};

}  // namespace optim
}  // namespace harker

// OneCycleLR (Smith and Topin 2019): the learning rate rises to max_lr and falls far below where it began, while the
// momentum (or Adam's beta1) goes the other way. One step() for each batch, not for each epoch.
#pragma once
#include <harker/optim/lr_scheduler.h>

namespace harker HARKER_PUBLIC {
namespace optim {

enum class Anneal : std::uint8_t { cos, linear };

struct OneCycleLROptions {
  PerGroup max_lr = {};          ///< required
  std::int64_t total_steps = 0;  ///< required, or the next two
  std::int64_t epochs = 0, steps_per_epoch = 0;
  double pct_start = 0.3;  ///< the part of the steps in which the rate rises
  Anneal anneal_strategy = Anneal::cos;
  bool cycle_momentum = true;
  PerGroup base_momentum = 0.85, max_momentum = 0.95;
  double div_factor = 25;         ///< the first rate is max_lr / div_factor
  double final_div_factor = 1e4;  ///< the last is the first / final_div_factor
  bool three_phase = false;       ///< fall back to the first rate, as fast as it rose, before the last phase
  std::int64_t last_epoch = -1;
};

/// What its state dict holds of the options. The rates and momenta between which it goes are entries of the
/// optimizer's groups, as torch's (`initial_lr`, `max_lr`, `min_lr`, `max_momentum`, `base_momentum`).
struct OneCycle {
  struct Phase {
    double end_step;
    std::string start_lr, end_lr, start_momentum, end_momentum;  ///< those entries' names
  };
  std::int64_t total_steps = 0;
  std::vector<Phase> phases;
  Anneal anneal = Anneal::cos;
  bool cycle_momentum = true, use_beta1 = false;
};

/// Error for a step after total_steps, and for an optimizer without momentum or betas unless cycle_momentum is off.
class OneCycleLR : public SchedulerWith<OneCycleLR, OneCycle> {
 public:
  OneCycleLR(Optimizer& optimizer, const OneCycleLROptions& options);
  static void describe(OneCycle& o, OptionIO& io);
  static void check(const OneCycle& o);

 protected:
  double next_lr(const Now& now) const override;
  void on_epoch(std::int64_t epoch) override;

 private:
  struct Place;
  Place place(std::int64_t epoch) const;
  double between(std::size_t group, const std::string& start, const std::string& end, double part) const;
};

}  // namespace optim
}  // namespace harker

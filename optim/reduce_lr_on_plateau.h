// ReduceLROnPlateau: lowers the learning rate when a measure (a loss, an accuracy) has stopped getting better. Its step
// takes that measure, so it is no LRScheduler.
#pragma once
#include <harker/optim/lr_scheduler.h>

namespace harker HARKER_PUBLIC {
namespace optim {

enum class PlateauMode : std::uint8_t { min, max };    ///< whether lower or higher is better
enum class ThresholdMode : std::uint8_t { rel, abs };  ///< better by a part of the best, or by an amount

struct ReduceLROnPlateauOptions {
  PlateauMode mode = PlateauMode::min;
  double factor = 0.1;         ///< lr *= factor
  std::int64_t patience = 10;  ///< after more than so many epochs in a row that were not better
  double threshold = 1e-4;
  ThresholdMode threshold_mode = ThresholdMode::rel;
  std::int64_t cooldown = 0;  ///< epochs after a reduction in which none counts as bad
  PerGroup min_lr = 0.0;
  double eps = 1e-8;  ///< a smaller change of the rate is not made
};

class ReduceLROnPlateau {
 public:
  explicit ReduceLROnPlateau(Optimizer& optimizer, const ReduceLROnPlateauOptions& options = {});

  /// After each epoch, with its measure. NaN is never better.
  void step(double metrics);
  std::vector<double> get_last_lr() const;
  double best() const { return state_.best; }
  std::int64_t num_bad_epochs() const { return state_.num_bad_epochs; }
  /// torch's keys and values.
  Value state_dict() const;
  /// Throws, and has changed nothing, when it is another scheduler's, or an entry has another type or does not fit.
  void load_state_dict(const Value& state);

 private:
  struct State {
    double factor = 0, eps = 0, threshold = 0, mode_worse = 0, best = 0;
    std::vector<double> min_lrs, last_lr;
    std::int64_t patience = 0, cooldown = 0, last_epoch = 0, cooldown_counter = 0, num_bad_epochs = 0;
    std::string mode, threshold_mode;
    double default_min_lr = 0;
    bool has_default_min_lr = true;
    void describe(OptionIO& io);
    void check(std::size_t groups) const;
    bool is_better(double a) const;
  };
  Optimizer* optimizer_;
  State state_;
  Value loaded_;
};

}  // namespace optim
}  // namespace harker

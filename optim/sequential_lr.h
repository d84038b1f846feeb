// SequentialLR: one scheduler after the other, a warm-up before the rest:
//
//   optim::LinearLR warm_up(optimizer, {.total_iters = 5});
//   optim::CosineAnnealingLR fall(optimizer, {.T_max = 95});
//   optim::SequentialLR scheduler(optimizer, {&warm_up, &fall}, {5});
#pragma once
#include <harker/optim/lr_scheduler.h>

namespace harker HARKER_PUBLIC {
namespace optim {

/// schedulers[i + 1] takes over at epoch milestones[i] with its own epoch 0. They must outlive this one, and only this
/// one's step() is called. No SequentialLR goes into another.
class SequentialLR : public LRScheduler {
 public:
  /// Error for no scheduler, one of another optimizer, one that is given twice, and milestones that are not one fewer
  /// or do not rise.
  SequentialLR(Optimizer& optimizer, std::vector<ChainableLR*> schedulers, std::vector<std::int64_t> milestones);

  void step() override;
  std::vector<double> get_last_lr() const override;
  /// torch's, with those of the schedulers.
  Value state_dict() const override;
  void load_state_dict(const Value& state) override;

 private:
  std::size_t index_at(std::int64_t epoch) const;
  Optimizer* optimizer_;
  std::vector<ChainableLR*> schedulers_;
  std::vector<std::int64_t> milestones_;
  std::int64_t last_epoch_ = 0;
  std::vector<double> last_lr_;
  Value loaded_;
};

}  // namespace optim
}  // namespace harker

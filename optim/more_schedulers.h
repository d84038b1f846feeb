// MultiplicativeLR, PolynomialLR, CosineAnnealingWarmRestarts and ChainedScheduler: as the others of lr_scheduler.h. Not in
// harker.h.
#pragma once
#include <harker/optim/lambda_lr.h>

namespace harker HARKER_PUBLIC {
namespace optim {

/// lr = the rate before * f(epoch), from epoch 1 on. The functions are not in the state dict, as in torch.
class MultiplicativeLR : public ChainableLR {
 public:
  /// One function for all groups.
  MultiplicativeLR(Optimizer& optimizer, LRLambda f, std::int64_t last_epoch = -1);
  /// One for each group.
  MultiplicativeLR(Optimizer& optimizer, std::vector<LRLambda> f, std::int64_t last_epoch = -1);

 protected:
  double next_lr(const Now& now) const override;
  void write(OptionIO& io) const override;
  void write_after(OptionIO& io) const override;
  void read(OptionIO& io, bool keep) override;

 private:
  std::vector<LRLambda> f_;
};

struct PolynomialLROptions {
  std::int64_t total_iters = 5;
  double power = 1;
  std::int64_t last_epoch = -1;
};
/// From the initial rate to 0 in total_iters epochs: (1 - epoch / total_iters)^power of it.
class PolynomialLR : public SchedulerWith<PolynomialLR, PolynomialLROptions> {
 public:
  explicit PolynomialLR(Optimizer& optimizer, const PolynomialLROptions& options = {});
  static void describe(PolynomialLROptions& o, OptionIO& io);
  static void check(const PolynomialLROptions& o);

 protected:
  double next_lr(const Now& now) const override;
  double closed_form_lr(const Now& now) const override;
};

struct CosineAnnealingWarmRestartsOptions {
  std::int64_t T_0 = 0;  ///< required: epochs to the first restart
  std::int64_t T_mult = 1;
  double eta_min = 0;
  std::int64_t last_epoch = -1;
};
/// Along half a cosine down to eta_min, then from the initial rate again, each time T_mult times as long (Loshchilov and
/// Hutter 2017).
class CosineAnnealingWarmRestarts
    : public SchedulerWith<CosineAnnealingWarmRestarts, CosineAnnealingWarmRestartsOptions> {
 public:
  CosineAnnealingWarmRestarts(Optimizer& optimizer, const CosineAnnealingWarmRestartsOptions& options);
  static void describe(CosineAnnealingWarmRestartsOptions& o, OptionIO& io);
  static void check(const CosineAnnealingWarmRestartsOptions& o);

 protected:
  double next_lr(const Now& now) const override;
  void write(OptionIO& io) const override;
};

/// All schedulers step together: their factors multiply. They must outlive this one, and only this one's step() is
/// called.
class ChainedScheduler : public LRScheduler {
 public:
  /// Error for no scheduler, one of another optimizer, and one that is given twice.
  explicit ChainedScheduler(std::vector<ChainableLR*> schedulers);
  void step() override;
  std::vector<double> get_last_lr() const override { return last_lr_; }
  Value state_dict() const override;
  void load_state_dict(const Value& state) override;

 private:
  std::vector<double> rates() const;
  std::vector<ChainableLR*> schedulers_;
  std::vector<double> last_lr_;
};

}  // namespace optim
}  // namespace harker

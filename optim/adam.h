// Adam and AdamW (Kingma and Ba 2015; Loshchilov and Hutter 2019), step by step as torch.optim computes them:
// docs/optim.md.
#pragma once
#include <harker/optim/fused_optimizer.h>

namespace harker HARKER_PUBLIC {
namespace optim {

struct AdamOptions {
  double lr = 1e-3;
  std::array<double, 2> betas = {0.9, 0.999};
  double eps = 1e-8;
  double weight_decay = 0;
  bool amsgrad = false;
  bool maximize = false;
  bool decoupled_weight_decay = false;  ///< AdamW's: p *= 1 - lr * weight_decay instead of adding to the gradient
  double get_lr() const { return lr; }
  void set_lr(double v) { lr = v; }
};

class Adam : public OptimizerWith<Adam, AdamOptions, FusedOptimizer> {
 public:
  using OptimizerWith::OptimizerWith;

  static void describe(AdamOptions& o, OptionIO& io);
  static void check(const AdamOptions& o);

 protected:
  std::span<const std::string_view> slot_names() const override;
  unsigned slots_in_use(std::size_t group) const override;
  void launch(std::size_t group, Device on, DType dtype, std::span<const StepItem> items, double step) override;

 private:
  /// 1 - beta1^step and sqrt(1 - beta2^step), of the last call of the kernel.
  struct Corrections {
    double step = -1;
    std::array<double, 2> betas = {};
    double first = 0, second_sqrt = 0;
    void reach(double to, const std::array<double, 2>& of);
  };
  Corrections corrections_;
};
extern template class OptimizerWith<Adam, AdamOptions, FusedOptimizer>;

/// AdamOptions with AdamW's defaults.
struct AdamWOptions {
  double lr = 1e-3;
  std::array<double, 2> betas = {0.9, 0.999};
  double eps = 1e-8;
  double weight_decay = 1e-2;
  bool amsgrad = false;
  bool maximize = false;
  double get_lr() const { return lr; }
  void set_lr(double v) { lr = v; }
};

/// Adam with decoupled weight decay. It refuses a state of Adam, whose weight decay means something else; Adam takes
/// one of AdamW, whose groups say that theirs is decoupled, and is AdamW from then on, as in torch.
class AdamW : public Adam {
 public:
  explicit AdamW(std::vector<Tensor> params, const AdamWOptions& options = {});
  template <class Number>
  requires std::is_arithmetic_v<Number> AdamW(std::vector<Tensor> params, Number lr)
      : AdamW(std::move(params), AdamWOptions{.lr = static_cast<double>(lr)}) {}
  explicit AdamW(std::vector<NamedTensor> params, const AdamWOptions& options = {});
  explicit AdamW(const std::vector<ParamGroup<AdamWOptions>>& groups);

 protected:
  void read_options(std::size_t group, OptionIO& io, bool keep) override;
};

}  // namespace optim
}  // namespace harker

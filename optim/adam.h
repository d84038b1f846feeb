// Adam and AdamW (Kingma and Ba 2015; Loshchilov and Hutter 2019), step by step as torch.optim computes them:
// docs/optim.md.
#pragma once
#include <harker/core/backend/backend.h>
#include <harker/optim/optimizer.h>

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
};

class Adam : public OptimizerWith<Adam, AdamOptions> {
 public:
  explicit Adam(std::vector<Tensor> params, const AdamOptions& options = {})
      : OptimizerWith(std::move(params), options) {}
  /// With names: the state dict carries them, and is matched by them.
  explicit Adam(std::vector<NamedTensor> params, const AdamOptions& options = {})
      : OptimizerWith(std::move(params), options) {}
  explicit Adam(std::vector<ParamGroup<AdamOptions>> groups) : OptimizerWith(std::move(groups)) {}

  void step() override;

  static void describe(AdamOptions& o, OptionIO& io);
  static void check(const AdamOptions& o);

 protected:
  std::span<const std::string_view> slot_names() const override;

 private:
  void prepare(std::size_t i, const AdamOptions& o);
  bool as_before(const Group& group, const AdamOptions& o) const;
  void step_again(const Group& group, const AdamOptions& o);
  void step_anew(const Group& group, const AdamOptions& o);
  void step_by_copy(std::size_t i, const AdamOptions& o);
  void set_corrections(const AdamOptions& o, double step);
  AdamStep step_ = {};
  struct Corrections {
    double step = -1;
    std::array<double, 2> betas = {};
  };
  Corrections corrections_;  // for which step_ holds the bias corrections
  // Kept, so that a step allocates nothing:
  std::vector<AdamItem> cached_;    // one per parameter: where it lay at the last step; all null when it was not direct
  std::vector<bool> as_before_;     // one per group
  std::vector<AdamItem> items_[2];  // float32, float64
};

/// AdamOptions with AdamW's defaults.
struct AdamWOptions {
  double lr = 1e-3;
  std::array<double, 2> betas = {0.9, 0.999};
  double eps = 1e-8;
  double weight_decay = 1e-2;
  bool amsgrad = false;
  bool maximize = false;
};

/// Adam with decoupled weight decay.
class AdamW : public Adam {
 public:
  explicit AdamW(std::vector<Tensor> params, const AdamWOptions& o = {}) : Adam(std::move(params), adam(o)) {}
  explicit AdamW(std::vector<NamedTensor> params, const AdamWOptions& o = {}) : Adam(std::move(params), adam(o)) {}
  explicit AdamW(const std::vector<ParamGroup<AdamWOptions>>& groups) : Adam(adam(groups)) {}

 private:
  static AdamOptions adam(const AdamWOptions& o) {
    return {o.lr, o.betas, o.eps, o.weight_decay, o.amsgrad, o.maximize, true};
  }
  static std::vector<ParamGroup<AdamOptions>> adam(const std::vector<ParamGroup<AdamWOptions>>& groups);
};

}  // namespace optim
}  // namespace harker

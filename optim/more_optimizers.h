// NAdam, RAdam, Adamax, Adadelta, ASGD and Muon, step by step as torch.optim computes them: docs/optim.md. Each is an
// expression of tensors. Not in harker.h.
#pragma once
#include <harker/optim/tensor_optimizer.h>

namespace harker HARKER_PUBLIC {
namespace optim {

struct NAdamOptions {
  double lr = 2e-3;
  std::array<double, 2> betas = {0.9, 0.999};
  double eps = 1e-8;
  double weight_decay = 0;
  double momentum_decay = 4e-3;
  bool decoupled_weight_decay = false;
  bool maximize = false;
  double get_lr() const { return lr; }
  void set_lr(double v) { lr = v; }
};
/// Adam with Nesterov's momentum (Dozat 2016).
class NAdam : public OptimizerWith<NAdam, NAdamOptions, TensorOptimizer> {
 public:
  using OptimizerWith::OptimizerWith;

  static void describe(NAdamOptions& o, OptionIO& io);
  static void check(const NAdamOptions& o);

 protected:
  std::span<const std::string_view> slot_names() const override;
  unsigned scalar_slots() const override { return 0b1; }
  Tensor initial_slot(std::size_t group, std::size_t slot, const Tensor& p) const override;
  void update(std::size_t group, Tensor p, Tensor grad, State& s) override;
};
extern template class OptimizerWith<NAdam, NAdamOptions, TensorOptimizer>;

struct RAdamOptions {
  double lr = 1e-3;
  std::array<double, 2> betas = {0.9, 0.999};
  double eps = 1e-8;
  double weight_decay = 0;
  bool decoupled_weight_decay = false;
  bool maximize = false;
  double get_lr() const { return lr; }
  void set_lr(double v) { lr = v; }
};
/// Adam whose first steps are held back where the second moment is not yet known (Liu et al. 2020).
class RAdam : public OptimizerWith<RAdam, RAdamOptions, TensorOptimizer> {
 public:
  using OptimizerWith::OptimizerWith;

  static void describe(RAdamOptions& o, OptionIO& io);
  static void check(const RAdamOptions& o);

 protected:
  std::span<const std::string_view> slot_names() const override;
  void update(std::size_t group, Tensor p, Tensor grad, State& s) override;
};
extern template class OptimizerWith<RAdam, RAdamOptions, TensorOptimizer>;

struct AdamaxOptions {
  double lr = 2e-3;
  std::array<double, 2> betas = {0.9, 0.999};
  double eps = 1e-8;
  double weight_decay = 0;
  bool maximize = false;
  double get_lr() const { return lr; }
  void set_lr(double v) { lr = v; }
};
/// Adam with the largest gradient in place of the second moment (Kingma and Ba 2015).
class Adamax : public OptimizerWith<Adamax, AdamaxOptions, TensorOptimizer> {
 public:
  using OptimizerWith::OptimizerWith;

  static void describe(AdamaxOptions& o, OptionIO& io);
  static void check(const AdamaxOptions& o);

 protected:
  std::span<const std::string_view> slot_names() const override;
  void update(std::size_t group, Tensor p, Tensor grad, State& s) override;
};
extern template class OptimizerWith<Adamax, AdamaxOptions, TensorOptimizer>;

struct AdadeltaOptions {
  double lr = 1.0;
  double rho = 0.9;
  double eps = 1e-6;
  double weight_decay = 0;
  bool maximize = false;
  double get_lr() const { return lr; }
  void set_lr(double v) { lr = v; }
};
/// Steps in the units of the parameters, from the changes so far (Zeiler 2012).
class Adadelta : public OptimizerWith<Adadelta, AdadeltaOptions, TensorOptimizer> {
 public:
  using OptimizerWith::OptimizerWith;

  static void describe(AdadeltaOptions& o, OptionIO& io);
  static void check(const AdadeltaOptions& o);

 protected:
  std::span<const std::string_view> slot_names() const override;
  void update(std::size_t group, Tensor p, Tensor grad, State& s) override;
};
extern template class OptimizerWith<Adadelta, AdadeltaOptions, TensorOptimizer>;

struct ASGDOptions {
  double lr = 1e-2;
  double lambd = 1e-4;
  double alpha = 0.75;
  double t0 = 1e6;
  double weight_decay = 0;
  bool maximize = false;
  double get_lr() const { return lr; }
  void set_lr(double v) { lr = v; }
};
/// Gradient descent, and beside it the average of its parameters, `ax` in the state (Polyak and Juditsky 1992).
class ASGD : public OptimizerWith<ASGD, ASGDOptions, TensorOptimizer> {
 public:
  using OptimizerWith::OptimizerWith;

  static void describe(ASGDOptions& o, OptionIO& io);
  static void check(const ASGDOptions& o);

 protected:
  std::span<const std::string_view> slot_names() const override;
  unsigned scalar_slots() const override { return 0b11; }
  Tensor initial_slot(std::size_t group, std::size_t slot, const Tensor& p) const override;
  void update(std::size_t group, Tensor p, Tensor grad, State& s) override;
};
extern template class OptimizerWith<ASGD, ASGDOptions, TensorOptimizer>;

struct MuonOptions {
  double lr = 1e-3;
  double weight_decay = 0.1;
  double momentum = 0.95;
  bool nesterov = true;
  std::array<double, 3> ns_coefficients = {3.4445, -4.775, 2.0315};
  double eps = 1e-7;
  std::int64_t ns_steps = 5;
  std::string adjust_lr_fn = {};  ///< "" or "original", "match_rms_adamw", "spectral_unclamped"
  double get_lr() const { return lr; }
  void set_lr(double v) { lr = v; }
};
/// Momentum, made orthogonal (Jordan et al. 2024): for the matrices of hidden layers, ShapeError for others. The
/// orthogonalisation is computed in bfloat16, as in torch: results agree with torch's to that.
class Muon : public OptimizerWith<Muon, MuonOptions, TensorOptimizer> {
 public:
  using OptimizerWith::OptimizerWith;

  static void describe(MuonOptions& o, OptionIO& io);
  static void check(const MuonOptions& o);

 protected:
  std::span<const std::string_view> slot_names() const override;
  bool counts_steps() const override { return false; }
  void check_parameter(const Tensor& p) const override;
  void update(std::size_t group, Tensor p, Tensor grad, State& s) override;
};
extern template class OptimizerWith<Muon, MuonOptions, TensorOptimizer>;

}  // namespace optim
}  // namespace harker

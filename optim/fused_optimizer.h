// FusedOptimizer: a step that is one kernel call for each group (core/backend). All parameters of one dtype that have
// made the same number of steps go together; a step of a small model makes no tensor and allocates nothing. A derived
// class says which state tensors its options need, and hands the call to its kernel.
#pragma once
#include <harker/core/backend/optimizer_steps.h>
#include <harker/optim/optimizer.h>

namespace harker HARKER_PUBLIC {
namespace optim {

class FusedOptimizer : public Optimizer {
 public:
  ~FusedOptimizer() override;
  FusedOptimizer(FusedOptimizer&&) noexcept;
  FusedOptimizer& operator=(FusedOptimizer&&) noexcept;
  /// Updates every parameter that has a gradient. ShapeError when a gradient does not fit. Nothing has changed when
  /// this throws, std::bad_alloc included.
  void step() override;
  using Optimizer::step;

 protected:
  FusedOptimizer();
  /// Which slots the options of this group need: bit k is slot k. A slot is made when it is first needed.
  virtual unsigned slots_in_use(std::size_t group) const = 0;
  /// What a state tensor holds before the first step.
  virtual double initial_value(std::size_t group) const;
  /// The kernel call. All items are of one dtype and lie on one device; they have made `step` steps, this one included.
  /// Without counts_steps(), `step` only tells the first (1) from later ones.
  virtual void launch(std::size_t group, Device on, DType dtype, std::span<const StepItem> items, double step) = 0;

  /// Gives every parameter its state before the first step, as Adagrad has it.
  void make_states();
  bool has_stepped() const override { return stepped_; }

 private:
  bool as_before(const Group& group, unsigned slots) const;
  void check_gradients(const Group& group) const;
  void step_again(std::size_t group);
  void make_slots(std::size_t group, std::size_t i);
  void take_made();
  void prepare(std::size_t group);
  void enter(std::size_t group);
  void step_anew(std::size_t group, const Tensor& scratch);
  void step_by_copy(std::size_t group, std::size_t i, const Tensor& scratch);
  bool stepped_ = false;
  std::int64_t scratch_numel_ = 0;  // elements of the largest parameter that is stepped by copies
  // Kept, so that a step allocates nothing:
  std::vector<StepItem> cached_;  // one per parameter: where it lay at the last step; all null when it was not direct
  // One per group: true or false. Not of bool: the class of that vector is dear to the compiler of every user.
  std::vector<char> as_before_;
  std::vector<StepItem> items_[2];  // float32, float64
  /// A state tensor that the step needs, until all have been made.
  struct Made {
    std::size_t param;
    unsigned slot;
    Tensor tensor;
    bool first;  // there was none
  };
  std::vector<Made> made_;
};

}  // namespace optim
}  // namespace harker

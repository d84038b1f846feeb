// LoRA: a Linear whose weight stays, with a small change of it that is trained: y = W x + b + alpha / r B A x, where
// A[r, in] and B[out, r]. Names are those of peft but for the adapter's, "default", which it leaves out of its files, too.
#pragma once
#include <harker/nn/dropout.h>
#include <harker/nn/linear.h>

namespace harker HARKER_PUBLIC {
namespace nn {

struct LoRAOptions {
  std::int64_t r = 8;
  double alpha = 8;
  double dropout = 0;  ///< of what A is given, while training
};

class LoRA : public Module {
 public:
  HARKER_MODULE(LoRA)
  Linear base_layer;  ///< takes no gradient from now on
  Dropout lora_dropout;
  Linear lora_A, lora_B;  ///< without bias; B begins with 0, so that nothing has changed yet

  /// ShapeError unless r >= 1.
  explicit LoRA(const Linear& base, LoRAOptions options = {});
  Tensor forward(const Tensor& x) const;
  Tensor operator()(const Tensor& x) const;
  /// Adds alpha / r B A to the base's weight, and computes with that alone: as fast as the Linear. unmerge() takes it
  /// off again, but for rounding. Both do nothing where it is done already. What is trained meanwhile is not seen.
  void merge();
  void unmerge();
  bool merged() const;

 private:
  void add_to_base(double factor) const;
  double scaling_;
  Buffer merged_;  // 0-d: a copy is another name for the same module
};

/// The adapters alone, all "lora_A.weight" and "lora_B.weight" of a model: what is to be saved of a training.
StateDict lora_state_dict(const Module& model);
/// Loads them. Error when one of the model's is missing, or there are others; nothing has changed then.
LoadReport load_lora_state_dict(Module model, const StateDict& state);

}  // namespace nn
}  // namespace harker

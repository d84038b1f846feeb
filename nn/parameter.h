// Parameter: a tensor that a module trains; Buffer: one that it only keeps. Types of their own so that `layer.weight =
// t` does not compile: the assignment would make the member a stranger to the module's registry, which the optimizer
// and state_dict() read.
#pragma once
#include <harker/core/tensor.h>

namespace harker HARKER_PUBLIC {
namespace nn {

class Parameter : public Tensor {
 public:
  /// No parameter: Linear's bias when it has none. Not in parameters() and not in state_dict().
  Parameter() noexcept = default;
  /// As torch.nn.Parameter: a new leaf that shares `data`'s storage. GradError when it shall require grad and is no
  /// floating point tensor.
  explicit Parameter(const Tensor& data, bool requires_grad = true) : Tensor(data.detach()) {
    if (requires_grad) requires_grad_(true);
  }
  Parameter(const Parameter&) = default;
  Parameter(Parameter&&) noexcept = default;
  /// Only for the assignment of whole layers.
  Parameter& operator=(const Parameter&) = default;
  Parameter& operator=(Parameter&&) noexcept = default;
  /// Copy the numbers instead: `NoGradGuard no_grad; weight.copy_(t);`
  Parameter& operator=(const Tensor&) = delete;
};

/// A tensor that a module saves but does not train, such as running statistics: as torch.nn.Buffer. It cannot be
/// assigned a tensor either.
class Buffer : public Tensor {
 public:
  Buffer() noexcept = default;
  explicit Buffer(const Tensor& t) : Tensor(t) {}
  Buffer(const Buffer&) = default;
  Buffer(Buffer&&) noexcept = default;
  Buffer& operator=(const Buffer&) = default;
  Buffer& operator=(Buffer&&) noexcept = default;
  Buffer& operator=(const Tensor&) = delete;
};

}  // namespace nn
}  // namespace harker

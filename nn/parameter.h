// Parameter: a tensor that a module trains; Buffer: one that it only keeps. Types of their own so that an assignment,
// `layer.weight = other`, reaches the module's registry, which the optimizer, state_dict() and load_state_dict() read:
// no member becomes a stranger to it in silence.
#pragma once
#include <concepts>

#include <harker/core/tensor.h>

namespace harker HARKER_PUBLIC {
namespace nn {
class Module;
}

namespace detail {
class Parametrization;

/// What a registry holds of one parameter or buffer, and all handles on it share.
struct Slot {
  RefCount refs;
  Tensor tensor;
};
inline void destroy(Slot* s) noexcept { delete s; }

/// What Parameter and Buffer share. Copies are further handles; so is what was moved from.
class Registered : public Tensor {
 protected:
  enum class Kind { parameter, buffer };
  Registered() noexcept = default;
  explicit Registered(const Tensor& t) noexcept : Tensor(t) {}
  Registered(const Registered&) noexcept = default;
  ~Registered() = default;
  /// The assignment: this and the registry's entry become o's tensor. A handle that is not registered becomes another
  /// handle on o. Error when there are handles besides this one and the registry's, which would keep the old tensor,
  /// and when one that is registered was `moved` into another: who moves does not mean to tie.
  void become(const Registered& o, Kind kind, bool moved);
  /// Copies t's numbers; GradError unless under a NoGradGuard.
  void copy_numbers(const Tensor& t);
  explicit Registered(const Ref<Slot>& slot) noexcept : Tensor(slot->tensor), slot_(slot) {}

 private:
  friend class nn::Module;
  friend class Parametrization;
  Ref<Slot> slot_;  // null: not registered
};

template <class T, class Self>
concept OtherTensor = std::derived_from<T, Tensor> && !std::derived_from<T, Self>;

}  // namespace detail

namespace nn {

class Parameter : public harker::detail::Registered {
 public:
  /// No parameter: Linear's bias when it has none. Not in parameters() and not in state_dict().
  Parameter() noexcept = default;
  /// As torch.nn.Parameter: a new leaf that shares `data`'s storage. GradError when it shall require grad and is no
  /// floating point tensor.
  explicit Parameter(const Tensor& data, bool requires_grad = true) : Registered(data.detach()) {
    if (requires_grad) requires_grad_(true);
  }
  Parameter(const Parameter&) noexcept = default;
  ~Parameter() = default;
  /// As in PyTorch, the module has p's tensor from now on: `head.weight = emb.weight` ties the two, `head.weight =
  /// nn::Parameter(t)` exchanges it, `head.bias = nn::Parameter()` takes it away. An optimizer made before keeps the
  /// old tensor. Error, and nothing has changed, when this is not the only handle on what it is registered as: a copy
  /// of the module or of the member would keep the old tensor. Tie before copying, and hold local copies as Tensor.
  Parameter& operator=(const Parameter& p) & {
    become(p, Kind::parameter, false);
    return *this;
  }
  /// The same of what is nobody's, `= nn::Parameter(t)`. Error when both are registered: std::swap, and the erase() and
  /// insert() of a std::vector, would tie what they only shift.
  Parameter& operator=(Parameter&& p) & {
    become(p, Kind::parameter, true);
    return *this;
  }
  /// Under a NoGradGuard copies the numbers, converted, for all handles; ShapeError for another shape. Otherwise
  /// GradError: a plain tensor is not trained.
  template <harker::detail::OtherTensor<Parameter> T>
  Parameter& operator=(const T& t) & {
    copy_numbers(t);
    return *this;
  }

 private:
  friend class Module;
  explicit Parameter(const Ref<harker::detail::Slot>& slot) noexcept : Registered(slot) {}
};

/// A tensor that a module saves but does not train, such as running statistics: as torch.nn.Buffer.
class Buffer : public harker::detail::Registered {
 public:
  Buffer() noexcept = default;
  explicit Buffer(const Tensor& t) noexcept : Registered(t) {}
  Buffer(const Buffer&) noexcept = default;
  ~Buffer() = default;
  /// As a Parameter's: the module has b's tensor from now on. GradError for one that requires grad.
  Buffer& operator=(const Buffer& b) & {
    become(b, Kind::buffer, false);
    return *this;
  }
  Buffer& operator=(Buffer&& b) & {
    become(b, Kind::buffer, true);
    return *this;
  }
  /// As in PyTorch the same. GradError for a tensor that requires grad: `buffer = t.detach()`.
  template <harker::detail::OtherTensor<Buffer> T>
  Buffer& operator=(const T& t) & {
    return *this = Buffer(t);
  }

 private:
  friend class Module;
  explicit Buffer(const Ref<harker::detail::Slot>& slot) noexcept : Registered(slot) {}
};

}  // namespace nn
}  // namespace harker

// Hooks: functions of the user's that a gradient passes through, and the handles that remove them again.
// Who calls them: core/autograd/run/engine.cpp (tensors that were computed), grad_accumulator.cpp (leaves), nn/hooks.cpp.
#pragma once
#include <cstdint>

#include <harker/core/base/ref.h>
#include <harker/core/export.h>

namespace harker HARKER_PUBLIC {

class Tensor;
class HookHandle;

namespace detail {

/// One function; its type is forgotten.
struct Hook {
  RefCount refs;
  Hook* next_dead = nullptr;
  Hook() = default;
  Hook(const Hook&) = delete;
  Hook& operator=(const Hook&) = delete;
  virtual ~Hook();
};
/// Never recurses: what a hook holds may have hooks of its own.
void destroy(Hook* h) noexcept;

/// On a gradient: returns what takes its place, or an undefined tensor. Those on an accumulated gradient get the leaf.
struct TensorHook : Hook {
  virtual Tensor call(const Tensor& t) = 0;
};

/// The hooks of one tensor or module, in the order in which they were registered (core/autograd/record/hook_set.h).
class HookSet;

HookHandle add_gradient_hook(const Tensor& t, Ref<Hook> hook);
HookHandle add_accumulated_hook(const Tensor& t, Ref<Hook> hook);

}  // namespace detail

/// What registering a hook returns. The hook stays when the handle goes; remove() takes it off, at any time, and again
/// without harm.
class HookHandle {
 public:
  HookHandle() noexcept = default;
  HookHandle(detail::HookSet* shared, std::uint64_t id) noexcept;
  HookHandle(const HookHandle& o) noexcept;
  HookHandle& operator=(const HookHandle& o) noexcept;
  ~HookHandle();
  void remove() noexcept;

 private:
  detail::HookSet* set_ = nullptr;  // owned: one reference
  std::uint64_t id_ = 0;
};

}  // namespace harker

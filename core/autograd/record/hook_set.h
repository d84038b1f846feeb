// HookSet: the hooks of one tensor or module. Threads may share it: a hook may be removed while a backward pass of
// another thread calls it. Internal.
#pragma once
#include <mutex>
#include <utility>
#include <vector>

#include <harker/core/tensor/hooks.h>

namespace harker HARKER_PUBLIC {

struct TensorImpl;

namespace detail {

class HookSet {
 public:
  RefCount refs;
  HookHandle add(Ref<Hook> hook);
  void remove(std::uint64_t id) noexcept;
  /// What is registered now: a hook may register others, and remove itself, while they are called.
  std::vector<Ref<Hook>> now() const;
  bool empty() const;

 private:
  mutable std::mutex mutex_;
  std::uint64_t next_ = 1;
  std::vector<std::pair<std::uint64_t, Ref<Hook>>> hooks_;
};
inline void destroy(HookSet* s) noexcept { delete s; }

/// The hooks of a leaf: made with the first one, by any thread, and there as long as the leaf.
struct TensorHooks {
  Ref<HookSet> gradient{new HookSet}, accumulated{new HookSet};
};

void drop_hooks(TensorImpl* leaf) noexcept;

/// g after every hook of the set; the shape, dtype and device of what a hook returns must be g's, else ShapeError.
Tensor hooked(const HookSet& hooks, Tensor g);

}  // namespace detail
}  // namespace harker

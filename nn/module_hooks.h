// ModuleHooks: the hooks that all handles of a module share (internal).
#pragma once
#include <harker/core/autograd/record/hook_set.h>

namespace harker::detail {

class ModuleHooks {
 public:
  RefCount refs;
  using Set = Ref<HookSet>;
  Set pre{new HookSet}, forward{new HookSet}, backward{new HookSet};
};
inline void destroy(ModuleHooks* h) noexcept { delete h; }

}  // namespace harker::detail

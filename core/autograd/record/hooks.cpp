// Registering, removing and calling the hooks of tensors.
#include <harker/core/tensor/hooks.h>

#include <algorithm>
#include <atomic>
#include <memory>

#include <harker/core/autograd/record/hook_set.h>
#include <harker/core/autograd/record/node_meta.h>
#include <harker/core/autograd/record/view_history.h>
#include <harker/core/base/deferred_delete.h>
#include <harker/core/base/text.h>
#include <harker/core/tensor.h>

namespace harker HARKER_PUBLIC {

HookHandle::HookHandle(detail::HookSet* shared, std::uint64_t id) noexcept : set_(shared), id_(id) {
  if (set_) set_->refs.inc();
}
HookHandle::HookHandle(const HookHandle& o) noexcept : HookHandle(o.set_, o.id_) {}
HookHandle& HookHandle::operator=(const HookHandle& o) noexcept {
  HookHandle copy(o);
  std::swap(set_, copy.set_);
  std::swap(id_, copy.id_);
  return *this;
}
HookHandle::~HookHandle() { Ref<detail::HookSet> drop(set_); }
void HookHandle::remove() noexcept {
  if (set_) set_->remove(id_);
  *this = {};
}

namespace detail {

Hook::~Hook() = default;

namespace {
thread_local constinit DeferredDeletes<Hook> waiting;
}

void destroy(Hook* h) noexcept {
  deferred_delete(waiting, h, [](Hook* d) { delete d; });
}

HookHandle HookSet::add(Ref<Hook> hook) {
  const std::lock_guard lock(mutex_);
  hooks_.emplace_back(next_, std::move(hook));
  return HookHandle(this, next_++);
}

void HookSet::remove(std::uint64_t id) noexcept {
  Ref<Hook> gone;  // its destructor is the user's code: not under the lock
  const std::lock_guard lock(mutex_);
  const auto at = std::find_if(hooks_.begin(), hooks_.end(), [id](const auto& h) { return h.first == id; });
  if (at == hooks_.end()) return;
  gone = std::move(at->second);
  hooks_.erase(at);
}

std::vector<Ref<Hook>> HookSet::now() const {
  const std::lock_guard lock(mutex_);
  std::vector<Ref<Hook>> all;
  all.reserve(hooks_.size());
  for (const auto& [id, hook] : hooks_) all.push_back(hook);
  return all;
}

bool HookSet::empty() const {
  const std::lock_guard lock(mutex_);
  return hooks_.empty();
}

void drop_hooks(TensorImpl* leaf) noexcept { delete std::exchange(leaf->hooks, nullptr); }

Tensor hooked(const HookSet& hooks, Tensor g) {
  for (const Ref<Hook>& h : hooks.now()) {
    const std::uint32_t version = g.version();
    Tensor instead = static_cast<TensorHook&>(*h).call(g);
    if (g.version() != version)
      throw_error<GradError>("register_hook: the hook has changed its gradient, ", name(g.dtype()), " ", g.shape(),
                             ", in place, but others may share it; return a new tensor");
    if (!instead.defined()) continue;
    if (!(instead.shape() == g.shape()) || instead.dtype() != g.dtype() || !(instead.device() == g.device()))
      throw_error<ShapeError>("register_hook: the hook was given a gradient of ", name(g.dtype()), " ", g.shape(),
                              " and returned ", name(instead.dtype()), " ", instead.shape(),
                              "; return one of the same shape and dtype, or nothing");
    g = std::move(instead);
  }
  return g;
}

namespace {
TensorHooks& hooks_of_leaf(TensorImpl& p) {
  const std::atomic_ref hooks(p.hooks);
  if (TensorHooks* const known = hooks.load(std::memory_order_acquire)) return *known;
  auto made = std::make_unique<TensorHooks>();
  TensorHooks* other = nullptr;
  if (!hooks.compare_exchange_strong(other, made.get(), std::memory_order_acq_rel)) return *other;
  return *made.release();
}
}  // namespace

HookHandle add_gradient_hook(const Tensor& t, Ref<Hook> hook) {
  TensorImpl& p = up_to_date(t);
  if (!p.requires_grad)
    throw_error<GradError>("register_hook: the tensor does not require grad, so no gradient will ever pass");
  if (!p.grad_fn) return hooks_of_leaf(p).gradient->add(std::move(hook));
  Ref<HookSet>& set = meta_of(p.grad_fn).hooks;
  if (!set) set = Ref<HookSet>(new HookSet);
  return set->add(std::move(hook));
}

HookHandle add_accumulated_hook(const Tensor& t, Ref<Hook> hook) {
  TensorImpl& p = up_to_date(t);
  if (!p.requires_grad || p.grad_fn)
    throw_error<GradError>(
        "register_post_accumulate_grad_hook: only a leaf that requires grad accumulates a gradient; for a tensor that "
        "was computed there is register_hook");
  return hooks_of_leaf(p).accumulated->add(std::move(hook));
}

}  // namespace detail
}  // namespace harker

// Histories of views, and how a tensor gets another history than it had.
#include <harker/core/autograd/record/view_history.h>

#include <atomic>
#include <thread>

#include <harker/core/autograd/record/hook_set.h>
#include <harker/core/autograd/record/node.h>
#include <harker/core/autograd/record/node_meta.h>
#include <harker/core/autograd/record/trace.h>
#include <harker/core/base/text.h>
#include <harker/core/tensor/mode.h>

namespace harker HARKER_PUBLIC {
namespace detail {

TensorImpl* base_of(const TensorImpl& t) {
  if (!(t.flags & TensorImpl::kView)) return nullptr;
  TensorImpl* base = static_cast<const ViewImpl&>(t).base;
  return base && base->storage == t.storage ? base : nullptr;  // Module::to gives a tensor another storage
}

void prepare_adoption(const TensorImpl& p, Node* n) {
  if (n && p.flags & TensorImpl::kRetainsGrad) meta_of(n);
}

void adopt_history(TensorImpl& p, Ref<Node> n) noexcept {
  if (p.flags & TensorImpl::kRetainsGrad) {
    if (p.grad_fn) p.grad_fn->meta->retained = nullptr;
    if (n)
      n->meta->retained = &p;
    else
      p.flags &= static_cast<std::uint8_t>(~TensorImpl::kRetainsGrad);
  }
  drop_hooks(&p);  // it is no leaf, or none that requires grad
  std::atomic_ref(p.requires_grad).store(static_cast<bool>(n), std::memory_order_relaxed);  // see flags_of
  if (Node* old = std::exchange(p.grad_fn, n.release())) unref(old);
}

const char* renewed(TensorImpl& p) {
  ViewImpl& v = static_cast<ViewImpl&>(p);
  if (v.flags & TensorImpl::kUnrecordedView && v.storage->recorded > v.made_at)
    return "was made while nothing was recorded (NoGradGuard), and since then a recorded operation has changed its "
           "memory in place: its history is not known; make the view again";
  TensorImpl* const base = base_of(v);
  if (!base || v.seen.load(std::memory_order_acquire) == base->grad_fn) return nullptr;
  // Threads may share a view that neither of them changes.
  while (v.busy.exchange(true, std::memory_order_acquire)) std::this_thread::yield();
  struct Release {
    std::atomic<bool>& busy;
    ~Release() { busy.store(false, std::memory_order_release); }
  } release{v.busy};
  if (v.seen.load(std::memory_order_relaxed) == base->grad_fn) return nullptr;
  if (base->grad_fn) {
    if (v.flags & TensorImpl::kCustomView)
      return "was made by a custom Function, and since then a recorded operation has changed its memory in place "
             "through another tensor: the Function's backward would be left out; let the Function return a tensor of "
             "its own (a clone()), or compute a new tensor instead of changing one in place";
    if (!v.grad_fn && v.requires_grad)
      return "is a leaf that requires grad, and since then a recorded operation has changed its memory in place "
             "through another tensor; use NoGradGuard, or let the leaf be a clone()";
    ModeScope on(true);
    const Tensor made = view_anew(Tensor(Ref<TensorImpl>::share(base).release()), v);
    prepare_adoption(v, made.impl().grad_fn);
    adopt_history(v, Ref<Node>::share(made.impl().grad_fn));
  }
  v.seen.store(base->grad_fn, std::memory_order_release);
  return nullptr;
}

void renew_history(TensorImpl& p) {
  if (const char* why = renewed(p)) throw_error<GradError>("a view of ", p.shape, " ", why);
}

}  // namespace detail
}  // namespace harker

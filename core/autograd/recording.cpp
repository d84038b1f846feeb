// The rare cases of recording: views, inference tensors, traces.
#include <harker/core/autograd/recording.h>

#include <atomic>
#include <thread>

#include <harker/core/autograd/anomaly.h>
#include <harker/core/autograd/context.h>
#include <harker/core/autograd/extras.h>
#include <harker/core/autograd/hook_set.h>
#include <harker/core/autograd/mode.h>
#include <harker/core/autograd/view_history.h>
#include <harker/core/ops/strided.h>
#include <harker/core/text.h>

namespace harker HARKER_PUBLIC {
namespace detail {

TensorImpl* base_of(const TensorImpl& t) {
  if (!(t.marks & TensorImpl::kView)) return nullptr;
  TensorImpl* base = static_cast<const ViewImpl&>(t).base;
  return base && base->storage == t.storage ? base : nullptr;  // Module::to gives a tensor another storage
}

void prepare_adoption(const TensorImpl& p, Node* n) {
  if (n && p.marks & TensorImpl::kRetainsGrad) extras_of(n);
}

void adopt_history(TensorImpl& p, Ref<Node> n) noexcept {
  if (p.marks & TensorImpl::kRetainsGrad) {
    if (p.grad_fn) p.grad_fn->extras->retained = nullptr;
    if (n)
      n->extras->retained = &p;
    else
      p.marks &= static_cast<std::uint8_t>(~TensorImpl::kRetainsGrad);
  }
  delete std::exchange(p.hooks, nullptr);  // it is no leaf, or none that requires grad
  std::atomic_ref(p.requires_grad).store(static_cast<bool>(n), std::memory_order_relaxed);  // see flags_of
  if (Node* old = std::exchange(p.grad_fn, n.release())) unref(old);
}

const char* renewed(TensorImpl& p) {
  ViewImpl& v = static_cast<ViewImpl&>(p);
  if (v.marks & TensorImpl::kUnrecordedView && v.storage->recorded > v.made_at)
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
    if (v.marks & TensorImpl::kCustomView)
      return "was made by a custom Function, and since then a recorded operation has changed its memory in place "
             "through another tensor: the Function's backward would be left out; let the Function return a tensor of "
             "its own (a clone()), or compute a new tensor instead of changing one in place";
    if (!v.grad_fn && v.requires_grad)
      return "is a leaf that requires grad, and since then a recorded operation has changed its memory in place "
             "through another tensor; use NoGradGuard, or let the leaf be a clone()";
    ModeScope on(true);
    const Tensor made = as_strided(Tensor(Ref<TensorImpl>::share(base).release()), geometry_of(v, *base));
    prepare_adoption(v, made.impl().grad_fn);
    adopt_history(v, Ref<Node>::share(made.impl().grad_fn));
  }
  v.seen.store(base->grad_fn, std::memory_order_release);
  return nullptr;
}

void renew_history(TensorImpl& p) {
  if (const char* why = renewed(p)) throw GradError(str("a view of ", p.shape, " ", why));
}

void before_recording(Inputs inputs) {
  for (const Tensor* t : inputs)
    if (t && t->defined()) up_to_date(*t);
}

namespace {
/// z is a view of one of these, if of any. What holds for a view holds for a view of it.
void note_base(TensorImpl& z, Inputs inputs, bool custom) noexcept {
  ViewImpl& v = static_cast<ViewImpl&>(z);
  v.marks &= static_cast<std::uint8_t>(~TensorImpl::kUnrecordedView);
  if (v.base) return;
  for (const Tensor* t : inputs) {
    if (!t || !t->defined() || t->get()->storage != v.storage || t->get() == &z) continue;
    const TensorImpl& of = *t->get();
    if (custom) v.marks |= TensorImpl::kCustomView;
    v.marks |= of.marks & (TensorImpl::kCustomView | TensorImpl::kUnrecordedView);
    if (of.marks & TensorImpl::kUnrecordedView) {
      v.made_at = static_cast<const ViewImpl&>(of).made_at;
      return;
    }
    TensorImpl* base = base_of(of);
    v.base = base ? base : t->get();
    v.base->refs.inc();
    v.seen.store(v.base->grad_fn, std::memory_order_relaxed);
    return;
  }
}
}  // namespace

void recorded_view(const Tensor& z, Inputs inputs, bool custom) noexcept {
  if (z.impl().marks & TensorImpl::kView) note_base(z.impl(), inputs, custom);
}

void after_recording(Node& n, unsigned marks, Inputs inputs) {
  if (marks & TensorImpl::kInference) {
    const Tensor* t = n.context() ? n.context()->find_marked(TensorImpl::kInference) : nullptr;
    if (t)
      throw GradError(str(n.name(), ": it must save a tensor of ", t->shape(),
                          " for backward, but that was made in InferenceMode; use a clone() of it made outside, or "
                          "NoGradGuard in the place of InferenceMode"));
  }
  if (modes().tracing) {
    NodeExtras& extras = extras_of(&n);
    extras.trace = trace_of(inputs);
  }
}

}  // namespace detail
}  // namespace harker

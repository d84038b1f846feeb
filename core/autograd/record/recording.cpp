// The rare cases of recording: views, inference tensors, traces.
#include <harker/core/autograd/record/recording.h>

#include <harker/core/autograd/record/context.h>
#include <harker/core/autograd/record/node_meta.h>
#include <harker/core/autograd/record/trace.h>
#include <harker/core/autograd/record/view_history.h>
#include <harker/core/base/text.h>
#include <harker/core/tensor/mode.h>

namespace harker HARKER_PUBLIC {
namespace detail {

void before_recording(Inputs inputs) {
  for (const Tensor* t : inputs)
    if (t && t->defined()) up_to_date(*t);
}

namespace {
/// z is a view of one of these, if of any. What holds for a view holds for a view of it.
void note_base(TensorImpl& z, Inputs inputs, bool custom) noexcept {
  ViewImpl& v = static_cast<ViewImpl&>(z);
  v.flags &= static_cast<std::uint8_t>(~TensorImpl::kUnrecordedView);
  if (v.base) return;
  for (const Tensor* t : inputs) {
    if (!t || !t->defined() || t->get()->storage != v.storage || t->get() == &z) continue;
    const TensorImpl& of = *t->get();
    if (custom) v.flags |= TensorImpl::kCustomView;
    v.flags |= of.flags & (TensorImpl::kCustomView | TensorImpl::kUnrecordedView);
    if (of.flags & TensorImpl::kUnrecordedView) {
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
  if (z.impl().flags & TensorImpl::kView) note_base(z.impl(), inputs, custom);
}

void after_recording(Node& n, unsigned flags, Inputs inputs) {
  if (flags & TensorImpl::kInference) {
    if (const Tensor* t = n.ctx.find_flagged(TensorImpl::kInference))
      throw_error<GradError>(n.name(), ": it must save a tensor of ", t->shape(),
                             " for backward, but that was made in InferenceMode; use a clone() of it made outside, or "
                             "NoGradGuard in the place of InferenceMode");
  }
  if (modes().tracing & kTracing) {
    NodeMeta& meta = meta_of(&n);
    meta.trace = trace_of(inputs);
  }
}

}  // namespace detail
}  // namespace harker

// A tensor's autograd state: does it require grad, where does it come from, what gradient has it.
#include <harker/core/autograd/record/hook_set.h>
#include <harker/core/autograd/record/node.h>
#include <harker/core/autograd/record/node_meta.h>
#include <harker/core/autograd/record/view_history.h>
#include <harker/core/base/text.h>
#include <harker/core/grad_mode.h>
#include <harker/core/tensor/mode.h>

namespace harker HARKER_PUBLIC {

using detail::throw_error;

namespace detail {

void drop_history(TensorImpl* p) noexcept {
  if (p->grad_fn) {
    if (p->flags & TensorImpl::kRetainsGrad) p->grad_fn->meta->retained = nullptr;
    unref(p->grad_fn);
  }
  if (p->grad) Tensor drop(p->grad);
  if (p->hooks) [[unlikely]]
    drop_hooks(p);
}

}  // namespace detail

bool Tensor::view_requires_grad() const { return detail::as_known(*this).requires_grad; }

Tensor& Tensor::requires_grad_(bool on) const {
  TensorImpl& p = detail::up_to_date(*this);
  if (p.grad_fn) {
    if (on) return self();
    throw_error<GradError>("requires_grad_(false): only a leaf can be changed; this tensor was computed by ",
                           p.grad_fn->name(), " (use detach())");
  }
  if (on && !harker::is_floating_point(p.dtype) && !harker::is_complex(p.dtype))
    throw_error<GradError>("requires_grad_: only floating point tensors can require grad, this one is ", name(p.dtype));
  if (on && p.flags & TensorImpl::kInference && !is_inference_mode_enabled())
    throw_error<GradError>("requires_grad_: the tensor was made in InferenceMode; use a clone() of it made outside");
  p.requires_grad = on;
  return self();
}

bool Tensor::is_leaf() const { return detail::as_known(*this).grad_fn == nullptr; }
std::string Tensor::grad_fn() const {
  const TensorImpl& p = detail::as_known(*this);
  return p.grad_fn ? p.grad_fn->name() : "";
}

Tensor Tensor::grad() const {
  TensorImpl* g = impl().grad;
  if (g) g->refs.inc();
  return Tensor(g);
}

void Tensor::set_grad(const Tensor& g) const {
  TensorImpl& p = impl();
  if (g.defined() && (!(g.shape() == p.shape) || g.dtype() != p.dtype))
    throw_error<ShapeError>("set_grad: a gradient of ", name(g.dtype()), " ", g.shape(), " for a tensor of ",
                            name(p.dtype), " ", p.shape);
  Tensor copy = g;
  Tensor old(std::exchange(p.grad, copy.release()));
}

void Tensor::retain_grad() const {
  TensorImpl& p = detail::up_to_date(*this);
  if (!p.requires_grad) throw_error<GradError>("retain_grad: the tensor does not require grad");
  if (!p.grad_fn) return;  // a leaf keeps its gradient anyway
  detail::meta_of(p.grad_fn).retained = &p;
  p.flags |= TensorImpl::kRetainsGrad;
}

bool Tensor::is_view() const { return detail::base_of(impl()) != nullptr; }

Tensor& Tensor::detach_() const {
  TensorImpl& p = impl();
  if (detail::base_of(p))
    throw_error<GradError>(
        "detach_: the tensor is a view, whose history is that of what it is a view of; use detach()");
  detail::adopt_history(p, {});
  return self();
}

}  // namespace harker

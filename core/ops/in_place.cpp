// What all changes in place share: when they may be recorded, and how.
#include <harker/core/ops/in_place.h>

#include <harker/core/autograd/record/context.h>
#include <harker/core/autograd/record/node_set.h>
#include <harker/core/autograd/record/view_history.h>
#include <harker/core/backend/backend.h>
#include <harker/core/grad_mode.h>
#include <harker/core/ops/as_strided.h>
#include <harker/core/ops/common.h>
#include <harker/core/tensor/mode.h>

namespace harker HARKER_PUBLIC {
namespace detail {

namespace {

/// Is there another tensor with this memory?
bool visible_elsewhere(const TensorImpl& p) { return !p.storage->refs.unique(); }

bool is_trained(const TensorImpl& t) { return !t.grad_fn && t.requires_grad; }

void check_recordable(const TensorImpl& p, const TensorImpl* base, const char* op) {
  if (is_trained(p))  // a view may be one too
    throw_error<GradError>(op,
                           ": a leaf tensor that requires grad is being changed in place; do it under a NoGradGuard");
  const unsigned flags = p.flags | (base ? base->flags : 0u);
  if (flags & TensorImpl::kUnrecordedView && visible_elsewhere(p))
    throw_error<GradError>(
        op,
        ": the tensor is a view that was made while nothing was recorded (NoGradGuard), so what it is "
        "a view of would not learn of the change; make the view where you change it, or change it "
        "under the guard as well");
  if (base && is_trained(*base))
    throw_error<GradError>(op,
                           ": a view of a leaf tensor that requires grad is being changed in place; do it under a "
                           "NoGradGuard, or compute a new tensor instead");
}

/// What a change may not turn into what: bool, integers, floating point, complex.
int kind(DType t) { return is_complex(t) ? 3 : is_floating_point(t) ? 2 : t == DType::bool_ ? 0 : 1; }

/// ShapeError when the result has another shape (a tensor does not grow), TypeError when its dtype is of a higher kind.
void check_result(const Tensor& r, const TensorImpl& p, const char* op) {
  if (!(r.shape() == p.shape))
    throw_error<ShapeError>(op, ": the result has the shape ", r.shape(), ", the tensor ", p.shape,
                            " that it must fit into; compute a new tensor");
  if (kind(r.dtype()) > kind(p.dtype))
    throw_error<TypeError>(op, ": the result is ", name(r.dtype()), ", which does not fit into a tensor of ",
                           name(p.dtype), "; compute a new tensor");
}

/// Where from and to lie, ready to be copied: after this nothing can fail.
class Writing {
 public:
  Writing(const Tensor& from, const Tensor& to)
      : from_(from.impl()), to_(to.impl()), from_strides_(from.strides()), to_strides_(to.strides()) {}
  void now() {
    kernels<Copies>(to_.device)
        .copy(from_.dtype, to_.dtype, to_.shape, from_.data, from_strides_, to_.data, to_strides_);
    ++to_.storage->version;
  }

 private:
  TensorImpl &from_, &to_;
  Shape from_strides_, to_strides_;
};

/// x's value of now in memory of its own, with x's history.
Tensor old_value(const Tensor& x) {
  const TensorImpl& p = x.impl();
  ModeScope off(false);
  Tensor old = x.clone();
  TensorImpl& q = old.impl();
  if (p.grad_fn) {
    p.grad_fn->refs.inc();
    q.grad_fn = p.grad_fn;
    q.requires_grad = true;
  }
  return old;
}

/// Operations between the old history and the new one may have saved the very tensor (or a view of it) that takes over
/// the new history: it would own them, and they it, for ever. What they saved is stale with the change, so that they
/// need its shape and version only.
class StaleSaved {
 public:
  StaleSaved(Node* after, const Node* before, const TensorImpl& owner, const char* op) {
    NodeSet nodes;
    nodes.add(after);
    nodes.add_reachable([before](const Node* n) { return n != before; });
    claimed_.nodes.reserve(nodes.size());
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      check_edges(*nodes[i], owner, op);
      if (!claim(nodes[i])) continue;
      const std::size_t n = found_.size();
      nodes[i]->ctx.find_stale(owner.storage, found_);
      if (found_.size() == n) claimed_.drop_last();
    }
  }
  void replace() noexcept {
    for (Context::Stale& s : found_) s.replace();
  }

 private:
  /// A part of the graph may be another thread's, and be running there: what such a node saved is about to go anyway.
  bool claim(Node* n) {
    const void* nobody = nullptr;
    if (!n->runner.compare_exchange_strong(nobody, this, std::memory_order_acquire)) return false;
    claimed_.nodes.push_back(n);
    return true;
  }
  struct Claimed {
    std::vector<Node*> nodes;
    Claimed() = default;
    ~Claimed() {
      while (!nodes.empty()) drop_last();
    }
    Claimed(const Claimed&) = delete;
    Claimed& operator=(const Claimed&) = delete;
    void drop_last() noexcept {
      nodes.back()->runner.store(nullptr, std::memory_order_release);
      nodes.pop_back();
    }
  };
  /// A leaf that was detached after its use, or a view that was made a leaf (it owns what it is a view of): with a
  /// history that leads to itself the tensor would never be freed.
  static void check_edges(const Node& n, const TensorImpl& owner, const char* op) {
    for (std::uint32_t i = 0; i < n.inputs; ++i) {
      const Edge& e = n.edges[i];
      if (e.needed() && e.leaf() && (e.tensor() == &owner || base_of(*e.tensor()) == &owner))
        throw_error<GradError>(op, ": the new value was computed (", n.name(),
                               ") from this very tensor, or from a view of it, while it was a leaf, ",
                               e.tensor()->shape, ", that required grad; change a clone() of it, or use NoGradGuard");
    }
  }
  std::vector<Context::Stale> found_;
  Claimed claimed_;
};

/// What a changed view that keeps its gradient, or came by way of a Function, is now: it must not wait until it is
/// asked. Others mostly never are.
class ChangedView {
 public:
  ChangedView(TensorImpl& p, const TensorImpl* base, const Tensor& whole) : view_(p) {
    if (!base || !(p.flags & (TensorImpl::kRetainsGrad | TensorImpl::kCustomView))) return;
    made_ = as_strided(whole, geometry_of(p, *base));
    prepare_adoption(p, made_.impl().grad_fn);
  }
  void renew(Node* seen) noexcept {
    if (!made_.defined()) return;
    adopt_history(view_, Ref<Node>::share(made_.impl().grad_fn));
    static_cast<ViewImpl&>(view_).seen.store(seen, std::memory_order_release);
    view_.flags &= static_cast<std::uint8_t>(~TensorImpl::kCustomView);
  }

 private:
  TensorImpl& view_;
  Tensor made_;
};

}  // namespace

bool records_change(const Tensor& x, const char* op, std::initializer_list<const Tensor*> sources, bool distinct) {
  const TensorImpl& p = x.impl();
  if (p.flags & TensorImpl::kInference && !is_inference_mode_enabled())
    throw_error<GradError>(
        op,
        ": the tensor was made in InferenceMode and can be changed in place only there; use a clone() "
        "of it");
  if (distinct) check_distinct(x, op);
  if (!grad_enabled) return false;
  if (exporting()) [[unlikely]]
    return true;
  up_to_date(x);
  const TensorImpl* base = base_of(p);
  bool recorded = p.requires_grad || (base && base->requires_grad);
  for (const Tensor* s : sources) recorded = recorded || (s->defined() && up_to_date(*s).requires_grad);
  if (p.flags & (TensorImpl::kUnrecordedView) && visible_elsewhere(p))
    recorded = recorded || p.flags & TensorImpl::kViewOfRecorded;
  if (!recorded || (!is_floating_point(p.dtype) && !is_complex(p.dtype))) return false;
  check_recordable(p, base, op);
  return true;
}

Tensor expanded(const Tensor& src, const Tensor& x, const char* op) {
  if (src.shape() == x.shape()) return src;
  ModeScope off(false);
  try {
    return src.expand(x.shape());
  } catch (const ShapeError&) { throw_error<ShapeError>(op, ": ", src.shape(), " does not broadcast to ", x.shape()); }
}

Tensor& write_change(Tensor& x, const char* op, const NewValue& f) {
  ModeScope off(false);
  const Tensor r = f(x);
  check_result(r, x.impl(), op);
  if (r.is(x)) return x;
  Tensor from = r.shares_storage(x) ? r.clone() : r;
  Writing(from, x).now();
  return x;
}

namespace {
/// For a recording of the thread's calls: x is f's result from here on.
Tensor& trace_change(Tensor& x, const char* op, const NewValue& f) {
  Tensor r = f(x);
  check_result(r, x.impl(), op);
  r = r.to(x.dtype());
  TracedChange change(x, r);
  const Tensor from = r.shares_storage(x) ? old_value(r) : r;
  Writing(from, x).now();
  change.done(x);
  return x;
}
}  // namespace

Tensor& record_change(Tensor& x, const char* op, const NewValue& f) {
  if (exporting()) [[unlikely]]
    return trace_change(x, op, f);
  TensorImpl& p = x.impl();
  TensorImpl* const base = base_of(p);
  TensorImpl& owner = base ? *base : p;
  Tensor r = f(old_value(x));
  check_result(r, p, op);
  r = r.to(p.dtype);
  // A history of its own, and no memory that is about to be written: f may return a tensor that was there before.
  if (r.shares_storage(x) || !r.impl().refs.unique()) r = r.clone();
  const Tensor whole = base ? assigned(Tensor(Ref<TensorImpl>::share(base).release()), r, geometry_of(p, *base)) : r;
  Node* const after = whole.impl().grad_fn;
  prepare_adoption(owner, after);
  ChangedView view(p, base, whole);
  // A walk through the graph: only where there may be something to find, saved memory, or this tensor as a leaf.
  const bool was_leaf = !owner.grad_fn && !owner.refs.unique();
  std::optional<StaleSaved> stale;
  if (after && (was_leaf || p.storage->saved.load(std::memory_order_relaxed)))
    stale.emplace(after, owner.grad_fn, owner, op);
  Writing writing(r, x);
  // From here on nothing fails.
  if (stale) stale->replace();
  writing.now();
  p.storage->recorded = p.storage->version;
  if (p.flags & TensorImpl::kUnrecordedView) static_cast<ViewImpl&>(p).made_at = p.storage->version;  // nobody else's
  adopt_history(owner, Ref<Node>::share(after));
  view.renew(after);
  return x;
}

namespace {
Tensor apart(const Tensor& s, const Tensor& x) {
  return is_grad_enabled() && s.defined() && s.shares_storage(x) ? s.clone() : s;
}
}  // namespace
Tensor& changed(Tensor& x, const char* op, const Change& f, const Tensor& a, const Tensor& b) {
  const Tensor p = apart(a, x), q = apart(b, x);
  return change_in_place(
      x, op, [&](const Tensor& old) { return f(old, p, q); }, p, q);
}

}  // namespace detail
}  // namespace harker

// Nodes with lists of inputs and several outputs: the nodes of single outputs, what arrives at them, and the checks of
// what users' forward and backward return.
#include <harker/core/autograd/record/multi_output.h>

#include <algorithm>
#include <array>
#include <memory>

#include <harker/core/autograd/record/node_meta.h>
#include <harker/core/autograd/record/recording.h>
#include <harker/core/autograd/record/view_history.h>
#include <harker/core/base/text.h>
#include <harker/core/tensor/make.h>

namespace harker HARKER_PUBLIC {
namespace detail {

namespace {

/// One output of a MultiOutputNode. The engine hands what arrives on to that one and never calls run.
class OutputNode final : public Node {
 public:
  OutputNode() : Node(1) {}
  Grads run(const Tensor&) override { return {}; }
  const char* name() const override { return edges[0].node()->name(); }
};

const Shape& shape_of(const Edge& e) { return e.leaf() ? e.tensor()->shape : e.node()->shape; }

/// Is `small` what sum_to can make of `large`?
bool broadcasts(const Shape& small, const Shape& large) {
  const int skip = large.rank() - small.rank();
  if (skip < 0) return false;
  for (int i = 0; i < small.rank(); ++i)
    if (small[i] != 1 && small[i] != large[i + skip]) return false;
  return true;
}

bool differentiable(const Tensor& t) {
  const TensorImpl& p = t.impl();
  return (is_floating_point(p.dtype) || is_complex(p.dtype)) && !(p.flags & TensorImpl::kNotDifferentiable);
}

/// The same memory as another tensor, a view of it.
Tensor same_view(const Tensor& t) { return view_of(t, t.shape(), t.strides(), t.storage_offset()); }

}  // namespace

// --- The node.

MultiOutputNode::MultiOutputNode(std::uint32_t n) : Node(n) {}
MultiOutputNode::~MultiOutputNode() = default;

void MultiOutputNode::give_history(const Tensor& t, std::uint32_t i) {
  if (!several()) return set_history(t.impl(), Ref<Node>::share(this));
  auto* output = new OutputNode;
  Ref<Node> owner(output);
  output->edges[0].set(this);
  output->depth = depth + 1;
  output->shape = outputs_[i].shape;
  output->dtype = outputs_[i].dtype;
  NodeMeta& m = meta_of(output);
  m.output_of = this;
  m.output_number = i;
  set_history(t.impl(), std::move(owner));
}

void MultiOutputNode::arrive(std::uint32_t i, Tensor&& g) {
  Tensor& sum = outputs_[i].arrived;
  sum = sum.defined() ? plus(sum, g) : std::move(g);
}
void MultiOutputNode::forget_arrived() noexcept {
  for (Output& o : outputs_) o.arrived = {};
}

std::vector<Tensor> MultiOutputNode::take_arrived(bool materialize) {
  struct Forget {
    MultiOutputNode& n;
    ~Forget() { n.forget_arrived(); }
  } forget{*this};
  std::vector<Tensor> all;
  all.reserve(outputs_.size());
  for (Output& o : outputs_) {
    Tensor g = std::move(o.arrived);
    if (!g.defined() && materialize) g = zeros(o.shape, {.dtype = o.dtype, .device = o.device});
    all.push_back(std::move(g));
  }
  return all;
}

void MultiOutputNode::wrong_count(std::size_t n) const {
  throw_error<GradError>("backward of ", name(), ": it returned ", n, " gradients for ", inputs,
                         " tensors that forward takes; return one for each, undefined where there is none");
}

void MultiOutputNode::check(const Tensor& g, std::uint32_t i) const {
  if (!g.defined() || !edges[i].needed() || broadcasts(shape_of(edges[i]), g.shape())) return;
  throw_error<GradError>("backward of ", name(), ": the gradient of input ", i, " is ", g.shape(), ", the input ",
                         shape_of(edges[i]));
}

Grads MultiOutputNode::checked(std::vector<Tensor> grads) const {
  if (grads.size() != inputs) wrong_count(grads.size());
  for (std::uint32_t i = 0; i < inputs; ++i) check(grads[i], i);
  detail::TensorArray many(inputs);
  std::move(grads.begin(), grads.end(), many.at);
  return Grads(std::move(many));
}

Grads MultiOutputNode::checked(Grads grads) const {
  if (grads.size() != inputs && grads.size() <= Grads::kInline) wrong_count(grads.size());
  for (std::uint32_t i = 0; i < inputs; ++i) check(grads.data()[i], i);
  return grads;
}

// --- Saved outputs.

RecordedOutputs::RecordedOutputs(MultiOutputNode* n) : node_(*n) {}
RecordedOutputs::RecordedOutputs(MultiOutputNode& n) : RecordedOutputs(&n) {
  if (grad_enabled && n.ctx.count_) give();
}

void RecordedOutputs::give() {
  for (std::uint32_t i = 0; i < node_.ctx.count_; ++i) {
    Context::Saved& s = node_.ctx.item(i);
    if (!s.t.defined() || s.role != Context::Role::noted_output) continue;
    Tensor z = s.t.detach();
    node_.give_history(z, s.number);
    before_.emplace_back(i, s.t);
    s.t = std::move(z);
  }
}

RecordedOutputs::~RecordedOutputs() {
  for (auto& [i, t] : before_)
    if (i < node_.ctx.count_) node_.ctx.item(i).t = std::move(t);
}

// --- The call.

MultiOutputCall::MultiOutputCall(bool custom) : custom_(custom) {}
MultiOutputCall::~MultiOutputCall() = default;

void MultiOutputCall::input(const Tensor& t) {
  inputs_.push_back(&t);
  if (custom_) versions_.push_back(t.defined() ? t.version() : 0);
}

bool MultiOutputCall::tracked() const {
  bool any = false;
  for (const Tensor* t : inputs_) any |= t->defined() && up_to_date(*t).requires_grad;
  return any;
}

Ref<MultiOutputNode> MultiOutputCall::linked(MultiOutputNode* n) const {
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    const Tensor& t = *inputs_[i];
    if (t.defined() && t.impl().requires_grad) n->link(static_cast<std::uint32_t>(i), t);
  }
  return Ref<MultiOutputNode>(n);
}

void MultiOutputCall::inputs(std::span<const Tensor> list) {
  for (const Tensor& t : list) input(t);
}

void MultiOutputCall::output(Tensor& t) { outputs_.push_back(&t); }

/// What forward returns must be tensors of its own before they get a history.
void MultiOutputCall::own_handles() const {
  std::vector<const TensorImpl*> taken;
  for (const Tensor* t : inputs_) taken.push_back(t->get());
  std::sort(taken.begin(), taken.end());
  std::vector<std::pair<const TensorImpl*, std::size_t>> made;
  for (std::size_t k = 0; k < outputs_.size(); ++k) made.emplace_back(outputs_[k]->get(), k);
  std::sort(made.begin(), made.end());
  for (std::size_t m = 0; m < made.size(); ++m) {
    const auto [p, k] = made[m];
    if (!p) continue;
    const bool again = m > 0 && made[m - 1].first == p;
    if (again || p->grad_fn || p->requires_grad || std::binary_search(taken.begin(), taken.end(), p))
      const_cast<Tensor&>(*outputs_[k]) = same_view(*outputs_[k]);  // forward's own, given to output()
  }
}

void MultiOutputCall::check_inputs(const char* name) const {
  for (std::size_t i = 0; i < versions_.size(); ++i) {
    if (inputs_[i]->defined() && inputs_[i]->version() != versions_[i])
      throw_error<GradError>(name, ": its forward changed its input ", i,
                             " in place, which cannot be recorded; return a new tensor instead");
  }
}

void MultiOutputCall::note_views() const {
  const auto is_view = [](const Tensor& t) { return t.defined() && t.impl().flags & TensorImpl::kView; };
  for (const Tensor* z : outputs_) {
    if (!is_view(*z)) continue;
    ViewImpl& v = static_cast<ViewImpl&>(z->impl());
    if (v.flags & TensorImpl::kNotDifferentiable) {  // of nothing, but a change of it would reach the others
      v.made_at = UINT32_MAX;
      continue;
    }
    recorded_view(*z, inputs_, custom_);
    if (v.base || v.flags & TensorImpl::kUnrecordedView) continue;
    // No view of an input: but perhaps of another output, or two of them of the same memory.
    for (const Tensor* o : outputs_) {
      if (!o->defined() || o->is(*z) || !o->shares_storage(*z)) continue;
      if (is_view(*o)) {
        v.flags |= TensorImpl::kUnrecordedView;
        if (v.requires_grad) v.flags |= TensorImpl::kViewOfRecorded;
        continue;
      }
      v.flags &= static_cast<std::uint8_t>(~(TensorImpl::kUnrecordedView | TensorImpl::kViewOfRecorded));
      recorded_view(*z, std::array{o}, custom_);
      break;
    }
  }
  for (const Tensor* z : outputs_)
    if (z->defined()) z->impl().flags &= static_cast<std::uint8_t>(~TensorImpl::kNotDifferentiable);
}

void MultiOutputCall::pass(const char* name, bool grad_mode) const {
  check_inputs(name);
  own_handles();
  if (grad_mode) return note_views();
  for (const Tensor* z : outputs_)
    if (z->defined()) z->impl().flags &= static_cast<std::uint8_t>(~TensorImpl::kNotDifferentiable);
}

void MultiOutputCall::record(MultiOutputNode& n, bool several) {
  check_inputs(n.name());
  own_handles();
  if (custom_)
    for (std::size_t k = 0; k < outputs_.size(); ++k)
      if (outputs_[k]->defined() && differentiable(*outputs_[k]))
        n.ctx.note_output(*outputs_[k], static_cast<std::uint32_t>(k));
  if (!several) {
    const TensorImpl& z = outputs_[0]->impl();
    n.shape = z.shape;
    n.dtype = z.dtype;
  } else {
    n.outputs_.reserve(outputs_.size());
    for (const Tensor* z : outputs_)
      n.outputs_.push_back(z->defined() ? MultiOutputNode::Output{z->shape(), z->dtype(), z->device(), {}}
                                        : MultiOutputNode::Output{});
  }
  unsigned flags = 0;
  for (const Tensor* t : inputs_) flags |= t->defined() ? t->impl().flags : 0u;
  if (flags || modes().tracing & kTracing) after_recording(n, flags, inputs_);
  for (std::size_t k = 0; k < outputs_.size(); ++k) {
    if (outputs_[k]->defined() && differentiable(*outputs_[k]))
      n.give_history(*outputs_[k], static_cast<std::uint32_t>(k));
  }
  note_views();
}

}  // namespace detail
}  // namespace harker

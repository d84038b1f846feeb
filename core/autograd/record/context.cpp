// Saved tensors: more than fit into the node, and those that cannot be used any more.
#include <harker/core/autograd/record/context.h>

#include <bit>

#include <harker/core/autograd/record/multi_output.h>
#include <harker/core/base/pool.h>
#include <harker/core/base/text.h>
#include <harker/core/tensor/mode.h>

namespace harker HARKER_PUBLIC {

using detail::str;
using detail::throw_error;

void Context::save(std::span<const Tensor> list) {
  if (node_)
    for (const Tensor& t : list) put_more(t);
}
void Context::put_more(const Tensor& t) { keep(t, Role::input, 0); }
void Context::put_output(const Tensor& z, std::uint32_t number) {
  if (count_ >= kMaxSaved) return keep(z.detach(), Role::output, number);
  Saved* const s = new (in_place_ + count_) Saved(z.detach(), 0, Role::output, number);
  s->version = kept_version(s->t);
  ++count_;
}

void Context::keep(Tensor t, Role role, std::uint32_t number) {
  const std::uint32_t version = kept_version(t);
  if (count_ < kMaxSaved) [[likely]] {
    new (in_place_ + count_++) Saved(std::move(t), version, role, number);
    return;
  }
  const std::uint32_t n = count_ - kMaxSaved;  // in use; the block is full when that is 0 or a power of two
  if ((n & (n - 1)) == 0) {
    const std::size_t bytes = n * sizeof(Saved);
    Saved* bigger = static_cast<Saved*>(pool::alloc(n == 0 ? sizeof(Saved) : 2 * bytes));
    for (std::uint32_t i = 0; i < n; ++i) {
      new (bigger + i) Saved(std::move(more_[i]));
      more_[i].~Saved();
    }
    if (n) pool::free(more_, bytes);
    more_ = bigger;
  }
  new (more_ + n) Saved(std::move(t), version, role, number);
  ++count_;
}

void Context::clear_all() noexcept {
  const std::uint32_t n = count_ - kMaxSaved;
  for (std::uint32_t i = 0; i < n; ++i) more_[i].~Saved();
  pool::free(more_, std::bit_ceil(n) * sizeof(Saved));
  count_ = kMaxSaved;
  clear();
}

namespace {

/// Which input of the node a saved tensor was; -1 when that cannot be told.
int input_number(const Node& n, const Tensor& saved, int at) {
  const auto leads_to = [&](const Edge& e, const void* p) {
    return e.needed() && (e.leaf() ? static_cast<const void*>(e.tensor()) : e.node()) == p;
  };
  const auto find = [&](const void* p) {
    for (std::uint32_t i = 0; i < n.inputs; ++i)
      if (leads_to(n.edges[i], p)) return static_cast<int>(i);
    return -1;
  };
  const TensorImpl& p = saved.impl();
  if (!p.grad_fn && p.requires_grad) return find(&p);
  // Its history has grown by every recorded change in place; the first input of those is what it was before.
  const Node* from = p.grad_fn;
  for (int step = 0; from && step < 1000; ++step) {
    if (const int found = find(from); found >= 0) return found;
    const Edge* before = from->inputs ? from->edges : nullptr;
    from = before && before->needed() && !before->leaf() ? before->node() : nullptr;
  }
  // No gradient is wanted for it: an input without an edge.
  int without = -1;
  for (std::uint32_t i = 0; i < n.inputs; ++i) {
    if (n.edges[i].needed()) continue;
    if (static_cast<int>(i) == at) return at;
    without = without == -1 ? static_cast<int>(i) : -2;
  }
  return without;
}

}  // namespace

void Context::refuse(int i) const {
  if (released_)
    throw_error<GradError>(
        "backward of ", node_->name(),
        ": Trying to backward through the graph a second time, but its saved tensors have been freed. "
        "Specify {.retain_graph = true} the first time");
  if (i < 0 || static_cast<std::uint32_t>(i) >= count_)
    throw_error<GradError>("backward of ", node_ ? node_->name() : "an operation", ": saved(", i,
                           "), but its forward saved ", count_, " tensors");
  const Saved& s = item(static_cast<std::uint32_t>(i));
  if (!s.t.defined())
    throw_error<GradError>("backward of ", node_->name(), ": the tensor it saved as number ", i, " is undefined");
  std::string which = str("the tensor it saved as number ", i);
  if (s.role == Role::output || s.role == Role::noted_output)
    which = str("its output ", s.number);
  else if (const int n = s.role == Role::input ? input_number(*node_, s.t, i) : static_cast<int>(s.number); n >= 0)
    which = str("its input ", n);
  throw_error<GradError>(
      "backward of ", node_->name(),
      ": a tensor needed for gradient computation has been modified by an in-place operation: ", which, ", ",
      name(s.t.dtype()), " ", s.t.shape(), ", is at version ", s.t.version(), "; expected version ", s.version,
      " instead. Compute a new tensor instead of changing this one, or change a clone() of it");
}

void Context::no_such_input(int i) const {
  throw_error<GradError>(node_->name(), ": needs(", i, "), but it has ", node_->inputs,
                         " inputs; arguments that are no tensors do not count");
}

void Context::note_output(const Tensor& z, std::uint32_t number) {
  for (std::uint32_t i = 0; i < count_; ++i) {
    Saved& s = item(i);
    if (s.t.is(z)) s = Saved(z.detach(), s.version, Role::noted_output, number);
  }
}

Tensor Context::saved_output(int i) const {
  const Tensor& t = saved(i);
  if (!detail::grad_enabled) return t;
  Tensor z = t.detach();
  if (auto* op = dynamic_cast<detail::MultiOutputNode*>(node_))
    op->give_history(z, item(static_cast<std::uint32_t>(i)).number);
  else
    detail::set_history(z.impl(), Ref<Node>::share(node_));
  return z;
}

void Context::find_stale(const Storage* storage, std::vector<Stale>& found) {
  for (std::uint32_t i = 0; i < count_; ++i) {
    Saved& s = item(i);
    if (!s.t.defined() || s.t.get()->storage != storage) continue;
    const int n = s.role == Role::input ? input_number(*node_, s.t, static_cast<int>(i)) : -1;
    if (n >= 0)
      found.push_back({&s, Saved(s.t.detach(), s.version, Role::numbered_input, static_cast<std::uint32_t>(n))});
    else
      found.push_back({&s, Saved(s.t.detach(), s.version, s.role, s.number)});
  }
}

const Tensor* Context::find_flagged(std::uint8_t flag) const {
  for (std::uint32_t i = 0; i < count_; ++i)
    if (const Tensor& t = item(i).t; t.defined() && t.get()->flags & flag) return &t;
  return nullptr;
}

}  // namespace harker

// grad(): gradients for chosen tensors only, so only the nodes that lie between those and the outputs are run, and of
// these only the gradients that lead there are computed. And the loop of anomaly mode.
#include <algorithm>
#include <cstring>
#include <optional>
#include <typeinfo>

#include <harker/core/autograd/anomaly.h>
#include <harker/core/autograd/autograd.h>
#include <harker/core/autograd/engine.h>
#include <harker/core/autograd/extras.h>
#include <harker/core/autograd/graph.h>
#include <harker/core/autograd/mode.h>
#include <harker/core/autograd/view_history.h>
#include <harker/core/text.h>

namespace harker {
namespace detail {

/// Which nodes of a graph grad() runs, and what it has found for the inputs that are no leaves.
class Plan {
 public:
  Plan(std::span<const Tensor> outputs, std::span<const Tensor> inputs) {
    std::uint32_t shallowest = UINT32_MAX;
    for (const Tensor& x : inputs) {
      const TensorImpl& p = x.impl();
      if (p.grad_fn)
        captured_.push_back({p.grad_fn, {}});
      else
        leaves_.push_back(&p);
      shallowest = std::min(shallowest, p.grad_fn ? p.grad_fn->depth : 0);
    }
    std::sort(leaves_.begin(), leaves_.end());
    std::sort(captured_.begin(), captured_.end(), [](const Captured& a, const Captured& b) { return a.n < b.n; });
    for (const Tensor& y : outputs)
      if (Node* n = y.impl().grad_fn) nodes_.add(n);
    nodes_.add_reachable([shallowest](const Node* n) { return n->depth >= shallowest; });
    // From the shallowest to the deepest: what a node's inputs lead to is known before the node's turn.
    std::vector<std::uint32_t> order(nodes_.size());
    for (std::uint32_t i = 0; i < order.size(); ++i) order[i] = i;
    std::sort(order.begin(), order.end(), [&](auto a, auto b) { return nodes_[a]->depth < nodes_[b]->depth; });
    runs_.assign(nodes_.size(), false);
    for (const std::uint32_t i : order) {
      const Node* n = nodes_[i];
      for (std::uint32_t k = 0; k < n->inputs && !runs_[i]; ++k) runs_[i] = wanted(n->edges[k]);
    }
  }

  bool wanted(const TensorImpl* leaf) const { return std::binary_search(leaves_.begin(), leaves_.end(), leaf); }
  bool wanted(const Node* n) const { return runs(n) || const_cast<Plan*>(this)->captured(n); }
  bool wanted(const Edge& e) const {
    if (!e.needed()) return false;
    return e.leaf() ? wanted(e.tensor()) : wanted(e.node());
  }
  /// Does anything that is wanted lie below it?
  bool runs(const Node* n) const {
    const std::uint32_t i = nodes_.find(n);
    return i != NodeSet::kNone && runs_[i];
  }
  /// Where the gradient of this node's output is to be kept, or null.
  Tensor* captured(const Node* n) {
    const auto at = std::lower_bound(captured_.begin(), captured_.end(), n,
                                     [](const Captured& c, const Node* which) { return c.n < which; });
    return at != captured_.end() && at->n == n ? &at->grad : nullptr;
  }

 private:
  struct Captured {
    const Node* n;
    Tensor grad;
  };
  NodeSet nodes_;
  std::vector<bool> runs_;
  std::vector<const TensorImpl*> leaves_;
  std::vector<Captured> captured_;  // a node that is an input twice is found at its first place
};

namespace {

/// While it lives, the op of this node computes only the gradients that the plan wants.
class Asking {
 public:
  Asking(const Node& n, const Plan& plan) : context_(const_cast<Node&>(n).context()) {
    if (!context_) return;
    // The same words as the node's edges, but owning nothing: 0 where nothing is wanted.
    static_assert(sizeof(Edge) == sizeof(std::uintptr_t));
    words_.resize(n.inputs);
    for (std::uint32_t i = 0; i < n.inputs; ++i) {
      if (plan.wanted(n.edges[i])) std::memcpy(&words_[i], static_cast<const void*>(&n.edges[i]), sizeof(Edge));
    }
    before_ = context_->ask(reinterpret_cast<const Edge*>(words_.data()));
  }
  ~Asking() {
    if (context_) context_->ask(before_);
  }
  Asking(const Asking&) = delete;
  Asking& operator=(const Asking&) = delete;

 private:
  Context* context_;
  const Edge* before_ = nullptr;
  std::vector<std::uintptr_t> words_;
};

/// What has met at the output of `n`: that op's, or one of those of it.
void check_met(const Node& n, const Node& op, const Tensor& dz) {
  if (dz.defined() && holds_nan(dz))
    throw GradError(str("backward: the gradients that met at the output of ", n.name(), ", ", dz.shape(),
                        ", add up to NaN", origin(op)));
}

/// In anomaly mode an error of the node's backward tells where its forward was called.
Grads run_traced(Node& n, const Tensor& dz) {
  if (!modes.tracing) return n.run(dz);
  check_met(n, n, dz);
  const auto more = [&](const Error& e) { return str(e.what(), origin(n)); };
  try {
    return n.run(dz);
  } catch (const GradError& e) { throw GradError(more(e)); } catch (const ShapeError& e) {
    throw ShapeError(more(e));
  } catch (const TypeError& e) { throw TypeError(more(e)); } catch (const Error& e) {
    if (typeid(e) == typeid(Error)) throw Error(more(e));
    throw;
  }
}

/// After a throw nothing of what has arrived at the outputs of an operation is left for the next pass.
struct ForgetArrived {
  Node& n;
  explicit ForgetArrived(Node& node) : n(node) {}
  ~ForgetArrived() { n.forget_arrived(); }
  ForgetArrived(const ForgetArrived&) = delete;
  ForgetArrived& operator=(const ForgetArrived&) = delete;
};

}  // namespace

void run_carefully(Queue& queue, LeafGrads& leaves, bool retain, Plan* plan) {
  while (!queue.empty()) {
    Node* n = queue.pop();
    Running running(n);
    ForgetArrived forget(*n);
    Tensor dz = std::move(n->grad);
    if (n->extras) call_hooks(*n, dz);
    if (plan) {
      if (Tensor* kept = plan->captured(n)) *kept = dz;
      if (!plan->runs(n)) continue;
    }
    if (const NodeExtras* extras = n->extras) {
      if (extras->retained && !plan) leaves.add_kept(extras->retained, Tensor(dz));
      if (extras->output_of) {
        if (modes.tracing) check_met(*n, *extras->output_of, dz);
        queue.give(extras->output_of, extras->output_number, std::move(dz));
        continue;
      }
    }
    std::optional<Asking> asking;
    if (plan) asking.emplace(*n, *plan);
    Grads grads = run_traced(*n, dz);
    asking.reset();
    if (modes.tracing) check_nan(*n, dz, grads.data());
    if (!retain) n->release_saved();
    for (std::uint32_t i = 0; i < n->inputs; ++i) {
      const Edge& e = n->edges[i];
      Tensor& g = grads.data()[i];
      if (e.needed() && g.defined() && (!plan || plan->wanted(e))) deliver(e, g, queue, leaves);
    }
  }
  if (modes.tracing) leaves.check_nan();
}

}  // namespace detail

std::vector<Tensor> grad(const std::vector<Tensor>& outputs, const std::vector<Tensor>& inputs,
                         const std::vector<Tensor>& grad_outputs, BackwardOptions options) {
  using detail::str;
  if (grad_outputs.size() > outputs.size())
    throw GradError(str("grad: ", grad_outputs.size(), " grad_outputs for ", outputs.size(), " outputs"));
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (!inputs[i].defined()) throw GradError(str("grad: input ", i, " is undefined"));
    if (!detail::up_to_date(inputs[i]).requires_grad)
      throw GradError(str("grad: one of the inputs does not require grad (number ", i, ", ", inputs[i].shape(), ")"));
  }
  for (const Tensor& y : outputs) detail::checked_root(y);
  detail::check_options(options);
  detail::Plan plan(outputs, inputs);
  detail::ModeScope mode(options.create_graph);
  std::vector<Ref<Node>> roots, at;  // a hook may drop the last handle on a tensor, or change one in place
  for (const Tensor& y : outputs) roots.push_back(Ref<Node>::share(y.impl().grad_fn));
  for (const Tensor& x : inputs) at.push_back(Ref<Node>::share(x.impl().grad_fn));
  detail::LeafGrads leaves;
  detail::Queue queue;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    Tensor seed = detail::checked_seed(outputs[i], i < grad_outputs.size() ? grad_outputs[i] : Tensor());
    if (roots[i]) {
      if (plan.wanted(roots[i].get())) queue.give(roots[i].get(), std::move(seed));
    } else if (plan.wanted(outputs[i].get())) {
      leaves.add(outputs[i].get(), std::move(seed));
    }
  }
  detail::run_carefully(queue, leaves, options.retain_graph || options.create_graph, &plan);
  leaves.call_hooks();
  std::vector<Tensor> found;
  for (std::size_t i = 0; i < inputs.size(); ++i)
    found.push_back(at[i] ? *plan.captured(at[i].get()) : leaves.sum_of(inputs[i].impl()));
  return found;
}

}  // namespace harker

// The loop of grad(), which runs as its plan says, and of anomaly mode, which looks for NaN as it goes.
#include <cstring>
#include <optional>
#include <typeinfo>

#include <harker/core/autograd/record/node_meta.h>
#include <harker/core/autograd/run/anomaly.h>
#include <harker/core/autograd/run/engine.h>
#include <harker/core/autograd/run/plan.h>
#include <harker/core/base/text.h>
#include <harker/core/tensor/mode.h>

namespace harker::detail {
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
  if (!modes().tracing) return n.run(dz);
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

void run_carefully(Queue& queue, GradAccumulator& leaves, bool retain, Plan* plan) {
  while (!queue.empty()) {
    Node* n = queue.pop();
    Running running(n);
    ForgetArrived forget(*n);
    Tensor dz = std::move(n->grad);
    if (n->meta) call_hooks(*n, dz);
    if (plan) {
      if (Tensor* kept = plan->captured(n)) *kept = dz;
      if (!plan->runs(n)) continue;
    }
    if (const NodeMeta* meta = n->meta) {
      if (meta->retained && !plan) leaves.add_kept(meta->retained, Tensor(dz));
      if (meta->output_of) {
        if (modes().tracing) check_met(*n, *meta->output_of, dz);
        queue.give(meta->output_of, meta->output_number, std::move(dz));
        continue;
      }
    }
    std::optional<Asking> asking;
    if (plan) asking.emplace(*n, *plan);
    Grads grads = run_traced(*n, dz);
    asking.reset();
    if (modes().tracing) check_nan(*n, dz, grads.data());
    if (!retain) n->release_saved();
    for (std::uint32_t i = 0; i < n->inputs; ++i) {
      const Edge& e = n->edges[i];
      Tensor& g = grads.data()[i];
      if (e.needed() && g.defined() && (!plan || plan->wanted(e))) deliver(e, g, queue, leaves);
    }
  }
  if (modes().tracing) leaves.check_nan();
}

}  // namespace harker::detail

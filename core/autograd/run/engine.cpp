// The engine: runs the deepest waiting node first. Edges always lead to smaller depths, so when a node is the deepest
// one waiting no gradient for it is outstanding: a topological order without a counting pass, and correct for graphs
// built by many threads. The gradients of leaves are collected (grad_accumulator.h) and added to grad() when the last node
// has run: after a throw nothing has changed. grad() (grad.cpp) runs the same loop, for what it wants alone.
#include <harker/core/autograd/run/engine.h>

#include <harker/core/autograd/record/context.h>
#include <harker/core/autograd/record/hook_set.h>
#include <harker/core/autograd/record/node_meta.h>
#include <harker/core/autograd/record/view_history.h>
#include <harker/core/autograd/run/anomaly.h>
#include <harker/core/autograd/run/nesting.h>
#include <harker/core/autograd/run/wanted_grads.h>
#include <harker/core/backend/backend.h>
#include <harker/core/base/text.h>
#include <harker/core/grad_mode.h>
#include <harker/core/ops/ops.h>
#include <harker/core/tensor/make.h>
#include <harker/core/tensor/mode.h>

namespace harker {
namespace detail {
namespace {

/// A gradient as its receiver wants it: the one place where broadcasting is undone.
[[gnu::noinline]] Tensor fitted(Tensor g, const Shape& shape, DType dtype) {
  if (!(g.shape() == shape)) {
    if (is_computed(g.dtype()) || is_complex(g.dtype()))
      g = sum_to(g, shape);
    else  // what sum_to does not take: a Function's backward may return integers, say
      g = sum_to(g.to(DType::float32), shape).to(g.dtype());
  }
  return g.to(dtype);
}

inline void fit(Tensor& g, const Shape& shape, DType dtype) {
  const TensorImpl& p = g.impl();
  if (!(p.shape == shape) || p.dtype != dtype) [[unlikely]]
    g = fitted(std::move(g), shape, dtype);
}

/// A gradient that an op has made goes to where its input came from.
[[gnu::always_inline]] inline void deliver(const Edge& e, Tensor& g, Queue& queue, GradAccumulator& accumulator) {
  if (e.leaf()) {
    TensorImpl* const leaf = e.tensor();
    fit(g, leaf->shape, leaf->dtype);
    accumulator.add(leaf, std::move(g));
  } else {
    Node* const node = e.node();
    fit(g, node->shape, node->dtype);
    queue.give(node, std::move(g));
  }
}

/// At its end the node, which belonged to this pass since it joined the queue, is nobody's: another may run it.
struct ReleasedAtEnd {
  Node* n;
  explicit ReleasedAtEnd(Node* node) : n(node) {}
  ~ReleasedAtEnd() { n->runner.store(nullptr, std::memory_order_release); }
  ReleasedAtEnd(const ReleasedAtEnd&) = delete;
  ReleasedAtEnd& operator=(const ReleasedAtEnd&) = delete;
};

/// What comes before n's backward. Hooks see the gradient; grad() notes it if n's output is one of its inputs;
/// retain_grad() keeps it. A node that stands for one output of an operation (multi_output.h) only passes it on to that
/// operation. False: n's backward does not run.
[[gnu::noinline]] bool before_run(Node& n, Tensor& dz, Queue& queue, GradAccumulator& accumulator,
                                  WantedGrads* wanted) {
  const NodeMeta* const meta = n.meta;
  if (meta && meta->hooks && dz.defined()) dz = hooked(*meta->hooks, std::move(dz));
  if (wanted) {
    if (Tensor* kept = wanted->captured(&n)) *kept = dz;
    if (!wanted->runs(&n)) return false;
  }
  if (!meta) return true;
  if (meta->retained && !wanted) accumulator.add_kept(meta->retained, Tensor(dz));
  if (!meta->output_of) return true;
  if (modes().tracing & kTracing) check_arrived(n, *meta->output_of, dz);
  queue.give(meta->output_of, meta->output_number, std::move(dz));
  return false;
}

/// n's backward, which computes the gradients that these edges want; in anomaly mode they are looked at.
[[gnu::noinline]] Grads run_specially(Node& n, const Edge* edges, const Tensor& dz) {
  struct Following {
    Node& n;
    ~Following() { n.ctx.follow(n.edges); }
  } following{n};
  n.ctx.follow(edges);
  return modes().tracing & kTracing ? run_in_anomaly_mode(n, dz) : n.run(dz);
}

/// Runs the graph from the queue until no node waits. What reaches leaves, and tensors that keep their gradient, goes to
/// `accumulator`. `wanted`: what grad() is to find, and only what lies on the way there runs; null: all. kOrdinary: for
/// backward() without anomaly mode, which pays for neither.
template <bool kOrdinary>
void run_graph(Queue& queue, GradAccumulator& accumulator, bool retain, WantedGrads* wanted) {
  while (!queue.empty()) {
    Node* n = queue.pop();
    const ReleasedAtEnd release(n);
    Tensor dz = std::move(n->grad);
    if (!kOrdinary || n->meta) [[unlikely]]
      if (!before_run(*n, dz, queue, accumulator, wanted)) continue;
    const Edge* edge = wanted ? wanted->edges_of(*n) : n->edges;
    Grads grads = kOrdinary ? n->run(dz) : run_specially(*n, edge, dz);
    // The edges stay: a part shared by two losses may be run again when it saved nothing, as in PyTorch.
    if (!retain) n->ctx.clear();
    Tensor* grad = grads.data();
    for (const Edge* end = edge + n->inputs; edge != end; ++edge, ++grad)
      if (edge->needed() && grad->defined()) deliver(*edge, *grad, queue, accumulator);
  }
  if (!kOrdinary && modes().tracing & kTracing) accumulator.check_nan();
}

}  // namespace

void run(Queue& queue, GradAccumulator& accumulator, bool retain, WantedGrads& wanted) {
  run_graph<false>(queue, accumulator, retain, &wanted);
}

void Queue::refuse(const Node* n) {
  throw_error<GradError>("backward: another backward pass is running through this graph (at ", n->name(),
                         "); one graph is run by one thread at a time");
}

void Queue::grow() {
  std::vector<Node*, pool::Allocator<Node*>> more(capacity_ * 2);
  std::copy(at_, at_ + count_, more.data());
  heap_.swap(more);
  at_ = heap_.data();
  capacity_ *= 2;
}

TensorImpl& checked_root(const Tensor& t) {
  TensorImpl& p = up_to_date(t);
  if (!p.requires_grad)
    throw_error<GradError>(
        "backward: the tensor does not require grad and does not have a grad_fn (was it computed under a "
        "NoGradGuard?)");
  return p;
}

Tensor checked_seed(const Tensor& root, const Tensor& gradient) {
  const TensorImpl& p = root.impl();
  if (!gradient.defined()) {
    if (is_complex(p.dtype))
      throw_error<GradError>("backward: grad can be implicitly created only for real outputs, this one is ",
                             name(p.dtype));
    if (p.numel != 1)
      throw_error<GradError>("backward: grad can be implicitly created only for scalar outputs, this one is ", p.shape,
                             "; reduce it (mean, sum) or pass a gradient of that shape");
    Tensor one = empty_tensor(p.shape, p.dtype, p.device);
    if (p.dtype == DType::float32 && p.device.type == DeviceType::cpu)  // a kernel would cost 200 instructions
      *static_cast<float*>(one.raw()) = 1;
    else
      kernels<Copies>(p.device).fill(p.dtype, 1, 1.0, one.raw());
    return one;
  }
  if (!(gradient.shape() == p.shape) || gradient.dtype() != p.dtype)
    throw_error<ShapeError>("backward: the gradient is ", name(gradient.dtype()), " ", gradient.shape(),
                            ", the tensor ", name(p.dtype), " ", p.shape);
  return gradient;
}

void check_options(const BackwardOptions& options) {
  if (options.create_graph && is_inference_mode_enabled())
    throw_error<GradError>("backward: nothing is recorded in InferenceMode, so create_graph cannot be had there");
}

namespace {
/// The modes of a backward pass: recorded or not; and gradients are ordinary tensors, also of a pass in InferenceMode,
/// since they stay in grad(). What hooks change besides stays.
struct PassModes {
  Modes& modes = detail::modes();
  const bool grad = modes.grad;
  const std::uint8_t new_flags = modes.new_flags;
  explicit PassModes(bool create_graph) {
    modes.grad = create_graph;
    modes.new_flags = 0;
  }
  ~PassModes() {
    modes.grad = grad;
    modes.new_flags = new_flags;
  }
  PassModes(const PassModes&) = delete;
  PassModes& operator=(const PassModes&) = delete;
};
}  // namespace

}  // namespace detail

void Tensor::backward(const Tensor& gradient, BackwardOptions options) const {
  TensorImpl& root = detail::checked_root(*this);
  detail::check_options(options);
  const detail::NestedPass nested;
  const detail::PassModes pass(options.create_graph);
  Tensor seed = detail::checked_seed(*this, gradient);
  Ref<Node> keep = Ref<Node>::share(root.grad_fn);  // a hook may drop the last handle on the tensor
  detail::GradAccumulator accumulator;
  detail::Queue queue;
  if (root.grad_fn)
    queue.give(root.grad_fn, std::move(seed));
  else
    accumulator.add_kept(&root, std::move(seed));
  const bool retain = options.retain_graph || options.create_graph;
  if (detail::modes().tracing & detail::kTracing) [[unlikely]]
    detail::run_graph<false>(queue, accumulator, retain, nullptr);
  else
    detail::run_graph<true>(queue, accumulator, retain, nullptr);
  accumulator.commit(options.create_graph);
}

}  // namespace harker

// The engine: runs the deepest waiting node first. Edges always lead to smaller depths, so when a node is the deepest
// one waiting no gradient for it is outstanding: a topological order without a counting pass, and correct for graphs
// built by many threads. The gradients of leaves are collected (grad_accumulator.h) and added to grad() when the last node
// has run: after a throw nothing has changed. grad(), and anomaly mode, have a loop of their own: careful_run.cpp.
#include <harker/core/autograd/run/engine.h>

#include <harker/core/autograd/record/hook_set.h>
#include <harker/core/autograd/record/node_meta.h>
#include <harker/core/autograd/record/view_history.h>
#include <harker/core/autograd/run/nesting.h>
#include <harker/core/backend/backend.h>
#include <harker/core/base/text.h>
#include <harker/core/ops/ops.h>
#include <harker/core/tensor/make.h>
#include <harker/core/tensor/mode.h>

namespace harker {

namespace detail {

[[gnu::noinline]] Tensor fitted(Tensor g, const Shape& shape, DType dtype) {
  if (!(g.shape() == shape)) {
    if (is_computed(g.dtype()) || is_complex(g.dtype()))
      g = sum_to(g, shape);
    else
      g = sum_to(g.to(DType::float32), shape).to(g.dtype());
  }
  return g.to(dtype);
}

void Queue::refuse(const Node* n) {
  throw GradError(str("backward: another backward pass is running through this graph (at ", n->name(),
                      "); one graph is run by one thread at a time"));
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
    throw GradError(
        "backward: the tensor does not require grad and does not have a grad_fn (was it computed under a "
        "NoGradGuard?)");
  return p;
}

Tensor checked_seed(const Tensor& root, const Tensor& gradient) {
  const TensorImpl& p = root.impl();
  if (!gradient.defined()) {
    if (is_complex(p.dtype))
      throw GradError(
          str("backward: grad can be implicitly created only for real outputs, this one is ", name(p.dtype)));
    if (p.numel != 1)
      throw GradError(str("backward: grad can be implicitly created only for scalar outputs, this one is ", p.shape,
                          "; reduce it (mean, sum) or pass a gradient of that shape"));
    Tensor one = empty_tensor(p.shape, p.dtype, p.device);
    if (p.dtype == DType::float32 && p.device.type == DeviceType::cpu)  // a kernel would cost 200 instructions
      *static_cast<float*>(one.raw()) = 1;
    else
      backend(p.device).fill(p.dtype, 1, 1.0, one.raw());
    return one;
  }
  if (!(gradient.shape() == p.shape) || gradient.dtype() != p.dtype)
    throw ShapeError(str("backward: the gradient is ", name(gradient.dtype()), " ", gradient.shape(), ", the tensor ",
                         name(p.dtype), " ", p.shape));
  return gradient;
}

void check_options(const BackwardOptions& options) {
  if (options.create_graph && modes().new_flags)
    throw GradError("backward: nothing is recorded in InferenceMode, so create_graph cannot be had there");
}

void call_hooks(const Node& n, Tensor& dz) {
  if (n.meta->hooks && dz.defined()) dz = hooked(*n.meta->hooks, std::move(dz));
}

namespace {

/// For a node that is out of the ordinary. False: it stands for an output, whose gradient has been handed on.
[[gnu::noinline]] bool pass_meta(Node& n, Tensor& dz, Queue& queue, GradAccumulator& leaves) {
  call_hooks(n, dz);
  const NodeMeta& meta = *n.meta;
  if (meta.retained) leaves.add_kept(meta.retained, Tensor(dz));
  if (!meta.output_of) return true;
  queue.give(meta.output_of, meta.output_number, std::move(dz));
  return false;
}

/// Runs the graph from the queue until no node waits; what reaches leaves (and tensors that keep their gradient) goes
/// to `leaves`.
void run(Queue& queue, GradAccumulator& leaves, bool retain) {
  while (!queue.empty()) {
    Node* n = queue.pop();
    Running running(n);
    Tensor dz = std::move(n->grad);
    if (n->meta) [[unlikely]]
      if (!pass_meta(*n, dz, queue, leaves)) continue;
    Grads grads = n->run(dz);
    if (!retain) n->release_saved();  // the edges stay: a trunk that saved nothing may be run again, as in PyTorch
    Tensor* grad = grads.data();
    for (const Edge *edge = n->edges, *end = edge + n->inputs; edge != end; ++edge, ++grad) {
      const Edge& e = *edge;
      Tensor& g = *grad;
      if (e.needed() && g.defined()) deliver(e, g, queue, leaves);
    }
  }
}

}  // namespace
}  // namespace detail

void Tensor::backward(const Tensor& gradient, BackwardOptions options) const {
  TensorImpl& root = detail::checked_root(*this);
  detail::check_options(options);
  const detail::NestedPass nested;
  const detail::PassModes pass(options.create_graph);
  Tensor seed = detail::checked_seed(*this, gradient);
  Ref<Node> keep = Ref<Node>::share(root.grad_fn);  // a hook may drop the last handle on the tensor
  detail::GradAccumulator leaves;
  detail::Queue queue;
  if (root.grad_fn)
    queue.give(root.grad_fn, std::move(seed));
  else
    leaves.add_kept(&root, std::move(seed));
  const bool retain = options.retain_graph || options.create_graph;
  if (detail::modes().tracing) [[unlikely]]
    detail::run_carefully(queue, leaves, retain, nullptr);
  else
    detail::run(queue, leaves, retain);
  leaves.commit(options.create_graph);
}

}  // namespace harker

// The engine: runs the deepest waiting node first. Edges always lead to smaller depths, so when a node is the deepest
// one waiting no gradient for it is outstanding: a topological order without a counting pass, and correct for graphs
// built by many threads. The gradients of leaves are collected (leaf_grads.h) and added to grad() when the last node
// has run: after a throw nothing has changed.
#include <algorithm>
#include <atomic>
#include <deque>

#include <harker/core/autograd/autograd.h>
#include <harker/core/autograd/leaf_grads.h>
#include <harker/core/autograd/mode.h>
#include <harker/core/autograd/node.h>
#include <harker/core/backend/backend.h>
#include <harker/core/ops/ops.h>
#include <harker/core/tensor_make.h>
#include <harker/core/text.h>

namespace harker {
namespace {

using detail::LeafGrads;
using detail::plus;
using detail::str;

bool shallower(const Node* a, const Node* b) { return a->depth < b->depth; }

/// A gradient as its receiver wants it: the one place where broadcasting is undone.
[[gnu::noinline]] Tensor fitted(Tensor g, const Shape& shape, DType dtype) {
  if (!(g.shape() == shape)) {
    if (is_computed(g.dtype()) || is_complex(g.dtype()))
      g = sum_to(g, shape);
    else
      g = sum_to(g.to(DType::float32), shape).to(g.dtype());
  }
  return g.to(dtype);
}
inline void fit(Tensor& g, const Shape& shape, DType dtype) {
  const TensorImpl& p = g.impl();
  if (!(p.shape == shape) || p.dtype != dtype) [[unlikely]]
    g = fitted(std::move(g), shape, dtype);
}

/// The waiting nodes, a max-heap by depth. The first 16 live on the stack, which is all that most graphs ever need.
class Queue {
 public:
  Queue() = default;
  Queue(const Queue&) = delete;
  Queue& operator=(const Queue&) = delete;
  /// After a throw: what still waits must not find old gradients in the next pass.
  ~Queue() {
    while (count_) {
      Node* n = at_[--count_];
      n->grad = {};
      n->runner.store(nullptr, std::memory_order_release);
    }
  }
  bool empty() const { return count_ == 0; }

  /// Gives `g` to the node, which joins the queue if it is not there yet.
  void give(Node* n, Tensor&& g) {
    if (n->runner.load(std::memory_order_relaxed) == this) {
      n->grad = plus(n->grad, g);
      return;
    }
    const void* nobody = nullptr;
    if (!n->runner.compare_exchange_strong(nobody, this, std::memory_order_acquire))
      throw GradError(str("backward: another backward pass is running through this graph (at ", n->name(),
                          "); one graph is run by one thread at a time"));
    if (count_ == capacity_) grow();
    n->grad = std::move(g);
    at_[count_++] = n;
    if (count_ > 1) std::push_heap(at_, at_ + count_, shallower);
  }
  Node* pop() {
    if (count_ > 1) std::pop_heap(at_, at_ + count_, shallower);
    return at_[--count_];
  }

 private:
  void grow() {
    std::vector<Node*, pool::Allocator<Node*>> more(capacity_ * 2);
    std::copy(at_, at_ + count_, more.data());
    heap_.swap(more);
    at_ = heap_.data();
    capacity_ *= 2;
  }
  Node* first_[16];
  std::vector<Node*, pool::Allocator<Node*>> heap_;
  Node** at_ = first_;
  std::size_t count_ = 0, capacity_ = 16;
};

Tensor checked_seed(const Tensor& root, const Tensor& gradient) {
  const TensorImpl& p = root.impl();
  if (!gradient.defined()) {
    if (is_complex(p.dtype))
      throw GradError(
          str("backward: grad can be implicitly created only for real outputs, this one is ", name(p.dtype)));
    if (p.numel != 1)
      throw GradError(str("backward: grad can be implicitly created only for scalar outputs, this one is ", p.shape,
                          "; reduce it (mean, sum) or pass a gradient of that shape"));
    Tensor one = detail::fresh(p.shape, p.dtype, p.device);
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

/// While it lives, the node belongs to this pass: a pass of another thread that comes by is refused.
struct Running {
  Node* n;
  explicit Running(Node* node) : n(node) {}
  ~Running() { n->runner.store(nullptr, std::memory_order_release); }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;
};

/// Runs the graph from the queue until no node waits; what reaches leaves (and tensors that keep their gradient) goes
/// to `leaves`.
void run(Queue& queue, LeafGrads& leaves, bool retain) {
  while (!queue.empty()) {
    Node* n = queue.pop();
    Running running(n);
    Tensor dz = std::move(n->grad);
    if (n->retained) [[unlikely]]
      leaves.add(n->retained, Tensor(dz));
    Grads grads = n->run(dz);
    if (!retain) n->release_saved();  // the edges stay: a trunk that saved nothing may be run again, as in PyTorch
    Tensor* grad = grads.data();
    for (const Edge *edge = n->edges, *end = edge + n->inputs; edge != end; ++edge, ++grad) {
      const Edge& e = *edge;
      Tensor& g = *grad;
      if (!e.needed() || !g.defined()) continue;
      if (e.leaf()) {
        TensorImpl* const leaf = e.tensor();
        fit(g, leaf->shape, leaf->dtype);
        leaves.add(leaf, std::move(g));
      } else {
        Node* const node = e.node();
        fit(g, node->shape, node->dtype);
        queue.give(node, std::move(g));
      }
    }
  }
}

TensorImpl& checked_root(const Tensor& t) {
  TensorImpl& p = t.impl();
  if (!p.requires_grad)
    throw GradError(
        "backward: the tensor does not require grad and does not have a grad_fn (was it computed under a "
        "NoGradGuard?)");
  return p;
}

/// Lets a tensor that is no leaf keep its gradient for the time of one pass.
class Watch {
 public:
  explicit Watch(const Tensor& t) : p_(t.impl()) {
    if (p_.grad_fn) before_ = std::exchange(p_.grad_fn->retained, &p_);
  }
  ~Watch() {
    if (p_.grad_fn && before_ != &p_) p_.grad_fn->retained = before_;  // an input named twice is watched once
  }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

 private:
  TensorImpl& p_;
  TensorImpl* before_ = nullptr;
};

}  // namespace

void Tensor::backward(const Tensor& gradient, BackwardOptions options) const {
  TensorImpl& root = checked_root(*this);
  Tensor seed = checked_seed(*this, gradient);
  detail::ModeScope mode(options.create_graph);
  Ref<Node> keep = Ref<Node>::share(root.grad_fn);  // a hook may drop the last handle on the tensor
  LeafGrads leaves;
  Queue queue;
  if (root.grad_fn)
    queue.give(root.grad_fn, std::move(seed));
  else
    leaves.add(&root, std::move(seed));
  run(queue, leaves, options.retain_graph || options.create_graph);
  leaves.commit(options.create_graph);
}

std::vector<Tensor> grad(const std::vector<Tensor>& outputs, const std::vector<Tensor>& inputs,
                         const std::vector<Tensor>& grad_outputs, BackwardOptions options) {
  for (const Tensor& x : inputs)
    if (!x.requires_grad()) throw GradError("grad: one of the inputs does not require grad");
  detail::ModeScope mode(options.create_graph);
  std::deque<Watch> watches;
  for (const Tensor& x : inputs) watches.emplace_back(x);
  LeafGrads leaves;
  Queue queue;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    TensorImpl& root = checked_root(outputs[i]);
    Tensor seed = checked_seed(outputs[i], i < grad_outputs.size() ? grad_outputs[i] : Tensor());
    if (root.grad_fn)
      queue.give(root.grad_fn, std::move(seed));
    else
      leaves.add(&root, std::move(seed));
  }
  run(queue, leaves, options.retain_graph || options.create_graph);
  std::vector<Tensor> out;
  for (const Tensor& x : inputs) out.push_back(leaves.sum_of(x.impl()));
  return out;
}

}  // namespace harker

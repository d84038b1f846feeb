// What the two loops of the engine share: the queue of waiting nodes, and how a gradient is made to fit its receiver.
// engine.cpp has the loop of backward(), careful_run.cpp that of grad() and of anomaly mode. Internal.
#pragma once
#include <algorithm>
#include <vector>

#include <harker/core/autograd/record/multi_output.h>
#include <harker/core/autograd/record/node.h>
#include <harker/core/autograd/run/grad_accumulator.h>
#include <harker/core/base/pool.h>
#include <harker/core/tensor.h>
#include <harker/core/tensor/mode.h>

namespace harker {
namespace detail {

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
      n->forget_arrived();
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
    join(n);
    n->grad = std::move(g);
  }
  /// Gives `g` to one output of a node with several.
  void give(MultiOutputNode* n, std::uint32_t output, Tensor&& g) {
    if (n->runner.load(std::memory_order_relaxed) != this) join(n);
    n->arrive(output, std::move(g));
  }
  Node* pop() {
    if (count_ > 1) std::pop_heap(at_, at_ + count_, shallower);
    return at_[--count_];
  }

 private:
  static bool shallower(const Node* a, const Node* b) { return a->depth < b->depth; }
  void join(Node* n) {
    if (count_ == capacity_) grow();
    const void* nobody = nullptr;
    if (!n->runner.compare_exchange_strong(nobody, this, std::memory_order_acquire)) [[unlikely]]
      refuse(n);
    at_[count_++] = n;
    if (count_ > 1) std::push_heap(at_, at_ + count_, shallower);
  }
  [[noreturn]] static void refuse(const Node* n);
  void grow();

  Node* first_[16];
  std::vector<Node*, pool::Allocator<Node*>> heap_;
  Node** at_ = first_;
  std::size_t count_ = 0, capacity_ = 16;
};

/// While it lives, the node belongs to this pass: a pass of another thread that comes by is refused.
struct Running {
  Node* n;
  explicit Running(Node* node) : n(node) {}
  ~Running() { n->runner.store(nullptr, std::memory_order_release); }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;
};

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

/// A gradient as its receiver wants it: the one place where broadcasting is undone.
Tensor fitted(Tensor g, const Shape& shape, DType dtype);
inline void fit(Tensor& g, const Shape& shape, DType dtype) {
  const TensorImpl& p = g.impl();
  if (!(p.shape == shape) || p.dtype != dtype) [[unlikely]]
    g = fitted(std::move(g), shape, dtype);
}

/// A gradient that an op has made goes to where its input came from.
[[gnu::always_inline]] inline void deliver(const Edge& e, Tensor& g, Queue& queue, GradAccumulator& leaves) {
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

/// The root's implementation; GradError when it has no history.
TensorImpl& checked_root(const Tensor& root);
/// The gradient that a pass begins with: what was given, or 1 for a tensor of one element.
Tensor checked_seed(const Tensor& root, const Tensor& gradient);
/// GradError when the options cannot be had in this mode.
void check_options(const BackwardOptions& options);

/// The gradient of n's output after the hooks on it.
void call_hooks(const Node& n, Tensor& dz);

class Plan;
/// Runs the graph as the plan says, or all of it (null), looking for NaN in anomaly mode. What reaches leaves, and
/// without a plan also tensors that keep their gradient, goes to `leaves`.
void run_carefully(Queue& queue, GradAccumulator& leaves, bool retain, Plan* plan);

}  // namespace detail
}  // namespace harker

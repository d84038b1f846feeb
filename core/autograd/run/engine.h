// A pass of the engine, as backward() and grad() begin it: the nodes that wait for their turn, and the loop that runs
// them (engine.cpp). Internal.
#pragma once
#include <algorithm>
#include <vector>

#include <harker/core/autograd/record/multi_output.h>
#include <harker/core/autograd/record/node.h>
#include <harker/core/autograd/run/grad_accumulator.h>
#include <harker/core/base/pool.h>
#include <harker/core/tensor.h>

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

/// The root's implementation; GradError when it has no history.
TensorImpl& checked_root(const Tensor& root);
/// The gradient that a pass begins with: what was given, or 1 for a tensor of one element.
Tensor checked_seed(const Tensor& root, const Tensor& gradient);
/// GradError when the options cannot be had in this mode.
void check_options(const BackwardOptions& options);

class WantedGrads;
/// Runs what lies between the nodes that wait and what is wanted; the gradients of leaves go to `accumulator`.
void run(Queue& queue, GradAccumulator& accumulator, bool retain, WantedGrads& wanted);

}  // namespace detail
}  // namespace harker

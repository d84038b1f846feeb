// Plan: what a pass of grad() runs, the nodes that lie between the outputs and the inputs, and of these only the
// gradients that lead there. Internal to the engine.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include <harker/core/autograd/record/node_set.h>
#include <harker/core/tensor.h>

namespace harker::detail {

class Plan {
 public:
  Plan(std::span<const Tensor> outputs, std::span<const Tensor> inputs);

  bool wanted(const TensorImpl* leaf) const;
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
  Tensor* captured(const Node* n);

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

}  // namespace harker::detail

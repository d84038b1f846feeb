// WantedGrads: what one pass of grad() is to find. Of the graph only the nodes between the outputs and the inputs run, and
// of their gradients only those that lead to an input are asked for. Internal to the engine.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include <harker/core/autograd/record/node_set.h>
#include <harker/core/tensor.h>

namespace harker::detail {

class WantedGrads {
 public:
  WantedGrads(std::span<const Tensor> outputs, std::span<const Tensor> inputs);

  /// Is this leaf one of the inputs?
  bool wanted(const TensorImpl* leaf) const;
  /// Is this node's output one of the inputs, or on the way to one?
  bool wanted(const Node* n) const { return runs(n) || const_cast<WantedGrads*>(this)->captured(n); }
  /// Does anything that is wanted lie below it?
  bool runs(const Node* n) const {
    const std::uint32_t i = nodes_.find(n);
    return i != NodeSet::kNone && runs_[i];
  }
  /// A copy of the node's edges in which those that lead to nothing wanted are empty. Good until the next call.
  const Edge* edges_of(const Node& n);
  /// Where the gradient of this node's output is to be kept; null when it is none of the inputs.
  Tensor* captured(const Node* n);

 private:
  bool wanted(const Edge& e) const {
    if (!e.needed()) return false;
    return e.leaf() ? wanted(e.tensor()) : wanted(e.node());
  }
  struct Captured {
    const Node* n;
    Tensor grad;
  };
  NodeSet nodes_;
  std::vector<bool> runs_;  // of each node
  std::vector<const TensorImpl*> leaves_;
  std::vector<Captured> captured_;  // a node that is an input twice is found at its first place
  std::vector<Edge> edges_;         // room for those of any node
};

}  // namespace harker::detail

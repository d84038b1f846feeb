// How it is found what lies between the outputs and the inputs.
#include <harker/core/autograd/run/wanted_grads.h>

#include <algorithm>

namespace harker::detail {

WantedGrads::WantedGrads(std::span<const Tensor> outputs, std::span<const Tensor> inputs) {
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
  std::uint32_t most = 0;
  for (const std::uint32_t i : order) {
    const Node* n = nodes_[i];
    most = std::max(most, n->inputs);
    for (std::uint32_t k = 0; k < n->inputs && !runs_[i]; ++k) runs_[i] = wanted(n->edges[k]);
  }
  edges_.reserve(most);
}

const Edge* WantedGrads::edges_of(const Node& n) {
  edges_.clear();
  for (std::uint32_t i = 0; i < n.inputs; ++i) edges_.push_back(wanted(n.edges[i]) ? n.edges[i] : Edge());
  return edges_.data();
}

bool WantedGrads::wanted(const TensorImpl* leaf) const {
  return std::binary_search(leaves_.begin(), leaves_.end(), leaf);
}

Tensor* WantedGrads::captured(const Node* n) {
  const auto at = std::lower_bound(captured_.begin(), captured_.end(), n,
                                   [](const Captured& c, const Node* which) { return c.n < which; });
  return at != captured_.end() && at->n == n ? &at->grad : nullptr;
}

}  // namespace harker::detail

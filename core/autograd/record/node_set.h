// The nodes of a graph, found without recursion: for those who look at a graph without running it (grad(), graph_dot,
// changes in place). Internal to autograd.
#pragma once
#include <cstdint>
#include <vector>

#include <harker/core/autograd/record/node.h>
#include <harker/core/base/pointer_index.h>

namespace harker {
namespace detail {

/// Every node once, numbered in the order in which they were found.
class NodeSet {
  auto key() const {
    return [this](std::size_t i) { return nodes_[i]; };
  }

 public:
  static constexpr std::uint32_t kNone = PointerIndex::kNone;

  /// The node's number; a new one if it is not there yet.
  std::uint32_t add(Node* n) {
    std::uint32_t& place = index_.place(n, nodes_.size(), key());
    if (!place) {
      nodes_.push_back(n);
      place = static_cast<std::uint32_t>(nodes_.size());
    }
    return place - 1;
  }
  /// The node's number, or kNone.
  std::uint32_t find(const Node* n) const { return index_.find(n, key()); }
  std::size_t size() const { return nodes_.size(); }
  Node* operator[](std::size_t i) const { return nodes_[i]; }

  /// Adds all that can be reached from the nodes that are here, as far as `enter(Node*)` allows.
  template <class F>
  void add_reachable(const F& enter) {
    for (std::size_t k = 0; k < nodes_.size(); ++k) {
      const Node* n = nodes_[k];
      for (std::uint32_t i = 0; i < n->inputs; ++i) {
        const Edge& e = n->edges[i];
        if (e.needed() && !e.leaf() && enter(e.node())) add(e.node());
      }
    }
  }

 private:
  std::vector<Node*, pool::Allocator<Node*>> nodes_;
  PointerIndex index_;
};

}  // namespace detail
}  // namespace harker

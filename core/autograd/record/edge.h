// Edge: where a gradient goes on to, and so where an input came from (node.cpp).
#pragma once
#include <cstdint>

#include <harker/core/tensor.h>

namespace harker HARKER_PUBLIC {

class Node;

/// A Node, or a leaf's TensorImpl: one tagged word (bit 0 tells which). Empty: no gradient wanted. The node that has the
/// edge owns what it leads to; a copy of it does not.
class Edge {
 public:
  /// Makes an empty edge lead to where `input`, which requires grad, came from: to its node, which is returned; or, when
  /// it is a leaf (null is returned), to the tensor itself. A reference is added.
  inline Node* set(const Tensor& input);
  /// To this very node.
  inline void set(Node* node);
  /// Gives the reference back; the edge, which is not empty, is not used any more.
  inline void drop() noexcept;

  bool needed() const { return bits_ != 0; }
  bool leaf() const { return bits_ & 1; }
  Node* node() const { return reinterpret_cast<Node*>(bits_); }
  TensorImpl* tensor() const { return reinterpret_cast<TensorImpl*>(bits_ & ~std::uintptr_t{1}); }

 private:
  std::uintptr_t bits_ = 0;
};

}  // namespace harker

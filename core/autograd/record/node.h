// Node: one recorded operation. Its edges lead to the nodes, or the leaf tensors, that its inputs came from.
// How a node is made of an op is in op.h; who runs it, in engine.cpp.
#pragma once
#include <atomic>
#include <concepts>
#include <cstdint>
#include <memory>
#include <utility>

#include <harker/core/tensor.h>

namespace harker HARKER_PUBLIC {

class Context;
namespace detail {
struct NodeMeta;
void destroy(NodeMeta* meta) noexcept;
}  // namespace detail

/// A strong reference to a Node, or to a leaf's TensorImpl: one tagged word (bit 0 tells which). Empty: no gradient
/// wanted.
class Edge {
 public:
  Edge() = default;
  Edge(const Edge&) = delete;
  Edge& operator=(const Edge&) = delete;
  ~Edge() {
    if (bits_) drop();
  }

  /// Points to where `input`, which requires grad, came from: its node, or null for a leaf.
  inline Node* set(const Tensor& input);
  /// Points to this very node.
  inline void set(Node* node);
  bool needed() const { return bits_ != 0; }
  bool leaf() const { return bits_ & 1; }
  Node* node() const { return reinterpret_cast<Node*>(bits_); }
  TensorImpl* tensor() const { return reinterpret_cast<TensorImpl*>(bits_ & ~std::uintptr_t{1}); }

 private:
  inline void drop() noexcept;
  std::uintptr_t bits_ = 0;
};

/// The gradients of a node's inputs, in order; undefined where there is none. Up to four in place, which is all that
/// most operations have; a node with more inputs allocates.
class Grads {
 public:
  static constexpr std::uint32_t kInline = 4;
  template <std::convertible_to<Tensor>... T>
  Grads(T&&... t) : count_(sizeof...(T)), few_{std::forward<T>(t)...} {}
  /// As many as the node has inputs.
  explicit Grads(std::unique_ptr<Tensor[]> many) : count_(UINT32_MAX), many_(std::move(many)) {}
  Tensor* data() { return many_ ? many_.get() : few_; }
  /// How many were given, when they are few.
  std::uint32_t size() const { return count_; }

 private:
  std::uint32_t count_;
  Tensor few_[kInline];
  std::unique_ptr<Tensor[]> many_;
};

class Node {
 public:
  RefCount refs;
  std::uint32_t depth = 1;  ///< one more than the deepest input's: a topological order by construction
  std::uint32_t inputs;
  DType dtype = DType::float32;              ///< of the output
  Edge* edges;                               ///< `inputs` of them
  Shape shape;                               ///< of the output: gradients are summed to it before they arrive
  Tensor grad;                               ///< what has arrived during a backward pass
  detail::NodeMeta* meta = nullptr;          ///< owned; what few nodes have: hooks, a kept gradient (meta.h)
  std::atomic<const void*> runner{nullptr};  ///< the backward pass that has put a gradient here
  Node* next_dead = nullptr;

  /// From the gradient of the output to those of the inputs.
  virtual Grads run(const Tensor& dz) = 0;
  virtual void release_saved() noexcept = 0;
  /// After a pass that threw: what has arrived elsewhere than in `grad` goes.
  virtual void forget_arrived() noexcept {}
  /// Destructor and free.
  virtual void dispose() noexcept = 0;
  virtual const char* name() const = 0;
  /// Its saved tensors; null when it has none by design.
  virtual Context* context() noexcept { return nullptr; }

  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

 protected:
  Node(Edge* e, std::uint32_t n) : inputs(n), edges(e) {}
  ~Node() {
    if (meta) [[unlikely]]
      detail::destroy(meta);
  }
};

namespace detail {
/// Two gradients that meet: a + b; in 16 bits by way of float32, rounded again. TypeError for complex numbers. In
/// autograd/run/grad_accumulator.cpp.
Tensor plus(const Tensor& a, const Tensor& b);
}  // namespace detail

/// A node without references joins a list that whoever finds it unattended works through: freeing a graph never
/// recurses.
void destroy(Node* n) noexcept;
inline void unref(Node* n) noexcept {
  if (n->refs.dec()) destroy(n);
}

inline Node* Edge::set(const Tensor& input) {
  TensorImpl* const p = input.get();
  Node* const from = p->grad_fn;
  if (from) {
    from->refs.inc();
    bits_ = reinterpret_cast<std::uintptr_t>(from);
  } else {
    p->refs.inc();
    bits_ = reinterpret_cast<std::uintptr_t>(p) | 1;
  }
  return from;
}

inline void Edge::set(Node* node) {
  node->refs.inc();
  bits_ = reinterpret_cast<std::uintptr_t>(node);
}

inline void Edge::drop() noexcept {
  if (!leaf())
    unref(node());
  else if (tensor()->refs.dec())
    destroy(tensor());
}

}  // namespace harker

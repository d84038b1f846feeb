// Node: one recorded operation, the grad_fn of the tensor that it made. Its edges lead to where its inputs came from: to
// nodes, or to leaf tensors. So a graph is owned from its end: a tensor owns its node, and a node what its edges lead to.
// How a node is made of an op is in op.h; what an op saves in it, in context.h; who runs it, in autograd/run/engine.cpp.
#pragma once
#include <atomic>
#include <concepts>
#include <cstdint>
#include <utility>

#include <harker/core/autograd/record/context.h>
#include <harker/core/base/pool.h>
#include <harker/core/tensor.h>

namespace harker HARKER_PUBLIC {

class Grads;
class Node;
namespace detail {
struct NodeMeta;
}

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

class Node {
 public:
  RefCount refs;
  std::uint32_t depth = 1;           ///< one more than the deepest input's: a topological order by construction
  const std::uint32_t inputs;        ///< how many edges
  DType dtype = DType::float32;      ///< of the output
  Edge* const edges;                 ///< one for each input; owned, with what they lead to
  Shape shape;                       ///< of the output: gradients are summed to it before they arrive
  Tensor grad;                       ///< the sum of what has arrived in the backward pass that is running
  detail::NodeMeta* meta = nullptr;  ///< owned; what few nodes have: hooks, say (node_meta.h)
  /// Who holds this node: the Queue of the pass from its first gradient until it has run (or a change in place); null:
  /// nobody.
  std::atomic<const void*> runner{nullptr};
  Node* next_dead = nullptr;  ///< while it waits to be freed
  Context ctx;                ///< what forward saved

  /// Edge i leads to where `input`, which requires grad, came from.
  inline void link(std::uint32_t i, const Tensor& input);
  /// From the gradient of the output to those of the inputs.
  virtual Grads run(const Tensor& dz) = 0;
  /// After a pass that threw: what has arrived elsewhere than in `grad` goes.
  virtual void forget_arrived() noexcept {}
  virtual const char* name() const = 0;

  virtual ~Node();
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;
  static void* operator new(std::size_t n) { return pool::alloc(n); }
  static void operator delete(void* p, std::size_t n) noexcept { pool::free(p, n); }
  /// On a thread that is known already; `same` is n.
  static void* operator new(std::size_t n, detail::ThisThread& here, [[maybe_unused]] std::size_t same) {
    return pool::alloc(n, here);
  }
  static void operator delete(void* p, detail::ThisThread&, std::size_t n) noexcept { operator delete(p, n); }

 protected:
  explicit Node(std::uint32_t n) : inputs(n), edges(n <= kFew ? few_ : make_edges(n)), ctx(this, edges) {}

 private:
  static constexpr std::uint32_t kFew = 4;
  static Edge* make_edges(std::uint32_t n);
  Edge few_[kFew];
};

/// The last reference has gone. Without recursion: a node that goes while another is being freed waits in a list, which
/// the outermost call works through (base/deferred_delete.h).
void destroy(Node* n) noexcept;
inline void unref(Node* n) noexcept {
  if (n->refs.dec()) destroy(n);
}

// --- What of Edge and Context needs to know a Node.

inline Node* Edge::set(const Tensor& input) {
  TensorImpl* const p = input.get();
  Node* const from = p->grad_fn;
  if (from) {
    set(from);
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
inline void Node::link(std::uint32_t i, const Tensor& input) {
  const Node* const from = edges[i].set(input);
  if (from && from->depth >= depth) depth = from->depth + 1;
}
inline bool Context::needs(int input) const {
  if (!edges_) return false;
  if (static_cast<std::uint32_t>(input) >= node_->inputs) [[unlikely]]
    no_such_input(input);
  return edges_[input].needed();
}
inline std::size_t Context::input_count() const { return node_ ? node_->inputs : 0; }

namespace detail {
/// Owns an array. (The first std::unique_ptr costs a user's file 2 % of its compiler's time.)
struct TensorArray {
  Tensor* at = nullptr;
  TensorArray() noexcept = default;
  explicit TensorArray(std::size_t n) : at(new Tensor[n]) {}
  TensorArray(TensorArray&& o) noexcept : at(std::exchange(o.at, nullptr)) {}
  TensorArray& operator=(TensorArray&& o) noexcept {
    std::swap(at, o.at);
    return *this;
  }
  ~TensorArray() { delete[] at; }
};
}  // namespace detail

/// The gradients of a node's inputs, in order; undefined where there is none. Up to four in place, which is all that
/// most operations have; a node with more inputs allocates.
class Grads {
 public:
  static constexpr std::uint32_t kInline = 4;
  template <std::convertible_to<Tensor>... T>
  Grads(T&&... t) : count_(sizeof...(T)), few_{std::forward<T>(t)...} {}
  /// As many as the node has inputs.
  explicit Grads(detail::TensorArray many) : count_(UINT32_MAX), many_(std::move(many)) {}
  Tensor* data() { return many_.at ? many_.at : few_; }
  /// How many were given; UINT32_MAX: as many as the node has inputs.
  std::uint32_t size() const { return count_; }

 private:
  std::uint32_t count_;
  Tensor few_[kInline];
  detail::TensorArray many_;
};

namespace detail {
/// t, which has no history yet, was made by n.
inline void set_history(TensorImpl& t, Ref<Node> n) noexcept {
  t.grad_fn = n.release();
  t.requires_grad = true;
}
/// Two gradients that meet: a + b; in 16 bits by way of float32, rounded again. TypeError for complex numbers. (With the
/// other sums of gradients in autograd/run/grad_accumulator.cpp.)
[[gnu::visibility("hidden")]] Tensor plus(const Tensor& a, const Tensor& b);
}  // namespace detail

}  // namespace harker

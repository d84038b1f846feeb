// Op and apply: how one struct with a static forward and a static backward becomes a recorded operation.
//
//   struct Mul : Op<Mul> {                                                     // z = x * y
//     static constexpr const char* name = "mul";
//     static Tensor forward(Context& c, const Tensor& x, const Tensor& y) { c.save(x, y); return ...; }
//     static Grads backward(Context& c, const Tensor& dz) { ... return {dx, dy}; }
//   };
//   Tensor mul(const Tensor& x, const Tensor& y) { return apply<Mul>(x, y); }
//
// Arguments of type const Tensor& are inputs, each with an edge; all others are kept by value and handed to backward
// again. forward runs with grad mode off and returns a tensor of its own (never an input's handle). backward is written
// with recorded ops, so that it can be differentiated again; it need not undo broadcasting: the engine sums gradients
// to the input's shape.
#pragma once
#include <tuple>
#include <type_traits>

#include <harker/core/autograd/context.h>
#include <harker/core/autograd/mode.h>
#include <harker/core/pool.h>

namespace harker HARKER_PUBLIC {

/// Base of every op: nothing but a place to say what an op is.
template <class D>
struct Op {};

namespace detail {

template <class T>
inline constexpr bool is_tensor = std::is_same_v<std::remove_cvref_t<T>, Tensor>;

template <class F>
struct Signature;
template <class... A>
struct Signature<Tensor (*)(Context&, A...)> {
  static constexpr int tensors = (int{is_tensor<A>} + ... + 0);
  static_assert(tensors <= Grads::kInline);
  using Rest =
      decltype(std::tuple_cat(std::conditional_t<is_tensor<A>, std::tuple<>, std::tuple<std::decay_t<A>>>()...));
};

/// The node of op O: edges, saved tensors and other arguments inline, of exactly the size they need.
template <class O>
struct OpNode final : Node {
  using S = Signature<decltype(&O::forward)>;
  Edge edge[S::tensors];
  Context context{this};
  [[no_unique_address]] typename S::Rest rest;

  explicit OpNode(typename S::Rest r) : Node(edge, S::tensors), rest(std::move(r)) {}
  Grads run(const Tensor& dz) override {
    return std::apply([&](const auto&... args) { return O::backward(context, dz, args...); }, rest);
  }
  void release_saved() noexcept override { context.clear(); }
  void dispose() noexcept override {
    this->~OpNode();
    pool::free(this, sizeof(OpNode));
  }
  const char* name() const override { return O::name; }
};

template <class T>
auto keep(const T& v) {
  if constexpr (is_tensor<T>)
    return std::tuple<>();
  else
    return std::tuple<T>(v);
}
template <class T>
bool tracked(const T& v) {
  if constexpr (is_tensor<T>)
    return v.defined() && v.get()->requires_grad;
  else
    return false;
}
template <class T>
[[gnu::always_inline]] inline void link(Node* n, int& i, const T& v) {
  if constexpr (is_tensor<T>) {
    if (tracked(v)) {
      const Node* const from = n->edges[i].set(v);
      if (from && from->depth >= n->depth) n->depth = from->depth + 1;
    }
    ++i;
  }
}

}  // namespace detail

/// apply while grad mode is on.
template <class O, class... A>
[[gnu::noinline]] Tensor apply_recording(const A&... args) {
  using Made = detail::OpNode<O>;
  if (!(detail::tracked(args) || ...)) {
    Context none;
    detail::ModeScope off(false);
    return O::forward(none, args...);
  }
  Made* n = new (pool::alloc(sizeof(Made))) Made(std::tuple_cat(detail::keep(args)...));
  Ref<Node> owner(n);
  int i = 0;
  (detail::link(n, i, args), ...);
  Tensor z;
  {
    detail::ModeScope off(false);
    z = O::forward(n->context, args...);
  }
  TensorImpl& out = z.impl();
  n->shape = out.shape;
  n->dtype = out.dtype;
  out.grad_fn = owner.release();
  out.requires_grad = true;
  return z;
}

/// Runs O::forward, and records it when grad mode is on and an input requires grad. With grad mode off, as in inference
/// and in every backward pass, it is forward alone: the compiler sees that `none` keeps nothing.
template <class O, class... A>
inline Tensor apply(const A&... args) {
  if (detail::grad_enabled) return apply_recording<O>(args...);
  Context none;
  return O::forward(none, args...);
}

}  // namespace harker

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
// to the input's shape. Views and other exceptions: recording.h. Lists and several outputs: multi_output.h. Users: function.h.
#pragma once
#include <tuple>

#include <harker/core/autograd/record/multi_output.h>
#include <harker/core/autograd/record/recording.h>

namespace harker HARKER_PUBLIC {

/// Base of every op, and what an op may say otherwise.
template <class D>
struct Op {
  static constexpr bool is_function = false;       ///< function.h
  static constexpr bool materialize_grads = true;  ///< multi_output.h
};

namespace detail {

/// The node of op O: all in place and of the size it needs (vectors were 177 ns of the 1,024 of a prototype's step).
template <class O>
struct OpNode final : Node {
  using Rest = typename Signature<O>::Rest;
  Edge edge[Signature<O>::tensors];
  Context saved{this};
  [[no_unique_address]] Rest rest;

  explicit OpNode(Rest&& r) : Node(edge, Signature<O>::tensors), rest(std::move(r)) {}
  ~OpNode() override { saved.clear(); }
  Grads run(const Tensor& dz) override {
    return std::apply([&](const auto&... args) { return O::backward(saved, dz, args...); }, rest);
  }
  void release_saved() noexcept override { saved.clear(); }
  const char* name() const override { return O::name; }
  Context* context() noexcept override { return &saved; }
};

/// apply while grad mode is on: forward, and when an input requires grad, a node behind its result.
template <class O, class... A>
[[gnu::noinline]] Tensor apply_recording(const A&... args) {
  ThisThread& here = detail::here();
  unsigned flags = flags_of_call(here, args...);
  if (flags > kRequiresGrad) [[unlikely]]
    flags = updated_flags(here, args...);
  if (!(flags & kRequiresGrad)) return forward_unrecorded<O>(here, args...);
  typename OpNode<O>::Rest rest = std::tuple_cat(keep(args)...);
  auto* n = new (here) OpNode<O>(std::move(rest));
  Ref<Node> owner(n);
  std::uint32_t i = 0;
  const auto link = [&]<class T>(const T& v) {
    if constexpr (is_tensor<T>)
      if (const std::uint32_t k = i++; v.defined() && v.get()->requires_grad) n->link(k, v);
  };
  (link(args), ...);  // an edge to where each input came from
  Tensor z = [&] {
    const ModeScope off(false, here.modes);  // forward itself is not recorded
    return O::forward(n->saved, args...);
  }();
  TensorImpl& out = z.impl();
  if (flags != kRequiresGrad || !out.in_block) [[unlikely]]
    after_forward(*n, z, flags, args...);
  n->shape = out.shape;
  n->dtype = out.dtype;
  set_history(out, std::move(owner));
  return z;
}

}  // namespace detail

/// Runs O::forward, and records it when grad mode is on and an input requires grad. With it off, as in inference and in
/// every backward pass, it is forward alone: the compiler sees that `none` keeps nothing.
template <class O, class... A>
inline auto apply(const A&... args) {
  if constexpr (detail::is_multi_output<O>) {
    return detail::apply_multi_output<O>(args...);
  } else {
    if (detail::grad_enabled) return detail::apply_recording<O>(args...);
    Context none;
    return O::forward(none, args...);
  }
}

}  // namespace harker

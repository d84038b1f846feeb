// Op and apply: how one struct with a static forward and a static backward becomes a recorded operation.
//
//   struct Mul : Op<Mul> {                                                     // z = x * y
//     static constexpr const char* name = "mul";
//     static Tensor forward(Context& c, const Tensor& x, const Tensor& y) { c.save(x, y); return ...; }
//     static Grads backward(Context& c, const Tensor& dz) { ... return {dx, dy}; }
//   };
//   Tensor mul(const Tensor& x, const Tensor& y) { return apply<Mul>(x, y); }
//
// Where one struct is several operations, name_of(arguments that are no tensors) takes the place of name.
// Arguments of type const Tensor& are inputs, each with an edge; all others are kept by value and handed to backward
// again. forward runs with grad mode off and returns a tensor of its own (never an input's handle). backward is written
// with recorded ops, so that it can be differentiated again; it need not undo broadcasting: the engine sums gradients
// to the input's shape. Where forward writes its last tensor argument as well, `written` is that one's number (for
// traced_call.h). Views and other exceptions: recording.h. Lists and several outputs: multi_output.h. Users: function.h.
#pragma once
#include <tuple>

#include <harker/core/autograd/record/multi_output.h>
#include <harker/core/autograd/record/recording.h>
#include <harker/core/autograd/record/traced_call.h>

namespace harker HARKER_PUBLIC {

/// Base of every op, and what an op may say otherwise.
template <class D>
struct Op {
  /// An operation of the user's (function.h): what it returns is checked.
  static constexpr bool is_function = false;
  /// False: an output to which nothing flowed back has an undefined gradient, not zeros.
  static constexpr bool materialize_grads = true;
};

namespace detail {

/// The node of op O.
template <class O>
struct OpNode final : Node {
  [[no_unique_address]] typename Signature<O>::Rest rest;

  template <class... A>
  explicit OpNode(const A&... args) : Node(Signature<O>::tensors), rest(std::tuple_cat(keep(args)...)) {}
  Grads run(const Tensor& dz) override {
    return std::apply([&](const auto&... args) { return O::backward(ctx, dz, args...); }, rest);
  }
  const char* name() const override {
    if constexpr (requires { &O::name_of; })
      return std::apply([](const auto&... args) { return O::name_of(args...); }, rest);
    else
      return O::name;
  }
};

/// apply while grad mode is on, for inputs of which none requires grad.
template <class O, class... A>
[[gnu::noinline]] Tensor apply_ungraded(const A&... args) {
  Context none;
  Tensor z = O::forward(none, args...);
  if (!z.get()->in_block) after_ungraded(z, args...);
  return z;
}

/// What a recording calls O, given these arguments: its name, unless another operation has the same.
template <class O, class... A>
const char* name_of(const A&... args) {
  if constexpr (requires { O::traced_name; })
    return O::traced_name;
  else if constexpr (requires { &O::name_of; })
    return std::apply([](const auto&... rest) { return O::name_of(rest...); }, std::tuple_cat(keep(args)...));
  else
    return O::name;
}

/// apply while the thread's calls are recorded (op_trace.h).
template <class O, class... A>
[[gnu::cold, gnu::noinline]] Tensor apply_traced(const A&... args) {
  const TracedArgument list[] = {argument_of(args)...};
  TracedCall call(list);
  Tensor z = apply_ungraded<O>(args...);
  if constexpr (requires { O::written; })
    call.returned(name_of<O>(args...), z, O::written);
  else
    call.returned(name_of<O>(args...), z);
  return z;
}

/// apply while grad mode is on: forward, and when an input requires grad, a node behind its result.
template <class O, class... A>
[[gnu::noinline]] Tensor apply_recording(const A&... args) {
  ThisThread& here = detail::here();
  unsigned flags = flags_of_call(here, args...);
  if (flags > kRequiresGrad) [[unlikely]] {
    if (flags & kExporting) return apply_traced<O>(args...);
    flags = updated_flags(here, args...);
  }
  const ModeScope off(false, here.modes);  // forward itself is not recorded
  if (!(flags & kRequiresGrad)) return apply_ungraded<O>(args...);
  auto* n = new (here, sizeof(OpNode<O>)) OpNode<O>(args...);
  Ref<Node> owner(n);
  std::uint32_t i = 0;
  const auto link = [&]<class T>(const T& v) {  // an edge to where an input came from
    if constexpr (is_tensor<T>) {
      const std::uint32_t number = i++;
      if (v.defined() && v.get()->requires_grad) n->link(number, v);
    }
  };
  (link(args), ...);
  Tensor z = O::forward(n->ctx, args...);
  TensorImpl& out = *z.get();
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
  if constexpr (detail::takes_long_way<O>) {
    return detail::apply_long_way<O>(args...);
  } else {
    if (detail::grad_enabled) return detail::apply_recording<O>(args...);
    Context none;
    return O::forward(none, args...);
  }
}

}  // namespace harker

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
// to the input's shape. Lists of tensors and several outputs: core/autograd/record/multi_output.h. For users: function.h.
#pragma once
#include <bit>
#include <cstddef>
#include <tuple>
#include <type_traits>

#include <harker/core/autograd/record/context.h>
#include <harker/core/autograd/record/multi_output.h>
#include <harker/core/autograd/record/recording.h>
#include <harker/core/base/pool.h>
#include <harker/core/tensor/mode.h>

namespace harker HARKER_PUBLIC {

/// Base of every op: nothing but a place to say what an op is.
template <class D>
struct Op {};

namespace detail {

template <class T>
inline constexpr bool is_optional_tensor = requires(const T& t) {
  t.has_value();
  requires is_tensor<decltype(*t)>;
};

template <class F>
struct Signature;
template <class R, class... A>
struct Signature<R (*)(Context&, A...)> {
  static constexpr int tensors = (int{is_tensor<A>} + ... + 0);
  static constexpr bool multi_output = !is_tensor<R> || (is_list<A> || ...) ||
                                       tensors > static_cast<int>(Grads::kInline);
  static constexpr bool hides_tensors = (is_optional_tensor<std::remove_cvref_t<A>> || ...);
  using Result = R;
  using Rest = decltype(std::tuple_cat(std::conditional_t < is_tensor<A> || is_list<A>, std::tuple<>,
                                       std::tuple < std::decay_t < A >>> ()...));
};
/// Takes the path of multi_output.h: by its signature, or because it asks for that path's checks.
template <class O>
constexpr bool is_multi_output() {
  if constexpr (requires { O::is_function; })
    return true;
  else
    return Signature<decltype(&O::forward)>::multi_output;
}

/// The node of op O: edges, saved tensors and other arguments inline, of exactly the size they need.
template <class O>
struct OpNode final : Node {
  using S = Signature<decltype(&O::forward)>;
  Edge edge[S::tensors];
  Context context_{this};
  [[no_unique_address]] typename S::Rest rest;

  explicit OpNode(typename S::Rest&& r) : Node(edge, S::tensors), rest(std::move(r)) {}
  ~OpNode() { context_.clear(); }
  OpNode(const OpNode&) = delete;
  OpNode& operator=(const OpNode&) = delete;
  Grads run(const Tensor& dz) override {
    return std::apply([&](const auto&... args) { return O::backward(context_, dz, args...); }, rest);
  }
  void release_saved() noexcept override { context_.clear(); }
  void dispose() noexcept override {
    this->~OpNode();
    pool::free(this, sizeof(OpNode));
  }
  const char* name() const override { return O::name; }
  Context* context() noexcept override { return &context_; }
};

template <class T>
auto keep(const T& v) {
  if constexpr (is_tensor<T> || is_list<T>)
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

/// requires_grad (bit 0) and the flags (from bit 8) of a tensor, read at once. 0 for what is no tensor.
template <class T>
unsigned flags_of(const T& v) {
  if constexpr (is_tensor<T>) {
    if (!v.defined()) return 0;
    const TensorImpl* const p = v.get();
    if constexpr (std::endian::native == std::endian::little) {
      static_assert(offsetof(TensorImpl, flags) == offsetof(TensorImpl, requires_grad) + 1 &&
                    offsetof(TensorImpl, requires_grad) % 2 == 0);
      // Atomic: threads may share a view, and the first to use it may be bringing its history up to date.
      using Both [[gnu::may_alias]] = std::uint16_t;
      return __atomic_load_n(reinterpret_cast<const Both*>(&p->requires_grad), __ATOMIC_RELAXED);
    } else {
      return p->requires_grad | unsigned{p->flags} << 8;
    }
  } else {
    return 0;
  }
}
/// The tensors among the arguments, and null for each of the others.
template <class T>
const Tensor* tensor_of(const T& v) {
  if constexpr (is_tensor<T>)
    return &v;
  else
    return nullptr;
}

/// apply for lists of tensors and several outputs, in any grad mode.
template <class O, class... A>
[[gnu::noinline]] auto apply_wide(const A&... args) {
  using S = Signature<decltype(&O::forward)>;
  using Made = MultiOutputNodeOf<O, typename S::Result, typename S::Rest>;
  MultiOutputCall call(requires { O::is_function; });
  const auto take = [&](const auto& v) {
    using T = std::remove_cvref_t<decltype(v)>;
    if constexpr (is_tensor<T>)
      call.input(v);
    else if constexpr (is_list<T>)
      for (const Tensor& t : std::span<const Tensor>(v)) call.input(t);
  };
  (take(args), ...);
  std::vector<Tensor*> outputs;
  const auto put = [&](Tensor& t) { outputs.push_back(&t); };
  if (!grad_enabled || !call.tracked()) {
    Context none;
    ModeScope off(false);
    typename S::Result z = O::forward(none, args...);
    each_output(z, put);
    call.pass(outputs, O::name, off.old);
    return z;
  }
  typename S::Rest rest = std::tuple_cat(keep(args)...);
  Edge* edges = MultiOutputNode::make_edges(call.size());
  void* block;
  try {
    block = pool::alloc(sizeof(Made));
  } catch (...) {
    MultiOutputNode::free_edges(edges, call.size());
    throw;
  }
  Made* n = new (block) Made(edges, call.size(), std::move(rest));
  const Ref<Node> owner(n);
  call.link(*n);
  ModeScope mode(false);
  typename S::Result z = O::forward(n->saved, args...);
  each_output(z, put);
  call.record(*n, outputs, !is_tensor<typename S::Result>);
  return z;
}

}  // namespace detail

/// apply while grad mode is on.
template <class O, class... A>
[[gnu::noinline]] Tensor apply_recording(const A&... args) {
  using Made = detail::OpNode<O>;
  detail::ThisThread& here = detail::here();
  unsigned flags = (detail::flags_of(args) | ... | here.modes.tracing);
  if (flags != 1) {  // nothing to record, or something out of the ordinary
    if (flags > 1) [[unlikely]] {
      const Tensor* const inputs[] = {detail::tensor_of(args)...};
      detail::before_recording(inputs);
      flags = (detail::flags_of(args) | ... | here.modes.tracing);
    }
    if (!(flags & 1)) {
      Context none;
      detail::ModeScope off(false, here.modes);
      Tensor z = O::forward(none, args...);
      if (!z.impl().in_block) {
        const Tensor* const inputs[] = {detail::tensor_of(args)...};
        detail::recorded_view(z, inputs);
      }
      return z;
    }
  }
  typename Made::S::Rest rest = std::tuple_cat(detail::keep(args)...);
  Made* n = new (pool::alloc(sizeof(Made), here)) Made(std::move(rest));
  Ref<Node> owner(n);
  int i = 0;
  (detail::link(n, i, args), ...);
  Tensor z;
  {
    detail::ModeScope off(false, here.modes);
    z = O::forward(n->context_, args...);
  }
  TensorImpl& out = z.impl();
  if (flags != 1 || !out.in_block) [[unlikely]] {
    const Tensor* const inputs[] = {detail::tensor_of(args)...};
    detail::recorded_view(z, inputs);
    detail::after_recording(*n, flags >> 8, inputs);
  }
  n->shape = out.shape;
  n->dtype = out.dtype;
  out.grad_fn = owner.release();
  out.requires_grad = true;
  return z;
}

/// Runs O::forward, and records it when grad mode is on and an input requires grad. With grad mode off, as in inference
/// and in every backward pass, it is forward alone: the compiler sees that `none` keeps nothing.
template <class O, class... A>
inline auto apply(const A&... args) {
  if constexpr (detail::is_multi_output<O>()) {
    return detail::apply_wide<O>(args...);
  } else {
    if (detail::grad_enabled) return apply_recording<O>(args...);
    Context none;
    return O::forward(none, args...);
  }
}

}  // namespace harker

// The long way, for all that op.h's does not fit: lists of tensors, more than four inputs, several outputs, and Functions.
// Each of several outputs gets a small node of its own, whose one edge leads to the operation: it puts the gradient that
// arrives into the operation's list. So tensors and edges need not know which output they are, and the operations with
// one output and few inputs, which are nearly all, pay nothing: on the long way a training step of Dracula's model would
// be twice as many instructions.
//
// An op is written as any other. Its forward may take `std::span<const Tensor>` or `const std::vector<Tensor>&`, and
// may return a std::vector, std::array, std::pair or std::tuple of tensors; its backward then gets `std::span<const
// Tensor> dz`, one gradient for each output, and returns as many as there are tensors among the inputs, those of lists
// one by one, in Grads or a std::vector<Tensor>. An output that nothing flowed back to has a gradient of zeros; `static
// constexpr bool materialize_grads = false;` leaves it undefined.
#pragma once
#include <tuple>
#include <vector>

#include <harker/core/autograd/record/traced_call.h>
#include <harker/core/tensor/mode.h>

namespace harker HARKER_PUBLIC {
namespace detail {

class MultiOutputNode : public Node {
 public:
  explicit MultiOutputNode(std::uint32_t n);
  ~MultiOutputNode() override;
  /// Makes t the output number `i`: its history is this node, or, when there are several, a new node in front of it.
  void give_history(const Tensor& t, std::uint32_t i);
  /// A gradient for output `i`; adds to what came before.
  void arrive(std::uint32_t i, Tensor&& g);
  void forget_arrived() noexcept override;
  bool several() const { return !outputs_.empty(); }

 protected:
  /// What has arrived, once: undefined where nothing did, or zeros.
  std::vector<Tensor> take_arrived(bool materialize);
  /// As the engine takes them. GradError unless there is one for each input, of a shape that the input's broadcasts to.
  Grads checked(std::vector<Tensor> grads) const;
  Grads checked(Grads grads) const;

 private:
  friend class MultiOutputCall;
  struct Output {
    Shape shape;
    DType dtype;
    Device device;
    Tensor arrived;
  };
  [[noreturn]] void wrong_count(std::size_t n) const;
  void check(const Tensor& g, std::uint32_t i) const;
  std::vector<Output> outputs_;  // empty when there is one
};

/// While it lives, and if a backward pass is being recorded, the outputs among what n has saved under save() have their
/// history: saved() may then be differentiated. Not for longer, since the node would own itself.
class RecordedOutputs {
 public:
  explicit RecordedOutputs(MultiOutputNode& n);
  ~RecordedOutputs();
  RecordedOutputs(const RecordedOutputs&) = delete;
  RecordedOutputs& operator=(const RecordedOutputs&) = delete;

 private:
  explicit RecordedOutputs(MultiOutputNode* n);  // so that a throw of give() runs the destructor
  void give();
  MultiOutputNode& node_;
  std::vector<std::pair<std::uint32_t, Tensor>> before_;
};

/// The node of op O.
template <class O>
struct MultiOutputNodeOf final : MultiOutputNode {
  [[no_unique_address]] typename Signature<O>::Rest rest;

  template <class... A>
  explicit MultiOutputNodeOf(std::uint32_t n, const A&... args)
      : MultiOutputNode(n), rest(std::tuple_cat(keep(args)...)) {}
  Grads run(const Tensor& dz) override {
    constexpr bool one = is_tensor<typename Signature<O>::Result>;
    std::vector<Tensor> arrived;
    if constexpr (!one) arrived = take_arrived(O::materialize_grads);
    const RecordedOutputs outputs(*this);
    return std::apply(
        [&](const auto&... args) {
          if constexpr (one)
            return checked(O::backward(ctx, dz, args...));
          else
            return checked(O::backward(ctx, arrived, args...));
        },
        rest);
  }
  const char* name() const override { return O::name; }
};

/// What surrounds the forward of such an op, for any op: the inputs one by one, the edges, the outputs.
class MultiOutputCall {
 public:
  /// `custom`: of a Function, whose outputs may be views that only its backward knows the way from.
  explicit MultiOutputCall(bool custom);
  ~MultiOutputCall();
  MultiOutputCall(const MultiOutputCall&) = delete;
  MultiOutputCall& operator=(const MultiOutputCall&) = delete;
  void input(const Tensor& t);
  void inputs(std::span<const Tensor> list);
  std::uint32_t size() const { return static_cast<std::uint32_t>(inputs_.size()); }
  /// Are any of them recorded?
  bool tracked() const;
  /// A new node, with edges to where the inputs came from.
  Ref<MultiOutputNode> linked(MultiOutputNode* n) const;
  /// What forward returned, one by one.
  void output(Tensor& t);
  /// Then: the outputs get their histories. One that is an input, or another output, becomes a view of it.
  void record(MultiOutputNode& n, bool several);
  /// The same without histories; `grad_mode` was on or off outside of forward.
  void pass(const char* name, bool grad_mode) const;

 private:
  void check_inputs(const char* name) const;
  void own_handles() const;
  /// The views among the outputs learn what they are views of.
  void note_views() const;
  const bool custom_;
  std::vector<const Tensor*> inputs_;
  std::vector<std::uint32_t> versions_;
  std::vector<const Tensor*> outputs_;
};

/// visit(Tensor&) for each output.
template <class R, class F>
void each_output(R& r, const F& visit) {
  if constexpr (is_tensor<R>) {
    visit(r);
  } else if constexpr (requires { r.begin(); }) {
    for (Tensor& t : r) visit(t);
  } else {
    std::apply([&](auto&... t) { (visit(t), ...); }, r);
  }
}

/// The same while the thread's calls are recorded (op_trace.h): of a Function what its forward does, for its own name says
/// nothing to others.
template <class O, class... A>
[[gnu::cold, gnu::noinline]] auto apply_long_way_traced(const A&... args) {
  Context none;
  if constexpr (O::is_function) {
    return O::forward(none, args...);
  } else {
    const TracedArgument list[] = {argument_of(args)...};
    TracedCall call(list);
    typename Signature<O>::Result z = O::forward(none, args...);
    call.returned(O::name, z);
    return z;
  }
}

/// apply for such an op, in any grad mode.
template <class O, class... A>
[[gnu::noinline]] auto apply_long_way(const A&... args) {
  using Result = typename Signature<O>::Result;
  if (exporting()) [[unlikely]]
    return Result(apply_long_way_traced<O>(args...));
  MultiOutputCall call(O::is_function);
  const auto take = [&]<class T>(const T& v) {
    if constexpr (is_tensor<T>)
      call.input(v);
    else if constexpr (is_list<T>)
      call.inputs(v);
  };
  (take(args), ...);
  Context none;
  Ref<MultiOutputNode> n;
  if (grad_enabled && call.tracked()) n = call.linked(new MultiOutputNodeOf<O>(call.size(), args...));
  ModeScope off(false);
  Result z = O::forward(n ? n->ctx : none, args...);
  each_output(z, [&](Tensor& t) { call.output(t); });
  if (n)
    call.record(*n, !is_tensor<Result>);
  else
    call.pass(O::name, off.old);
  return z;
}

}  // namespace detail
}  // namespace harker

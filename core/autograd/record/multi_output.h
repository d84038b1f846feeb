// MultiOutputNode: an operation whose number of inputs is known only when it runs (a list of tensors), or that has several
// outputs. Each output gets a small node of its own, whose one edge leads to the operation: it puts the gradient that
// arrives into the operation's list. So tensors and edges need not know which output they are, and the operations with
// one output and few inputs (core/autograd/record/op.h), which are nearly all, pay nothing.
//
// An op is written as any other. Its forward may take `std::span<const Tensor>` or `const std::vector<Tensor>&`, and
// may return a std::vector, std::array, std::pair or std::tuple of tensors; its backward then gets `std::span<const
// Tensor> dz`, one gradient for each output, and returns as many as there are tensors among the inputs, those of lists
// one by one, in Grads or a std::vector<Tensor>. An output that nothing flowed back to has a gradient of zeros; `static
// constexpr bool materialize_grads = false;` leaves it undefined.
#pragma once
#include <tuple>
#include <vector>

#include <harker/core/autograd/record/context.h>
#include <harker/core/base/pool.h>
#include <harker/core/tensor/mode.h>

namespace harker HARKER_PUBLIC {
namespace detail {

class MultiOutputNode : public Node {
 public:
  /// Room for n edges, which the node takes over.
  static Edge* make_edges(std::uint32_t n);
  static void free_edges(Edge* edges, std::uint32_t n) noexcept;
  MultiOutputNode(Edge* e, std::uint32_t n) noexcept : Node(e, n) {}
  Context* context() noexcept override { return &saved; }
  void release_saved() noexcept override { saved.clear(); }

  /// Makes t the output number `i`: its history is this node, or, when there are several, a new node in front of it.
  void give_history(const Tensor& t, std::uint32_t i);
  /// A gradient for output `i`; adds to what came before.
  void arrive(std::uint32_t i, Tensor&& g);
  void forget_arrived() noexcept override;
  bool several() const { return !outputs_.empty(); }

 protected:
  ~MultiOutputNode();
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

 public:
  Context saved{this};
};

/// What surrounds the forward of such an op, for any op: the inputs one by one, the edges, the outputs.
class MultiOutputCall {
 public:
  /// `custom`: of a Function, whose outputs may be views that only its backward knows the way from.
  explicit MultiOutputCall(bool custom) : custom_(custom) {}
  void input(const Tensor& t);
  std::uint32_t size() const { return static_cast<std::uint32_t>(inputs_.size()); }
  /// Are any of them recorded?
  bool tracked() const;
  void link(MultiOutputNode& n);
  /// After forward: the outputs get their histories. One that is an input, or another output, becomes a view of it.
  void record(MultiOutputNode& n, std::span<Tensor* const> outputs, bool several);
  /// The same without histories; `grad_mode` was on or off outside of forward.
  void pass(std::span<Tensor* const> outputs, const char* name, bool grad_mode) const;

 private:
  void check_inputs(const char* name) const;
  void own_handles(std::span<Tensor* const> outputs) const;
  /// The views among the outputs learn what they are views of.
  void note_views(std::span<Tensor* const> outputs) const;
  const bool custom_;
  std::vector<const Tensor*> inputs_;
  std::vector<std::uint32_t> versions_;
};

template <class T>
inline constexpr bool is_tensor = std::derived_from<std::remove_cvref_t<T>, Tensor>;
template <class T>
inline constexpr bool is_list = !is_tensor<T> && std::convertible_to<T, std::span<const Tensor>>;

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

template <class O>
constexpr bool materializes() {
  if constexpr (requires { O::materialize_grads; })
    return O::materialize_grads;
  else
    return true;
}

/// Rest: the arguments of forward that are no tensors. R: what forward returns.
template <class O, class R, class Rest>
struct MultiOutputNodeOf final : MultiOutputNode {
  Rest rest;
  MultiOutputNodeOf(Edge* e, std::uint32_t n, Rest&& r) : MultiOutputNode(e, n), rest(std::move(r)) {}
  Grads run(const Tensor& dz) override {
    return std::apply(
        [&](const auto&... args) {
          const RecordedOutputs outputs(saved);
          if constexpr (is_tensor<R>) {
            return checked(O::backward(saved, dz, args...));
          } else {
            const std::vector<Tensor> all = take_arrived(materializes<O>());
            return checked(O::backward(saved, std::span<const Tensor>(all), args...));
          }
        },
        rest);
  }
  void dispose() noexcept override {
    this->~MultiOutputNodeOf();
    pool::free(this, sizeof(MultiOutputNodeOf));
  }
  const char* name() const override { return O::name; }
};

}  // namespace detail
}  // namespace harker

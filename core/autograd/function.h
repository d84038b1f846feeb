// Function: an operation of the user's own, as torch.autograd.Function: docs/autograd.md shows one.
//
//   struct Cube : Function<Cube> {
//     static constexpr const char* name = "cube";
//     static Tensor forward(Context& ctx, const Tensor& x) {
//       ctx.save_for_backward(x);
//       return x * x * x;
//     }
//     static Grads backward(Context& ctx, const Tensor& dz) {
//       const Tensor& x = ctx.saved(0);
//       return {dz * x * x * 3};
//     }
//   };
//   Tensor y = Cube::apply(x);
//
// forward: static, (Context&, arguments...). Tensors and lists of tensors (std::vector<Tensor>, std::span<const
// Tensor>) are inputs; other arguments are copied and given to backward again, behind the gradients. It is not recorded
// itself, and must not change its inputs in place (GradError, when it has). It returns a Tensor, or several: a
// std::vector, array, pair or tuple. backward: static, (Context&, const Tensor& dz, other arguments...), or with
// several outputs `std::span<const Tensor> dz`. It returns a gradient for each input, those of lists one by one,
// undefined where there is none: Grads for up to four, else std::vector<Tensor>. Written with recorded operations, as
// above, it can be differentiated again. Shapes that broadcast need no care: a gradient is summed to its input's shape.
#pragma once
#include <harker/core/autograd/record/op.h>

namespace harker HARKER_PUBLIC {

template <class D>
struct Function : Op<D> {
  static constexpr bool is_function = true;
  /// Runs forward, and records it when grad mode is on and an input requires grad. GradError from a backward pass when
  /// backward returns another number of gradients, or one whose shape is none that its input could have been broadcast
  /// to.
  template <class... A>
  static auto apply(const A&... args) {
    static_assert(!detail::Signature<D>::hides_tensors,
                  "an argument std::optional<Tensor> would get no gradient: take a Tensor, which may be undefined");
    return harker::apply<D>(args...);
  }
};

}  // namespace harker

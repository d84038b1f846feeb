// Gradients on request, the check that they are right, and a drawing of where they come from.
#pragma once
#include <span>
#include <string>
#include <vector>

#include <harker/core/base/function_ref.h>
#include <harker/core/base/named_list.h>
#include <harker/core/tensor.h>

namespace harker HARKER_PUBLIC {

/// d(sum of outputs) / d(each input), without touching any grad(). `grad_outputs` weighs the outputs (undefined or
/// missing: 1, for outputs of one element). Inputs may be leaves or computed; only what lies between them and the
/// outputs is run. An input that the outputs do not depend on gives an undefined tensor (PyTorch's allow_unused =
/// true). Hooks on tensors are called, also those of the inputs themselves; retain_grad() has no effect here. With
/// {.create_graph = true} the result can be differentiated again. Throws GradError as backward() does, and when a list
/// is empty.
std::vector<Tensor> grad(const std::vector<Tensor>& outputs, const std::vector<Tensor>& inputs,
                         const std::vector<Tensor>& grad_outputs = {}, BackwardOptions options = {});

/// The operations that `root` was computed by, and the leaves they began with, as Graphviz text: `dot -Tsvg`. Tensors
/// in `names` (Module::named_parameters(), say) are drawn with their names.
std::string graph_dot(const Tensor& root, const std::vector<NamedItem<Tensor>>& names = {});

/// Defaults tighter than PyTorch's; for float64 inputs.
struct GradcheckOptions {
  double eps = 1e-6, atol = 1e-7, rtol = 1e-5;
};

/// A function of some tensors: any callable that takes std::span<const Tensor> and returns a Tensor.
using TensorFunction = FunctionRef<Tensor(std::span<const Tensor>)>;

/// Compares the gradients of f at `inputs` (those that require grad) with central differences. True, or GradError
/// naming the input, the element and both numbers, or because none of them requires grad. Inputs must be float64.
bool gradcheck(const TensorFunction& f, const std::vector<Tensor>& inputs, GradcheckOptions options = {});
/// The same for the gradients of the gradients.
bool gradgradcheck(const TensorFunction& f, const std::vector<Tensor>& inputs, GradcheckOptions options = {});

}  // namespace harker

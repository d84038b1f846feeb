// grad(): gradients for chosen tensors only.
#include <harker/core/autograd/autograd.h>
#include <harker/core/autograd/record/view_history.h>
#include <harker/core/autograd/run/engine.h>
#include <harker/core/autograd/run/nesting.h>
#include <harker/core/autograd/run/wanted_grads.h>
#include <harker/core/base/text.h>
#include <harker/core/tensor/mode.h>

namespace harker HARKER_PUBLIC {

std::vector<Tensor> grad(const std::vector<Tensor>& outputs, const std::vector<Tensor>& inputs,
                         const std::vector<Tensor>& grad_outputs, BackwardOptions options) {
  using detail::throw_error;
  if (outputs.empty() || inputs.empty())
    throw_error<GradError>("grad: the list of ", inputs.empty() ? "inputs" : "outputs", " is empty; name the tensors ",
                           inputs.empty() ? "whose gradients are wanted" : "that are differentiated");
  if (grad_outputs.size() > outputs.size())
    throw_error<GradError>("grad: ", grad_outputs.size(), " grad_outputs for ", outputs.size(), " outputs");
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (!inputs[i].defined()) throw_error<GradError>("grad: input ", i, " is undefined");
    if (!detail::up_to_date(inputs[i]).requires_grad)
      throw_error<GradError>("grad: one of the inputs does not require grad (number ", i, ", ", inputs[i].shape(), ")");
  }
  for (const Tensor& y : outputs) detail::checked_root(y);
  detail::check_options(options);
  detail::WantedGrads wanted(outputs, inputs);
  const detail::NestedPass nested;
  detail::ModeScope mode(options.create_graph);
  std::vector<Ref<Node>> roots, at;  // a hook may drop the last handle on a tensor, or change one in place
  for (const Tensor& y : outputs) roots.push_back(Ref<Node>::share(y.impl().grad_fn));
  for (const Tensor& x : inputs) at.push_back(Ref<Node>::share(x.impl().grad_fn));
  detail::GradAccumulator accumulator;
  detail::Queue queue;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    Tensor seed = detail::checked_seed(outputs[i], i < grad_outputs.size() ? grad_outputs[i] : Tensor());
    if (roots[i]) {
      if (wanted.wanted(roots[i].get())) queue.give(roots[i].get(), std::move(seed));
    } else if (wanted.wanted(outputs[i].get())) {
      accumulator.add(outputs[i].get(), std::move(seed));
    }
  }
  detail::run(queue, accumulator, options.retain_graph || options.create_graph, wanted);
  accumulator.call_hooks();
  std::vector<Tensor> found;
  for (std::size_t i = 0; i < inputs.size(); ++i)
    found.push_back(at[i] ? *wanted.captured(at[i].get()) : accumulator.sum_of(inputs[i].impl()));
  return found;
}

}  // namespace harker

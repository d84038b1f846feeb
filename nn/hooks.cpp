// Running the hooks of a module. Its backward hook wants the gradients of all inputs at once, when the last one is
// complete: the inputs pass through one operation that does nothing, and so does the output, where the gradient that
// comes in is taken down.
#include <harker/nn/hooks.h>

#include <harker/core/autograd/function.h>
#include <harker/core/autograd/record/hook_set.h>
#include <harker/core/base/text.h>
#include <harker/core/grad_mode.h>
#include <harker/nn/module.h>
#include <harker/nn/module_hooks.h>

namespace harker HARKER_PUBLIC {
namespace detail {

std::span<const Tensor> spanned(const std::vector<Tensor>& all) noexcept { return all; }

struct HookedCall::State {
  RefCount refs;
  nn::Module module;
  Ref<ModuleHooks> hooks;
  State(const nn::Module& m, Ref<ModuleHooks> h) : module(m), hooks(std::move(h)) {}
  bool backward = false;             // there are hooks on the backward pass
  std::size_t inputs = 0;            // how many there are
  std::vector<std::size_t> passing;  // those of them whose gradient will come by

  void run_backward_hooks(std::vector<Tensor>& grad_input, const Tensor& grad_output) {
    for (const Ref<Hook>& h : hooks->backward->now()) {
      const std::size_t n = grad_input.size();
      static_cast<ModuleBackwardHook&>(*h).call(module, grad_input, std::span(&grad_output, 1));
      if (grad_input.size() != n)
        throw_error<GradError>("register_full_backward_hook: the hook of ", module.class_name(), " returned ",
                               grad_input.size(), " gradients for ", n, " inputs");
    }
  }
};
void destroy(HookedCall::State* s) { delete s; }

/// z_i = x_i; dx_i = dz_i, or what the hooks make of them. x: the inputs that require grad. The last output is a token,
/// whose gradient is that of the module's output: undefined in a pass that came by another way.
template <class State>
struct PassInputs : Function<PassInputs<State>> {
  static constexpr const char* name = "module_inputs";
  static constexpr bool materialize_grads = false;
  static std::vector<Tensor> forward(Context&, const std::vector<Tensor>& x, const Ref<State>&) {
    std::vector<Tensor> z = x;
    z.push_back(zeros(Shape()));
    return z;
  }
  static std::vector<Tensor> backward(Context&, std::span<const Tensor> dz, const Ref<State>& state) {
    std::vector<Tensor> grads(dz.begin(), dz.end() - 1);
    if (!dz.back().defined()) return grads;
    std::vector<Tensor> all(state->inputs);
    for (std::size_t i = 0; i < grads.size(); ++i) all[state->passing[i]] = std::move(grads[i]);
    state->run_backward_hooks(all, dz.back());
    for (std::size_t i = 0; i < grads.size(); ++i) grads[i] = std::move(all[state->passing[i]]);
    return grads;
  }
};

/// z = x; dx = dz, and so is the token's
template <class State>
struct PassOutput : Function<PassOutput<State>> {
  static constexpr const char* name = "module_output";
  static Tensor forward(Context&, const Tensor& x, const Tensor&, const Ref<State>&) { return x; }
  static Grads backward(Context&, const Tensor& dz, const Ref<State>& state) {
    if (state->passing.empty()) {
      std::vector<Tensor> none(state->inputs);
      state->run_backward_hooks(none, dz);
    }
    return {dz, dz};
  }
};

HookedCall::HookedCall(const nn::Module& m, std::vector<Tensor> inputs)
    : state_(new State(m, Ref<ModuleHooks>::share(m.hooks()))), inputs_(std::move(inputs)) {
  for (const Ref<Hook>& h : state_->hooks->pre->now()) {
    const std::size_t n = inputs_.size();
    static_cast<ModulePreHook&>(*h).call(state_->module, inputs_);
    if (inputs_.size() != n)
      throw_error<Error>("register_forward_pre_hook: the hook of ", m.class_name(), " returned ", inputs_.size(),
                         " tensors; forward was given ", n);
  }
  state_->backward = !state_->hooks->backward->empty();
  state_->inputs = inputs_.size();
  if (!state_->backward) return;
  std::vector<Tensor> passing;
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    if (!is_grad_enabled() || !inputs_[i].defined() || !inputs_[i].requires_grad()) continue;
    state_->passing.push_back(i);
    passing.push_back(inputs_[i]);
  }
  if (passing.empty()) return;
  passing = PassInputs<State>::apply(passing, state_);
  token_ = std::move(passing.back());
  for (std::size_t i = 0; i + 1 < passing.size(); ++i) inputs_[state_->passing[i]] = passing[i];
}
HookedCall::~HookedCall() = default;

Tensor HookedCall::output(Tensor z) {
  for (const Ref<Hook>& h : state_->hooks->forward->now())
    static_cast<ModuleForwardHook&>(*h).call(state_->module, inputs_, z);
  if (!state_->backward || !is_grad_enabled() || !z.requires_grad()) return z;
  if (token_.defined()) {  // its gradient will be of z's shape
    Node& node = *token_.impl().grad_fn;
    node.shape = z.shape();
    node.dtype = z.dtype();
  }
  return PassOutput<State>::apply(z, token_, state_);
}

void HookedCall::refuse(const nn::Module& m) {
  const ModuleHooks& all = *m.hooks();
  if (all.pre->empty() && all.forward->empty() && all.backward->empty()) return;
  throw_error<Error>(
      "the hooks of ", m.class_name(),
      " cannot be run: its forward does not return one tensor; register them on the modules inside, or on "
      "the tensors");
}

}  // namespace detail

// --- Registering.

HookHandle nn::Module::add_hook(Ref<detail::Hook> hook, HookKind kind) {
  learn_class();
  if (!*hooks_) *hooks_ = new detail::ModuleHooks;
  detail::ModuleHooks& all = **hooks_;
  const detail::ModuleHooks::Set& set = kind == HookKind::pre       ? all.pre
                                        : kind == HookKind::forward ? all.forward
                                                                    : all.backward;
  return set->add(std::move(hook));
}

}  // namespace harker

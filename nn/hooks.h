// Hooks of modules: functions of the user's that run before and after a module's forward, and when its backward is
// done. forward is not virtual, so they are run by what calls it: nn::call, which is what operator() of every layer,
// and Sequential for its layers, use. `model.forward(x)` runs no hooks of the model itself, as in PyTorch. A module
// without hooks pays one test. Registering them: Module::register_forward_hook and its kin.
#pragma once
#include <concepts>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include <harker/core/tensor.h>
#include <harker/core/tensor/hooks.h>

namespace harker HARKER_PUBLIC {
namespace nn {
class Module;
}

namespace detail {

struct ModulePreHook : Hook {
  virtual void call(nn::Module& m, std::vector<Tensor>& inputs) = 0;
};
struct ModuleForwardHook : Hook {
  virtual void call(nn::Module& m, std::span<const Tensor> inputs, Tensor& output) = 0;
};
struct ModuleBackwardHook : Hook {
  virtual void call(nn::Module& m, std::vector<Tensor>& grad_input, std::span<const Tensor> grad_output) = 0;
};

/// All of them. (Not here: a vector that becomes a span costs a user's file 2 % of its compiler's time.)
std::span<const Tensor> spanned(const std::vector<Tensor>& all) noexcept;

template <class F>
struct ModulePreHookOf final : ModulePreHook {
  F f;
  explicit ModulePreHookOf(F function) : f(std::move(function)) {}
  void call(nn::Module& m, std::vector<Tensor>& inputs) override {
    using R = std::invoke_result_t<F&, nn::Module&, std::span<const Tensor>>;
    if constexpr (std::is_void_v<R>)
      f(m, spanned(inputs));
    else if constexpr (std::convertible_to<R, Tensor>) {
      if (Tensor instead = f(m, spanned(inputs)); instead.defined()) inputs = {std::move(instead)};
    } else
      inputs = f(m, spanned(inputs));
  }
};
template <class F>
struct ModuleForwardHookOf final : ModuleForwardHook {
  F f;
  explicit ModuleForwardHookOf(F function) : f(std::move(function)) {}
  void call(nn::Module& m, std::span<const Tensor> inputs, Tensor& output) override {
    if constexpr (std::is_void_v<std::invoke_result_t<F&, nn::Module&, std::span<const Tensor>, const Tensor&>>)
      f(m, inputs, std::as_const(output));
    else if (Tensor instead = f(m, inputs, std::as_const(output)); instead.defined())
      output = std::move(instead);
  }
};
template <class F>
struct ModuleBackwardHookOf final : ModuleBackwardHook {
  F f;
  explicit ModuleBackwardHookOf(F function) : f(std::move(function)) {}
  void call(nn::Module& m, std::vector<Tensor>& in, std::span<const Tensor> out) override {
    if constexpr (std::is_void_v<
                      std::invoke_result_t<F&, nn::Module&, std::span<const Tensor>, std::span<const Tensor>>>)
      f(m, spanned(in), out);
    else
      in = f(m, spanned(in), out);
  }
};

/// The hooks of one module: those that all its handles share.
class ModuleHooks;

/// One call of a module that has hooks.
class HookedCall {
 public:
  HookedCall(const nn::Module& m, std::vector<Tensor> inputs);
  ~HookedCall();
  HookedCall(const HookedCall&) = delete;
  HookedCall& operator=(const HookedCall&) = delete;
  /// After the hooks that run before forward.
  const std::vector<Tensor>& inputs() const { return inputs_; }
  Tensor output(Tensor z);
  /// Error when the module has hooks: they are for modules whose forward returns one tensor.
  static void refuse(const nn::Module& m);

 private:
  struct State;
  friend void destroy(State* s);
  Ref<State> state_;
  std::vector<Tensor> inputs_;
  Tensor token_;  // what leads from the output to the inputs
};

template <class T>
concept TensorArgument = std::derived_from<std::remove_cvref_t<T>, Tensor>;

struct HookedOutput {
  Tensor z;
  template <class M, class... A>
  explicit HookedOutput(M& m, A&&... args) : z(m.forward(std::forward<A>(args)...)) {}
};

/// Cold: every layer has one, and few are called.
template <class M, class... A>
[[gnu::cold, gnu::noinline]] Tensor call_hooked(M& m, A&&... args) {
  std::vector<Tensor> tensors;
  const auto take = [&](const auto& v) {
    if constexpr (TensorArgument<decltype(v)>) tensors.push_back(v);
  };
  (take(args), ...);
  HookedCall call(m, std::move(tensors));
  std::size_t k = 0;
  const auto put = [&]<class T>(T&& v) -> decltype(auto) {
    if constexpr (TensorArgument<T>)
      return static_cast<const Tensor&>(call.inputs()[k++]);
    else
      return std::forward<T>(v);
  };
  return call.output(HookedOutput{m, put(std::forward<A>(args))...}.z);  // braces: from left to right
}

}  // namespace detail

namespace nn {

/// module.forward(args...) with the hooks that the module has. They see the tensors among the arguments. Error when a
/// module whose forward returns something other than one tensor has hooks: they could not be run.
template <class M, class... A>
requires std::derived_from<M, Module>
auto call(M& module, A&&... args) {
  if constexpr (std::convertible_to<decltype(module.forward(std::forward<A>(args)...)), Tensor>) {
    if (module.has_hooks()) [[unlikely]]
      return detail::call_hooked(module, std::forward<A>(args)...);
  } else if (module.has_hooks()) [[unlikely]] {
    detail::HookedCall::refuse(module);
  }
  return module.forward(std::forward<A>(args)...);
}

}  // namespace nn
}  // namespace harker

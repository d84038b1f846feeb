// Module: the base of all layers and models. A handle on a shared registry of parameters, buffers and children, found
// by name in the order in which they were registered, as PyTorch's. The registry holds no addresses of members: a
// module may be copied and moved freely, and a copy is another name for the same module (that is how two models share a
// layer; for a model of its own, make a new one and load_state_dict). `forward` is not virtual; nn/sequential.h erases
// types where it must.
#pragma once
#include <concepts>
#include <iosfwd>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <harker/core/load_report.h>
#include <harker/core/state_dict.h>
#include <harker/nn/hooks.h>
#include <harker/nn/parameter.h>

namespace harker HARKER_PUBLIC {
namespace detail {
class Parametrization;
class SummaryRun;
}
namespace nn {

/// ("fc1.weight", tensor)
using NamedTensor = std::pair<std::string, Tensor>;

class Module {
 public:
  Module() : Module(std::string_view()) {}
  // No move: a module that was moved from remains the same module.
  Module(const Module&) = default;
  /// Of no module: a member that took another module's place would be a stranger to the registry that its parent, the
  /// optimizer and state_dict() read. Write instead: the layer in the constructor's initializers, `emplace` for an
  /// optional, a new variable, load_state_dict() for another's numbers.
  Module& operator=(const Module&) = delete;
  virtual ~Module();

  // --- What it holds. A module or tensor that is registered twice is listed once, under its first name.
  std::vector<Tensor> parameters() const;
  std::vector<NamedTensor> named_parameters(std::string_view prefix = {}, bool recurse = true) const;
  std::vector<NamedTensor> named_buffers(std::string_view prefix = {}, bool recurse = true) const;
  std::vector<std::pair<std::string, Module>> named_children() const;
  /// All modules below and itself (""), parents first.
  std::vector<std::pair<std::string, Module>> named_modules(std::string_view prefix = {}) const;
  /// "Linear": what the constructor was given, or the name of the user's class without its namespaces.
  std::string class_name() const;
  /// Is it the same module under another name?
  bool is(const Module& o) const noexcept { return registry_ == o.registry_; }

  // --- Saving and loading.
  /// All parameters and persistent buffers by name, without history but sharing storage: they change as the model
  /// trains. The metadata are torch's: the version of every module.
  StateDict state_dict(std::string_view prefix = {}) const;
  /// Copies the tensors of the same names, converting dtypes. Everything that does not fit is collected first: missing
  /// and unexpected names throw an Error with the whole report (`strict`) or are returned; shapes that differ, and what
  /// is no tensor under a tensor's name, always throw. After a throw nothing has changed.
  LoadReport load_state_dict(const StateDict& state, bool strict = true);

  // --- Changing it, with all modules below.
  void train(bool on = true);
  void eval() { train(false); }
  bool is_training() const noexcept;
  void zero_grad(bool set_to_none = true);
  void requires_grad_(bool on = true);
  /// Converts floating point parameters (with their gradients) and buffers in place: all handles on them see it.
  /// TypeError unless `dtype` is float32, float64, float16 or bfloat16.
  void to(DType dtype);
  /// Calls fn(Module&) for every module below and then for itself.
  void apply(FunctionRef<void(Module&)> fn);

  // --- Hooks (nn/hooks.h): they run where the module is called by nn::call, as operator() of every layer and
  // Sequential do. `m` is a handle on the module.
  /// f(Module& m, std::span<const Tensor> inputs) before forward. May return the inputs to use instead: all of them in
  /// a std::vector<Tensor>, or the only one as a Tensor.
  template <class F>
  HookHandle register_forward_pre_hook(F f) {
    return add_hook(Ref<detail::Hook>(new detail::ModulePreHookOf<F>(std::move(f))), HookKind::pre);
  }
  /// f(Module& m, std::span<const Tensor> inputs, const Tensor& output) after forward. May return another output.
  template <class F>
  HookHandle register_forward_hook(F f) {
    return add_hook(Ref<detail::Hook>(new detail::ModuleForwardHookOf<F>(std::move(f))), HookKind::forward);
  }
  /// f(Module& m, std::span<const Tensor> grad_input, std::span<const Tensor> grad_output) when the gradients of all
  /// inputs are known; undefined for an input that does not require grad. May return others for grad_input, in a
  /// std::vector<Tensor>.
  template <class F>
  HookHandle register_full_backward_hook(F f) {
    return add_hook(Ref<detail::Hook>(new detail::ModuleBackwardHookOf<F>(std::move(f))), HookKind::backward);
  }
  bool has_hooks() const noexcept { return *hooks_ != nullptr; }

 protected:
  /// `class_name` is for messages; `version` is written to the state dict's metadata.
  explicit Module(std::string_view class_name, int version = 1);

  /// Adds a child and returns it: `nn::Linear fc1 = register_module("fc1", nn::Linear(10, 20));`. Error for a name that
  /// is empty, contains a dot or is taken, and for a module that contains this one.
  template <std::derived_from<Module> M>
  M register_module(std::string_view name, M module) {
    add_child(name, module);
    return module;
  }
  /// The handle returned is for the member, `nn::Parameter w = register_parameter("w", randn({2}))`; a Parameter that
  /// another module has is tied by this. An undefined tensor, `{}`, takes the name only.
  template <std::same_as<Parameter> P>
  [[nodiscard]] Parameter register_parameter(std::string_view name, const P& p) {
    return add_parameter(name, p);
  }
  [[nodiscard]] Parameter register_parameter(std::string_view name, const Tensor& t) {
    return add_parameter(name, t.defined() ? Parameter(t) : Parameter());
  }
  /// A member that exists already, and is nobody's, becomes the handle: `nn::Parameter w{randn({2})};` and, in the
  /// constructor, `register_parameter("w", w);`.
  Parameter register_parameter(std::string_view name, Parameter& member) {
    return adopted(member, add_parameter(name, member));
  }
  /// A tensor that is saved (if `persistent`) but not trained; the handle returned is the registered one and shares t's
  /// storage. An undefined one takes the name only.
  [[nodiscard]] Buffer register_buffer(std::string_view name, const Tensor& t, bool persistent = true);
  /// As register_parameter's: a member that is nobody's becomes the handle.
  Buffer register_buffer(std::string_view name, Buffer& member, bool persistent = true) {
    return adopted(member, register_buffer(name, static_cast<const Tensor&>(member), persistent));
  }
  /// The same for a buffer that this class had not before `version`: a state dict written by an older one, or by none
  /// that says, may lack it, and leaves it as it is.
  [[nodiscard]] Buffer register_buffer_since(int version, std::string_view name, const Tensor& t);
  Buffer register_buffer_since(int version, std::string_view name, Buffer& member) {
    return adopted(member, register_buffer_since(version, name, static_cast<const Tensor&>(member)));
  }
  /// What stands between the brackets when the module is printed: "in_features=10, out_features=20, bias=True".
  void set_extra_repr(std::string text);

 private:
  friend class detail::HookedCall;
  friend class detail::Parametrization;
  friend class detail::SummaryRun;
  friend class AnyModule;
  struct Registry;
  enum class HookKind { pre, forward, backward };
  explicit Module(std::shared_ptr<Registry> registry);
  friend std::ostream& operator<<(std::ostream& out, const Module& m);
  void add_child(std::string_view name, const Module& child);
  Parameter add_parameter(std::string_view name, const Parameter& p);
  template <class P>
  static P adopted(P& member, const P& registered) {
    if (!member.slot_) member = registered;
    return registered;
  }
  /// Notes in the registry which class this is, as long as it is known: other handles may be plain Modules.
  void learn_class() const;
  std::vector<Module> children_first() const;
  HookHandle add_hook(Ref<detail::Hook> hook, HookKind kind);
  detail::ModuleHooks* hooks() const noexcept { return *hooks_; }
  std::shared_ptr<Registry> registry_;
  detail::ModuleHooks** hooks_;  // in the registry, where a call finds it without the registry's declaration
};

/// Prints it as PyTorch does: the class, its options, and indented below it the children.
std::ostream& operator<<(std::ostream& out, const Module& m);

}  // namespace nn
}  // namespace harker
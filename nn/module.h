// Module: the base of all layers and models. A handle on a shared registry of parameters, buffers and children, found
// by name in the order in which they were registered, as PyTorch's. The registry holds no addresses of members: a
// module may be copied and moved freely, and a copy is another name for the same module: that is how two models share a
// layer. A model of its own with the same numbers: nn::clone. `forward` is not virtual; nn/sequential.h erases types
// where it must.
#pragma once
#include <concepts>
#include <iosfwd>
#include <memory>
#include <string>
#include <string_view>
#include <typeinfo>
#include <utility>
#include <vector>

#include <harker/core/base/named_list.h>
#include <harker/core/load_report.h>
#include <harker/core/state_dict.h>
#include <harker/nn/hooks.h>
#include <harker/nn/parameter.h>

namespace harker HARKER_PUBLIC {
namespace detail {
class Parametrization;
class SummaryRun;
class Cloning;
}
namespace nn {

/// ("fc1.weight", tensor)
using NamedTensor = NamedItem<Tensor>;
class Module;
template <std::derived_from<Module> M>
M clone(const M& module);

/// In a class of layers or models, `HARKER_MODULE(Net)` among what is public: net->forward(x) for those who are used to
/// LibTorch's holders, and net.clone().
#define HARKER_MODULE(Class)                                                             \
  Class* operator->() const noexcept { return const_cast<Class*>(this); } /* a handle */ \
  template <class Self = Class>                                                          \
  Self clone() const {                                                                   \
    return ::harker::nn::clone(static_cast<const Self&>(*this));                         \
  }

class Module {
 public:
  Module() : Module(std::string_view()) {}
  // No move: a module that was moved from remains the same module.
  Module(const Module& o) noexcept;
  /// Of no module: a member that took another module's place would be a stranger to the registry that its parent, the
  /// optimizer and state_dict() read. Write instead: the layer in the constructor's initializers, `emplace` for an
  /// optional, a new variable, load_state_dict() for another's numbers.
  Module& operator=(const Module&) = delete;
  virtual ~Module();

  // --- What it holds. A module or tensor that is registered twice is listed once, under its first name.
  std::vector<Tensor> parameters(bool recurse = true) const;
  std::vector<Tensor> buffers(bool recurse = true) const;
  NamedList<Tensor> named_parameters(std::string_view prefix = {}, bool recurse = true) const;
  NamedList<Tensor> named_buffers(std::string_view prefix = {}, bool recurse = true) const;
  NamedList<Module> named_children() const;
  /// All modules below and itself (""), parents first.
  NamedList<Module> named_modules(std::string_view prefix = {}) const;
  std::vector<Module> children() const;
  /// As named_modules.
  std::vector<Module> modules(bool include_self = true) const;
  /// By path, "encoder.0"; "" is this one. Error, which says where the path ends, when there is none.
  Module get_submodule(std::string_view path) const;
  Tensor get_parameter(std::string_view path) const;
  Tensor get_buffer(std::string_view path) const;
  /// This module as the class it was made as, or null when it is of another. What a handle of the type Module can find
  /// are modules that Sequential, ModuleList<> or ModuleDict<> hold, as `for (nn::Module& m : net.modules())` meets
  /// them; for another that is a T, which only its owner's member could give, Error. Lives as long as its container.
  template <std::derived_from<Module> T>
  T* as() const {
    Module* const m = object();
    T* const found = dynamic_cast<T*>(m);
    if (!found) m->missed(typeid(T));
    return found;
  }
  Module* operator->() noexcept { return this; }
  const Module* operator->() const noexcept { return this; }
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
  Module& requires_grad_(bool on = true);
  /// Converts floating point parameters (with their gradients) and buffers in place: all handles on them see it.
  /// TypeError unless `dtype` is float32, float64, float16 or bfloat16.
  void to(DType dtype);
  /// DeviceError where a tensor would have to move: there are no kernels but the CPU's.
  void to(Device device);
  void to(Device device, DType dtype);
  /// Calls fn(Module&) for every module below and then for itself. `m.as<nn::Linear>()` tells which it is.
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

  // --- Registering: in the constructor of a class, or from outside.
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
  /// Forgets a child; a member that is a handle on it is a stranger from then on. Error when there is none.
  void unregister_module(std::string_view name);

 protected:
  /// `class_name` is for messages; `version` is written to the state dict's metadata.
  explicit Module(std::string_view class_name, int version = 1);
  /// These n in place of all children: what a container does whose own list has changed. Errors as register_module's,
  /// and nothing has changed.
  void set_children(std::size_t n, FunctionRef<const Module&(std::size_t)> child,
                    FunctionRef<std::string_view(std::size_t)> name);
  /// The same under the names "0", "1", ...: Error when a child has now a name of its own.
  void set_children(std::size_t n, FunctionRef<const Module&(std::size_t)> child);
  /// What stands between the brackets when the module is printed: "in_features=10, out_features=20, bias=True".
  void set_extra_repr(std::string text);

 private:
  friend class detail::HookedCall;
  friend class detail::Parametrization;
  friend class detail::SummaryRun;
  friend class detail::Cloning;
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
  /// Notes where the object is of which all others are handles, as long as that lives.
  void hold(const std::shared_ptr<Module>& object) const;
  /// It, or else this one.
  Module* object() const noexcept;
  void missed(const std::type_info& wanted) const;
  static bool same_class(const Module& a, const Module& b);
  std::vector<Module> children_first() const;
  HookHandle add_hook(Ref<detail::Hook> hook, HookKind kind);
  detail::ModuleHooks* hooks() const noexcept { return *hooks_; }
  std::shared_ptr<Registry> registry_;
  detail::ModuleHooks** hooks_;  // in the registry, where a call finds it without the registry's declaration
};

}  // namespace nn

namespace detail {

/// A deep copy that this thread makes (nn/cloning.cpp): the registries below a module are copied first; then, until
/// `done` or the end, whatever copies a handle on one of them gets one on its copy.
class Cloning {
 public:
  explicit Cloning(const nn::Module& m);
  ~Cloning();
  Cloning(const Cloning&) = delete;
  Cloning& operator=(const Cloning&) = delete;
  /// Error where `copy`, of what the constructor was given, lacks a handle on what it registered.
  void done(const nn::Module& copy);
  /// What a container of this module's keeps: itself, or while its module is being copied another of its own.
  template <class T, class F>
  static std::shared_ptr<T> own(const nn::Module& of, const std::shared_ptr<T>& kept, const F& copy) {
    if (!copies(of)) return kept;
    return std::static_pointer_cast<T>(once(kept, [&]() -> std::shared_ptr<void> { return copy(); }));
  }
  template <class T>
  static std::shared_ptr<T> own(const nn::Module& of, const std::shared_ptr<T>& kept) {
    return own(of, kept, [&] { return std::make_shared<T>(*kept); });
  }

  struct Maps;

 private:
  friend class nn::Module;
  friend class Registered;
  static void replace(nn::Module& handle) noexcept;
  static void replace(Registered& handle) noexcept;
  static bool copies(const nn::Module& m) noexcept;
  static std::shared_ptr<void> once(const std::shared_ptr<void>& kept, FunctionRef<std::shared_ptr<void>()> copy);
  Maps* maps_;  // owned
};

}  // namespace detail

namespace nn {

/// A module of its own, as Python's copy.deepcopy: the class is copied by its copy constructor, and in it all handles on
/// what it registered become handles on copies. Parameters are new leaves without gradient, what was tied is tied, and
/// training mode, requires_grad and hooks are those of the original. What the class holds besides, tensors that it did
/// not register and what a pointer points to, both share. Error where a class holds what it registered otherwise than
/// as a Parameter, Buffer or module of its own (as a plain Tensor, or behind a std::shared_ptr): the copy would compute
/// with the original's. Error for a module that is of a class derived from M.
template <std::derived_from<Module> M>
M clone(const M& module) {
  harker::detail::Cloning cloning(module);
  M copy(module);
  cloning.done(copy);
  return copy;
}

/// Prints it as PyTorch does: the class, its options, and indented below it the children.
std::ostream& operator<<(std::ostream& out, const Module& m);

}  // namespace nn
}  // namespace harker
// What a Module's handles share (internal). It holds tensors and the registries of children, never addresses of C++
// members.
#pragma once
#include <harker/nn/module.h>
#include <harker/nn/module_hooks.h>

namespace harker::nn {

struct Module::Registry {
  struct Param {
    std::string name;
    Ref<detail::Slot> slot;
    const Tensor& tensor() const { return slot->tensor; }  // undefined: the name is taken, but there is none
  };
  struct Buffer {
    std::string name;
    Ref<detail::Slot> slot;
    const Tensor& tensor() const { return slot->tensor; }
    bool persistent;
    int since = 0;  // the version of the class that brought it
  };
  struct Child {
    std::string name;
    std::shared_ptr<Registry> module;
  };
  std::string class_name;  // "" until it is known: a user's class gives none, see Module::learn_class
  std::string extra_repr;
  int version = 1;
  bool training = true;
  std::vector<Param> parameters;
  std::vector<Buffer> buffers;
  std::vector<Child> children;
  std::vector<std::pair<std::string, HookHandle>> parametrized;  // what computes these members: nn/parametrize.cpp
  std::weak_ptr<Module> object;                                  // see Module::hold
  detail::ModuleHooks* hooks = nullptr;  // owned: one reference; null until the first is registered

  Registry() = default;
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;
  ~Registry() { Ref<detail::ModuleHooks> drop(hooks); }
  /// Error when nothing can be registered under this name.
  void check_name(std::string_view name, const char* what) const;
  bool reaches(const Registry* other) const;
  /// visit(registry, prefix) for r and all below, parents first, shared ones as often as they are reached.
  template <class F>
  static void walk(const std::shared_ptr<Registry>& r, const std::string& prefix, const F& visit);
  /// Takes off the report's list what may be missing, for its class had it not when `state` was written.
  static void excuse(const std::shared_ptr<Registry>& root, const StateDict& state, LoadReport& report);
  template <class List>
  static NamedList<Tensor> tensors(const Module& of, std::string_view prefix, bool recurse, List list);
};

/// Gives `t` the bytes, dtype and layout of `made`, for all who hold a handle on it. Graphs that saved `t` notice when they
/// have `changed`: its version grows.
void rebind(const Tensor& t, const Tensor& made, bool changed);

/// The path of a module, given what its tensors' names begin with: "encoder.0" of "encoder.0.".
inline std::string_view without_dot(std::string_view path) { return path.substr(0, path.size() - !path.empty()); }

template <class F>
void Module::Registry::walk(const std::shared_ptr<Registry>& r, const std::string& prefix, const F& visit) {
  visit(r, prefix);
  for (const Child& c : r->children) walk(c.module, prefix + c.name + ".", visit);
}

}  // namespace harker::nn

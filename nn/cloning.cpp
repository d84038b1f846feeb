// nn::clone. A class of modules is copied by its own copy constructor, which copies handles; while it runs, the copy
// constructors of Module, Parameter and Buffer look up whether what they are a handle of has a copy.
#include <unordered_map>

#include <harker/core/autograd/record/hook_set.h>
#include <harker/core/base/text.h>
#include <harker/core/grad_mode.h>
#include <harker/nn/parametrize.h>
#include <harker/nn/registry.h>

namespace harker HARKER_PUBLIC {
namespace detail {

using nn::Module;

struct Cloning::Maps {
  using Registry = std::shared_ptr<Module::Registry>;
  struct Registered {  // a parameter or buffer of the original
    std::string path;
    Tensor from;
    Ref<Slot> to;
    std::uint32_t handles;  // on `from`, before anything was copied
  };
  struct Entry {
    std::string path;
    Registry from, to;
    long owners = 1;  // registries in which it is a child, or whoever begins
  };
  const Module& original;
  Maps* const outer;           // what a constructor that is called meanwhile may clone itself
  std::vector<Entry> modules;  // itself first
  std::unordered_map<const void*, std::size_t> registries;  // where they are in `modules`
  std::unordered_map<const Slot*, Ref<Slot>> slots;
  std::unordered_map<const TensorImpl*, Tensor> tensors;
  std::unordered_map<const void*, std::shared_ptr<void>> kept;
  std::vector<Registered> list;

  explicit Maps(const Module& m, Maps* before) : original(m), outer(before) {}
  Tensor copied(const Tensor& t, bool parameter);
  template <class Item>
  void copy_items(const std::vector<Item>& from, std::vector<Item>& to, const std::string& path, bool parameters);
  Registry copied(const Registry& from, const std::string& path);
  void copy_hooks(const Entry& e);
};

namespace {
thread_local constinit Cloning::Maps* current = nullptr;  // the copy that this thread makes
}

/// A leaf outside its storage's block, as Module's registry wants it.
Tensor Cloning::Maps::copied(const Tensor& t, bool parameter) {
  if (!t.defined()) return {};
  Tensor& made = tensors[t.get()];
  if (!made.defined()) {
    made = t.detach().clone().detach();
    if (parameter && t.requires_grad()) made.requires_grad_();
  }
  return made;
}

template <class Item>
void Cloning::Maps::copy_items(const std::vector<Item>& from, std::vector<Item>& to, const std::string& path,
                               bool parameters) {
  for (const Item& item : from) {
    Item made = item;
    made.slot = Ref(new Slot{{}, copied(item.tensor(), parameters)});
    slots.emplace(item.slot.get(), made.slot);
    list.push_back({path + item.name, item.tensor(), made.slot, 0});
    to.push_back(std::move(made));
  }
}

Cloning::Maps::Registry Cloning::Maps::copied(const Registry& from, const std::string& path) {
  if (const auto known = registries.find(from.get()); known != registries.end()) {
    ++modules[known->second].owners;
    return modules[known->second].to;
  }
  const auto to = std::make_shared<Module::Registry>();
  registries.emplace(from.get(), modules.size());
  modules.push_back({path.substr(0, path.empty() ? 0 : path.size() - 1), from, to});
  to->class_name = from->class_name;
  to->extra_repr = from->extra_repr;
  to->version = from->version;
  to->training = from->training;
  copy_items(from->parameters, to->parameters, path, true);
  copy_items(from->buffers, to->buffers, path, false);
  for (const auto& c : from->children) to->children.push_back({c.name, copied(c.module, path + c.name + ".")});
  return to;
}

void Cloning::Maps::copy_hooks(const Entry& e) {
  if (!e.from->hooks) return;
  e.to->hooks = new ModuleHooks;
  const auto slot = [&](const Ref<Slot>& s) {  // of a member that is computed, which no registry lists
    Ref<Slot>& made = slots[s.get()];
    if (!made) made = Ref(new Slot{{}, copied(s->tensor, false)});
    return made;
  };
  for (const auto set : {&ModuleHooks::pre, &ModuleHooks::forward, &ModuleHooks::backward})
    for (const Ref<Hook>& h : (e.from->hooks->*set)->now())
      Parametrization::copy(h, *(e.to->hooks->*set), e.to->parametrized, slot);
}

Cloning::Cloning(const Module& m) : maps_(new Maps(m, current)) {
  std::unique_ptr<Maps> owner(maps_);
  m.learn_class();
  Maps& maps = *maps_;
  maps.copied(m.registry_, {});
  for (const Maps::Entry& e : maps.modules) maps.copy_hooks(e);
  for (Maps::Registered& r : maps.list) r.handles = r.from.defined() ? r.from.impl().refs.count() : 0;
  current = &maps;
  owner.release();
}

void Cloning::replace(Module& handle) noexcept {
  if (!current) return;
  const auto found = current->registries.find(handle.registry_.get());
  if (found != current->registries.end()) handle.registry_ = current->modules[found->second].to;
}

Cloning::~Cloning() {
  if (current == maps_) current = maps_->outer;
  delete maps_;
}

bool Cloning::copies(const Module& m) noexcept { return current && current->registries.contains(m.registry_.get()); }

std::shared_ptr<void> Cloning::once(const std::shared_ptr<void>& kept, FunctionRef<std::shared_ptr<void>()> copy) {
  if (const auto found = current->kept.find(kept.get()); found != current->kept.end()) return found->second;
  std::shared_ptr<void> made = copy();
  current->kept.emplace(kept.get(), made);
  return made;
}

void Cloning::replace(Registered& handle) noexcept {
  if (!current || !handle.slot_) return;
  const auto found = current->slots.find(handle.slot_.get());
  if (found == current->slots.end()) return;
  handle.slot_ = found->second;
  static_cast<Tensor&>(handle) = handle.slot_->tensor;
}

void Cloning::done(const Module& copy) {
  current = maps_->outer;
  const Module& original = maps_->original;
  if (!Module::same_class(original, copy))
    throw_error<Error>(
        "clone: this is a ", original.class_name(), ", of which a copy as ", copy.class_name(),
        " would lack all that is its own; its class needs HARKER_MODULE, or call nn::clone with that class");
  const auto refuse = [&](const std::string& path, const char* what, const char* as) {
    throw_error<Error>("clone: the copy of this ", original.class_name(), " has no handle on its ", what, " ",
                       quoted(path), ", it would compute with the original's; the class should hold it as ", as);
  };
  for (const Maps::Registered& r : maps_->list) {
    const bool held = r.to->refs.count() > 3;  // besides by the registry, `slots` and `list`
    if (!held && r.from.defined() && r.from.impl().refs.count() > r.handles)
      refuse(r.path, "tensor", "an nn::Parameter or nn::Buffer, not as a Tensor");
  }
  for (std::size_t i = 1; i < maps_->modules.size(); ++i) {
    const Maps::Entry& e = maps_->modules[i];
    const auto held = [&](const Maps::Registry& r) { return r.use_count() > e.owners + 1; };  // besides by us
    if (held(e.from) && !held(e.to)) refuse(e.path, "module", "a module, not by pointer");
  }
}

}  // namespace detail

namespace nn {

Module::Module(const Module& o) noexcept : registry_(o.registry_), hooks_(nullptr) {
  detail::Cloning::replace(*this);
  hooks_ = &registry_->hooks;
}

}  // namespace nn
}  // namespace harker

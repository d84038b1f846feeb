// The registry behind nn::Module and everything that walks it. Loading and saving are nn/module_state.cpp.
#include <harker/core/base/text.h>
#include <harker/core/grad_mode.h>
#include <harker/nn/registry.h>
#include <algorithm>

namespace harker HARKER_PUBLIC {
namespace nn {

using detail::quoted;
using detail::str;
using detail::throw_error;

Module::Module(std::shared_ptr<Registry> registry) : registry_(std::move(registry)), hooks_(&registry_->hooks) {}
Module::~Module() = default;
Module::Module(std::string_view class_name, int version) : Module(std::make_shared<Registry>()) {
  registry_->class_name = class_name;
  registry_->version = version;
}

void Module::hold(const std::shared_ptr<Module>& object) const {
  if (registry_->object.expired()) registry_->object = object;
}
Module* Module::object() const noexcept {
  const std::shared_ptr<Module> found = registry_->object.lock();
  return found ? found.get() : const_cast<Module*>(this);
}

bool Module::is_training() const noexcept { return registry_->training; }

// --- Registration.

void Module::Registry::check_name(std::string_view name, const char* what) const {
  const auto refuse = [&](auto... why) {
    throw_error<Error>(what, ": the name ", quoted(name), why..., " (in ", class_name.empty() ? "Module" : class_name,
                       ")");
  };
  if (name.empty()) refuse(" is empty");
  if (name.find('.') != std::string_view::npos) refuse(" contains a dot, which separates modules in state dict keys");
  const auto taken = [&](const auto& list) {
    return std::any_of(list.begin(), list.end(), [&](const auto& item) { return item.name == name; });
  };
  if (taken(parameters) || taken(buffers) || taken(children)) refuse(" is already registered");
}

bool Module::Registry::reaches(const Registry* other) const {
  return this == other ||
         std::any_of(children.begin(), children.end(), [&](const Child& c) { return c.module->reaches(other); });
}

void Module::add_child(std::string_view name, const Module& child) {
  child.learn_class();
  registry_->check_name(name, "register_module");
  if (child.registry_->reaches(registry_.get())) {
    throw_error<Error>("register_module: ", quoted(name), " contains the very module it is registered in (",
                       class_name(), ")");
  }
  registry_->children.push_back({std::string(name), child.registry_});
}

void Module::set_children(std::size_t n, FunctionRef<const Module&(std::size_t)> child,
                          FunctionRef<std::string_view(std::size_t)> name) {
  std::vector<Registry::Child> before = std::exchange(registry_->children, {});
  try {
    for (std::size_t i = 0; i < n; ++i) add_child(name(i), child(i));
  } catch (...) {
    registry_->children.swap(before);
    throw;
  }
}

void Module::set_children(std::size_t n, FunctionRef<const Module&(std::size_t)> child) {
  for (std::size_t i = 0; i < registry_->children.size(); ++i) {
    if (const std::string& name = registry_->children[i].name; name != std::to_string(i))
      throw_error<Error>(class_name(), ": module ", i, " is named ", quoted(name),
                         "; modules are put in and taken out where all have their number as name");
  }
  std::string number;
  set_children(n, child, [&](std::size_t i) { return std::string_view(number = std::to_string(i)); });
}

void Module::unregister_module(std::string_view name) {
  const auto named = [&](const Registry::Child& c) { return c.name == name; };
  if (std::erase_if(registry_->children, named) == 0)
    throw_error<Error>("unregister_module: ", class_name(), " has no child ", quoted(name));
}

// A slot's tensor lies outside its storage's block: to() exchanges the storage in place.

Parameter Module::add_parameter(std::string_view name, const Parameter& p) {
  registry_->check_name(name, "register_parameter");
  const Tensor own = p.defined() && p.impl().in_block ? Parameter(p, p.requires_grad()) : p;
  registry_->parameters.push_back({std::string(name), Ref(new detail::Slot{{}, own})});
  return Parameter(registry_->parameters.back().slot);
}

Buffer Module::register_buffer(std::string_view name, const Tensor& t, bool persistent) {
  registry_->check_name(name, "register_buffer");
  const Tensor own = t.defined() && t.impl().in_block ? t.detach() : t;
  registry_->buffers.push_back({std::string(name), Ref(new detail::Slot{{}, own}), persistent});
  return Buffer(registry_->buffers.back().slot);
}
Buffer Module::register_buffer_since(int version, std::string_view name, const Tensor& t) {
  Buffer own = register_buffer(name, t);
  registry_->buffers.back().since = version;
  return own;
}

// --- Walking.

namespace {
template <class T>
bool first_time(std::vector<const T*>& seen, const T* p) {
  if (std::find(seen.begin(), seen.end(), p) != seen.end()) return false;
  seen.push_back(p);
  return true;
}
std::string dotted(std::string_view prefix) { return prefix.empty() ? std::string() : str(prefix, "."); }
}  // namespace

NamedList<Module> Module::named_modules(std::string_view prefix) const {
  NamedList<Module> out;
  std::vector<const Registry*> seen;
  Registry::walk(registry_, dotted(prefix), [&](const std::shared_ptr<Registry>& r, const std::string& path) {
    if (first_time<Registry>(seen, r.get())) out.emplace_back(std::string(without_dot(path)), Module(r));
  });
  return out;
}

template <class List>
NamedList<Tensor> Module::Registry::tensors(const Module& of, std::string_view prefix, bool recurse, List list) {
  NamedList<Tensor> out;
  std::vector<const TensorImpl*> seen;
  for (const auto& [path, module] : recurse ? of.named_modules(prefix) : NamedList<Module>{{std::string(prefix), of}}) {
    for (const auto& item : module.registry_.get()->*list) {
      if (!item.tensor().defined() || !first_time<TensorImpl>(seen, item.tensor().get())) continue;
      out.emplace_back(dotted(path) + item.name, item.tensor());
    }
  }
  return out;
}

NamedList<Tensor> Module::named_parameters(std::string_view prefix, bool recurse) const {
  return Registry::tensors(*this, prefix, recurse, &Registry::parameters);
}
NamedList<Tensor> Module::named_buffers(std::string_view prefix, bool recurse) const {
  return Registry::tensors(*this, prefix, recurse, &Registry::buffers);
}

std::vector<Tensor> Module::parameters(bool recurse) const { return named_parameters({}, recurse).values(); }
std::vector<Tensor> Module::buffers(bool recurse) const { return named_buffers({}, recurse).values(); }
std::vector<Module> Module::children() const { return named_children().values(); }
std::vector<Module> Module::modules(bool include_self) const {
  std::vector<Module> out;
  for (const auto& [path, m] : named_modules())
    if (include_self || !m.is(*this)) out.push_back(m);
  return out;
}

Module Module::get_submodule(std::string_view path) const {
  std::shared_ptr<Registry> at = registry_;
  for (std::string_view rest = path; !rest.empty();) {
    const std::string_view name = rest.substr(0, rest.find('.'));
    rest.remove_prefix(std::min(rest.size(), name.size() + 1));
    std::vector<std::string_view> names;
    for (const Registry::Child& c : at->children) names.push_back(c.name);
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end()) {
      const std::string_view near = detail::nearest(name, names.data(), names.size());
      throw_error<Error>("get_submodule(", quoted(path),
                         "): ", at == registry_ ? class_name() : Module(at).class_name(), " has no child ",
                         quoted(name), near.empty() ? std::string() : str(", did you mean ", quoted(near), "?"));
    }
    at = std::shared_ptr(at->children[static_cast<std::size_t>(found - names.begin())].module);
  }
  return Module(at);
}

namespace {
/// "encoder.0" and "weight" of "encoder.0.weight".
std::pair<std::string_view, std::string_view> owner_and_name(std::string_view path) {
  const std::size_t dot = path.rfind('.');
  return dot == path.npos ? std::pair(std::string_view(), path) : std::pair(path.substr(0, dot), path.substr(dot + 1));
}
}  // namespace
Tensor Module::get_parameter(std::string_view path) const {
  const auto [owner, name] = owner_and_name(path);
  return get_submodule(owner).named_parameters({}, false)[name];
}
Tensor Module::get_buffer(std::string_view path) const {
  const auto [owner, name] = owner_and_name(path);
  return get_submodule(owner).named_buffers({}, false)[name];
}

NamedList<Module> Module::named_children() const {
  NamedList<Module> out;
  std::vector<const Registry*> seen;
  for (const auto& c : registry_->children) {
    if (first_time<Registry>(seen, c.module.get())) out.emplace_back(c.name, Module(c.module));
  }
  return out;
}

std::vector<Module> Module::children_first() const {
  std::vector<Module> out;
  const auto visit = [&](const auto& self, const Module& m) -> void {
    for (const auto& [name, child] : m.named_children()) self(self, child);
    if (std::none_of(out.begin(), out.end(), [&](const Module& o) { return o.is(m); })) out.push_back(m);
  };
  visit(visit, *this);
  return out;
}

// --- Changing.

void Module::apply(FunctionRef<void(Module&)> fn) {
  for (Module& m : children_first()) fn(m.is(*this) ? *this : *m.object());
}

void Module::train(bool on) {
  for (auto& [name, m] : named_modules()) m.registry_->training = on;
}

void Module::zero_grad(bool set_to_none) {
  NoGradGuard no_grad;
  for (Tensor& p : parameters()) {
    if (set_to_none) {
      p.set_grad({});
    } else if (Tensor g = p.grad(); g.defined()) {
      g = g.detach();
      g.zero_();
      p.set_grad(g);
    }
  }
}

Module& Module::requires_grad_(bool on) {
  for (Tensor& p : parameters()) p.requires_grad_(on);
  return *this;
}

void rebind(const Tensor& t, const Tensor& made, bool changed) {
  TensorImpl &p = t.impl(), &q = made.impl();
  q.storage->version = p.storage->version + changed;
  if (p.storage->saved.load(std::memory_order_relaxed)) q.storage->saved = true;
  q.storage->refs.inc();
  Ref<Storage> dropped(std::exchange(p.storage, q.storage));
  p.data = q.data;
  p.dtype = q.dtype;
  p.device = q.device;
  p.offset = q.offset;
  p.contiguous = q.contiguous;
  p.own_strides = q.own_strides;
  p.strides = q.strides;
}

void Module::to(Device device) {
  for (const Tensor& t : parameters()) (void)t.to(device);
  for (const Tensor& t : buffers()) (void)t.to(device);
}
void Module::to(Device device, DType dtype) {
  to(device);
  to(dtype);
}

void Module::to(DType dtype) {
  if (!is_trainable(dtype)) {
    throw_error<TypeError>("Module::to: needs float32, float64, float16 or bfloat16, not ", name(dtype));
  }
  NoGradGuard no_grad;
  struct Change {
    Tensor tensor, made, grad;
  };
  std::vector<Change> changes;
  const auto add = [&](const Tensor& t) {
    if (!is_floating_point(t.dtype()) || t.dtype() == dtype) return;
    const Tensor g = t.grad();
    changes.push_back({t, t.detach().to(dtype), g.defined() ? g.detach().to(dtype) : Tensor()});
  };
  for (const auto& [name, t] : named_parameters()) add(t);
  for (const auto& [name, t] : named_buffers()) add(t);
  for (Change& c : changes) {
    c.tensor.set_grad({});
    rebind(c.tensor, c.made, true);
    if (c.grad.defined()) c.tensor.set_grad(c.grad);
  }
}

}  // namespace nn
}  // namespace harker

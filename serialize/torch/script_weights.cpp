// The archive's code says which attributes are parameters and which buffers. Of a class whose code does not (archives
// of before torch 1.6 name no buffers), every tensor counts as a weight. Other attributes (numbers, lists, code) are
// left out, as is what custom __getstate__ methods returned.
#include <harker/serialize/torch/script_weights.h>

#include <harker/core/base/text.h>
#include <harker/serialize/torch/module_walk.h>

namespace harker::pt {
namespace {

// An object of a class of the archive's: a module, or another.
bool is_object(const Value& v) {
  if (v.kind() != Value::Kind::opaque) return false;
  const Value::Opaque& o = v.as_opaque();
  return o.called && (o.module + ".").starts_with("__torch__.");
}

}  // namespace

Value script_weights(const Value& root, ScriptClasses& classes, const std::string& what, std::uint64_t most_bytes) {
  if (!is_object(root))
    detail::throw_error<FormatError>(what, ": a TorchScript archive whose root is no module, but a ", root.type_name());
  Value out = Value::ordered_dict();
  const auto class_of = [&](const Value& v, WalkBudget& budget) {
    const Value::Opaque& o = v.as_opaque();
    budget.take(o.module.size() + o.name.size());
    return classes.find(o.module, o.name);
  };
  const auto visit = [&](const NamedModule& m, std::vector<NamedModule>& children, WalkBudget& budget) {
    const Value& state = m.module.as_opaque().state;
    if (!state.is_dict()) return;
    const ScriptClass* c = class_of(m.module, budget);
    std::vector<std::pair<std::string, Value>> buffers;  // state_dict() lists them after the parameters
    for (const auto& [key, v] : state.items()) {
      budget.take(key.is_string() ? m.prefix.size() + key.as_string().size() : 0);
      if (!key.is_string()) continue;
      const std::string own(key.as_string()), name = m.prefix + own;
      if (v.is_tensor()) {
        bool buffer = false;
        if (c && c->complete) {
          const auto at = c->is_buffer.find(own);
          if (at == c->is_buffer.end()) continue;
          buffer = at->second;
        }
        v.lazy_tensor().impl().requires_grad = false;
        if (buffer)
          buffers.emplace_back(name, v);
        else
          out.set(name, v);
      } else if (is_object(v)) {
        const ScriptClass* of = class_of(v, budget);
        if (!of || of->module) children.push_back({name + ".", v});
      }
    }
    for (const auto& [name, v] : buffers) out.set(name, v);
  };
  try {
    walk_modules(root, most_bytes, visit);
  } catch (const FormatError& e) { detail::throw_error<FormatError>(what, ": ", e.what()); }
  return out;
}

}  // namespace harker::pt

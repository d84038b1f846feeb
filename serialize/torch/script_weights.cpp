// TorchScript marks no parameters: every tensor among a module's attributes counts as a weight. Other attributes
// (numbers, lists, code) are left out, as is what custom __getstate__ methods returned.
#include <harker/serialize/torch/script_weights.h>

#include <harker/core/text.h>
#include <harker/serialize/torch/module_walk.h>

namespace harker::pt {
namespace {

bool is_module(const Value& v) {
  if (v.kind() != Value::Kind::opaque) return false;
  const Value::Opaque& o = v.as_opaque();
  return o.called && (o.module + ".").starts_with("__torch__.");
}

}  // namespace

Value script_weights(const Value& root, const std::string& what, std::uint64_t most_bytes) {
  if (!is_module(root))
    throw FormatError(detail::str(what, ": a TorchScript archive whose root is no module, but a ", root.type_name()));
  Value out = Value::ordered_dict();
  const auto visit = [&](const NamedModule& m, std::vector<NamedModule>& children, WalkBudget& budget) {
    const Value& state = m.module.as_opaque().state;
    if (!state.is_dict()) return;
    for (const auto& [key, v] : state.items()) {
      budget.take(key.is_string() ? m.prefix.size() + key.as_string().size() : 0);
      if (!key.is_string()) continue;
      const std::string name = m.prefix + std::string(key.as_string());
      if (v.is_tensor()) {
        v.lazy_tensor().impl().requires_grad = false;
        out.set(name, v);
      } else if (is_module(v)) {
        children.push_back({name + ".", v});
      }
    }
  };
  try {
    walk_modules(root, most_bytes, visit);
  } catch (const FormatError& e) { throw FormatError(detail::str(what, ": ", e.what())); }
  return out;
}

}  // namespace harker::pt

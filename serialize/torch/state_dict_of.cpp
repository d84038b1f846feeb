// An nn.Module is pickled as its class and its __dict__; the weights lie in three dicts of it.
#include <harker/serialize/torch/state_dict_of.h>

#include <unordered_set>

#include <harker/core/base/text.h>
#include <harker/core/value/wrapper_keys.h>
#include <harker/serialize/io/keyed_map.h>
#include <harker/serialize/torch/module_walk.h>

namespace harker HARKER_PUBLIC {
namespace {

using detail::quoted;
using detail::throw_error;

bool is_object(const Value& v) { return v.kind() == Value::Kind::opaque && v.as_opaque().called; }
bool is_module_dict(const Value& v) { return v.is_dict() && v.contains("_parameters") && v.contains("_modules"); }

// The module's __dict__, or null when it is no module. It is the object's state, that of one with __slots__ too; what
// torch.fx's reduce_graph_module takes; or what StyleGAN's _reconstruct_persistent_obj takes, beside the source.
const Value* attributes_of(const Value& v) {
  if (!is_object(v)) return nullptr;
  const Value::Opaque& o = v.as_opaque();
  if (is_module_dict(o.state)) return &o.state;
  if (o.state.is_tuple() && o.state.len() == 2 && is_module_dict(o.state[0])) return &o.state[0];
  if (!o.args.is_tuple() || o.args.len() == 0 || !o.args[0].is_dict()) return nullptr;
  if (is_module_dict(o.args[0])) return &o.args[0];
  const Value* state = o.args[0].find("state");
  return state && is_module_dict(*state) ? state : nullptr;
}

// One of the three dicts; null when it is absent.
const Value* table(const Value& attributes, const std::string& prefix, const char* name) {
  const Value* v = attributes.find(name);
  if (!v || v->is_none()) return nullptr;
  if (!v->is_dict())
    throw_error<FormatError>("module ", quoted(prefix), ": its ", name, " must be a dict, it is a ", v->type_name());
  for (const auto& [key, item] : v->items())
    if (!key.is_string()) throw_error<FormatError>("module ", quoted(prefix), ": a name in ", name, " is no string");
  return v;
}

struct Found {
  StateDict tensors;
  std::vector<Value::Item> others;
};

using Names = std::unordered_set<std::string, KeyedHash>;

Names names_in(const Value* set, pt::WalkBudget& budget) {
  Names out;
  if (!set || set->kind() != Value::Kind::set) return out;
  for (const Value& v : set->elements()) {
    budget.take(v.is_string() ? v.as_string().size() : 0);
    if (v.is_string()) out.emplace(v.as_string());
  }
  return out;
}

void add_tensors(Found& out, const std::string& prefix, const Value& from, const Names& except,
                 pt::WalkBudget& budget) {
  for (const auto& [key, v] : from.items()) {
    budget.take(prefix.size() + key.as_string().size());
    if (v.is_none()) continue;  // a layer without bias
    if (!except.empty() && except.contains(std::string(key.as_string()))) continue;
    const std::string name = prefix + std::string(key.as_string());
    if (v.is_tensor())
      out.tensors.set(name, v.tensor());
    else if (v.kind() == Value::Kind::sparse || v.kind() == Value::Kind::quantized || is_object(v))
      out.others.emplace_back(name, v);
    else
      throw_error<FormatError>("module: ", quoted(name), " must be a tensor, it is a ", v.type_name());
  }
}

}  // namespace

StateDict state_dict_of(const Value& module) {
  if (!attributes_of(module))
    throw_error<TypeError>("state_dict_of: this is no pickled module (an object with _parameters and _modules), but a ",
                           module.type_name());
  Found out;
  constexpr std::uint64_t kMostBytes = 256 << 20;
  const auto visit = [&](const pt::NamedModule& m, std::vector<pt::NamedModule>& children, pt::WalkBudget& budget) {
    const Value& attributes = *attributes_of(m.module);
    const Value* hidden = attributes.find("_non_persistent_buffers_set");
    if (const Value* t = table(attributes, m.prefix, "_parameters")) add_tensors(out, m.prefix, *t, {}, budget);
    if (const Value* t = table(attributes, m.prefix, "_buffers"))
      add_tensors(out, m.prefix, *t, names_in(hidden, budget), budget);
    for (const auto& [key, v] : attributes.items()) {  // the packed weights of a quantized layer
      budget.take(m.prefix.size());
      if (key.is_string() && is_object(v) && v.as_opaque().name == "ScriptObject")
        out.others.emplace_back(m.prefix + std::string(key.as_string()), v);
    }
    const Value* modules = table(attributes, m.prefix, "_modules");
    if (!modules) return;
    for (const auto& [key, child] : modules->items()) {
      budget.take(m.prefix.size() + key.as_string().size());
      if (child.is_none()) continue;
      const std::string name = m.prefix + std::string(key.as_string());
      if (attributes_of(child))
        children.push_back({name + ".", child});
      else if (is_object(child))
        out.others.emplace_back(name, child);
      else
        throw_error<FormatError>("module: ", quoted(name), " must be a module, it is a ", child.type_name());
    }
  };
  pt::walk_modules(module, kMostBytes, visit);
  if (out.others.empty()) return std::move(out.tensors);
  std::vector<Value::Item> all;
  for (const auto& [name, t] : out.tensors) all.emplace_back(name, t);
  all.insert(all.end(), out.others.begin(), out.others.end());
  return StateDict(Value::ordered_dict(std::move(all)));
}

namespace {

bool wraps(const Value* v) { return v && (v->is_dict() || attributes_of(*v)); }

const Value* unwrapped(const Value& dict) {
  const auto plain = [](const Value& in) -> const Value* {
    for (std::string_view key : detail::kPlainKeys)
      if (const Value* found = in.find(key); wraps(found)) return found;
    return nullptr;
  };
  for (std::string_view key : detail::kAveragedKeys) {
    const Value* found = dict.find(key);
    if (!wraps(found)) continue;
    if (attributes_of(*found) || plain(*found)) return found;
    for (const auto& [name, v] : found->items())
      if (v.is_tensor()) return found;  // else there may be a rate and a count alone
  }
  return plain(dict);
}

}  // namespace

StateDict find_state_dict(const Value& v) {
  constexpr int kMostWraps = 16;  // a dict may contain itself
  const Value* at = &v;
  for (int wraps = 0; wraps < kMostWraps; ++wraps) {
    if (attributes_of(*at)) return state_dict_of(*at);
    if (!at->is_dict()) break;
    const Value* inner = unwrapped(*at);
    if (!inner) return StateDict(*at);  // its TypeError says what is no tensor
    at = inner;
  }
  throw_error<TypeError>("find_state_dict: no state dict here: a ", at->type_name(), ", neither a dict nor a module");
}

}  // namespace harker

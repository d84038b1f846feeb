// A checkpoint as a Value and back: the names of its parts in one table, read and written alike.
#include <harker/serialize/checkpoint.h>

#include <unordered_map>

#include <harker/core/base/text.h>

namespace harker HARKER_PUBLIC {
namespace {

using detail::quoted;
using detail::str;
using detail::throw_error;

constexpr std::string_view kRun = "checkpoint";
constexpr std::int64_t kVersion = 1;

[[noreturn]] void refuse(std::string_view path, const char* expected, const Value* found) {
  throw_error<TypeError>("this is no checkpoint: ", quoted(path), " must be ", expected,
                         found ? str(", it is a ", found->type_name()) : std::string(", it is missing"));
}

// The entry `name` of the run, a dict; an absent one is empty.
Value dict_at(const Value& run, std::string_view name) {
  const Value* v = run.find(name);
  if (!v) return Value::dict();
  if (!v->is_dict()) refuse(str(kRun, ".", name), "a dict", v);
  return *v;
}
std::int64_t integer_at(const Value& run, std::string_view name) {
  const Value* v = run.find(name);
  if (!v) return 0;
  if (!v->is_int() || !v->fits_int64()) refuse(str(kRun, ".", name), "an integer", v);
  return v->as_int();
}

const Value& named(const Value& where, std::string_view name, const char* kind) {
  if (const Value* v = where.find(name)) return *v;
  std::vector<std::string_view> names;
  for (const auto& [key, v] : where.items())
    if (key.is_string()) names.push_back(key.as_string());
  const std::string_view near = detail::nearest(name, names.data(), names.size());
  throw_error<Error>("the checkpoint has no ", kind, " named ", quoted(name),
                     near.empty() ? str(" among ", names.size()) : str(", did you mean ", quoted(near), "?"));
}

std::vector<std::string> names_of(const Value& dict) {
  std::vector<std::string> names;
  for (const auto& [name, state] : dict.items())
    if (name.is_string()) names.emplace_back(name.as_string());
  return names;
}

}  // namespace

bool Checkpoint::claims(const Value& v) {
  const Value* run = v.is_dict() ? v.find(kRun) : nullptr;
  return run && run->is_dict() && run->contains("version") && run->contains("models");
}

Checkpoint::Checkpoint(const Value& v) {
  if (!v.is_dict()) throw_error<TypeError>("this is no checkpoint, but a ", v.type_name());
  const Value* run = v.find(kRun);
  if (!run || !run->is_dict()) refuse(kRun, "a dict", run);
  if (const std::int64_t version = integer_at(*run, "version"); version != kVersion)
    throw_error<TypeError>("this checkpoint has version ", version, ", this harker reads version ", kVersion);
  epoch = integer_at(*run, "epoch");
  step = integer_at(*run, "step");
  metrics = dict_at(*run, "metrics");
  hyper_parameters = dict_at(*run, "hyper_parameters");
  metadata = dict_at(*run, "metadata");
  optimizers_ = dict_at(*run, "optimizers");
  for (const auto& [key, entry] : optimizers_.items())
    if (!key.is_string() || !entry.is_dict() || !entry.contains("state"))
      refuse(str(kRun, ".optimizers"), "a dict of {\"state\": ...} by name", &entry);
  schedulers_ = dict_at(*run, "schedulers");
  generators_ = dict_at(*run, "generators");
  loaders_ = dict_at(*run, "loaders");
  const Value* models = run->find("models");
  if (!models || !models->is_list()) refuse(str(kRun, ".models"), "a list of names", models);
  for (const Value& name : models->elements()) {
    if (!name.is_string()) refuse(str(kRun, ".models"), "a list of names", &name);
    const Value* state = v.find(name.as_string());
    if (!state || !state->is_dict()) refuse(name.as_string(), "the state dict of a model", state);
    models_.set(name, *state);
  }
}

Checkpoint::operator Value() const {
  Value names = Value::list();
  std::vector<Value::Item> items;
  for (const auto& [name, state] : models_.items()) {
    names.push_back(name);
    items.emplace_back(name, state);
  }
  items.emplace_back(Value(kRun), Value::dict({{"version", kVersion},
                                               {"models", names},
                                               {"epoch", epoch},
                                               {"step", step},
                                               {"metrics", metrics},
                                               {"hyper_parameters", hyper_parameters},
                                               {"metadata", metadata},
                                               {"optimizers", optimizers_},
                                               {"schedulers", schedulers_},
                                               {"generators", generators_},
                                               {"loaders", loaders_}}));
  return Value::dict(std::move(items));
}

Checkpoint& Checkpoint::put_model(std::string_view name, const StateDict& state) {
  if (name.empty() || name == kRun)
    throw_error<Error>("checkpoint: a model cannot be named ", quoted(name), ": that name is taken, or none");
  models_.set(name, Value(state));
  return *this;
}

void Checkpoint::add_all(std::vector<Tensor>& to, std::span<const Tensor> from) {
  to.insert(to.end(), from.begin(), from.end());
}

Checkpoint& Checkpoint::put_optimizer(std::string_view name, const Value& state, const std::vector<Tensor>& trained) {
  // A parameter and its entry in a state dict are two tensors on one storage.
  std::unordered_map<const void*, std::string> names;
  for (const auto& [model, tensors] : models_.items())
    for (const auto& [key, t] : tensors.items())
      names.try_emplace(t.tensor().raw(), str(model.as_string(), ".", key.as_string()));
  Value parameters = Value::list();
  for (const Tensor& t : trained) {
    const auto at = t.numel() > 0 ? names.find(t.raw()) : names.end();
    parameters.push_back(at == names.end() ? std::string() : at->second);
  }
  return put(optimizers_, name, Value::dict({{"state", state}, {"parameters", parameters}}));
}

Checkpoint& Checkpoint::put(Value& where, std::string_view name, const Value& state) {
  where.set(name, state);
  return *this;
}

StateDict Checkpoint::model(std::string_view name) const { return StateDict(named(models_, name, "model")); }
const Value& Checkpoint::optimizer(std::string_view name) const {
  return named(optimizers_, name, "optimizer")["state"];
}
const Value& Checkpoint::scheduler(std::string_view name) const { return named(schedulers_, name, "scheduler"); }
const Value& Checkpoint::generator(std::string_view name) const { return named(generators_, name, "generator"); }
const Value& Checkpoint::loader(std::string_view name) const { return named(loaders_, name, "data loader"); }

std::vector<std::string> Checkpoint::models() const { return names_of(models_); }
std::vector<std::string> Checkpoint::optimizers() const { return names_of(optimizers_); }
std::vector<std::string> Checkpoint::schedulers() const { return names_of(schedulers_); }
std::vector<std::string> Checkpoint::generators() const { return names_of(generators_); }
std::vector<std::string> Checkpoint::loaders() const { return names_of(loaders_); }

std::vector<std::string> Checkpoint::parameters_of(std::string_view name) const {
  std::vector<std::string> names;
  const Value* parameters = named(optimizers_, name, "optimizer").find("parameters");
  if (!parameters || !parameters->is_list()) return names;
  for (const Value& v : parameters->elements()) names.emplace_back(v.is_string() ? v.as_string() : std::string_view());
  return names;
}

SaveReport save_checkpoint(const Checkpoint& c, const FilePath& path, const SaveOptions& options) {
  return save(Value(c), path, options);
}
Checkpoint load_checkpoint(const FilePath& path, const LoadOptions& options) { return Checkpoint(load(path, options)); }

}  // namespace harker

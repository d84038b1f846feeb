// Checkpoint: everything a run needs to go on, as one Value: models that may share tensors, their optimizers,
// schedulers, generators and data loaders, how far it came, and what its user wants to remember. Any format holds it
// (save a .harker, .pt or .pb); a folder of them is in checkpoint_folder.h.
//
//   checkpoint := { NAME: state dict of a model, ..., "checkpoint": run }
//   run        := { "version": 1, "models": [NAME, ...], "epoch": n, "step": n,
//                   "metrics": {...}, "hyper_parameters": {...}, "metadata": {...},
//                   "optimizers": {NAME: {"state": ..., "parameters": [...]}, ...},
//                   "schedulers": {NAME: ...}, "generators": {NAME: ...}, "loaders": {NAME: ...} }
//
// Models stand at the root, so that load(path, {.only = "castle"}) reads one of them and nothing else.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include <harker/core/stateful.h>
#include <harker/serialize/serialize.h>

namespace harker HARKER_PUBLIC {

class Checkpoint {
 public:
  Checkpoint() = default;
  /// From what load() returned. TypeError, naming the path, when it is not laid out as above.
  explicit Checkpoint(const Value& v);
  /// Does it claim to be one? (What is wrong with it, the constructor says.)
  static bool claims(const Value& v);
  /// Identical content gives identical bytes: there is no time in it unless `metadata` has one.
  operator Value() const;

  std::int64_t epoch = 0, step = 0;
  Value metrics = Value::dict(), hyper_parameters = Value::dict(), metadata = Value::dict();  ///< dicts of your own

  // --- What has a state, each under a name of its own; adding a name again replaces it. The states share memory with
  // --- what they came from: save before training goes on. Error for a model named "checkpoint" or "".
  template <Stateful M>
  Checkpoint& add_model(std::string_view name, const M& model) {
    return put_model(name, StateDict(model.state_dict()));
  }
  /// Also notes which parameters of the models added so far it trains, in its own order: "castle.fc1.weight".
  template <Stateful O>
  Checkpoint& add_optimizer(std::string_view name, const O& optimizer) {
    std::vector<Tensor> trained;
    if constexpr (requires { optimizer.params(optimizer.num_groups()); })
      for (std::size_t g = 0; g < optimizer.num_groups(); ++g) add_all(trained, optimizer.params(g));
    return put_optimizer(name, optimizer.state_dict(), trained);
  }
  template <Stateful T>
  Checkpoint& add_scheduler(std::string_view name, const T& scheduler) {
    return put(schedulers_, name, scheduler.state_dict());
  }
  template <Stateful T>
  Checkpoint& add_generator(std::string_view name, const T& generator) {
    return put(generators_, name, generator.state_dict());
  }
  template <Stateful T>
  Checkpoint& add_loader(std::string_view name, const T& loader) {
    return put(loaders_, name, loader.state_dict());
  }

  // --- For load_state_dict(). Error with the nearest name when there is none of that name.
  StateDict model(std::string_view name) const;
  const Value& optimizer(std::string_view name) const;
  const Value& scheduler(std::string_view name) const;
  const Value& generator(std::string_view name) const;
  const Value& loader(std::string_view name) const;
  std::vector<std::string> models() const;
  std::vector<std::string> optimizers() const;
  std::vector<std::string> schedulers() const;
  std::vector<std::string> generators() const;
  std::vector<std::string> loaders() const;
  /// The names that add_optimizer noted; "" for a parameter of no model.
  std::vector<std::string> parameters_of(std::string_view optimizer) const;

 private:
  static void add_all(std::vector<Tensor>& to, std::span<const Tensor> from);
  Checkpoint& put_model(std::string_view name, const StateDict& state);
  Checkpoint& put_optimizer(std::string_view name, const Value& state, const std::vector<Tensor>& trained);
  Checkpoint& put(Value& where, std::string_view name, const Value& state);
  Value models_ = Value::dict(), optimizers_ = Value::dict(), schedulers_ = Value::dict(), generators_ = Value::dict(),
        loaders_ = Value::dict();
};

/// save() and load() under the name that belongs to them. (Not inline: which save is meant is dear to the compiler.)
SaveReport save_checkpoint(const Checkpoint& c, const FilePath& path, const SaveOptions& options = {});
Checkpoint load_checkpoint(const FilePath& path, const LoadOptions& options = {});

}  // namespace harker

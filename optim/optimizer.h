// Optimizer: what all optimizers share: parameters in groups, zero_grad, and torch's state dict both ways. A derived
// class gives its options (OptimizerWith<Options>, described once in `describe`), the names of its state tensors, and
// step(). File format of the state: docs/optim.md.
#pragma once
#include <array>
#include <concepts>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <harker/core/value.h>
#include <harker/optim/option_io.h>

namespace harker HARKER_PUBLIC {
namespace optim {

/// ("fc1.weight", tensor), as Module::named_parameters() gives them.
using NamedTensor = std::pair<std::string, Tensor>;

/// Parameters with options of their own: `Adam({{head, {.lr = 0.1}}, {body, {.lr = 0.001}}})`.
template <class Options>
struct ParamGroup {
  std::vector<Tensor> params;
  Options options = {};
};

class Optimizer {
 public:
  virtual ~Optimizer();
  Optimizer(Optimizer&&) noexcept;
  Optimizer& operator=(Optimizer&&) noexcept;

  /// Updates every parameter that has a gradient.
  virtual void step() = 0;
  /// Forgets the gradients, or sets them to zero.
  void zero_grad(bool set_to_none = true);

  std::size_t num_groups() const noexcept { return groups_.size(); }
  /// The parameters of one group.
  std::span<const Tensor> params(std::size_t group = 0) const;
  /// The learning rate of one group, to read and to set. ShapeError when there is no such group.
  virtual double& lr(std::size_t group = 0) = 0;

  /// torch's: {"state": {0: {...}, ...}, "param_groups": [{..., "params": [0, ...]}]}. The tensors share memory with
  /// the optimizer.
  Value state_dict() const;
  /// Takes the state over (copied, converted to each parameter's dtype). Parameters are matched by name where this
  /// optimizer and every group of `state` have names, otherwise by position. Options that we do not know are kept and
  /// written again. Throws, and has changed nothing, when the groups do not fit or something has another type or shape.
  void load_state_dict(const Value& state);

 protected:
  /// What the optimizer knows about one parameter; made at its first step.
  struct State {
    bool exists = false;
    double step = 0;
    std::array<Tensor, 3> slots;    ///< contiguous, of the parameter's dtype and shape; those not in use are undefined
    std::vector<Value::Item> rest;  ///< entries of a loaded state that we do not know
  };
  struct Group {
    std::size_t begin, end;          ///< into params_ and states_
    std::vector<std::string> names;  ///< "param_names": none, or one per parameter
    Value loaded;                    ///< the group's dict as it was loaded, or None
  };

  Optimizer();
  /// Error for no parameters, one that is given twice, or a tensor that is no leaf or no floating point.
  void add_group(std::vector<Tensor> params, std::vector<std::string> names = {});
  State& make_state(std::size_t i);  ///< marks it as existing

  /// The names of the slots that are saved, in torch's order ("" for one that is never used).
  virtual std::span<const std::string_view> slot_names() const = 0;
  /// Whether `step` is among the state's entries.
  virtual bool counts_steps() const { return true; }
  virtual void write_options(std::size_t group, OptionIO& io) const = 0;
  /// Reads and checks one group's options; they are only kept when `keep`.
  virtual void read_options(std::size_t group, OptionIO& io, bool keep) = 0;

  [[noreturn]] static void no_such_group(std::size_t group, std::size_t count);
  std::vector<Tensor> params_;
  std::vector<State> states_;
  std::vector<Group> groups_;

 private:
  struct Loading;
  std::vector<Value::Item> foreign_;  // entries of a loaded `state` whose keys are no parameters
  std::vector<std::size_t> order_;  // parameters in the order in which they got a state: torch's dict keeps that order
};

/// An optimizer whose groups each have `Options`, an aggregate with a member `lr`. Needs `static void
/// describe(Options&, OptionIO&)` and `static void check(const Options&)` of the derived class `D`.
template <class D, class Options>
class OptimizerWith : public Optimizer {
 public:
  double& lr(std::size_t group = 0) override { return options(group).lr; }
  /// All options of one group, to read and to set.
  Options& options(std::size_t group = 0) {
    if (group >= options_.size()) [[unlikely]]
      no_such_group(group, options_.size());
    return options_[group];
  }

 protected:
  OptimizerWith(std::vector<Tensor> params, const Options& o) { add(std::move(params), {}, o); }
  OptimizerWith(std::vector<NamedTensor> params, const Options& o) {
    std::vector<Tensor> tensors;
    std::vector<std::string> names;
    for (NamedTensor& p : params) {
      names.push_back(std::move(p.first));
      tensors.push_back(std::move(p.second));
    }
    add(std::move(tensors), std::move(names), o);
  }
  explicit OptimizerWith(std::vector<ParamGroup<Options>> groups) {
    for (ParamGroup<Options>& g : groups) add(std::move(g.params), {}, g.options);
  }

  void write_options(std::size_t group, OptionIO& io) const override {
    Options o = options_[group];
    D::describe(o, io);
  }
  void read_options(std::size_t group, OptionIO& io, bool keep) override {
    Options o = options_[group];
    D::describe(o, io);
    D::check(o);
    if (keep) options_[group] = o;
  }
  std::vector<Options> options_;

 private:
  void add(std::vector<Tensor> params, std::vector<std::string> names, const Options& o) {
    D::check(o);
    add_group(std::move(params), std::move(names));
    options_.push_back(o);
  }
};

}  // namespace optim
}  // namespace harker

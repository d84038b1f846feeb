// Optimizer: what all optimizers share: parameters in groups, zero_grad, and torch's state dict both ways. A derived
// class gives its options (OptimizerWith<Derived, Options, Base>, described once in `describe`), the names of its state
// tensors, and step() (or, with FusedOptimizer, a kernel). File format of the state: docs/optim.md.
#pragma once
#include <array>
#include <concepts>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <harker/core/base/function_ref.h>
#include <harker/core/base/named_list.h>
#include <harker/core/value.h>
#include <harker/optim/option_io.h>

namespace harker HARKER_PUBLIC {
namespace detail {
// For ParamGroup. Not `= {}`: g++ 12 forgets to instantiate vector's constructor for it, and the program does not link.
std::vector<std::string> no_names();
}  // namespace detail

namespace optim {

/// ("fc1.weight", tensor), as Module::named_parameters() gives them.
using NamedTensor = NamedItem<Tensor>;

/// Parameters with options of their own: `Adam({{head, {.lr = 0.1}}, {body, {.lr = 0.001}}})`.
template <class Options>
struct ParamGroup {
  std::vector<Tensor> params;
  Options options = {};
  std::vector<std::string> names = detail::no_names();  ///< none, or one per parameter
};

/// One group of an optimizer `O`, to read and to set: what param_groups() lists.
template <class O>
class GroupOf {
 public:
  GroupOf(O& optimizer, std::size_t index) : optimizer_(&optimizer), index_(index) {}
  auto params() const { return optimizer_->params(index_); }
  double& lr() const { return optimizer_->lr(index_); }
  /// The options of its class, `g.options().lr = 0.1`; of an Optimizer&, whose class is not known, this again.
  decltype(auto) options() const {
    if constexpr (requires { optimizer_->options(index_); })
      return optimizer_->options(index_);
    else
      return *this;
  }
  double get_lr() const { return lr(); }
  void set_lr(double v) const { lr() = v; }

 private:
  O* optimizer_;
  std::size_t index_;
};

class Optimizer {
 public:
  virtual ~Optimizer();
  Optimizer(Optimizer&&) noexcept;
  Optimizer& operator=(Optimizer&&) noexcept;

  /// Updates every parameter that has a gradient.
  virtual void step() = 0;
  /// Calls `loss`, which computes the loss and its gradients (zero_grad, forward, backward), takes the step and returns
  /// the loss. Gradients are recorded meanwhile, whatever the mode is.
  virtual Tensor step(FunctionRef<Tensor()> loss);
  /// Forgets the gradients, or sets them to zero.
  void zero_grad(bool set_to_none = true);

  std::size_t num_groups() const noexcept { return groups_.size(); }
  /// To read and to set, one after the other.
  std::vector<GroupOf<Optimizer>> param_groups();
  /// The parameters of one group.
  std::span<const Tensor> params(std::size_t group = 0) const;
  /// The learning rate of one group, to read and to set. ShapeError when there is no such group.
  virtual double& lr(std::size_t group = 0) = 0;
  /// The momentum of one group, or Adam's beta1: what OneCycleLR changes together with the learning rate. None: this
  /// optimizer has neither, and set_momentum does nothing.
  virtual std::optional<double> momentum(std::size_t group = 0) const;
  virtual void set_momentum(std::size_t group, double v);
  virtual bool momentum_is_beta1() const { return false; }
  /// An entry of a group's dict that is no option of this optimizer, as a scheduler's `initial_lr`; null when absent.
  const Value* extra(std::size_t group, std::string_view key) const;
  void set_extra(std::size_t group, std::string_view key, Value v);
  /// False while step() is known not to have been called yet.
  virtual bool has_stepped() const { return true; }

  /// torch's: {"state": {0: {...}, ...}, "param_groups": [{..., "params": [0, ...]}]}. The tensors share memory with
  /// the optimizer.
  Value state_dict() const;
  /// What it knows of one parameter, {"step": ..., "exp_avg": ..., ...} as in the state dict; an empty dict before its
  /// first step. Error for a tensor that is none of its parameters.
  Value state(const Tensor& parameter) const;
  /// Takes the state over (copied, converted to each parameter's dtype). Parameters are matched by name where this
  /// optimizer and every group of `state` have names, otherwise by position. Options that we do not know are kept and
  /// written again. Throws, and has changed nothing, when it is another optimizer's state (told by its keys), the
  /// groups do not fit, or something has another type or shape.
  void load_state_dict(const Value& state);

 protected:
  /// What the optimizer knows about one parameter; made at its first step.
  struct State {
    bool exists = false;
    double step = 0;
    std::array<Tensor, 3> slots;  ///< contiguous, of the parameter's dtype and shape (but scalar_slots()); those not in
                                  ///< use are undefined
    std::vector<Value::Item> rest;  ///< entries of a loaded state that we do not know
  };
  struct Group {
    std::size_t begin, end;          ///< into params_ and states_
    std::vector<std::string> names;  ///< "param_names": none, or one per parameter
    Value loaded;                    ///< the group's dict as it was loaded, or None
  };

  Optimizer();
  /// Error for no parameters, one that is given twice, a tensor that is no leaf or no floating point, and names where
  /// the other groups have none.
  void add_group(std::vector<Tensor> params, std::vector<std::string> names = {});
  State& make_state(std::size_t i);  ///< marks it as existing

  /// The names of the slots that are saved, in torch's order ("" for one that is never used).
  virtual std::span<const std::string_view> slot_names() const = 0;
  /// Those of them that are one float32 number, not a tensor of the parameter's shape: bit k is slot k.
  virtual unsigned scalar_slots() const { return 0; }
  /// Whether `step` is among the state's entries.
  virtual bool counts_steps() const { return true; }
  virtual void write_options(std::size_t group, OptionIO& io) const = 0;
  /// Reads and checks one group's options; they are only kept when `keep`.
  virtual void read_options(std::size_t group, OptionIO& io, bool keep) = 0;

  /// Betas that were set for one group are a tuple of its own in torch's dict, not the one that the groups share.
  void own_betas(std::size_t group, double beta1, double beta2);
  /// Error, naming the optimizer and the option, for a negative number or NaN.
  static void check_at_least_zero(std::string_view optimizer,
                                  std::initializer_list<std::pair<const char*, double>> options);
  [[noreturn]] static void no_such_group(std::size_t group, std::size_t count);
  template <class O>
  static std::vector<GroupOf<O>> groups_of(O& optimizer) {
    std::vector<GroupOf<O>> out;
    for (std::size_t g = 0; g < optimizer.num_groups(); ++g) out.emplace_back(optimizer, g);
    return out;
  }
  std::vector<Tensor> params_;
  std::vector<State> states_;
  std::vector<Group> groups_;

 private:
  struct Loading;
  Value state_of(std::size_t i) const;
  const Group& group_at(std::size_t group) const;
  Value group_dict(std::size_t group, std::vector<Value>& tuples) const;  // all but "params"
  std::vector<Value::Item> foreign_;  // entries of a loaded `state` whose keys are no parameters
  std::vector<std::size_t> order_;  // parameters in the order in which they got a state: torch's dict keeps that order
};

/// An optimizer whose groups each have `Options`, an aggregate with a member `lr`. Needs `static void
/// describe(Options&, OptionIO&)` and `static void check(const Options&)` of the derived class `D`. `Base` is Optimizer
/// for one that has a step() of its own, FusedOptimizer for one whose step is a kernel. An optimizer of the library is
/// instantiated in its .cpp, once (`extern template` in its header).
template <class D, class Options, class Base = Optimizer>
class OptimizerWith : public Base {
 public:
  explicit OptimizerWith(std::vector<Tensor> params, const Options& options = {});
  /// `Adam(model.parameters(), 1e-3)`: the other options are the defaults.
  template <class Number>
  requires std::is_arithmetic_v<Number> OptimizerWith(std::vector<Tensor> params, Number lr)
      : OptimizerWith(std::move(params), with_lr(static_cast<double>(lr))) {}
  /// With names: the state dict carries them, and is matched by them.
  explicit OptimizerWith(std::vector<NamedTensor> params, const Options& options = {});
  explicit OptimizerWith(std::vector<ParamGroup<Options>> groups);
  ~OptimizerWith() override;
  OptimizerWith(OptimizerWith&&) noexcept;
  OptimizerWith& operator=(OptimizerWith&&) noexcept;
  double& lr(std::size_t group = 0) override { return options(group).lr; }
  std::optional<double> momentum(std::size_t group = 0) const override;
  void set_momentum(std::size_t group, double v) override;
  bool momentum_is_beta1() const override { return kBetas; }
  using Base::step;
  std::vector<GroupOf<D>> param_groups() { return this->groups_of(static_cast<D&>(*this)); }
  /// All options of one group, to read and to set.
  Options& options(std::size_t group = 0) {
    if (group >= options_.size()) [[unlikely]]
      Optimizer::no_such_group(group, options_.size());
    return options_[group];
  }
  /// One more group; the optimizer is as before when this throws.
  void add_param_group(ParamGroup<Options> g);

 protected:
  void write_options(std::size_t group, OptionIO& io) const override;
  void read_options(std::size_t group, OptionIO& io, bool keep) override;
  static Options with_lr(double lr) {
    Options o;
    o.lr = lr;
    return o;
  }
  std::vector<Options> options_;

 private:
  static constexpr bool kBetas = requires(Options o) { o.betas[0]; };
};

// As the compiler would write them, but in the library alone, not in every user's file.
template <class D, class Options, class Base>
OptimizerWith<D, Options, Base>::~OptimizerWith() = default;
template <class D, class Options, class Base>
OptimizerWith<D, Options, Base>::OptimizerWith(OptimizerWith&&) noexcept = default;
template <class D, class Options, class Base>
OptimizerWith<D, Options, Base>& OptimizerWith<D, Options, Base>::operator=(OptimizerWith&&) noexcept = default;

template <class D, class Options, class Base>
std::optional<double> OptimizerWith<D, Options, Base>::momentum(std::size_t group) const {
  if (group >= options_.size()) Optimizer::no_such_group(group, options_.size());
  const Options& o = options_[group];
  if constexpr (kBetas)
    return o.betas[0];
  else if constexpr (requires { o.momentum; })
    return o.momentum;
  else
    return {};
}

template <class D, class Options, class Base>
void OptimizerWith<D, Options, Base>::set_momentum(std::size_t group, double v) {
  [[maybe_unused]] Options& o = options(group);
  if constexpr (kBetas) {
    o.betas[0] = v;
    this->own_betas(group, v, o.betas[1]);
  } else if constexpr (requires { o.momentum; }) {
    o.momentum = v;
  }
}

template <class D, class Options, class Base>
void OptimizerWith<D, Options, Base>::add_param_group(ParamGroup<Options> g) {
  D::check(g.options);
  options_.reserve(options_.size() + 1);
  this->add_group(std::move(g.params), std::move(g.names));
  options_.push_back(g.options);
}

template <class D, class Options, class Base>
OptimizerWith<D, Options, Base>::OptimizerWith(std::vector<Tensor> params, const Options& o) {
  add_param_group({std::move(params), o, {}});
}

template <class D, class Options, class Base>
OptimizerWith<D, Options, Base>::OptimizerWith(std::vector<NamedTensor> params, const Options& o) {
  ParamGroup<Options> g{{}, o, {}};
  for (NamedTensor& p : params) {
    g.names.push_back(std::move(p.first));
    g.params.push_back(std::move(p.second));
  }
  add_param_group(std::move(g));
}

template <class D, class Options, class Base>
OptimizerWith<D, Options, Base>::OptimizerWith(std::vector<ParamGroup<Options>> groups) {
  for (ParamGroup<Options>& g : groups) add_param_group(std::move(g));
}

template <class D, class Options, class Base>
void OptimizerWith<D, Options, Base>::write_options(std::size_t group, OptionIO& io) const {
  Options o = options_[group];
  D::describe(o, io);
}

template <class D, class Options, class Base>
void OptimizerWith<D, Options, Base>::read_options(std::size_t group, OptionIO& io, bool keep) {
  Options o = options_[group];
  D::describe(o, io);
  D::check(o);
  if (keep) options_[group] = o;
}

}  // namespace optim
}  // namespace harker

// Parameters, groups and zero_grad. The state dict is optim/optimizer_state.cpp.
#include <harker/core/base/text.h>
#include <harker/core/grad_mode.h>
#include <harker/core/tensor/make.h>
#include <harker/optim/optimizer.h>
#include <algorithm>

namespace harker HARKER_PUBLIC {
std::vector<std::string> detail::no_names() { return {}; }

namespace optim {

using detail::str;
using detail::throw_error;

void Optimizer::check_at_least_zero(std::string_view optimizer,
                                    std::initializer_list<std::pair<const char*, double>> options) {
  for (const auto& [name, v] : options) {
    if (!(v >= 0)) throw_error<Error>(optimizer, ": ", name, " must be >= 0, not ", v);
  }
}

Optimizer::Optimizer() = default;
Optimizer::~Optimizer() = default;
Optimizer::Optimizer(Optimizer&&) noexcept = default;
Optimizer& Optimizer::operator=(Optimizer&&) noexcept = default;

void Optimizer::add_group(std::vector<Tensor> params, std::vector<std::string> names) {
  if (params.empty()) throw_error<Error>("optimizer: the list of parameters is empty");
  if (!names.empty() && names.size() != params.size()) {
    throw_error<Error>("optimizer: ", params.size(), " parameters and ", names.size(), " names; all or none have one");
  }
  if (!groups_.empty() && names.empty() != groups_.front().names.empty()) {
    throw_error<Error>("optimizer: all groups have parameter names or none has");
  }
  const auto which = [&](std::size_t i) {
    return names.empty() ? str("parameter ", i) : str("parameter ", i, " (", detail::quoted(names[i]), ")");
  };
  // Sorted, to find duplicates without a quadratic search.
  std::vector<std::pair<const TensorImpl*, std::size_t>> seen;
  for (const Tensor& p : params_) seen.emplace_back(p.get(), seen.size());
  for (std::size_t i = 0; i < params.size(); ++i) {
    const Tensor& p = params[i];
    if (!p.defined()) throw_error<Error>("optimizer: ", which(i), " is an undefined tensor");
    if (!p.is_leaf()) {
      throw_error<GradError>("optimizer: ", which(i), " is no leaf; it was computed by ", p.grad_fn(),
                             ", so training it changes nothing");
    }
    if (!is_trainable(p.dtype())) {
      throw_error<TypeError>("optimizer: ", which(i), " is ", name(p.dtype()), "; parameters are floating point");
    }
    detail::check_distinct(p, "optimizer");
    seen.emplace_back(p.get(), seen.size());
  }
  std::sort(seen.begin(), seen.end());
  const auto twice = std::adjacent_find(seen.begin(), seen.end(), [](auto& a, auto& b) { return a.first == b.first; });
  if (twice != seen.end()) {
    throw_error<Error>("optimizer: parameters ", twice->second, " and ", twice[1].second,
                       " are the same tensor; it would be updated twice");
  }
  const std::size_t begin = params_.size(), end = begin + params.size();
  params_.reserve(end);  // all that can fail comes before the first change
  states_.reserve(end);
  order_.reserve(end);
  groups_.push_back({begin, end, std::move(names), {}});
  params_.insert(params_.end(), std::move_iterator(params.begin()), std::move_iterator(params.end()));
  states_.resize(end);
}

Optimizer::State& Optimizer::make_state(std::size_t i) {
  State& s = states_[i];
  if (!s.exists) {
    s.exists = true;
    order_.push_back(i);
  }
  return s;
}

const Optimizer::Group& Optimizer::group_at(std::size_t group) const {
  if (group >= groups_.size()) no_such_group(group, groups_.size());
  return groups_[group];
}

std::span<const Tensor> Optimizer::params(std::size_t group) const {
  const Group& g = group_at(group);
  return std::span(params_).subspan(g.begin, g.end - g.begin);
}

std::optional<double> Optimizer::momentum(std::size_t) const { return {}; }
void Optimizer::set_momentum(std::size_t, double) {}

const Value* Optimizer::extra(std::size_t group, std::string_view key) const {
  const Value& loaded = group_at(group).loaded;
  return loaded.is_dict() ? loaded.find(key) : nullptr;
}

/// The dict that torch would have now takes the place of a loaded one: a new key comes after its options.
void Optimizer::set_extra(std::size_t group, std::string_view key, Value v) {
  if (!group_at(group).loaded.is_dict()) {
    std::vector<Value> tuples;
    groups_[group].loaded = group_dict(group, tuples);
  }
  groups_[group].loaded.set(key, std::move(v));
}

void Optimizer::own_betas(std::size_t group, double beta1, double beta2) {
  set_extra(group, "betas", Value::tuple({beta1, beta2}).mark_from_file());  // so it keeps an identity of its own
}

void Optimizer::no_such_group(std::size_t group, std::size_t count) {
  throw_error<ShapeError>("optimizer: group ", group, " of ", count, " groups");
}

std::vector<GroupOf<Optimizer>> Optimizer::param_groups() { return groups_of(*this); }

Tensor Optimizer::step(FunctionRef<Tensor()> loss) {
  Tensor value;
  {
    GradModeGuard grad(true);
    value = loss();
  }
  step();
  return value;
}

void Optimizer::zero_grad(bool set_to_none) {
  if (!set_to_none) {
    NoGradGuard no_grad;
    std::vector<Tensor> zeroed;  // all of them, before the first changes: what can fail comes first
    for (Tensor& p : params_) zeroed.push_back(p.impl().grad ? p.grad().detach() : Tensor());
    for (std::size_t i = 0; i < params_.size(); ++i) {
      if (!zeroed[i].defined()) continue;
      zeroed[i].zero_();
      params_[i].set_grad(zeroed[i]);  // drops what history the old one had
    }
    return;
  }
  for (Tensor& p : params_) {
    TensorImpl*& grad = p.impl().grad;
    if (grad) const Tensor drop(std::exchange(grad, nullptr));
  }
}

}  // namespace optim
}  // namespace harker

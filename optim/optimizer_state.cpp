// The state dict of an optimizer, in torch's form:
//   {"state": {0: {"step": float32 0-d, "exp_avg": [shape], ...}, ...},           integer keys, in order of the first
//   step
//    "param_groups": [{["param_names": [...],] options..., "params": [0, 1, ...]}, ...]}
// Loading checks everything and builds the new state aside; only then the optimizer changes.
#include <harker/core/base/text.h>
#include <harker/core/grad_mode.h>
#include <harker/optim/optimizer.h>
#include <harker/optim/state_kind.h>
#include <algorithm>
#include <cmath>

namespace harker HARKER_PUBLIC {
namespace optim {

using detail::quoted;
using detail::str;
using detail::throw_error;

namespace {
/// See in_loaded_order.
Value::Item fresh_key(const Value::Item& item) {
  return {item.first.is_string() ? Value(item.first.as_string()) : item.first, item.second};
}
}  // namespace

Value Optimizer::state_of(std::size_t i) const {
  const State& s = states_[i];
  std::vector<Value::Item> entries;
  if (s.exists && counts_steps()) entries.emplace_back("step", scalar_tensor(s.step));
  const auto names = slot_names();
  for (std::size_t k = 0; k < names.size(); ++k) {
    if (s.slots[k].defined()) entries.emplace_back(names[k], s.slots[k].detach());
  }
  Value dict = Value::dict(std::move(entries));
  for (const auto& [key, value] : s.rest) {
    if (!dict.contains(key)) dict.set(key, value);
  }
  return dict;
}

Value Optimizer::state(const Tensor& parameter) const {
  for (std::size_t i = 0; i < params_.size(); ++i)
    if (params_[i].is(parameter)) return state_of(i);
  throw_error<Error>("optimizer: state of a tensor that is none of its ", params_.size(), " parameters");
}

Value Optimizer::state_dict() const {
  std::vector<Value::Item> state;
  for (std::size_t i : order_) state.emplace_back(i, state_of(i));
  state.insert(state.end(), foreign_.begin(), foreign_.end());

  std::vector<Value> groups, tuples;
  for (std::size_t g = 0; g < groups_.size(); ++g) {
    Value items = group_dict(g, tuples);
    std::vector<Value> indices;
    for (std::size_t i = groups_[g].begin; i < groups_[g].end; ++i) indices.emplace_back(i);
    items.set("params", Value::list(std::move(indices)));
    groups.push_back(std::move(items));
  }
  return Value::dict({{"state", Value::dict(std::move(state))}, {"param_groups", Value::list(std::move(groups))}});
}

/// The order of the loaded dict, then ours for what it did not have.
Value Optimizer::group_dict(std::size_t g, std::vector<Value>& tuples) const {
  const Group& group = groups_[g];
  std::vector<Value::Item> known;
  if (!group.names.empty()) {
    known.emplace_back("param_names", Value::list({group.names.begin(), group.names.end()}));
  }
  OptionIO io(known, tuples, group.loaded);
  write_options(g, io);

  Value items = in_loaded_order(group.loaded, std::move(known));
  items.erase("params");
  return items;
}

/// A state dict, checked against an optimizer and turned into what it will hold.
struct Optimizer::Loading {
  const Optimizer& to;
  std::vector<Group> groups = to.groups_;
  std::vector<State> states = std::vector<State>(to.params_.size());
  std::vector<std::size_t> order = {};
  std::vector<Value::Item> foreign = {};
  /// Index in the file -> index here; sorted by the first.
  std::vector<std::pair<std::int64_t, std::size_t>> map = {};
  std::vector<Value> dicts = {};  ///< our groups' dicts in the file
  Value ours = {};                ///< this optimizer's options, without keys of the user's own

  template <class E = Error, class... T>
  [[noreturn]] static void refuse(const T&... why) {
    throw_error<E>("load_state_dict: ", why...);
  }

  static const Value& entry(const Value& v, std::string_view key, bool list) {
    const Value* found = v.is_dict() ? v.find(key) : nullptr;
    if (!found)
      refuse("this is no state dict of an optimizer: it has no ", quoted(key), " (it is ", v.type_name(), ")");
    if (list ? !found->is_list() && !found->is_tuple() : !found->is_dict()) {
      refuse<TypeError>(quoted(key), " should be a ", list ? "list" : "dict", ", it is ", found->type_name());
    }
    return *found;
  }

  static std::vector<std::string> names_of(const Value& group, std::size_t count, std::size_t g) {
    std::vector<std::string> names;
    const Value* found = group.find("param_names");
    if (!found || found->is_none()) return names;
    if (!found->is_list() && !found->is_tuple()) {
      refuse<TypeError>("param_groups[", g, "]['param_names'] should be a list, it is ", found->type_name());
    }
    for (const Value& n : found->elements()) {
      if (!n.is_string())
        refuse<TypeError>("param_groups[", g, "]['param_names'] holds ", n.type_name(), ", not a string");
      names.emplace_back(n.as_string());
    }
    if (names.size() != count) {
      refuse("param_groups[", g, "] has ", count, " parameters and ", names.size(), " names");
    }
    return names;
  }

  void read_groups(const Value& file) {
    const auto list = entry(file, "param_groups", true).elements();
    for (std::size_t g = 0; g < list.size(); ++g) {
      if (!list[g].is_dict()) refuse<TypeError>("param_groups[", g, "] should be a dict, it is ", list[g].type_name());
      check_optimizer(ours, list[g]);
    }
    if (list.size() != groups.size()) {
      refuse("the state has ", list.size(), " parameter groups, this optimizer ", groups.size());
    }
    for (std::size_t g = 0; g < list.size(); ++g) {
      const auto indices = entry(list[g], "params", true).elements();
      const std::vector<std::string> theirs = names_of(list[g], indices.size(), g);
      Group& group = groups[g];
      const std::size_t count = group.end - group.begin;
      if (indices.size() != count) {
        refuse("parameter group ", g, " of the state has ", indices.size(), " parameters, this optimizer's has ",
               count);
      }
      for (std::size_t i = 0; i < count; ++i) {
        if (!indices[i].is_int() || !indices[i].fits_int64()) {
          refuse<TypeError>("param_groups[", g, "]['params'] holds ", indices[i].type_name(), ", not an index");
        }
        map.emplace_back(indices[i].as_int(), group.begin + position(group, theirs, i));
      }
      if (group.names.empty()) group.names = theirs;
      group.loaded = Value::dict({list[g].items().begin(), list[g].items().end()});
      dicts.push_back(list[g]);
    }
    std::sort(map.begin(), map.end());
    for (std::size_t i = 1; i < map.size(); ++i) {
      if (map[i].first == map[i - 1].first) refuse("parameter ", map[i].first, " occurs twice in param_groups");
    }
  }

  /// Where the i-th parameter of their group is in ours.
  static std::size_t position(const Group& group, const std::vector<std::string>& theirs, std::size_t i) {
    if (group.names.empty() || theirs.empty()) return i;
    if (group.names[i] == theirs[i]) return i;
    for (std::size_t k = 0; k < group.names.size(); ++k) {
      if (group.names[k] == theirs[i]) return k;
    }
    refuse("the state's parameter ", quoted(theirs[i]), " is not among this optimizer's names");
  }

  void read_states(const Value& file) {
    for (const auto& [key, value] : entry(file, "state", false).items()) {
      const auto at =
          !key.is_int() || !key.fits_int64()
              ? map.end()
              : std::lower_bound(map.begin(), map.end(), std::pair<std::int64_t, std::size_t>(key.as_int(), 0));
      if (at == map.end() || at->first != key.as_int()) {
        foreign.push_back(fresh_key({key, value}));
        continue;
      }
      if (!value.is_dict()) refuse<TypeError>("state[", at->first, "] should be a dict, it is ", value.type_name());
      read_state(value, at->first, at->second);
      order.push_back(at->second);
    }
  }

  void read_state(const Value& dict, std::int64_t key, std::size_t i) {
    State& s = states[i];
    s.exists = true;
    const auto names = to.slot_names();
    for (const auto& item : dict.items()) {
      const std::string_view entry = item.first.is_string() ? item.first.as_string() : std::string_view();
      const auto where = [&] { return str("state[", key, "][", quoted(entry), "]"); };
      const auto slot = std::find(names.begin(), names.end(), entry);
      if (to.counts_steps() && entry == "step") {
        s.step = read_step(item.second, where());
      } else if (!entry.empty() && slot != names.end()) {
        if (item.second.is_none()) {  // old versions of torch wrote what SGD without momentum does not have
          s.rest.push_back(fresh_key(item));
          continue;
        }
        if (!item.second.is_tensor())
          refuse<TypeError>(where(), " should be a tensor, it is ", item.second.type_name());
        const Tensor& p = to.params_[i];
        const Tensor& t = item.second.lazy_tensor();
        const auto k = static_cast<std::size_t>(slot - names.begin());
        const bool scalar = to.scalar_slots() >> k & 1;
        const Shape shape = scalar ? Shape() : p.shape();
        if (t.shape() != shape) {
          refuse<ShapeError>(where(), " has shape ", t.shape(), scalar ? ", it should have " : ", the parameter has ",
                             shape);
        }
        if (is_complex(t.dtype()))
          refuse<TypeError>(where(), " is ", name(t.dtype()), ", the parameter ", name(p.dtype()));
        Tensor own = empty(shape, {.dtype = scalar ? kFloat32 : p.dtype(), .device = p.device()});
        own.copy_(item.second.tensor());
        s.slots[k] = own;
        if (!to.counts_steps()) s.step = 1;  // not its first
      } else {
        check_entry(ours, entry, where());
        s.rest.push_back(fresh_key(item));
      }
    }
  }

  /// Old versions of torch wrote a plain number.
  static double read_step(const Value& v, const std::string& where) {
    double step = -1;
    if (v.is_int() || v.is_float()) {
      step = v.as_double();
    } else if (v.is_tensor() && v.lazy_tensor().numel() == 1 && !is_complex(v.lazy_tensor().dtype())) {
      step = v.tensor().item();
    } else {
      refuse<TypeError>(where, " should be a tensor of one element, it is ", v.type_name());
    }
    if (!(step >= 0) || std::isinf(step)) refuse(where, " is ", step, ", which is no number of steps");
    return step;
  }
};

void Optimizer::load_state_dict(const Value& state) {
  NoGradGuard no_grad;
  std::vector<Value> tuples;
  std::vector<Value::Item> own;
  OptionIO write(own, tuples, Value());
  if (!groups_.empty()) write_options(0, write);
  Loading loading{.to = *this, .ours = Value::dict(std::move(own))};
  loading.read_groups(state);
  loading.read_states(state);
  const auto options = [&](bool keep) {
    for (std::size_t g = 0; g < groups_.size(); ++g) {
      OptionIO io(loading.dicts[g], str("param_groups[", g, "]"));
      read_options(g, io, keep);
    }
  };
  options(false);  // checks
  loading.order.reserve(params_.size());

  options(true);
  groups_.swap(loading.groups);
  states_.swap(loading.states);
  order_.swap(loading.order);
  foreign_.swap(loading.foreign);
}

}  // namespace optim
}  // namespace harker

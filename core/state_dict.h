// StateDict: the tensors of a model (or anything with a state) by dotted name, in PyTorch's order, with the version of
// each module in `metadata`. Becomes a Value (an OrderedDict with the attribute `_metadata`) and comes back from one.
#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <harker/core/base/function_ref.h>
#include <harker/core/base/hash_index.h>
#include <harker/core/base/named_list.h>
#include <harker/core/value.h>

namespace harker HARKER_PUBLIC {

class StateDict {
 public:
  using Item = NamedItem<Tensor>;
  using Other = std::pair<std::string, Value>;

  StateDict() noexcept;
  StateDict(const StateDict&);
  StateDict(StateDict&&) noexcept;
  StateDict& operator=(const StateDict&);
  StateDict& operator=(StateDict&&) noexcept;
  ~StateDict();
  /// Later items replace earlier ones of the same name.
  StateDict(std::initializer_list<Item> items);
  /// From a dict of any flavour whose keys are strings and whose values are tensors; what else there is beside tensors,
  /// such as torch's `_extra_state`, becomes others(). TypeError when there is no tensor, or when `v` is a wrapper
  /// ({"model_state_dict": ...}): it names the first entry that is none, and the one that looks like a state dict.
  StateDict(const Value& v);

  std::size_t size() const noexcept { return items_.size(); }
  bool empty() const noexcept { return items_.empty(); }
  auto begin() const noexcept { return items_.begin(); }
  auto end() const noexcept { return items_.end(); }
  /// The tensor of that name; Error with the nearest name when it is absent.
  const Tensor& operator[](std::string_view name) const;
  /// Null when it is absent.
  const Tensor* find(std::string_view name) const;
  bool contains(std::string_view name) const { return find(name) != nullptr; }
  /// Replaces or appends.
  void set(std::string name, Tensor t);
  bool erase(std::string_view name);
  /// The entries that are no tensors. They are not counted, walked or found; load_state_dict reports them as
  /// unexpected, and a Value made of this has them again, behind the tensors.
  const std::vector<Other>& others() const noexcept { return others_; }

  // --- Copies under other names, sharing the tensors: what a file's names lack to be a model's.
  /// The entries for which keep(name) holds: `state.filter([](auto name) { return name.starts_with("encoder."); })`.
  StateDict filter(FunctionRef<bool(std::string_view)> keep) const;
  /// Each name replaced by rename(name). Error when two become one. The metadata follow where "a.weight" becomes
  /// "b.weight": then module a is b.
  StateDict rename(FunctionRef<std::string(std::string_view)> rename) const;
  /// The names that begin with `prefix` without it, the others as they are: "module." (DataParallel), "_orig_mod."
  /// (torch.compile). As torch's consume_prefix_in_state_dict_if_present.
  StateDict without_prefix(std::string_view prefix) const;
  /// With memory of its own, which does not change when the model trains on: the best weights so far. What is one tensor
  /// under two names stays one.
  StateDict clone() const;

  /// Module path -> {"version": n}, as torch's `_metadata`; a dict, or None.
  Value metadata;

 private:
  std::size_t position(std::string_view name) const;
  std::vector<Item> items_;
  std::vector<Other> others_;
  detail::HashIndex index_;
};

}  // namespace harker

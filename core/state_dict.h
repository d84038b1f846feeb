// StateDict: the tensors of a model (or anything with a state) by dotted name, in PyTorch's order, with the version of
// each module in `metadata`. Becomes a Value (an OrderedDict with the attribute `_metadata`) and comes back from one.
#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <harker/core/hash_index.h>
#include <harker/core/value.h>

namespace harker HARKER_PUBLIC {

class StateDict {
 public:
  using Item = std::pair<std::string, Tensor>;

  StateDict() = default;
  /// Later items replace earlier ones of the same name.
  StateDict(std::initializer_list<Item> items);
  /// From a dict of any flavour whose keys are strings and whose values are tensors. TypeError names the path of what
  /// is neither, and says which entry looks like a state dict when `v` is a wrapper ({"model_state_dict": ...}).
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

  /// Module path -> {"version": n}, as torch's `_metadata`; a dict, or None.
  Value metadata;

 private:
  std::size_t position(std::string_view name) const;
  std::vector<Item> items_;
  detail::HashIndex index_;
};

}  // namespace harker

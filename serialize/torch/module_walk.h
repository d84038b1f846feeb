// Walking a tree of modules by attribute names, without recursion: what a module holds itself comes first, then its
// sub-modules in order, as state_dict() lists them.
#pragma once
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <harker/core/error.h>
#include <harker/core/value.h>

namespace harker::pt {

struct NamedModule {
  std::string prefix;  ///< "layer1.0."; empty for the root
  Value module;
};

/// What a walk may cost, in bytes of the names it makes: a small file can share modules, and names of any length, so
/// that they stand for more than any memory holds.
class WalkBudget {
 public:
  explicit WalkBudget(std::uint64_t bytes) : left_(bytes) {}
  /// For one entry looked at, whose name has so many bytes.
  void take(std::uint64_t name) {
    constexpr std::uint64_t kEntry = 64;
    if (left_ < kEntry || name > left_ - kEntry)
      throw FormatError("modules: shared so that they, or their names, stand for more than any model holds");
    left_ -= name + kEntry;
  }

 private:
  std::uint64_t left_;
};

/// Calls visit(module, children, budget) for each module; visit appends the module's sub-modules, and takes from the
/// budget for each entry it looks at. Shared modules are met once for each path, as in Python; cycles and absurd
/// numbers end in a FormatError.
template <class Visit>
void walk_modules(const Value& root, std::uint64_t most_bytes, Visit visit) {
  constexpr std::size_t kMostModules = 1'000'000, kDeepest = 1000;
  WalkBudget budget(most_bytes);
  struct Open {
    NamedModule at;
    std::size_t depth;
  };
  std::vector<Open> open{{{"", root}, 0}};
  for (std::size_t count = 0; !open.empty(); ++count) {
    if (count >= kMostModules || open.size() >= kMostModules)
      throw FormatError("modules: more than a million, or shared so that they stand for more");
    const Open o = std::move(open.back());
    open.pop_back();
    std::vector<NamedModule> children;
    visit(o.at, children, budget);
    if (!children.empty() && o.depth >= kDeepest)
      throw FormatError("modules: nested deeper than 1000, or one contains itself");
    for (std::size_t i = children.size(); i-- > 0;) open.push_back({std::move(children[i]), o.depth + 1});
  }
}

}  // namespace harker::pt

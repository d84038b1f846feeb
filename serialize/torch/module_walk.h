// Walking a tree of modules by attribute names, without recursion: what a module holds itself comes first, then its
// sub-modules in order, as state_dict() lists them.
#pragma once
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

/// Calls visit(module, children) for each module; visit appends the module's sub-modules. Shared modules are met once
/// for each path, as in Python; cycles and absurd numbers end in a FormatError.
template <class Visit>
void walk_modules(const Value& root, Visit visit) {
  constexpr std::size_t kMostModules = 1'000'000, kDeepest = 1000;
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
    visit(o.at, children);
    if (!children.empty() && o.depth >= kDeepest)
      throw FormatError("modules: nested deeper than 1000, or one contains itself");
    for (std::size_t i = children.size(); i-- > 0;) open.push_back({std::move(children[i]), o.depth + 1});
  }
}

}  // namespace harker::pt

// A message has room for a few names; the others are only counted.
#include <harker/serialize/value/unknown_classes.h>

#include <algorithm>

#include <harker/core/base/text.h>
#include <harker/serialize/option_names.h>

namespace harker {

using detail::quoted;
using detail::str;
using detail::throw_error;

constexpr std::size_t kShown = 8, kCounted = 100;

void UnknownClasses::add(const Value& v, const ObjectWalk& walk) {
  if (v.kind() != Value::Kind::opaque || v.as_opaque().known) return;
  const std::string name = v.as_opaque().module + "." + v.as_opaque().name;
  if (std::find(names_.begin(), names_.end(), name) != names_.end()) return;
  const std::string path = names_.size() < kShown ? walk.path() : std::string();
  add(name, path.empty() ? "at the root" : "at " + quoted(path, 60));
}

void UnknownClasses::add(const std::string& name, const std::string& where) {
  if (std::find(names_.begin(), names_.end(), name) != names_.end()) return;
  if (names_.size() < kShown)
    names_.push_back(name), where_.push_back(where);
  else if (std::find(more_.begin(), more_.end(), name) == more_.end() && more_.size() < kCounted)
    more_.push_back(name);
}

void UnknownClasses::refuse(std::string_view what) const {
  if (names_.empty()) return;
  constexpr std::size_t kLongest = 330;
  std::string list;
  std::size_t shown = 0;
  for (; shown < names_.size(); ++shown) {
    const std::string next = quoted(names_[shown], 60) + " " + where_[shown];
    if (shown > 0 && list.size() + 2 + next.size() > kLongest) break;
    list += (shown > 0 ? ", " : "") + next;
  }
  if (const std::size_t rest = names_.size() + more_.size() - shown; rest > 0) list += str(", and ", rest, " more");
  throw_error<FormatError>(what, ": names classes or functions that are not known (nothing was run): ", list, ". ",
                           option_names().keep_unknown, " keeps them as opaque values");
}

void refuse_unknown(const Value& root, std::string_view what) {
  UnknownClasses unknown;
  ObjectWalk walk(root, what, INT32_MAX);
  while (const Value* v = walk.next()) unknown.add(*v, walk);
  unknown.refuse(what);
}

}  // namespace harker

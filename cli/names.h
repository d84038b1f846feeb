// Names of a state dict, changed and chosen on the command line. A pattern is a name with * for any characters, dots too.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <harker/core/state_dict.h>

namespace harker::cli {

/// What each * of the pattern stands for, or nothing when the name does not match.
std::optional<std::vector<std::string_view>> match(std::string_view pattern, std::string_view name);

struct NameChanges {
  std::vector<std::string> select;  ///< patterns, of which one must match; none: all
  std::vector<std::string> rename;  ///< A=B, in this order, each on all names; see rename()
  std::string remove_prefix, add_prefix;

  bool any() const { return !select.empty() || !rename.empty() || !remove_prefix.empty() || !add_prefix.empty(); }
  /// UsageError for what cannot be meant.
  void check() const;
  /// In the order of the members but for the prefixes, between which rename() stands. Appends a line for each that says
  /// how many names it changed. TypeError when `value` is no state dict; Error when one of them changes nothing, or two
  /// names become one. `file` begins their messages.
  StateDict apply(const Value& value, const std::string& file, std::vector<std::string>& said) const;
};

}  // namespace harker::cli

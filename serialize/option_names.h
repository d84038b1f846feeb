// What messages call the options of load and save: LoadOptions::only is C++, --only the command line's. A program with
// names of its own (a command, another language) sets them once, before it loads or saves.
#pragma once
#include <string>

#include <harker/core/export.h>

namespace harker HARKER_PUBLIC {

/// Null: there the caller cannot set that option, and messages leave its name out.
struct OptionNames {
  const char* keep_unknown = "LoadOptions{.unknown = Unknown::keep}";
  const char* only = "LoadOptions::only";
  const char* max_opcodes = "LoadOptions::max_opcodes";
  const char* max_depth = "LoadOptions::max_depth";
  const char* max_memo = "LoadOptions::max_memo";
  const char* max_bytes = "LoadOptions::max_bytes";
  const char* format = "SaveOptions{.format = ...}";
};

const OptionNames& option_names();
/// The texts must outlive every use; not while another thread loads or saves.
void set_option_names(const OptionNames& names);

namespace detail {
/// " (LoadOptions::only)", or nothing.
std::string in_brackets(const char* option);
}  // namespace detail

}  // namespace harker

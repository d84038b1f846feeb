// The names in use are one variable of the program: they say who talks to its user, and that does not change.
#include <harker/core/base/text.h>
#include <harker/serialize/option_names.h>

namespace harker HARKER_PUBLIC {
namespace {

OptionNames names_in_use;

}  // namespace

const OptionNames& option_names() { return names_in_use; }
void set_option_names(const OptionNames& names) { names_in_use = names; }

std::string detail::in_brackets(const char* option) { return option ? str(" (", option, ')') : std::string(); }

}  // namespace harker

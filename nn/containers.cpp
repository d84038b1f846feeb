// What ModuleList and ModuleDict say when a module is not there.
#include <harker/core/base/text.h>
#include <harker/nn/containers.h>

namespace harker HARKER_PUBLIC {
namespace detail {

void no_such_module(std::size_t i, std::size_t size) {
  throw_error<Error>("ModuleList: there is no module ", i, " of ", size);
}

void no_such_module(std::string_view name, const std::vector<std::string>& known) {
  const std::vector<std::string_view> names(known.begin(), known.end());
  const std::string_view near = nearest(name, names.data(), names.size());
  throw_error<Error>("ModuleDict: there is no module ", quoted(name),
                     near.empty() ? std::string() : str(" (did you mean ", quoted(near), "?)"));
}

}  // namespace detail
}  // namespace harker

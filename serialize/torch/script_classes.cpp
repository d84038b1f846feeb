// Lines are taken as torch's printer writes them; a list in any other form counts as not there.
#include <harker/serialize/torch/script_classes.h>

#include <algorithm>

#include <harker/core/base/text.h>

namespace harker::pt {
namespace {

constexpr std::string_view kParameters = "  __parameters__ = [", kBuffers = "  __buffers__ = [";

// `"a", "b", ]`: the printer quotes names as they are and ends each with a comma. False when it is something else.
bool read_names(std::string_view list, bool buffers, ScriptClass& to) {
  while (list.starts_with('"')) {
    const std::size_t end = list.find("\", ", 1);
    if (end == list.npos) return false;
    to.is_buffer.try_emplace(std::string(list.substr(1, end - 1)), buffers);
    list.remove_prefix(end + 3);
  }
  return list == "]";
}

}  // namespace

const ScriptClass* ScriptClasses::find(std::string_view module, std::string_view name) {
  if (read_.try_emplace(std::string(module), true).second) read(module);
  const auto at = classes_.find(detail::str(module, ".", name));
  return at == classes_.end() ? nullptr : &at->second;
}

void ScriptClasses::read(std::string_view module) {
  std::string path(module);
  std::replace(path.begin(), path.end(), '.', '/');
  const ZipEntry* e = zip_.find(detail::str(root_, "code/", path, ".py"));
  if (!e) return;
  std::vector<std::uint8_t> room;
  std::string_view rest = io::text(zip_.read(*e, left_, room));
  left_ -= e->size;
  ScriptClass* current = nullptr;
  int lists = 0;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (line.starts_with("class ")) {
      const std::string_view name = line.substr(6, std::min(line.find_first_of("(:"), line.size()) - 6);
      current = &classes_[detail::str(module, ".", name)];
      current->module = line.ends_with("(Module):");
      lists = 0;
    } else if (current && line.starts_with(kParameters)) {
      lists += read_names(line.substr(kParameters.size()), false, *current);
    } else if (current && line.starts_with(kBuffers)) {
      lists += read_names(line.substr(kBuffers.size()), true, *current);
      current->complete = lists == 2;
    }
  }
}

}  // namespace harker::pt

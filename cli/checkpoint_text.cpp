// What `harker inspect` says of a checkpoint before its table: how far the run came, and what is in it by name.
#include <harker/core/base/text.h>
#include <harker/core/repr.h>
#include <harker/serialize/checkpoint.h>

#include <algorithm>
#include <functional>
#include <unordered_map>

#include "inspect.h"
#include "out.h"

namespace harker::cli {
namespace {

constexpr std::size_t kShown = 20;  // names in a line

void list(std::string& out, const char* label, const std::vector<std::string>& names,
          const std::function<std::string(const std::string&)>& more = {}) {
  if (names.empty()) return;
  out += detail::str("  ", label, std::string(12 - std::string_view(label).size(), ' '));
  for (std::size_t i = 0; i < names.size() && i < kShown; ++i)
    out += (i ? ", " : "") + shown(names[i]) + (more ? more(names[i]) : "");
  if (names.size() > kShown) out += detail::str(", and ", names.size() - kShown, " more");
  out += '\n';
}
void dict(std::string& out, const char* label, const Value& v) {
  if (v.len() > 0)
    out += detail::str("  ", label, std::string(18 - std::string_view(label).size(), ' '), shown(repr(v, 200)), '\n');
}

}  // namespace

std::string checkpoint_text(const Value& root) {
  if (!Checkpoint::claims(root)) return {};
  try {
    const Checkpoint c(root);
    std::string out = detail::str("checkpoint: epoch ", c.epoch, ", step ", c.step, '\n');
    std::unordered_map<const Storage*, std::string> owners;
    list(out, "models", c.models(), [&](const std::string& name) {
      std::size_t tensors = 0;
      std::vector<std::string> shares;  // models before this one
      for (const auto& [key, v] : root[name].items()) {
        if (!v.is_tensor()) continue;
        ++tensors;
        const auto [at, fresh] = owners.try_emplace(&v.lazy_tensor().storage(), name);
        if (!fresh && at->second != name && std::find(shares.begin(), shares.end(), at->second) == shares.end())
          shares.push_back(at->second);
      }
      std::string text = detail::str(" (", tensors, tensors == 1 ? " tensor" : " tensors");
      for (std::size_t i = 0; i < shares.size(); ++i) text += (i ? ", " : "; shares with ") + shown(shares[i]);
      return text + ')';
    });
    list(out, "optimizers", c.optimizers(), [&](const std::string& name) {
      const std::size_t n = c.parameters_of(name).size();
      return detail::str(" (trains ", n, n == 1 ? " parameter)" : " parameters)");
    });
    list(out, "schedulers", c.schedulers());
    list(out, "generators", c.generators());
    list(out, "loaders", c.loaders());
    dict(out, "metrics", c.metrics);
    dict(out, "hyper_parameters", c.hyper_parameters);
    dict(out, "metadata", c.metadata);
    return out;
  } catch (const TypeError& e) { return shown(e.what()) + '\n'; }
}

}  // namespace harker::cli

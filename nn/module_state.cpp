// state_dict and load_state_dict of nn::Module: PyTorch's names, order and metadata.
#include <harker/core/base/text.h>
#include <harker/core/grad_mode.h>
#include <harker/core/tensor/make.h>
#include <harker/nn/registry.h>
#include <algorithm>

namespace harker HARKER_PUBLIC {
namespace nn {

using detail::throw_error;

StateDict Module::state_dict(std::string_view prefix) const {
  StateDict out;
  std::vector<Value::Item> versions;
  Registry::walk(registry_, std::string(prefix), [&](const std::shared_ptr<Registry>& r, const std::string& path) {
    versions.emplace_back(without_dot(path), Value::dict({{"version", r->version}}));
    for (const auto& p : r->parameters) {
      if (p.tensor().defined()) out.set(path + p.name, p.tensor().detach());
    }
    for (const auto& b : r->buffers) {
      if (b.persistent && b.tensor().defined()) out.set(path + b.name, b.tensor().detach());
    }
  });
  out.metadata = Value::ordered_dict(std::move(versions));
  return out;
}

void Module::Registry::excuse(const std::shared_ptr<Registry>& root, const StateDict& state, LoadReport& report) {
  if (report.missing.empty()) return;
  const auto version_of = [&](std::string_view module) -> std::int64_t {
    const Value* entry = state.metadata.is_dict() ? state.metadata.find(Value(module)) : nullptr;
    const Value* written = entry && entry->is_dict() ? entry->find(Value("version")) : nullptr;
    return written && written->is_int() ? written->as_int() : 0;
  };
  walk(root, {}, [&](const std::shared_ptr<Registry>& r, const std::string& path) {
    for (const auto& b : r->buffers) {
      if (version_of(without_dot(path)) < b.since) std::erase(report.missing, path + b.name);
    }
  });
}

LoadReport Module::load_state_dict(const StateDict& state, bool strict) {
  learn_class();
  const StateDict mine = state_dict();
  LoadReport report = compare(mine, state);
  Registry::excuse(registry_, state, report);
  if (!report.fits() || (strict && !report.ok())) throw Error(report.message(class_name()));

  // All that can fail comes before the first change.
  NoGradGuard no_grad;
  std::vector<std::pair<Tensor, Tensor>> copies;
  copies.reserve(mine.size());
  std::vector<const Storage*> storages;
  for (const auto& [name, t] : mine) storages.push_back(&t.storage());
  std::sort(storages.begin(), storages.end());
  for (const auto& [name, to] : mine) {
    const Tensor* found = state.find(name);
    if (!found || !found->defined()) continue;
    const Tensor from = to.dim() == 0 ? found->detach().reshape({}) : found->detach();  // may have the shape (1)
    if (is_complex(from.dtype()) && !is_complex(to.dtype())) {
      throw_error<TypeError>("load_state_dict: ", name, " is ", harker::name(to.dtype()), ", the state dict's is ",
                             harker::name(from.dtype()), ", whose imaginary part would be lost");
    }
    detail::check_distinct(to, "load_state_dict");
    // A source that lies in the module's own memory (weights that swap places) may be overwritten before its turn.
    const bool own = std::binary_search(storages.begin(), storages.end(), &from.storage());
    copies.emplace_back(to, own ? from.clone().to(to.dtype()) : from.to(to.dtype()));
  }
  for (auto& [to, from] : copies) to.copy_(from);
  return report;
}

}  // namespace nn
}  // namespace harker

// The steps to children, and their text in a path, which files hold as the names of tensors.
#include <harker/core/value/children.h>

#include <harker/core/base/text.h>
#include <harker/core/repr.h>

namespace harker HARKER_PUBLIC {
namespace detail {
namespace {

Step to_half(const std::vector<Value::Item>& items, std::size_t i) {
  return i % 2 == 0 ? Step{.part = "key"} : Step{.key = &items[i / 2].first};
}

}  // namespace

Step Children::step(std::size_t i) const {
  const auto index = [](std::size_t at) { return Step{.index = static_cast<std::int64_t>(at)}; };
  const auto attribute = [](const char* name) { return Step{.part = name, .attribute = true}; };
  switch (kind()) {
    case Kind::dict: {
      const auto& items = as<Dict>().items;
      if (i < 2 * items.size()) return to_half(items, i);
      return {.part = i == 2 * items.size() ? "attributes" : "default_factory"};
    }
    case Kind::tensor: return {.part = "attributes"};
    case Kind::sparse: {
      const std::size_t n = size();
      if (i + 1 == n) return attribute("values");
      return attribute(n == 2 ? "indices" : i == 0 ? "compressed_indices" : "plain_indices");
    }
    case Kind::quantized: return attribute(i == 0 ? "scales" : "zero_points");
    case Kind::opaque: {
      const Value::Opaque& o = held<Value::Opaque>();
      if (i < 2) return {.part = i == 0 ? "args" : "state"};
      i -= 2;
      return i < o.appended.size() ? index(i) : to_half(o.assigned, i - o.appended.size());
    }
    default: return index(i);
  }
}

}  // namespace detail

std::string step_text(const Step& step) {
  if (step.part) return step.attribute ? step.part : detail::str('<', step.part, '>');
  if (!step.key) return std::to_string(step.index);
  return step.key->is_string() ? std::string(step.key->as_string()) : repr(*step.key, 200);
}

}  // namespace harker

// Children are numbered, so that a frame is an object and a number; what has no place in a path (keys, the parts of an
// opaque object) gets a step in parentheses.
#include <harker/serialize/option_names.h>
#include <harker/serialize/torch/tree.h>

#include <set>

#include <harker/core/base/text.h>

namespace harker::pt {
namespace {

struct Child {
  const Value* value = nullptr;
  std::string step;  // filled when asked
};

// The child with this number; a null value past the last. `name`: also say which step leads to it.
Child child_of(const Value& v, std::size_t i, bool name) {
  const auto at = [&](const Value& c, const char* step) { return Child{&c, name ? step : ""}; };
  switch (v.kind()) {
    case Value::Kind::list:
    case Value::Kind::tuple:
    case Value::Kind::set:
    case Value::Kind::frozenset:
      if (i >= v.elements().size()) return {};
      return {&v.elements()[i], name ? std::to_string(i) : ""};
    case Value::Kind::dict: {
      const auto items = v.items();
      if (i < 2 * items.size()) {
        const auto& [key, value] = items[i / 2];
        if (i % 2 == 0) return at(key, "(key)");
        return {&value, name ? step_text(key) : ""};
      }
      if (i == 2 * items.size()) return at(v.attributes(), "(attributes)");
      if (i == 2 * items.size() + 1 && v.flavour() == DictFlavour::default_dict)
        return at(v.default_factory(), "(default)");
      return {};
    }
    case Value::Kind::tensor: return i == 0 ? at(v.attributes(), "(attributes)") : Child{};
    case Value::Kind::sparse: return i < v.as_sparse().parts.size() ? at(v.as_sparse().parts[i], "(part)") : Child{};
    case Value::Kind::quantized:
      if (i == 0) return at(v.as_quantized().scales, "(scales)");
      return i == 1 ? at(v.as_quantized().zero_points, "(zero_points)") : Child{};
    case Value::Kind::opaque: {
      const Value::Opaque& o = v.as_opaque();
      if (i == 0) return at(o.args, "(args)");
      if (i == 1) return at(o.state, "(state)");
      i -= 2;
      if (i < o.appended.size()) return {&o.appended[i], name ? std::to_string(i) : ""};
      i -= o.appended.size();
      if (i < 2 * o.assigned.size()) {
        const auto& [key, value] = o.assigned[i / 2];
        return i % 2 == 0 ? at(key, "(key)") : Child{&value, name ? step_text(key) : ""};
      }
      return {};
    }
    default: return {};
  }
}

bool worth_a_visit(const Value& v) {
  switch (v.kind()) {
    case Value::Kind::list:
    case Value::Kind::tuple:
    case Value::Kind::set:
    case Value::Kind::frozenset:
    case Value::Kind::dict:
    case Value::Kind::tensor:
    case Value::Kind::sparse:
    case Value::Kind::quantized:
    case Value::Kind::opaque: return true;
    default: return false;
  }
}

}  // namespace

std::string step_text(const Value& key) {
  if (key.is_string()) {
    constexpr std::size_t kShown = 80;
    const std::string_view s = key.as_string();
    const std::string q = detail::quoted(s, kShown);
    return q.size() == s.size() + 2 ? std::string(s) : q;  // as it is unless something had to be escaped or cut
  }
  if (key.is_int()) return key.fits_int64() ? std::to_string(key.as_int()) : std::string("(a large int)");
  if (key.is_bool()) return key.as_bool() ? "True" : "False";
  return detail::str("(", key.type_name(), ")");
}

TreeWalk::TreeWalk(const Value& root, std::string_view what, int max_depth, Objects objects)
    : current_(root), what_(what), max_depth_(static_cast<std::size_t>(std::max(max_depth, 1))), objects_(objects) {}

bool TreeWalk::enter(const Value& v) {
  return v.id() && (worth_a_visit(v) || (objects_ == every_object && !v.is_string())) && met_.insert(v.id()).second;
}

const Value* TreeWalk::next() {
  if (!started_) {
    started_ = true;
    if (!enter(current_)) return nullptr;
    frames_.push_back({current_, 0});
    return &current_;
  }
  while (!frames_.empty()) {
    Frame& f = frames_.back();
    const Child c = child_of(f.object, f.child, false);
    if (!c.value) {
      frames_.pop_back();
      continue;
    }
    ++f.child;
    if (!enter(*c.value)) continue;
    if (frames_.size() >= max_depth_)
      throw FormatError(detail::str(what_, ": nested deeper than the limit of ", max_depth_,
                                    detail::in_brackets(option_names().max_depth)));
    current_ = *c.value;
    frames_.push_back({current_, 0});
    return &current_;
  }
  return nullptr;
}

std::string TreeWalk::path() const {
  constexpr std::size_t kLongest = 160;
  std::string out;
  for (std::size_t i = 0; i + 1 < frames_.size(); ++i) {
    const std::string step = child_of(frames_[i].object, frames_[i].child - 1, true).step;
    if (out.size() + step.size() > kLongest) return out + "...";
    if (i > 0) out += '.';
    out += step;
  }
  return out;
}

const Tensor* tensor_of(const Value& v) {
  if (v.is_tensor()) return &v.lazy_tensor();
  return v.kind() == Value::Kind::quantized ? &v.as_quantized().ints : nullptr;
}

const Value* find_path(const Value& root, std::string_view path) {
  struct Place {
    const Value* value;
    std::size_t at;
  };
  std::vector<Place> open{{&root, 0}};
  std::set<std::pair<const void*, std::size_t>> met;  // shared containers are tried once at each point of the path
  while (!open.empty()) {
    const Place p = open.back();
    open.pop_back();
    if (!p.value->id() || !met.emplace(p.value->id(), p.at).second) continue;
    const std::string_view rest = path.substr(p.at);
    const Value& v = *p.value;
    const bool sequence = v.is_list() || v.is_tuple();
    const std::size_t n = sequence ? v.elements().size() : v.is_dict() ? v.items().size() : 0;
    for (std::size_t i = n; i-- > 0;) {  // backwards: the first that fits is tried first
      const std::string step = sequence                         ? std::to_string(i)
                               : v.items()[i].first.is_string() ? std::string(v.items()[i].first.as_string())
                                                                : step_text(v.items()[i].first);
      if (!rest.starts_with(step)) continue;
      const Value* next = sequence ? &v.elements()[i] : &v.items()[i].second;
      if (rest.size() == step.size()) return next;
      if (rest[step.size()] == '.') open.push_back({next, p.at + step.size() + 1});
    }
  }
  return nullptr;
}

}  // namespace harker::pt

// A frame is an object and the number of the child to be visited next, so that a path can be spelt out afterwards.
#include <harker/serialize/option_names.h>
#include <harker/serialize/value/value_paths.h>

#include <algorithm>
#include <set>

#include <harker/core/base/text.h>
#include <harker/core/value/children.h>

namespace harker {

using detail::Children;

ObjectWalk::ObjectWalk(const Value& root, std::string_view what, int max_depth, Objects objects)
    : current_(root), what_(what), max_depth_(static_cast<std::size_t>(std::max(max_depth, 1))), objects_(objects) {}

bool ObjectWalk::enter(const Value& v) {
  if (!v.id() || !(detail::may_hold_values(v.kind()) || (objects_ == every_object && !v.is_string()))) return false;
  // Of an address: no file chooses those.
  const auto hash = static_cast<std::uint32_t>((reinterpret_cast<std::uintptr_t>(v.id()) * 0x9e3779b97f4a7c15) >> 32);
  if (met_index_.find(hash, [&](std::uint32_t i) { return met_[i] == v.id(); }) != detail::HashIndex::kNone)
    return false;
  met_index_.insert(hash, static_cast<std::uint32_t>(met_.size()));
  met_.push_back(v.id());
  return true;
}

const Value* ObjectWalk::next() {
  if (!started_) {
    started_ = true;
    if (!enter(current_)) return nullptr;
    frames_.push_back({current_, 0});
    return &current_;
  }
  while (!frames_.empty()) {
    Frame& f = frames_.back();
    const Children children(f.object);
    if (f.child == children.size()) {
      frames_.pop_back();
      continue;
    }
    const Value& child = children[f.child++];
    if (!enter(child)) continue;
    if (frames_.size() >= max_depth_)
      detail::throw_error<FormatError>(what_, ": nested deeper than the limit of ", max_depth_,
                                       detail::in_brackets(option_names().max_depth));
    current_ = child;
    frames_.push_back({current_, 0});
    return &current_;
  }
  return nullptr;
}

std::string ObjectWalk::path() const {
  constexpr std::size_t kLongest = 160;
  std::string out;
  for (std::size_t i = 0; i + 1 < frames_.size(); ++i) {
    const std::string step = detail::quoted_if_odd(step_text(Children(frames_[i].object).step(frames_[i].child - 1)));
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

const Value& entry(const Value& root, std::string_view path, std::string_view file) {
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
    if (!v.is_list() && !v.is_tuple() && !v.is_dict()) continue;
    for (std::size_t i = child_count(v); i-- > 0;) {  // backwards: the first that fits is tried first
      const auto [step, next] = child(v, i);
      const std::string text = step_text(step);
      if (!rest.starts_with(text)) continue;
      if (rest.size() == text.size()) return *next;
      if (rest[text.size()] == '.') open.push_back({next, p.at + text.size() + 1});
    }
  }
  detail::throw_error<Error>(file, ": there is no entry ", detail::quoted(path),
                             detail::in_brackets(option_names().only));
}

}  // namespace harker

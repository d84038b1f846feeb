// StateDict: names in order with their tensors, and the way to a Value and back.
#include <harker/core/state_dict.h>

#include <algorithm>
#include <set>

#include <harker/core/base/text.h>
#include <harker/core/value/object.h>
#include <harker/core/value/wrapper_keys.h>

namespace harker HARKER_PUBLIC {

using namespace detail;

namespace {

constexpr std::size_t kAbsent = HashIndex::kNone;

std::uint32_t name_hash(std::string_view name) { return static_cast<std::uint32_t>(keyed_hash(name)); }

// A dict that holds nothing but tensors under string keys, and at least one.
bool holds_tensors(const Value& v) {
  if (!v.is_dict() || v.len() == 0) return false;
  for (const auto& [key, value] : v.items()) {
    if (!key.is_string() || !value.is_tensor()) return false;
  }
  return true;
}

// Where a checkpoint usually keeps its state dict, likeliest first; "" when `v` has none of them.
std::string_view usually_wrapped_in(const Value& v) {
  for (std::span<const std::string_view> keys : {std::span<const std::string_view>(kAveragedKeys), {kPlainKeys}}) {
    for (std::string_view key : keys) {
      const Value* inner = v.find(key);
      if (inner && holds_tensors(*inner)) return key;
    }
  }
  return "";
}
std::string_view wrapped_in(const Value& v) {
  if (const std::string_view usual = usually_wrapped_in(v); !usual.empty()) return usual;
  for (const auto& [key, value] : v.items()) {
    if (key.is_string() && holds_tensors(value)) return key.as_string();
  }
  return "";
}

[[noreturn]] void not_a_state_dict(const Value& v, const std::string& what) {
  const std::string_view inner = wrapped_in(v);
  if (inner.empty()) throw_error<TypeError>("this is no state dict: ", what);
  throw_error<TypeError>("this is no state dict: ", what, "; it looks like a checkpoint: try value[\"", escaped(inner),
                         "\"]");
}

}  // namespace

StateDict::StateDict() noexcept = default;
StateDict::StateDict(const StateDict&) = default;
StateDict::StateDict(StateDict&&) noexcept = default;
StateDict& StateDict::operator=(const StateDict&) = default;
StateDict& StateDict::operator=(StateDict&&) noexcept = default;
StateDict::~StateDict() = default;

StateDict::StateDict(std::initializer_list<Item> items) {
  items_.reserve(items.size());
  for (const Item& item : items) set(item.first, item.second);
}

StateDict::StateDict(const Value& v) {
  if (!v.is_dict()) throw_error<TypeError>("a state dict is a dict of tensors, this is ", with_article(v));
  items_.reserve(v.len());
  std::vector<Other> others;
  bool states = false;  // is there anything that only a state dict has?
  for (const auto& [key, value] : v.items()) {
    if (!key.is_string()) {
      const std::string shown = key.fits_int64() ? str(key.as_int(), ", ") : std::string();
      not_a_state_dict(v, str("a key (", shown, with_article(key), ") is not a string"));
    }
    const std::string_view name = key.as_string();
    if (!value.is_tensor()) {
      states = states || name == "_extra_state" || name.ends_with("._extra_state");
      others.emplace_back(name, value);
      continue;
    }
    if (value.conj() || value.neg()) {
      throw_error<TypeError>(
          "the entry ", quoted(name), " is a lazy ", value.conj() ? "conjugate" : "negative",
          " view, whose stored elements are not its values: save it after resolve_conj() or resolve_neg()");
    }
    set(std::string(name), value.tensor());
    states = true;
  }
  if (!others.empty() && (!states || !usually_wrapped_in(v).empty())) {
    const auto& [name, value] = others.front();
    not_a_state_dict(v, str("the entry ", quoted(name), " is ", with_article(value), ", not a tensor"));
  }
  others_ = std::move(others);
  if (v.attributes().is_dict()) {
    if (const Value* m = v.attributes().find("_metadata")) metadata = *m;
  }
}

std::size_t StateDict::position(std::string_view name) const {
  if (!index_.empty()) {
    return index_.find(name_hash(name), [&](std::uint32_t i) { return items_[i].first == name; });
  }
  for (std::size_t i = 0; i < items_.size(); ++i) {
    if (items_[i].first == name) return i;
  }
  return kAbsent;
}

const Tensor* StateDict::find(std::string_view name) const {
  const std::size_t at = position(name);
  return at == kAbsent ? nullptr : &items_[at].second;
}

void detail::no_such_name(std::string_view name, const std::vector<std::string>& names) {
  const std::vector<std::string_view> views(names.begin(), names.end());
  const std::string_view near = nearest(name, views.data(), views.size());
  throw_error<Error>("there is nothing named ", quoted(name),
                     near.empty() ? str(" among ", names.size()) : str(", did you mean ", quoted(near), "?"));
}

const Tensor& StateDict::operator[](std::string_view name) const {
  if (const Tensor* found = find(name)) return *found;
  for (const auto& [other, value] : others_)
    if (other == name)
      throw_error<TypeError>("the entry ", quoted(name), " of the state dict is ", with_article(value),
                             ", not a tensor");
  std::vector<std::string_view> names;
  for (const Item& item : items_) names.push_back(item.first);
  const std::string_view near = nearest(name, names.data(), names.size());
  throw_error<Error>("no entry ", quoted(name), " in the state dict",
                     near.empty() ? str(" of ", items_.size(), " entries") : str(", did you mean ", quoted(near), "?"));
}

void StateDict::set(std::string name, Tensor t) {
  const std::size_t at = position(name);
  if (at != kAbsent) {
    items_[at].second = std::move(t);
    return;
  }
  items_.emplace_back(std::move(name), std::move(t));
  const std::size_t last = items_.size() - 1;
  try {
    if (!index_.empty()) {
      index_.insert(name_hash(items_[last].first), static_cast<std::uint32_t>(last));
    } else if (last >= HashIndex::kLinear) {
      for (std::size_t i = 0; i <= last; ++i) index_.insert(name_hash(items_[i].first), static_cast<std::uint32_t>(i));
    }
  } catch (...) {
    items_.pop_back();
    throw;
  }
  std::erase_if(others_, [&](const Other& other) { return other.first == items_[last].first; });
}

bool StateDict::erase(std::string_view name) {
  const std::size_t at = position(name);
  if (at == kAbsent) return std::erase_if(others_, [&](const Other& other) { return other.first == name; }) > 0;
  index_.erase(name_hash(items_[at].first), static_cast<std::uint32_t>(at));
  items_.erase(items_.begin() + static_cast<std::ptrdiff_t>(at));
  return true;
}

StateDict StateDict::filter(FunctionRef<bool(std::string_view)> keep) const {
  StateDict out;
  for (const Item& item : items_)
    if (keep(item.first)) out.set(item.first, item.second);
  for (const Other& other : others_)
    if (keep(other.first)) out.others_.push_back(other);
  out.metadata = metadata;
  return out;
}

StateDict StateDict::clone() const {
  StateDict out;
  for (std::size_t i = 0; i < items_.size(); ++i) {
    const Tensor& t = items_[i].second;
    if (!t.defined()) {
      out.set(items_[i].first, t);
      continue;
    }
    std::size_t first = 0;
    const auto same = [&](const Tensor& o) {
      return o.defined() && o.raw() == t.raw() && o.shape() == t.shape() && o.strides() == t.strides() &&
             o.dtype() == t.dtype();
    };
    while (first < i && !(t.numel() > 0 && same(items_[first].second))) ++first;
    out.set(items_[i].first, first < i ? out.items_[first].second : t.detach().clone());
  }
  out.others_ = others_;
  out.metadata = metadata;
  return out;
}

StateDict StateDict::rename(FunctionRef<std::string(std::string_view)> rename) const {
  std::vector<std::string> names;
  names.reserve(items_.size() + others_.size());
  for (const Item& item : items_) names.push_back(rename(item.first));
  for (const Other& other : others_) names.push_back(rename(other.first));
  StateDict out;
  out.items_.reserve(items_.size());
  const auto module_and_rest = [](std::string_view name) {
    const std::size_t dot = name.rfind('.');
    return dot == name.npos ? std::pair(std::string_view(), name)
                            : std::pair(name.substr(0, dot), name.substr(dot + 1));
  };
  Value moved = Value::dict();        // module path -> its new one
  std::set<std::string_view> others;  // their new names
  for (std::size_t i = 0; i < names.size(); ++i) {
    const bool tensor = i < items_.size();
    const std::string& old = tensor ? items_[i].first : others_[i - items_.size()].first;
    if (out.contains(names[i]) || others.contains(names[i]))
      throw_error<Error>("state dict: ", quoted(old), " and another entry would both be named ", quoted(names[i]));
    const auto [from, from_rest] = module_and_rest(old);
    const auto [to, to_rest] = module_and_rest(names[i]);
    if (from_rest == to_rest) moved.set(from, to);
    if (tensor) {
      out.set(names[i], items_[i].second);
    } else {
      others.insert(names[i]);
      out.others_.emplace_back(names[i], others_[i - items_.size()].second);
    }
  }
  if (!metadata.is_dict()) return out;
  std::vector<Value::Item> versions;
  for (const auto& [path, version] : metadata.items()) {
    const Value* to = moved.find(path);
    versions.emplace_back(to ? *to : path, version);
  }
  out.metadata = Value::ordered_dict(std::move(versions));
  return out;
}

StateDict StateDict::without_prefix(std::string_view prefix) const {
  StateDict out =
      rename([&](std::string_view name) { return name.starts_with(prefix) ? name.substr(prefix.size()) : name; });
  if (!metadata.is_dict()) return out;
  // Modules without tensors follow too; the wrapper's own entry, "", gives way to that of the module it wraps.
  const std::string_view wrapper = prefix.ends_with('.') ? prefix.substr(0, prefix.size() - 1) : prefix;
  std::vector<Value::Item> versions;
  const bool wraps = metadata.contains(Value(wrapper));
  for (const auto& [path, version] : metadata.items()) {
    const std::string_view p = path.is_string() ? path.as_string() : std::string_view();
    if (path.is_string() && p == wrapper)
      versions.emplace_back(Value(""), version);
    else if (path.is_string() && p.starts_with(prefix))
      versions.emplace_back(Value(p.substr(prefix.size())), version);
    else if (!(path.is_string() && p.empty() && wraps))
      versions.emplace_back(path, version);
  }
  out.metadata = Value::ordered_dict(std::move(versions));
  return out;
}

Value::Value(const StateDict& d) {
  std::vector<Item> items;
  items.reserve(d.size() + d.others().size());
  for (const auto& [name, tensor] : d) items.emplace_back(Value(name), Value(tensor));
  for (const auto& [name, other] : d.others()) items.emplace_back(Value(name), other);
  Value made = ordered_dict(std::move(items));
  if (!d.metadata.is_none()) made.set_attributes(dict({{"_metadata", d.metadata}}));
  swap(made);
}

}  // namespace harker

// Lists, tuples, dicts and sets. Dicts and sets keep their insertion order in a vector; past eight items a hash index
// stands beside it. What equals what among keys is key.cpp's.
#include <algorithm>

#include <harker/core/base/text.h>
#include <harker/core/value/object.h>

namespace harker HARKER_PUBLIC {

using namespace detail;

namespace {

const Value kNothing;  // what attributes() and default_factory() show where there are none

Sequence& sequence(const Value& v) {
  const bool fits = v.is_container() && !v.is_dict();
  if (!fits) wrong_kind(v, "a list, tuple or set");
  return object_as<Sequence>(v);
}

Dict& dict_of(const Value& v) {
  if (!v.is_dict()) wrong_kind(v, "a dict");
  return object_as<Dict>(v);
}

auto item_key(const Dict& d) {
  return [&d](std::size_t i) -> const Value& { return d.items[i].first; };
}

// Gives the container's items back when entering the last one in the index fails.
template <class Items, class KeyAt>
void enter_last(Items& items, HashIndex& index, KeyAt key_at) {
  try {
    index_last_key(index, items.size() - 1, key_at);
  } catch (...) {
    if (items.size() <= HashIndex::kLinear + 1) index.clear();
    items.pop_back();
    throw;
  }
}

bool add_to_set(Set& s, Value v) {
  auto element = [&](std::size_t i) -> const Value& { return s.items[i]; };
  if (find_key(s.index, s.items.size(), v, element) != HashIndex::kNone) return false;
  s.items.push_back(std::move(v));
  enter_last(s.items, s.index, element);
  return true;
}

void set_item(Dict& d, const Value& key, Value v) {
  const std::uint32_t at = find_key(d.index, d.items.size(), key, item_key(d));
  if (at != HashIndex::kNone) {
    d.items[at].second = std::move(v);  // the key stays the first one's, as in Python
    return;
  }
  d.items.emplace_back(key, std::move(v));
  enter_last(d.items, d.index, item_key(d));
}

Value make_set(Value::Kind kind, std::vector<Value> items) {
  auto* s = new Set(kind);
  Value made = Object::adopt(s);
  s->items.reserve(items.size());
  for (Value& v : items) add_to_set(*s, std::move(v));
  return made;
}

// A key as it reads in a message.
std::string key_text(const Value& key) {
  switch (key.kind()) {
    case Value::Kind::string: return quoted(key.as_string());
    case Value::Kind::none: return "None";
    case Value::Kind::boolean: return key.as_bool() ? "True" : "False";
    case Value::Kind::integer: return key.fits_int64() ? std::to_string(key.as_int()) : "(a large int)";
    case Value::Kind::floating: return str(key.as_double());
    default: return str("(", with_article(key), ")");
  }
}

// What lies at the end of a path: "optimizer.state.0", or "the dict" where that is none.
std::string place(const Value& v, std::span<const Value> path) {
  if (path.empty()) return str("the ", v.type_name());
  std::string out;
  for (const Value& key : path) {
    if (&key != path.data()) out += '.';
    if (out.size() > 120) return out + "...";
    out += key.is_string() ? escaped(key.as_string(), 60) : key_text(key);
  }
  return out;
}

[[noreturn]] void no_key(const Dict& d, const Value& key, const std::string& where) {
  std::string message = str("no key ", key_text(key), " in ", where);
  std::vector<std::string_view> names;
  for (const Value::Item& item : d.items) {
    if (item.first.is_string()) names.push_back(item.first.as_string());
  }
  const std::string_view near = key.is_string() ? nearest(key.as_string(), names.data(), names.size()) : "";
  if (!near.empty()) {
    message += str(", did you mean ", quoted(near), "?");
  } else if (d.items.empty()) {
    message += ", which is empty";
  } else {
    message += ", which has ";
    const std::size_t shown = std::min<std::size_t>(d.items.size(), 4);
    for (std::size_t i = 0; i < shown; ++i)
      message += str(i ? ", " : "", d.items[i].first.is_string() ? quoted(d.items[i].first.as_string(), 40)
                                                                 : key_text(d.items[i].first));
    if (shown < d.items.size()) message += str(" and ", d.items.size() - shown, " more");
  }
  throw Error(message);
}

// v[key]; `path`: the keys that led to v.
const Value& look_up(const Value& v, const Value& key, std::span<const Value> path) {
  if (v.is_dict()) {
    const Value* found = v.find(key);
    if (!found) no_key(object_as<Dict>(v), key, place(v, path));
    return *found;
  }
  if (v.kind() != Value::Kind::list && v.kind() != Value::Kind::tuple) {
    throw_error<TypeError>("cannot look up ", key_text(key), " in ", place(v, path),
                           v.is_none() ? ", which is None" : str(", which is ", with_article(v)));
  }
  const std::vector<Value>& items = object_as<Sequence>(v).items;
  if (!key.fits_int64())
    throw_error<TypeError>("index ", key_text(key), " of ", place(v, path), " is ", with_article(key), ", not an int");
  const auto n = static_cast<std::int64_t>(items.size());
  const std::int64_t asked = key.as_int();
  if (asked < -n || asked >= n) {
    throw_error<ShapeError>("index ", asked, " is out of range for ", place(v, path), ", a ", v.type_name(), " of ", n,
                            n == 1 ? " element" : " elements");
  }
  return items[static_cast<std::size_t>(asked < 0 ? asked + n : asked)];
}

}  // namespace

// --- Making them.

Value Value::list(std::vector<Value> items) { return Object::adopt(new Sequence(Kind::list, std::move(items))); }
Value Value::tuple(std::vector<Value> items) { return Object::adopt(new Sequence(Kind::tuple, std::move(items))); }
Value Value::set(std::vector<Value> items) { return make_set(Kind::set, std::move(items)); }
Value Value::frozenset(std::vector<Value> items) { return make_set(Kind::frozenset, std::move(items)); }

Value Value::ordered_dict(std::vector<Item> items) { return dict(std::move(items), DictFlavour::ordered_dict); }
Value Value::dict(std::vector<Item> items, DictFlavour flavour) {
  auto* d = new Dict(flavour);
  Value made = Object::adopt(d);
  d->items.reserve(items.size());
  for (Item& item : items) set_item(*d, item.first, std::move(item.second));
  return made;
}

// --- Reading.

std::size_t Value::len() const {
  if (is_dict()) return object_as<Dict>(*this).items.size();
  if (is_container()) return object_as<Sequence>(*this).items.size();
  if (kind_ == Kind::size) return static_cast<std::size_t>(as_size().rank());
  wrong_kind(*this, "a container");
}

std::span<const Value> Value::elements() const& { return sequence(*this).items; }
std::span<const Value::Item> Value::items() const& { return dict_of(*this).items; }
DictFlavour Value::flavour() const { return dict_of(*this).flavour; }

const Value& Value::operator[](const Value& key) const& { return look_up(*this, key, {}); }

const Value& Value::at(std::initializer_list<Value> path) const& {
  const Value* v = this;
  std::size_t walked = 0;
  for (const Value& key : path) {
    v = &look_up(*v, key, {path.begin(), walked});
    ++walked;
  }
  return *v;
}

const Value* Value::find(const Value& key) const& {
  const Dict& d = dict_of(*this);
  const std::uint32_t at = find_key(d.index, d.items.size(), key, item_key(d));
  return at == HashIndex::kNone ? nullptr : &d.items[at].second;
}

const Value& Value::attributes() const& {
  if (is_dict()) return object_as<Dict>(*this).attributes;
  if (is_tensor()) return object_as<TensorObject>(*this).attributes;
  return kNothing;
}

const Value& Value::default_factory() const& { return is_dict() ? object_as<Dict>(*this).default_factory : kNothing; }

// --- Changing.

void Value::push_back(Value v) {
  if (is_list())
    object_as<Sequence>(*this).items.push_back(std::move(v));
  else if (kind_ == Kind::set)
    add_to_set(object_as<Set>(*this), std::move(v));
  else
    wrong_kind(*this, "a list or set, so nothing can be appended");
}

void Value::set(const Value& key, Value v) {
  Dict& d = dict_of(*this);
  set_item(d, Value(key), std::move(v));  // a copy: `key` may lie in the very vector that grows
}

bool Value::erase(const Value& key) {
  Dict& d = dict_of(*this);
  const std::uint32_t at = find_key(d.index, d.items.size(), key, item_key(d));
  if (at == HashIndex::kNone) return false;
  d.index.erase(key_hash(d.items[at].first), at);
  Item gone = std::move(d.items[at]);  // freed last: that may free this dict
  d.items.erase(d.items.begin() + static_cast<std::ptrdiff_t>(at));
  return true;
}

void Value::set_attributes(Value dict) {
  if (!dict.is_none() && !dict.is_dict()) wrong_kind(dict, "a dict of attributes");
  if (is_dict())
    object_as<Dict>(*this).attributes = std::move(dict);
  else if (is_tensor())
    object_as<TensorObject>(*this).attributes = std::move(dict);
  else
    wrong_kind(*this, "a dict or tensor, so it has no attributes");
}

void Value::set_default_factory(Value v) { dict_of(*this).default_factory = std::move(v); }

}  // namespace harker

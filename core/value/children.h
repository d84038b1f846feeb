// The children of a Value, numbered in the one order in which all who walk values take them (internal):
//
//   list, tuple, set, frozenset   elements
//   dict                          key, value, key, value, ..., attributes, default_factory
//   tensor                        attributes
//   sparse                        parts
//   quantized                     scales, zero_points
//   opaque                        args, state, appended..., key, value, ...
#pragma once
#include <harker/core/value/object.h>
#include <harker/core/value_walk.h>

namespace harker HARKER_PUBLIC {
namespace detail {

/// Has this kind children, if perhaps none at the moment?
constexpr bool may_hold_values(Value::Kind k) {
  return (k >= Value::Kind::list && k <= Value::Kind::quantized) || k == Value::Kind::opaque;
}

class Children {
 public:
  explicit Children(Object* o) : object_(o) {}
  explicit Children(const Value& v) : object_(Object::of(v)) {}

  std::size_t size() const {
    switch (kind()) {
      case Kind::list:
      case Kind::tuple:
      case Kind::set:
      case Kind::frozenset: return as<Sequence>().items.size();
      case Kind::dict: return 2 * as<Dict>().items.size() + 2;
      case Kind::tensor: return 1;
      case Kind::sparse: return held<Value::Sparse>().parts.size();
      case Kind::quantized: return 2;
      case Kind::opaque: {
        const Value::Opaque& o = held<Value::Opaque>();
        return 2 + o.appended.size() + 2 * o.assigned.size();
      }
      default: return 0;
    }
  }

  Value& operator[](std::size_t i) const {
    switch (kind()) {
      case Kind::dict: {
        auto& d = as<Dict>();
        if (i < 2 * d.items.size()) return half(d.items, i);
        return i == 2 * d.items.size() ? d.attributes : d.default_factory;
      }
      case Kind::tensor: return as<TensorObject>().attributes;
      case Kind::sparse: return held<Value::Sparse>().parts[i];
      case Kind::quantized: return i == 0 ? held<Value::Quantized>().scales : held<Value::Quantized>().zero_points;
      case Kind::opaque: {
        auto& o = held<Value::Opaque>();
        if (i < 2) return i == 0 ? o.args : o.state;
        i -= 2;
        return i < o.appended.size() ? o.appended[i] : half(o.assigned, i - o.appended.size());
      }
      default: return as<Sequence>().items[i];
    }
  }

  /// The step that leads to a child.
  Step step(std::size_t i) const;

 private:
  using Kind = Value::Kind;
  Kind kind() const { return object_ ? object_->kind : Kind::none; }
  template <class T>
  T& as() const {
    return *static_cast<T*>(object_);
  }
  template <class T>
  T& held() const {
    return as<Holder<T>>().value;
  }
  static Value& half(std::vector<Value::Item>& items, std::size_t i) {
    return i % 2 == 0 ? items[i / 2].first : items[i / 2].second;
  }
  Object* object_;
};

/// Calls f(Value&) for every child.
template <class F>
void for_each_child(Object& o, F f) {
  const Children children(&o);
  for (std::size_t i = 0, n = children.size(); i < n; ++i) f(children[i]);
}

}  // namespace detail
}  // namespace harker

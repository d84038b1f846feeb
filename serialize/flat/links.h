// The links of an object in a Table, in the order table.h fixes, and the step that each is in a tensor's path.
#pragma once
#include <string>

#include <harker/core/value.h>

namespace harker::flat {

/// How many values `v` holds, and the i-th.
std::size_t link_count(const Value& v);
const Value& link(const Value& v, std::size_t i);
/// "fc1.weight", "0", "<attributes>".
std::string link_step(const Value& v, std::size_t i);

/// Made with its content, which can never change.
inline bool is_immutable(Value::Kind k) {
  using enum Value::Kind;
  return k == tuple || k == frozenset || k == sparse || k == quantized;
}
/// A tensor, or what can hold one.
inline bool may_hold_tensors(Value::Kind k) {
  using enum Value::Kind;
  return (k >= list && k <= quantized) || k == opaque;
}

}  // namespace harker::flat

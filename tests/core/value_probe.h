// What the tests of Value share: deep values, and tensors that are counted while they live.
#pragma once
#include <small_thread.h>

#include <harker/core/value.h>
#include <vector>

namespace harker::test {

inline Value nested_lists(int depth) {
  Value v = Value::list();
  for (int i = 0; i < depth; ++i) v = Value::list({std::move(v)});
  return v;
}

inline Value nested_tuples(int depth, Value v = 1) {
  for (int i = 0; i < depth; ++i) v = Value::tuple({std::move(v)});
  return v;
}

inline Value big(std::initializer_list<std::uint8_t> bytes) { return Value::integer(std::vector<std::uint8_t>(bytes)); }

// A tensor whose bytes are counted: how many such are alive says whether what held it was freed.
struct Probe : StorageOwner {
  static inline int alive = 0;
  float data[4] = {1, 2, 3, 4};
  Probe() { ++alive; }
  ~Probe() override { --alive; }
  void* materialize() override { return data; }
};
inline Tensor probe() { return make_view(make_storage(new Probe, nullptr, 16, true), kFloat32, Shape{2}, Shape{1}, 1); }

}  // namespace harker::test

// What the tests of Value share: a small stack to run on, deep values, and tensors that are counted while they live.
#pragma once
#include <doctest/doctest.h>
#include <pthread.h>

#include <harker/core/value.h>
#include <vector>

namespace harker::test {

// Runs `f` on a thread with a stack of 256 KiB (more under sanitizers, whose frames are larger).
template <class F>
void on_small_stack(F f) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  constexpr std::size_t kStack = 1 << 20;
#else
  constexpr std::size_t kStack = 256 << 10;
#endif
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, kStack);
  pthread_t thread;
  auto body = [](void* p) -> void* {
    (*static_cast<F*>(p))();
    return nullptr;
  };
  REQUIRE(pthread_create(&thread, &attributes, body, &f) == 0);
  pthread_join(thread, nullptr);
  pthread_attr_destroy(&attributes);
}

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

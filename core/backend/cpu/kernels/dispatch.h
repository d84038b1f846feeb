// From a dtype code to a type: what all kernels share.
#pragma once
#include <cstdint>

#include <harker/core/dtype.h>

namespace harker::HARKER_ISA {

/// A pointer to memory of unknown type, given its type when it is passed on.
struct In {
  const void* p;
  template <class T>
  operator const T*() const {
    return static_cast<const T*>(p);
  }
};
struct Out {
  void* p;
  template <class T>
  operator T*() const {
    return static_cast<T*>(p);
  }
};

/// use(T{}) with T = float or double. Ops hand kernels nothing else.
template <class F>
[[gnu::always_inline]] inline void with_type(DType t, const F& use) {
  if (t == DType::float32)
    use(float{});
  else
    use(double{});
}
/// The same where int64 is computed with too.
template <class F>
inline void with_number(DType t, const F& use) {
  if (t == DType::int64)
    use(std::int64_t{});
  else
    with_type(t, use);
}

}  // namespace harker::HARKER_ISA

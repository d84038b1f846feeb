// Comparisons, and the logic of two masks: bytes of 0 and 1 (of a file: any byte but 0 is true).
#include <harker/core/backend/cpu/kernels/binary_loop.h>
#include <harker/core/backend/cpu/kernels/dispatch.h>
#include <harker/core/backend/cpu/portable/portable_backend.h>

namespace harker::portable {

/// The loop of f, which has no state. z is apart from x and y.
template <class T, class F>
inline BinaryRun<T, std::uint8_t> loop_of(F) {
  return [](Index n, const T* x, const T* y, std::uint8_t* __restrict z) {
    for (Index i = 0; i < n; ++i) z[i] = static_cast<bool>(F()(x[i], y[i]));
  };
}

template <class T>
BinaryRun<T, std::uint8_t> loop_for(Compare op) {
  switch (op) {
    case Compare::eq: return loop_of<T>([](T x, T y) { return x == y; });
    case Compare::ne: return loop_of<T>([](T x, T y) { return x != y; });
    case Compare::lt: return loop_of<T>([](T x, T y) { return x < y; });
    case Compare::le: return loop_of<T>([](T x, T y) { return x <= y; });
    case Compare::gt: return loop_of<T>([](T x, T y) { return x > y; });
    case Compare::ge: return loop_of<T>([](T x, T y) { return x >= y; });
  }
  return nullptr;
}

void PortableBackend::compare(Compare op, DType t, const Shape& shape, const void* x, const Shape& x_strides,
                              const void* y, const Shape& y_strides, void* z) {
  with_number(t, [&](auto kind) {
    using T = decltype(kind);
    run_binary<T, std::uint8_t>(shape, In{x}, x_strides, In{y}, y_strides, Out{z}, loop_for<T>(op));
  });
}

inline BinaryRun<std::uint8_t, std::uint8_t> loop_for(Logical op) {
  using Byte = std::uint8_t;
  switch (op) {
    case Logical::both: return loop_of<Byte>([](Byte x, Byte y) { return (x != 0) & (y != 0); });
    case Logical::either: return loop_of<Byte>([](Byte x, Byte y) { return (x | y) != 0; });
    case Logical::one: return loop_of<Byte>([](Byte x, Byte y) { return (x != 0) != (y != 0); });
  }
  return nullptr;
}

void PortableBackend::logical(Logical op, const Shape& shape, const void* x, const Shape& x_strides, const void* y,
                              const Shape& y_strides, void* z) {
  run_binary<std::uint8_t, std::uint8_t>(shape, In{x}, x_strides, In{y}, y_strides, Out{z}, loop_for(op));
}

}  // namespace harker::portable

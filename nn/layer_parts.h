// What the constructors of layers share (internal): checked sizes, and parameters that are yet to be filled.
#pragma once
#include <harker/core/base/text.h>
#include <harker/nn/init.h>
#include <harker/nn/parameter.h>

namespace harker::nn {

/// ShapeError unless n >= least; `what` is "features", "channels".
inline void check_size(std::int64_t n, std::int64_t least, const char* layer, const char* what) {
  if (n < least) {
    detail::throw_error<ShapeError>(layer, ": the number of ", what, " must ",
                                    least == 0 ? "not be negative" : detail::str("be at least ", least), ", it is ", n);
  }
}

/// TypeError unless layers compute with this dtype.
inline Tensor uninitialised(const Shape& shape, DType dtype, const char* layer) {
  if (!is_trainable(dtype)) {
    detail::throw_error<TypeError>(layer, ": needs float32, float64, float16 or bfloat16, not ", name(dtype));
  }
  return empty(shape, dtype);
}

/// A parameter, or none: its name is taken all the same, as torch's register_parameter(name, None).
inline Parameter parameter_if(bool wanted, const Shape& shape, DType dtype, const char* layer) {
  return wanted ? Parameter(uninitialised(shape, dtype, layer)) : Parameter();
}

/// What parameter_if may have left out.
inline void fill(const Tensor& t, double value) {
  if (t.defined()) init::constant_(t, value);
}

}  // namespace harker::nn

// The fixtures' arrays, {"dtype", "shape", "data"}, as tensors; and the bytes of a tensor.
#pragma once
#include <harker/core/error.h>
#include <harker/core/grad_mode.h>
#include <harker/core/state_dict.h>
#include <test_data.h>

#include <cstdint>
#include <cstring>
#include <span>
#include <string>

namespace harker::test {

inline Shape shape_from(const nlohmann::json& j) {
  const auto sizes = j.get<std::vector<std::int64_t>>();
  return Shape(std::span(sizes));
}

/// float32, float64, int64 and bool arrays.
inline Tensor tensor_from(const nlohmann::json& j) {
  const auto dtype = dtype_from_name(j.at("dtype").get<std::string>());
  if (!dtype) throw Error("unknown dtype in a fixture");
  const Shape shape = shape_from(j.at("shape"));
  Tensor t = empty(shape, *dtype);
  std::size_t i = 0;
  for (const auto& v : j.at("data")) {
    switch (*dtype) {
      case DType::float32: t.data<float>()[i++] = static_cast<float>(number(v)); break;
      case DType::float64: t.data<double>()[i++] = number(v); break;
      case DType::int64:
        t.data<std::int64_t>()[i++] = v.is_string() ? std::stoll(v.get<std::string>()) : v.get<std::int64_t>();
        break;
      case DType::bool_: t.data<bool>()[i++] = v.get<bool>(); break;
      default: throw Error("a fixture's array of a dtype that tensor_from does not know");
    }
  }
  if (static_cast<std::int64_t>(i) != shape.numel())
    throw Error("a fixture's array has another number of elements than its shape");
  return t;
}

/// {name: array, ...}
inline StateDict state_dict_from(const nlohmann::ordered_json& j) {
  StateDict out;
  for (const auto& [name, array] : j.items()) out.set(name, tensor_from(array));
  return out;
}

inline std::span<const std::uint8_t> bytes_of(const Tensor& contiguous) {
  return {static_cast<const std::uint8_t*>(contiguous.raw()),
          static_cast<std::size_t>(contiguous.numel()) * item_size(contiguous.dtype())};
}

/// The largest |a - b| / max(|b|, floor) over all elements.
inline double max_relative(const Tensor& a, const Tensor& b, double floor = 1e-300) {
  const auto x = a.to_vector<double>(), y = b.to_vector<double>();
  if (a.shape() != b.shape()) return INFINITY;
  double worst = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double d = std::abs(x[i] - y[i]) / std::max(std::abs(y[i]), floor);
    worst = std::isnan(d) ? INFINITY : std::max(worst, d);
  }
  return worst;
}

}  // namespace harker::test

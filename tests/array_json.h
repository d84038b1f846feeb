// The fixtures' arrays, {"dtype", "shape", "data"}, as tensors.
#pragma once
#include <harker/core/state_dict.h>
#include <test_json.h>

namespace harker::test {

Shape shape_from(const nlohmann::json& j);
/// Arrays of floats, int64, uint8 and bool.
Tensor tensor_from(const nlohmann::json& j);
/// {name: array, ...}
StateDict state_dict_from(const nlohmann::ordered_json& j);

}  // namespace harker::test

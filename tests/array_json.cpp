#include <array_json.h>
#include <harker/core/error.h>

#include <vector>

namespace harker::test {

Shape shape_from(const nlohmann::json& j) {
  const auto sizes = j.get<std::vector<std::int64_t>>();
  return Shape(std::span(sizes));
}

Tensor tensor_from(const nlohmann::json& j) {
  const auto dtype = dtype_from_name(j.at("dtype").get<std::string>());
  if (!dtype) throw Error("unknown dtype in a fixture");
  if (*dtype == DType::float16 || *dtype == DType::bfloat16 || *dtype == DType::uint8) {
    nlohmann::json wide = j;
    wide["dtype"] = is_floating_point(*dtype) ? "float64" : "int64";
    return tensor_from(wide).to(*dtype);
  }
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

StateDict state_dict_from(const nlohmann::ordered_json& j) {
  StateDict out;
  for (const auto& [name, array] : j.items()) out.set(name, tensor_from(array));
  return out;
}

}  // namespace harker::test

// What is kept of a tensor whose elements we have no dtype for: {shape, nbytes, data}.
#include <harker/serialize/value/kept_elements.h>

#include <algorithm>

namespace harker {

Value kept_elements(std::string_view format, std::string_view type, const Shape& shape, std::uint64_t nbytes,
                    Value data) {
  Value::Opaque o;
  o.module = format, o.name = type;
  o.called = o.known = true;
  o.args = Value::tuple();
  o.state = Value::dict({{"shape", Value::size(shape)}, {"nbytes", nbytes}, {"data", std::move(data)}});
  return Value::opaque(o);
}

bool names_kept_elements(std::string_view module, std::string_view name) {
  return (module == "gguf" || module == "onnx" || module == "safetensors") &&
         std::all_of(name.begin(), name.end(),
                     [](char c) { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; });
}

}  // namespace harker

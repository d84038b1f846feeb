// The words of a Table: its kinds, and what its storages are called in messages.
#include <harker/serialize/value_table/table.h>

#include <harker/core/base/text.h>

namespace harker::value_table {

std::string_view name(Value::Kind kind) {
  using Kind = Value::Kind;
  switch (kind) {
    case Kind::none: return "none";
    case Kind::boolean: return "bool";
    case Kind::integer: return "int";
    case Kind::floating: return "float";
    case Kind::complex: return "complex";
    case Kind::string: return "str";
    case Kind::bytes: return "bytes";
    case Kind::bytearray: return "bytearray";
    case Kind::list: return "list";
    case Kind::tuple: return "tuple";
    case Kind::dict: return "dict";
    case Kind::set: return "set";
    case Kind::frozenset: return "frozenset";
    case Kind::tensor: return "tensor";
    case Kind::sparse: return "sparse";
    case Kind::quantized: return "quantized";
    case Kind::dtype: return "dtype";
    case Kind::device: return "device";
    case Kind::layout: return "layout";
    case Kind::size: return "size";
    case Kind::numpy_scalar: return "numpy_scalar";
    case Kind::numpy_array: return "numpy_array";
    case Kind::opaque: return "opaque";
  }
  return "?";
}

std::vector<std::string> storage_names(const Table& table) {
  std::vector<std::string> out(table.storages.size());
  std::size_t at = 0;
  for (const View& v : table.views) {
    if (out[v.storage].empty())
      out[v.storage] = detail::quoted_if_odd(std::string_view(table.names).substr(at, v.name));
    at += v.name;
  }
  for (std::size_t i = 0; i < out.size(); ++i)
    if (out[i].empty()) out[i] = "storage " + std::to_string(i);
  return out;
}

}  // namespace harker::value_table

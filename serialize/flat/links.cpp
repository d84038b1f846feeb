// The order of links: see table.h.
#include <harker/core/base/text.h>
#include <harker/core/walk.h>
#include <harker/serialize/flat/links.h>
#include <harker/serialize/flat/table.h>

namespace harker::flat {
namespace {

using Kind = Value::Kind;

std::string index(std::size_t i) { return std::to_string(i); }
// For messages: a name as it stands, or quoted when it is long or odd.
std::string harmless(std::string_view s) {
  const std::string quoted = detail::quoted(s);
  const bool plain = quoted.size() == s.size() + 2 && quoted.compare(1, s.size(), s) == 0;
  return plain ? std::string(s) : quoted;
}
std::string key_step(const Value::Item& item, bool value) {
  return value ? step_text(Step{.key = &item.first}) : std::string("<key>");
}

}  // namespace

std::size_t link_count(const Value& v) {
  switch (v.kind()) {
    case Kind::list:
    case Kind::tuple:
    case Kind::set:
    case Kind::frozenset: return v.elements().size();
    case Kind::dict: return 2 + 2 * v.items().size();
    case Kind::tensor: return 1;
    case Kind::sparse: return v.as_sparse().parts.size();
    case Kind::quantized: return 2;
    case Kind::opaque: return 2 + v.as_opaque().appended.size() + 2 * v.as_opaque().assigned.size();
    default: return 0;
  }
}

const Value& link(const Value& v, std::size_t i) {
  switch (v.kind()) {
    case Kind::dict: {
      if (i < 2) return i == 0 ? v.attributes() : v.default_factory();
      const Value::Item& item = v.items()[(i - 2) / 2];
      return i % 2 == 0 ? item.first : item.second;
    }
    case Kind::tensor: return v.attributes();
    case Kind::sparse: return v.as_sparse().parts[i];
    case Kind::quantized: return i == 0 ? v.as_quantized().scales : v.as_quantized().zero_points;
    case Kind::opaque: {
      const Value::Opaque& o = v.as_opaque();
      if (i < 2) return i == 0 ? o.args : o.state;
      i -= 2;
      if (i < o.appended.size()) return o.appended[i];
      i -= o.appended.size();
      return i % 2 == 0 ? o.assigned[i / 2].first : o.assigned[i / 2].second;
    }
    default: return v.elements()[i];
  }
}

std::string link_step(const Value& v, std::size_t i) {
  switch (v.kind()) {
    case Kind::dict:
      if (i < 2) return i == 0 ? "<attributes>" : "<default_factory>";
      return key_step(v.items()[(i - 2) / 2], i % 2 == 1);
    case Kind::tensor: return "<attributes>";
    case Kind::sparse: {
      const std::size_t n = v.as_sparse().parts.size();
      return i + 1 == n ? "values" : n == 2 ? "indices" : i == 0 ? "compressed_indices" : "plain_indices";
    }
    case Kind::quantized: return i == 0 ? "scales" : "zero_points";
    case Kind::opaque: {
      const Value::Opaque& o = v.as_opaque();
      if (i < 2) return i == 0 ? "<args>" : "<state>";
      i -= 2;
      if (i < o.appended.size()) return index(i);
      i -= o.appended.size();
      return key_step(o.assigned[i / 2], i % 2 == 1);
    }
    default: return index(i);
  }
}

std::string_view name(Kind kind) {
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
    if (out[v.storage].empty()) out[v.storage] = harmless(std::string_view(table.names).substr(at, v.name));
    at += v.name;
  }
  for (std::size_t i = 0; i < out.size(); ++i)
    if (out[i].empty()) out[i] = "storage " + std::to_string(i);
  return out;
}

}  // namespace harker::flat

// `harker inspect --json`: {"format": {...}, "entries": [...], "storages": [...]}, streamed.
#include <harker/core/base/text.h>

#include "elements.h"
#include "input.h"
#include "inspect.h"
#include "json.h"

namespace harker::cli {
namespace {

using Kind = Value::Kind;

/// The storages in the order of their first use, and the entries that use them.
struct Storages {
  struct One {
    std::uint64_t nbytes;
    std::vector<std::uint32_t> users;
  };
  std::vector<One> all;
  std::unordered_map<const Storage*, std::size_t> ids;

  std::size_t add(const Tensor& t, std::uint32_t user) {
    auto [it, fresh] = ids.try_emplace(&t.storage(), all.size());
    if (fresh) all.push_back({t.storage().nbytes, {}});
    all[it->second].users.push_back(user);
    return it->second;
  }
};

std::string_view without_torch(std::string_view s) { return s.substr(s.starts_with("torch.") ? 6 : 0); }

void tensor(Out& out, ValueWalk& walk, Storages& storages) {
  const Value& v = walk.value();
  const Tensor& t = v.lazy_tensor();
  out << ", \"type\": \"" << (v.is_parameter() ? "Parameter" : "Tensor");
  out << "\", \"requires_grad\": " << (t.requires_grad() ? "true" : "false") << ", \"dtype\": \"" << name(t.dtype());
  out << "\", \"shape\": ";
  json::list(out, t.shape());
  out << ", \"strides\": ";
  json::list(out, t.strides());
  out << ", \"storage\": " << std::to_string(storages.add(t, walk.pin()));
  out << ", \"storage_offset\": " << std::to_string(t.storage_offset());
  if (v.conj() || v.neg())
    out << ", \"conj\": " << (v.conj() ? "true" : "false") << ", \"neg\": " << (v.neg() ? "true" : "false");
  out << ", \"numel\": " << std::to_string(t.numel());
}

void part(Out& out, std::string_view label, const Value& v) {
  if (!v.is_tensor()) return;
  const Tensor& t = v.lazy_tensor();
  out << ", \"" << label << "\": {\"dtype\": \"" << name(t.dtype()) << "\", \"shape\": ";
  json::list(out, t.shape());
  out << '}';
}

void sparse(Out& out, const Value::Sparse& s) {
  std::string_view layout = without_torch(s.layout);
  out << ", \"layout\": ";
  json::string(out, layout);
  out << ", \"dtype\": \""
      << (s.parts.empty() || !s.parts.back().is_tensor() ? "?" : name(s.parts.back().lazy_tensor().dtype()));
  out << "\", \"shape\": ";
  json::list(out, s.shape);
  if (s.coalesced) out << ", \"coalesced\": " << (*s.coalesced ? "true" : "false");
  const bool coo = layout == "sparse_coo", rows = layout == "sparse_csr" || layout == "sparse_bsr";
  std::vector<std::string_view> labels = {"indices", "values"};
  if (!coo) labels = {rows ? "crow_indices" : "ccol_indices", rows ? "col_indices" : "row_indices", "values"};
  for (std::size_t i = 0; i < s.parts.size() && i < labels.size(); ++i) part(out, labels[i], s.parts[i]);
}

/// The few numbers of a per-channel quantization.
void numbers(Out& out, std::string_view label, const Value& v) {
  if (!v.is_tensor() || v.lazy_tensor().numel() > 128) return;
  const Tensor& t = v.lazy_tensor();
  if (is_complex(t.dtype()) || t.dtype() == DType::uint64) return;  // no scheme has these
  out << ", \"" << label << "\": [";
  Elements elements(v);
  bool first = true;
  for (auto bytes = elements.next(); !bytes.empty(); bytes = elements.next()) {
    for (std::size_t i = 0; i < bytes.size(); i += item_size(t.dtype())) {
      Number n;
      decode(&bytes[i], t.dtype(), n);
      if (!first) out << ", ";
      first = false;
      if (is_floating_point(t.dtype()))
        json::number(out, static_cast<double>(n.re));
      else
        json::integer(out, Value(static_cast<std::int64_t>(n.re)));
    }
  }
  out << ']';
}

void quantized(Out& out, const Value::Quantized& q) {
  const DType t = q.ints.dtype();
  out << ", \"dtype\": \"" << name(t) << "\", \"shape\": ";
  json::list(out, q.ints.shape());
  out << ", \"qscheme\": ";
  json::string(out, without_torch(q.scheme));
  out << ", \"int_repr\": {\"dtype\": \""
      << (t == DType::qint8    ? "int8"
          : t == DType::quint8 ? "uint8"
                               : "int32")
      << "\"}";
  if (q.scales.is_none()) {
    out << ", \"scale\": ";
    json::number(out, q.scale);
    out << ", \"zero_point\": " << std::to_string(q.zero_point);
  } else {
    numbers(out, "scales", q.scales);
    out << ", \"axis\": " << std::to_string(q.axis);
    numbers(out, "zero_points", q.zero_points);
  }
}

void container(Out& out, const Value& v) {
  out << ", \"type\": ";
  json::string(out, json::class_name(v));
  out << ", \"len\": " << std::to_string(child_count(v));
  const Value* metadata = v.is_dict() && v.attributes().is_dict() ? v.attributes().find("_metadata") : nullptr;
  if (metadata) {
    out << ", \"metadata\": ";
    json::plain(out, *metadata);
  }
}

void entry(Out& out, ValueWalk& walk, Storages& storages) {
  const Value& v = walk.value();
  const bool object = v.kind() == Kind::opaque,
             inside = v.is_dict() || v.is_list() || v.is_tuple() || (object && child_count(v) > 0);
  const char* kind = walk.is_ref() ? "ref" : inside ? "container" : v.is_tensor() ? "tensor" : "leaf";
  if (v.kind() == Kind::sparse) kind = "sparse";
  if (v.kind() == Kind::quantized) kind = "quantized";
  out << "{\"path\": ";
  json::string(out, walk.path());
  out << ", \"key\": ";
  json::key(out, walk.key());
  if (walk.met_before()) {
    out << ", \"same_as\": ";
    json::string(out, walk.same_as());
  }
  out << ", \"kind\": \"" << kind << '"';
  if (walk.is_ref()) {
  } else if (inside) {
    container(out, v);
  } else if (v.is_tensor()) {
    tensor(out, walk, storages);
  } else if (v.kind() == Kind::sparse) {
    sparse(out, v.as_sparse());
  } else if (v.kind() == Kind::quantized) {
    quantized(out, v.as_quantized());
  } else {
    json::leaf(out, v);
  }
  out << '}';
}

}  // namespace

void inspect_json(const Document& doc, const std::string& path) {
  ValueWalk walk(doc.value);
  constexpr std::uint64_t kLongest = std::uint64_t{8} << 30;  // paths of what was met before are not in text_bytes()
  auto too_long = [] { detail::throw_error<Error>("this file's listing is longer than 8 GiB"); };
  if (walk.text_bytes() > std::uint64_t{1} << 30)
    detail::throw_error<Error>(name_of(path), ": the names and texts of its ", walk.entries(),
                               " entries come to more than 1 GiB");
  Out out;
  out << "{\"format\": ";
  if (doc.facts.is_dict())
    json::plain(out, doc.facts);
  else
    out << "{}";
  out << ",\n\"entries\": [";
  Storages storages;
  for (bool first = true; walk.next(); first = false) {
    if (out.written() > kLongest) too_long();
    out << (first ? "\n " : ",\n ");
    entry(out, walk, storages);
  }
  out << "\n],\n\"storages\": [";
  for (std::size_t id = 0; id < storages.all.size(); ++id) {
    const Storages::One& s = storages.all[id];
    out << (id ? ",\n " : "\n ") << "{\"id\": " << std::to_string(id) << ", \"nbytes\": " << std::to_string(s.nbytes)
        << ", \"users\": [";
    for (std::size_t i = 0; i < s.users.size(); ++i) {
      if (out.written() > kLongest) too_long();
      if (i) out << ", ";
      json::string(out, walk.path_of(s.users[i]));
    }
    out << "]}";
  }
  out << "\n]}\n";
  out.flush();
}

}  // namespace harker::cli

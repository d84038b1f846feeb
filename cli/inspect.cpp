// `harker inspect`: an aligned table of tensors and values. Two walks, one to measure the columns and one to print, so
// that no table is built in memory.
#include <harker/core/base/text.h>
#include <harker/core/repr.h>
#include <harker/serialize/format.h>
#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "input.h"
#include "inspect.h"
#include "json.h"
#include "verb.h"

namespace harker::cli {
namespace {

using Kind = Value::Kind;
constexpr std::uint64_t kLongest = std::uint64_t{1} << 30;
constexpr std::size_t kWidest = 72;  // a column is not made wider for one long name

struct Row {
  std::string name, type, shape, bytes, note;
};

std::uint64_t tensor_bytes(const Tensor& t) { return static_cast<std::uint64_t>(t.numel()) * item_size(t.dtype()); }

std::string shape_text(const Shape& s) {
  std::string out = "[";
  for (int i = 0; i < s.rank(); ++i) out += (i ? ", " : "") + std::to_string(s[i]);
  return out + ']';
}

/// Where each storage was met first.
using Owners = std::unordered_map<const Storage*, std::uint32_t>;

std::string tensor_note(ValueWalk& walk, Owners* owners) {
  const Value& v = walk.value();
  const Tensor& t = v.lazy_tensor();
  std::string note;
  auto add = [&](std::string_view s) { note += (note.empty() ? "" : ", ") + std::string(s); };
  if (walk.met_before()) add("same as " + walk.same_as());
  if (owners && t.storage().nbytes > 0) {
    const auto [at, fresh] = owners->try_emplace(&t.storage(), 0);
    if (fresh)
      at->second = walk.pin();
    else if (!walk.met_before())
      add("shares memory with " + walk.path_of(at->second));
  }
  if (v.is_parameter()) add("Parameter");
  if (t.requires_grad() && !v.is_parameter()) add("requires grad");
  if (v.conj()) add("conjugate view");
  if (v.neg()) add("negative view");
  if (!t.is_contiguous()) add("strides " + shape_text(t.strides()));
  if (t.storage().nbytes != tensor_bytes(t)) add("part of a storage of " + grouped(t.storage().nbytes) + " bytes");
  return note;
}

/// False for a container that its children speak for.
bool make_row(ValueWalk& walk, Row& row, Owners* owners = nullptr) {
  const Value& v = walk.value();
  row = {shown(walk.path()), {}, {}, {}, {}};
  if (walk.key().empty()) row.name = "(the file itself)";
  if (walk.is_ref()) {
    row.type = json::class_name(v);
    row.note = "same as " + walk.same_as();
  } else if (v.is_tensor()) {
    const Tensor& t = v.lazy_tensor();
    row.type = name(t.dtype());
    row.shape = shape_text(t.shape());
    row.bytes = grouped(tensor_bytes(t));
    row.note = tensor_note(walk, owners);
  } else if (v.kind() == Kind::sparse) {
    row.type = "sparse";
    row.shape = shape_text(v.as_sparse().shape);
    row.note = v.as_sparse().layout;
  } else if (v.kind() == Kind::quantized) {
    row.type = name(v.as_quantized().ints.dtype());
    row.shape = shape_text(v.as_quantized().ints.shape());
    row.note = v.as_quantized().scheme;
  } else if (child_count(v) > 0) {
    return false;
  } else {
    row.type = v.is_dict() || v.is_list() || v.is_tuple() ? json::class_name(v) : std::string(v.type_name());
    row.note = repr(v, 60);
    if (v.kind() == Kind::numpy_scalar) row.type += ' ' + v.as_numpy().dtype;
  }
  row.note = shown(row.note);
  row.type = shown(row.type);
  return true;
}

void padded(Out& out, std::string_view text, std::size_t columns, bool right = false) {
  const std::string space(columns - std::min(columns, width(text)), ' ');
  if (right)
    out << space << text;
  else
    out << text << space;
}

/// "zip, pickle protocol 2, ..." from the facts about the file.
std::string facts_text(const Value& facts) {
  std::string out;
  if (!facts.is_dict()) return out;
  for (const auto& [key, v] : facts.items()) {
    if (!key.is_string() || v.is_none() || v.is_dict() || v.is_list()) continue;
    std::string label(key.as_string());
    std::replace(label.begin(), label.end(), '_', ' ');
    std::string text = v.is_string() ? std::string(v.as_string().substr(0, 80)) : repr(v, 40);
    out += (out.empty() ? "" : ", ") + (label == "container" ? text : label + ' ' + text);
  }
  return shown(out);
}

void table(const Document& doc, const std::string& path) {
  std::size_t name_width = 4, type_width = 4, shape_width = 5, bytes_width = 5;
  std::uint64_t tensors = 0, elements = 0, bytes = 0;
  std::unordered_set<const Storage*> storages;
  Owners owners;
  Row row;
  std::uint64_t listed = 0;
  for (ValueWalk walk(doc.value); walk.next();) {
    if (walk.value().is_tensor()) {
      const Tensor& t = walk.value().lazy_tensor();
      ++tensors;
      elements += static_cast<std::uint64_t>(t.numel());
      if (storages.insert(&t.storage()).second) bytes += t.storage().nbytes;
    }
    if (!make_row(walk, row)) continue;
    listed += row.name.size() + row.note.size();
    if (listed > kLongest)
      detail::throw_error<Error>(name_of(path), ": the names of its ", walk.entries(),
                                 " entries come to more than 1 GiB");
    name_width = std::max(name_width, std::min(kWidest, width(row.name)));
    type_width = std::max(type_width, std::min(kWidest, width(row.type)));
    shape_width = std::max(shape_width, row.shape.size());
    bytes_width = std::max(bytes_width, row.bytes.size());
  }
  Out out;
  out << shown(name_of(path)) << ": " << facts_text(doc.facts) << '\n' << checkpoint_text(doc.value) << '\n';
  auto line = [&](const Row& r) {
    padded(out, r.name, name_width);
    padded(out << "  ", r.type, type_width);
    padded(out << "  ", r.shape, shape_width);
    padded(out << "  ", r.bytes, bytes_width, true);
    if (!r.note.empty()) out << "  " << r.note;
    out << '\n';
  };
  line({"name", "type", "shape", "bytes", {}});
  for (ValueWalk walk(doc.value); walk.next();)
    if (make_row(walk, row, &owners)) line(row);
  out << '\n' << grouped(tensors) << (tensors == 1 ? " tensor, " : " tensors, ") << grouped(elements) << " elements, ";
  out << grouped(bytes) << " bytes in " << grouped(storages.size())
      << (storages.size() == 1 ? " storage\n" : " storages\n");
  out.flush();
}

class Inspect : public Verb {
 public:
  Inspect() : Verb("inspect", "Print what a file holds, without reading the tensors' bytes") {
    file(path_, "FILE");
    flag(json_, "--json", "One JSON object with every detail");
    loads();
    examples = {{"harker inspect model.pt", "every tensor with its dtype, shape and bytes"},
                {"harker inspect --json model.pt", "the same with every detail, for programs"}};
  }
  int run() override {
    const Document doc = open_listing(path_, load_options());
    json_ ? inspect_json(doc, path_) : table(doc, path_);
    return 0;
  }

 private:
  std::string path_;
  bool json_ = false;
};

}  // namespace

std::unique_ptr<Verb> inspect_verb() { return std::make_unique<Inspect>(); }

}  // namespace harker::cli

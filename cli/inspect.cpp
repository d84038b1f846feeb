// `harker inspect`: a line for each tensor and value, as a tree or as a table of paths. Two walks, one to measure the
// columns and one to print, so that no table is built in memory.
#include <harker/core/base/text.h>
#include <harker/core/repr.h>
#include <harker/serialize/format.h>
#include <algorithm>
#include <unordered_map>

#include "element_text.h"
#include "elements.h"
#include "entries.h"
#include "input.h"
#include "inspect.h"
#include "json.h"
#include "match.h"
#include "numpy_tensor.h"
#include "terminal.h"
#include "verb.h"

namespace harker::cli {
namespace {

using Kind = Value::Kind;
using detail::str;
constexpr std::uint64_t kLongest = std::uint64_t{1} << 30;
constexpr std::size_t kWidest = 72;  // a column is not made wider for one long name
constexpr std::size_t kNote = 60;    // characters of a value that are shown

struct Row {
  std::string name, type, shape, bytes, note;
};

std::uint64_t tensor_bytes(const Tensor& t) { return static_cast<std::uint64_t>(t.numel()) * item_size(t.dtype()); }

std::string shape_text(const Shape& s) {
  std::string out = "[";
  for (int i = 0; i < s.rank(); ++i) out += (i ? ", " : "") + std::to_string(s[i]);
  return out + ']';
}

/// 1,234,567 (1.23 MB)
std::string bytes_text(std::uint64_t n) {
  std::string out = grouped(n) + " bytes";
  static constexpr const char* kUnits[] = {"MB", "GB", "TB", "PB", "EB"};
  int unit = -1;
  double v = static_cast<double>(n) / 1e3;
  for (; v >= 1e3 && unit < 4; v /= 1e3) ++unit;
  if (unit < 0) return out;
  char text[40];
  std::snprintf(text, sizeof text, " (%.3g %s)", v >= 999.5 ? 1e3 : v, kUnits[unit]);
  return out + text;
}

/// Where each storage was met first.
using Owners = std::unordered_map<const Storage*, std::uint32_t>;

/// What the listed tensors come to.
struct Totals {
  std::uint64_t tensors = 0, elements = 0, parameters = 0, bytes = 0, storages = 0;

  void add(const Value& v, Owners& owners) {
    if (v.is_tensor()) {
      add(v.lazy_tensor(), owners);
    } else if (v.kind() == Kind::quantized) {
      add(v.as_quantized().ints, owners);
    } else if (v.kind() == Kind::sparse) {
      for (const Value& part : v.as_sparse().parts)
        if (part.is_tensor()) add(part.lazy_tensor(), owners, &part == &v.as_sparse().parts.back());
    } else if (const auto kept = kept_tensor(v)) {
      ++tensors;
      elements += static_cast<std::uint64_t>(kept->shape.numel());
      parameters += static_cast<std::uint64_t>(kept->shape.numel());
      bytes += kept->nbytes;
    }
  }
  std::string text() const {
    return str(grouped(tensors), tensors == 1 ? " tensor, " : " tensors, ", grouped(elements), " elements (",
               grouped(parameters), parameters == 1 ? " parameter), " : " parameters), ", bytes_text(bytes), " in ",
               grouped(storages), storages == 1 ? " storage" : " storages");
  }

 private:
  /// Parameters: elements of floating point and quantized ones, of memory that several tensors share once.
  void add(const Tensor& t, Owners& owners, bool whole = true) {
    const bool fresh = owners.try_emplace(&t.storage(), 0).second || t.storage().nbytes == 0;
    tensors += whole;
    const auto n = static_cast<std::uint64_t>(t.numel());
    if (whole) elements += n;
    if (!fresh) return;
    ++storages;
    bytes += t.storage().nbytes;
    if (whole && (is_floating_point(t.dtype()) || is_complex(t.dtype()) || t.dtype() >= DType::qint8)) parameters += n;
  }
};

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

/// The first elements of an array, as far as a line goes.
std::string array_note(const Value::Numpy& n) {
  const std::optional<Tensor> t = numpy_tensor(n);
  if (!t) return {};
  std::string out = "[";
  Elements elements(*t);
  const auto bytes = elements.next();
  for (std::size_t i = 0; i < bytes.size(); i += item_size(t->dtype())) {
    out += (i ? ", " : "") + element_text(&bytes[i], t->dtype());
    if (out.size() > kNote) return out + ", ...";
  }
  return out + ']';
}

void fill(Row& row, Entries& entry, Owners* owners) {
  ValueWalk& walk = entry.walk();
  const Value& v = entry.value();
  row.shape.clear(), row.bytes.clear(), row.note.clear();
  auto geometry = [&](const Shape& shape, std::uint64_t bytes) {
    row.shape = shape_text(shape);
    row.bytes = grouped(bytes);
  };
  if (walk.is_ref()) {
    row.type = json::class_name(v);
    row.note = "same as " + walk.same_as();
  } else if (v.is_tensor()) {
    const Tensor& t = v.lazy_tensor();
    row.type = name(t.dtype());
    geometry(t.shape(), tensor_bytes(t));
    row.note = tensor_note(walk, owners);
  } else if (v.kind() == Kind::sparse) {
    row.type = "sparse";
    row.shape = shape_text(v.as_sparse().shape);
    row.note = v.as_sparse().layout;
  } else if (v.kind() == Kind::quantized) {
    row.type = name(v.as_quantized().ints.dtype());
    geometry(v.as_quantized().ints.shape(), tensor_bytes(v.as_quantized().ints));
    row.note = v.as_quantized().scheme;
  } else if (const auto kept = kept_tensor(v)) {
    row.type = kept->type;
    geometry(kept->shape, kept->nbytes);
    if (kept->meta) row.note = "on the device meta: no bytes";
  } else if (entry.is_object() || (v.kind() == Kind::opaque && v.as_opaque().called)) {
    row.type = json::class_name(v);
  } else {
    row.type = v.is_container() && !v.is_tuple() ? json::class_name(v) : std::string(v.type_name());
    if (v.kind() == Kind::numpy_scalar || v.kind() == Kind::numpy_array) row.type += ' ' + v.as_numpy().dtype;
    if (v.kind() == Kind::numpy_array) {
      geometry(v.as_numpy().shape, v.as_numpy().data.size());
      row.note = array_note(v.as_numpy());
    } else {
      row.note = repr(v, kNote);
      if (row.note.ends_with("...") && (v.is_list() || v.is_tuple()))
        row.note += str(" (", grouped(v.len()), " of them)");
    }
  }
  row.note = shown(row.note);
  row.type = shown(row.type);
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

/// What was found in the file and not read.
std::string passed_over(const Value& facts) {
  std::string out;
  const Value* list = facts.is_dict() ? facts.find("passed_over") : nullptr;
  if (list && list->is_list())
    for (const Value& v : list->elements())
      if (v.is_string()) out += str("passed over: ", shown(v.as_string()), '\n');
  return out;
}

struct Listing {
  bool tree = false;
  std::size_t depth = SIZE_MAX;  ///< lines deeper than this are summed up
  std::vector<std::string> match;

  /// each(row) for every line; also sums up.
  template <class Each>
  Totals walk(const Value& root, Owners* owners, Each each) const;
  void print(const Document& doc, const std::string& path) const;
};

template <class Each>
Totals Listing::walk(const Value& root, Owners* owners, Each each) const {
  Entries entry(root, match);
  Totals all, folded;
  Owners met, met_folded;
  std::vector<std::string> before, fold;
  Row row;
  bool folding = false;
  auto label = [&](const std::vector<std::string>& place, std::size_t n) {
    if (tree) return std::string(2 * (n - 1), ' ') + shown(place[n - 1]);
    std::string out;
    for (std::size_t i = 0; i < n; ++i) out += (i ? "." : "") + shown(place[i]);
    return out;
  };
  auto headers = [&](const std::vector<std::string>& place) {
    std::size_t same = 0;
    while (same < place.size() && same < before.size() && before[same] == place[same]) ++same;
    for (std::size_t n = same + 1; tree && n < place.size(); ++n) each(Row{label(place, n), {}, {}, {}, {}});
    before = place;
  };
  auto close_fold = [&] {
    if (!folding) return;
    folding = false;
    Row sum{label(fold, fold.size()), {}, {}, {}, {}};
    std::swap(sum.type, row.type);
    if (folded.tensors > 0) {
      sum.bytes = grouped(folded.bytes);
      sum.note = str(grouped(folded.tensors), folded.tensors == 1 ? " tensor, " : " tensors, ",
                     grouped(folded.parameters), folded.parameters == 1 ? " parameter" : " parameters");
    }
    each(sum);
  };
  while (entry.next()) {
    const bool placed = tree || depth != SIZE_MAX;
    if (placed) {
      const std::vector<std::string>& place = entry.place();
      const bool inside = folding && place.size() > fold.size() && std::equal(fold.begin(), fold.end(), place.begin());
      if (!inside) close_fold();
      const bool opens = !inside && depth > 0 && (place.size() > depth || (place.size() == depth && entry.is_object()));
      if (opens) {
        fold.assign(place.begin(), place.begin() + static_cast<std::ptrdiff_t>(depth));
        folding = true, folded = {};
        met_folded.clear();
        row.type = entry.is_object() && place.size() == depth ? shown(json::class_name(entry.value())) : std::string();
        headers(fold);
      }
      if (opens || inside || (depth == 0 && !place.empty())) {
        folded.add(entry.value(), met_folded);
        all.add(entry.value(), met);
        continue;
      }
    }
    all.add(entry.value(), met);
    if (tree) {
      headers(entry.place());
      row.name = before.empty() ? "" : label(before, before.size());
    } else {
      row.name = shown(entry.walk().path());
    }
    if (entry.walk().key().empty()) row.name = "(the file itself)";
    fill(row, entry, owners);
    each(row);
    row.type.clear();
  }
  close_fold();
  return all;
}

void Listing::print(const Document& doc, const std::string& path) const {
  const Terminal& terminal = Terminal::out();
  std::size_t name_width = 4, type_width = 4, shape_width = 5, bytes_width = 5;
  std::uint64_t listed = 0;
  const Totals totals = walk(doc.value, nullptr, [&](const Row& r) {
    listed += r.name.size() + r.note.size();
    if (listed > kLongest)
      detail::throw_error<Error>(name_of(path), ": the names of its entries come to more than 1 GiB");
    name_width = std::max(name_width, std::min(kWidest, width(r.name)));
    type_width = std::max(type_width, std::min(kWidest, width(r.type)));
    shape_width = std::max(shape_width, r.shape.size());
    bytes_width = std::max(bytes_width, r.bytes.size());
  });
  if (terminal.columns > 0) name_width = std::min(name_width, std::max<std::size_t>(terminal.columns / 2, 20));
  Out out;
  out << shown(name_of(path)) << ": " << facts_text(doc.facts) << '\n' << passed_over(doc.facts);
  out << checkpoint_text(doc.value) << '\n';
  Line line(terminal);
  auto put = [&](const Row& r, Colour name_colour) {
    line.add(r.name, name_width, name_colour);
    line.add("  ");
    line.add(r.type, type_width, Colour::type);
    line.add("  ");
    line.add(r.shape, shape_width);
    line.add("  ");
    line.add(r.bytes, bytes_width, Colour::plain, true);
    line.add("  ");
    line.add(r.note, 0, Colour::faint);
    out << line.take();
  };
  put({"name", "type", "shape", "bytes", {}}, Colour::plain);
  Owners owners;
  walk(doc.value, &owners, [&](const Row& r) {
    put(r, r.type.empty() || r.shape.empty() ? (tree && r.note.empty() ? Colour::name : Colour::plain) : Colour::plain);
  });
  out << '\n' << totals.text() << (match.empty() ? "\n" : ", of those that match\n");
  out.flush();
}

class Inspect : public Verb {
 public:
  Inspect() : Verb("inspect", "Print what a file holds, without reading the tensors' bytes") {
    file(path_, "FILE");
    flag(json_, "--json", "One JSON object with every detail");
    flag(tree_, "--tree", "A tree of names, as on a terminal");
    flag(list_, "--list", "A line for each path, as in a pipe");
    option(depth_, "--depth", "N", "Sum up what lies deeper than N names");
    option(match_, "--match", "GLOB", kMatchHelp);
    loads();
    examples = {{"harker inspect model.pt", "every tensor with its dtype, shape and bytes"},
                {"harker inspect --depth 2 model.pt", "the large parts of a large model"},
                {"harker inspect --match '*.bias' --match fc1 model.pt", "the biases, and all of fc1"},
                {"harker inspect --json model.pt", "every detail, for programs"}};
  }
  int run() override {
    if (tree_ && list_) throw UsageError("inspect: --tree or --list, not both");
    if (depth_ < -1) throw UsageError("inspect: --depth counts names, from 0");
    if (json_ && (tree_ || list_ || depth_ >= 0 || !match_.empty()))
      throw UsageError("inspect: --json always lists everything: it goes without --tree, --list, --depth and --match");
    const Document doc = open_listing(path_, load_options());
    if (json_) {
      inspect_json(doc, path_);
    } else {
      const std::size_t depth = depth_ < 0 ? SIZE_MAX : static_cast<std::size_t>(depth_);
      Listing{tree_ || (!list_ && Terminal::out().is), depth, match_}.print(doc, path_);
    }
    return 0;
  }

 private:
  std::string path_;
  bool json_ = false, tree_ = false, list_ = false;
  std::int64_t depth_ = -1;
  std::vector<std::string> match_;
};

}  // namespace

std::unique_ptr<Verb> inspect_verb() { return std::make_unique<Inspect>(); }

}  // namespace harker::cli

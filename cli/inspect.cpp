// `harker inspect`: a line for each tensor and value, as a tree or as a table of paths. One walk; the columns are as wide
// as the first lines need, so that no table of any size is built in memory.
#include <harker/core/base/function_ref.h>
#include <harker/core/base/text.h>
#include <harker/core/repr.h>
#include <harker/serialize/format.h>
#include <harker/serialize/value/tensor_class.h>
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
constexpr std::size_t kNote = 60;  // characters of a value that are shown

struct Row {
  std::string name, type, shape, bytes, note;
};

std::uint64_t tensor_bytes(const Tensor& t) { return static_cast<std::uint64_t>(t.numel()) * item_size(t.dtype()); }

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

std::string tensor_note(ValueWalk& walk, Owners& owners) {
  const Value& v = walk.value();
  const Tensor& t = v.lazy_tensor();
  std::string note;
  auto add = [&](std::string_view s) { note += (note.empty() ? "" : ", ") + std::string(s); };
  if (walk.met_before()) add("same as " + walk.same_as());
  if (t.storage().nbytes > 0) {
    const auto [at, fresh] = owners.try_emplace(&t.storage(), 0);
    if (fresh)
      at->second = walk.pin();
    else if (!walk.met_before())
      add("shares memory with " + walk.path_of(at->second));
  }
  if (const Value* type = tensor_class(v)) add("class " + type->as_opaque().module + '.' + type->as_opaque().name);
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

void fill(Row& row, Entries& entry, Owners& owners) {
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

  /// Calls each(row) for every line, and sums up.
  Totals walk(ValueWalk start, FunctionRef<void(const Row&)> each) const;
  void print(const Document& doc, const std::string& path) const;

 private:
  std::string label(const std::vector<std::string>& place, std::size_t n) const;
};

/// The name of the line for the first `n` steps.
std::string Listing::label(const std::vector<std::string>& place, std::size_t n) const {
  if (n == 0) return "(the file itself)";
  if (tree) return std::string(2 * (n - 1), ' ') + shown(place[n - 1]);
  std::string out;
  for (std::size_t i = 0; i < n; ++i) out += (i ? "." : "") + shown(place[i]);
  return out;
}

Totals Listing::walk(ValueWalk start, FunctionRef<void(const Row&)> each) const {
  Entries entry(std::move(start), match);
  Totals all, sum;
  Owners met, met_in_sum, owners;
  std::vector<std::string> before, top;  // the place of the line before, and of what is being summed up
  bool summing = false;
  std::uint64_t summed = 0;
  Row row;
  std::string top_class;
  auto headers = [&](const std::vector<std::string>& place) {
    std::size_t same = 0;
    while (same < place.size() && same < before.size() && before[same] == place[same]) ++same;
    for (std::size_t n = same + 1; tree && n < place.size(); ++n) each(Row{label(place, n), {}, {}, {}, {}});
    before = place;
  };
  auto end_sum = [&] {
    if (!std::exchange(summing, false)) return;
    headers(top);
    Row r{label(top, top.size()), top_class, {}, {}, {}};
    if (sum.tensors > 0) {
      r.bytes = grouped(sum.bytes);
      r.note = str(grouped(sum.tensors), sum.tensors == 1 ? " tensor, " : " tensors, ", grouped(sum.parameters),
                   sum.parameters == 1 ? " parameter" : " parameters");
    }
    if (sum.tensors == 0 && summed > 0) r.note = str(grouped(summed), summed == 1 ? " entry" : " entries");
    each(r);
  };
  while (entry.next()) {
    all.add(entry.value(), met);
    if (depth != SIZE_MAX) {
      const std::vector<std::string>& place = entry.place();
      if (summing && (place.size() <= depth || !std::equal(top.begin(), top.end(), place.begin()))) end_sum();
      const bool object = entry.is_object() && place.size() == depth;
      if (!summing && (place.size() > depth || object)) {
        summing = true, sum = {}, summed = 0;
        met_in_sum.clear();
        top.assign(place.begin(), place.begin() + static_cast<std::ptrdiff_t>(depth));
        top_class = object ? shown(json::class_name(entry.value())) : std::string();
      }
      if (summing) {
        sum.add(entry.value(), met_in_sum);
        summed += !object;
        if (entry.value().is_tensor()) tensor_note(entry.walk(), owners);  // others may share its memory
        continue;
      }
    }
    if (tree) {
      headers(entry.place());
      row.name = label(before, before.size());
    } else {
      row.name = entry.walk().key().empty() ? label({}, 0) : shown(entry.walk().path());
    }
    fill(row, entry, owners);
    each(row);
  }
  end_sum();
  return all;
}

void Listing::print(const Document& doc, const std::string& path) const {
  Out out;
  out << shown(name_of(path)) << ": " << facts_text(doc.facts) << '\n' << passed_over(doc.facts);
  out << checkpoint_text(doc.value) << '\n';
  Table table(out, {{}, {.colour = Colour::type}, {}, {.right = true}, {.colour = Colour::faint}});
  table.add({"name", "type", "shape", "bytes", {}});
  const Totals totals = walk(ValueWalk(doc.value), [&](const Row& row) {
    if (out.written() > kLongest) detail::throw_error<Error>(name_of(path), ": its listing is longer than 1 GiB");
    table.add({row.name, row.type, row.shape, row.bytes, row.note},
              tree && row.type.empty() ? Colour::name : Colour::plain);
  });
  table.flush();
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

// An archive of torch.export's (torch 2.9 and later; torch/csrc/export/pt2_archive_constants.h), below its folder:
//   archive_format "pt2", archive_version, byteorder, .data/
//   models/NAME.json                             the program
//   data/weights/NAME_weights_config.json        {"config": {FQN: {"path_name": "weight_0", "is_param": true,
//   data/constants/NAME_constants_config.json      "use_pickle": false, "tensor_meta": {"dtype": 7, "sizes": [{"as_int":
//                                                  2}], "strides": [...], "storage_offset": {"as_int": 0}, ...}}}}
//   data/weights/weight_0, data/constants/tensor_0    the bytes of a storage; tied weights name one
//   data/sample_inputs/, data/aotinductor/, extra/    what a program needs besides
// What is pickled on its own (tensor subclasses, custom objects) is passed over, and so are symbolic sizes.
#include <harker/serialize/torch/export_reader.h>

#include <algorithm>
#include <unordered_set>

#include <harker/core/base/text.h>
#include <harker/serialize/torch/storage_rebuilder.h>
#include <harker/serialize/value/json_value.h>

namespace harker::pt {
namespace {

using detail::quoted;
using detail::str;
using detail::throw_error;

constexpr std::string_view kModels = "models/", kJson = ".json";
constexpr std::int64_t kStrided = 7;  // of torch/_export/serde/schema.py, as the numbers of the types
constexpr std::size_t kMostListed = 100;

std::optional<DType> scalar_type(std::int64_t number) {
  using enum DType;
  static constexpr DType kFirst[] = {uint8,   int8,      int16,     int32,      int64, float16, float32,
                                     float64, complex32, complex64, complex128, bool_, bfloat16};
  static constexpr DType kLater[] = {uint16,          float8_e4m3fn,  float8_e5m2, float8_e4m3fnuz,
                                     float8_e5m2fnuz, float8_e8m0fnu, uint32,      uint64};
  if (number >= 1 && number <= 13) return kFirst[number - 1];
  if (number >= 28 && number <= 35) return kLater[number - 28];
  return std::nullopt;
}

// {"as_int": 2}, or null for {"as_expr": ...}.
const Value* size_of(const Value& v) { return v.is_dict() ? v.find("as_int") : nullptr; }

// A list of these as a tuple, or None when one is symbolic.
Value sizes_of(const Value* list) {
  if (!list || !list->is_list()) return {};
  std::vector<Value> out;
  for (const Value& v : list->elements()) {
    const Value* size = size_of(v);
    if (!size) return {};
    out.push_back(*size);
  }
  return Value::tuple(std::move(out));
}

class ExportRebuilder final : public StorageRebuilder {
 public:
  ExportRebuilder(const std::shared_ptr<const io::Source>& source, const ZipArchive& zip, const std::string& root,
                  bool big_endian, bool lazy)
      : StorageRebuilder(source, lazy), zip_(zip), root_(root), big_endian_(big_endian) {}
  Value persistent(const Value&) override { return {}; }  // there is no pickle
  /// Appends what the config file `e` names, in `folder`, to `out`.
  void read(const ZipEntry& e, const std::string& folder, std::uint64_t limit, Value& out);
  /// The records that a config file names or is.
  const std::unordered_set<const ZipEntry*>& named() const { return named_; }
  std::vector<std::string> passed_over;

 private:
  const Value& field(const Value& of, const char* name, bool right(const Value&)) const;
  void entry(const std::string& folder, const Value& meta, Value& out, const std::string& name);
  Value storage(const ZipEntry& e, DType type);

  const ZipArchive& zip_;
  const std::string& root_;
  bool big_endian_;
  std::unordered_set<const ZipEntry*> named_;
  std::unordered_map<const ZipEntry*, std::pair<Value, std::size_t>> storages_;  // and the unit that is swapped
};

const Value& ExportRebuilder::field(const Value& of, const char* name, bool right(const Value&)) const {
  const Value* v = of.is_dict() ? of.find(name) : nullptr;
  if (!v || !right(*v)) throw_error<FormatError>(quoted(name), v ? str(" is a ", v->type_name()) : " is missing");
  return *v;
}

void ExportRebuilder::read(const ZipEntry& e, const std::string& folder, std::uint64_t limit, Value& out) {
  const std::string what = str(zip_.what(), ": ", detail::quoted_if_odd(e.name.substr(root_.size())));
  named_.insert(&e);
  std::vector<std::uint8_t> room;
  const Value json = json_value(io::text(zip_.read(e, limit, room)), what);
  std::string at;
  try {
    for (const auto& [name, meta] : field(json, "config", [](const Value& v) { return v.is_dict(); }).items()) {
      at = ": " + quoted(name.as_string());
      if (out.contains(name)) throw_error<FormatError>("is named twice");
      entry(folder, meta, out, std::string(name.as_string()));
    }
  } catch (const FormatError& error) {
    if (std::string_view(error.what()).starts_with(zip_.what())) throw;
    throw_error<FormatError>(what, at, ": ", error.what());
  }
}

void ExportRebuilder::entry(const std::string& folder, const Value& meta, Value& out, const std::string& name) {
  const std::string path(field(meta, "path_name", [](const Value& v) { return v.is_string(); }).as_string());
  const ZipEntry* e = zip_.find(root_ + folder + path);
  if (!e) throw_error<FormatError>("there is no record ", quoted(root_ + folder + path));
  named_.insert(e);
  const auto pass_over = [&](const std::string& why) {
    passed_over.push_back(str(detail::quoted_if_odd(name), " (", folder, detail::quoted_if_odd(path), "): ", why));
  };
  if (field(meta, "use_pickle", [](const Value& v) { return v.is_bool(); }).as_bool())
    return pass_over("pickled on its own");
  const auto integer = [](const Value& v) { return v.is_int() && v.fits_int64(); };
  const Value& t = field(meta, "tensor_meta", [](const Value& v) { return v.is_dict(); });
  const std::int64_t number = field(t, "dtype", integer).as_int();
  const std::optional<DType> type = scalar_type(number);
  if (!type) return pass_over(str("elements of the unknown type ", number));
  if (field(t, "layout", integer).as_int() != kStrided) return pass_over("not strided");
  const Value sizes = sizes_of(t.find("sizes")), strides = sizes_of(t.find("strides"));
  const Value* offset = t.find("storage_offset");
  if (offset) offset = size_of(*offset);
  if (sizes.is_none() || strides.is_none() || !offset) return pass_over("sizes that are no numbers");
  const auto zero = [](const Value& v) { return v.is_int() && v.fits_int64() && v.as_int() == 0; };
  const std::span<const Value> each = sizes.elements();
  if (e->size == 0 && std::none_of(each.begin(), each.end(), zero)) return pass_over("saved without its bytes");
  const Value dtype(*type);
  out.set(name, Value(view(storage(*e, *type), *offset, sizes, strides, &dtype)));
}

Value ExportRebuilder::storage(const ZipEntry& e, DType type) {
  const std::size_t swap = big_endian_ ? swap_size(type) : 1;
  auto [at, fresh] = storages_.try_emplace(&e);
  auto& [value, unit] = at->second;
  if (!fresh && unit != swap) throw_error<FormatError>("its big-endian bytes are those of another type, too");
  if (!fresh) return value;
  unit = swap;
  StorageRecord r;
  r.label = detail::quoted_if_odd(e.name.substr(root_.size()));
  r.swap = swap;
  r.part = static_cast<std::size_t>(&e - zip_.entries().data());
  const std::string label = r.label;
  const std::size_t i = add(std::move(r), {.stored = e.stored,
                                           .nbytes = e.size,
                                           .deflated = e.deflated,
                                           .crc = e.crc,
                                           .check_crc = e.crc != 0,
                                           .swap = swap,
                                           .label = label});
  return value = storage_value({record(i).storage, DType::uint8, true, label});
}

// The names of the programs: models/NAME.json.
std::vector<std::string> programs(const ZipArchive& zip, const std::string& root) {
  std::vector<std::string> out;
  for (const ZipEntry& e : zip.entries()) {
    std::string_view name = e.name;
    if (!name.starts_with(root + std::string(kModels)) || !name.ends_with(kJson)) continue;
    name.remove_prefix(root.size() + kModels.size());
    out.emplace_back(name.substr(0, name.size() - kJson.size()));
  }
  return out;
}

}  // namespace

bool is_export(const ZipArchive& zip, const std::string& root) { return zip.find(root + "archive_format") != nullptr; }

Document read_export(const std::shared_ptr<const io::Source>& source, const ZipArchive& zip, const std::string& root,
                     const LoadOptions& options) {
  const auto small = [&](const char* name) -> std::string {
    std::vector<std::uint8_t> room;
    const ZipEntry* e = zip.find(root + name);
    return e ? std::string(io::text(zip.read(*e, 64, room))) : std::string();
  };
  const auto fail = [&](const auto&... why) {
    throw_error<FormatError>(zip.what(), ": a torch.export archive (.pt2) ", why...);
  };
  if (zip.find(root + "data.pkl"))
    throw_error<FormatError>(zip.what(), ": two files in one: ", quoted(root + "archive_format"),
                             " of torch.export and ", quoted(root + "data.pkl"), " of torch.save");
  if (const std::string format = small("archive_format"); format != "pt2")
    fail("of the unknown format ", quoted(format));
  const std::string order = small("byteorder");
  if (order != "little" && order != "big" && !order.empty()) fail("whose byte order is ", quoted(order));
  const std::vector<std::string> names = programs(zip, root);
  const bool compiled = std::any_of(zip.entries().begin(), zip.entries().end(),
                                    [&](const ZipEntry& e) { return e.name.starts_with(root + "data/aotinductor/"); });
  if (names.empty() && compiled) fail("of AOTInductor: compiled code, from which no weights are read");
  if (names.empty()) fail("without a program (", quoted(root + "models/NAME.json"), ")");

  ExportRebuilder rebuilder(source, zip, root, order == "big", options.mmap);
  const std::uint64_t size = source->bytes().size(), limit = size + options.max_bytes / 16;
  Value value = Value::dict();
  for (const std::string& name : names) {
    Value weights = Value::ordered_dict();
    for (const std::string folder : {"data/weights/", "data/constants/"}) {
      const std::string kind = folder == "data/weights/" ? "_weights" : "_constants";
      if (const ZipEntry* e = zip.find(root + folder + name + kind + "_config.json"))
        rebuilder.read(*e, folder, limit, weights);
      else if (zip.find(root + folder + name + ".pt"))
        rebuilder.passed_over.push_back(
            str(folder, detail::quoted_if_odd(name), ".pt: as torch 2.8 wrote it: a file of its own"));
      else
        fail("without ", quoted(root + folder + name + kind + "_config.json"));
    }
    if (names.size() == 1)
      value = weights;
    else
      value.set(name, weights);
  }
  rebuilder.finish(value, zip.what(), options);
  bool crc = false;
  std::vector<Value> passed_over;
  std::size_t rest = 0;
  const auto pass_over = [&](const std::string& what) {
    if (passed_over.size() < kMostListed)
      passed_over.emplace_back(what);
    else
      ++rest;
  };
  for (const std::string& what : rebuilder.passed_over) pass_over(what);
  for (const ZipEntry& e : zip.entries()) {
    crc = crc || e.crc != 0;
    const std::string_view name = e.name.substr(std::min(root.size(), e.name.size()));
    static constexpr std::string_view kOwn[] = {"archive_format", "archive_version", "byteorder", "version"};
    if (rebuilder.named().contains(&e) || name.starts_with(".") || std::ranges::find(kOwn, name) != std::end(kOwn))
      continue;
    pass_over(str(detail::quoted_if_odd(name), ": ",
                  name.starts_with(kModels) ? "a program's graph" : str(e.size, " bytes")));
  }
  if (rest > 0) passed_over.emplace_back(str("and ", rest, " more"));
  Document d{std::move(value), Value::dict()};
  d.facts.set("container", "pt2");
  d.facts.set("root_dir", std::string_view(root).substr(0, root.size() - 1));
  d.facts.set("byteorder_record", order.empty() ? Value() : Value(order));
  d.facts.set("crc32", crc);
  if (!passed_over.empty()) d.facts.set("passed_over", Value::list(std::move(passed_over)));
  return d;
}

}  // namespace harker::pt

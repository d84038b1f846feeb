// Putting the parts together. The pickle is run first and yields tensors over storages that have no bytes yet; then the
// tree is walked, so that each storage learns the name of the tensor that uses it first ("fc1.weight (data/0)"), and
// only then are bytes read, in that order. What lies outside LoadOptions::only is never read.
#include <harker/serialize/torch/torch_reader.h>

#include <algorithm>
#include <charconv>
#include <unordered_set>

#include <harker/core/text.h>
#include <harker/serialize/io/file_bytes.h>
#include <harker/serialize/torch/torch_objects.h>
#include <harker/serialize/torch/tree.h>
#include <harker/serialize/torch/zip_reader.h>

namespace harker::pt {
namespace {

using detail::quoted;
using detail::str;

constexpr int kNewestVersion = 10;            // what torch 2.15 reads
constexpr std::uint64_t kSmallRecord = 1024;  // byteorder, version and the like
constexpr std::uint64_t kRoom = 8 << 20;      // what a deflated record may take beyond a multiple of the file

// Answers persistent ids: ('storage', class, key, location, numel) is the record data/KEY.
class ZipObjects final : public TorchObjects {
 public:
  struct Record {
    std::string label;
    const ZipEntry* entry;
    Ref<Storage> storage;
    io::FileBytes* pending;  // null for a storage of no bytes
    std::size_t swap;
    bool placed = false;
    bool quantized = false;  // Value::Quantized gives the integers without asking: they are read even when lazy
  };

  ZipObjects(std::shared_ptr<const io::Source> source, const ZipArchive& zip, std::string root, bool big_endian,
             bool lazy)
      : source_(std::move(source)), zip_(zip), root_(std::move(root)), big_endian_(big_endian), lazy_(lazy) {}

  Value persistent(const Value& id) override;
  Record* record_of(const Storage* s) {
    const auto at = by_storage_.find(s);
    return at == by_storage_.end() ? nullptr : &records_[at->second];
  }
  const std::vector<Record>& records() const { return records_; }

 private:
  std::size_t record(std::string_view key, std::uint64_t nbytes, std::size_t swap);
  std::shared_ptr<const io::Source> source_;
  const ZipArchive& zip_;
  std::string root_;
  bool big_endian_, lazy_;
  std::vector<Record> records_;
  std::unordered_map<std::string, std::size_t> by_key_;
  std::unordered_map<const Storage*, std::size_t> by_storage_;
  std::unordered_map<std::string, Value> values_;
};

Value ZipObjects::persistent(const Value& id) {
  const std::string_view what = "persistent id: ";
  if (!id.is_tuple() || id.len() != 5)
    throw FormatError(str(what, "must be a tuple ('storage', class, key, location, numel), it is ",
                          id.is_tuple() ? str("a tuple of ", id.len()) : str("a ", id.type_name())));
  if (!id[0].is_string() || id[0].as_string() != "storage")
    throw FormatError(str(what, "its first item must be 'storage', it is ",
                          id[0].is_string() ? quoted(id[0].as_string()) : std::string(id[0].type_name())));
  const KnownName type = storage_type(id[1]);
  if (!id[2].is_string() && !id[2].is_int())
    throw FormatError(str(what, "the storage key must be a string, it is a ", id[2].type_name()));
  if (!id[3].is_string()) throw FormatError(str(what, "the location must be a string, it is a ", id[3].type_name()));
  const std::string key = id[2].is_string() ? std::string(id[2].as_string()) : id[2].integer_decimal();
  if (key.empty() || key.find('/') != key.npos || key == "..")
    throw FormatError(str(what, "unsafe storage key ", quoted(key)));
  if (!id[4].is_int() || !id[4].fits_int64())
    throw FormatError(str(what, "numel of storage data/", step_text(id[2]), " must be an integer in range, it is a ",
                          id[4].type_name()));
  const std::int64_t numel = id[4].as_int();
  if (numel < 0) throw FormatError(str(what, "numel of storage ", quoted(key), " is negative: ", numel));
  const bool untyped = type.what == Known::untyped_storage;
  std::uint64_t nbytes = 0;
  if (!io::checked_mul(static_cast<std::uint64_t>(numel), untyped ? 1 : item_size(type.dtype), nbytes))
    throw FormatError(str(what, "the size of storage ", quoted(key), " overflows: numel ", numel));
  auto [at, fresh] = values_.try_emplace(str(key, '\n', untyped ? -1 : static_cast<int>(type.dtype), '\n', numel));
  if (!fresh) return at->second;
  const std::size_t i = record(key, nbytes, untyped || !big_endian_ ? 1 : swap_size(type.dtype));
  return at->second = storage_value({records_[i].storage, type.dtype, untyped, records_[i].label});
}

std::size_t ZipObjects::record(std::string_view key, std::uint64_t nbytes, std::size_t swap) {
  auto [at, fresh] = by_key_.try_emplace(std::string(key), records_.size());
  if (!fresh) {
    const Record& r = records_[at->second];
    if (r.storage->nbytes != nbytes || r.swap != swap)
      throw FormatError(str("persistent id: storage ", r.label, " of ", r.storage->nbytes,
                            " bytes is claimed again with ", nbytes, " bytes or another dtype"));
    return at->second;
  }
  Record r;
  r.label = str("data/", step_text(Value(key)));
  r.entry = zip_.find(str(root_, "data/", key));
  r.pending = nullptr;
  r.swap = swap;
  if (!r.entry)
    throw FormatError(str("persistent id: there is no record ", quoted(str(root_, "data/", key)), " for this storage"));
  if (r.entry->size != nbytes)
    throw FormatError(str("persistent id: storage ", r.label, " has a size of ", r.entry->size,
                          " bytes, the pickle expects ", nbytes));
  if (nbytes == 0) {
    r.storage = make_storage(0);
  } else {
    io::StorageBytes bytes{.stored = r.entry->stored,
                           .nbytes = nbytes,
                           .deflated = r.entry->deflated,
                           .crc = r.entry->crc,
                           .check_crc = r.entry->crc != 0,
                           .swap = swap,
                           .label = r.label};
    r.pending = new io::FileBytes(source_, std::move(bytes), lazy_);
    r.storage = make_storage(r.pending, nullptr, static_cast<std::size_t>(nbytes), true);
  }
  by_storage_.emplace(r.storage.get(), records_.size());
  records_.push_back(std::move(r));
  return records_.size() - 1;
}

// A record of text that may be absent, without the newline it may end in.
std::optional<std::string> text_record(const ZipArchive& zip, const std::string& root, std::string_view name) {
  const ZipEntry* e = zip.find(root + std::string(name));
  if (!e) return std::nullopt;
  std::vector<std::uint8_t> room;
  std::string s(io::text(zip.read(*e, kSmallRecord, room)));
  while (!s.empty() && (s.back() == '\n' || s.back() == '\r' || s.back() == ' ')) s.pop_back();
  return s;
}

std::optional<std::int64_t> integer(const std::string& s) {
  std::int64_t v = 0;
  const auto [end, error] = std::from_chars(s.data(), s.data() + s.size(), v);
  if (error != std::errc() || end != s.data() + s.size()) return std::nullopt;
  return v;
}

std::string find_root(const ZipArchive& zip) {
  if (zip.entries().empty()) throw FormatError(zip.what() + ": the zip archive is empty: no data.pkl");
  const std::string_view first = zip.entries()[0].name;
  const std::size_t slash = first.find('/');
  if (slash == first.npos)
    throw FormatError(str(zip.what(), ": a zip archive without a root directory (its first entry is ", quoted(first),
                          "): no data.pkl is read there"));
  const std::string root(first.substr(0, slash + 1));
  for (const ZipEntry& e : zip.entries())
    if (e.name.ends_with("/data.pkl") && !e.name.starts_with(root))
      throw FormatError(
          str(zip.what(), ": ambiguous: two root directories, ", quoted(root), " and that of ", quoted(e.name)));
  if (zip.find(root + "constants.pkl"))
    throw FormatError(zip.what() + ": is a TorchScript archive (constants.pkl): not read yet");
  if (zip.find(root + "archive_format"))
    throw FormatError(zip.what() + ": is a torch.export archive (.pt2): not read yet");
  if (!zip.find(root + "data.pkl"))
    throw FormatError(
        str(zip.what(), ": a zip archive without ", quoted(root + "data.pkl"), ": not written by torch.save"));
  return root;
}

// Names the unknown classes and functions: first those in the tree, with the path where each is first met.
class Strangers {
 public:
  void add(const Value& v, const std::string& path) {
    const Value::Opaque& o = v.as_opaque();
    add(o.module + "." + o.name, path.empty() ? "at the root" : "at " + path);
  }
  void add(const std::string& name, const std::string& where) {
    if (std::find(names_.begin(), names_.end(), name) != names_.end()) return;
    if (names_.size() < kShown)
      names_.push_back(name), where_.push_back(where);
    else if (std::find(more_.begin(), more_.end(), name) == more_.end() && more_.size() < kCounted)
      more_.push_back(name);
  }
  void refuse(const std::string& what) const {
    if (names_.empty()) return;
    constexpr std::size_t kLongest = 330;
    std::string list;
    std::size_t shown = 0;
    for (; shown < names_.size() && (shown == 0 || list.size() < kLongest - 60); ++shown) {
      if (shown > 0) list += ", ";
      list += quoted(names_[shown], 60) + " " +
              (where_[shown].size() > 60 ? where_[shown].substr(0, 60) + "..." : where_[shown]);
    }
    if (const std::size_t rest = names_.size() + more_.size() - shown; rest > 0) list += str(", and ", rest, " more");
    throw FormatError(str(what, ": names classes or functions that are not known (nothing was run): ", list,
                          ". LoadOptions{.unknown = Unknown::keep} keeps them as opaque values"));
  }

 private:
  static constexpr std::size_t kShown = 8, kCounted = 100;
  std::vector<std::string> names_, where_, more_;
};

// Visits the tree: labels storages in order of first use and collects strangers.
std::vector<ZipObjects::Record*> place(const Value& root, ZipObjects& objects, const std::string& what,
                                       const LoadOptions& options, Strangers& strangers) {
  std::vector<ZipObjects::Record*> order;
  TreeWalk walk(root, what, options.max_depth);
  while (const Value* v = walk.next()) {
    if (v->kind() == Value::Kind::opaque) {
      if (objects.is_storage(*v))
        throw FormatError(str(what, ": a bare storage at ", quoted(walk.path()), " (only tensors are read)"));
      if (!v->as_opaque().known) strangers.add(*v, walk.path());
      continue;
    }
    const Tensor* t = v->is_tensor()                        ? &v->lazy_tensor()
                      : v->kind() == Value::Kind::quantized ? &v->as_quantized().ints
                                                            : nullptr;
    ZipObjects::Record* r = t ? objects.record_of(&t->storage()) : nullptr;
    if (r && !v->is_tensor()) r->quantized = true;
    if (!r || r->placed) continue;
    r->placed = true;
    const std::string path = walk.path();
    if (r->pending) r->pending->set_label(path.empty() ? r->label : str(path, " (", r->label, ")"));
    order.push_back(r);
  }
  return order;
}

}  // namespace

Document read_zip(const std::shared_ptr<const io::Source>& source, const LoadOptions& options, bool every_record) {
  const ZipArchive zip(source->bytes(), source->name());
  const std::string root = find_root(zip);
  if (const auto version = text_record(zip, root, zip.find(root + "version") ? "version" : ".data/version")) {
    const auto v = integer(*version);
    if (!v || *v < 1 || *v > kNewestVersion)
      throw FormatError(
          str(source->name(), ": format version ", quoted(*version), " is not known (1 to ", kNewestVersion, " are)"));
  }
  const std::optional<std::string> order = text_record(zip, root, "byteorder");
  if (order && *order != "little" && *order != "big")
    throw FormatError(
        str(source->name(), ": the byteorder record must be little or big (endian), it is ", quoted(*order)));
  const std::optional<std::string> alignment = text_record(zip, root, ".storage_alignment");

  const std::string what = source->name() + ": data.pkl";
  const std::uint64_t limit = kRoom + 3 * source->bytes().size();
  std::vector<std::uint8_t> room;
  const io::ByteView pickle = zip.read(*zip.find(root + "data.pkl"), limit, room);
  const bool lazy = options.mmap && !every_record;
  ZipObjects objects(source, zip, root, order == "big", lazy);
  PickleReader machine(pickle, what, objects, options.max_opcodes);
  Value value = machine.run();
  if (machine.used() != pickle.size())
    throw FormatError(
        str(what, " at ", machine.used(), ": ", pickle.size() - machine.used(), " trailing bytes after STOP"));
  if (!options.only.empty()) {
    const Value* part = find_path(value, options.only);
    if (!part) throw Error(str(source->name(), ": there is no entry ", quoted(options.only), " (LoadOptions::only)"));
    value = Value(*part);
  }

  Strangers strangers;
  const std::vector<ZipObjects::Record*> used = place(value, objects, what, options, strangers);
  if (options.unknown == Unknown::refuse) {
    if (options.only.empty())
      for (const UnknownName& u : objects.unknown())
        strangers.add(u.module + "." + u.name, str("(byte ", u.position, ")"));
    strangers.refuse(what);
  }
  for (const ZipObjects::Record* r : used)
    if (!lazy || r->quantized) r->storage->ensure();
  for (const Tensor& t : objects.tensors()) {
    TensorImpl& impl = t.impl();
    if (impl.storage->data && !impl.data)
      impl.data = static_cast<std::uint8_t*>(impl.storage->data) +
                  static_cast<std::size_t>(impl.offset) * item_size(impl.dtype);
  }
  std::unordered_set<const ZipEntry*> checked;
  if (!lazy)
    for (const ZipObjects::Record* r : used) checked.insert(r->entry);
  bool crc = false;
  for (const ZipEntry& e : zip.entries()) {
    crc = crc || e.crc != 0;
    if (every_record && !checked.contains(&e)) zip.check(e, limit);
  }

  Document d{std::move(value), Value::dict()};
  d.facts.set("container", "zip");
  d.facts.set("pickle_protocol", machine.protocol());
  d.facts.set("root_dir", std::string_view(root).substr(0, root.size() - 1));
  d.facts.set("byteorder_record", order ? Value(*order) : Value());
  const auto aligned = alignment ? integer(*alignment) : std::nullopt;
  d.facts.set("alignment", aligned ? Value(*aligned) : Value());
  d.facts.set("crc32", crc);
  return d;
}

}  // namespace harker::pt

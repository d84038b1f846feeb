// Zip archives, also TorchScript's. The pickle is run first and yields tensors over storages that have no bytes yet;
// StorageRebuilder::finish reads those that are used.
#include <harker/serialize/torch/torch_reader.h>

#include <algorithm>
#include <charconv>

#include <harker/core/base/text.h>
#include <harker/serialize/torch/script_weights.h>
#include <harker/serialize/torch/storage_rebuilder.h>
#include <harker/serialize/torch/zip_reader.h>

namespace harker::pt {
namespace {

using detail::quoted;
using detail::str;
using detail::throw_error;

constexpr int kNewestVersion = 10;            // what torch 2.15 reads
constexpr std::uint64_t kSmallRecord = 1024;  // byteorder, version and the like
constexpr std::uint64_t kInflated = 16;       // a deflated pickle may be so many times as large as the file,
constexpr std::uint64_t kInflatedRoom = 16;   // and this part of LoadOptions::max_bytes besides

// Answers persistent ids: ('storage', class, key, location, numel) is the record data/KEY.
class ZipRebuilder final : public StorageRebuilder {
 public:
  ZipRebuilder(std::shared_ptr<const io::Source> source, const ZipArchive& zip, std::string root, bool big_endian,
               bool lazy)
      : StorageRebuilder(std::move(source), lazy), zip_(zip), root_(std::move(root)), big_endian_(big_endian) {}
  Value persistent(const Value& id) override;

 private:
  std::size_t record_named(std::string_view key, std::uint64_t nbytes, std::size_t swap);
  const ZipArchive& zip_;
  std::string root_;
  bool big_endian_;
  KeyedMap<std::string, std::size_t> by_key_;
  KeyedMap<std::string, Value> values_;
};

Value ZipRebuilder::persistent(const Value& id) {
  const PersistentId s = persistent_id(id, 5);
  if (s.key.empty() || s.key.find('/') != s.key.npos || s.key == "..")
    throw_error<FormatError>("persistent id: unsafe storage key ", quoted(s.key));
  auto [at, fresh] =
      values_.try_emplace(str(s.key, '\n', s.untyped ? -1 : static_cast<int>(s.type.dtype), '\n', s.numel));
  if (!fresh) return at->second;
  const std::size_t i = record_named(s.key, s.nbytes, s.untyped || !big_endian_ ? 1 : swap_size(s.type.dtype));
  return at->second = storage_value({record(i).storage, s.type.dtype, s.untyped, record(i).label});
}

std::size_t ZipRebuilder::record_named(std::string_view key, std::uint64_t nbytes, std::size_t swap) {
  auto [at, fresh] = by_key_.try_emplace(std::string(key), 0);
  if (!fresh) {
    const StorageRecord& r = record(at->second);
    if (r.storage->nbytes != nbytes || r.swap != swap)
      throw_error<FormatError>("persistent id: storage ", r.label, " of ", r.storage->nbytes,
                               " bytes is claimed again with ", nbytes, " bytes or another dtype");
    return at->second;
  }
  StorageRecord r;
  r.label = str("data/", detail::quoted_if_odd(key));
  r.swap = swap;
  const ZipEntry* e = zip_.find(str(root_, "data/", key));
  if (!e)
    throw_error<FormatError>("persistent id: there is no record ", quoted(str(root_, "data/", key)),
                             " for this storage");
  if (e->size != nbytes)
    throw_error<FormatError>("persistent id: storage ", r.label, " has a size of ", e->size,
                             " bytes, the pickle expects ", nbytes);
  r.part = static_cast<std::size_t>(e - zip_.entries().data());
  io::StorageBytes bytes{.stored = e->stored,
                         .nbytes = nbytes,
                         .deflated = e->deflated,
                         .crc = e->crc,
                         .check_crc = e->crc != 0,
                         .swap = swap,
                         .label = r.label};
  return at->second = add(std::move(r), std::move(bytes));
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
  if (zip.entries().empty()) throw_error<FormatError>(zip.what(), ": the zip archive is empty: no data.pkl");
  const std::string_view first = zip.entries()[0].name;
  const std::size_t slash = first.find('/');
  if (slash == first.npos)
    throw_error<FormatError>(zip.what(), ": a zip archive without a root directory (its first entry is ", quoted(first),
                             "): no data.pkl is read there");
  const std::string root(first.substr(0, slash + 1));
  for (const ZipEntry& e : zip.entries())
    if (e.name.ends_with("/data.pkl") && !e.name.starts_with(root))
      throw_error<FormatError>(zip.what(), ": ambiguous: two root directories, ", quoted(root), " and that of ",
                               quoted(e.name));
  if (zip.find(root + "archive_format"))
    throw_error<FormatError>(zip.what(), ": is a torch.export archive (.pt2): not read yet");
  if (!zip.find(root + "data.pkl"))
    throw_error<FormatError>(zip.what(), ": a zip archive without ", quoted(root + "data.pkl"),
                             ": not written by torch.save");
  return root;
}

// The most bytes that a record other than a storage may inflate to.
std::uint64_t record_limit(const LoadOptions& options, const io::Source& source) {
  return options.max_bytes / kInflatedRoom + kInflated * source.bytes().size();
}

}  // namespace

void examine_rest(const io::Source& source, const LoadOptions& options, const Examined& examined, Findings& findings) {
  const ZipArchive zip(source.bytes(), source.name());
  for (const ZipEntry& e : zip.entries()) {
    if (e.stored.empty() || examined.contains(e.stored.data())) continue;
    if (!e.deflated) {
      const Ref<Storage> record = io::read_storage(
          source.shared_from_this(),
          {.stored = e.stored, .nbytes = e.size, .crc = e.crc, .check_crc = e.crc != 0, .label = quoted(e.name)}, true);
      if (const std::string why = io::StorageView(*record).check(); !why.empty()) findings.wrong(why);
      continue;
    }
    try {
      zip.check(e, record_limit(options, source));
    } catch (const FormatError& error) { findings.wrong(error.what()); }
  }
}

Document read_zip(const std::shared_ptr<const io::Source>& source, const LoadOptions& options) {
  const ZipArchive zip(source->bytes(), source->name());
  const std::string root = find_root(zip);
  if (const auto version = text_record(zip, root, zip.find(root + "version") ? "version" : ".data/version")) {
    const auto v = integer(*version);
    if (!v || *v < 1 || *v > kNewestVersion)
      throw_error<FormatError>(source->name(), ": format version ", quoted(*version), " is not known (1 to ",
                               kNewestVersion, " are)");
  }
  const std::optional<std::string> order = text_record(zip, root, "byteorder");
  if (order && *order != "little" && *order != "big")
    throw_error<FormatError>(source->name(), ": the byteorder record must be little or big (endian), it is ",
                             quoted(*order));
  const std::optional<std::string> alignment = text_record(zip, root, ".storage_alignment");

  const std::string what = source->name() + ": data.pkl";
  const std::uint64_t limit = record_limit(options, *source);
  std::vector<std::uint8_t> room;
  const io::ByteView pickle = zip.read(*zip.find(root + "data.pkl"), limit, room);
  const bool scripted = zip.find(root + "constants.pkl") != nullptr;  // torch's own rule
  ZipRebuilder rebuilder(source, zip, root, order == "big", options.mmap);
  const PickleLimits limits = pickle_limits(options, *source);
  PickleReader machine(pickle, what, rebuilder, limits);
  Value value = machine.run();
  if (machine.used() != pickle.size())
    throw_error<FormatError>(what, " at ", machine.used(), ": ", pickle.size() - machine.used(),
                             " trailing bytes after STOP");
  if (scripted) {
    ScriptClasses classes(zip, root, limit);
    value = script_weights(value, classes, what, limits.memory);
  }
  rebuilder.finish(value, what, options, scripted);

  Document d{std::move(value), Value::dict()};
  d.facts.set("container", scripted ? "torchscript" : "zip");
  d.facts.set("pickle_protocol", machine.protocol());
  d.facts.set("root_dir", std::string_view(root).substr(0, root.size() - 1));
  d.facts.set("byteorder_record", order ? Value(*order) : Value());
  const auto aligned = alignment ? integer(*alignment) : std::nullopt;
  d.facts.set("alignment", aligned ? Value(*aligned) : Value());
  d.facts.set("crc32", std::any_of(zip.entries().begin(), zip.entries().end(), [](auto& e) { return e.crc != 0; }));
  return d;
}

}  // namespace harker::pt

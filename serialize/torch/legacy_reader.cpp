// The legacy stream: the magic number, the protocol version, the system's facts, the object, the list of storage keys
// (a pickle each), then for every key an int64 count of elements and the elements, little-endian whatever wrote them.
// The object names storages before their place is known; each learns it from the list, which must name every storage
// exactly once: a storage that it omits would hold whatever lay in memory.
#include <harker/serialize/torch/legacy_reader.h>

#include <algorithm>

#include <harker/core/base/text.h>
#include <harker/serialize/torch/plain_pickle.h>
#include <harker/serialize/torch/storage_rebuilder.h>

namespace harker::pt {
namespace {

using detail::quoted;
using detail::str;
using detail::throw_error;

constexpr std::string_view kMagicBytes("\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19", 12);
constexpr std::string_view kMagicText = "119547037146038801333356";
constexpr std::int64_t kProtocolVersion = 1001;

// ('storage', class, key, location, numel, None or (view key, offset, size)); ('module', class, file, source).
class LegacyRebuilder final : public StorageRebuilder {
 public:
  LegacyRebuilder(std::shared_ptr<const io::Source> source, bool lazy) : StorageRebuilder(std::move(source), lazy) {}
  Value persistent(const Value& id) override;
  /// Tells every storage where its bytes are. `in` stands behind the key list.
  void place(const Value& keys, io::ByteCursor& in);

 private:
  struct Root {
    std::size_t record;
    std::uint64_t item;
    bool placed = false;
  };
  struct View {
    std::string root;
    std::int64_t offset, size;
    std::size_t record;
  };
  Root& root(const PersistentId& id);
  std::size_t view(const PersistentId& id, const Root& of, const Value& metadata);
  KeyedMap<std::string, Root> roots_;
  KeyedMap<std::string, View> views_;
  KeyedMap<std::string, Value> values_;
};

std::string key_text(const Value& v, const char* what) {
  if (v.is_string()) return std::string(v.as_string());
  if (v.is_int() && v.fits_int64()) return std::to_string(v.as_int());
  throw_error<FormatError>(what, " must be a string, it is a ", v.type_name());
}

Value LegacyRebuilder::persistent(const Value& id) {
  if (id.is_tuple() && id.len() == 4 && id[0].is_string() && id[0].as_string() == "module") {
    const bool stranger = id[1].kind() == Value::Kind::opaque && !id[1].as_opaque().known && !id[1].as_opaque().called;
    if (!stranger)
      throw_error<FormatError>(
          "persistent id: 'module' must name a class of a module with its source, it names ",
          id[1].kind() == Value::Kind::opaque ? quoted(id[1].as_opaque().name) : str("a ", id[1].type_name()));
    return id[1];
  }
  const PersistentId s = persistent_id(id, 6);
  const Root& r = root(s);
  std::size_t at = r.record;
  std::string name = s.key;
  if (!id[5].is_none()) {
    at = view(s, r, id[5]);
    name += '\n' + key_text(id[5][0], "persistent id: the view's key");
  }
  auto [value, fresh] = values_.try_emplace(str(name, '\n', s.untyped ? -1 : static_cast<int>(s.type.dtype)));
  if (fresh) value->second = storage_value({record(at).storage, s.type.dtype, s.untyped, record(at).label});
  return value->second;
}

LegacyRebuilder::Root& LegacyRebuilder::root(const PersistentId& id) {
  auto [at, fresh] = roots_.try_emplace(id.key, Root{});
  if (!fresh) {
    const StorageRecord& r = record(at->second.record);
    if (r.storage->nbytes != id.nbytes)
      throw_error<FormatError>("persistent id: ", r.label, " of ", r.storage->nbytes, " bytes is claimed again with ",
                               id.nbytes, " bytes");
    return at->second;
  }
  StorageRecord r;
  r.label = "storage " + detail::quoted_if_odd(id.key);
  if (id.nbytes > source().bytes().size())
    throw_error<FormatError>("persistent id: ", r.label, " has a size of ", id.nbytes, " bytes, the whole file has ",
                             source().bytes().size(), ": truncated?");
  const io::StorageBytes bytes{.stored = {}, .nbytes = id.nbytes, .label = r.label};
  at->second.record = add(std::move(r), bytes);
  at->second.item = id.untyped ? 1 : item_size(id.type.dtype);
  return at->second;
}

std::size_t LegacyRebuilder::view(const PersistentId& id, const Root& of, const Value& metadata) {
  const char* what = "persistent id: a view of a storage";
  if (!metadata.is_tuple() || metadata.len() != 3 || !metadata[1].is_int() || !metadata[2].is_int())
    throw_error<FormatError>(what, " must be a tuple (key, offset, size), it is a ", metadata.type_name());
  const std::string key = key_text(metadata[0], "persistent id: the view's key");
  const bool fits = metadata[1].fits_int64() && metadata[2].fits_int64();
  const std::int64_t offset = fits ? metadata[1].as_int() : -1, size = fits ? metadata[2].as_int() : -1;
  if (offset < 0 || size < 0 || offset > id.numel || size > id.numel - offset)
    throw_error<FormatError>(what, " reaches past it: offset ", offset, ", size ", size, " of storage ", quoted(id.key),
                             " with ", id.numel, " elements (-1: out of range)");
  auto [at, fresh] = views_.try_emplace(key, View{id.key, offset, size, 0});
  View& v = at->second;
  if (!fresh && (v.root != id.key || v.offset != offset || v.size != size))
    throw_error<FormatError>(what, ", ", quoted(key), ", is claimed again with another offset, size or storage");
  if (fresh) {
    const std::uint64_t item = id.untyped ? 1 : item_size(id.type.dtype);
    v.record = add_view(of.record, static_cast<std::uint64_t>(offset) * item, static_cast<std::uint64_t>(size) * item,
                        "view " + detail::quoted_if_odd(key));
  } else if (record(v.record).storage->nbytes !=
             static_cast<std::uint64_t>(size) * (id.untyped ? 1 : item_size(id.type.dtype))) {
    throw_error<FormatError>(what, ", ", quoted(key), ", is claimed again with another dtype");
  }
  return v.record;
}

void LegacyRebuilder::place(const Value& keys, io::ByteCursor& in) {
  if (!keys.is_list()) throw_error<FormatError>("the storage keys must be a list, they are a ", keys.type_name());
  for (const Value& k : keys.elements()) {
    const std::string key = key_text(k, "a storage key");
    const auto at = roots_.find(key);
    if (at == roots_.end())
      throw_error<FormatError>("the key list names storage ", quoted(key), ", which nothing uses");
    Root& root = at->second;
    if (root.placed) throw_error<FormatError>("the key list names storage ", quoted(key), " twice (duplicate)");
    root.placed = true;
    StorageRecord& r = record(root.record);
    const std::size_t position = in.position();
    if (in.left() < 8)
      throw_error<FormatError>(r.label, " at ", position, ": truncated: the size needs 8 bytes, ", in.left(),
                               " are left");
    const auto numel = static_cast<std::int64_t>(in.u64());
    if (numel < 0) throw_error<FormatError>(r.label, " at ", position, ": the size is negative: ", numel);
    const std::uint64_t expected = r.storage->nbytes / root.item;
    if (static_cast<std::uint64_t>(numel) != expected)
      throw_error<FormatError>(r.label, " at ", position, ": a size of ", numel, " elements, the pickle expects ",
                               expected);
    if (r.storage->nbytes > in.left())
      throw_error<FormatError>(r.label, " at ", in.position(), ": truncated: ", r.storage->nbytes, " bytes expected, ",
                               in.left(), " are left");
    const io::ByteView bytes = in.take(r.storage->nbytes);
    if (r.pending) r.pending->set_stored(bytes);
  }
  for (const auto& [key, root] : roots_)
    if (!root.placed)
      throw_error<FormatError>("the key list omits storage ", quoted(key), ", which a tensor uses: it has no bytes");
}

}  // namespace

bool is_legacy(io::ByteView file) {
  const std::string_view s = io::text(file.first(std::min<std::size_t>(file.size(), 48)));
  const bool opcodes =
      s.size() > 2 && s[0] == '\x80' && s.substr(0, 24).find(kMagicBytes) != s.npos;  // in a frame, too
  return opcodes || (s.starts_with('L') && s.substr(1).starts_with(kMagicText));
}

Document read_legacy(const std::shared_ptr<const io::Source>& source, const LoadOptions& options) {
  const io::ByteView file = source->bytes();
  const std::string& name = source->name();
  io::ByteCursor in(file, name);
  const PickleLimits limits = pickle_limits(options, *source);
  const Value magic = read_plain_pickle(in, name + ": magic number", limits);
  const io::ByteView number = io::bytes(kMagicBytes.substr(2));
  if (!magic.is_int() || !std::ranges::equal(magic.integer_bytes(), number))
    throw_error<FormatError>(name, ": wrong magic number: not a legacy PyTorch file");
  std::string what = str(name, ": protocol version (pickle at ", in.position(), ")");
  const Value version = read_plain_pickle(in, what, limits);
  if (!version.is_int() || !version.fits_int64() || version.as_int() != kProtocolVersion)
    throw_error<FormatError>(what, ": the protocol version must be ", kProtocolVersion, ", it is ",
                             version.fits_int64() ? str(version.as_int()) : str("a ", version.type_name()));
  what = str(name, ": system info (pickle at ", in.position(), ")");
  check_system_info(read_plain_pickle(in, what, limits), what);

  const std::string object = str(name, ": object (pickle at ", in.position(), ")");
  LegacyRebuilder rebuilder(source, options.mmap);
  PickleReader machine(in.rest(), object, rebuilder, limits);
  Value value = machine.run();
  in.take(machine.used());
  what = str(name, ": storage keys (pickle at ", in.position(), ")");
  const Value keys = read_plain_pickle(in, what, limits);
  try {
    rebuilder.place(keys, in);
  } catch (const FormatError& e) { throw_error<FormatError>(name, ": ", e.what()); }
  if (!in.done())
    throw_error<FormatError>(name, " at ", in.position(), ": ", in.left(), " trailing bytes after the last storage");
  rebuilder.finish(value, object, options);
  Document d{std::move(value), Value::dict()};
  d.facts.set("container", "legacy");
  d.facts.set("pickle_protocol", machine.protocol());
  return d;
}

}  // namespace harker::pt

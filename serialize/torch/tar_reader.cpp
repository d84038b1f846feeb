// The tar form: `storages` holds the storages and then the list of those that are part of another, `tensors` the
// geometry of every tensor by key, `pickle` the object, whose persistent ids are those keys. All three begin with a
// pickle that says how many follow.
#include <charconv>

#include <harker/core/base/text.h>
#include <harker/serialize/torch/legacy_reader.h>
#include <harker/serialize/torch/plain_pickle.h>
#include <harker/serialize/torch/storage_rebuilder.h>
#include <harker/serialize/torch/tar_archive.h>
#include <harker/serialize/value/geometry.h>

namespace harker::pt {
namespace {

using detail::quoted;
using detail::str;
using detail::throw_error;

std::int64_t integer(const Value& v, const char* what) {
  if (!v.is_int() || !v.fits_int64()) throw_error<FormatError>(what, " must be an integer, it is a ", v.type_name());
  return v.as_int();
}
std::int64_t natural(const Value& v, const char* what) {
  const std::int64_t n = integer(v, what);
  if (n < 0) throw_error<FormatError>(what, " is negative: ", n);
  return n;
}

class TarRebuilder final : public StorageRebuilder {
 public:
  TarRebuilder(std::shared_ptr<const io::Source> source, bool lazy, const PickleLimits& limits)
      : StorageRebuilder(std::move(source), lazy), limits_(limits) {}
  Value persistent(const Value& id) override;
  void read_storages(io::ByteView member, const std::string& what);
  void read_tensors(io::ByteView member, const std::string& what);

 private:
  struct Stored {
    std::size_t record;
    DType dtype;
    Value value;
  };
  Value small_pickle(io::ByteCursor& in, const std::string& what);
  void read_storage(const Value& entry, io::ByteCursor& in);
  void read_view(const Value& entry);
  void read_tensor(const Value& entry, io::ByteCursor& in);
  const Stored& storage(std::int64_t key) const;
  void add_storage(std::int64_t key, std::size_t record, DType dtype);
  PickleLimits limits_;
  KeyedMap<std::int64_t, Stored> storages_;
  KeyedMap<std::int64_t, Value> tensors_;
};

Value TarRebuilder::persistent(const Value& id) {
  if (id.is_tuple() && id.len() == 3 && id[0].kind() == Value::Kind::opaque && !id[0].as_opaque().known &&
      !id[0].as_opaque().called)
    return id[0];  // (class, file, source) of a module
  if (!id.is_string()) throw_error<FormatError>("persistent id: must be a tensor's key, it is a ", id.type_name());
  const std::string_view digits = id.as_string();
  std::int64_t key = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), key);
  const bool whole = error == std::errc() && end == digits.data() + digits.size();
  const auto at = whole ? tensors_.find(key) : tensors_.end();
  if (at == tensors_.end()) throw_error<FormatError>("persistent id: there is no tensor with the key ", quoted(digits));
  return at->second;
}

Value TarRebuilder::small_pickle(io::ByteCursor& in, const std::string& what) {
  const std::size_t before = unknown().size(), at = in.position();
  PickleReader machine(in.rest(), str(what, " (pickle at ", at, ")"), *this, limits_);
  Value v = machine.run();
  if (unknown().size() > before) {
    const UnknownName& u = unknown().back();
    throw_error<FormatError>(what, " at ", at, ": names ", quoted(u.module + "." + u.name),
                             ", which is no tensor or storage class (nothing was run)");
  }
  in.take(machine.used());
  return v;
}

const TarRebuilder::Stored& TarRebuilder::storage(std::int64_t key) const {
  const auto at = storages_.find(key);
  if (at == storages_.end()) throw_error<FormatError>("there is no storage with the key ", key);
  return at->second;
}

void TarRebuilder::add_storage(std::int64_t key, std::size_t i, DType dtype) {
  const Value v = storage_value({record(i).storage, dtype, false, record(i).label});
  if (!storages_.try_emplace(key, Stored{i, dtype, v}).second)
    throw_error<FormatError>("two storages with the key ", key);
}

void TarRebuilder::read_storages(io::ByteView member, const std::string& what) {
  io::ByteCursor in(member, what);
  const std::int64_t count = natural(small_pickle(in, what), "the number of storages");
  for (std::int64_t i = 0; i < count; ++i) read_storage(small_pickle(in, what), in);
  const Value views = small_pickle(in, what);
  if (!views.is_list()) throw_error<FormatError>(what, ": the list of views is a ", views.type_name());
  for (const Value& v : views.elements()) read_view(v);
  if (!in.done()) throw_error<FormatError>(what, " at ", in.position(), ": ", in.left(), " trailing bytes");
}

void TarRebuilder::read_storage(const Value& entry, io::ByteCursor& in) {
  if (!entry.is_tuple() || entry.len() != 3)
    throw_error<FormatError>("a storage must be a tuple (key, location, class), it is a ", entry.type_name());
  const std::int64_t key = integer(entry[0], "a storage's key");
  if (!entry[1].is_string()) throw_error<FormatError>("a storage's location must be a string");
  const AllowedGlobal type = storage_type(entry[2]);
  if (type.what != Global::storage) throw_error<FormatError>("a storage without a dtype");
  const auto numel = static_cast<std::int64_t>(in.u64());
  if (numel < 0) throw_error<FormatError>("storage ", key, ": the number of elements is negative: ", numel);
  StorageRecord r;
  r.label = str("storage ", key);
  io::StorageBytes bytes;
  bytes.label = r.label;
  if (!io::checked_mul(static_cast<std::uint64_t>(numel), item_size(type.dtype), bytes.nbytes) ||
      bytes.nbytes > in.left())
    throw_error<FormatError>(r.label, ": ", numel, " elements of ", item_size(type.dtype), " bytes, ", in.left(),
                             " bytes are left: truncated");
  bytes.stored = in.take(bytes.nbytes);
  add_storage(key, add(std::move(r), bytes), type.dtype);
}

void TarRebuilder::read_view(const Value& entry) {
  if (!entry.is_tuple() || entry.len() != 4)
    throw_error<FormatError>("a view must be a tuple (key, root, offset, numel), it is a ", entry.type_name());
  const std::int64_t key = integer(entry[0], "a view's key");
  const Stored& root = storage(integer(entry[1], "a view's root"));
  const std::uint64_t item = item_size(root.dtype), all = record(root.record).storage->nbytes / item;
  const auto offset = static_cast<std::uint64_t>(natural(entry[2], "a view's offset"));
  const auto numel = static_cast<std::uint64_t>(natural(entry[3], "a view's size"));
  if (offset > all || numel > all - offset)
    throw_error<FormatError>("view ", key, " reaches past its storage: offset ", offset, ", size ", numel, " of ", all);
  const DType dtype = root.dtype;
  add_storage(key, add_view(root.record, offset * item, numel * item, str("view ", key)), dtype);
}

void TarRebuilder::read_tensors(io::ByteView member, const std::string& what) {
  io::ByteCursor in(member, what);
  const std::int64_t count = natural(small_pickle(in, what), "the number of tensors");
  for (std::int64_t i = 0; i < count; ++i) read_tensor(small_pickle(in, what), in);
  if (!in.done()) throw_error<FormatError>(what, " at ", in.position(), ": ", in.left(), " trailing bytes");
}

void TarRebuilder::read_tensor(const Value& entry, io::ByteCursor& in) {
  if (!entry.is_tuple() || entry.len() != 3)
    throw_error<FormatError>("a tensor must be a tuple (key, storage, class), it is a ", entry.type_name());
  const std::int64_t key = integer(entry[0], "a tensor's key");
  const Stored& s = storage(integer(entry[1], "a tensor's storage"));
  const auto rank = static_cast<std::int32_t>(in.u32());
  in.take(4);  // the number of dimensions was once written as eight bytes of which these mean nothing
  if (rank < 0 || rank > kMaxRank)
    throw_error<FormatError>("tensor ", key, ": the number of dimensions must be 0 to ", kMaxRank, ", it is ", rank);
  std::vector<Value> sizes, strides;
  for (std::int32_t i = 0; i < rank; ++i) sizes.emplace_back(static_cast<std::int64_t>(in.u64()));
  for (std::int32_t i = 0; i < rank; ++i) strides.emplace_back(static_cast<std::int64_t>(in.u64()));
  const Value offset(static_cast<std::int64_t>(in.u64()));
  Value v(view(s.value, offset, Value::tuple(std::move(sizes)), Value::tuple(std::move(strides)), nullptr));
  v.mark_from_file();
  if (!tensors_.try_emplace(key, v).second) throw_error<FormatError>("two tensors with the key ", key);
}

}  // namespace

bool is_tar(io::ByteView file) {
  constexpr std::size_t kMagicAt = 257;
  return file.size() > kMagicAt + 5 && io::text(file).substr(kMagicAt, 5) == "ustar";
}

Document read_tar(const std::shared_ptr<const io::Source>& source, const LoadOptions& options) {
  const std::string& name = source->name();
  const TarArchive tar(source->bytes(), name);
  const TarArchive::Member* pickle = tar.find("pickle");
  const TarArchive::Member* storages = tar.find("storages");
  const TarArchive::Member* tensors = tar.find("tensors");
  if (!pickle || !storages || !tensors)
    throw_error<FormatError>(name, ": a tar archive without the member ",
                             !pickle     ? "'pickle'"
                             : !storages ? "'storages'"
                                         : "'tensors'",
                             ": not written by PyTorch");
  const PickleLimits limits = pickle_limits(options, *source);
  if (const TarArchive::Member* info = tar.find("sys_info")) {
    const std::string what = name + ": sys_info";
    io::ByteCursor in(info->data, what);
    check_system_info(read_plain_pickle(in, what, limits), what);
  }
  TarRebuilder rebuilder(source, options.mmap, limits);
  const auto within = [&](const char* member, auto&& read) {
    try {
      read();
    } catch (const FormatError& e) {
      const std::string_view message = e.what();
      if (message.starts_with(name)) throw;
      throw_error<FormatError>(name, ": ", member, ": ", message);
    }
  };
  within("storages", [&] { rebuilder.read_storages(storages->data, name + ": storages"); });
  within("tensors", [&] { rebuilder.read_tensors(tensors->data, name + ": tensors"); });
  const std::string what = name + ": pickle";
  PickleReader machine(pickle->data, what, rebuilder, limits);
  Value value = machine.run();
  if (machine.used() != pickle->data.size())
    throw_error<FormatError>(what, " at ", machine.used(), ": ", pickle->data.size() - machine.used(),
                             " trailing bytes after STOP");
  rebuilder.finish(value, what, options);
  Document d{std::move(value), Value::dict()};
  d.facts.set("container", "tar");
  d.facts.set("pickle_protocol", machine.protocol());
  return d;
}

}  // namespace harker::pt

// StorageRebuilder: what all of PyTorch's containers share once a pickle names storages whose bytes lie elsewhere in
// the file: a table of storages, and the last steps of reading: label them, refuse strangers, read only what is used.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include <harker/core/base/hash_index.h>
#include <harker/serialize/io/file_bytes.h>
#include <harker/serialize/serialize.h>
#include <harker/serialize/torch/rebuilder.h>

namespace harker::pt {

/// A storage as a persistent id claims it to be.
struct PersistentId {
  AllowedGlobal type;
  std::string key;
  std::int64_t numel = 0;
  std::uint64_t nbytes = 0;
  bool untyped = false;  ///< counts bytes
};

struct StorageRecord {
  std::string label;  ///< "data/0"
  Ref<Storage> storage;
  io::FileBytes* pending = nullptr;  ///< null for a storage of no bytes, or a view
  std::size_t part = 0;              ///< where in the file: an index that means something to the container
  std::size_t swap = 1;
  bool placed = false;
  std::size_t root = 0;      ///< of a view: the record that it is part of, which is none itself
  std::uint64_t offset = 0;  ///< of a view: where it begins in that one
  bool is_view = false;
  bool quantized = false;  ///< Value::Quantized gives the integers without asking: they are read even when lazy
};

class StorageRebuilder : public Rebuilder {
 public:
  StorageRebuilder(std::shared_ptr<const io::Source> source, bool lazy) : source_(std::move(source)), lazy_(lazy) {}
  /// The last steps, on the value that the pickle made: narrows it to LoadOptions::only, names its storages after the
  /// tensors that use them first, refuses unknown classes (but those of a TorchScript archive's own code, when
  /// `scripted`), and reads. `what` begins every error. Returns the storages that are used, in the order of first use.
  std::vector<const StorageRecord*> finish(Value& value, const std::string& what, const LoadOptions& options,
                                           bool scripted = false);

 protected:
  /// ('storage', class, key, location, numel, ...): a tuple of `arity` items, checked.
  PersistentId persistent_id(const Value& id, std::size_t arity) const;
  /// A record whose bytes are `bytes`, or, with `bytes.stored` empty, will be told later.
  std::size_t add(StorageRecord r, io::StorageBytes bytes);
  /// A record that is part of another's storage. Part of a part is a part of the whole, however long the chain.
  std::size_t add_view(std::size_t of, std::uint64_t offset, std::uint64_t nbytes, std::string label);
  StorageRecord& record(std::size_t i) { return records_[i]; }
  /// There will be no more than so many records.
  void expect(std::size_t n) { records_.reserve(n); }
  const io::Source& source() const { return *source_; }

 private:
  StorageRecord* record_of(const Storage* s);
  static void name_after(const StorageRecord& r, const std::string& path);
  std::shared_ptr<const io::Source> source_;
  bool lazy_;
  std::vector<StorageRecord> records_;
  detail::HashIndex by_storage_;
};

}  // namespace harker::pt

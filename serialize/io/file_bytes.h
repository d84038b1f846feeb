// FileBytes: the owner of a storage whose bytes are still in the file; they are read at the first use.
// read_storage() makes one for lazy storages; a reader that learns a storage's name late makes it itself.
#pragma once
#include <harker/serialize/io/source.h>

namespace harker HARKER_PUBLIC {
namespace io {

class FileBytes final : public StorageOwner {
 public:
  /// `alias`: use the source's own memory where it allows that (16-byte aligned, stored, in our byte order).
  FileBytes(std::shared_ptr<const Source> source, StorageBytes bytes, bool alias);
  /// For storages whose place in the file is learnt after they are named: `stored` was empty so far.
  void set_stored(ByteView stored);
  /// For errors, until the bytes are made.
  void set_label(std::string label) { bytes_.label = std::move(label); }
  /// Where the bytes already are, or null.
  void* alias() const { return alias_; }
  void* materialize() override;

 private:
  std::shared_ptr<const Source> source_;
  StorageBytes bytes_;
  bool may_alias_;
  void* alias_ = nullptr;
  Ref<Storage> copy_;
};

}  // namespace io
}  // namespace harker

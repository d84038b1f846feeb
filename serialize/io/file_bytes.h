// FileBytes: the owner of a storage whose bytes are still in the file; they are read at the first use.
// read_storage() makes one for lazy storages; a reader that learns a storage's name late makes it itself.
#pragma once
#include <harker/core/base/function_ref.h>
#include <harker/serialize/io/source.h>

namespace harker HARKER_PUBLIC {
namespace io {

/// The CRC of bytes of `source`, piece by piece: of a window, too, without all its pages at once.
std::uint32_t crc_of(const Source& source, ByteView bytes);

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
  /// Where they are; null once they were copied.
  const Source* source() const { return source_.get(); }
  const StorageBytes& place() const { return bytes_; }
  /// The checksum was found right.
  bool checked() const { return checked_; }
  void set_checked() const { checked_ = true; }

 private:
  std::shared_ptr<const Source> source_;
  StorageBytes bytes_;
  bool may_alias_;
  mutable std::atomic<bool> checked_{false};
  void* alias_ = nullptr;
  Ref<Storage> copy_;
};

/// The bytes of a storage, a piece at a time, and without making a lazy one real: what lies in a file as it is in memory
/// is handed out from there, what lies in another byte order piece by piece; only deflated bytes are inflated whole.
/// Nothing is checked but by check().
class StorageView {
 public:
  /// `s` must outlive this.
  explicit StorageView(Storage& s);
  std::uint64_t size() const { return storage_.nbytes; }
  /// `n` bytes from `at` on, both whole elements; valid until the next call.
  ByteView bytes(std::uint64_t at, std::size_t n);
  /// Hands out all bytes, front to back, in pieces of whole elements, and compares their checksum, if there is one.
  /// Returns what is wrong, or "".
  std::string check(FunctionRef<void(std::uint64_t at, ByteView piece)> each = [](std::uint64_t, ByteView) {});
  /// Checks, unless that was done. FormatError.
  void require();
  /// Where they lie in a file, or null.
  const StorageBytes* place() const { return file_ ? &file_->place() : nullptr; }

 private:
  Storage& storage_;
  const FileBytes* file_ = nullptr;
  std::vector<std::uint8_t> swapped_;
};

}  // namespace io
}  // namespace harker

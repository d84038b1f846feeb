// Source: all bytes of a file or of a piece of memory, kept alive by whoever holds it. Small files are read, large ones
// mapped (measured: 3.5 µs against 9.2 for 3 KB). The mapping outlives the file's name. Copy-on-write: writing to it
// never reaches the file.
#pragma once
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <harker/core/tensor/storage.h>
#include <harker/serialize/io/byte_view.h>

namespace harker HARKER_PUBLIC {
namespace io {

class Source : public std::enable_shared_from_this<Source> {
 public:
  /// `map`: map even a small file. IoError when it is missing, unreadable, a folder, or no regular file.
  static std::shared_ptr<const Source> open(const std::string& path, bool map = false);
  /// A file to be looked at only: tensors over it must not be written to. Mapped, a large one, but its pages are given
  /// back by looked(), so that whoever reads it piece by piece stays within a few MiB whatever its size.
  static std::shared_ptr<const Source> open_window(const std::string& path);
  /// Bytes that the caller keeps alive for as long as anything read from them lives; `name` stands for the path in
  /// messages.
  static std::shared_ptr<const Source> view(ByteView bytes, std::string name = "memory");
  /// The same, with a copy of the bytes.
  static std::shared_ptr<const Source> copy(ByteView bytes, std::string name = "memory");
  /// The same, taking the bytes over.
  static std::shared_ptr<const Source> adopt(std::vector<std::uint8_t> bytes, std::string name = "memory");
  virtual ~Source() = default;

  /// Another file that this one names, in the same folder or below it. FormatError for a `location` that leads out of
  /// the folder (absolute, "..", a folder that is a symbolic link), and for a link in place of the file itself unless
  /// `follow`. Each part is opened in the one before, so nothing can be swapped between check and use. IoError as
  /// open(), and for bytes that are in no folder.
  std::shared_ptr<const Source> beside(std::string_view location, bool map = false, bool follow = false) const;

  ByteView bytes() const { return bytes_; }
  /// `n` more bytes of it were looked at. No bytes become invalid.
  void looked(std::uint64_t n) const {
    if (is_window_) give_back(n);
  }
  /// The path as given, or the name.
  const std::string& name() const { return name_; }
  /// Whether tensors may alias these bytes: a private mapping, or memory of our own.
  bool may_alias() const { return may_alias_; }

 protected:
  Source(ByteView bytes, std::string name, bool may_alias)
      : bytes_(bytes), name_(std::move(name)), may_alias_(may_alias) {}
  ByteView bytes_;
  std::string name_;
  bool may_alias_ = false;

 private:
  static std::shared_ptr<const Source> from_descriptor(int fd, const std::string& path, bool map, bool window);
  void give_back(std::uint64_t n) const;
  bool is_file_ = false, is_window_ = false;
  mutable std::atomic<std::uint64_t> looked_{0};
};

/// To be called by loops that come by all of a file, for each place where they look: whose window it is in, if in any,
/// is told, of as many bytes around as a look at one of them maps.
void came_by(const void* place);

/// What a reader knows about one storage in the file.
struct StorageBytes {
  ByteView stored;           ///< as they lie in the file
  std::uint64_t nbytes = 0;  ///< of the storage in memory (differs from stored.size() when deflated)
  bool deflated = false;     ///< raw deflate
  std::uint32_t crc = 0;     ///< of the `nbytes` bytes (before any swap)
  bool check_crc = false;    ///< false: the file carries none
  std::size_t swap = 1;      ///< unit whose byte order is reversed; 1 for none
  std::string label;         ///< for errors: "fc1.weight (archive/data/0)"
};

/// A Storage with these bytes. Eager: copied, inflated, swapped and checked now, in one pass. `lazy`: aliases the
/// source where it may (16-byte aligned, stored, in our byte order), else is made at the first use; the check comes
/// then too. FormatError names the source and the label: "dracula.pt: fc1.weight: CRC-32 is 0x…, the file says 0x…".
Ref<Storage> read_storage(std::shared_ptr<const Source> source, StorageBytes bytes, bool lazy);

/// Inflates raw deflate data into exactly `to.size()` bytes. FormatError (naming `label`) for anything else.
void inflate(ByteView from, std::span<std::uint8_t> to, std::string_view label);

}  // namespace io
}  // namespace harker

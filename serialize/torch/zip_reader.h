// ZipArchive: the directory of a ZIP file, believed only where every part of the file agrees: one end record, entries
// that tile the file without overlap or gap, unique names, local headers equal to the central ones, data descriptors
// too. Formats: APPNOTE 6.3 with zip64; stored and deflated entries; no encryption, no split archives.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include <harker/serialize/io/byte_view.h>

namespace harker::pt {

struct ZipEntry {
  std::string_view name;          ///< points into the file
  io::ByteView stored;            ///< the bytes in the file
  std::uint64_t stored_size = 0;  ///< theirs
  std::uint64_t size = 0;         ///< once inflated
  std::uint64_t header = 0;       ///< where the local header lies
  std::uint32_t crc = 0;          ///< 0: not computed (torch can be told to leave it out)
  bool deflated = false;
  bool descriptor = false;  ///< sizes and CRC are repeated after the data
};

class ZipArchive {
 public:
  /// `file` must outlive this; `what` begins every error ("dracula.pt"). FormatError for anything wrong with the
  /// structure.
  ZipArchive(io::ByteView file, std::string what);

  const std::vector<ZipEntry>& entries() const { return entries_; }
  /// The entry of that full name, or null.
  const ZipEntry* find(std::string_view name) const;
  const std::string& what() const { return what_; }
  /// The bytes of a small record, checked: inflated when need be, at most `limit` bytes. `room` keeps inflated bytes
  /// alive.
  io::ByteView read(const ZipEntry& entry, std::uint64_t limit, std::vector<std::uint8_t>& room) const;
  /// Compares the CRC of an entry with its bytes. Deflated ones above `limit` are refused.
  void check(const ZipEntry& entry, std::uint64_t limit) const;

 private:
  struct Directory {
    std::uint64_t offset, size, entries, end;  // `end`: where whatever follows the directory begins
  };
  Directory find_directory() const;
  void zip64_directory(std::uint64_t end_record, Directory& d) const;
  void read_directory(const Directory& d);
  void read_local(ZipEntry& e) const;
  void check_tiling(std::uint64_t directory) const;
  void check_descriptor(const ZipEntry& e, std::uint64_t at, std::uint64_t end) const;
  template <class... T>
  [[noreturn]] void fail(const T&... why) const;

  io::ByteView file_;
  std::string what_;
  std::vector<ZipEntry> entries_;
  std::vector<std::uint32_t> by_name_;
};

}  // namespace harker::pt

// The places in a .harker file, and the index that says what lies where. The grammar is drawn in writer.cpp.
#pragma once
#include <cstdint>
#include <string_view>
#include <vector>

#include <harker/serialize/value_table/flatten.h>

namespace harker::harker_file {

// 0x89 catches channels of 7 bits; \r\n and \n catch translation of line endings, ^Z stops `type` on Windows: PNG's
// reasons.
inline constexpr std::string_view kMagic("\x89HRK\r\n\x1a\n", 8);
inline constexpr std::string_view kEnd("HRKEND\r\n", 8);
inline constexpr std::uint32_t kVersion = 1;
inline constexpr std::uint64_t kAlignment = 64;
inline constexpr std::size_t kHeaderSize = 8 + 4 + 4 + 8 + 4 + 4;  // magic, version, flags, index bytes, two CRCs
inline constexpr std::size_t kEndSize = 8 + 8;                     // marker, bytes of the file

/// Where a storage lies.
struct Place {
  std::uint64_t offset = 0;  ///< from the start of the file
  std::uint64_t nbytes = 0;
  std::uint32_t crc = 0;  ///< CRC-32 of those bytes
};
struct Index {
  value_table::Table table;
  std::vector<Place> places;  ///< one for each storage
};

constexpr std::uint64_t aligned(std::uint64_t n) { return (n + kAlignment - 1) / kAlignment * kAlignment; }

/// The index as a cereal portable binary archive: the same length whatever the offsets and CRCs.
std::string write_index(const Index& index);
/// FormatError, beginning with `what`, for anything that is not one.
Index read_index(io::ByteView bytes, std::string_view what);

}  // namespace harker::harker_file

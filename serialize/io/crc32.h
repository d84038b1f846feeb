// CRC-32 as ZIP, PNG and our own format use it (polynomial 0xEDB88320), by libdeflate.
#pragma once
#include <cstdint>

#include <harker/serialize/io/byte_view.h>

namespace harker HARKER_PUBLIC {
namespace io {

/// The CRC of `data`, continuing from `crc` (0 to begin).
std::uint32_t crc32(ByteView data, std::uint32_t crc = 0);
/// Copies `from` to `to` (same size) and returns the CRC, in one pass over the memory.
std::uint32_t copy_crc32(ByteView from, void* to, std::uint32_t crc = 0);
/// The CRC of two parts put together, from the CRC of each.
std::uint32_t combine_crc32(std::uint32_t first, std::uint32_t second, std::uint64_t second_size);
/// What a message says of bytes whose CRC is another than the file says.
std::string crc32_error(std::uint32_t found, std::uint32_t expected);

}  // namespace io
}  // namespace harker

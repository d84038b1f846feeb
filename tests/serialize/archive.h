// Zip archives as a test wants them: one pickle, and one storage record of four zero bytes.
#pragma once
#include <harker/serialize/io/crc32.h>
#include <libdeflate.h>

#include <cstdint>
#include <string>
#include <vector>

namespace harker::test {

struct ArchiveEntry {
  std::string name, data;
  bool deflated = false;
};

inline std::string deflate(const std::string& data) {
  libdeflate_compressor* c = libdeflate_alloc_compressor(9);
  std::string out(libdeflate_deflate_compress_bound(c, data.size()), '\0');
  out.resize(libdeflate_deflate_compress(c, data.data(), data.size(), out.data(), out.size()));
  libdeflate_free_compressor(c);
  return out;
}

inline std::vector<std::uint8_t> zip_archive(const std::vector<ArchiveEntry>& entries) {
  std::string out, directory;
  for (const ArchiveEntry& e : entries) {
    const std::string stored = e.deflated ? deflate(e.data) : e.data;
    std::string common;  // version, flags, method, time, date, CRC, sizes, name and extra lengths
    for (int i = 0; i < 5; ++i) io::append_le(common, static_cast<std::uint16_t>(i == 2 && e.deflated ? 8 : 0));
    io::append_le(common, io::crc32(io::bytes(e.data)));
    io::append_le(common, static_cast<std::uint32_t>(stored.size()));
    io::append_le(common, static_cast<std::uint32_t>(e.data.size()));
    io::append_le(common, static_cast<std::uint16_t>(e.name.size()));
    io::append_le(common, std::uint16_t{0});
    directory += std::string("PK\1\2\0\0", 6) + common + std::string(10, '\0');
    io::append_le(directory, static_cast<std::uint32_t>(out.size()));
    directory += e.name;
    out += "PK\3\4" + common + e.name + stored;
  }
  std::string end("PK\5\6\0\0\0\0", 8);
  for (int i = 0; i < 2; ++i) io::append_le(end, static_cast<std::uint16_t>(entries.size()));
  io::append_le(end, static_cast<std::uint32_t>(directory.size()));
  io::append_le(end, static_cast<std::uint32_t>(out.size()));
  out += directory + end + std::string(2, '\0');
  return {out.begin(), out.end()};
}

inline std::vector<std::uint8_t> archive(const std::string& pickle, const std::string& key = "0") {
  return zip_archive({{"archive/data.pkl", pickle}, {"archive/data/" + key, std::string(4, '\0')}});
}
inline std::vector<std::uint8_t> deflated_archive(const std::string& pickle) {
  return zip_archive({{"archive/data.pkl", pickle, true}});
}

}  // namespace harker::test

// ZipLook: what an archive shows at a glance, for telling what a file is. Nothing is checked but bounds; ZipArchive
// believes a file, or says what is wrong with it.
#pragma once
#include <string_view>
#include <vector>

#include <harker/serialize/io/byte_view.h>

namespace harker {

struct ZipLook {
  bool is_zip = false;                  ///< by its beginning, or by its end
  std::uint64_t begins = 0;             ///< where the archive begins: bytes before it are none of its own
  std::vector<std::string_view> names;  ///< of the first entries, in the order of the directory
  std::string_view comment;             ///< the archive's
  bool has(std::string_view name) const;
};
/// `search`: also for one that bytes stand before and a comment behind, through 64 KiB.
ZipLook look_at_zip(io::ByteView file, bool search = false);

}  // namespace harker

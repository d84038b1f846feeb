// The end record leads to the directory. Where either is damaged, the first local header still tells a name.
#include <harker/serialize/zip/zip_look.h>

#include <algorithm>

namespace harker {
namespace {

constexpr std::size_t kLocal = 30, kCentral = 46, kEnd = 22, kLocator64 = 20, kEnd64 = kLocator64 + 56;
constexpr std::uint64_t kMax32 = 0xffffffff;
constexpr std::size_t kMost = 0xffff, kMostNames = 16;  // bytes of a comment, and names
constexpr std::string_view kLocalMark("PK\3\4"), kCentralMark("PK\1\2"), kEndMark("PK\5\6");

std::uint64_t u16(std::string_view s, std::size_t at) { return io::load_le<std::uint16_t>(io::bytes(s).data() + at); }
std::uint64_t u32(std::string_view s, std::size_t at) { return io::load_le<std::uint32_t>(io::bytes(s).data() + at); }

}  // namespace

bool ZipLook::has(std::string_view name) const { return std::find(names.begin(), names.end(), name) != names.end(); }

ZipLook look_at_zip(io::ByteView file, bool search) {
  const std::string_view all = io::text(file);
  ZipLook look;
  const bool front = all.starts_with(kLocalMark) || all.starts_with(kEndMark) || all == "PK\3" || all == "PK";
  const std::string_view tail = all.substr(all.size() - std::min(all.size(), front || search ? kEnd + kMost : kEnd));
  const std::size_t back = tail.rfind(kEndMark);
  const bool ended = back != tail.npos && tail.size() - back >= kEnd;
  look.is_zip = front || ended;
  if (!look.is_zip) return look;
  if (ended) {
    std::uint64_t end = all.size() - tail.size() + back;
    const std::uint64_t size = u32(tail, back + 12), said = u32(tail, back + 16);
    look.comment = tail.substr(back + kEnd, static_cast<std::size_t>(u16(tail, back + 20)));
    if (end >= kEnd64 && all.substr(static_cast<std::size_t>(end - kLocator64)).starts_with("PK\6\7")) end -= kEnd64;
    std::uint64_t at = end - std::min(end, size);
    // 0 also where a tool has corrected the offsets; those beyond 4 GiB stand in zip64's fields.
    const bool behind = !front && said < kMax32;
    if (behind && size <= end && said <= at) look.begins = at - said;
    for (std::size_t i = 0; i < kMostNames && at < end && end - at >= kCentral; ++i) {
      const std::string_view entry = all.substr(static_cast<std::size_t>(at), static_cast<std::size_t>(end - at));
      if (!entry.starts_with(kCentralMark)) break;
      if (i == 0 && behind && u32(entry, 42) < at) look.begins += u32(entry, 42);
      look.names.push_back(entry.substr(kCentral, static_cast<std::size_t>(u16(entry, 28))));
      at += kCentral + u16(entry, 28) + u16(entry, 30) + u16(entry, 32);
    }
  }
  if (look.names.empty()) {
    look.begins = 0;
    if (all.starts_with(kLocalMark) && all.size() >= kLocal)
      look.names.push_back(all.substr(kLocal, static_cast<std::size_t>(u16(all, 26))));
  }
  return look;
}

}  // namespace harker

// Reading a ZIP directory. The grammar, back to front:
//
//   file       := (local data descriptor?)* central* zip64? end
//   end        := "PK\5\6" disk u16, disk u16, entries u16 u16, directory size u32, offset u32,
//                 comment length u16, comment
//   zip64      := "PK\6\6" size u64 ... entries u64 u64, size u64, offset u64
//                 "PK\6\7" disk u32, offset u64, disks u32
//   central    := "PK\1\2" ...       one entry, 46 bytes and its name, extra field and comment
//   local      := "PK\3\4" ...       30 bytes, name, extra field
//   descriptor := ("PK\7\x8")? crc u32, sizes u32 or u64 twice
#include <algorithm>
#include <numeric>

#include <harker/core/base/text.h>
#include <harker/core/base/utf8.h>
#include <harker/serialize/io/crc32.h>
#include <harker/serialize/io/source.h>
#include <harker/serialize/torch/zip_reader.h>

namespace harker::pt {
namespace {

using detail::quoted;
using detail::str;
using detail::throw_error;

constexpr std::uint32_t kLocal = 0x04034b50, kCentral = 0x02014b50, kEnd = 0x06054b50, kEnd64 = 0x06064b50,
                        kLocator64 = 0x07064b50, kDescriptor = 0x08074b50;
constexpr std::size_t kLocalSize = 30, kEndSize = 22, kEnd64Size = 56, kLocator64Size = 20;
constexpr std::uint32_t kMax32 = 0xffffffff;
constexpr std::uint16_t kMax16 = 0xffff;
constexpr std::uint16_t kEncrypted = 1 << 0, kHasDescriptor = 1 << 3, kStrong = 1 << 6, kMasked = 1 << 13;
constexpr std::uint64_t kDeflateRatio = 1032;  // the most that deflate can make of one byte

std::uint32_t u32(io::ByteView file, std::uint64_t at) { return io::load_le<std::uint32_t>(file.data() + at); }
std::uint16_t u16(io::ByteView file, std::uint64_t at) { return io::load_le<std::uint16_t>(file.data() + at); }
std::uint64_t u64(io::ByteView file, std::uint64_t at) { return io::load_le<std::uint64_t>(file.data() + at); }

bool unsafe(std::string_view name) {
  if (name.empty() || name.front() == '/' || name.find('\0') != name.npos || name.find('\\') != name.npos) return true;
  for (std::size_t at = 0; at <= name.size();) {
    const std::size_t slash = std::min(name.find('/', at), name.size());
    const std::string_view part = name.substr(at, slash - at);
    if (part == ".." || part == "." || (part.empty() && slash < name.size())) return true;
    at = slash + 1;
  }
  return false;
}

// Sizes and offset that did not fit 32 bits, from the zip64 extra field.
struct Wide {
  std::uint64_t *size, *stored, *offset;
};

// Walks an extra field; false when it runs off its end, or lacks what `wide` needs.
bool read_extra(io::ByteView extra, Wide wide) {
  bool found = !wide.size && !wide.stored && !wide.offset;
  while (!extra.empty()) {
    if (extra.size() < 4) return false;
    const std::uint16_t id = u16(extra, 0), length = u16(extra, 2);
    if (length > extra.size() - 4) return false;
    if (id == 1) {
      io::ByteView body = extra.subspan(4, length);
      for (std::uint64_t* field : {wide.size, wide.stored, wide.offset}) {
        if (!field) continue;
        if (body.size() < 8) return false;
        *field = u64(body, 0);
        body = body.subspan(8);
      }
      wide = {nullptr, nullptr, nullptr};
      found = true;
    }
    extra = extra.subspan(4U + length);
  }
  return found;
}

std::string method_name(std::uint16_t m) {
  switch (m) {
    case 9: return "9 (deflate64)";
    case 12: return "12 (bzip2)";
    case 14: return "14 (lzma)";
    case 93: return "93 (zstd)";
    default: return std::to_string(m);
  }
}

}  // namespace

template <class... T>
[[gnu::always_inline]] inline void ZipArchive::fail(const T&... why) const {
  throw_error<FormatError>(what_, ": ", why...);
}

ZipArchive::ZipArchive(io::ByteView file, std::string what) : file_(file), what_(std::move(what)) {
  const Directory d = find_directory();
  read_directory(d);
  for (ZipEntry& e : entries_) read_local(e);
  by_name_.resize(entries_.size());
  std::iota(by_name_.begin(), by_name_.end(), 0U);
  std::sort(by_name_.begin(), by_name_.end(), [&](auto a, auto b) { return entries_[a].name < entries_[b].name; });
  for (std::size_t i = 1; i < by_name_.size(); ++i)
    if (entries_[by_name_[i]].name == entries_[by_name_[i - 1]].name)
      fail("duplicate entry ", quoted(entries_[by_name_[i]].name), " in the zip archive");
  check_tiling(d.offset);
}

const ZipEntry* ZipArchive::find(std::string_view name) const {
  const auto at = std::lower_bound(by_name_.begin(), by_name_.end(), name,
                                   [&](std::uint32_t i, std::string_view n) { return entries_[i].name < n; });
  return at != by_name_.end() && entries_[*at].name == name ? &entries_[*at] : nullptr;
}

// The end record is the one whose comment ends with the file. Two that could be are two different archives.
ZipArchive::Directory ZipArchive::find_directory() const {
  constexpr std::uint64_t kNone = UINT64_MAX;
  if (file_.size() < kEndSize)
    fail("zip archive without end of central directory record: truncated? (", file_.size(), " bytes)");
  const std::uint64_t last = file_.size() - kEndSize, first = last > kMax16 ? last - kMax16 : 0;
  std::uint64_t end = kNone, other = kNone;
  for (std::uint64_t at = last + 1; at-- > first;) {
    if (u32(file_, at) != kEnd) continue;
    const bool fits = u16(file_, at + 20) == last - at;
    if (!fits) {
      other = at;
    } else if (end == kNone) {
      if (other != kNone) fail("ambiguous zip archive: a second end of central directory record in its comment");
      end = at;
    } else {
      fail("ambiguous zip archive: two end of central directory records");
    }
  }
  if (end == kNone && other != kNone)
    fail("zip archive: ", last - other, " bytes after the end of central directory record, its comment says ",
         u16(file_, other + 20), ": trailing bytes, or truncated");
  if (end == kNone) fail("zip archive without end of central directory record: truncated or incomplete");

  const std::uint16_t disk = u16(file_, end + 4), start_disk = u16(file_, end + 6), here = u16(file_, end + 8);
  Directory d{u32(file_, end + 16), u32(file_, end + 12), u16(file_, end + 10), end};
  const bool zip64 = end >= kLocator64Size && u32(file_, end - kLocator64Size) == kLocator64;
  if ((disk != 0 && !(zip64 && disk == kMax16)) || (start_disk != 0 && !(zip64 && start_disk == kMax16)) ||
      here != d.entries)
    fail("split zip archives (several disks) are not read");
  if (zip64)
    zip64_directory(end, d);
  else if (d.offset == kMax32 || d.size == kMax32)
    fail("zip archive: the end record asks for a zip64 record, but there is none");
  if (d.size > d.end || d.offset != d.end - d.size)
    fail("zip archive: the central directory (offset ", d.offset, ", size ", d.size,
         ") does not end where the end record begins (", d.end, ")");
  return d;
}

void ZipArchive::zip64_directory(std::uint64_t end, Directory& d) const {
  const std::uint64_t locator = end - kLocator64Size, at = u64(file_, locator + 8);
  if (u32(file_, locator + 4) != 0 || u32(file_, locator + 16) > 1)
    fail("split zip64 archives (several disks) are not read");
  if (locator < kEnd64Size || at > locator - kEnd64Size || u32(file_, at) != kEnd64)
    fail("zip archive: the zip64 end record is not at its offset ", at);
  if (u64(file_, at + 4) != locator - at - 12) fail("zip archive: the zip64 end record does not reach its locator");
  if (u32(file_, at + 16) != 0 || u32(file_, at + 20) != 0) fail("split zip64 archives (several disks) are not read");
  const Directory wide{u64(file_, at + 48), u64(file_, at + 40), u64(file_, at + 32), at};
  if (u64(file_, at + 24) != wide.entries || (d.entries != kMax16 && d.entries != wide.entries) ||
      (d.size != kMax32 && d.size != wide.size) || (d.offset != kMax32 && d.offset != wide.offset))
    fail(
        "zip archive: the zip64 end record contradicts the end record (entries, size or offset of the central "
        "directory)");
  d = wide;
}

void ZipArchive::read_directory(const Directory& d) {
  constexpr std::uint64_t kEntrySize = 46;
  if (d.entries > d.size / kEntrySize)
    fail("zip archive: ", d.entries, " entries in a central directory of size ", d.size);
  entries_.reserve(static_cast<std::size_t>(d.entries));
  const std::string where = what_ + ": central directory";
  io::ByteCursor in(file_.subspan(static_cast<std::size_t>(d.offset), static_cast<std::size_t>(d.size)), where);
  for (std::uint64_t i = 0; i < d.entries; ++i) {
    if (in.left() < kEntrySize) fail("central directory: ends after ", i, " of ", d.entries, " entries");
    const io::ByteView head = in.take(kEntrySize);
    if (u32(head, 0) != kCentral) fail("central directory: entry ", i, " has a wrong signature");
    const std::uint16_t flags = u16(head, 8), method = u16(head, 10), disk = u16(head, 34);
    const std::uint16_t name_size = u16(head, 28), extra_size = u16(head, 30), comment_size = u16(head, 32);
    if (std::uint64_t{name_size} + extra_size + comment_size > in.left())
      fail("central directory: name, extra field or comment of entry ", i, " run past its end");
    ZipEntry e;
    e.name = io::text(in.take(name_size));
    const io::ByteView extra = in.take(extra_size);
    in.take(comment_size);
    const std::string name = quoted(e.name);
    if (unsafe(e.name)) fail("zip entry with an unsafe or empty name ", name);
    if (!detail::valid_utf8(e.name, false)) fail("zip entry ", name, ": the name is not UTF-8");
    if (flags & (kEncrypted | kStrong | kMasked)) fail("zip entry ", name, " is encrypted");
    if (method != 0 && method != 8)
      fail("zip entry ", name, ": compression method ", method_name(method), " is not read");
    std::uint64_t stored = u32(head, 20), offset = u32(head, 42);
    e.crc = u32(head, 16);
    e.size = u32(head, 24);
    e.deflated = method == 8;
    e.descriptor = (flags & kHasDescriptor) != 0;
    if (disk != 0 && disk != kMax16) fail("zip entry ", name, " lies on another disk");
    if (!read_extra(extra, {e.size == kMax32 ? &e.size : nullptr, stored == kMax32 ? &stored : nullptr,
                            offset == kMax32 ? &offset : nullptr}))
      fail("central directory: zip64 extra field of ", name,
           " is missing, too short or runs past its end (size or offset unknown)");
    if (offset >= d.offset || d.offset - offset < kLocalSize)
      fail("zip entry ", name, ": the local header's offset ", offset, " lies outside the archive");
    if (stored > d.offset - offset - kLocalSize)
      fail("zip entry ", name, ": size ", stored, " reaches past the end of the archive");
    if (!e.deflated && stored != e.size)
      fail("zip entry ", name, ": stored, but its two sizes differ: ", stored, " and ", e.size);
    if (e.deflated && e.size / kDeflateRatio > stored)
      fail("zip entry ", name, ": size ", e.size, " cannot come from ", stored, " deflated bytes");
    e.header = offset;
    e.stored_size = stored;
    entries_.push_back(e);
  }
  if (!in.done())
    fail("central directory: ", in.left(), " bytes more than its ", d.entries, " entries (the count is wrong)");
}

void ZipArchive::read_local(ZipEntry& e) const {
  const io::ByteView head = file_.subspan(static_cast<std::size_t>(e.header), kLocalSize);
  io::came_by(head.data());
  const std::string name = quoted(e.name);
  if (u32(head, 0) != kLocal) fail("zip entry ", name, ": no local header signature at its offset ", e.header);
  const std::uint64_t stored = e.stored_size, room = file_.size() - e.header - kLocalSize;
  const std::uint16_t name_size = u16(head, 26), extra_size = u16(head, 28), method = u16(head, 8);
  const std::uint64_t skip = std::uint64_t{name_size} + extra_size;
  if (skip > room || stored > room - skip)
    fail("zip entry ", name, ": the name, extra field or data after its local header run past the end of the file");
  const auto at = static_cast<std::size_t>(e.header + kLocalSize);
  if (io::text(file_.subspan(at, name_size)) != e.name)
    fail("zip entry ", name, ": the local header has another name, ", quoted(io::text(file_.subspan(at, name_size))));
  if (method != (e.deflated ? 8 : 0)) fail("zip entry ", name, ": the local header has another compression method");
  if (((u16(head, 6) & kHasDescriptor) != 0) != e.descriptor || (u16(head, 6) & (kEncrypted | kStrong)))
    fail("zip entry ", name, ": the local header has other flags");
  std::uint64_t local_size = u32(head, 22), local_stored = u32(head, 18);
  const std::uint32_t crc = u32(head, 14);
  const io::ByteView extra = file_.subspan(at + name_size, extra_size);
  if (!read_extra(extra, {local_size == kMax32 ? &local_size : nullptr,
                          local_stored == kMax32 ? &local_stored : nullptr, nullptr}))
    fail("zip entry ", name, ": the extra field of its local header is too short or runs past its end");
  const bool same = local_size == e.size && local_stored == stored && crc == e.crc;
  const bool left_open = e.descriptor && local_size == 0 && local_stored == 0 && crc == 0;
  // torch's zip64 entries: zeroes in the header, the true sizes in the extra field, both repeated after the data.
  if (!same && !left_open && !(e.descriptor && local_size == e.size && local_stored == stored))
    fail("zip entry ", name, ": size or CRC in the local header differ from the central directory's");
  e.stored = file_.subspan(at + static_cast<std::size_t>(skip), static_cast<std::size_t>(stored));
}

void ZipArchive::check_tiling(std::uint64_t directory) const {
  std::vector<std::uint32_t> order(entries_.size());
  std::iota(order.begin(), order.end(), 0U);
  std::sort(order.begin(), order.end(), [&](auto a, auto b) { return entries_[a].header < entries_[b].header; });
  std::uint64_t at = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const ZipEntry& e = entries_[order[i]];
    if (i == 0 && e.header != 0)
      fail("zip archive: ", e.header, " bytes before the first local header belong to no entry");
    const auto data_end = static_cast<std::uint64_t>(e.stored.data() - file_.data()) + e.stored.size();
    const std::uint64_t next = i + 1 < order.size() ? entries_[order[i + 1]].header : directory;
    if (data_end > next)
      fail("zip entries overlap: ", quoted(e.name), " (size ", e.stored.size(), ") reaches into ",
           i + 1 < order.size() ? quoted(entries_[order[i + 1]].name) : std::string("the central directory"));
    if (e.descriptor)
      check_descriptor(e, data_end, next);
    else if (data_end != next)
      fail("zip archive: ", next - data_end, " bytes after ", quoted(e.name), " belong to no entry");
    at = next;
  }
  if (at != directory) fail("zip archive: ", directory - at, " bytes before the central directory belong to no entry");
}

void ZipArchive::check_descriptor(const ZipEntry& e, std::uint64_t at, std::uint64_t end) const {
  io::came_by(file_.data() + at);
  std::uint64_t size = end - at;
  if (size == 16 || size == 24) {
    if (u32(file_, at) != kDescriptor) fail("zip entry ", quoted(e.name), ": no data descriptor after its data");
    at += 4, size -= 4;
  }
  if (size != 12 && size != 20)
    fail("zip entry ", quoted(e.name), ": ", size, " bytes after its data are no data descriptor");
  const bool wide = size == 20;
  const std::uint64_t stored = wide ? u64(file_, at + 4) : u32(file_, at + 4);
  const std::uint64_t full = wide ? u64(file_, at + 12) : u32(file_, at + 8);
  if (u32(file_, at) != e.crc || stored != e.stored.size() || full != e.size)
    fail("zip entry ", quoted(e.name), ": CRC or size in its data descriptor differ from the central directory's");
}

io::ByteView ZipArchive::read(const ZipEntry& e, std::uint64_t limit, std::vector<std::uint8_t>& room) const {
  const std::string label = str(what_, ": ", quoted(e.name));
  if (e.size > limit) throw_error<FormatError>(label, ": size ", e.size, " is above the limit of ", limit, " bytes");
  io::ByteView data = e.stored;
  if (e.deflated) {
    room.resize(static_cast<std::size_t>(e.size));
    io::inflate(e.stored, room, label);
    data = room;
  }
  if (e.crc != 0 && io::crc32(data) != e.crc)
    throw_error<FormatError>(label, ": CRC-32 does not match: the bytes are damaged");
  return data;
}

void ZipArchive::check(const ZipEntry& e, std::uint64_t limit) const {
  std::vector<std::uint8_t> room;
  read(e, e.deflated ? limit : UINT64_MAX, room);
}

}  // namespace harker::pt

// Writing the archive front to back: CRC and sizes follow the data, so nothing is ever patched.
#include <harker/serialize/torch/zip_writer.h>

#include <algorithm>

#include <harker/core/base/text.h>
#include <harker/serialize/io/crc32.h>

namespace harker::pt {
namespace {

constexpr std::uint64_t kMax32 = 0xffffffff;
constexpr std::uint64_t kLocalSize = 30;
constexpr std::uint16_t kUtf8 = 1 << 11, kDescriptor = 1 << 3;

// miniz's extra field: sizes when they do not fit, and the header's offset when that does not (also in the local
// header). `stored` is the second of the sizes, which miniz does not know yet where it writes the local header: 0.
std::string zip64_extra(std::uint64_t size, std::uint64_t stored, std::uint64_t header) {
  std::string body;
  if (size >= kMax32) io::append_le(body, size), io::append_le(body, stored);
  if (header >= kMax32) io::append_le(body, header);
  if (body.empty()) return body;
  std::string out;
  io::append_le(out, std::uint16_t{1});
  io::append_le(out, static_cast<std::uint16_t>(body.size()));
  return out + body;
}

std::uint32_t low(std::uint64_t v) { return static_cast<std::uint32_t>(std::min(v, kMax32)); }

}  // namespace

ZipWriter::ZipWriter(io::Sink& sink, std::string root, std::uint32_t alignment, bool crc32)
    : sink_(sink), root_(std::move(root)), alignment_(alignment), crc32_(crc32) {}

std::uint32_t ZipWriter::add(std::string_view name, io::ByteView data) {
  Entry e{root_ + "/" + std::string(name), sink_.position(), data.size(), 0};
  if (e.name.size() > 0xffff) detail::throw_error<Error>("torch: a record's name is too long for a zip archive");
  const std::string zip64 = zip64_extra(e.size, 0, e.header);
  const std::uint64_t begin = e.header + kLocalSize + e.name.size() + zip64.size() + 4;
  const auto pad = static_cast<std::uint16_t>((alignment_ - begin % alignment_) % alignment_);
  std::string out("PK\3\4\0\0", 6);
  io::append_le(out, static_cast<std::uint16_t>(data.empty() ? kUtf8 : kUtf8 | kDescriptor));
  out.append(2 + 2 + 2 + 4 + 4 + 4, '\0');  // method, time, date, CRC, sizes
  io::append_le(out, static_cast<std::uint16_t>(e.name.size()));
  io::append_le(out, static_cast<std::uint16_t>(zip64.size() + 4 + pad));
  out += e.name + zip64 + "FB";
  io::append_le(out, pad);
  out.append(pad, 'Z');
  sink_.write(out);
  if (!data.empty()) {
    if (crc32_)
      e.crc = sink_.write_crc32(data);
    else
      sink_.write(data);
    std::string descriptor("PK\7\x8");
    io::append_le(descriptor, e.crc);
    for (int i = 0; i < 2; ++i) {
      if (zip64.empty())
        io::append_le(descriptor, static_cast<std::uint32_t>(e.size));
      else
        io::append_le(descriptor, e.size);
    }
    sink_.write(descriptor);
  }
  entries_.push_back(e);
  return e.crc;
}

void ZipWriter::finish() {
  const std::uint64_t directory = sink_.position();
  for (const Entry& e : entries_) {
    const std::string zip64 = zip64_extra(e.size, e.size, e.header);
    std::string out("PK\1\2\0\0\0\0", 8);
    io::append_le(out, static_cast<std::uint16_t>(e.size == 0 ? kUtf8 : kUtf8 | kDescriptor));
    out.append(2 + 2 + 2, '\0');  // method, time, date
    io::append_le(out, e.crc);
    io::append_le(out, low(e.size));
    io::append_le(out, low(e.size));
    io::append_le(out, static_cast<std::uint16_t>(e.name.size()));
    io::append_le(out, static_cast<std::uint16_t>(zip64.size()));
    out.append(2 + 2 + 2 + 4, '\0');  // comment, disk, attributes
    io::append_le(out, low(e.header));
    sink_.write(out + e.name + zip64);
  }
  const std::uint64_t end = sink_.position(), size = end - directory, n = entries_.size();
  std::string out("PK\6\6");
  io::append_le(out, std::uint64_t{44});
  io::append_le(out, std::uint16_t{0x031e});  // made by: Unix, 3.0
  io::append_le(out, std::uint16_t{45});      // needed: 4.5 (zip64)
  out.append(4 + 4, '\0');                    // disks
  io::append_le(out, n);
  io::append_le(out, n);
  io::append_le(out, size);
  io::append_le(out, directory);
  out += std::string("PK\6\7\0\0\0\0", 8);
  io::append_le(out, end);
  io::append_le(out, std::uint32_t{1});
  out += std::string("PK\5\6\0\0\0\0", 8);
  const auto count = static_cast<std::uint16_t>(std::min<std::uint64_t>(n, 0xffff));
  io::append_le(out, count);
  io::append_le(out, count);
  io::append_le(out, low(size));
  io::append_le(out, low(directory));
  out.append(2, '\0');  // comment
  sink_.write(out);
}

}  // namespace harker::pt

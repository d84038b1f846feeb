// Writes the very bytes of np.savez (Python's zipfile, with zip64 fields in every local header):
//
//   file    = member* central* (end64 locator)? end
//   member  = "PK\3\4" needed:45 flags method:0 time:0 date:1980-01-01 crc:u32 0xffffffff 0xffffffff sizes of name and
//             extra, NAME.npy, 1:u16 16:u16 size:u64 size:u64, the array (npy.h)
//   central = "PK\1\2" ... NAME.npy, extra with the sizes and the offset that reach 2 GiB
//   comment = our note (value/named_tensors.h), where NumPy has no place for the dict's class and metadata
#include <algorithm>

#include <harker/core/base/text.h>
#include <harker/core/base/utf8.h>
#include <harker/core/warning.h>
#include <harker/serialize/io/crc32.h>
#include <harker/serialize/numpy/npy.h>
#include <harker/serialize/numpy/npz.h>
#include <harker/serialize/value/named_tensors.h>
#include <harker/serialize/zip/zip_reader.h>

namespace harker::numpy {
namespace {

using detail::quoted;
using detail::throw_error;

constexpr std::uint64_t kMost32 = 0x7fffffff, kMax32 = 0xffffffff, kMax16 = 0xffff;  // zipfile's limit, and zip's
constexpr std::uint16_t kZip64 = 45, kUtf8 = 1 << 11, kFirstDay = 1 << 5 | 1;
constexpr std::uint32_t kMode = 0600U << 16;

struct Member {
  std::string name;
  std::uint64_t offset, size;
  std::uint32_t crc;
};

template <class... T>
void append(std::string& out, T... numbers) {
  (io::append_le(out, numbers), ...);
}
std::uint16_t size16(std::string_view s) { return static_cast<std::uint16_t>(s.size()); }
std::uint32_t low32(std::uint64_t v, std::uint64_t most) { return static_cast<std::uint32_t>(v > most ? kMax32 : v); }

// Version needed, flags, method, time, date.
void append_kind(std::string& out, std::string_view name) {
  const bool ascii = std::all_of(name.begin(), name.end(), [](char c) { return (c & 0x80) == 0; });
  append(out, kZip64, ascii ? std::uint16_t{0} : kUtf8, std::uint16_t{0}, std::uint16_t{0}, kFirstDay);
}

Member write_member(io::Sink& sink, std::string name, const Value& value) {
  const Written array = written_array(value);
  Member m{std::move(name), sink.position(), array.header.size() + array.elements.size(),
           io::crc32(array.elements, io::crc32(io::bytes(array.header)))};
  std::string out("PK\3\4");
  append_kind(out, m.name);
  append(out, m.crc, static_cast<std::uint32_t>(kMax32), static_cast<std::uint32_t>(kMax32), size16(m.name),
         std::uint16_t{20});
  out += m.name;
  append(out, std::uint16_t{1}, std::uint16_t{16}, m.size, m.size);
  sink.write(out + array.header);
  sink.write(array.elements);
  return m;
}

void write_central(io::Sink& sink, const Member& m) {
  std::string extra, out("PK\1\2");
  if (m.size > kMost32) append(extra, m.size, m.size);
  if (m.offset > kMost32) append(extra, m.offset);
  if (!extra.empty()) {
    std::string head;
    append(head, std::uint16_t{1}, size16(extra));
    extra = head + extra;
  }
  append(out, static_cast<std::uint16_t>(3 << 8 | kZip64));  // made by: Unix
  append_kind(out, m.name);
  append(out, m.crc, low32(m.size, kMost32), low32(m.size, kMost32), size16(m.name), size16(extra), std::uint16_t{0},
         std::uint16_t{0}, std::uint16_t{0}, kMode, low32(m.offset, kMost32));
  sink.write(out + m.name + extra);
}

void write_end(io::Sink& sink, std::uint64_t directory, std::uint64_t count, std::string_view comment) {
  const std::uint64_t end = sink.position(), size = end - directory;
  std::string out;
  if (count > kMax16 || directory > kMost32 || size > kMost32) {
    out += "PK\6\6";
    append(out, std::uint64_t{44}, kZip64, kZip64, std::uint32_t{0}, std::uint32_t{0}, count, count, size, directory);
    out += "PK\6\7";
    append(out, std::uint32_t{0}, end, std::uint32_t{1});
  }
  out += "PK\5\6";
  const auto some = static_cast<std::uint16_t>(std::min(count, kMax16));
  append(out, std::uint32_t{0}, some, some, low32(size, kMax32), low32(directory, kMax32), size16(comment));
  sink.write(out + std::string(comment));
}

std::string member_name(std::string_view name) {
  std::string out = std::string(name) + ".npy";
  if (zip_name_unsafe(out) || !detail::valid_utf8(out, false) || out.size() > kMax16)
    throw_error<TypeError>(".npz: ", quoted(name), " cannot be the name of an archive's member");
  return out;
}

}  // namespace

void write_npz(io::Sink& sink, const Value& value) {
  const std::vector<NamedValue> arrays = named_values(value, ".npz", cannot_save);
  std::string note = note_of(value, ".npz");
  // An archive of nothing would be anybody's.
  if (arrays.empty() && note.empty()) note = std::string(kNote) + "{'type': 'OrderedDict'}";
  if (note.size() > kMax16) {
    warn("save: .npz has no place for more than 64 KiB of _metadata: it is not written");
    note.clear();
  }
  std::vector<std::string> names;
  for (const NamedValue& a : arrays) names.push_back(member_name(a.name));
  std::vector<Member> members;
  for (std::size_t i = 0; i < arrays.size(); ++i)
    members.push_back(write_member(sink, std::move(names[i]), *arrays[i].value));
  const std::uint64_t directory = sink.position();
  for (const Member& m : members) write_central(sink, m);
  write_end(sink, directory, members.size(), note);
}

}  // namespace harker::numpy

// Reads a .harker file (layout: writer.cpp). Each part is proven before the next is looked at: magic, header by its
// CRC, index by its CRC, places (they tile the file exactly), end marker; then storages, each by its own CRC, as they
// are needed.
#include <algorithm>

#include <harker/core/base/text.h>
#include <harker/serialize/harker/harker_file.h>
#include <harker/serialize/harker/layout.h>
#include <harker/serialize/io/crc32.h>
#include <harker/serialize/io/file_bytes.h>
#include <harker/serialize/value/examine.h>

namespace harker::harker_file {
namespace {

using detail::str;
using detail::throw_error;

class File {
 public:
  explicit File(const io::Source& source) : source_(source), all_(source.bytes()), what_(source.name() + ": index") {
    header();
    if (index_bytes > all_.size() - kHeaderSize)
      fail("index", "the file is truncated: ", index_bytes, " bytes of index are announced, ",
           all_.size() - kHeaderSize, " are there");
    const io::ByteView bytes = all_.subspan(kHeaderSize, static_cast<std::size_t>(index_bytes));
    check_crc("index", bytes, index_crc_);
    index = read_index(bytes, what_);
    value_table::check(index.table, what_);
    names = value_table::storage_names(index.table);
    places();
  }

  Index index;
  std::uint64_t index_bytes = 0;
  std::vector<std::string> names;

  io::ByteView storage(std::size_t i) const {
    return all_.subspan(static_cast<std::size_t>(index.places[i].offset),
                        static_cast<std::size_t>(index.places[i].nbytes));
  }
  /// Calls bad(message) for each stretch that is not all zero.
  template <class F>
  void check_padding(F bad) const {
    std::uint64_t at = kHeaderSize + index_bytes;
    for (std::size_t i = 0; i < index.places.size(); ++i) {
      const Place& p = index.places[i];
      const io::ByteView zeros = all_.subspan(static_cast<std::size_t>(at), static_cast<std::size_t>(p.offset - at));
      if (!zeros.empty()) io::came_by(zeros.data());
      if (std::any_of(zeros.begin(), zeros.end(), [](std::uint8_t b) { return b != 0; }))
        bad(str(source_.name(), ": padding before ", names[i], ": the bytes from ", at, " to ", p.offset,
                " are not all zero: the file is damaged"));
      at = p.offset + p.nbytes;
    }
  }

 private:
  template <class... T>
  [[noreturn]] void fail(std::string_view part, const T&... why) const {
    throw_error<FormatError>(source_.name(), ": ", part, ": ", why...);
  }
  void check_crc(std::string_view part, io::ByteView bytes, std::uint32_t expected) const {
    const std::uint32_t found = io::crc32(bytes);
    if (found != expected) fail(part, io::crc32_error(found, expected));
  }

  void header() {
    const std::string_view start = io::text(all_).substr(0, kMagic.size());
    if (start != kMagic.substr(0, start.size())) {
      const bool lines =
          start.starts_with("\x89HRK\n") || start.starts_with("\x89HRK\r\r") || start.starts_with("\x89HRK\r\n\x1a\r");
      fail("magic", lines ? "its line endings were translated: copy the file in binary mode"
                          : str("begins with ", detail::quoted(start), ", expected ", detail::quoted(kMagic),
                                ": the header is damaged"));
    }
    if (all_.size() < kHeaderSize)
      fail("header", "the file is truncated: ", all_.size(), " of ", kHeaderSize, " bytes");
    io::ByteCursor c(all_.first(kHeaderSize), what_);
    c.take(kMagic.size());
    const std::uint32_t version = c.u32(), flags = c.u32();
    index_bytes = c.u64();
    index_crc_ = c.u32();
    check_crc("header", all_.first(kHeaderSize - 4), c.u32());
    if (version != kVersion)
      fail("header", "this is format version ", version, "; this library reads version ", kVersion,
           ". A newer harker can read it");
    if (flags != 0)
      fail("header", "flags 0x", detail::hex(flags), " are not known; this library knows none. A newer harker may");
  }

  void places() {
    std::uint64_t at = kHeaderSize + index_bytes;
    for (std::size_t i = 0; i < index.places.size(); ++i) {
      const Place& p = index.places[i];
      if (p.offset != aligned(at))
        fail(names[i], "its bytes are said to begin at ", p.offset, ", expected ", aligned(at));
      if (p.offset > all_.size() || p.nbytes > all_.size() - p.offset)
        fail(names[i], "the file is truncated: needs ", p.nbytes, " bytes at ", p.offset, ", the file has ",
             all_.size());
      at = p.offset + p.nbytes;
    }
    const io::ByteView end = all_.subspan(static_cast<std::size_t>(at));
    if (end.size() < kEndSize) fail("end marker", "the file is truncated: ", end.size(), " of ", kEndSize, " bytes");
    if (end.size() > kEndSize) fail("end marker", end.size() - kEndSize, " bytes too many follow the last storage");
    if (io::text(end.first(kEnd.size())) != kEnd || io::load_le<std::uint64_t>(end.data() + kEnd.size()) != all_.size())
      fail("end marker", "is damaged");
  }

  const io::Source& source_;
  io::ByteView all_;
  std::string what_;
  std::uint32_t index_crc_ = 0;
};

}  // namespace

Document read_file(const std::shared_ptr<const io::Source>& source, const LoadOptions& options) {
  const File file(*source);
  // A mapped file's pages, and what lies outside the part asked for, are left alone.
  if (!options.mmap && options.only.empty()) file.check_padding([](const std::string& why) { throw FormatError(why); });
  std::vector<io::StorageBytes> storages;
  storages.reserve(file.index.places.size());
  for (std::size_t i = 0; i < file.index.places.size(); ++i) {
    const Place& p = file.index.places[i];
    storages.push_back(
        {.stored = file.storage(i), .nbytes = p.nbytes, .crc = p.crc, .check_crc = true, .label = file.names[i]});
  }
  Document d{value_table::read_table(file.index.table, std::move(storages), source, options), Value::dict()};
  d.facts.set("container", "harker");
  d.facts.set("version", kVersion);
  d.facts.set("index_bytes", file.index_bytes);
  d.facts.set("alignment", kAlignment);
  return d;
}

void examine_rest(const io::Source& source, const Examined& examined, Findings& findings) {
  const File file(source);
  file.check_padding([&](const std::string& why) { findings.wrong(why); });
  for (std::size_t i = 0; i < file.index.places.size(); ++i) {
    if (examined.contains(file.storage(i).data())) continue;
    const Place& p = file.index.places[i];
    const Ref<Storage> lazy = io::read_storage(
        source.shared_from_this(),
        {.stored = file.storage(i), .nbytes = p.nbytes, .crc = p.crc, .check_crc = true, .label = file.names[i]}, true);
    if (const std::string why = io::StorageView(*lazy).check(); !why.empty()) findings.wrong(why);
  }
}

}  // namespace harker::harker_file

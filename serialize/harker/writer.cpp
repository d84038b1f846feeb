// Writes a .harker file. Integers are little-endian; identical values give identical bytes (docs/formats/harker.md has
// the reasons):
//
//   file    = header index storage* end
//   header  = magic version:u32 flags:u32 index_bytes:u64 index_crc:u32 header_crc:u32
//   magic   = 89 'H' 'R' 'K' 0d 0a 1a 0a
//   version = 1                    of the format, apart from the library's
//   flags   = 0                    none defined; a reader refuses those it does not know
//   header_crc                     CRC-32 of the 28 bytes before it
//   index   = index_bytes bytes    cereal portable binary archive (index.cpp), CRC-32 index_crc
//   storage = zero* bytes          zeros up to the next multiple of 64, then the bytes as they lie in memory;
//                                  the index has their offset, number and CRC-32
//   end     = 'HRKEND\r\n' file_bytes:u64    directly after the last byte
#include <harker/core/base/text.h>
#include <harker/serialize/harker/harker_file.h>
#include <harker/serialize/harker/layout.h>
#include <harker/serialize/io/crc32.h>

namespace harker::harker_file {

namespace {

// Header and index.
std::string front(const Index& index) {
  const std::string written = write_index(index);
  std::string out(kMagic);
  io::append_le(out, kVersion);
  io::append_le(out, std::uint32_t{0});
  io::append_le(out, static_cast<std::uint64_t>(written.size()));
  io::append_le(out, io::crc32(io::bytes(written)));
  io::append_le(out, io::crc32(io::bytes(out)));
  return out + written;
}

}  // namespace

void write_file(io::Sink& sink, const Value& value) {
  value_table::Flattened flat = value_table::flatten(value);
  Index index{std::move(flat.table), {}};
  index.places.resize(flat.storages.size());
  const std::string draft = front(index);  // as large as with places and checksums
  std::uint64_t at = draft.size();
  for (std::size_t i = 0; i < flat.storages.size(); ++i) {
    index.places[i] = {aligned(at), flat.storages[i]->nbytes, 0};
    at = aligned(at) + flat.storages[i]->nbytes;
  }

  const std::uint64_t begin = sink.position();
  sink.expect(at + kEndSize);
  sink.write(draft);
  std::uint64_t position = draft.size();
  for (std::size_t i = 0; i < flat.storages.size(); ++i) {
    Place& p = index.places[i];
    sink.write(std::string(static_cast<std::size_t>(p.offset - position), '\0'));
    p.crc = sink.write_crc32({static_cast<const std::uint8_t*>(flat.storages[i]->data), flat.storages[i]->nbytes});
    position = p.offset + p.nbytes;
  }
  std::string end(kEnd);
  io::append_le(end, position + kEndSize);
  sink.write(end);
  sink.rewrite(begin, io::bytes(front(index)));
}

}  // namespace harker::harker_file

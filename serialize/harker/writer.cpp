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

void write_file(io::Sink& sink, const Value& value) {
  value_table::Flattened flat = value_table::flatten(value);
  Index index{std::move(flat.table), {}};
  index.places.resize(flat.storages.size());
  std::uint64_t at = kHeaderSize + write_index(index).size();
  for (std::size_t i = 0; i < flat.storages.size(); ++i) {
    const Storage& s = *flat.storages[i];
    const io::ByteView bytes(static_cast<const std::uint8_t*>(s.data), s.nbytes);
    index.places[i] = {aligned(at), bytes.size(), io::crc32(bytes)};
    at = aligned(at) + bytes.size();
  }

  const std::string written = write_index(index);
  std::string header(kMagic);
  io::append_le(header, kVersion);
  io::append_le(header, std::uint32_t{0});
  io::append_le(header, static_cast<std::uint64_t>(written.size()));
  io::append_le(header, io::crc32(io::bytes(written)));
  io::append_le(header, io::crc32(io::bytes(header)));
  sink.write(header);
  sink.write(written);
  std::uint64_t position = header.size() + written.size();
  for (std::size_t i = 0; i < flat.storages.size(); ++i) {
    sink.write(std::string(static_cast<std::size_t>(index.places[i].offset - position), '\0'));
    sink.write(io::ByteView(static_cast<const std::uint8_t*>(flat.storages[i]->data), flat.storages[i]->nbytes));
    position = index.places[i].offset + index.places[i].nbytes;
  }
  std::string end(kEnd);
  io::append_le(end, position + kEndSize);
  sink.write(end);
}

}  // namespace harker::harker_file

// What all sinks have, and the one that keeps the bytes.
#include <algorithm>

#include <harker/core/base/text.h>
#include <harker/serialize/io/crc32.h>
#include <harker/serialize/io/sink.h>

namespace harker HARKER_PUBLIC {
namespace io {

Sink& Sink::beside(std::string_view name) {
  detail::throw_error<Error>("save: a second file, ", detail::quoted(name),
                             ", would be written beside this one, which has no "
                             "folder: save to a path");
}

void Sink::expect(std::uint64_t) {}
void Sink::rewrite(std::uint64_t, ByteView) {
  throw Error("save: this format cannot be written where nothing can be changed");
}

std::uint32_t Sink::write_crc32(ByteView data) {
  constexpr std::size_t kPiece = 1 << 20;  // still in the cache when it is written
  std::uint32_t crc = 0;
  while (!data.empty()) {
    const ByteView piece = data.first(std::min(kPiece, data.size()));
    crc = crc32(piece, crc);
    write(piece);
    data = data.subspan(piece.size());
  }
  return crc;
}

void MemorySink::rewrite(std::uint64_t at, ByteView data) {
  std::copy(data.begin(), data.end(), data_.begin() + static_cast<std::ptrdiff_t>(at));
}

void MemorySink::expect(std::uint64_t n) { data_.reserve(data_.size() + static_cast<std::size_t>(n)); }

void MemorySink::write(ByteView data) {
  data_.insert(data_.end(), data.begin(), data.end());
  position_ += data.size();
}

}  // namespace io
}  // namespace harker

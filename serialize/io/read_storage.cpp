// Storages from file bytes: copied, inflated, checked and swapped in one pass; or the same later, at the first use.
#include <algorithm>

#include <harker/core/base/text.h>
#include <harker/serialize/io/crc32.h>
#include <harker/serialize/io/file_bytes.h>

namespace harker HARKER_PUBLIC {
namespace io {
namespace {

constexpr std::size_t kPiece = 256 << 10;  // whole elements, in the second-level cache

std::string where(const Source& source, const StorageBytes& b) { return source.name() + ": " + b.label; }

void check_crc(const Source& source, const StorageBytes& b, std::uint32_t found) {
  if (b.check_crc && found != b.crc)
    detail::throw_error<FormatError>(where(source, b), ": ", crc32_error(found, b.crc));
}

template <std::size_t n>
void reverse_units(std::uint8_t* p, std::uint64_t size) {
  for (std::uint64_t i = 0; i + n <= size; i += n) std::reverse(p + i, p + i + n);
}

void swap_bytes(std::uint8_t* p, std::uint64_t size, std::size_t unit) {
  switch (unit) {
    case 2: return reverse_units<2>(p, size);
    case 4: return reverse_units<4>(p, size);
    case 8: return reverse_units<8>(p, size);
    default: return;
  }
}

// Fills `to` (b.nbytes bytes) with what the storage holds.
void fill(const Source& source, const StorageBytes& b, std::uint8_t* to) {
  if (b.deflated) {
    inflate(b.stored, {to, static_cast<std::size_t>(b.nbytes)}, where(source, b));
    if (b.check_crc) check_crc(source, b, crc32({to, static_cast<std::size_t>(b.nbytes)}));
  } else if (b.check_crc) {
    check_crc(source, b, copy_crc32(b.stored, to));
  } else if (b.nbytes > 0) {
    std::memcpy(to, b.stored.data(), static_cast<std::size_t>(b.nbytes));
  }
  swap_bytes(to, b.nbytes, b.swap);
}

}  // namespace

std::uint32_t crc_of(const Source& source, ByteView bytes) {
  std::uint32_t crc = 0;
  for (std::size_t at = 0; at < bytes.size(); at += kPiece) {
    const ByteView piece = bytes.subspan(at, std::min(kPiece, bytes.size() - at));
    crc = crc32(piece, crc);
    source.looked(piece.size());
  }
  return crc;
}

FileBytes::FileBytes(std::shared_ptr<const Source> source, StorageBytes b, bool alias)
    : source_(std::move(source)), bytes_(std::move(b)), may_alias_(alias) {
  set_stored(bytes_.stored);
}

void FileBytes::set_stored(ByteView stored) {
  bytes_.stored = stored;
  const bool aligned = reinterpret_cast<std::uintptr_t>(stored.data()) % 16 == 0;
  // Writing through the alias reaches a private mapping or memory of our own, never the file.
  if (may_alias_ && !stored.empty() && source_->may_alias() && !bytes_.deflated && bytes_.swap == 1 && aligned)
    alias_ = const_cast<std::uint8_t*>(stored.data());
}

void* FileBytes::materialize() {
  if (alias_) {
    if (bytes_.check_crc) check_crc(*source_, bytes_, crc_of(*source_, bytes_.stored));
    return alias_;
  }
  if (copy_) return copy_->data;  // by a thread that a fork has left behind
  Ref<Storage> copy = make_storage(static_cast<std::size_t>(bytes_.nbytes));
  fill(*source_, bytes_, static_cast<std::uint8_t*>(copy->data));
  copy_ = std::move(copy);
  source_.reset();
  return copy_->data;
}

StorageView::StorageView(Storage& s) : storage_(s) {
  if (const auto* file = dynamic_cast<const FileBytes*>(s.owner); file && file->source()) file_ = file;
}

ByteView StorageView::bytes(std::uint64_t at, std::size_t n) {
  if (!file_ || !file_->source() || file_->place().deflated) {
    storage_.ensure();
    return {static_cast<const std::uint8_t*>(storage_.data) + at, n};
  }
  const StorageBytes& b = file_->place();
  const ByteView stored = b.stored.subspan(static_cast<std::size_t>(at), n);
  file_->source()->looked(n);
  if (b.swap == 1) return stored;
  swapped_.assign(stored.begin(), stored.end());
  swap_bytes(swapped_.data(), n, b.swap);
  return swapped_;
}

std::string StorageView::check(FunctionRef<void(std::uint64_t at, ByteView piece)> each) {
  const StorageBytes* const b = place();
  const bool raw = b && !b->deflated;  // else ensure() checks
  std::uint32_t crc = 0;
  try {
    for (std::uint64_t at = 0; at < size(); at += kPiece) {
      const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(kPiece, size() - at));
      const ByteView piece = bytes(at, n);
      if (raw && b->check_crc) crc = crc32(b->stored.subspan(static_cast<std::size_t>(at), n), crc);
      each(at, piece);
    }
    if (raw && b->check_crc && size() > 0) check_crc(*file_->source(), *b, crc);
    if (raw) file_->set_checked();
  } catch (const FormatError& e) {
    if (!raw) return e.what();
    return detail::str(e.what(), " (", b->stored.size(), " bytes at ",
                       b->stored.data() - file_->source()->bytes().data(), ")");
  }
  return {};
}

void StorageView::require() {
  if (!file_ || file_->place().deflated) return storage_.ensure();
  if (file_->checked() || !file_->place().check_crc) return;
  if (const std::string wrong = check(); !wrong.empty()) throw FormatError(wrong);
}

Ref<Storage> read_storage(std::shared_ptr<const Source> source, StorageBytes b, bool lazy) {
  if (!b.deflated && b.stored.size() != b.nbytes)
    detail::throw_error<FormatError>(where(*source, b), ": holds ", b.stored.size(), " bytes, expected ", b.nbytes);
  const auto nbytes = static_cast<std::size_t>(b.nbytes);
  const bool checked = b.check_crc;
  if (!lazy || nbytes == 0) {
    Ref<Storage> s = make_storage(static_cast<std::size_t>(b.nbytes));
    fill(*source, b, static_cast<std::uint8_t*>(s->data));
    return s;
  }
  auto owner = std::make_unique<FileBytes>(std::move(source), std::move(b), true);
  void* at = owner->alias();
  return make_storage(owner.release(), at, nbytes, at == nullptr || checked);
}

}  // namespace io
}  // namespace harker

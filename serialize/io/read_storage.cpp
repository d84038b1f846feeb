// Storages from file bytes: copied, inflated, checked and swapped in one pass; or the same later, at the first use.
#include <algorithm>

#include <harker/core/base/text.h>
#include <harker/serialize/io/crc32.h>
#include <harker/serialize/io/file_bytes.h>

namespace harker HARKER_PUBLIC {
namespace io {
namespace {

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
    if (bytes_.check_crc) check_crc(*source_, bytes_, crc32(bytes_.stored));
    return alias_;
  }
  if (copy_) return copy_->data;  // by a thread that a fork has left behind
  Ref<Storage> copy = make_storage(static_cast<std::size_t>(bytes_.nbytes));
  fill(*source_, bytes_, static_cast<std::uint8_t*>(copy->data));
  copy_ = std::move(copy);
  source_.reset();
  return copy_->data;
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

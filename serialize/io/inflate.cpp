// Raw deflate by libdeflate, into exactly the declared number of bytes.
#include <libdeflate.h>

#include <memory>
#include <new>

#include <harker/core/base/text.h>
#include <harker/serialize/io/source.h>

namespace harker HARKER_PUBLIC {
namespace io {

void inflate(ByteView from, std::span<std::uint8_t> to, std::string_view label) {
  struct Free {
    void operator()(libdeflate_decompressor* d) const { libdeflate_free_decompressor(d); }
  };
  const std::unique_ptr<libdeflate_decompressor, Free> inflater(libdeflate_alloc_decompressor());
  if (!inflater) throw std::bad_alloc();
  std::size_t used = 0, made = 0;
  std::uint8_t nowhere = 0;  // libdeflate wants a real address even for no bytes
  const libdeflate_result result = libdeflate_deflate_decompress_ex(
      inflater.get(), from.data(), from.size(), to.empty() ? &nowhere : to.data(), to.size(), &used, &made);
  switch (result) {
    case LIBDEFLATE_SUCCESS: break;
    case LIBDEFLATE_INSUFFICIENT_SPACE:
      detail::throw_error<FormatError>(label, ": the deflate stream yields more than the declared size of ", to.size(),
                                       " bytes");
    default:
      detail::throw_error<FormatError>(label, ": the deflate stream of ", from.size(),
                                       " bytes is corrupt or truncated (declared size ", to.size(), ")");
  }
  if (made != to.size())
    detail::throw_error<FormatError>(label, ": the deflate stream yields ", made, " bytes, the declared size is ",
                                     to.size());
  if (used != from.size())
    detail::throw_error<FormatError>(label, ": the deflate stream ends after ", used, " of its ", from.size(),
                                     " bytes");
}

}  // namespace io
}  // namespace harker

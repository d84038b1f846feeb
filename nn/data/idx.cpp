// IDX, all numbers big-endian:
//
//   offset 0   u16  0
//          2   u8   type: 8 uint8, 9 int8, 0x0b int16, 0x0c int32, 0x0d float32, 0x0e float64
//          3   u8   number of dimensions
//          4   u32  for each dimension its size
//              the elements, row-major
#include <harker/nn/data/idx.h>

#include <algorithm>
#include <bit>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>

#include <harker/core/base/text.h>

namespace harker HARKER_PUBLIC {
namespace nn::data {

using harker::detail::str;
using harker::detail::throw_error;

namespace {

constexpr std::size_t kHead = 4;

template <class... W>
[[noreturn]] void refuse(std::string_view file, const W&... why) {
  throw_error<FormatError>(file, ": ", why...);
}

DType type_of(std::uint8_t code, std::string_view file) {
  switch (code) {
    case 0x08: return DType::uint8;
    case 0x09: return DType::int8;
    case 0x0b: return DType::int16;
    case 0x0c: return DType::int32;
    case 0x0d: return DType::float32;
    case 0x0e: return DType::float64;
    default: refuse(file, "offset 2: type ", int{code}, " is none of IDX's (8, 9, 11, 12, 13, 14)");
  }
}

/// `read(to, n)` gives the next n bytes of `size`; nothing is allocated before it is known that the file has it.
template <class Read>
Tensor read_from(std::uint64_t size, std::string_view file, Read read) {
  std::uint8_t head[kHead] = {};
  if (size >= 2) read(head, 2);
  if (size >= 2 && head[0] == 0x1f && head[1] == 0x8b) {
    refuse(file, "is compressed with gzip; unpack it first: gunzip ", file);
  }
  if (size < kHead) refuse(file, "is ", size, " bytes long, the head of an IDX file has ", kHead);
  if (head[0] != 0 || head[1] != 0) refuse(file, "is no IDX file: it does not begin with two bytes of 0");
  read(head + 2, 2);
  const DType dtype = type_of(head[2], file);
  const int rank = head[3];
  if (size < kHead + 4 * static_cast<std::uint64_t>(rank)) {
    refuse(file, "ends at byte ", size, ", within the sizes of its ", rank, " dimensions");
  }
  Shape shape = Shape::filled(rank, 0);
  std::uint64_t elements = 1;
  bool empty_dimension = false;
  for (int d = 0; d < rank; ++d) {
    std::uint8_t b[4];
    read(b, 4);
    const std::uint32_t n = std::uint32_t{b[0]} << 24 | std::uint32_t{b[1]} << 16 | std::uint32_t{b[2]} << 8 | b[3];
    shape[d] = n;
    empty_dimension = empty_dimension || n == 0;
    // More than the file can hold, whatever comes: stays so, and does not wrap.
    elements = n != 0 && elements > size / n ? size + 1 : elements * std::max<std::uint32_t>(n, 1);
  }
  if (empty_dimension) elements = 0;
  const std::uint64_t left = size - kHead - 4 * static_cast<std::uint64_t>(rank), item = item_size(dtype);
  if (elements > left / item || elements * item != left) {
    refuse(file, "has ", left, " bytes of elements, its shape ", shape, " of ", name(dtype), " needs ",
           elements > left / item ? std::string("more") : str(elements * item));
  }
  Tensor out = empty(shape, dtype);
  auto* bytes = static_cast<std::uint8_t*>(out.raw());
  if (left > 0) read(bytes, left);
  if (std::endian::native == std::endian::little && item > 1) {
    for (std::uint64_t i = 0; i < left; i += item) std::reverse(bytes + i, bytes + i + item);
  }
  return out;
}

}  // namespace

Tensor read_idx(const std::string& path) {
  std::error_code error;
  const std::uint64_t size = std::filesystem::file_size(path, error);
  const auto close = [](std::FILE* f) { std::fclose(f); };
  const std::unique_ptr<std::FILE, decltype(close)> in(error ? nullptr : std::fopen(path.c_str(), "rb"), close);
  if (!in) throw_error<IoError>(path, ": cannot be opened", error ? ": " + error.message() : std::string());
  return read_from(size, path, [&](std::uint8_t* to, std::uint64_t n) {
    if (std::fread(to, 1, n, in.get()) != n) throw_error<IoError>(path, ": cannot be read, or became shorter");
  });
}

Tensor parse_idx(std::span<const std::uint8_t> bytes, std::string_view name) {
  return read_from(bytes.size(), name, [&, at = std::size_t{0}](std::uint8_t* to, std::uint64_t n) mutable {
    std::memcpy(to, bytes.data() + at, n);
    at += n;
  });
}

}  // namespace nn::data
}  // namespace harker

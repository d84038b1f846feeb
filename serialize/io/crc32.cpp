// CRC-32 by libdeflate, with copying in the same pass and the algebra that joins the CRCs of two parts.
#include <libdeflate.h>

#include <algorithm>
#include <cstring>

#include <harker/core/base/text.h>
#include <harker/serialize/io/crc32.h>

namespace harker HARKER_PUBLIC {
namespace io {
namespace {

constexpr std::size_t kPiece = 16 << 10;  // stays in the first-level cache between the copy and the CRC
constexpr std::uint32_t kPolynomial = 0xEDB88320;

// a(x) * b(x) modulo the polynomial; bit 31 is x^0.
std::uint32_t multiply(std::uint32_t a, std::uint32_t b) {
  std::uint32_t product = 0;
  for (std::uint32_t bit = std::uint32_t{1} << 31; bit != 0; bit >>= 1) {
    if (a & bit) product ^= b;
    b = (b & 1) ? (b >> 1) ^ kPolynomial : b >> 1;
  }
  return product;
}

}  // namespace

std::uint32_t crc32(ByteView data, std::uint32_t crc) { return libdeflate_crc32(crc, data.data(), data.size()); }

std::uint32_t copy_crc32(ByteView from, void* to, std::uint32_t crc) {
  auto* out = static_cast<std::uint8_t*>(to);
  while (!from.empty()) {
    const std::size_t n = std::min(kPiece, from.size());
    std::memcpy(out, from.data(), n);
    crc = libdeflate_crc32(crc, out, n);  // of the copy: what is checked is what will be used
    from = from.subspan(n);
    out += n;
  }
  return crc;
}

std::uint32_t combine_crc32(std::uint32_t first, std::uint32_t second, std::uint64_t second_size) {
  // Appending n bytes multiplies the first CRC by x^(8n): square and multiply.
  std::uint32_t power = std::uint32_t{1} << 23;  // x^8
  std::uint32_t shift = std::uint32_t{1} << 31;  // x^0
  for (std::uint64_t n = second_size; n != 0; n >>= 1) {
    if (n & 1) shift = multiply(shift, power);
    power = multiply(power, power);
  }
  return multiply(shift, first) ^ second;
}

std::string crc32_error(std::uint32_t found, std::uint32_t expected) {
  return detail::str("CRC-32 is 0x", detail::hex(found), ", the file says 0x", detail::hex(expected),
                     ": the bytes are damaged");
}

}  // namespace io
}  // namespace harker

// SHA-256 (FIPS 180-4), by which `hash` tells weights and `inspect --json` NumPy arrays. Plain and short: some 300 MB a
// second.
#pragma once
#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace harker::cli {

/// Of what comes in pieces.
class Sha256 {
 public:
  Sha256& add(std::span<const std::uint8_t> data);
  Sha256& add(std::string_view text) { return add({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}); }
  /// The digest of all of it in lower-case hexadecimal; to be asked once.
  std::string digest();

 private:
  std::array<std::uint32_t, 8> state_ = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                         0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::array<std::uint8_t, 64> rest_ = {};
  std::uint64_t size_ = 0;
};

/// The digest in lower-case hexadecimal.
std::string sha256(std::span<const std::uint8_t> data);

}  // namespace harker::cli

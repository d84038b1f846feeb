// SHA-256 (FIPS 180-4): `inspect --json` gives NumPy arrays' bytes by it. Plain and short; tensors' bytes are never
// hashed.
#pragma once
#include <cstdint>
#include <span>
#include <string>

namespace harker::cli {

/// The digest in lower-case hexadecimal.
std::string sha256(std::span<const std::uint8_t> data);

}  // namespace harker::cli

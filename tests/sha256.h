// The command's SHA-256, for comparing bytes with the sums in the fixtures.
#pragma once
#include "../cli/sha256.h"

namespace harker::test {

inline std::string sha256_hex(std::span<const std::uint8_t> data) { return cli::sha256(data); }

}  // namespace harker::test

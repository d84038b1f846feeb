// A small deflate encoder: one block of the fixed codes, runs of a byte as matches of distance 1. A library's would
// give other bytes from one version to the next, and the same seed must always make the same mutant.
#pragma once
#include <algorithm>
#include <string>
#include <string_view>

namespace harker::fuzz {

/// Raw deflate (RFC 1951).
inline std::string deflate(std::string_view data) {
  std::string out;
  unsigned held = 0, n = 0;  // bits that do not fill a byte yet
  const auto bits = [&](unsigned v, unsigned count) {
    held |= v << n;
    for (n += count; n >= 8; n -= 8, held >>= 8) out += static_cast<char>(held);
  };
  const auto code = [&](unsigned v, unsigned count) {  // Huffman codes stand with their first bit first
    unsigned reversed = 0;
    for (unsigned i = 0; i < count; ++i) reversed |= (v >> i & 1) << (count - 1 - i);
    bits(reversed, count);
  };
  bits(1, 1), bits(1, 2);  // the last block, of the fixed codes
  for (std::size_t at = 0; at < data.size();) {
    const auto byte = static_cast<unsigned char>(data[at]);
    std::size_t run = at == 0 ? 0 : data.substr(at, 258).find_first_not_of(data[at - 1]);
    if (run == data.npos) run = std::min<std::size_t>(258, data.size() - at);
    if (run == 258) {
      code(0xc0 + 285 - 280, 8), code(0, 5);
      at += run;
    } else if (run >= 3) {
      run = std::min<std::size_t>(run, 10);
      code(static_cast<unsigned>(257 + run - 3 - 256), 7), code(0, 5);
      at += run;
    } else {
      byte < 144 ? code(0x30U + byte, 8) : code(0x190U + byte - 144, 9);
      ++at;
    }
  }
  code(0, 7);  // end of block
  if (n > 0) bits(0, 8 - n);
  return out;
}

}  // namespace harker::fuzz

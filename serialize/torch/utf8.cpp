// UTF-8, checked byte by byte: no overlong forms, nothing above 0x10ffff.
#include <harker/serialize/torch/utf8.h>

namespace harker::pt {

bool valid_utf8(io::ByteView s, bool surrogates) {
  const std::size_t n = s.size();
  for (std::size_t i = 0; i < n;) {
    const std::uint8_t c = s[i];
    if (c < 0x80) {
      ++i;
      continue;
    }
    const std::size_t more = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : 1;
    if (c < 0xc2 || c > 0xf4 || more > n - i - 1) return false;
    for (std::size_t k = 1; k <= more; ++k)
      if ((s[i + k] & 0xc0) != 0x80) return false;
    const std::uint8_t second = s[i + 1];
    if ((c == 0xe0 && second < 0xa0) || (c == 0xf0 && second < 0x90) || (c == 0xf4 && second > 0x8f)) return false;
    if (c == 0xed && second > 0x9f && !surrogates) return false;
    i += more + 1;
  }
  return true;
}

void append_utf8(std::string& out, std::uint32_t c) {
  const auto tail = [&](int shift) { out += static_cast<char>(0x80 | ((c >> shift) & 0x3f)); };
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xc0 | (c >> 6));
    tail(0);
  } else if (c < 0x10000) {
    out += static_cast<char>(0xe0 | (c >> 12));
    tail(6), tail(0);
  } else {
    out += static_cast<char>(0xf0 | (c >> 18));
    tail(12), tail(6), tail(0);
  }
}

std::uint32_t next_code(std::string_view s, std::size_t& at) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(s[i])); };
  const std::uint32_t c = byte(at);
  const std::size_t more = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : c >= 0xc0 ? 1 : 0;
  std::uint32_t code = more == 3 ? c & 7 : more == 2 ? c & 15 : more == 1 ? c & 31 : c;
  for (std::size_t k = 1; k <= more; ++k) code = (code << 6) | (byte(at + k) & 0x3f);
  at += more + 1;
  return code;
}

}  // namespace harker::pt

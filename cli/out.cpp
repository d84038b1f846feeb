// Buffered output by write(2), and text made safe for a terminal.
#include "out.h"

#include <unistd.h>

#include <harker/core/error.h>
#include <algorithm>
#include <cerrno>
#include <cstring>

namespace harker::cli {

void Out::put(const char* p, std::size_t n) {
  while (n > 0) {
    ssize_t k = ::write(STDOUT_FILENO, p, n);
    if (k < 0 && errno == EINTR) continue;
    if (k < 0) throw IoError(std::string("cannot write to standard output: ") + std::strerror(errno));
    p += k;
    n -= static_cast<std::size_t>(k);
  }
}

Out& Out::operator<<(std::string_view s) {
  written_ += s.size();
  if (buffer_.size() + s.size() > kBuffer) {
    flush();
    if (s.size() >= kBuffer) {
      put(s.data(), s.size());
      return *this;
    }
  }
  buffer_ += s;
  return *this;
}

void Out::flush() {
  put(buffer_.data(), buffer_.size());
  buffer_.clear();
}

std::int32_t next_code_point(std::string_view s, std::size_t& i) {
  auto byte = [&](std::size_t k) { return static_cast<unsigned char>(s[k]); };
  const unsigned first = byte(i++);
  if (first < 0x80) return static_cast<std::int32_t>(first);
  int more = first >= 0xf0 && first < 0xf5   ? 3
             : first >= 0xe0 && first < 0xf0 ? 2
             : first >= 0xc2 && first < 0xe0 ? 1
                                             : 0;
  if (more == 0) return -1;
  std::uint32_t c = first & (0x3fu >> more);
  std::size_t k = i;
  for (int n = 0; n < more; ++n, ++k) {
    if (k >= s.size() || (byte(k) & 0xc0) != 0x80) return -1;
    c = c << 6 | (byte(k) & 0x3f);
  }
  if ((more == 2 && c < 0x800) || (more == 3 && (c < 0x10000 || c > 0x10ffff))) return -1;
  i = k;
  return static_cast<std::int32_t>(c);
}

bool is_unseen(std::int32_t c) {
  auto within = [c](std::int32_t first, std::int32_t last) { return c >= first && c <= last; };
  return c < 0x20 || within(0x7f, 0x9f) || c == 0xad || c == 0x61c || c == 0x180e || within(0x200b, 0x200f) ||
         within(0x2028, 0x202e) || within(0x2060, 0x206f) || within(0xd800, 0xdfff) || within(0xfdd0, 0xfdef) ||
         c == 0xfeff || within(0xfff9, 0xfffb) || (c & 0xfffe) == 0xfffe || within(0xe0000, 0xe007f);
}

std::string shown(std::string_view s, bool keep_newlines) {
  std::string out;
  if (std::all_of(s.begin(), s.end(), [](char c) { return c >= 0x20 && c < 0x7f; })) return out = s;
  for (std::size_t i = 0; i < s.size();) {
    const std::size_t from = i;
    const std::int32_t c = next_code_point(s, i);
    const auto bits = c < 0 ? static_cast<unsigned char>(s[from]) : static_cast<std::uint32_t>(c);
    if (!is_unseen(c) || (c == '\n' && keep_newlines)) {
      out += s.substr(from, i - from);
    } else if (c == '\n') {
      out += "\\n";
    } else {
      out += bits < 0x100 ? "\\x" : bits < 0x10000 ? "\\u" : "\\U";
      for (int shift = bits < 0x100 ? 4 : bits < 0x10000 ? 12 : 28; shift >= 0; shift -= 4)
        out += "0123456789abcdef"[bits >> shift & 15];
    }
  }
  return out;
}

std::size_t width(std::string_view s) {
  std::size_t n = 0;
  for (char c : s) n += (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  return n;
}

std::string fitted(std::string_view s, std::size_t columns) {
  if (width(s) <= columns) return std::string(s);
  std::size_t end = 0;
  for (std::size_t n = 0; end < s.size() && n + 1 < columns; ++n)
    while (++end < s.size() && (static_cast<unsigned char>(s[end]) & 0xc0) == 0x80) {}
  return std::string(s.substr(0, end)) + (columns > 0 ? "\u2026" : "");
}

std::string grouped(std::uint64_t n) {
  const std::string digits = std::to_string(n);
  std::string out;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) out += ',';
    out += digits[i];
  }
  return out;
}

}  // namespace harker::cli

// Text for error messages (internal): str(...) joins anything printable; quoted(...) shows bytes from a file without
// trusting them.
#pragma once
#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <harker/core/shape.h>

namespace harker HARKER_PUBLIC {
namespace detail {

inline void append(std::string& out, std::string_view s) { out += s; }
inline void append(std::string& out, const char* s) { out += s; }
inline void append(std::string& out, char c) { out += c; }
inline void append(std::string& out, bool b) { out += b ? "true" : "false"; }
template <std::integral T>
void append(std::string& out, T v) {
  out += std::to_string(v);
}
void append(std::string& out, double v);        ///< shortest text that reads back as v
void append(std::string& out, const Shape& s);  ///< (2, 3)

/// Joins its arguments to one string.
template <class... T>
std::string str(const T&... parts) {
  std::string out;
  (append(out, parts), ...);
  return out;
}

/// `s` with control characters, quotes and bytes that are not UTF-8 escaped, at most `limit` characters of it, and no
/// more than makes twice as many bytes: escapes would fill a message.
std::string escaped(std::string_view s, std::size_t limit = 80);
/// `s` in single quotes, control characters and bytes that are not UTF-8 escaped, at most `limit` characters of it.
std::string quoted(std::string_view s, std::size_t limit = 80);
/// `s` as it stands, or quoted when that would change anything in it.
std::string quoted_if_odd(std::string_view s);

/// A number in hexadecimal, with all the digits of its type: two for a byte.
template <std::unsigned_integral T>
std::string hex(T v) {
  std::string out;
  for (unsigned at = 8 * sizeof(T); at > 0; at -= 4) out += "0123456789abcdef"[v >> (at - 4) & 15];
  return out;
}
/// The number that `s` is in hexadecimal, with no other character in it, or nothing.
std::optional<std::uint64_t> from_hex(std::string_view s);

/// The candidate nearest to `name` by edit distance, or "" when none is near. Never quadratic: long names are cut.
std::string_view nearest(std::string_view name, const std::string_view* candidates, std::size_t n);

}  // namespace detail
}  // namespace harker

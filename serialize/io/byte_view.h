// ByteView: a bounded look at bytes from a file; ByteCursor reads it front to back. The only way file data is read:
// every take(n) compares n with what is left, so no sum can wrap and nothing outside is ever touched.
#pragma once
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include <harker/core/error.h>

namespace harker HARKER_PUBLIC {
namespace io {

using ByteView = std::span<const std::uint8_t>;

inline std::string_view text(ByteView b) { return {reinterpret_cast<const char*>(b.data()), b.size()}; }
inline ByteView bytes(std::string_view s) { return {reinterpret_cast<const std::uint8_t*>(s.data()), s.size()}; }

/// Little-endian (or big-endian) unsigned integers at a place known to hold them.
template <class T>
T load_le(const std::uint8_t* p) {
  T v = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) v = static_cast<T>(v | static_cast<T>(static_cast<T>(p[i]) << (8 * i)));
  return v;
}
template <class T>
T load_be(const std::uint8_t* p) {
  T v = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) v = static_cast<T>(static_cast<T>(v << (sizeof(T) > 1 ? 8 : 0)) | p[i]);
  return v;
}
template <class T>
void append_le(std::string& out, T v) {
  char bytes[sizeof(T)];
  for (std::size_t i = 0; i < sizeof(T); ++i) bytes[i] = static_cast<char>(static_cast<std::uint64_t>(v) >> (8 * i));
  out.append(bytes, sizeof(T));
}

/// a * b or a + b into `out`; false when it does not fit.
inline bool checked_mul(std::uint64_t a, std::uint64_t b, std::uint64_t& out) {
  return !__builtin_mul_overflow(a, b, &out);
}
inline bool checked_add(std::uint64_t a, std::uint64_t b, std::uint64_t& out) {
  return !__builtin_add_overflow(a, b, &out);
}

class ByteCursor {
 public:
  /// `what` names the part being read in errors ("data.pkl"); it must outlive the cursor.
  ByteCursor(ByteView all, std::string_view what) : all_(all), what_(what) {}
  std::size_t position() const { return pos_; }
  std::size_t left() const { return all_.size() - pos_; }
  bool done() const { return left() == 0; }
  ByteView rest() const { return all_.subspan(pos_); }
  /// The next n bytes. FormatError ("data.pkl at 17: needs 8 bytes, 3 are left") when there are fewer.
  ByteView take(std::uint64_t n) {
    if (n > left()) [[unlikely]]
      short_of(n);
    ByteView b = all_.subspan(pos_, static_cast<std::size_t>(n));
    pos_ += static_cast<std::size_t>(n);
    return b;
  }
  std::uint8_t u8() { return take(1)[0]; }
  std::uint16_t u16() { return load_le<std::uint16_t>(take(2).data()); }
  std::uint32_t u32() { return load_le<std::uint32_t>(take(4).data()); }
  std::uint64_t u64() { return load_le<std::uint64_t>(take(8).data()); }

 private:
  [[noreturn]] void short_of(std::uint64_t n) const;
  ByteView all_;
  std::size_t pos_ = 0;
  std::string_view what_;
};

}  // namespace io
}  // namespace harker

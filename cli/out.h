// Out: standard output with a buffer of its own, and every failure to write an error. Text that comes from a file goes
// through shown(), so that no name can send control sequences to the terminal.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace harker::cli {

class Out {
 public:
  Out() { buffer_.reserve(kBuffer); }
  Out(const Out&) = delete;
  Out& operator=(const Out&) = delete;
  Out& operator<<(std::string_view s);
  Out& operator<<(char c) { return *this << std::string_view(&c, 1); }
  Out& write(const void* data, std::size_t n) { return *this << std::string_view(static_cast<const char*>(data), n); }
  /// To be called at the end: what could not be written throws IoError.
  void flush();
  std::uint64_t written() const { return written_; }

 private:
  static constexpr std::size_t kBuffer = std::size_t{64} << 10;
  void put(const char* p, std::size_t n);
  std::string buffer_;
  std::uint64_t written_ = 0;
};

/// The code point at s[i], and i moved past it; a lone surrogate's three-byte form is one; -1 for a byte that is not
/// UTF-8.
std::int32_t next_code_point(std::string_view s, std::size_t& i);
/// What a terminal would obey, hide or turn around: control and format characters (bidirectional ones, those of no
/// width), line and paragraph separators, lone surrogates, noncharacters. Also -1, a byte that is not UTF-8.
bool is_unseen(std::int32_t code_point);
/// Those as \x1b, \u202e, \U000e0041. New lines too, unless kept.
std::string shown(std::string_view s, bool keep_newlines = false);
/// Columns of shown text: its code points.
std::size_t width(std::string_view shown);
/// Shown text cut to so many columns, with an ellipsis where it was.
std::string fitted(std::string_view shown, std::size_t columns);
/// 1234567 as 1,234,567.
std::string grouped(std::uint64_t n);

}  // namespace harker::cli

// The options of a layer as PyTorch prints them (internal): python(x) is x as Python writes it.
#pragma once
#include <charconv>

#include <harker/core/base/text.h>
#include <harker/core/ops/layers.h>

namespace harker::nn {

inline std::string python(bool b) { return b ? "True" : "False"; }
inline std::string python(std::int64_t n) { return std::to_string(n); }
inline std::string python(double v) {
  char digits[40];
  const double size = v < 0 ? -v : v;  // Python writes exponents below 1e-4, as of 1e16
  const bool plain = v == 0 || (size >= 1e-4 && size < 1e16);
  const char* const end = plain ? std::to_chars(digits, std::end(digits), v, std::chars_format::fixed).ptr
                                : std::to_chars(digits, std::end(digits), v).ptr;
  const std::string text(digits, static_cast<std::size_t>(end - digits));
  return text.find_first_not_of("-0123456789") == std::string::npos ? text + ".0" : text;
}
inline std::string python(const Pair& p) { return detail::str('(', p.down, ", ", p.across, ')'); }
/// One number where both are the same, as it was written.
inline std::string python_short(const Pair& p) { return p.down == p.across ? python(p.down) : python(p); }
inline std::string python(const Shape& s) { return s.rank() == 1 ? detail::str('(', s[0], ",)") : detail::str(s); }

}  // namespace harker::nn

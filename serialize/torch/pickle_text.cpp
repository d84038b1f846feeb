// Text operands of protocol 0.
#include <charconv>

#include <harker/core/base/text.h>
#include <harker/core/base/utf8.h>
#include <harker/core/error.h>
#include <harker/serialize/torch/pickle_text.h>

namespace harker::pt {
namespace {

constexpr std::size_t kMaxDigits = 4300;

// `n` hexadecimal digits at `at`, or -1.
std::int64_t hex_number(std::string_view s, std::size_t at, std::size_t n) {
  if (at > s.size() || n > s.size() - at) return -1;
  const auto v = detail::from_hex(s.substr(at, n));
  return v ? static_cast<std::int64_t>(*v) : -1;
}

}  // namespace

std::vector<std::uint8_t> parse_decimal(std::string_view s) {
  const std::string_view all = s;
  const bool negative = s.starts_with('-');
  if (negative || s.starts_with('+')) s.remove_prefix(1);
  if (s.empty() || s.size() > kMaxDigits)
    detail::throw_error<FormatError>("an integer that is no decimal number: ", detail::quoted(all));
  std::vector<std::uint32_t> limbs;  // least significant first
  while (!s.empty()) {               // nine digits at a time: the time goes with the square of their number
    std::uint64_t carry = 0, base = 1;
    const std::string_view part = s.substr(0, 9);
    for (char c : part) {
      if (c < '0' || c > '9')
        detail::throw_error<FormatError>("an integer that is no decimal number: ", detail::quoted(all));
      carry = carry * 10 + static_cast<std::uint64_t>(c - '0');
      base *= 10;
    }
    for (std::uint32_t& limb : limbs) {
      carry += limb * base;
      limb = static_cast<std::uint32_t>(carry);
      carry >>= 32;
    }
    if (carry) limbs.push_back(static_cast<std::uint32_t>(carry));
    s.remove_prefix(part.size());
  }
  std::vector<std::uint8_t> bytes;
  for (std::uint32_t limb : limbs)
    for (int shift = 0; shift < 32; shift += 8) bytes.push_back(static_cast<std::uint8_t>(limb >> shift));
  bytes.push_back(0);  // the sign
  if (negative) {
    unsigned carry = 1;
    for (std::uint8_t& b : bytes) {
      carry += static_cast<std::uint8_t>(~b);
      b = static_cast<std::uint8_t>(carry);
      carry >>= 8;
    }
  }
  return bytes;
}

double parse_float(std::string_view s) {
  double d = 0;
  const auto [end, error] = std::from_chars(s.data(), s.data() + s.size(), d);
  if (error != std::errc() || end != s.data() + s.size())
    detail::throw_error<FormatError>("a float that is no number: ", detail::quoted(s));
  return d;
}

std::string unescape_string(std::string_view s) {
  if (s.size() < 2 || s.front() != s.back() || (s.front() != '\'' && s.front() != '"'))
    detail::throw_error<FormatError>("a STRING without quotes: ", detail::quoted(s));
  s = s.substr(1, s.size() - 2);
  std::string out;
  for (std::size_t i = 0; i < s.size(); ++i) {
    if (s[i] != '\\') {
      out += s[i];
      continue;
    }
    if (++i == s.size()) detail::throw_error<FormatError>("a STRING that ends in a backslash");
    switch (s[i]) {
      case 'n': out += '\n'; break;
      case 'r': out += '\r'; break;
      case 't': out += '\t'; break;
      case 'x': {
        const std::int64_t v = hex_number(s, i + 1, 2);
        if (v < 0) detail::throw_error<FormatError>("a STRING with a bad \\x escape");
        out += static_cast<char>(v);
        i += 2;
        break;
      }
      case '\\':
      case '\'':
      case '"': out += s[i]; break;
      default: detail::throw_error<FormatError>("a STRING with an unknown escape");
    }
  }
  return out;
}

std::string unescape_unicode(std::string_view s) {
  std::string out;
  for (std::size_t i = 0; i < s.size();) {
    if (s[i] == '\\' && i + 1 < s.size() && (s[i + 1] == 'u' || s[i + 1] == 'U')) {
      const std::size_t n = s[i + 1] == 'u' ? 4 : 8;
      const std::int64_t code = hex_number(s, i + 2, n);
      if (code < 0 || code > 0x10ffff) detail::throw_error<FormatError>("a UNICODE string with a bad \\u escape");
      detail::append_utf8(out, static_cast<std::uint32_t>(code));
      i += 2 + n;
    } else {
      detail::append_utf8(out, static_cast<unsigned char>(s[i++]));
    }
  }
  return out;
}

}  // namespace harker::pt

// Protocol 0 writes its operands as text: decimal integers, floats, and strings with Python's escapes.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace harker::pt {

/// Two's complement bytes of a decimal integer, least significant first. FormatError for anything else, or above 4300
/// digits (Python's own limit: the conversion is quadratic).
std::vector<std::uint8_t> parse_decimal(std::string_view s);
double parse_float(std::string_view s);
/// 'text' or "text" with escapes, quotes included.
std::string unescape_string(std::string_view s);
/// Text with \uXXXX and \UXXXXXXXX; other bytes are Latin-1.
std::string unescape_unicode(std::string_view s);

}  // namespace harker::pt

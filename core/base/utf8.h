// UTF-8 as Python's "surrogatepass" has it (internal): no overlong forms, nothing above 0x10ffff.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include <harker/core/export.h>

namespace harker HARKER_PUBLIC {
namespace detail {

/// The bytes of the character at the front of `s`, which is not empty, or 0 when none is. `surrogates`: a lone one may
/// stand there as its three-byte form.
std::size_t utf8_length(std::string_view s, bool surrogates);
bool valid_utf8(std::string_view s, bool surrogates);
/// Appends one code point (below 0x110000; a surrogate gets its three-byte form).
void append_utf8(std::string& out, std::uint32_t code);
/// Reads the code point at `at` of valid text and moves on.
std::uint32_t next_code(std::string_view s, std::size_t& at);

}  // namespace detail
}  // namespace harker

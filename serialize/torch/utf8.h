// UTF-8 as Python's "surrogatepass" has it, for strings in pickles and names in archives.
#pragma once
#include <cstdint>
#include <string>

#include <harker/serialize/io/byte_view.h>

namespace harker::pt {

/// Is it UTF-8? `surrogates`: lone surrogates may stand in it as their three-byte form.
bool valid_utf8(io::ByteView s, bool surrogates);
/// Appends one code point (below 0x110000; a surrogate gets its three-byte form).
void append_utf8(std::string& out, std::uint32_t code);
/// Reads the code point at `at` of valid text and moves on.
std::uint32_t next_code(std::string_view s, std::size_t& at);

}  // namespace harker::pt

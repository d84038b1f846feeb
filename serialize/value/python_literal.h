// Python's literals, as repr() writes them: what stands in the header of a .npy file, and in our own notes. Only these:
//
//   literal = None | True | False | integer | text | '(' items ')' | '[' items ']' | '{' (text ':' literal ',')* '}'
//   integer = '-'? digit+ 'L'?            Python 2 wrote the L
//   text    = 'characters' | "characters" with \\ \' \" \n \r \t \xHH \uHHHH \UHHHHHHHH
//
// Nothing is evaluated; in () one item needs a comma behind it; a comma may stand before any closing bracket.
#pragma once
#include <string>
#include <string_view>

#include <harker/core/value.h>

namespace harker {

/// The one literal that `text` is, spaces and newlines around it apart. FormatError, beginning with `what`, for
/// anything else, for a key that occurs twice, and for nesting deeper than 16.
Value read_literal(std::string_view text, std::string_view what);
/// What repr() writes, with all that is not ASCII as escapes, behind `out`. False for a Value that has no such literal, or
/// nests deeper.
bool append_literal(std::string& out, const Value& v);

}  // namespace harker

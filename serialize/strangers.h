// Files that are nothing we read, told by what they are, with what to do about it.
#pragma once
#include <string>

#include <harker/serialize/io/source.h>

namespace harker {

/// "is ...", or "" when the bytes are nothing known, or ours to read. Looks at few of them.
std::string stranger(const io::Source& source);
/// The same for bytes that no format takes for its own: by the name, and by what takes a longer look.
std::string last_resort(const io::Source& source);

}  // namespace harker

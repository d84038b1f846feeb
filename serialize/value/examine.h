// What verify does for every format once a file is read lazily: each storage is gone through once, in pieces, for its
// checksum and for the numbers in its tensors that are none.
#pragma once
#include <string_view>
#include <unordered_set>

#include <harker/core/dtype.h>
#include <harker/serialize/findings.h>
#include <harker/serialize/io/byte_view.h>

namespace harker HARKER_PUBLIC {

class Value;

/// Which bytes of a file were gone through, by where they begin.
using Examined = std::unordered_set<const std::uint8_t*>;

/// Tells all that is wrong with the storages in `root`, and with what its tensors say (check_contents); then the tensors
/// that hold NaN or infinities. A storage that lies in its file as it does in memory is not copied, nor any made real.
Examined examine(const Value& root, std::string_view what, Findings& findings);

struct NotFinite {
  std::uint64_t nan = 0, inf = 0;
};
/// How many of these elements (whole ones) are NaN or infinite; parts of complex numbers count for themselves.
NotFinite not_finite(DType dtype, io::ByteView elements);

}  // namespace harker

// Does a view stay inside its storage? The one place where sizes, strides and offset from a file are multiplied.
#pragma once
#include <cstdint>
#include <span>
#include <string>

namespace harker {

/// What is wrong with a view of elements of `item` bytes over a storage of `nbytes` bytes, or "". `nbytes` is
/// UINT64_MAX where there is no storage: then the numbers need only be possible.
std::string geometry_error(std::span<const std::int64_t> sizes, std::span<const std::int64_t> strides,
                           std::int64_t offset, std::uint64_t item, std::uint64_t nbytes);

}  // namespace harker

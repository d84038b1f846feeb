// Does a view stay inside its storage, and do the parts of a sparse tensor fit? The one place where sizes, strides and
// offset from a file are multiplied.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include <harker/core/dtype.h>

namespace harker {

inline constexpr int kMaxRank = 64;  // torch's own limit

/// What is wrong with a view of elements of `item` bytes over a storage of `nbytes` bytes, or "". `nbytes` is
/// UINT64_MAX where there is no storage: then the numbers need only be possible.
std::string geometry_error(std::span<const std::int64_t> sizes, std::span<const std::int64_t> strides,
                           std::int64_t offset, std::uint64_t item, std::uint64_t nbytes);

/// How many tensors a sparse one of this layout is made of: indices and values ("torch.sparse_coo"), or compressed
/// indices, plain indices and values ("torch.sparse_csr" and its like); 0 when the layout is not known.
std::size_t sparse_parts(std::string_view layout);
/// Can they be a COO tensor of `rank` dimensions? Indices are (sparse dimensions, n), values (n, dense sizes...).
bool coo_fits(std::span<const std::int64_t> indices, std::span<const std::int64_t> values, std::uint64_t rank);

/// The types that only quantized tensors have.
constexpr bool is_quantized(DType t) { return t == DType::qint8 || t == DType::quint8 || t == DType::qint32; }

}  // namespace harker

// Every product and sum is checked before it is used.
#include <harker/serialize/value/geometry.h>

#include <harker/core/base/text.h>
#include <harker/serialize/io/byte_view.h>

namespace harker {

using detail::str;

constexpr std::uint64_t kMaxBytes = std::uint64_t{1} << 62;

std::string geometry_error(std::span<const std::int64_t> sizes, std::span<const std::int64_t> strides,
                           std::int64_t offset, std::uint64_t item, std::uint64_t nbytes) {
  if (sizes.size() != strides.size()) return str(sizes.size(), " sizes, but ", strides.size(), " strides");
  if (offset < 0) return "its offset is negative";
  std::uint64_t count = 1, last = static_cast<std::uint64_t>(offset), bytes = 0;
  bool empty = false;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    if (sizes[i] < 0) return "a size is negative";
    if (strides[i] < 0) return "a stride is negative";
    const auto n = static_cast<std::uint64_t>(sizes[i]);
    std::uint64_t reach = 0;
    empty = empty || n == 0;
    const bool fits = io::checked_mul(count, n == 0 ? 1 : n, count) && count < kMaxBytes &&
                      (n == 0 || (io::checked_mul(n - 1, static_cast<std::uint64_t>(strides[i]), reach) &&
                                  io::checked_add(last, reach, last)));
    if (!fits) return "its number of elements or their extent overflows";
  }
  if (!io::checked_mul(count, item, bytes) || bytes >= kMaxBytes) return "its number of bytes overflows";
  // An empty tensor touches nothing, and slicing makes ones whose offset lies past the end.
  if (!io::checked_add(last, empty ? 0 : 1, last) || !io::checked_mul(last, item, bytes) || bytes >= kMaxBytes)
    return "its extent overflows";
  if (!empty && bytes > nbytes) return str("it reaches past its storage: it reaches to byte ", bytes, " of ", nbytes);
  return {};
}

std::size_t sparse_parts(std::string_view layout) {
  if (layout == "torch.sparse_coo") return 2;
  const bool rows = layout == "torch.sparse_csr" || layout == "torch.sparse_bsr";
  return rows || layout == "torch.sparse_csc" || layout == "torch.sparse_bsc" ? 3 : 0;
}

bool coo_fits(std::span<const std::int64_t> indices, std::span<const std::int64_t> values, std::uint64_t rank) {
  return indices.size() == 2 && !values.empty() && indices[1] == values[0] &&
         static_cast<std::uint64_t>(indices[0]) + values.size() - 1 == rank;
}

}  // namespace harker

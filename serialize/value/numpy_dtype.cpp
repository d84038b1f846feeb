// The kinds and sizes that NumPy has on some machine. A character of a string takes four bytes.
#include <harker/serialize/value/numpy_dtype.h>

namespace harker {

std::uint64_t numpy_item_size(std::string_view code) {
  if (code.size() < 2 || code.size() > 10) return 0;
  std::uint64_t n = 0;
  for (char c : code.substr(1)) {
    if (c < '0' || c > '9') return 0;
    n = n * 10 + static_cast<std::uint64_t>(c - '0');
  }
  const bool whole = n == 1 || n == 2 || n == 4 || n == 8;
  switch (code[0]) {
    case 'b': return n == 1 ? n : 0;
    case 'i':
    case 'u': return whole ? n : 0;
    case 'f': return n == 2 || n == 4 || n == 8 || n == 16 ? n : 0;
    case 'c': return n == 8 || n == 16 || n == 32 ? n : 0;
    case 'S': return n;
    case 'U': return 4 * n;
    default: return 0;
  }
}

}  // namespace harker

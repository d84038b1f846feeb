// How much memory reading a file may take, whatever it says.
#pragma once
#include <algorithm>

#include <harker/serialize/serialize.h>

#include "fuzz/exercise.h"
#include "fuzz/memory_meter.h"
#include "fuzz/written.h"

namespace harker::fuzz {

/// The bytes that the deflated records of a zip archive say they hold, each at most what deflate can make of the file.
inline std::uint64_t declared_bytes(std::string_view file) {
  std::uint64_t sum = 0;
  for (std::size_t at = file.find("PK\1\2"); at != file.npos; at = file.find("PK\1\2", at + 4))
    if (file.size() - at >= 46 && get(file, at + 10, 2) == 8)
      sum += std::min<std::uint64_t>(get(file, at + 24, 4), 1032 * file.size());
  return sum;
}

/// 4 bytes for each of the file's, LoadOptions::max_bytes (16 MiB), and what deflated records say they hold: tensors
/// take that much once it has been found possible. This holds for files of up to some 50 KiB, whatever is in them. In a
/// larger one a pickle that makes an empty object with every byte takes more: up to 320 for each
/// (PickleLimits::memory).
inline std::uint64_t memory_bound(std::string_view file) {
  return 4 * file.size() + LoadOptions{}.max_bytes + declared_bytes(file);
}

/// read_any(), with the most memory that it took.
class MeteredRead {
 public:
  Value operator()(const std::shared_ptr<const io::Source>& source, const LoadOptions& options) {
    const struct Peak {
      std::size_t& out;
      MemoryMeter meter;
      ~Peak() { out = meter.peak(); }
    } last{peak, {}};
    return read_any(source, options);
  }
  std::size_t peak = 0;
};

}  // namespace harker::fuzz

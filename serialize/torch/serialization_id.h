// The forty digits that torch writes into .data/serialization_id: a hash of the record names and one of their CRCs.
// The first depends on libstdc++'s std::hash and on the iteration order of its unordered_set; both are reproduced here,
// so that the bytes do not depend on the standard library we are built with.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace harker::pt {

class SerializationId {
 public:
  /// A record, in the order of writing; `crc` counts unless it is empty.
  void add(std::string name, std::uint32_t crc, bool empty);
  std::string digits() const;

 private:
  std::vector<std::string> names_;
  std::uint64_t crcs_ = 0;
};

/// libstdc++'s std::hash<std::string> on a 64-bit little-endian machine.
std::uint64_t libstdcxx_hash(const std::string& s);
/// The order in which libstdc++'s unordered_set iterates over distinct strings inserted in this order.
std::vector<std::uint32_t> libstdcxx_set_order(const std::vector<std::uint64_t>& hashes);

}  // namespace harker::pt

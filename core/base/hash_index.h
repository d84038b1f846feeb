// HashIndex: finds the position of a key in a vector that lives elsewhere, given the key's hash. Internal: Value's
// dicts and sets and StateDict keep their items in order in a vector, and one of these beside it once they have grown.
// Hashes are keyed with a secret of the process (SipHash), so that no file can choose keys that collide.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include <harker/core/export.h>

namespace harker HARKER_PUBLIC {
namespace detail {

/// The process's keyed hash of some bytes, or of one word; `tag` keeps different kinds of things apart.
std::uint64_t keyed_hash(std::string_view bytes, std::uint64_t tag = 0) noexcept;
std::uint64_t keyed_hash(std::uint64_t word, std::uint64_t tag = 0) noexcept;
/// Of an address: no file chooses those.
inline std::uint32_t address_hash(const void* p) noexcept {
  return static_cast<std::uint32_t>((reinterpret_cast<std::uintptr_t>(p) * 0x9e3779b97f4a7c15) >> 32);
}

class HashIndex {
 public:
  static constexpr std::uint32_t kNone = UINT32_MAX;
  static constexpr std::size_t kLinear = 8;  ///< up to so many items a search from the front is faster

  HashIndex() noexcept;
  HashIndex(const HashIndex&);
  HashIndex(HashIndex&& o) noexcept;
  HashIndex& operator=(HashIndex o) noexcept;
  ~HashIndex();

  bool empty() const noexcept { return slots_.empty(); }
  void clear() noexcept;

  /// The position with this hash for which `equal(position)` holds, or kNone.
  template <class Equal>
  std::uint32_t find(std::uint32_t hash, Equal equal) const {
    if (slots_.empty()) return kNone;
    const std::size_t mask = slots_.size() - 1;
    for (std::size_t s = hash & mask; slots_[s].at != kNone; s = (s + 1) & mask) {
      if (slots_[s].hash == hash && equal(slots_[s].at)) return slots_[s].at;
    }
    return kNone;
  }
  /// Adds the position `at`, one that is not there yet. Changes nothing when memory runs out.
  void insert(std::uint32_t hash, std::uint32_t at);
  /// Takes the position `at` away and lowers all above it by one, as erasing from a vector does.
  void erase(std::uint32_t hash, std::uint32_t at) noexcept;

 private:
  struct Slot {
    std::uint32_t hash = 0, at = kNone;
  };
  std::vector<Slot> slots_;  // a power of two, at most two thirds in use
  std::size_t used_ = 0;
};

}  // namespace detail
}  // namespace harker

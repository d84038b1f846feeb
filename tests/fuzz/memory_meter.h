// MemoryMeter: how much memory a piece of work takes at most, by the program's own malloc; and what fresh memory holds,
// so that a byte nobody wrote is seen. A program that links memory_meter.cpp has its malloc replaced, or, under a
// sanitizer, listened to. One thread at a time.
#pragma once
#include <cstddef>
#include <optional>

namespace harker::fuzz {

class MemoryMeter {
 public:
  MemoryMeter();
  ~MemoryMeter();
  MemoryMeter(const MemoryMeter&) = delete;
  MemoryMeter& operator=(const MemoryMeter&) = delete;
  /// The most bytes that were in use at once since the constructor, beyond those in use then. What the library's own
  /// pool (core/base/pool.h) had at hand already does not count; sanitizer builds have no pool.
  std::size_t peak() const;
};

/// From now on fresh memory holds this byte, also what the library's pool has at hand; nothing: whatever it held.
void fill_fresh_memory(std::optional<unsigned char> with);

}  // namespace harker::fuzz

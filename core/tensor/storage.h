// Storage: the bytes that one or more tensors look at, with the version counter that autograd checks.
// What the bytes mean (dtype, shape) is the tensors' business.
#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>

#include <harker/core/base/pool.h>
#include <harker/core/base/ref.h>
#include <harker/core/export.h>

namespace harker HARKER_PUBLIC {

/// Keeps foreign memory alive for a Storage (a mapped file, say), and can delay its making until the first use.
class StorageOwner {
 public:
  virtual ~StorageOwner() = default;
  /// Called once, before the bytes are used for the first time: checks them (CRC), swaps their byte order, inflates.
  /// Returns where the `nbytes` bytes are. Throws FormatError. Concurrent calls are serialised by the caller.
  virtual void* materialize() = 0;
};

/// Made by tensors (in one block with the first of them, see core/tensor/tensor.cpp) or by make_storage; freed with its last
/// reference.
struct Storage {
  RefCount refs;
  std::uint32_t version = 0;  ///< how often the bytes were changed in place
  std::size_t block = 0;      ///< bytes of the pool block that begins with this header
  std::size_t nbytes = 0;
  void* data = nullptr;            ///< may be null while `owner` has not materialised it
  StorageOwner* owner = nullptr;   ///< null: the bytes lie in this very block
  std::atomic<bool> lazy{false};   ///< `owner->materialize()` is still to come; see ensure()
  std::atomic<bool> saved{false};  ///< some operation has kept these bytes for its backward pass; stays
  std::uint32_t recorded = 0;      ///< the version that the last change in place which autograd recorded has made

  /// Makes lazy bytes real (checked, in this machine's byte order). Harmless when they are already; safe from several
  /// threads.
  void ensure() {
    if (lazy.load(std::memory_order_acquire)) [[unlikely]]
      materialize();
  }

 private:
  void materialize();
};
inline void destroy(Storage* s) noexcept {
  if (s->owner) [[unlikely]]
    delete s->owner;
  pool::free(s, s->block);
}

/// `nbytes` fresh bytes, 64-byte aligned, not initialised; large ones on huge pages where the system has them.
Ref<Storage> make_storage(std::size_t nbytes);
/// Memory kept by `owner` (taken over). With data == nullptr or `lazy`, owner->materialize() runs at the first use.
Ref<Storage> make_storage(StorageOwner* owner, void* data, std::size_t nbytes, bool lazy);

}  // namespace harker

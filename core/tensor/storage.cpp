// Making and freeing storages; the lazy ones become real here.
#include <harker/core/tensor/storage.h>

#include <pthread.h>

#include <mutex>
#include <new>

namespace harker HARKER_PUBLIC {

namespace {
constexpr std::size_t kHeader = 64;  // Storage, padded so that the data keeps the block's alignment
static_assert(sizeof(Storage) <= kHeader);

/// One for all: it is held for the first use of a storage only. Recursive: an owner may make another storage real.
std::recursive_mutex& first_use() {
  static std::recursive_mutex mutex;
  [[maybe_unused]] static const int forks = pthread_atfork(nullptr, nullptr, [] {
    new (&first_use()) std::recursive_mutex;
  });  // a thread that the child has not may hold it
  return mutex;
}
}  // namespace

Ref<Storage> make_storage(std::size_t nbytes) {
  if (nbytes > SIZE_MAX / 2) throw std::bad_alloc();
  void* block = pool::alloc(kHeader + nbytes);
  Storage* s = new (block) Storage;
  s->block = kHeader + nbytes;
  s->nbytes = nbytes;
  s->data = static_cast<char*>(block) + kHeader;
  return Ref<Storage>(s);
}

Ref<Storage> make_storage(StorageOwner* owner, void* data, std::size_t nbytes, bool lazy) {
  void* block;
  try {
    block = pool::alloc(sizeof(Storage));
  } catch (...) {
    delete owner;
    throw;
  }
  Storage* s = new (block) Storage;
  s->block = sizeof(Storage);
  s->nbytes = nbytes;
  s->data = data;
  s->owner = owner;
  s->lazy.store(lazy || !data, std::memory_order_relaxed);
  return Ref<Storage>(s);
}

void Storage::materialize() {
  const std::lock_guard lock(first_use());
  if (!lazy.load(std::memory_order_relaxed)) return;
  data = owner->materialize();
  lazy.store(false, std::memory_order_release);
}

}  // namespace harker

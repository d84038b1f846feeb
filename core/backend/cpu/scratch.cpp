// The thread's block is an ordinary variable of the thread; what may outlive it is only the pointer.
#include <harker/core/backend/cpu/scratch.h>

#include <cstdlib>

namespace harker {
namespace {

enum class State : unsigned char { untouched, held, ended };

thread_local constinit void* block = nullptr;
thread_local constinit State state = State::untouched;

struct Owner {
  void hold() noexcept {}  // a call makes the thread register the destructor
  ~Owner() {
    std::free(block);
    block = nullptr;
    state = State::ended;  // a product in a destructor that runs later finds no scratch, and does without
  }
};
thread_local Owner owner;

}  // namespace

void* scratch() noexcept {
  if (state == State::untouched) {
    owner.hold();
    block = std::aligned_alloc(64, kScratchBytes);
    if (block) state = State::held;  // else the next product tries again
  }
  return block;
}

}  // namespace harker

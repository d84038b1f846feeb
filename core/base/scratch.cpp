// The thread's block is an ordinary variable of the thread; what may outlive it is only the pointer.
#include <harker/core/base/scratch.h>
#include <harker/core/base/thread_end.h>

#include <cstdlib>

namespace harker {
namespace {

enum class State : unsigned char { untouched, scoped, ended };

thread_local constinit void* block = nullptr;
thread_local constinit State state = State::untouched;

void end(void* p) noexcept {
  std::free(p);
  block = nullptr;
  state = State::ended;  // a product in another destructor that runs later finds no scratch, and does without
}

}  // namespace

void* scratch() noexcept {
  if (block || state == State::ended) return block;
  void* const p = std::aligned_alloc(64, kScratchBytes);  // where it fails, the next product tries again
  static const ThreadEnd<end> at_end;
  if (state == State::untouched && !at_end.set(p)) {
    end(p);
    return nullptr;
  }
  return block = p;
}

ScratchScope::ScratchScope() noexcept { state = State::scoped; }
ScratchScope::~ScratchScope() { end(block); }

}  // namespace harker

// PickleBudget: what one pickle may cost, so that a small file cannot ask for unbounded memory or time. The pickle
// machine (pickle_reader.h) tells it each step, and it throws when that is more than the file's size explains.
#pragma once
#include <cstdint>

#include <harker/core/value.h>
#include <harker/serialize/io/source.h>
#include <harker/serialize/serialize.h>

namespace harker::pt {

/// What one pickle may cost. Each is LoadOptions' of that name, in the unit of the machine.
struct PickleLimits {
  std::uint64_t opcodes, memo;
  std::uint64_t memory;  ///< bytes, estimated: 320 for each byte of the file, and max_bytes besides
  std::uint64_t copies;  ///< bytes that calls may copy: 8 for each byte of the file, and max_bytes besides
};
PickleLimits pickle_limits(const LoadOptions& options, const io::Source& file);

class PickleBudget {
 public:
  static constexpr std::uint64_t kOpcodeBytes =
      80;  // a place on the stack and one in a container, in vectors that double
  static constexpr std::uint64_t kObjectBytes =
      240;  // the most that an object takes by itself, and the search for cycles
  PickleBudget(const PickleLimits& limits, std::size_t pickle_bytes) : limits_(limits), size_(pickle_bytes) {}

  void opcode() {
    if (++opcodes_ > limits_.opcodes) [[unlikely]]
      too_many_opcodes();
    spend(kOpcodeBytes);
  }
  /// Every object that a pickle makes.
  void object() { spend(kObjectBytes); }
  /// One more memo entry beside `count`.
  void memo(std::size_t count) const {
    if (count >= limits_.memo) [[unlikely]]
      too_large_memo();
  }
  /// A key that a dict or set is about to hash and compare.
  void key(const Value& key);
  /// STACK_GLOBAL's names.
  void name(std::uint64_t bytes);
  /// What a call copies of its arguments, and hashes of them.
  void call(const Value& callable, const Value& args);
  /// What BUILD copies of a state.
  void state(const Value& object, const Value& state);
  /// Names that are made of a persistent id, a tuple: the storage's key, and that of a view.
  void persistent_id(const Value& id);

 private:
  void charge(std::uint64_t bytes);
  void charge_long(std::uint64_t bytes);
  void charge_keys_of(const Value& v, bool of_set);
  // A pickle as it stands in its file never comes to the limit by its opcodes: a deflated one can be a thousand times as
  // large as its file.
  void spend(std::uint64_t bytes) {
    spent_ += bytes;
    if (spent_ > limits_.memory) [[unlikely]]
      too_much_memory();
  }
  [[noreturn]] void too_many_opcodes() const;
  [[noreturn]] void too_large_memo() const;
  [[noreturn]] void too_much_memory() const;
  PickleLimits limits_;
  std::size_t size_;
  std::uint64_t opcodes_ = 0, copied_ = 0, spent_ = 0;
};

}  // namespace harker::pt

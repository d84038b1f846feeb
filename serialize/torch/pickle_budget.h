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
  PickleBudget(const PickleLimits& limits, std::size_t pickle_bytes) : limits_(limits), size_(pickle_bytes) {}

  void opcode();
  /// Every object that a pickle makes.
  void object();
  /// One more memo entry beside `count`.
  void memo(std::size_t count) const;
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
  void spend(std::uint64_t bytes);
  PickleLimits limits_;
  std::size_t size_;
  std::uint64_t opcodes_ = 0, copied_ = 0, spent_ = 0;
};

}  // namespace harker::pt

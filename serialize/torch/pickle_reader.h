// PickleReader: the pickle machine, protocols 0 to 5, as an interpreter of our own: a stack on the heap, marks, a memo that
// shares. It makes plain values itself; whatever names a class or function goes to its PickleHooks, which know what may be
// made. Nothing is ever imported or called. The opcodes are in pickle_opcodes.h.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include <harker/core/value.h>
#include <harker/serialize/io/keyed_map.h>
#include <harker/serialize/io/source.h>
#include <harker/serialize/torch/pickle_budget.h>
#include <harker/serialize/torch/pickle_opcodes.h>

namespace harker::pt {

/// What the machine asks when a pickle names a class or function. FormatError for what must not be.
class PickleHooks {
 public:
  virtual ~PickleHooks() = default;
  /// GLOBAL: a reference to a class, function or constant; the same object for the same name.
  virtual Value global(std::string_view module, std::string_view name, std::size_t position) = 0;
  /// REDUCE and NEWOBJ: what `callable(*args)` would make. `args` is a tuple.
  virtual Value call(const Value& callable, const Value& args, bool newobj) = 0;
  /// BUILD: gives `object` its state.
  virtual void build(const Value& object, const Value& state) = 0;
  /// BINPERSID: what lies outside the pickle (a storage).
  virtual Value persistent(const Value& id) = 0;
};

class PickleReader {
 public:
  /// `what` begins every error ("dracula.pt: data.pkl").
  PickleReader(io::ByteView data, std::string what, PickleHooks& hooks, const PickleLimits& limits);
  ~PickleReader();
  PickleReader(const PickleReader&) = delete;
  PickleReader& operator=(const PickleReader&) = delete;

  /// Runs to STOP and returns the value. Errors name the position in the pickle.
  Value run();
  int protocol() const { return protocol_; }
  /// Bytes read: a file may hold several pickles one after the other.
  std::size_t used() const { return in_.position(); }

 private:
  void step(Opcode op, const Operands& with);

  void push(Value v) { stack_.push_back(std::move(v)); }
  Value pop();
  Value& top();
  std::size_t pop_mark();
  /// Where the stack begins for what may not reach below a mark.
  std::size_t floor() const { return marks_.empty() ? 0 : marks_.back(); }
  Value tuple_of(std::size_t first);
  Value& target_of(std::size_t first, const char* what);
  void append_from(std::size_t first);
  void set_items_from(std::size_t first);
  void add_items_from(std::size_t first);
  void make(const Value& callable, const Value& args, bool newobj);
  void seal();
  Value made(Value v);
  void remember(std::uint64_t index);
  void recall(std::uint64_t index);
  void push_again(const Value& v);
  static std::uint64_t memo_index(std::string_view digits);
  void push_string(io::ByteView bytes);
  void push_python2_string(io::ByteView bytes);
  void push_bytes(io::ByteView bytes);
  void push_persistent(const Value& id);

  io::ByteCursor in_;
  std::string what_;
  PickleHooks& hooks_;
  PickleBudget budget_;
  std::size_t op_at_ = 0;
  bool sealed_ = false;
  int protocol_ = 0;
  std::size_t stored_ = 0;  // in the memo, also what other objects have replaced there
  std::vector<Value> stack_;
  std::vector<std::size_t> marks_;
  struct Memo {
    Value value;
    bool recalled = false;
  };
  std::vector<Memo> memo_;                  // indices 0, 1, 2, ... as picklers give them
  KeyedMap<std::uint64_t, Memo> far_memo_;  // any others
  std::vector<Value> doubled_;              // what was on the stack once more: see seal()
};

}  // namespace harker::pt

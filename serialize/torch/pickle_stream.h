// PickleStream: opcodes of protocol 2 in the order and with the memo that CPython's C pickler has. What is an object of
// its own in Python takes a memo index here, whether anybody comes back to it or not.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include <harker/core/shape.h>
#include <harker/serialize/io/byte_view.h>
#include <harker/serialize/io/keyed_map.h>
#include <harker/serialize/torch/pickle_opcodes.h>

namespace harker::pt {

class PickleStream {
 public:
  PickleStream() {
    op(Opcode::PROTO);
    out_ += '\2';
  }
  void op(Opcode c) { out_ += static_cast<char>(c); }
  void none() { op(Opcode::NONE); }
  void boolean(bool b) { op(b ? Opcode::NEWTRUE : Opcode::NEWFALSE); }
  void integer(std::int64_t v);
  /// Any size, from two's complement bytes.
  void big_integer(io::ByteView bytes);
  void floating(double d);
  /// A string that is an object of its own; returns its memo index.
  std::uint32_t fresh_string(std::string_view s);
  /// A string that equal ones share, as literals do in Python.
  void shared_string(std::string_view s);
  void global(std::string_view module, std::string_view name);
  /// Bytes: a call of _codecs.encode. Not memoised by this.
  void bytes(io::ByteView data);
  /// A tuple of integers.
  void int_tuple(const Shape& s);
  /// The opcode that makes a tuple of the `n` values on top (more than three: of those after the mark).
  void tuple(std::size_t n);
  void reduce() { op(Opcode::REDUCE); }
  /// BINPUT for whatever is on top; returns the index.
  std::uint32_t put();
  void get(std::uint32_t index);
  /// Ends the pickle and gives it away.
  std::string finish();

 private:
  std::string out_;
  std::uint32_t count_ = 0;
  KeyedMap<std::string, std::uint32_t> strings_, globals_;
};

/// Strings that CPython has only once: the empty one and those of one Latin-1 character.
bool is_singleton(std::string_view s);

}  // namespace harker::pt

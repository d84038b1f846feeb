// The opcodes of pickles, protocols 0 to 5, with the names and operands that CPython's Lib/pickletools.py gives them:
// one table for the machine that runs them, the writer, and whoever reads past them.
#pragma once
#include <array>
#include <cstdint>
#include <string_view>

#include <harker/serialize/io/byte_view.h>

namespace harker::pt {

/// What stands behind an opcode. Numbers are little-endian, floats big-endian; lines end in a newline.
enum class Operand : std::uint8_t {
  none,
  u1,  ///< an unsigned integer of one byte
  u2,
  u4,
  u8,
  i4,
  f8,
  bytes_u1,  ///< a length of one byte, and so many bytes
  bytes_u4,
  bytes_u8,
  bytes_i4,
  line,
  two_lines
};

//    name, code, operand, the first protocol that has it
#define HARKER_PICKLE_OPCODES(X)         \
  X(INT, 'I', line, 0)                   \
  X(BININT, 'J', i4, 1)                  \
  X(BININT1, 'K', u1, 1)                 \
  X(BININT2, 'M', u2, 1)                 \
  X(LONG, 'L', line, 0)                  \
  X(LONG1, 0x8a, bytes_u1, 2)            \
  X(LONG4, 0x8b, bytes_i4, 2)            \
  X(STRING, 'S', line, 0)                \
  X(BINSTRING, 'T', bytes_i4, 1)         \
  X(SHORT_BINSTRING, 'U', bytes_u1, 1)   \
  X(BINBYTES, 'B', bytes_u4, 3)          \
  X(SHORT_BINBYTES, 'C', bytes_u1, 3)    \
  X(BINBYTES8, 0x8e, bytes_u8, 4)        \
  X(BYTEARRAY8, 0x96, bytes_u8, 5)       \
  X(NEXT_BUFFER, 0x97, none, 5)          \
  X(READONLY_BUFFER, 0x98, none, 5)      \
  X(NONE, 'N', none, 0)                  \
  X(NEWTRUE, 0x88, none, 2)              \
  X(NEWFALSE, 0x89, none, 2)             \
  X(UNICODE, 'V', line, 0)               \
  X(SHORT_BINUNICODE, 0x8c, bytes_u1, 4) \
  X(BINUNICODE, 'X', bytes_u4, 1)        \
  X(BINUNICODE8, 0x8d, bytes_u8, 4)      \
  X(FLOAT, 'F', line, 0)                 \
  X(BINFLOAT, 'G', f8, 1)                \
  X(EMPTY_LIST, ']', none, 1)            \
  X(APPEND, 'a', none, 0)                \
  X(APPENDS, 'e', none, 1)               \
  X(LIST, 'l', none, 0)                  \
  X(EMPTY_TUPLE, ')', none, 1)           \
  X(TUPLE, 't', none, 0)                 \
  X(TUPLE1, 0x85, none, 2)               \
  X(TUPLE2, 0x86, none, 2)               \
  X(TUPLE3, 0x87, none, 2)               \
  X(EMPTY_DICT, '}', none, 1)            \
  X(DICT, 'd', none, 0)                  \
  X(SETITEM, 's', none, 0)               \
  X(SETITEMS, 'u', none, 1)              \
  X(EMPTY_SET, 0x8f, none, 4)            \
  X(ADDITEMS, 0x90, none, 4)             \
  X(FROZENSET, 0x91, none, 4)            \
  X(POP, '0', none, 0)                   \
  X(DUP, '2', none, 0)                   \
  X(MARK, '(', none, 0)                  \
  X(POP_MARK, '1', none, 1)              \
  X(GET, 'g', line, 0)                   \
  X(BINGET, 'h', u1, 1)                  \
  X(LONG_BINGET, 'j', u4, 1)             \
  X(PUT, 'p', line, 0)                   \
  X(BINPUT, 'q', u1, 1)                  \
  X(LONG_BINPUT, 'r', u4, 1)             \
  X(MEMOIZE, 0x94, none, 4)              \
  X(EXT1, 0x82, u1, 2)                   \
  X(EXT2, 0x83, u2, 2)                   \
  X(EXT4, 0x84, i4, 2)                   \
  X(GLOBAL, 'c', two_lines, 0)           \
  X(STACK_GLOBAL, 0x93, none, 4)         \
  X(REDUCE, 'R', none, 0)                \
  X(BUILD, 'b', none, 0)                 \
  X(INST, 'i', two_lines, 0)             \
  X(OBJ, 'o', none, 1)                   \
  X(NEWOBJ, 0x81, none, 2)               \
  X(NEWOBJ_EX, 0x92, none, 4)            \
  X(PROTO, 0x80, u1, 2)                  \
  X(STOP, '.', none, 0)                  \
  X(FRAME, 0x95, u8, 4)                  \
  X(PERSID, 'P', line, 0)                \
  X(BINPERSID, 'Q', none, 1)

enum class Opcode : std::uint8_t {
#define HARKER_ROW(name, code, operand, protocol) name = code,
  HARKER_PICKLE_OPCODES(HARKER_ROW)
#undef HARKER_ROW
};

struct OpcodeInfo {
  Opcode code = {};
  std::string_view name;  ///< empty: this byte is no opcode
  Operand operand = Operand::none;
  int protocol = 0;
};

/// By the opcode's byte.
inline constexpr std::array<OpcodeInfo, 256> kOpcodes = [] {
  std::array<OpcodeInfo, 256> all;
#define HARKER_ROW(name, code, operand, protocol) all[code] = {Opcode::name, #name, Operand::operand, protocol};
  HARKER_PICKLE_OPCODES(HARKER_ROW)
#undef HARKER_ROW
  return all;
}();
#undef HARKER_PICKLE_OPCODES

struct Operands {
  std::uint64_t number = 0;  ///< an i4 with its sign extended, the bits of an f8
  io::ByteView bytes;
  std::string_view line, second_line;
};
/// Reads what stands behind an opcode. FormatError when not all of it is there.
Operands read_operands(io::ByteCursor& in, const OpcodeInfo& op);

/// Makes a tuple of `n` values on the stack, or for more than three of those after the mark.
constexpr Opcode tuple_opcode(std::size_t n) {
  constexpr Opcode kOf[] = {Opcode::EMPTY_TUPLE, Opcode::TUPLE1, Opcode::TUPLE2, Opcode::TUPLE3};
  return n < std::size(kOf) ? kOf[n] : Opcode::TUPLE;
}

}  // namespace harker::pt

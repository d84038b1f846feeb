// Code: a pickle as a list of opcodes, so that one can be changed without the rest falling out of step. Lengths are not
// kept: they are what the operands have when written, unless an opcode is told to lie. Opcodes: CPython's
// Lib/pickletools.py, protocols 0 to 5.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/written.h"

namespace harker::fuzz {

/// What follows an opcode.
enum class Form : std::uint8_t { none, fixed, line, two_lines, sized, unknown };
struct Shape {
  Form form;
  unsigned width;  ///< of a fixed operand, or of the length before a sized one
};
Shape shape_of(std::uint8_t opcode);

struct Op {
  std::uint8_t code = 0;
  std::string operand;                    ///< without its length; lines with their newlines
  std::optional<std::uint64_t> lie = {};  ///< the length to write, whatever the operand's is
};
using Code = std::vector<Op>;

/// The pickle that begins at `at`, to its STOP, and `at` behind it; nothing (and `at` as it was) when there is none.
std::optional<Code> read_code(std::string_view bytes, std::size_t& at);
void write_code(const Code& code, Written& out);

/// The opcode for an integer of any size, as Python's pickler chooses it.
Op integer_op(std::int64_t v);
/// The value of K, M, J, or LONG1 up to 8 bytes.
std::optional<std::int64_t> integer_of(const Op& op);
bool is_string(const Op& op);

/// A persistent id of a storage, in the form that torch.save writes: the opcodes that hold its parts.
struct StorageOps {
  std::size_t key, numel, tuple, persid;
};
std::vector<StorageOps> find_storages(const Code& code);

}  // namespace harker::fuzz

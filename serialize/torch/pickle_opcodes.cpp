// Operands, each length compared with what is left.
#include <harker/serialize/torch/pickle_opcodes.h>

#include <harker/core/base/text.h>

namespace harker::pt {
namespace {

using detail::throw_error;

io::ByteView sized(io::ByteCursor& in, std::uint64_t n) {
  if (n > in.left()) throw_error<FormatError>("a length of ", n, " runs past the end: ", in.left(), " bytes are left");
  return in.take(n);
}

std::string_view line(io::ByteCursor& in) {
  const std::string_view rest = io::text(in.rest());
  const std::size_t n = rest.find('\n');
  if (n == rest.npos) throw_error<FormatError>("a line of text runs past the end: no newline, truncated");
  in.take(n + 1);
  return rest.substr(0, n);
}

}  // namespace

Operands read_operands(io::ByteCursor& in, const OpcodeInfo& op) {
  const auto i4 = [&] { return static_cast<std::int64_t>(static_cast<std::int32_t>(in.u32())); };
  Operands o;
  switch (op.operand) {
    case Operand::none: break;
    case Operand::u1: o.number = in.u8(); break;
    case Operand::u2: o.number = in.u16(); break;
    case Operand::u4: o.number = in.u32(); break;
    case Operand::u8: o.number = in.u64(); break;
    case Operand::i4: o.number = static_cast<std::uint64_t>(i4()); break;
    case Operand::f8: o.number = io::load_be<std::uint64_t>(in.take(8).data()); break;
    case Operand::bytes_u1: o.bytes = sized(in, in.u8()); break;
    case Operand::bytes_u4: o.bytes = sized(in, in.u32()); break;
    case Operand::bytes_u8: o.bytes = sized(in, in.u64()); break;
    case Operand::bytes_i4: {
      const std::int64_t n = i4();
      if (n < 0) throw_error<FormatError>(op.name, " of negative length ", n);
      o.bytes = sized(in, static_cast<std::uint64_t>(n));
      break;
    }
    case Operand::two_lines: o.line = line(in), o.second_line = line(in); break;
    case Operand::line: o.line = line(in); break;
  }
  return o;
}

}  // namespace harker::pt

// Taking pickles apart and putting them together. Nothing is run: this knows how long each opcode is, and no more.
#include "fuzz/pickle_code.h"

namespace harker::fuzz {
namespace {

constexpr std::uint8_t kFrame = 0x95;

Part part_of(std::uint8_t code) {
  switch (code) {
    case 'S':
    case 'V':
    case 'X':
    case 'U':
    case 'T':
    case 'C':
    case 'B':
    case 'P':
    case 0x8c:
    case 0x8d:
    case 0x8e:
    case 0x96: return Part::text;
    case 'c':
    case 'i': return Part::name;
    case 'I':
    case 'L':
    case 'F':
    case 'G':
    case 'K':
    case 'M':
    case 'J':
    case 0x8a:
    case 0x8b: return Part::number;
    case 'q':
    case 'r':
    case 'p':
    case 'h':
    case 'j':
    case 'g': return Part::memo;
    case kFrame: return Part::length;
    default: return Part::opcode;
  }
}

bool is_put(const Op& op) { return op.code == 'q' || op.code == 'r' || op.code == 'p' || op.code == 0x94; }

}  // namespace

Shape shape_of(std::uint8_t code) {
  switch (code) {
    case 'K':
    case 'h':
    case 'q':
    case 0x80:
    case 0x82: return {Form::fixed, 1};
    case 'M':
    case 0x83: return {Form::fixed, 2};
    case 'J':
    case 'j':
    case 'r':
    case 0x84: return {Form::fixed, 4};
    case 'G':
    case kFrame: return {Form::fixed, 8};
    case 'F':
    case 'I':
    case 'L':
    case 'P':
    case 'S':
    case 'V':
    case 'g':
    case 'p': return {Form::line, 0};
    case 'c':
    case 'i': return {Form::two_lines, 0};
    case 'U':
    case 'C':
    case 0x8a:
    case 0x8c: return {Form::sized, 1};
    case 'T':
    case 'X':
    case 'B':
    case 0x8b: return {Form::sized, 4};
    case 0x8d:
    case 0x8e:
    case 0x96: return {Form::sized, 8};
    case '(':
    case '.':
    case '0':
    case '1':
    case '2':
    case 'N':
    case 'Q':
    case 'R':
    case ')':
    case ']':
    case '}':
    case 'a':
    case 'b':
    case 'd':
    case 'e':
    case 'l':
    case 'o':
    case 's':
    case 't':
    case 'u': return {Form::none, 0};
    default: return {(code >= 0x81 && code <= 0x98) ? Form::none : Form::unknown, 0};
  }
}

std::optional<Code> read_code(std::string_view bytes, std::size_t& at) {
  Code code;
  std::size_t pos = at;
  while (pos < bytes.size()) {
    Op op;
    op.code = static_cast<std::uint8_t>(bytes[pos++]);
    const Shape shape = shape_of(op.code);
    std::uint64_t n = shape.width;
    switch (shape.form) {
      case Form::unknown: return std::nullopt;
      case Form::none: break;
      case Form::line:
      case Form::two_lines: {
        std::size_t end = bytes.find('\n', pos);
        if (end != bytes.npos && shape.form == Form::two_lines) end = bytes.find('\n', end + 1);
        if (end == bytes.npos) return std::nullopt;
        n = end + 1 - pos;
        break;
      }
      case Form::sized:
        if (bytes.size() - pos < shape.width) return std::nullopt;
        n = get(bytes, pos, shape.width);
        pos += shape.width;
        break;
      case Form::fixed: break;
    }
    if (n > bytes.size() - pos) return std::nullopt;
    op.operand = bytes.substr(pos, static_cast<std::size_t>(n));
    pos += static_cast<std::size_t>(n);
    code.push_back(std::move(op));
    if (code.back().code != '.') continue;
    at = pos;
    return code;
  }
  return std::nullopt;
}

void write_code(const Code& code, Written& out) {
  const std::size_t begin = out.data.size();
  std::vector<std::size_t> frames;
  for (const Op& op : code) {
    const Shape shape = shape_of(op.code);
    out.add(op.code, 1, Part::opcode);
    if (shape.form == Form::sized) out.add(op.lie.value_or(op.operand.size()), shape.width, Part::length);
    if (op.code == kFrame && !op.lie) frames.push_back(out.data.size());
    out.add(op.operand, part_of(op.code));
  }
  // A frame ends where its pickle does, or earlier, as it was: any end inside is right.
  for (const std::size_t at : frames)
    if (out.data.size() - at >= 8 && at >= begin && get(out.data, at, 8) > out.data.size() - at - 8)
      put(out.data, at, 8, out.data.size() - at - 8);
}

Op integer_op(std::int64_t v) {
  const auto fixed = [&](char code, unsigned width) {
    Op op{static_cast<std::uint8_t>(code), std::string(width, '\0')};
    put(op.operand, 0, width, static_cast<std::uint64_t>(v));
    return op;
  };
  if (v >= 0 && v <= 0xff) return fixed('K', 1);
  if (v >= 0 && v <= 0xffff) return fixed('M', 2);
  if (v >= INT32_MIN && v <= INT32_MAX) return fixed('J', 4);
  return fixed('\x8a', 8);
}

std::optional<std::int64_t> integer_of(const Op& op) {
  const std::size_t n = op.operand.size();
  switch (op.code) {
    case 'K':
    case 'M': return static_cast<std::int64_t>(get(op.operand, 0, static_cast<unsigned>(n)));
    case 'J':
      if (n != 4) return std::nullopt;
      return static_cast<std::int32_t>(get(op.operand, 0, 4));
    case 0x8a: {
      if (n > 8) return std::nullopt;
      std::uint64_t v = get(op.operand, 0, static_cast<unsigned>(n));
      if (n > 0 && n < 8 && (op.operand[n - 1] & 0x80)) v |= ~std::uint64_t{0} << (8 * n);
      return static_cast<std::int64_t>(v);
    }
    default: return std::nullopt;
  }
}

bool is_string(const Op& op) {
  return op.code == 'X' || op.code == 'U' || op.code == 'T' || op.code == 0x8c || op.code == 0x8d;
}

namespace {

// The opcode that made what a GET of one or four bytes fetches.
std::size_t maker(const Code& code, std::size_t at) {
  if (code[at].code != 'h' && code[at].code != 'j') return at;
  const std::uint64_t index = get(code[at].operand, 0, shape_of(code[at].code).width);
  for (std::size_t i = at; i-- > 1;)
    if ((code[i].code == 'q' || code[i].code == 'r') && get(code[i].operand, 0, shape_of(code[i].code).width) == index)
      return i - 1;
  return at;
}

}  // namespace

// ... key, location, numel, [None,] TUPLE, BINPERSID, with memo indices stored anywhere between.
std::vector<StorageOps> find_storages(const Code& code) {
  std::vector<StorageOps> out;
  for (std::size_t q = 0; q < code.size(); ++q) {
    if (code[q].code != 'Q') continue;
    std::size_t at = q;
    const auto back = [&] {
      do {
        if (at == 0) return false;
        --at;
      } while (is_put(code[at]));
      return true;
    };
    StorageOps s{0, 0, 0, q};
    if (!back() || code[at].code != 't') continue;
    s.tuple = at;
    if (!back()) continue;
    if (code[at].code == 'N' && !back()) continue;
    if (!integer_of(code[at])) continue;
    s.numel = at;
    if (!back() || !back()) continue;
    s.key = maker(code, at);
    if (!is_string(code[s.key])) continue;
    out.push_back(s);
  }
  return out;
}

}  // namespace harker::fuzz

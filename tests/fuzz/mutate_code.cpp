// Changes to pickles. Most are small and sensible, so that what comes out is often read to its end; a few are absurd.
#include "fuzz/mutate_code.h"

#include <algorithm>
#include <utility>

#include "fuzz/dictionary.h"

namespace harker::fuzz {
namespace {

constexpr std::size_t kMostOps = 4000, kMostText = 2000;

Op some_op(std::uint8_t code, Dice& dice) {
  Op op;
  op.code = code;
  const Shape shape = shape_of(code);
  switch (shape.form) {
    case Form::fixed:
      op.operand.assign(shape.width, '\0');
      put(op.operand, 0, shape.width, dice.one_in(3) ? dice.bits() : dice.below(40));
      if (code == 0x80) op.operand[0] = static_cast<char>(dice.below(7));
      break;
    case Form::line:
      if (code == 'S')
        op.operand = "'" + std::string(dice.pick(kStrings)) + "'\n";
      else if (code == 'V' || code == 'P')
        op.operand = std::string(dice.pick(kStrings)) + "\n";
      else
        op.operand = std::to_string(some_number(0, dice)) + (code == 'L' ? "L\n" : "\n");
      break;
    case Form::two_lines: op.operand = dice.pick(kGlobals); break;
    case Form::sized:
      if (code == 0x8a || code == 0x8b) {
        op.operand.assign(dice.below(20), '\0');
        for (char& c : op.operand) c = static_cast<char>(dice.bits());
      } else {
        op.operand = dice.pick(kStrings);
      }
      break;
    default: break;
  }
  return op;
}

// A number where a number was, a string where a string was, and so on.
void change_operand(Op& op, Dice& dice) {
  if (const auto v = integer_of(op)) {
    if (dice.one_in(20)) {
      op = {0x8a, std::string(9, '\xff')};
      if (dice.below(2)) op.operand.back() = '\0';
      return;
    }
    op = integer_op(some_number(*v, dice));
    return;
  }
  switch (op.code) {
    case 'c':
    case 'i':
      if (dice.one_in(4))
        mutate_text(op.operand, dice);
      else
        op.operand = dice.pick(kGlobals);
      if (op.operand.empty() || op.operand.back() != '\n' ||
          std::count(op.operand.begin(), op.operand.end(), '\n') != 2)
        op.operand = "a\nb\n";
      return;
    case 'q':
    case 'h': op.operand[0] = static_cast<char>(static_cast<unsigned char>(op.operand[0]) + dice.below(7) - 3); return;
    case 'G': {
      const std::size_t at = dice.below(op.operand.size());
      op.operand[at] = static_cast<char>(dice.bits());
      return;
    }
    default: break;
  }
  const Shape shape = shape_of(op.code);
  if (shape.form == Form::sized || shape.form == Form::line) {
    const bool line = shape.form == Form::line && !op.operand.empty();
    if (line) op.operand.pop_back();
    if (dice.below(2) && op.code != 'I' && op.code != 'L' && op.code != 'F')
      op.operand = dice.pick(kStrings);
    else
      mutate_text(op.operand, dice);
    if (line) {
      std::erase(op.operand, '\n');
      op.operand += '\n';
    }
    if (shape.width == 1 && op.operand.size() > 255) op.operand.resize(255);
  } else if (shape.form == Form::fixed) {
    put(op.operand, 0, shape.width, static_cast<std::uint64_t>(some_number(0, dice)));
  }
}

// Another opcode that means something similar, or has the same form.
void change_opcode(Op& op, Dice& dice) {
  static constexpr std::string_view kAlike[] = {"]}\x8f)",
                                                "t\x85\x86\x87l",
                                                "\x88\x89N",
                                                "R\x81"
                                                "bQa",
                                                "aesu\x90",
                                                "XUC\x8c",
                                                "qh",
                                                "N0(12"};
  for (const std::string_view set : kAlike) {
    if (set.find(static_cast<char>(op.code)) == set.npos) continue;
    const auto code = static_cast<std::uint8_t>(dice.pick(set));
    if (shape_of(code).form == shape_of(op.code).form && !(shape_of(code).width == 1 && op.operand.size() > 255)) {
      op.code = code;
      return;
    }
  }
  op = some_op(static_cast<std::uint8_t>(dice.pick(kOpcodes)), dice);
}

}  // namespace

std::int64_t some_number(std::int64_t near, Dice& dice) {
  switch (dice.below(4)) {
    case 0: return dice.pick(kNumbers);
    case 1: return static_cast<std::int64_t>(dice.bits() >> dice.below(64));
    default: return static_cast<std::int64_t>(static_cast<std::uint64_t>(near) + dice.below(9) - 4);
  }
}

void mutate_text(std::string& s, Dice& dice) {
  const std::size_t at = dice.below(s.size());
  switch (dice.below(6)) {
    case 0: s.insert(at, 1, static_cast<char>(dice.bits())); break;
    case 1: s.erase(at, 1 + dice.below(3)); break;
    case 2: s += dice.pick(kStrings); break;
    case 3:
      if (s.size() < kMostText / 2) s += s;
      break;
    case 4:
      if (!s.empty()) s[at] = static_cast<char>('a' + dice.below(26));
      break;
    default:
      if (!s.empty()) s[at] ^= static_cast<char>(1U << dice.below(8));
  }
  if (s.size() > kMostText) s.resize(kMostText);
}

void mutate_code(Code& code, const Code& donor, Dice& dice) {
  if (code.empty()) code.push_back({'.', {}});
  const std::size_t at = dice.below(code.size()), n = 1 + dice.below(dice.one_in(4) ? 12 : 2);
  const auto place = [&](std::size_t i) { return code.begin() + static_cast<std::ptrdiff_t>(i); };
  const std::size_t end = std::min(code.size(), at + n);
  switch (dice.below(16)) {
    case 0:
    case 1:
    case 2:
    case 3: {  // an operand: look on for an opcode that has one
      std::size_t i = at;
      while (i < code.size() && code[i].operand.empty()) ++i;
      if (i < code.size()) change_operand(code[i], dice);
      break;
    }
    case 4:
    case 5: change_opcode(code[at], dice); break;
    case 6: code.erase(place(at), place(end)); break;
    case 7: {
      const Code copy(place(at), place(end));
      code.insert(place(dice.below(code.size())), copy.begin(), copy.end());
      break;
    }
    case 8: std::swap(code[at], code[dice.below(code.size())]); break;
    case 9:
    case 10: code.insert(place(at), some_op(static_cast<std::uint8_t>(dice.pick(kOpcodes)), dice)); break;
    case 11:
    case 12: {  // from another pickle, in addition or instead
      if (donor.empty()) break;
      const std::size_t from = dice.below(donor.size()), to = std::min(donor.size(), from + 1 + dice.below(12));
      if (dice.below(2)) code.erase(place(at), place(end));
      code.insert(place(std::min(at, code.size())), donor.begin() + static_cast<std::ptrdiff_t>(from),
                  donor.begin() + static_cast<std::ptrdiff_t>(to));
      break;
    }
    case 13: {  // a length that lies
      std::size_t i = at;
      while (i < code.size() && shape_of(code[i].code).form != Form::sized && code[i].code != 0x95) ++i;
      if (i == code.size()) break;
      const auto size = static_cast<std::int64_t>(code[i].operand.size());
      code[i].lie = static_cast<std::uint64_t>(some_number(size, dice));
      break;
    }
    case 14: {  // the same again and again
      if (!dice.one_in(4)) break;
      const Code copy(place(at), place(end));
      for (std::size_t i = dice.below(kMostOps / 2); i > 0 && code.size() < kMostOps; --i)
        code.insert(place(at), copy.begin(), copy.end());
      break;
    }
    default: {  // from here to there, elsewhere
      Code moved(std::make_move_iterator(place(at)), std::make_move_iterator(place(end)));
      code.erase(place(at), place(end));
      code.insert(place(dice.below(code.size() + 1)), std::make_move_iterator(moved.begin()),
                  std::make_move_iterator(moved.end()));
    }
  }
  if (code.size() > kMostOps) code.resize(kMostOps);
}

}  // namespace harker::fuzz

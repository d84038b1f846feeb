// An array is its header's text and its elements; an archive is taken apart as PyTorch's are.
#include "fuzz/dictionary.h"
#include "fuzz/file_parts.h"
#include "fuzz/mutate_code.h"
#include "fuzz/mutate_others.h"
#include "fuzz/mutator.h"

namespace harker::fuzz {
namespace {

constexpr std::string_view kDescrs[] = {"'<f4'", "'>f8'", "'|b1'",  "'<c16'",         "'<f2'",     "'|u1'", "'<U2'",
                                        "'|O'",  "'|V2'", "'<f16'", "[('a', '<f4')]", "'<M8[ns]'", "None"};
constexpr std::string_view kShapes[] = {"()", "(0,)", "(2, 3)", "(1, 1, 1)", "(6,)", "(3, 0)", "(4, 2)", "((1,),)"};

void replace_value(std::string& text, std::string_view key, std::string_view with) {
  const std::size_t at = text.find(key), colon = at == text.npos ? at : text.find(": ", at);
  if (colon == text.npos) return;
  const std::size_t end = text.find(", '", colon), last = std::min(end, text.find(", }", colon));
  if (last != text.npos) text.replace(colon + 2, last - colon - 2, with);
}

// A number in the text becomes another.
void change_digits(std::string& text, Dice& dice) {
  const std::size_t digit = text.find_first_of("0123456789", dice.below(text.size() + 1));
  if (digit == text.npos) return;
  const std::size_t end = std::min(text.find_first_not_of("0123456789", digit), text.size());
  const std::int64_t old =
      std::strtoll(text.substr(digit, std::min<std::size_t>(18, end - digit)).c_str(), nullptr, 10);
  text.replace(digit, end - digit, std::to_string(some_number(old, dice)));
}

}  // namespace

std::string mutate_npy(std::string_view file, Dice& dice) {
  if (file.size() < 12) return {};
  const bool wide = file[6] != 1;
  const std::size_t begin = wide ? 12 : 10, length = get(file, 8, wide ? 4 : 2);
  if (length > file.size() - begin) return {};
  std::string text(file.substr(begin, length)), elements(file.substr(begin + length));
  std::uint64_t lie = 0;
  char version = file[6];
  do {
    switch (dice.below(9)) {
      case 0: replace_value(text, "'descr'", dice.pick(kDescrs)); break;
      case 1: replace_value(text, "'fortran_order'", dice.below(2) ? "True" : "False"); break;
      case 2: replace_value(text, "'shape'", dice.pick(kShapes)); break;
      case 3: change_digits(text, dice); break;
      case 4: mutate_text(text, dice); break;
      case 5: elements.resize(dice.below(elements.size() + 40), 'e'); break;
      case 6: elements.append(64, 'e'); break;
      case 7: version = static_cast<char>(dice.below(5)); break;
      default:
        if (dice.one_in(4)) lie = static_cast<std::uint64_t>(some_number(0, dice));
    }
  } while (dice.below(2));
  Written out;
  out.add(file.substr(0, 6), Part::header);
  out.add(static_cast<std::uint64_t>(version), 1, Part::header), out.add(0, 1, Part::header);
  out.add(text.size() + lie, version == 1 ? 2 : 4, Part::length);
  out.add(text, Part::text);
  out.add(elements, Part::element);
  return std::move(out.data);
}

std::string mutate_npz(std::string_view file, Dice& dice) {
  std::optional<FileParts> f = read_file(file, Container::zip);
  if (!f) return {};
  do {
    if (dice.below(3) && !f->members.empty()) {
      Member& m = dice.pick(f->members);
      if (std::string array = mutate_npy(content(m), dice); !array.empty()) m.pieces = {raw_piece(std::move(array))};
    } else if (const std::size_t note = f->tail.find("harker 1"); note != f->tail.npos && dice.below(2)) {
      std::string text = f->tail.substr(note);
      dice.below(2) ? change_digits(text, dice) : mutate_text(text, dice);
      f->tail.replace(note, f->tail.npos, text);
    } else {
      mutate(*f, {}, dice);
    }
  } while (dice.below(2));
  for (Member& m : f->members) {  // the sizes of NumPy's local headers stand in a field of 64 bits each
    if (m.extra.size() != 20 || dice.one_in(64)) continue;
    const std::uint64_t size = content(m).size();
    put(m.extra, 4, 8, size), put(m.extra, 12, 8, size);
    if (m.deflated) m.extra.clear(), put(m.head, 18, 8, 0);
  }
  return write_file(*f);
}

}  // namespace harker::fuzz

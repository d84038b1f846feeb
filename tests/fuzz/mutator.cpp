// Changes to files. Half of all go to a pickle; the others to members, headers and storages.
#include "fuzz/mutator.h"

#include <algorithm>

#include "fuzz/dictionary.h"
#include "fuzz/mutate_code.h"

namespace harker::fuzz {
namespace {

Piece* some_piece(FileParts& f, Piece::Kind kind, Dice& dice) {
  std::vector<Piece*> all;
  for (Member& m : f.members)
    for (Piece& p : m.pieces)
      if (p.kind == kind) all.push_back(&p);
  return all.empty() ? nullptr : dice.pick(all);
}

const Code& some_code(std::span<const FileParts> donors, Dice& dice) {
  static const Code none;
  if (donors.empty()) return none;
  for (int tries = 0; tries < 4; ++tries) {
    const FileParts& f = dice.pick(donors);
    if (f.members.empty()) continue;
    const Member& m = dice.pick(f.members);
    if (m.pieces.empty()) continue;
    const Piece& p = dice.pick(m.pieces);
    if (p.kind == Piece::Kind::code) return p.code;
  }
  return none;
}

void change_raw(std::string& s, std::size_t most, Dice& dice) {
  switch (dice.below(6)) {
    case 0: s.resize(std::min(most, s.size() + dice.below(17))); break;
    case 1: s.resize(s.size() - std::min(s.size(), dice.below(17))); break;
    case 2:
      if (s.size() < 16) s = dice.pick(kTexts);
      break;
    case 3: {  // an integer in it
      const unsigned width = dice.below(2) ? 8 : 4;
      if (s.size() < width) break;
      const std::size_t at = dice.below((s.size() - width) / 4 + 1) * 4;
      put(s, at, width, static_cast<std::uint64_t>(some_number(static_cast<std::int64_t>(get(s, at, width)), dice)));
      break;
    }
    default:
      if (!s.empty()) s[dice.below(s.size())] = static_cast<char>(dice.bits());
  }
}

// A storage of another number of elements, in the pickle and in its record: the tensors over it may still fit.
void resize_storage(FileParts& f, Dice& dice) {
  Piece* code = nullptr;
  for (int tries = 0; tries < 5 && (!code || find_storages(code->code).empty()); ++tries)
    code = some_piece(f, Piece::Kind::code, dice);
  if (!code) return;
  const std::vector<StorageOps> all = find_storages(code->code);
  if (all.empty()) return;
  const StorageOps& s = dice.pick(all);
  const std::string& key = code->code[s.key].operand;
  Piece* data = nullptr;
  Member* m = nullptr;
  if (f.container == Container::zip) {
    m = find_member(f, "/data/" + key);
    if (m && m->pieces.size() == 1) data = &m->pieces[0];
  } else {  // in the order of the key list, which is that of the pickle more often than not
    data = some_piece(f, Piece::Kind::storage, dice);
  }
  const auto old = integer_of(code->code[s.numel]);
  if (!data || !old || *old <= 0 || data->bytes.size() % static_cast<std::size_t>(*old) != 0) return;
  const std::size_t item = data->bytes.size() / static_cast<std::size_t>(*old);
  const std::size_t now = static_cast<std::size_t>(*old) + dice.below(dice.one_in(8) ? 4000 : 20);
  code->code[s.numel] = integer_op(static_cast<std::int64_t>(now));
  if (m && dice.one_in(4)) {  // or only say so, in the pickle and the directory alike
    m->deflated = true, m->no_crc = dice.below(2) != 0;
    m->wrong_size = static_cast<std::int64_t>(now * item) - static_cast<std::int64_t>(data->bytes.size());
  } else {
    data->bytes.resize(std::min<std::size_t>(now * item, 256 << 10));
  }
}

// A record that deflates a hundredfold.
void blow_up(FileParts& f, Dice& dice) {
  if (f.container != Container::zip || f.members.empty()) return;
  Member& m = dice.pick(f.members);
  if (m.pieces.empty()) return;
  m.deflated = true;
  Piece& p = m.pieces[0];
  if (p.kind == Piece::Kind::raw) {
    p.bytes.resize(std::min<std::size_t>(1 << 20, p.bytes.size() * (1 + dice.below(100))));
  } else if (!p.code.empty()) {
    const Op op = dice.pick(p.code);
    const std::size_t at = dice.below(p.code.size());
    p.code.insert(p.code.begin() + static_cast<std::ptrdiff_t>(at), dice.below(20'000), op);
  }
}

void change_members(FileParts& f, std::span<const FileParts> donors, Dice& dice) {
  if (f.members.empty()) return;
  const std::size_t at = dice.below(f.members.size());
  const auto place = f.members.begin() + static_cast<std::ptrdiff_t>(at);
  Member& m = f.members[at];
  switch (dice.below(9)) {
    case 0: f.members.erase(place); break;
    case 1: {
      Member copy = m;
      if (dice.below(2)) copy.name += '2';
      f.members.push_back(std::move(copy));
      break;
    }
    case 2: std::swap(m, dice.pick(f.members)); break;
    case 3: std::swap(m.rank, dice.pick(f.members).rank); break;
    case 4: std::swap(m.pieces, dice.pick(f.members).pieces); break;
    case 5: {
      const std::string folder = m.name.substr(0, dice.one_in(4) ? 0 : m.name.find('/') + 1);
      m.name = folder + std::string(dice.pick(kMembers));
      break;
    }
    case 6: mutate_text(m.name, dice); break;
    case 7: {
      if (donors.empty()) break;
      const FileParts& from = dice.pick(donors);
      if (from.container == f.container && !from.members.empty()) f.members.push_back(dice.pick(from.members));
      break;
    }
    default:
      if (m.pieces.empty()) break;
      if (dice.below(2))
        m.pieces.erase(m.pieces.begin() + static_cast<std::ptrdiff_t>(dice.below(m.pieces.size())));
      else
        std::swap(dice.pick(m.pieces), dice.pick(m.pieces));
  }
}

// Headers: honest changes that a reader must take, and lies that it must find.
void change_headers(FileParts& f, Dice& dice) {
  if (f.members.empty()) return;
  Member& m = dice.pick(f.members);
  if (f.container == Container::zip) {
    switch (dice.below(11)) {
      case 0:
      case 1: m.deflated = !m.deflated; return;
      case 2: {  // with a descriptor, or without
        const std::uint64_t flags = get(m.head, 6, 2) ^ 8;
        put(m.head, 6, 2, flags), put(m.central, 8, 2, flags);
        put(m.head, 14, 4, 0), put(m.head, 18, 8, 0);
        m.after = flags & 8 ? "PK\7\x8" + std::string(dice.below(2) ? 12 : 20, '\0') : std::string();
        return;
      }
      case 3: m.no_crc = !m.no_crc; return;
      case 4: m.extra += std::string("FB\4\0ZZZZ", 8); return;
      case 5: f.tail += 'c'; return;
      case 6: m.central[4 + dice.below(4)] ^= static_cast<char>(1U << dice.below(8)); return;
      default: break;
    }
  }
  switch (dice.below(4)) {
    case 0: m.wrong_crc = 1U << dice.below(32); return;
    case 1: m.wrong_size = some_number(0, dice); return;
    case 2:
      for (Piece& p : m.pieces)
        if (p.kind == Piece::Kind::storage) p.lie = static_cast<std::uint64_t>(some_number(0, dice));
      return;
    default: break;
  }
  static constexpr Patch::Where kWhere[] = {Patch::Where::local, Patch::Where::central, Patch::Where::after,
                                            Patch::Where::tail};
  static constexpr unsigned kWidths[] = {1, 2, 4, 8};
  const std::size_t room = f.container == Container::tar ? 512 : 56;
  f.patches.push_back({dice.pick(kWhere), dice.below(f.members.size()), dice.below(room), dice.pick(kWidths),
                       static_cast<std::uint64_t>(some_number(0, dice))});
}

}  // namespace

void mutate(FileParts& f, std::span<const FileParts> donors, Dice& dice) {
  std::size_t changes = 1;
  while (changes < 6 && dice.below(2)) ++changes;
  for (; changes > 0; --changes) {
    switch (dice.below(16)) {
      case 0:
      case 1: change_members(f, donors, dice); break;
      case 2:
      case 3: change_headers(f, dice); break;
      case 4:
      case 5: resize_storage(f, dice); break;
      case 6:
        if (Piece* p = some_piece(f, Piece::Kind::raw, dice)) change_raw(p->bytes, 4096, dice);
        break;
      case 7:
        if (Piece* p = some_piece(f, Piece::Kind::storage, dice)) change_raw(p->bytes, 4096, dice);
        break;
      case 8:
        if (dice.one_in(8)) blow_up(f, dice);
        break;
      default:
        if (Piece* p = some_piece(f, Piece::Kind::code, dice)) mutate_code(p->code, some_code(donors, dice), dice);
    }
  }
}

std::string make_mutant(std::span<const FileParts> seeds, Dice& dice) {
  FileParts f = dice.pick(seeds);
  mutate(f, seeds, dice);
  std::string bytes = write_file(f);
  if (dice.one_in(16)) {  // what no repair has seen
    switch (dice.below(4)) {
      case 0: bytes.resize(dice.below(bytes.size() + 1)); break;
      case 1: bytes.append(1 + dice.below(32), 'x'); break;
      default:
        for (std::size_t n = 1 + dice.below(3); n > 0 && !bytes.empty(); --n)
          bytes[dice.below(bytes.size())] ^= static_cast<char>(1U << dice.below(8));
    }
  }
  if (bytes.size() > kMostBytes) bytes.resize(kMostBytes);
  return bytes;
}

}  // namespace harker::fuzz

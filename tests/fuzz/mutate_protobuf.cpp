// A message is taken apart into its fields; those of wire type 2 that could be messages themselves are, a few levels
// deep. Text that holds JSON (our own metadata) is changed as text.
#include <algorithm>
#include <optional>
#include <vector>

#include "fuzz/mutate_code.h"
#include "fuzz/mutate_others.h"
#include "fuzz/written.h"

namespace harker::fuzz {
namespace {

struct Field {
  std::uint64_t tag = 0;
  std::uint64_t number = 0;  // of a varint
  std::string bytes;         // of the others; of a message that was not opened
  std::optional<std::vector<Field>> inside;
};
using Message = std::vector<Field>;
constexpr int kDepth = 7;  // a model's graph, node, attribute, tensor, external data, its key

bool varint(std::string_view s, std::size_t& at, std::uint64_t& v) {
  v = 0;
  for (unsigned shift = 0; shift < 64 && at < s.size(); shift += 7) {
    const auto b = static_cast<unsigned char>(s[at++]);
    v |= std::uint64_t{b & 0x7fU} << shift;
    if (b < 0x80) return true;
  }
  return false;
}
void put_varint(std::string& out, std::uint64_t v) {
  for (; v >= 0x80; v >>= 7) out += static_cast<char>(v | 0x80);
  out += static_cast<char>(v);
}

std::optional<Message> parse(std::string_view s, int depth) {
  Message m;
  for (std::size_t at = 0; at < s.size();) {
    Field f;
    if (!varint(s, at, f.tag) || f.tag >> 3 == 0) return std::nullopt;
    std::uint64_t n = 0;
    switch (f.tag & 7) {
      case 0:
        if (!varint(s, at, f.number)) return std::nullopt;
        break;
      case 1: n = 8; break;
      case 5: n = 4; break;
      case 2:
        if (!varint(s, at, n)) return std::nullopt;
        break;
      default: return std::nullopt;
    }
    if (n > s.size() - at) return std::nullopt;
    f.bytes = s.substr(at, static_cast<std::size_t>(n));
    at += static_cast<std::size_t>(n);
    if ((f.tag & 7) == 2 && depth > 0 && !f.bytes.empty()) f.inside = parse(f.bytes, depth - 1);
    m.push_back(std::move(f));
  }
  return m;
}

void write(const Message& m, std::string& out) {
  for (const Field& f : m) {
    put_varint(out, f.tag);
    if ((f.tag & 7) == 0) {
      put_varint(out, f.number);
    } else if ((f.tag & 7) == 2) {
      std::string bytes = f.bytes;
      if (f.inside) bytes.clear(), write(*f.inside, bytes);
      put_varint(out, bytes.size());
      out += bytes;
    } else {
      out += f.bytes;
    }
  }
}

void collect(Message& m, std::vector<Message*>& all) {
  all.push_back(&m);
  for (Field& f : m)
    if (f.inside) collect(*f.inside, all);
}

void change(Message& m, Dice& dice) {
  if (m.empty()) return;
  const std::size_t at = dice.below(m.size());
  const auto place = m.begin() + static_cast<std::ptrdiff_t>(at);
  Field& f = m[at];
  switch (dice.below(8)) {
    case 0: m.erase(place); break;
    case 1: m.insert(place, Field(f)); break;
    case 2: std::swap(f, dice.pick(m)); break;
    case 3: f.tag = (f.tag & 7) | (1 + dice.below(25)) << 3; break;
    case 4:
      f.tag = (f.tag & ~std::uint64_t{7}) | dice.below(6);
      if ((f.tag & 7) == 1) f.bytes.resize(8), f.inside.reset();
      if ((f.tag & 7) == 5) f.bytes.resize(4), f.inside.reset();
      break;
    default:
      if ((f.tag & 7) == 0)
        f.number = static_cast<std::uint64_t>(some_number(static_cast<std::int64_t>(f.number), dice));
      else if (f.inside && dice.below(2))
        change(*f.inside, dice);
      else
        f.inside.reset(), mutate_json(f.bytes, dice);
  }
}

}  // namespace

void mutate_json(std::string& s, Dice& dice) {
  const std::size_t from = dice.below(s.size() + 1), digit = s.find_first_of("0123456789", from);
  if (digit == s.npos || dice.below(2)) return mutate_text(s, dice);
  const std::size_t end = std::min(s.size(), s.find_first_not_of("0123456789", digit));
  const std::int64_t old = std::strtoll(s.substr(digit, std::min<std::size_t>(18, end - digit)).c_str(), nullptr, 10);
  s.replace(digit, end - digit, std::to_string(some_number(old, dice)));
}

std::string mutate_protobuf(std::string_view bytes, Dice& dice) {
  std::optional<Message> m = parse(bytes, kDepth);
  if (!m) return {};
  do {
    std::vector<Message*> all;
    collect(*m, all);
    change(*dice.pick(all), dice);
  } while (dice.below(2));
  std::string out;
  write(*m, out);
  return out;
}

}  // namespace harker::fuzz

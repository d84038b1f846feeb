// A file is its keys, with the bytes of their values, and its tensors, each with its own bytes; counts, offsets and
// padding are computed anew.
#include <optional>

#include "fuzz/dictionary.h"
#include "fuzz/mutate_code.h"
#include "fuzz/mutate_others.h"
#include "fuzz/written.h"

namespace harker::fuzz {
namespace {

struct Key {
  std::string name;
  std::uint64_t type;
  std::string value;
};
struct Info {
  std::string name;
  std::vector<std::uint64_t> sizes;
  std::uint64_t type, offset;
  std::string bytes;
};
struct Parts {
  bool big = false;
  std::uint64_t version = 0;
  std::vector<Key> keys;
  std::vector<Info> infos;
};

constexpr unsigned kWidths[] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};  // of numbers, by type

std::uint64_t swapped(std::uint64_t v, unsigned width) { return __builtin_bswap64(v) >> (64 - 8 * width); }

class In {
 public:
  In(std::string_view all, bool big) : all_(all), big_(big) {}
  bool good = true;
  std::size_t at = 0;
  std::string_view take(std::uint64_t n) {
    good = good && n <= all_.size() - at;
    const std::size_t begin = at;
    if (good) at += static_cast<std::size_t>(n);
    return good ? all_.substr(begin, static_cast<std::size_t>(n)) : std::string_view();
  }
  std::uint64_t number(unsigned width) {
    const std::string_view s = take(width);
    const std::uint64_t v = good ? get(s, 0, width) : 0;
    return big_ ? swapped(v, width) : v;
  }
  void skip_value(std::uint64_t type) {
    if (type == 8) {
      take(number(8));
    } else if (type == 9) {
      const std::uint64_t of = number(4), count = number(8);
      good = good && of != 9 && count <= all_.size();
      for (std::uint64_t i = 0; good && i < count; ++i) skip_value(of);
    } else {
      good = good && type < std::size(kWidths);
      if (good) take(kWidths[type]);
    }
  }

 private:
  std::string_view all_;
  bool big_;
};

std::optional<Parts> parse(std::string_view file) {
  if (file.size() < 24) return std::nullopt;
  Parts p;
  p.big = get(file, 4, 2) == 0;
  In in(file, p.big);
  in.take(4);
  p.version = in.number(4);
  const std::uint64_t tensors = in.number(8), keys = in.number(8);
  for (std::uint64_t i = 0; in.good && i < keys; ++i) {
    Key k;
    k.name = in.take(in.number(8));
    k.type = in.number(4);
    const std::size_t begin = in.at;
    in.skip_value(k.type);
    k.value = file.substr(begin, in.at - begin);
    p.keys.push_back(std::move(k));
  }
  for (std::uint64_t i = 0; in.good && i < tensors; ++i) {
    Info t;
    t.name = in.take(in.number(8));
    const std::uint64_t rank = in.number(4);
    for (std::uint64_t d = 0; in.good && d < rank; ++d) t.sizes.push_back(in.number(8));
    t.type = in.number(4);
    t.offset = in.number(8);
    p.infos.push_back(std::move(t));
  }
  const std::size_t begin = (in.at + 31) / 32 * 32;
  if (!in.good || begin > file.size()) return std::nullopt;
  const std::string_view data = file.substr(begin);
  for (std::size_t i = 0; i < p.infos.size(); ++i) {
    const std::uint64_t from = p.infos[i].offset, to = i + 1 < p.infos.size() ? p.infos[i + 1].offset : data.size();
    if (from > to || to > data.size()) return std::nullopt;
    p.infos[i].bytes = data.substr(static_cast<std::size_t>(from), static_cast<std::size_t>(to - from));
  }
  return p;
}

template <class T>
void change_list(std::vector<T>& v, Dice& dice) {
  if (v.empty()) return;
  const std::size_t at = dice.below(v.size());
  const auto place = v.begin() + static_cast<std::ptrdiff_t>(at);
  switch (dice.below(3)) {
    case 0: v.erase(place); break;
    case 1: v.insert(place, T(v[at])); break;
    default: std::swap(v[at], v[dice.below(v.size())]);
  }
}

std::uint64_t near(std::uint64_t v, Dice& dice) {
  return static_cast<std::uint64_t>(some_number(static_cast<std::int64_t>(v), dice));
}

void change(Parts& p, Dice& dice) {
  switch (dice.below(9)) {
    case 0: return change_list(p.keys, dice);
    case 1: return change_list(p.infos, dice);
    case 2:
      if (dice.one_in(8)) p.version = near(p.version, dice);
      return;
    case 3:
    case 4: {
      if (p.keys.empty()) return;
      Key& k = dice.pick(p.keys);
      const std::size_t what = dice.below(5);
      if (what == 0)
        mutate_text(k.name, dice);
      else if (what == 1)
        k.type = dice.below(14);
      else if (what == 2 && k.value.size() >= 4)
        put(k.value, 0, 4, near(get(k.value, 0, 4), dice));
      else if (what == 3 && k.value.size() >= 12)
        put(k.value, 4, 8, near(get(k.value, 4, 8), dice));
      else
        mutate_text(k.value, dice);
      return;
    }
    default: break;
  }
  if (p.infos.empty()) return;
  Info& t = dice.pick(p.infos);
  switch (dice.below(7)) {
    case 0: mutate_text(t.name, dice); break;
    case 1: t.type = dice.below(45); break;
    case 2:
      if (!t.sizes.empty()) dice.pick(t.sizes) = near(dice.pick(t.sizes), dice);
      break;
    case 3: t.sizes.push_back(dice.below(4)); break;
    case 4:
      if (!t.sizes.empty()) t.sizes.pop_back();
      break;
    default: t.bytes.resize(dice.below(t.bytes.size() + 64), 'e');
  }
}

}  // namespace

std::string mutate_gguf(std::string_view file, Dice& dice) {
  std::optional<Parts> p = parse(file);
  if (!p) return {};
  do { change(*p, dice); } while (dice.below(2));
  const bool lies = dice.one_in(6);
  const auto number = [&](Written& out, std::uint64_t v, unsigned width) {
    if (lies && dice.one_in(24)) v = near(v, dice);
    out.add(p->big ? swapped(v, width) : v, width, Part::length);
  };
  const auto text = [&](Written& out, std::string_view s) {
    number(out, s.size(), 8);
    out.add(s, Part::text);
  };
  Written out;
  out.add("GGUF", Part::header);
  number(out, p->version, 4), number(out, p->infos.size(), 8), number(out, p->keys.size(), 8);
  std::uint64_t alignment = 32;
  for (const Key& k : p->keys) {
    text(out, k.name);
    number(out, k.type, 4);
    out.add(k.value, Part::element);
    if (k.name == "general.alignment" && k.value.size() == 4) alignment = get(k.value, 0, 4);
  }
  if (alignment == 0 || alignment > 4096) alignment = 32;
  std::uint64_t offset = 0;
  for (const Info& t : p->infos) {
    text(out, t.name);
    number(out, t.sizes.size(), 4);
    for (std::uint64_t s : t.sizes) number(out, s, 8);
    number(out, t.type, 4), number(out, offset, 8);
    offset += (t.bytes.size() + alignment - 1) / alignment * alignment;
  }
  for (const Info& t : p->infos) {
    out.data.resize((out.data.size() + alignment - 1) / alignment * alignment, '\0');
    out.data += t.bytes;
  }
  return std::move(out.data);
}

}  // namespace harker::fuzz

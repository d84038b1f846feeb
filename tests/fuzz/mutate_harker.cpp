// The index is changed as the structure that it is, then written by the library's own writer, and the places, checksums
// and the end marker are computed anew.
#include <harker/serialize/harker/layout.h>
#include <harker/serialize/io/crc32.h>

#include "fuzz/dictionary.h"
#include "fuzz/mutate_code.h"
#include "fuzz/mutate_others.h"
#include "fuzz/written.h"

namespace harker::fuzz {
namespace {

template <class T>
void change(T& v, Dice& dice) {
  v = static_cast<T>(some_number(static_cast<std::int64_t>(v), dice));
}

template <class T>
void change_list(std::vector<T>& v, Dice& dice) {
  if (v.empty()) return;
  const std::size_t at = dice.below(v.size());
  const auto place = v.begin() + static_cast<std::ptrdiff_t>(at);
  switch (dice.below(6)) {
    case 0: v.erase(place); break;
    case 1: v.insert(place, T(v[at])); break;
    case 2: std::swap(v[at], v[dice.below(v.size())]); break;
    default:
      if constexpr (std::is_integral_v<T>) {
        change(v[at], dice);
      } else {
        v[at] = v[dice.below(v.size())];
      }
  }
}

void change_node(value_table::Node& n, Dice& dice) {
  switch (dice.below(7)) {
    case 0: n.kind = static_cast<Value::Kind>(dice.below(24)); break;
    case 1: change(n.detail, dice); break;
    case 2: n.flags = static_cast<std::uint16_t>(n.flags ^ 1U << dice.below(10)); break;
    case 3: change(n.links, dice); break;
    case 4: change(n.numbers, dice); break;
    case 5: change(n.text, dice); break;
    default: change(n.number, dice);
  }
}

void change_view(value_table::View& v, Dice& dice) {
  switch (dice.below(6)) {
    case 0: v.dtype = static_cast<DType>(dice.below(32)); break;
    case 1: v.requires_grad = !v.requires_grad; break;
    case 2: change(v.rank, dice); break;
    case 3: change(v.storage, dice); break;
    case 4: change(v.offset, dice); break;
    default: change(v.name, dice);
  }
}

void change_index(harker_file::Index& index, std::vector<std::string>& storages, Dice& dice) {
  value_table::Table& t = index.table;
  switch (dice.below(12)) {
    case 0: change(t.root, dice); break;
    case 1: change_list(t.nodes, dice); break;
    case 2: change_list(t.links, dice); break;
    case 3: change_list(t.numbers, dice); break;
    case 4: mutate_text(t.text, dice); break;
    case 5: change_list(t.extents, dice); break;
    case 6: mutate_text(t.names, dice); break;
    case 7:
      if (!storages.empty()) mutate_text(dice.pick(storages), dice);
      break;
    case 8:
      if (!t.views.empty()) change_view(dice.pick(t.views), dice);
      break;
    case 9: change_list(t.views, dice); break;
    default:
      if (!t.nodes.empty()) change_node(dice.pick(t.nodes), dice);
  }
}

}  // namespace

std::string mutate_harker(std::string_view file, Dice& dice) {
  using namespace harker_file;
  harker_file::Index index;
  std::vector<std::string> storages;
  try {
    if (file.size() < kHeaderSize || get(file, 16, 8) > file.size() - kHeaderSize) return {};
    index = read_index(io::bytes(file.substr(kHeaderSize, get(file, 16, 8))), "");
  } catch (const Error&) { return {}; }
  for (const Place& p : index.places) {
    if (p.offset > file.size() || p.nbytes > file.size() - p.offset) return {};
    storages.emplace_back(file.substr(p.offset, p.nbytes));
  }
  do { change_index(index, storages, dice); } while (dice.below(2));

  std::uint64_t at = kHeaderSize + write_index(index).size();
  for (std::size_t i = 0; i < storages.size(); ++i) {
    Place& p = index.places[i];
    p.offset = aligned(at), p.nbytes = storages[i].size();
    p.crc = io::crc32(io::bytes(storages[i]));
    at = p.offset + p.nbytes;
    if (dice.one_in(64)) change(p.nbytes, dice);
  }
  const std::string body = write_index(index);
  Written out;
  out.add(kMagic, Part::header);
  out.add(kVersion, 4, Part::header), out.add(0, 4, Part::header);
  out.add(body.size(), 8, Part::length);
  out.add(io::crc32(io::bytes(body)), 4, Part::header);
  out.add(io::crc32(io::bytes(out.data)), 4, Part::header);
  out.data += body;
  for (const std::string& s : storages) {
    out.data.resize(static_cast<std::size_t>(aligned(out.data.size())), '\0');
    out.data += s;
  }
  out.add(kEnd, Part::header);
  out.add(out.data.size() + 8, 8, Part::length);
  return std::move(out.data);
}

}  // namespace harker::fuzz

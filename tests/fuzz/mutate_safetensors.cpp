// The header is changed as the list of tensors and notes that it is, and written anew with offsets and lengths that fit
// the data, except where they are to lie. An index of a set is changed as text.
#include <harker/serialize/safetensors/header.h>
#include <harker/serialize/safetensors/writer.h>

#include <optional>

#include <harker/core/base/utf8.h>

#include "fuzz/dictionary.h"
#include "fuzz/mutate_code.h"
#include "fuzz/mutate_others.h"
#include "fuzz/written.h"

namespace harker::fuzz {
namespace {

namespace st = harker::safetensors;

struct Tensor {
  std::string name, dtype;
  std::vector<std::int64_t> shape;
  std::string data;
};
struct File {
  std::vector<Tensor> tensors;
  st::Strings notes;
};

std::optional<File> parse(std::string_view bytes) {
  try {
    const auto source = io::Source::view(io::bytes(bytes));
    st::Header h = st::read_header(*source);
    File f;
    for (const st::Entry& e : h.entries)
      f.tensors.push_back({e.name, std::string(e.kind->name), e.shape.vec(),
                           std::string(io::text(h.data.subspan(e.begin, e.end - e.begin)))});
    f.notes = std::move(h.metadata);
    return f;
  } catch (const Error&) { return std::nullopt; }
}

// As much data as type and shape ask for, where that is little.
void fit(Tensor& t) {
  const st::Kind* kind = st::kind_named(t.dtype);
  std::uint64_t bits = kind ? kind->bits : 8;
  for (const std::int64_t n : t.shape)
    if (n < 0 || !io::checked_mul(bits, static_cast<std::uint64_t>(n), bits) || bits > 1 << 16) return;
  t.data.resize(static_cast<std::size_t>(bits / 8), 'f');
}

void change(Tensor& t, Dice& dice) {
  switch (dice.below(6)) {
    case 0: t.dtype = dice.pick(st::kKinds).name; break;
    case 1:
      if (!t.shape.empty()) t.shape.erase(t.shape.begin());
      break;
    case 2: t.shape.push_back(dice.below(2) ? 1 : some_number(2, dice)); break;
    case 3: mutate_text(t.name, dice); break;
    case 4: mutate_text(t.data, dice); return;
    default:
      if (!t.shape.empty()) {
        std::int64_t& n = dice.pick(t.shape);
        n = dice.below(2) ? static_cast<std::int64_t>(dice.below(9)) : some_number(n, dice);
      }
  }
  if (!dice.one_in(8)) fit(t);
}

void change(File& f, Dice& dice) {
  if (!f.notes.empty() && dice.one_in(3)) {
    auto& [key, text] = dice.pick(f.notes);
    mutate_json(dice.one_in(8) ? key : text, dice);
    return;
  }
  if (dice.one_in(12)) f.notes.emplace_back(dice.pick(kStrings), f.tensors.empty() ? "x" : dice.pick(f.tensors).name);
  if (f.tensors.empty()) return;
  const std::size_t at = dice.below(f.tensors.size());
  const auto place = f.tensors.begin() + static_cast<std::ptrdiff_t>(at);
  switch (dice.below(8)) {
    case 0: f.tensors.erase(place); break;
    case 1: f.tensors.insert(place, Tensor(f.tensors[at])); break;
    case 2: std::swap(f.tensors[at], dice.pick(f.tensors)); break;
    default: change(f.tensors[at], dice);
  }
}

}  // namespace

std::string mutate_safetensors(std::string_view bytes, Dice& dice) {
  std::optional<File> f = parse(bytes);
  if (!f) {
    std::string text(bytes);
    mutate_json(text, dice);
    return text;
  }
  do { change(*f, dice); } while (dice.below(2));
  std::string header = "{", data;
  const auto comma = [&] {
    if (header.size() > 1) header += ',';
  };
  const auto string = [&](std::string_view s) {  // also one that is no text
    if (detail::valid_utf8(s, false))
      st::append_json(header, s);
    else
      header += '"' + std::string(s) + '"';
  };
  if (!f->notes.empty()) {
    header += "\"__metadata__\":{";
    for (const auto& [key, text] : f->notes) {
      if (header.back() != '{') header += ',';
      string(key), header += ':', string(text);
    }
    header += '}';
  }
  for (const Tensor& t : f->tensors) {
    comma();
    string(t.name);
    header += ":{\"dtype\":";
    string(t.dtype);
    header += ",\"shape\":[";
    for (std::size_t i = 0; i < t.shape.size(); ++i) header += (i ? "," : "") + std::to_string(t.shape[i]);
    auto begin = static_cast<std::int64_t>(data.size());
    auto end = begin + static_cast<std::int64_t>(t.data.size());
    if (dice.one_in(32)) (dice.below(2) ? begin : end) = some_number(begin, dice);
    header += "],\"data_offsets\":[" + std::to_string(begin) + ',' + std::to_string(end) + "]}";
    data += t.data;
  }
  header += '}' + std::string(dice.below(8), ' ');
  if (dice.one_in(16)) mutate_json(header, dice);
  Written out;
  out.add(dice.one_in(32) ? static_cast<std::uint64_t>(some_number(static_cast<std::int64_t>(header.size()), dice))
                          : header.size(),
          8, Part::length);
  out.data += header + data;
  return std::move(out.data);
}

}  // namespace harker::fuzz

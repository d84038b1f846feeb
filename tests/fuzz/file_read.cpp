// Taking files apart. What is read here are seeds, not attacks; still nothing outside the bytes is touched, for
// libFuzzer hands back what it made of them.
#include <harker/serialize/io/crc32.h>
#include <libdeflate.h>

#include <algorithm>

#include "fuzz/file_parts.h"

namespace harker::fuzz {
namespace {

constexpr std::size_t kLocal = 30, kCentral = 46, kEnd = 22, kBlock = 512;
constexpr std::size_t kMostInflated = 256 << 10;

std::optional<std::string> inflate(std::string_view from, std::size_t size) {
  if (size > kMostInflated) return std::nullopt;
  libdeflate_decompressor* d = libdeflate_alloc_decompressor();
  std::string out(size + 1, '\0');
  std::size_t made = 0;
  const bool good =
      libdeflate_deflate_decompress(d, from.data(), from.size(), out.data(), size, &made) == LIBDEFLATE_SUCCESS;
  libdeflate_free_decompressor(d);
  out.resize(size);
  return good && made == size ? std::optional(out) : std::nullopt;
}

// Pickles of protocol 2 and later, and whatever bytes stand between them.
std::vector<Piece> pieces_of(std::string_view bytes, Part part) {
  std::vector<Piece> out;
  std::size_t raw = 0;
  const auto flush = [&](std::size_t end) {
    if (end > raw)
      out.push_back({.kind = Piece::Kind::raw, .bytes = std::string(bytes.substr(raw, end - raw)), .part = part});
  };
  for (std::size_t at = 0; at + 2 < bytes.size();) {
    const std::size_t start = at;
    std::optional<Code> code;
    if (bytes[at] == '\x80' && bytes[at + 1] >= 1 && bytes[at + 1] <= 5) code = read_code(bytes, at);
    if (!code) {
      ++at;
      continue;
    }
    flush(start);
    out.push_back({.kind = Piece::Kind::code, .bytes = {}, .code = std::move(*code)});
    raw = at;
  }
  flush(bytes.size());
  return out;
}

std::vector<Piece> one_pickle(std::string_view bytes) {
  std::size_t at = 0;
  std::optional<Code> code = read_code(bytes, at);
  if (!code || at != bytes.size()) return {raw_piece(std::string(bytes))};
  std::vector<Piece> out(1);
  out[0].kind = Piece::Kind::code;
  out[0].code = std::move(*code);
  return out;
}

// Storages that follow each other, whose element sizes are in the pickle: here they are what makes all of them fit.
bool tile(std::string_view bytes, std::size_t at, std::size_t count, std::vector<Piece>& out, int& tries) {
  if (count == 0) return at == bytes.size();
  if (--tries < 0 || bytes.size() - at < 8) return false;
  const std::uint64_t numel = get(bytes, at, 8);
  at += 8;
  for (const std::size_t item : {4U, 8U, 1U, 2U, 16U}) {
    if (numel > (bytes.size() - at) / item) continue;
    const auto size = static_cast<std::size_t>(numel) * item;
    out.push_back({.kind = Piece::Kind::storage, .bytes = std::string(bytes.substr(at, size)), .item = item});
    if (tile(bytes, at + size, count - 1, out, tries)) return true;
    out.pop_back();
    if (numel == 0) break;
  }
  return false;
}

std::optional<FileParts> read_legacy(std::string_view bytes) {
  FileParts f{.container = Container::legacy};
  Member m;
  std::size_t at = 0;
  for (int i = 0; i < 5; ++i) {
    std::optional<Code> code = read_code(bytes, at);
    if (!code) return std::nullopt;
    m.pieces.push_back({.kind = Piece::Kind::code, .bytes = {}, .code = std::move(*code)});
  }
  const Code& keys = m.pieces.back().code;
  const auto count = static_cast<std::size_t>(std::count_if(keys.begin(), keys.end(), is_string));
  std::vector<Piece> storages;
  int tries = 100'000;
  if (!tile(bytes, at, count, storages, tries)) {
    storages = {raw_piece(std::string(bytes.substr(at)))};
    if (at == bytes.size()) storages.clear();
  }
  for (Piece& p : storages) m.pieces.push_back(std::move(p));
  f.members.push_back(std::move(m));
  return f;
}

std::optional<FileParts> read_tar(std::string_view bytes) {
  FileParts f{.container = Container::tar};
  f.records = bytes.size();
  std::size_t at = 0;
  while (bytes.size() - at >= kBlock && bytes[at] != '\0') {
    Member m;
    m.head = bytes.substr(at, kBlock);
    m.name = m.head.substr(0, std::min<std::size_t>(100, m.head.find('\0')));
    const std::size_t size = static_cast<std::size_t>(std::strtoull(m.head.substr(124, 12).c_str(), nullptr, 8));
    at += kBlock;
    const std::size_t padded = size > bytes.size() ? size : (size + kBlock - 1) / kBlock * kBlock;
    if (padded > bytes.size() - at) return std::nullopt;
    const std::string_view data = bytes.substr(at, size);
    const bool plain = m.head[156] == '0' || m.head[156] == '\0';
    m.pieces = plain ? pieces_of(data, m.name == "tensors" ? Part::geometry : Part::element)
                     : std::vector<Piece>{raw_piece(std::string(data))};
    if (!plain) m.pieces[0].part = Part::header;
    if (m.name == "storages") {
      for (Piece& p : m.pieces) {
        if (p.kind != Piece::Kind::raw || p.bytes.size() < 8) continue;
        const std::uint64_t numel = get(p.bytes, 0, 8), all = p.bytes.size() - 8;
        if (numel > all || (numel == 0 && all > 0) || (numel > 0 && all % numel != 0)) continue;
        p.kind = Piece::Kind::storage;
        p.item = numel == 0 ? 4 : static_cast<std::size_t>(all / numel);
        p.bytes.erase(0, 8);
      }
    }
    f.members.push_back(std::move(m));
    at += padded;
  }
  return f.members.empty() ? std::nullopt : std::optional(std::move(f));
}

std::optional<Member> read_record(std::string_view bytes, std::string_view central, std::size_t name_size) {
  Member m;
  m.central = central.substr(0, kCentral);
  m.name = central.substr(kCentral, name_size);
  m.comments = central.substr(kCentral + name_size);
  const std::size_t at = get(central, 42, 4), stored = get(central, 20, 4), size = get(central, 24, 4);
  if (at > bytes.size() || bytes.size() - at < kLocal) return std::nullopt;
  m.head = bytes.substr(at, kLocal);
  const std::size_t local_name = get(m.head, 26, 2), extra = get(m.head, 28, 2), room = bytes.size() - at - kLocal;
  if (local_name != name_size || local_name + extra > room || stored > room - local_name - extra) return std::nullopt;
  m.extra = bytes.substr(at + kLocal + local_name, extra);
  const std::string_view data = bytes.substr(at + kLocal + local_name + extra, stored);
  m.deflated = get(central, 10, 2) == 8;
  std::string plain(data);
  if (m.deflated) {
    auto inflated = inflate(data, size);
    if (!inflated) return std::nullopt;
    plain = std::move(*inflated);
  } else if (stored != size) {
    return std::nullopt;
  }
  m.no_crc = get(central, 16, 4) == 0 && io::crc32(io::bytes(plain)) != 0;
  m.pieces = m.name.ends_with(".pkl") ? one_pickle(plain) : std::vector<Piece>{raw_piece(std::move(plain))};
  m.rank = at;  // until all are known
  m.after = std::string(sizeof(std::size_t), '\0');
  put(m.after, 0, sizeof(std::size_t), at + kLocal + local_name + extra + stored);
  return m;
}

std::optional<FileParts> read_zip(std::string_view bytes) {
  FileParts f{.container = Container::zip};
  const std::size_t end = bytes.rfind("PK\5\6");
  if (end == bytes.npos || bytes.size() - end < kEnd) return std::nullopt;
  const std::size_t count = get(bytes, end + 10, 2), size = get(bytes, end + 12, 4), begin = get(bytes, end + 16, 4);
  if (begin > end || size > end - begin) return std::nullopt;
  f.tail = bytes.substr(begin + size);
  std::vector<std::size_t> ends;
  for (std::size_t at = begin; f.members.size() < count;) {
    if (begin + size - at < kCentral) return std::nullopt;
    const std::size_t name = get(bytes, at + 28, 2), rest = get(bytes, at + 30, 2) + get(bytes, at + 32, 2);
    if (name + rest > begin + size - at - kCentral) return std::nullopt;
    auto m = read_record(bytes, bytes.substr(at, kCentral + name + rest), name);
    if (!m) return std::nullopt;
    f.members.push_back(std::move(*m));
    at += kCentral + name + rest;
  }
  std::vector<std::size_t> order(f.members.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::sort(order.begin(), order.end(), [&](auto a, auto b) { return f.members[a].rank < f.members[b].rank; });
  std::vector<Member> sorted;
  for (std::size_t i = 0; i < order.size(); ++i) {
    Member& m = f.members[order[i]];
    const std::size_t next = i + 1 < order.size() ? f.members[order[i + 1]].rank : begin;
    const std::size_t done = get(m.after, 0, sizeof(std::size_t));
    if ((i == 0 && m.rank != 0) || next < done) return std::nullopt;
    m.after = bytes.substr(done, next - done);
    m.rank = order[i];
    sorted.push_back(std::move(m));
  }
  f.members = std::move(sorted);
  return f;
}

}  // namespace

Piece raw_piece(std::string bytes) { return {.kind = Piece::Kind::raw, .bytes = std::move(bytes)}; }
Piece code_piece(std::string_view pickle) { return std::move(one_pickle(pickle)[0]); }

std::optional<FileParts> read_file(std::string_view bytes, Container container) {
  switch (container) {
    case Container::zip: return read_zip(bytes);
    case Container::legacy: return read_legacy(bytes);
    case Container::tar: return read_tar(bytes);
    case Container::pickle: break;
  }
  FileParts f{.container = Container::pickle};
  f.members.emplace_back().pieces = one_pickle(bytes);
  return f;
}

std::optional<FileParts> read_file(std::string_view bytes) {
  if (bytes.starts_with("PK\3\4")) return read_file(bytes, Container::zip);
  if (bytes.size() > kBlock && bytes.substr(257, 5) == "ustar") return read_file(bytes, Container::tar);
  if (bytes.substr(0, 48).find("\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19") != bytes.npos ||
      bytes.starts_with("L119547037146038801333356"))
    return read_file(bytes, Container::legacy);
  std::optional<FileParts> f = read_file(bytes, Container::pickle);
  return f->members[0].pieces[0].kind == Piece::Kind::code ? f : std::nullopt;
}

}  // namespace harker::fuzz

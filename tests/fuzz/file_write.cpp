// Putting files together. Headers keep what they had in every field that nothing depends on; names, sizes, offsets,
// counts and checksums are computed anew.
#include <harker/serialize/io/crc32.h>

#include <algorithm>
#include <numeric>

#include "fuzz/deflate.h"
#include "fuzz/file_parts.h"

namespace harker::fuzz {
namespace {

constexpr std::size_t kBlock = 512, kRecord = 10240, kEnd64 = 56, kLocator = 20;
constexpr std::uint64_t kMax32 = 0xffffffff, kMax16 = 0xffff;

void add_piece(const Piece& p, Written& out) {
  if (p.kind == Piece::Kind::code) return write_code(p.code, out);
  if (p.kind == Piece::Kind::storage)
    out.add(p.bytes.size() / std::max<std::size_t>(p.item, 1) + p.lie, 8, Part::length);
  out.add(p.bytes, p.part);
}

Written content_of(const Member& m, bool tell) {
  Written w;
  w.tell = tell;
  for (const Piece& p : m.pieces) add_piece(p, w);
  return w;
}

void append(Written& out, const Written& w) {
  out.data += w.data;
  if (out.tell) out.parts.insert(out.parts.end(), w.parts.begin(), w.parts.end());
}

// A field that held the mark of "see the zip64 field" keeps it.
void set(std::string& head, std::size_t at, unsigned width, std::uint64_t v) {
  if (head.size() < at + width || (width == 4 && get(head, at, 4) == kMax32)) return;
  put(head, at, width, v);
}

class ZipAssembly {
 public:
  ZipAssembly(const FileParts& f, Written& out) : f_(f), out_(out) {}

  void run() {
    for (const Member& m : f_.members) add_local(m);
    std::vector<std::size_t> order(f_.members.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](auto a, auto b) { return f_.members[a].rank < f_.members[b].rank; });
    const std::size_t begin = out_.data.size();
    central_.resize(f_.members.size());
    for (const std::size_t i : order) {
      central_[i] = out_.data.size();
      std::string head = f_.members[i].central;
      fill(head, 10, i);
      set(head, 42, 4, local_[i]);
      put(head, 30, 2, std::min<std::uint64_t>(get(head, 30, 2), f_.members[i].comments.size()));
      put(head, 32, 2, f_.members[i].comments.size() - get(head, 30, 2));
      out_.add(head, Part::header);
      out_.add(f_.members[i].name, Part::header);
      out_.add(f_.members[i].comments, Part::header);
    }
    add_tail(begin, out_.data.size() - begin);
    for (const Patch& p : f_.patches) apply(p);
  }

 private:
  struct Sizes {
    std::uint64_t crc, stored, full;
  };

  // Method, CRC, sizes and lengths of a local header or directory entry; `at` is where its method stands.
  void fill(std::string& head, std::size_t at, std::size_t i) const {
    const Member& m = f_.members[i];
    put(head, at, 2, m.deflated ? 8 : 0);
    const bool later = at == 8 && (get(head, 6, 2) & 8) && get(head, 14, 4) == 0 && get(head, 18, 8) == 0;
    if (!later) {
      put(head, at + 6, 4, sizes_[i].crc);
      set(head, at + 10, 4, sizes_[i].stored);
      set(head, at + 14, 4, sizes_[i].full);
    }
    put(head, at + 18, 2, m.name.size());
  }

  void add_local(const Member& m) {
    const Written plain = content_of(m, out_.tell && !m.deflated);
    const std::string packed = m.deflated ? deflate(plain.data) : std::string();
    const std::string& stored = m.deflated ? packed : plain.data;
    const std::uint64_t crc = m.no_crc ? 0 : io::crc32(io::bytes(plain.data)) ^ m.wrong_crc;
    const auto wrong = static_cast<std::uint64_t>(m.wrong_size);
    sizes_.push_back({crc, stored.size() + (m.deflated ? 0 : wrong), plain.data.size() + wrong});
    local_.push_back(out_.data.size());
    std::string head = m.head;
    fill(head, 8, sizes_.size() - 1);
    put(head, 28, 2, m.extra.size());
    out_.add(head, Part::header);
    out_.add(m.name, Part::header);
    out_.add(m.extra, Part::padding);
    if (m.deflated)
      out_.add(packed, Part::element);
    else
      append(out_, plain);
    after_.push_back(out_.data.size());
    out_.add(descriptor(m.after, sizes_.back()), Part::header);
  }

  // ("PK\7\x8")? crc, then the two sizes of 4 or 8 bytes each.
  static std::string descriptor(std::string after, const Sizes& s) {
    const bool marked = after.size() == 16 || after.size() == 24;
    if (!marked && after.size() != 12 && after.size() != 20) return after;
    const std::size_t at = marked ? 4 : 0;
    const unsigned width = after.size() - at == 20 ? 8 : 4;
    put(after, at, 4, s.crc);
    put(after, at + 4, width, s.stored);
    put(after, at + 4 + width, width, s.full);
    return after;
  }

  void add_tail(std::size_t begin, std::size_t size) {
    tail_ = out_.data.size();
    std::string tail = f_.tail;
    const std::size_t end = tail.rfind("PK\5\6");
    const bool wide = end != tail.npos && end >= kEnd64 + kLocator && tail.starts_with("PK\6\6");
    if (wide) {
      const std::size_t locator = end - kLocator;
      put(tail, 4, 8, locator - 12);
      for (const std::size_t at : {std::size_t{24}, std::size_t{32}}) put(tail, at, 8, f_.members.size());
      put(tail, 40, 8, size);
      put(tail, 48, 8, begin);
      put(tail, locator + 8, 8, tail_);
    }
    if (end != tail.npos && tail.size() - end >= 22) {
      for (const std::size_t at : {8U, 10U})
        if (!wide || get(tail, end + at, 2) != kMax16) put(tail, end + at, 2, f_.members.size());
      if (!wide || get(tail, end + 12, 4) != kMax32) put(tail, end + 12, 4, size);
      if (!wide || get(tail, end + 16, 4) != kMax32) put(tail, end + 16, 4, begin);
      put(tail, end + 20, 2, tail.size() - end - 22);
    }
    out_.add(tail, Part::header);
  }

  void apply(const Patch& p) {
    const auto* places = p.where == Patch::Where::local     ? &local_
                         : p.where == Patch::Where::central ? &central_
                         : p.where == Patch::Where::after   ? &after_
                                                            : nullptr;
    if (places && p.member >= places->size()) return;
    const std::size_t at = (places ? (*places)[p.member] : tail_) + p.offset;
    if (at + p.width <= out_.data.size()) put(out_.data, at, p.width, p.value);
  }

  const FileParts& f_;
  Written& out_;
  std::vector<Sizes> sizes_;
  std::vector<std::size_t> local_, central_, after_;
  std::size_t tail_ = 0;
};

std::string octal(std::uint64_t v, std::size_t digits) {
  std::string s(digits, '0');
  for (std::size_t i = digits; i-- > 0; v >>= 3) s[i] = static_cast<char>('0' + (v & 7));
  return s;
}

void write_tar(const FileParts& f, Written& out) {
  for (std::size_t i = 0; i < f.members.size(); ++i) {
    const Member& m = f.members[i];
    const Written data = content_of(m, out.tell);
    std::string head = m.head;
    head.replace(0, 100, m.name.substr(0, 100) + std::string(100 - std::min<std::size_t>(100, m.name.size()), '\0'));
    const std::uint64_t size = data.data.size() + static_cast<std::uint64_t>(m.wrong_size);
    if (std::strtoull(head.substr(124, 12).c_str(), nullptr, 8) != size) head.replace(124, 12, octal(size, 11) + '\0');
    for (const Patch& p : f.patches)
      if (p.where == Patch::Where::local && p.member == i && p.offset + p.width <= kBlock)
        put(head, p.offset, p.width, p.value);
    std::uint64_t sum = 0;
    for (std::size_t k = 0; k < kBlock; ++k) sum += k >= 148 && k < 156 ? ' ' : static_cast<unsigned char>(head[k]);
    sum += m.wrong_crc;
    if (std::strtoull(head.substr(148, 8).c_str(), nullptr, 8) != sum)
      head.replace(148, 8, octal(sum, 6) + std::string("\0 ", 2));
    out.add(head, Part::header);
    append(out, data);
    out.add(std::string((kBlock - data.data.size() % kBlock) % kBlock, '\0'), Part::padding);
  }
  const std::size_t least = std::max(out.data.size() + 2 * kBlock, f.records);
  out.add(std::string((least + kRecord - 1) / kRecord * kRecord - out.data.size(), '\0'), Part::padding);
}

}  // namespace

void write_file(const FileParts& f, Written& out) {
  if (f.container == Container::zip) return ZipAssembly(f, out).run();
  if (f.container == Container::tar) return write_tar(f, out);
  for (const Member& m : f.members) append(out, content_of(m, out.tell));
}
std::string write_file(const FileParts& f) {
  Written out;
  write_file(f, out);
  return std::move(out.data);
}

std::string content(const Member& m) { return content_of(m, false).data; }

Member* find_member(FileParts& f, std::string_view name_end) {
  for (Member& m : f.members)
    if (m.name.ends_with(name_end)) return &m;
  return nullptr;
}

Member zip_member(std::string name, std::vector<Piece> pieces) {
  Member m;
  m.name = std::move(name);
  m.pieces = std::move(pieces);
  m.head = "PK\3\4" + std::string(26, '\0');
  m.central = "PK\1\2" + std::string(42, '\0');
  m.rank = SIZE_MAX;  // last
  return m;
}
Member tar_member(std::string name, std::vector<Piece> pieces) {
  Member m;
  m.name = std::move(name);
  m.pieces = std::move(pieces);
  m.head = std::string(kBlock, '\0');
  m.head.replace(100, 8, std::string("0000644\0", 8));
  m.head[156] = '0';
  m.head.replace(257, 8,
                 std::string("ustar\000"
                             "00",
                             8));
  return m;
}
std::string plain_tail(Container c) { return c == Container::zip ? "PK\5\6" + std::string(18, '\0') : std::string(); }

}  // namespace harker::fuzz

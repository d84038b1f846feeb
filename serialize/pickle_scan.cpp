// Where pickles are. Whoever hides one from a scanner gives the file another extension, breaks the archive, puts it behind
// the first one's STOP or into a string, or breaks it off after the call; so members are judged by content, and what was
// named before an error counts (torch/pickle_walk.h).
#include <harker/serialize/pickle_scan.h>

#include <algorithm>
#include <cstdlib>
#include <optional>

#include <harker/core/base/text.h>
#include <harker/serialize/format.h>
#include <harker/serialize/numpy/npy.h>
#include <harker/serialize/torch/legacy_reader.h>
#include <harker/serialize/torch/pickle_walk.h>
#include <harker/serialize/zip/zip_reader.h>

namespace harker HARKER_PUBLIC {
namespace {

using detail::str;
using io::ByteView;
using pt::PickleWalk;

constexpr std::size_t kPickles = 1000;  // in one file
constexpr int kNesting = 3;             // pickles in strings of pickles

class Scan {
 public:
  explicit Scan(std::vector<ScannedPickle>& out) : out_(out) {}

  /// One pickle at the front of `data`, if there is one: it reaches STOP and names something, or `sure`. Bytes it takes.
  std::size_t pickle(ByteView data, const std::string& where, bool sure) {
    if (full()) return 0;
    ScannedPickle found;
    found.where = prefix_ + where;
    PickleWalk walk(data, found);
    const bool whole = walk.run();
    if (!sure && (!whole || found.names.empty())) return 0;
    out_.push_back(std::move(found));
    within(walk, prefix_ + where);
    return walk.used();
  }
  /// The only pickle of `data`; what follows it is odd.
  void whole(ByteView data, const std::string& where) {
    const std::size_t number = out_.size(), used = pickle(data, where, true);
    if (number == out_.size() || used == data.size() || full()) return;
    const bool stopped = used > 0 && data[used - 1] == '.';
    if (stopped) out_[number].odd.push_back(str(data.size() - used, " bytes after STOP"));
    anywhere(data.subspan(used), str(where, where.empty() ? "" : ", ", "behind the first"), used);
  }
  /// Whatever begins like a pickle of protocol 2 or later and is one.
  void anywhere(ByteView data, const std::string& where, std::size_t offset) {
    std::uint64_t effort = 4 * static_cast<std::uint64_t>(data.size()) + (1 << 20);
    if (const std::size_t n = pickle(data, str(where, " at ", offset), false); n > 0)
      data = data.subspan(n), offset += n;
    for (std::size_t at = 0; at + 2 < data.size() && effort > 0;) {
      const auto* next = static_cast<const std::uint8_t*>(std::memchr(data.data() + at, 0x80, data.size() - at));
      if (!next) return;
      at = static_cast<std::size_t>(next - data.data());
      if (at + 2 < data.size() && data[at + 1] >= 2 && data[at + 1] <= 5) {
        ScannedPickle probe;
        PickleWalk walk(data.subspan(at), probe);
        const bool good = walk.run() && !probe.names.empty();
        effort -= std::min<std::uint64_t>(effort, walk.used());
        if (good) {
          at += pickle(data.subspan(at), str(where, " at ", offset + at), true);
          continue;
        }
      }
      ++at;
    }
  }
  void numpy(ByteView data, const std::string& where) {
    constexpr std::size_t kLong = 12, kShort = 10;
    if (data.size() < kLong) return;
    const bool one = data[6] == 1;
    const std::uint64_t header = one ? io::load_le<std::uint16_t>(&data[8]) : io::load_le<std::uint32_t>(&data[8]);
    const std::size_t begin = one ? kShort : kLong;
    if (header > data.size() - begin) return;
    const std::string_view text = io::text(data.subspan(begin, static_cast<std::size_t>(header)));
    if (numpy::names_objects(text) || text.find('\\') != text.npos)
      whole(data.subspan(begin + static_cast<std::size_t>(header)), where);
  }
  void zip(const io::Source& source);
  void file(const io::Source& source);

 private:
  /// Pickles in the texts of a pickle, and in theirs.
  void within(const PickleWalk& outer, const std::string& where, int nesting = 0) {
    for (const auto& [at, text] : outer.texts()) {
      ScannedPickle found;
      found.where = str(where, where.empty() ? "" : ", ", "in the text at ", at);
      PickleWalk walk(text, found);
      if (!walk.run() || walk.used() != text.size()) continue;
      if (full()) return;
      const std::string here = found.where;
      if (!found.names.empty()) {
        found.odd.push_back("a pickle within a pickle");
        out_.push_back(std::move(found));
      }
      if (nesting < kNesting) within(walk, here, nesting + 1);
    }
    files(outer, where);
  }
  /// Files that a pickle gives to torch.load.
  void files(const PickleWalk& outer, const std::string& where) {
    const std::string before = std::exchange(prefix_, {});
    for (const auto& [at, bytes] : outer.files()) {
      if (full()) break;
      const std::string here = str(where, where.empty() ? "" : ", ", "in the file at ", at);
      const std::size_t number = out_.size();
      std::string wrong = depth_ == kNesting ? "files within files, too deep to follow" : "";
      prefix_ = here + ", ", ++depth_;
      if (wrong.empty()) try {
          file(*io::Source::view(bytes, "the file within"));
          if (out_.size() == number) wrong = "no file that torch.save wrote";
        } catch (const FormatError& e) { wrong = e.what(); }
      --depth_;
      if (wrong.empty()) continue;
      prefix_.clear();
      odd(here, std::move(wrong));
    }
    prefix_ = before;
  }
  /// Whether there are more pickles than are looked at; that is odd.
  bool full() {
    if (out_.size() >= kPickles && !std::exchange(said_full_, true))
      odd("the file", str("more than ", kPickles, " pickles: the rest was not looked at"));
    return said_full_;
  }
  void odd(std::string where, std::string what) {
    ScannedPickle p;
    p.where = prefix_ + where;
    p.odd.push_back(std::move(what));
    out_.push_back(std::move(p));
  }
  void legacy(ByteView file);
  void tar(ByteView file);

  std::vector<ScannedPickle>& out_;
  std::string prefix_;  // of `where`, in a file within a file
  int depth_ = 0;
  bool said_full_ = false;
};

void Scan::zip(const io::Source& source) {
  const ByteView file = source.bytes();
  std::optional<ZipArchive> zip;
  try {
    zip.emplace(file, source.name());
  } catch (const FormatError& e) {
    std::string_view why = e.what();
    if (why.starts_with(source.name())) why.remove_prefix(std::min(why.size(), source.name().size() + 2));
    odd("the archive", std::string(why));
    return anywhere(file, "somewhere in the file", 0);
  }
  const bool script = std::any_of(zip->entries().begin(), zip->entries().end(),
                                  [](const ZipEntry& e) { return e.name.find("/code/") != e.name.npos; });
  const std::uint64_t limit = (std::uint64_t{1} << 20) + 16 * file.size();
  for (const ZipEntry& e : zip->entries()) {
    const std::string where = detail::quoted_if_odd(e.name);
    std::vector<std::uint8_t> room;
    ByteView data = e.stored;
    const std::size_t before = out_.size();
    try {
      if (e.deflated) data = zip->read(e, limit, room);
    } catch (const FormatError& error) {
      odd("the archive", str(where, ": ", error.what()));
      continue;
    }
    std::string name(e.name);  // torch finds its members in either case
    std::transform(name.begin(), name.end(), name.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; });
    if (name.ends_with(".pkl") || name.ends_with(".pickle"))
      whole(data, where);
    else if (io::text(data).starts_with("\x93NUMPY"))
      numpy(data, where);
    else
      pickle(data, where, false);
    for (std::size_t i = before; script && i < out_.size();
         ++i)  // classes that the archive itself defines, in TorchScript
      for (PickleName& n : out_[i].names) n.allowed = n.allowed || n.module.starts_with("__torch__");
  }
}

bool is_zip(ByteView file) {
  const std::string_view s = io::text(file);
  constexpr std::size_t kEnd = 22, kComment = 65535;
  return s.starts_with("PK\3\4") || s.substr(s.size() - std::min(s.size(), kEnd + kComment)).find("PK\5\6") != s.npos;
}

/// What Python's tarfile takes for a header: whatever has the right checksum, of bytes or of signed ones.
bool is_tar_header(ByteView block) {
  constexpr std::size_t kSum = 148, kType = 156;
  long sum = 0, twin = 0;
  for (std::size_t i = 0; i < block.size(); ++i) {
    const bool own = i >= kSum && i < kType;
    sum += own ? ' ' : block[i];
    twin += own ? ' ' : static_cast<signed char>(block[i]);
  }
  const std::string digits(io::text(block.subspan(kSum, kType - kSum)));
  const long said = block[kSum] & 0x80 ? block[kType - 1] + 256L * block[kType - 2] + 65536L * block[kType - 3]
                                       : std::strtol(digits.c_str(), nullptr, 8);
  return said == sum || said == twin;
}

void Scan::legacy(ByteView file) {
  static constexpr const char* kParts[] = {"magic number", "protocol version", "system info", "object", "storage keys"};
  std::size_t at = 0;
  for (const char* part : kParts) {
    const std::size_t number = out_.size(), used = pickle(file.subspan(at), part, true);
    if (out_.size() == number || used == 0 || file[at + used - 1] != '.') break;
    at += used;
  }
}

// Names, links and the like are not believed: a member is what it holds.
void Scan::tar(ByteView file) {
  constexpr std::size_t kBlock = 512, kSize = 124, kSizeSize = 12;
  for (std::size_t at = 0; file.size() - at >= kBlock;) {
    const ByteView header = file.subspan(at, kBlock);
    if (std::all_of(header.begin(), header.end(), [](std::uint8_t c) { return c == 0; })) return;
    std::string digits(io::text(header.subspan(kSize, kSizeSize)));
    digits.resize(std::min(digits.find_last_not_of(std::string_view(" \0", 2)) + 1, digits.size()));
    if (!is_tar_header(header) || digits.find_first_not_of("01234567") != digits.npos) {
      odd("the archive", str("at ", at, ": no header of a tar archive"));
      return anywhere(file.subspan(at), "the archive", at);
    }
    const std::uint64_t size = std::strtoull(digits.c_str(), nullptr, 8);
    at += kBlock;
    const ByteView data = file.subspan(at, static_cast<std::size_t>(std::min<std::uint64_t>(size, file.size() - at)));
    std::string name(io::text(header.first(100)));
    name = detail::quoted_if_odd(name.substr(0, name.find('\0')));
    if (name == "pickle") {
      whole(data, name);
    } else {
      std::size_t used = 0;
      while (used < data.size()) {  // pickles one behind the other, also broken ones
        ScannedPickle probe;
        PickleWalk walk(data.subspan(used), probe);
        if (!walk.run() && probe.names.empty()) break;
        const std::size_t n = pickle(data.subspan(used), str(name, " at ", used), true);
        if (n == 0) break;
        used += n;
      }
      anywhere(data.subspan(used), name, used);
    }
    const std::uint64_t padded = (size + kBlock - 1) / kBlock * kBlock;
    if (padded > file.size() - at) return odd("the archive", str("truncated in ", name));
    at += static_cast<std::size_t>(padded);
  }
}

// It may be several things at once, and who loads it decides which.
void Scan::file(const io::Source& source) {
  const ByteView file = source.bytes();
  const std::string_view s = io::text(file);
  const auto at_front = [&] {
    ScannedPickle probe;
    PickleWalk(file, probe).run();
    return !probe.names.empty();
  };
  const bool is_legacy = pt::is_legacy(file);
  const bool is_tar = pt::is_tar(file) || (file.size() >= 512 && is_tar_header(file.first(512)));
  if (is_zip(file)) {
    if (!s.starts_with("PK") && !is_legacy && at_front()) pickle(file, "the front of the file", true);
    zip(source);
  }
  if (is_legacy) legacy(file);
  if (is_tar) tar(file);
  if (is_zip(file) || is_legacy || is_tar) return;
  if (s.starts_with("\x93NUMPY"))
    numpy(file, "");
  else if (pt::is_pickle(file) || at_front())
    whole(file, "");
  else
    detect_format(source);  // one without pickles, or an error
}

}  // namespace

std::vector<ScannedPickle> scan_pickles(const io::Source& source) {
  std::vector<ScannedPickle> out;
  Scan(out).file(source);
  return out;
}

}  // namespace harker

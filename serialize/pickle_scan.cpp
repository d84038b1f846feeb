// The stack and the memo hold no values: only which text, name or call each place came from. Whoever hides a pickle from
// a scanner gives the file another extension, breaks the archive, puts it behind the first one's STOP or into a string, or
// breaks it off after the call; so members are judged by content, and what was named before an error counts.
#include <harker/serialize/pickle_scan.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <optional>

#include <harker/core/base/text.h>
#include <harker/serialize/format.h>
#include <harker/serialize/io/keyed_map.h>
#include <harker/serialize/numpy/npy.h>
#include <harker/serialize/torch/legacy_reader.h>
#include <harker/serialize/torch/pickle_opcodes.h>
#include <harker/serialize/torch/pickle_text.h>
#include <harker/serialize/value/allowed_globals.h>
#include <harker/serialize/zip/zip_reader.h>

namespace harker HARKER_PUBLIC {
namespace {

using detail::quoted;
using detail::str;
using io::ByteView;
using pt::Opcode;

constexpr std::size_t kPickles = 1000;  // in one file
constexpr int kNesting = 3;             // pickles in strings of pickles
constexpr std::size_t kOdd = 20;        // oddities of one pickle

/// What a place on the stack came from.
struct Item {
  enum class Kind : std::uint8_t {
    other,
    text,
    bytes,
    only_bytes,
    unicode_line,
    string_line,
    name,
    object
  } kind = Kind::other;
  // only_bytes is a tuple of one bytes.
  std::uint32_t n = 0;  // length of the text; number of the name, or of the name that made the object, or kNobody
  const char* text = nullptr;  // in the pickle
};
constexpr std::uint32_t kNobody = UINT32_MAX;

/// Follows one pickle.
class Walk {
 public:
  Walk(ByteView data, ScannedPickle& out) : in_(data, "pickle"), out_(out) {}
  /// Runs to STOP, or to where the pickle makes no sense any more; false then.
  bool run();
  std::size_t used() const { return in_.position(); }
  /// Strings and bytes in it that may be pickles themselves.
  const std::vector<std::pair<std::uint64_t, ByteView>>& texts() const { return texts_; }
  /// Files in it that it has loaded.
  const std::vector<std::pair<std::uint64_t, ByteView>>& files() const { return files_; }

 private:
  struct Broken {
    std::string why;
  };
  using Kind = Item::Kind;

  void step(Opcode op, const pt::Operands& with);
  void odd(std::string what) {
    if (out_.odd.size() < kOdd) out_.odd.push_back(std::move(what));
  }
  Item pop() {
    if (stack_.size() <= (marks_.empty() ? 0 : marks_.back())) throw Broken{"takes more from the stack than is there"};
    const Item top = stack_.back();
    stack_.pop_back();
    return top;
  }
  void pop(std::size_t n) {
    while (n-- > 0) drop(pop());
  }
  void pop_to(std::size_t first) {
    for (; stack_.size() > first; stack_.pop_back()) drop(stack_.back());
  }
  /// What goes into another object may be called from there: bytes that are loaded then are not seen here.
  void drop(const Item& item) {
    if (item.kind == Kind::name && loads_bytes(item.n)) out_.names[item.n].allowed = false;
  }
  bool loads_bytes(std::uint32_t name) const {
    return allowed_global(out_.names[name].module, out_.names[name].name).what == Global::load_from_bytes;
  }
  Item& top() {
    if (stack_.empty()) throw Broken{"looks at an empty stack"};
    return stack_.back();
  }
  std::size_t pop_mark() {
    if (marks_.empty()) throw Broken{"has no mark where one is needed"};
    const std::size_t at = marks_.back();
    marks_.pop_back();
    return at;
  }
  void push(Item item = {}) { stack_.push_back(item); }
  void push_text(Kind kind, ByteView bytes) {
    push({kind, static_cast<std::uint32_t>(std::min<std::size_t>(bytes.size(), UINT32_MAX)), io::text(bytes).data()});
    if (bytes.size() >= 8 && bytes.back() == '.') texts_.emplace_back(at_, bytes);
  }
  void push_tuple(std::size_t n) {
    Item made;
    if (n == 1 && top().kind == Kind::bytes) made = {Kind::only_bytes, top().n, top().text};
    pop(n);
    push(made);
  }
  static std::optional<std::string> text_of(const Item& item);
  Item name(std::string module, std::string name);
  void call(const Item& callable, const Item& arguments = {});
  void remember(std::uint64_t index);
  void recall(std::uint64_t index);
  static std::uint64_t index_in(std::string_view line);

  io::ByteCursor in_;
  ScannedPickle& out_;
  std::size_t at_ = 0;
  std::vector<Item> stack_;
  std::vector<std::size_t> marks_;
  std::vector<Item> memo_;
  KeyedMap<std::uint64_t, Item> far_memo_;
  KeyedMap<std::string, std::uint32_t> numbers_;  // of names
  std::vector<std::pair<std::uint64_t, ByteView>> texts_, files_;
};

bool Walk::run() {
  try {
    while (true) {
      at_ = in_.position();
      if (in_.done()) throw Broken{"ends without STOP"};
      const std::uint8_t byte = in_.u8();
      const pt::OpcodeInfo& op = pt::kOpcodes[byte];
      if (op.name.empty()) throw Broken{str("the byte ", static_cast<int>(byte), " is no opcode")};
      if (op.code == Opcode::STOP) {
        if (stack_.empty()) odd(str("at ", at_, ": STOP with nothing on the stack"));
        return true;
      }
      step(op.code, pt::read_operands(in_, op));
    }
  } catch (const Broken& e) { odd(str("at ", at_, ": ", e.why)); } catch (const FormatError& e) {
    odd(str("at ", at_, ": ", e.what()));
  }
  return false;
}

std::optional<std::string> Walk::text_of(const Item& item) {
  const std::string_view raw(item.text, item.text ? item.n : 0);
  try {
    if (item.kind == Kind::text || item.kind == Kind::bytes) return std::string(raw);
    if (item.kind == Kind::unicode_line) return pt::unescape_unicode(raw);
    if (item.kind == Kind::string_line) return pt::unescape_string(raw);
  } catch (const FormatError&) {}
  return std::nullopt;
}

Item Walk::name(std::string module, std::string name) {
  to_python3(module, name);
  const auto [at, fresh] = numbers_.try_emplace(str(module, '\n', name), static_cast<std::uint32_t>(out_.names.size()));
  if (fresh) {
    const bool allowed = allowed_global(module, name).what != Global::unknown;
    out_.names.push_back({std::move(module), std::move(name), at_, 0, 0, 0, allowed});
  }
  ++out_.names[at->second].named;
  return {Kind::name, at->second, nullptr};
}

void Walk::call(const Item& callable, const Item& arguments) {
  if (callable.kind == Kind::name) {
    PickleName& n = out_.names[callable.n];
    ++n.called;
    if (allowed_global(n.module, n.name).what == Global::reference) n.allowed = false;  // may only be named
    if (loads_bytes(callable.n)) {
      if (arguments.kind == Kind::only_bytes)
        files_.emplace_back(at_, ByteView(reinterpret_cast<const std::uint8_t*>(arguments.text), arguments.n));
      else
        n.allowed = false;
    }
    return push({Kind::object, callable.n, nullptr});
  }
  odd(str("at ", at_, ": calls what is no name but ", callable.kind == Kind::object ? "an object" : "a value"));
  push({Kind::object, kNobody, nullptr});
}

void Walk::remember(std::uint64_t index) {
  const Item item = top();
  if (index == memo_.size())
    memo_.push_back(item), far_memo_.erase(index);
  else if (index < memo_.size())
    memo_[static_cast<std::size_t>(index)] = item;
  else
    far_memo_[index] = item;
}

void Walk::recall(std::uint64_t index) {
  if (index < memo_.size()) return push(memo_[static_cast<std::size_t>(index)]);
  const auto at = far_memo_.find(index);
  if (at == far_memo_.end()) throw Broken{str("asks the memo for ", index, ", which is not in it")};
  push(at->second);
}

std::uint64_t Walk::index_in(std::string_view line) {
  std::uint64_t n = 0;
  for (char c : line) {
    if (c < '0' || c > '9' || n > UINT64_MAX / 16) throw Broken{"a number in the memo that is none"};
    n = n * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return n;
}

void Walk::step(Opcode op, const pt::Operands& with) {
  using enum Opcode;
  switch (op) {
    case PROTO:
      if (with.number > 5) odd(str("at ", at_, ": there is no protocol ", with.number));
      out_.protocol = std::max(out_.protocol, static_cast<int>(with.number));
      return;
    case FRAME:
    case READONLY_BUFFER:
    case STOP: return;

    case SHORT_BINUNICODE:
    case BINUNICODE:
    case BINUNICODE8:
    case BINSTRING:
    case SHORT_BINSTRING:
    case BYTEARRAY8: return push_text(Kind::text, with.bytes);
    case SHORT_BINBYTES:
    case BINBYTES:
    case BINBYTES8: return push_text(Kind::bytes, with.bytes);
    case UNICODE: return push_text(Kind::unicode_line, io::bytes(with.line));
    case STRING: return push_text(Kind::string_line, io::bytes(with.line));

    case GLOBAL: return push(name(std::string(with.line), std::string(with.second_line)));
    case STACK_GLOBAL: {
      const auto what = text_of(pop()), module = text_of(pop());
      if (what && module) return push(name(*module, *what));
      odd(str("at ", at_, ": a name that the pickle computes"));
      return push(name(module.value_or("?"), what.value_or("?")));
    }
    case REDUCE: {
      const Item arguments = pop();
      return call(pop(), arguments);
    }
    case NEWOBJ: pop(1); return call(pop());
    case NEWOBJ_EX: pop(2); return call(pop());
    case OBJ: {
      const std::size_t first = pop_mark();
      if (first >= stack_.size()) throw Broken{"calls nothing"};
      const Item callable = stack_[first];
      pop_to(first + 1), stack_.pop_back();
      return call(callable);
    }
    case INST: {
      const Item callable = name(std::string(with.line), std::string(with.second_line));
      pop_to(pop_mark());
      return call(callable);
    }
    case BUILD: {
      pop(1);
      const Item& object = top();
      if (object.kind == Kind::object && object.n != kNobody) ++out_.names[object.n].built;
      if (object.kind == Kind::name)  // setattr() on a class or module
        odd(str("at ", at_, ": changes ", quoted(out_.names[object.n].module + '.' + out_.names[object.n].name),
                " itself"));
      return;
    }
    case EXT1:
    case EXT2:
    case EXT4:
      odd(str("at ", at_, ": the extension code ", with.number, ", a name that only the reader's Python knows"));
      return push({Kind::object, kNobody, nullptr});

    case MARK: return marks_.push_back(stack_.size());
    case POP_MARK: return pop_to(pop_mark());
    case POP:
      if (!marks_.empty() && marks_.back() == stack_.size())
        marks_.pop_back();
      else
        pop();
      return;
    case DUP: return push(top());
    case BINPUT:
    case LONG_BINPUT: return remember(with.number);
    case PUT: return remember(index_in(with.line));
    case MEMOIZE: return remember(memo_.size() + far_memo_.size());
    case BINGET:
    case LONG_BINGET: return recall(with.number);
    case GET: return recall(index_in(with.line));

    case TUPLE1: return push_tuple(1);
    case TUPLE2: pop(2); return push();
    case TUPLE3: pop(3); return push();
    case TUPLE: {
      const std::size_t first = pop_mark();
      return push_tuple(stack_.size() - std::min(first, stack_.size()));
    }
    case LIST:
    case DICT:
    case FROZENSET: pop_to(pop_mark()); return push();
    case APPEND: pop(1); return;
    case SETITEM: pop(2); return;
    case APPENDS:
    case SETITEMS:
    case ADDITEMS: return pop_to(pop_mark());
    case BINPERSID: pop(1); return push();

    default: return push();  // a number, a constant, an empty container, a persistent id, a buffer
  }
}

class Scan {
 public:
  explicit Scan(std::vector<ScannedPickle>& out) : out_(out) {}

  /// One pickle at the front of `data`, if there is one: it reaches STOP and names something, or `sure`. Bytes it takes.
  std::size_t pickle(ByteView data, const std::string& where, bool sure) {
    if (full()) return 0;
    ScannedPickle found;
    found.where = prefix_ + where;
    Walk walk(data, found);
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
        Walk walk(data.subspan(at), probe);
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
  void within(const Walk& outer, const std::string& where, int nesting = 0) {
    for (const auto& [at, text] : outer.texts()) {
      ScannedPickle found;
      found.where = str(where, where.empty() ? "" : ", ", "in the text at ", at);
      Walk walk(text, found);
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
  void files(const Walk& outer, const std::string& where) {
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
        Walk walk(data.subspan(used), probe);
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
    Walk(file, probe).run();
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

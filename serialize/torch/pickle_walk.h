// PickleWalk: follows the opcodes of one pickle with nothing built: which names it would look up, and what it would do
// with them. The stack and the memo hold no values: only which text, name or call each place came from.
#pragma once
#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include <harker/serialize/io/keyed_map.h>
#include <harker/serialize/pickle_scan.h>
#include <harker/serialize/torch/pickle_opcodes.h>
#include <harker/serialize/value/allowed_globals.h>

namespace harker::pt {

/// What a place on the stack came from.
struct PickleItem {
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
inline constexpr std::uint32_t kNobody = UINT32_MAX;

/// Follows one pickle.
class PickleWalk {
 public:
  PickleWalk(io::ByteView data, ScannedPickle& out) : in_(data, "pickle"), out_(out) {}
  /// Runs to STOP, or to where the pickle makes no sense any more; false then.
  bool run();
  std::size_t used() const { return in_.position(); }
  /// Strings and bytes in it that may be pickles themselves.
  const std::vector<std::pair<std::uint64_t, io::ByteView>>& texts() const { return texts_; }
  /// Files in it that it has loaded.
  const std::vector<std::pair<std::uint64_t, io::ByteView>>& files() const { return files_; }

 private:
  struct Broken {
    std::string why;
  };
  using Kind = PickleItem::Kind;

  void step(Opcode op, const Operands& with);
  void odd(std::string what);
  PickleItem pop() {
    if (stack_.size() <= (marks_.empty() ? 0 : marks_.back())) throw Broken{"takes more from the stack than is there"};
    const PickleItem top = stack_.back();
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
  void drop(const PickleItem& item) {
    if (item.kind == Kind::name && loads_bytes(item.n)) out_.names[item.n].allowed = false;
  }
  bool loads_bytes(std::uint32_t name) const {
    return allowed_global(out_.names[name].module, out_.names[name].name).what == Global::load_from_bytes;
  }
  PickleItem& top() {
    if (stack_.empty()) throw Broken{"looks at an empty stack"};
    return stack_.back();
  }
  std::size_t pop_mark() {
    if (marks_.empty()) throw Broken{"has no mark where one is needed"};
    const std::size_t at = marks_.back();
    marks_.pop_back();
    return at;
  }
  void push(PickleItem item = {}) { stack_.push_back(item); }
  void push_text(Kind kind, io::ByteView bytes) {
    push({kind, static_cast<std::uint32_t>(std::min<std::size_t>(bytes.size(), UINT32_MAX)), io::text(bytes).data()});
    if (bytes.size() >= 8 && bytes.back() == '.') texts_.emplace_back(at_, bytes);
  }
  void push_tuple(std::size_t n) {
    PickleItem made;
    if (n == 1 && top().kind == Kind::bytes) made = {Kind::only_bytes, top().n, top().text};
    pop(n);
    push(made);
  }
  static std::optional<std::string> text_of(const PickleItem& item);
  PickleItem name(std::string module, std::string name);
  void call(const PickleItem& callable, const PickleItem& arguments = {});
  void remember(std::uint64_t index);
  void recall(std::uint64_t index);
  static std::uint64_t index_in(std::string_view line);

  io::ByteCursor in_;
  ScannedPickle& out_;
  std::size_t at_ = 0;
  std::vector<PickleItem> stack_;
  std::vector<std::size_t> marks_;
  std::vector<PickleItem> memo_;
  KeyedMap<std::uint64_t, PickleItem> far_memo_;
  KeyedMap<std::string, std::uint32_t> numbers_;  // of names
  std::vector<std::pair<std::uint64_t, io::ByteView>> texts_, files_;
};

}  // namespace harker::pt

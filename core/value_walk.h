// ValueWalk: every entry of a Value, depth first, containers before their children, in the order in which files hold
// them; what `harker inspect` lists. A list, dict or object met before is a reference and not entered again, which also
// ends cycles; tuples are entered each time, as Python's printing does. Nothing recurses. Sets are leaves.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <harker/core/value.h>

namespace harker HARKER_PUBLIC {

/// One step from a value to one that it holds: a dict's key, an index, or another part. A walk takes no parts but
/// "args" and "state" of an object of an unknown class.
struct Step {
  const Value* key = nullptr;  ///< a dict's key; null for the others
  std::int64_t index = 0;      ///< in a list or tuple
  const char* part = nullptr;  ///< "args"
  bool attribute = false;      ///< Python has an attribute of that name: the "indices" of a sparse tensor
};

class ValueWalk {
 public:
  static constexpr std::uint64_t kMaxEntries = 10'000'000;

  /// `root` must outlive the walk and not be changed meanwhile. Counts first, in time proportional to what the file
  /// held (shared tuples can make a small file's walk exponential): Error above kMaxEntries.
  explicit ValueWalk(const Value& root);
  /// Moves to the next entry, at first to the root. False at the end.
  bool next();

  // --- The entry.
  const Value& value() const { return *value_; }
  /// The steps joined with '.'; dict keys may hold dots themselves, so that two entries can have one path.
  std::string_view path() const { return path_; }
  std::span<const Step> key() const { return key_; }
  /// A list, dict or object met before: its children are not repeated.
  bool is_ref() const { return ref_; }
  /// The very same object was met before (also a tensor, set or bytearray); same_as() is the path it had then.
  bool met_before() const { return same_as_ != kNone; }
  std::string same_as() const { return path_of(same_as_); }

  /// Remembers this entry, for path_of() later.
  std::uint32_t pin();
  std::string path_of(std::uint32_t pin) const;

  /// How many entries there are, and how many bytes their paths and contents (strings, bytes, sets) come to.
  std::uint64_t entries() const { return entries_; }
  std::uint64_t text_bytes() const { return text_; }

 private:
  static constexpr std::uint32_t kNone = UINT32_MAX;
  struct Frame {  // a container being walked
    const Value* container;
    std::size_t next;       // child
    std::size_t path_size;  // of the container's own path
    std::uint32_t trail;    // its place in trail_, or kNone as long as nobody asks
  };
  struct Trail {
    std::uint32_t parent;
    Step step;
  };
  std::uint32_t trail_of(std::size_t depth);

  const Value* root_;
  const Value* value_ = nullptr;
  std::string path_;
  std::vector<Step> key_;
  std::vector<Frame> frames_;
  std::vector<Trail> trail_;  // the steps that lead to what was pinned, each once
  std::unordered_map<const void*, std::uint32_t> met_;
  std::uint32_t same_as_ = kNone, here_ = kNone;
  bool started_ = false, ref_ = false;
  std::uint64_t entries_ = 0, text_ = 0;
};

/// How many children a walk finds below `v`, and the one with number i.
std::size_t child_count(const Value& v);
std::pair<Step, const Value*> child(const Value& v, std::size_t i);
/// The step as it stands in a path: the text itself for a string, Python's for any other key, "<args>" for a part that
/// is no attribute.
std::string step_text(const Step& step);

}  // namespace harker

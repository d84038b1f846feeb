// ValueWalk: an explicit stack of containers. Paths of what may be met again are not stored but traced back over
// `trail_`, whose entries are made only for containers that something pinned lies in.
#include <harker/core/base/text.h>
#include <harker/core/value/children.h>
#include <harker/core/value_walk.h>

#include <unordered_set>

namespace harker HARKER_PUBLIC {
namespace {

using Kind = Value::Kind;

bool has_children(const Value& v) {
  return v.is_list() || v.is_tuple() || v.is_dict() || (v.kind() == Kind::opaque && v.as_opaque().called);
}
/// Entered once only: what Python can change in place, and so can lie on a cycle.
bool entered_once(const Value& v) { return v.is_list() || v.is_dict() || v.kind() == Kind::opaque; }
/// Its identity is shown: same_as.
bool has_identity(const Value& v) {
  return entered_once(v) || v.is_tensor() || v.kind() == Kind::set || v.kind() == Kind::bytearray ||
         v.kind() == Kind::sparse || v.kind() == Kind::quantized;
}

bool has_arguments(const Value::Opaque& o) { return o.args.is_tuple() && o.args.len() > 0; }

/// The number among all children of the one that is listed as number i: no keys, and no parts that say nothing.
std::size_t number_of(const Value& v, std::size_t i) {
  if (v.is_dict()) return 2 * i + 1;
  if (v.kind() != Kind::opaque) return i;
  const Value::Opaque& o = v.as_opaque();
  if (!has_arguments(o)) ++i;
  if (i > 0 && o.state.is_none()) ++i;
  const std::size_t assigned = 2 + o.appended.size();
  return i < assigned ? i : assigned + 2 * (i - assigned) + 1;
}

/// More text than anybody lists: contents are not measured beyond it.
constexpr std::uint64_t kEnough = std::uint64_t{1} << 30;

/// Bytes that the content of a leaf comes to when it is listed, roughly.
std::uint64_t leaf_text(const Value& v) {
  switch (v.kind()) {
    case Kind::string: return v.as_string().size();
    case Kind::bytes:
    case Kind::bytearray: return 2 * v.as_bytes().size();
    case Kind::numpy_scalar:
    case Kind::numpy_array: return v.as_numpy().dtype.size() + 2 * v.as_numpy().data.size();
    case Kind::integer: return v.fits_int64() ? 8 : 3 * v.integer_bytes().size();
    case Kind::tensor: return 64 + 24 * static_cast<std::uint64_t>(v.lazy_tensor().dim());
    case Kind::set:
    case Kind::frozenset: {
      std::uint64_t n = 0;
      std::vector<const Value*> todo = {&v};
      while (!todo.empty() && n < kEnough) {
        const Value* top = todo.back();
        todo.pop_back();
        n += 16;
        if (!top->is_dict() && top->is_container())
          for (const Value& e : top->elements()) todo.push_back(&e);
        else
          n += leaf_text(*top);  // no set: one level
      }
      return n;
    }
    default: return 8;
  }
}

struct Count {
  std::uint64_t entries = 0, text = 0;
};

/// What a walk of `root` comes to, in time linear in the graph: a tuple walked to its end is not walked again, since
/// all lists and dicts in it have been met by then and its size cannot change any more.
Count count(const Value& root) {
  struct Frame {
    const Value* v;
    std::size_t next, path;
    Count before;
  };
  std::vector<Frame> stack;
  std::unordered_set<const void*> met;
  std::unordered_map<const void*, Count> tuples;  // text: of paths relative to the tuple's
  Count sum;
  std::size_t path = 0;
  auto visit = [&](const Value& v) {
    bool inside = has_children(v);
    if (v.is_tuple()) {
      if (auto it = tuples.find(v.id()); it != tuples.end()) {
        sum.entries += it->second.entries;
        sum.text += it->second.text + it->second.entries * path;
        return;
      }
    }
    Count before = sum;
    ++sum.entries;
    sum.text += path + (inside || sum.text >= kEnough ? 8 : leaf_text(v));
    if (!inside || (entered_once(v) && !met.insert(v.id()).second)) return;
    stack.push_back({&v, 0, path, before});
  };
  auto refuse = [] {
    detail::throw_error<Error>("this holds more than ", ValueWalk::kMaxEntries,
                               " entries (tuples that share tuples count each time)");
  };
  visit(root);
  while (!stack.empty()) {
    if (sum.entries > ValueWalk::kMaxEntries) refuse();
    Frame& top = stack.back();
    path = top.path;
    if (top.next == child_count(*top.v)) {
      if (top.v->is_tuple()) {
        Count own{sum.entries - top.before.entries, sum.text - top.before.text};
        own.text -= own.entries * path;
        tuples.emplace(top.v->id(), own);
      }
      stack.pop_back();
      continue;
    }
    auto [step, v] = child(*top.v, top.next++);
    path += (stack.size() > 1 ? 1 : 0) + (step.key && step.key->is_string() ? step.key->as_string().size() : 8);
    visit(*v);
  }
  if (sum.entries > ValueWalk::kMaxEntries) refuse();
  return sum;
}

}  // namespace

std::size_t child_count(const Value& v) {
  if (v.is_list() || v.is_tuple() || v.is_dict()) return v.len();
  if (v.kind() != Kind::opaque || !v.as_opaque().called) return 0;
  const Value::Opaque& o = v.as_opaque();
  return has_arguments(o) + !o.state.is_none() + o.appended.size() + o.assigned.size();
}

std::pair<Step, const Value*> child(const Value& v, std::size_t i) {
  const detail::Children all(v);
  const std::size_t n = number_of(v, i);
  return {all.step(n), &all[n]};
}

ValueWalk::ValueWalk(const Value& root) : root_(&root) {
  Count c = count(root);
  entries_ = c.entries;
  text_ = c.text;
}

bool ValueWalk::next() {
  if (!started_) {
    started_ = true;
    value_ = root_;
  } else {
    // Into the entry just shown, or on to the next child of the innermost container that has one left.
    if (value_ && has_children(*value_) && !ref_) frames_.push_back({value_, 0, path_.size(), here_});
    while (!frames_.empty() && frames_.back().next == child_count(*frames_.back().container)) frames_.pop_back();
    if (frames_.empty()) return value_ = nullptr, false;
    Frame& top = frames_.back();
    auto [step, v] = child(*top.container, top.next++);
    path_.resize(top.path_size);
    key_.resize(frames_.size() - 1);
    if (!key_.empty()) path_ += '.';
    path_ += step_text(step);
    key_.push_back(step);
    value_ = v;
  }
  here_ = same_as_ = kNone;
  ref_ = false;
  if (has_identity(*value_) && value_->id()) {
    auto [it, fresh] = met_.try_emplace(value_->id(), kNone);
    if (fresh)
      it->second = pin();
    else
      same_as_ = it->second, ref_ = entered_once(*value_) && has_children(*value_);
  }
  return true;
}

/// The place in trail_ of the container at that depth of the stack.
std::uint32_t ValueWalk::trail_of(std::size_t depth) {
  std::size_t known = depth + 1;
  while (known > 0 && frames_[known - 1].trail == kNone) --known;
  for (; known <= depth; ++known) {
    frames_[known].trail = static_cast<std::uint32_t>(trail_.size());
    trail_.push_back(known == 0 ? Trail{kNone, {}} : Trail{frames_[known - 1].trail, key_[known - 1]});
  }
  return frames_[depth].trail;
}

std::uint32_t ValueWalk::pin() {
  if (here_ != kNone) return here_;
  Trail t{kNone, {}};
  if (!key_.empty()) t = {trail_of(key_.size() - 1), key_.back()};
  here_ = static_cast<std::uint32_t>(trail_.size());
  trail_.push_back(t);
  return here_;
}

std::string ValueWalk::path_of(std::uint32_t pin) const {
  std::vector<const Step*> steps;
  for (std::uint32_t i = pin; trail_[i].parent != kNone; i = trail_[i].parent) steps.push_back(&trail_[i].step);
  std::string out;
  for (auto it = steps.rbegin(); it != steps.rend(); ++it) {
    if (it != steps.rbegin()) out += '.';
    out += step_text(**it);
  }
  return out;
}

}  // namespace harker

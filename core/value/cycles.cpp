// Finds the cycles in a Value and seals each into a group that is freed as a whole. A cycle here is a strongly
// connected component of the graph of objects (Tarjan's algorithm, with a stack of its own): groups themselves form no
// cycles, so freeing one frees all it alone held.
#include <algorithm>
#include <memory>
#include <unordered_map>

#include <harker/core/value/children.h>

namespace harker HARKER_PUBLIC {
namespace detail {
namespace {

bool holds_values(const Object& o) {
  if (o.kind == Value::Kind::tensor) return !static_cast<const TensorObject&>(o).attributes.is_none();
  return may_hold_values(o.kind);
}

class Tarjan {
 public:
  /// Also several times: what one run has seen is not looked at again.
  void run(Object* root) {
    if (root->group || !holds_values(*root) || number_.contains(root)) return;
    enter(root);
    while (!path_.empty()) {
      Frame& f = path_.back();
      if (edges_.size() > f.first_edge) {
        Object* child = edges_.back();
        edges_.pop_back();
        const auto known = number_.find(child);
        if (known == number_.end())
          enter(child);
        else if (nodes_[known->second].waiting)
          lower(f.node, known->second);
        continue;
      }
      const std::size_t done = f.node;
      path_.pop_back();
      if (!path_.empty()) lower(path_.back().node, nodes_[done].low);
      if (nodes_[done].low == done) component(done);
    }
  }

 private:
  struct Node {
    Object* object;
    std::size_t low;      // the earliest node still waiting that it reaches
    bool waiting = true;  // its component is not complete
    bool self = false;    // refers to itself
  };
  struct Frame {
    std::size_t node, first_edge;
  };

  void lower(std::size_t node, std::size_t low) { nodes_[node].low = std::min(nodes_[node].low, low); }

  void enter(Object* o) {
    const std::size_t id = nodes_.size();
    nodes_.push_back({o, id});
    number_.emplace(o, id);
    waiting_.push_back(id);
    path_.push_back({id, edges_.size()});
    for_each_child(*o, [&](Value& v) {
      Object* child = Object::of(v);
      if (!child || child->group || !holds_values(*child)) return;  // what is sealed already stays as it is
      if (child == o)
        nodes_[id].self = true;
      else
        edges_.push_back(child);
    });
  }

  // All that waits from `first` on is one component; a single object is a cycle only if it refers to itself.
  void component(std::size_t first) {
    const auto from = std::find(waiting_.rbegin(), waiting_.rend(), first).base() - 1;
    const bool cycle = waiting_.end() - from > 1 || nodes_[first].self;
    if (cycle) {
      auto group = std::make_unique<Group>();
      std::uint64_t refs = 0, inner = 0;
      for (auto it = from; it != waiting_.end(); ++it) group->members.push_back(nodes_[*it].object);
      Group* g = group.release();  // nothing below throws
      for (Object* o : g->members) {
        refs += o->refs.load(std::memory_order_relaxed);
        o->group = g;
      }
      for (Object* o : g->members) {
        for_each_child(*o, [&](Value& v) {
          const Object* child = Object::of(v);
          if (child && child->group == g) ++inner;
        });
      }
      g->refs.store(refs, std::memory_order_relaxed);
      g->inner.store(inner, std::memory_order_relaxed);
    }
    for (auto it = from; it != waiting_.end(); ++it) nodes_[*it].waiting = false;
    waiting_.erase(from, waiting_.end());
  }

  std::vector<Node> nodes_;
  std::vector<std::size_t> waiting_;
  std::vector<Frame> path_;
  std::vector<Object*> edges_;  // still to be followed, of all objects on the path
  std::unordered_map<const Object*, std::size_t> number_;
};

}  // namespace
}  // namespace detail

void Value::seal_cycles(const Value& root) { seal_cycles(std::span<const Value>(&root, 1)); }
void Value::seal_cycles(std::span<const Value> roots) {
  detail::Tarjan search;
  for (const Value& v : roots)
    if (detail::Object* o = detail::Object::of(v)) search.run(o);
}

void Value::abandon(std::span<const Value> roots) noexcept {
  try {
    seal_cycles(roots);
  } catch (...) {
    for (const Value& v : roots) {
      detail::Object* o = detail::Object::of(v);
      if (o && !o->group && detail::holds_values(*o)) detail::for_each_child(*o, [](Value& child) { child = Value(); });
    }
  }
}

}  // namespace harker

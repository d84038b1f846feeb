// The table of NodeSet.
#include <harker/core/autograd/graph.h>

namespace harker::detail {

std::uint32_t& NodeSet::slot_of(const Node* n) {
  const std::size_t mask = table_.size() - 1;
  // Fibonacci hashing: nodes lie 64 bytes apart at least, so the low bits say nothing.
  std::size_t s = (reinterpret_cast<std::uintptr_t>(n) >> 6) * 0x9E3779B97F4A7C15u >> 32 & mask;
  while (table_[s] && nodes_[table_[s] - 1] != n) s = (s + 1) & mask;
  return table_[s];
}

std::uint32_t NodeSet::add(Node* n) {
  if (2 * (nodes_.size() + 1) > table_.size()) {
    table_.assign(table_.empty() ? 64 : 2 * table_.size(), 0);
    for (std::uint32_t i = 0; i < nodes_.size(); ++i) slot_of(nodes_[i]) = i + 1;
  }
  std::uint32_t& slot = slot_of(n);
  if (!slot) {
    nodes_.push_back(n);
    slot = static_cast<std::uint32_t>(nodes_.size());
  }
  return slot - 1;
}

std::uint32_t NodeSet::find(const Node* n) const {
  if (table_.empty()) return kNone;
  const std::uint32_t slot = const_cast<NodeSet*>(this)->slot_of(n);
  return slot ? slot - 1 : kNone;
}

}  // namespace harker::detail

// The bytes a view spans run from its first element to its last: those between the columns of a strided view are part
// of it.
#include <harker/serialize/torch/storage_spans.h>

#include <algorithm>

#include <harker/serialize/value/value_paths.h>

namespace harker::pt {
namespace {

// From the first to behind the last element, in bytes; strides are never negative.
std::pair<std::size_t, std::size_t> span_of(const Tensor& t) {
  if (t.numel() == 0) return {0, 0};
  std::int64_t last = t.storage_offset();
  for (int d = 0; d < t.dim(); ++d) last += (t.shape()[d] - 1) * t.strides()[d];
  const std::size_t item = item_size(t.dtype());
  return {static_cast<std::size_t>(t.storage_offset()) * item, static_cast<std::size_t>(last + 1) * item};
}

}  // namespace

StorageSpans::StorageSpans(const Value& root, bool compact) : compact_(compact) {
  if (!compact) return;
  // Untyped bytes may be viewed as elements of several sizes: a part begins where each of them can.
  std::unordered_map<const Storage*, std::size_t> items;
  ObjectWalk walk(root, "torch", INT32_MAX);
  while (const Value* v = walk.next()) {
    const Tensor* t = tensor_of(*v);
    if (!t) continue;
    const auto [begin, end] = span_of(*t);
    std::vector<Span>& spans = spans_[&t->storage()];
    std::size_t& item = items[&t->storage()];
    item = std::max(item, item_size(t->dtype()));
    if (begin < end) spans.push_back({begin, end});
  }
  for (auto& [storage, spans] : spans_) {
    for (Span& s : spans) s.begin -= s.begin % items[storage];
    std::sort(spans.begin(), spans.end(), [](const Span& a, const Span& b) { return a.begin < b.begin; });
    std::size_t n = 0, held = 0;
    for (const Span& s : spans) {
      if (n > 0 && s.begin < spans[n - 1].end)
        spans[n - 1].end = std::max(spans[n - 1].end, s.end);
      else
        spans[n++] = s;
    }
    spans.resize(n);
    for (const Span& s : spans) held += s.end - s.begin;
    left_out_ += storage->nbytes - held;
  }
}

StorageSpan StorageSpans::of(const Tensor& t) const {
  StorageSpan part{Ref<Storage>::share(&t.storage()), 0, t.storage().nbytes};
  if (!compact_) return part;
  const auto [begin, end] = span_of(t);
  const std::vector<Span>& spans = spans_.at(&t.storage());
  // The last span that begins at or before the view; an empty view is in none.
  auto at =
      std::upper_bound(spans.begin(), spans.end(), begin, [](std::size_t b, const Span& s) { return b < s.begin; });
  if (begin == end) return {part.storage, 0, 0};
  --at;
  return {part.storage, at->begin, at->end - at->begin};
}

}  // namespace harker::pt

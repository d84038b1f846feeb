// GradAccumulator: what a backward pass has found for the leaves, until its end, when they take it all at once or, after a
// throw, nothing. Internal to the engine. Its memory is the pool's: a step takes nothing from the system however many
// parameters a model has.
#pragma once
#include <vector>

#include <harker/core/autograd/record/node.h>
#include <harker/core/base/pointer_index.h>
#include <harker/core/base/pool.h>
#include <harker/core/tensor.h>

namespace harker {
namespace detail {

class GradAccumulator {
 public:
  GradAccumulator() = default;
  GradAccumulator(const GradAccumulator&) = delete;
  GradAccumulator& operator=(const GradAccumulator&) = delete;
  ~GradAccumulator() {
    for (std::size_t i = 0; i < count_; ++i) at(i).~Entry();
  }

  /// Adds g, of the leaf's shape and dtype, to what this leaf will get.
  void add(TensorImpl* leaf, Tensor&& g) {
    for (std::size_t i = 0; i < count_; ++i)
      if (at(i).leaf == leaf) return add_again(at(i), g);
    if (count_ == kInline) return add_more(leaf, std::move(g));
    new (&at(count_)) Entry{leaf, std::move(g)};
    ++count_;
  }
  /// The same for a tensor that no edge holds, and which a hook may drop before the pass ends.
  void add_kept(TensorImpl* t, Tensor&& g) {
    kept_.push_back(Tensor(Ref<TensorImpl>::share(t).release()));
    add(t, std::move(g));
  }
  /// What this tensor would get; undefined when nothing reached it.
  Tensor sum_of(TensorImpl& t);
  /// The leaves' hooks, each once with the whole gradient, which they may replace.
  void call_hooks();
  /// GradError when gradients have added up to NaN.
  void check_nan();
  /// Leaves that do not require grad any more get nothing. Hooks and all that can fail come first; then each leaf takes
  /// its gradient; then hooks on accumulated gradients.
  void commit(bool create_graph);

 private:
  struct Entry {
    TensorImpl* leaf;
    Tensor sum;
  };
  static constexpr std::size_t kInline = 12;  // a linear search through these beats any table

  static void add_again(Entry& e, const Tensor& g) { e.sum = plus(e.sum, g); }
  void add_more(TensorImpl* leaf, Tensor&& g);
  auto key() const {
    return [this](std::size_t i) { return more_[i].leaf; };
  }
  void commit_carefully(bool create_graph);
  static void replace_grads(std::vector<Entry*>& entries);
  static void prepare(Entry& e);
  static bool take_first(Entry& e);
  static void add_to_grad(Entry& e);
  template <class F>
  void for_each(F f) {
    for (std::size_t i = 0; i < count_; ++i) f(at(i));
    for (Entry& e : more_) f(e);
  }

  Entry& at(std::size_t i) { return reinterpret_cast<Entry*>(raw_)[i]; }
  alignas(Entry) std::byte raw_[kInline * sizeof(Entry)];
  std::size_t count_ = 0;
  std::vector<Entry, pool::Allocator<Entry>> more_;
  PointerIndex index_;  // into more_
  std::vector<Tensor, pool::Allocator<Tensor>> kept_;
};

}  // namespace detail
}  // namespace harker

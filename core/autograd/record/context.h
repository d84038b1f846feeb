// Context: what an op's forward leaves for its backward. Inert when nothing is recorded.
#pragma once
#include <span>
#include <vector>

#include <harker/core/autograd/record/node.h>
#include <harker/core/tensor/mode.h>

namespace harker HARKER_PUBLIC {

/// Tensors that one op may save in the node itself; more are kept in memory of their own.
inline constexpr std::uint32_t kMaxSaved = 4;

class Context {
 public:
  /// Keeps nothing.
  Context() : node_(nullptr), wanted_(nullptr) {}
  /// The node's own, which calls clear() in its destructor: one here would cost every op that is not recorded.
  explicit Context(Node* node) : node_(node), wanted_(node->edges) {}
  ~Context() {}
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  // --- In forward.
  /// Keeps inputs for backward, with the version their bytes have now.
  template <class... T>
  void save(const T&... t) {
    if (!node_) return;
    if (count_ + sizeof...(T) <= kMaxSaved) [[likely]]
      (put(t, 0), ...);
    else
      (put_more(t, 0), ...);
  }
  void save(std::span<const Tensor> list) {
    if (node_)
      for (const Tensor& t : list) put_more(t, 0);
  }
  /// save() under PyTorch's name. A Function may save its output as well: what saved() gives in a recorded backward
  /// pass has its history.
  template <class... T>
  void save_for_backward(const T&... t) {
    save(t...);
  }
  /// Keeps the output (of several: which one): an alias without history, since a node that owned its own output would
  /// never be freed.
  void save_output(const Tensor& z, std::uint32_t number = 0) {
    if (!node_) return;
    if (count_ < kMaxSaved) [[likely]]
      put(z.detach(), number + 1);
    else
      put_more(z.detach(), number + 1);
  }
  /// This output gets no gradient, whatever the inputs: the indices of a maximum, say. (Outputs that are no floating
  /// point numbers need no such word.) Only for ops with several outputs.
  void mark_non_differentiable(const Tensor& z) { z.impl().flags |= TensorImpl::kNotDifferentiable; }

  // --- In both.
  /// Is the gradient of this input wanted? Inputs are counted from 0, those of a list one by one; arguments that are no
  /// tensors do not count. Ask before computing what costs.
  /// GradError when there is no such input.
  bool needs(int input) const {
    if (!wanted_) return false;
    if (static_cast<std::uint32_t>(input) >= node_->inputs) [[unlikely]]
      no_such_input(input);
    return wanted_[input].needed();
  }

  // --- In backward.
  /// The i-th saved tensor. GradError when the graph was freed, or when the tensor was changed in place since.
  const Tensor& saved(int i) const {
    const std::uint32_t k = static_cast<std::uint32_t>(i);
    if (k >= count_) [[unlikely]]
      refuse(i);
    const Saved& s = item(k);
    const TensorImpl* const p = s.t.get();
    if (!p || s.version != p->storage->version) [[unlikely]]
      refuse(i);
    return s.t;
  }
  /// The same where an undefined tensor may have been saved.
  const Tensor& saved_if_any(int i) const {
    const std::uint32_t k = static_cast<std::uint32_t>(i);
    return k < count_ && !item(k).t.defined() ? item(k).t : saved(i);
  }
  /// The same for an output; with its history again while the backward pass is itself recorded.
  Tensor saved_output(int i) const;
  /// The number of tensors among the inputs, those of lists one by one.
  std::size_t input_count() const { return node_ ? node_->inputs : 0; }
  /// How many were saved.
  int saved_count() const { return static_cast<int>(count_); }

  void clear() noexcept {
    const std::uint32_t n = count_;
    if (n == 0) return;
    if (n > kMaxSaved) [[unlikely]]
      return clear_all();
    for (Saved *s = in_place_, *end = s + n; s != end; ++s) s->~Saved();
    count_ = 0;
    released_ = 1;
  }

  // --- For the engine.
  /// Until it is called again, needs() answers by these edges instead of the node's.
  const Edge* ask(const Edge* wanted) { return std::exchange(wanted_, wanted); }
  struct Stale;
  /// Adds to `found` the saved tensors that lie in this storage, whose bytes are about to change.
  void find_stale(const Storage* storage, std::vector<Stale>& found);
  /// One that was saved under save() is the output `number`, z: it is kept without history, as save_output keeps it.
  void note_output(const Tensor& z, std::uint32_t number);
  /// The first saved tensor with this mark, or null.
  const Tensor* find_flagged(std::uint8_t mark) const;

 private:
  friend class RecordedOutputs;
  struct Saved {
    Tensor t;
    std::uint32_t version;
    std::uint32_t
        output;  // 0: an input; n: the output number n - 1; kInput + n: the input number n, by which it is known
  };
  static constexpr std::uint32_t kInput = std::uint32_t{1} << 31;
  static constexpr std::uint32_t kNoted = std::uint32_t{1} << 30;  // an output that was saved as if it were an input
  static std::uint32_t kept_version(const Tensor& t) {
    if (!t.defined()) return 0;
    Storage& s = *t.get()->storage;
    s.saved.store(true, std::memory_order_relaxed);
    return s.version;
  }
  void put(Tensor t, std::uint32_t output) {
    const std::uint32_t version = kept_version(t);
    new (in_place_ + count_) Saved{std::move(t), version, output};
    ++count_;
  }
  /// The same, in place or not.
  void put_more(Tensor t, std::uint32_t output);
  void clear_all() noexcept;
  Saved& item(std::uint32_t i) const { return i < kMaxSaved ? const_cast<Saved&>(in_place_[i]) : more_[i - kMaxSaved]; }
  [[noreturn]] void refuse(int i) const;
  [[noreturn]] void no_such_input(int i) const;

  Node* node_;
  const Edge* wanted_;  // the node's edges, or those of them that this pass wants
  std::uint32_t count_ = 0;
  std::uint32_t released_ = 0;  // 1: what was saved has been freed
  union {
    Saved in_place_[kMaxSaved];  // constructed up to count_: a free place costs nothing
  };
  Saved* more_;  // the others, in a block whose size is a power of two; valid when count_ > kMaxSaved
};

/// While it lives, and if a backward pass is being recorded, the outputs among what a node with many inputs or outputs
/// has saved have their history: saved() may then be differentiated. Not for longer, since the node would own itself.
class RecordedOutputs {
 public:
  explicit RecordedOutputs(Context& c) : RecordedOutputs(&c) {
    if (detail::grad_enabled && c.count_) give();
  }
  ~RecordedOutputs();
  RecordedOutputs(const RecordedOutputs&) = delete;
  RecordedOutputs& operator=(const RecordedOutputs&) = delete;

 private:
  explicit RecordedOutputs(Context* c) : context_(*c) {}  // so that a throw of give() runs the destructor
  void give();
  Context& context_;
  std::vector<std::pair<std::uint32_t, Tensor>> before_;
};

/// A saved tensor that will be refused, and an alias without history to take its place: one that had a history could
/// keep alive the graph that it is part of.
struct Context::Stale {
  Saved* at;
  Tensor alias;
  std::uint32_t output;
  void replace() noexcept {
    at->t = std::move(alias);
    at->output = output;
  }
};

}  // namespace harker

// Context: what an op's forward leaves for its backward: the tensors it saves, and which gradients are wanted. A node has
// one. When nothing is recorded, forward gets one that keeps nothing.
#pragma once
#include <span>
#include <vector>

#include <harker/core/tensor.h>

namespace harker HARKER_PUBLIC {

class Edge;

/// Tensors that one op may save in the node itself; more are kept in memory of their own.
inline constexpr std::uint32_t kMaxSaved = 4;

namespace detail {
class RecordedOutputs;
}

class Context {
 public:
  /// Keeps nothing.
  Context() : node_(nullptr), edges_(nullptr) {}
  /// The node's own.
  Context(Node* node, const Edge* edges) : node_(node), edges_(edges) {}
  /// Does nothing, so that an op that is not recorded pays nothing: the node calls clear().
  ~Context() {}
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  // --- In forward.
  /// Keeps inputs for backward, with the version their bytes have now.
  template <class... T>
  void save(const T&... t) {
    if (!node_) return;
    if (count_ + sizeof...(T) <= kMaxSaved) [[likely]]
      (put(t), ...);
    else
      (put_more(t), ...);
  }
  void save(std::span<const Tensor> list);
  /// save() under PyTorch's name. A Function may save its output as well: what saved() gives in a recorded backward
  /// pass has its history.
  template <class... T>
  void save_for_backward(const T&... t) {
    save(t...);
  }
  /// Keeps the output (of several: which one): an alias without history, since a node that owned its own output would
  /// never be freed.
  void save_output(const Tensor& z, std::uint32_t number = 0) {
    if (node_) put_output(z, number);
  }
  /// This output gets no gradient, whatever the inputs: the indices of a maximum, say. (Outputs that are no floating
  /// point numbers need no such word.) Only for ops with several outputs.
  void mark_non_differentiable(const Tensor& z) { z.impl().flags |= TensorImpl::kNotDifferentiable; }

  // --- In both.
  /// Is the gradient of this input wanted? Inputs are counted from 0, those of a list one by one; arguments that are no
  /// tensors do not count. Ask before computing what costs.
  /// GradError when there is no such input.
  inline bool needs(int input) const;
  /// The number of tensors among the inputs, those of lists one by one.
  inline std::size_t input_count() const;
  /// How many were saved.
  int saved_count() const { return static_cast<int>(count_); }

  // --- In backward.
  /// The i-th tensor in the order of saving (not the i-th input). GradError when the graph was freed, or when the tensor
  /// was changed in place since.
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
  /// saved(i) where an undefined tensor may have been saved.
  const Tensor& saved_if_any(int i) const {
    const std::uint32_t k = static_cast<std::uint32_t>(i);
    return k < count_ && !item(k).t.defined() ? item(k).t : saved(i);
  }
  /// saved(i) for an output; with its history again while the backward pass is itself recorded.
  Tensor saved_output(int i) const;

  // --- For the node, the engine and changes in place.
  /// Frees what was saved.
  void clear() noexcept {
    const std::uint32_t n = count_;
    if (n == 0) return;
    if (n > kMaxSaved) [[unlikely]]
      return clear_all();
    for (Saved *s = in_place_, *end = s + n; s != end; ++s) s->~Saved();
    count_ = 0;
    released_ = 1;
  }
  /// needs() goes by these edges: the node's, or, in a pass that wants only some gradients, a copy that lacks the others.
  void follow(const Edge* edges) { edges_ = edges; }
  struct Stale;
  /// Adds to `found` the saved tensors that lie in this storage, whose bytes are about to change.
  void find_stale(const Storage* storage, std::vector<Stale>& found);
  /// z, the output `number`, may be among what save() has kept: it is kept without history, as save_output keeps it.
  void note_output(const Tensor& z, std::uint32_t number);
  /// The first saved tensor with this flag (TensorImpl::Flag), or null.
  const Tensor* find_flagged(std::uint8_t flag) const;

 private:
  friend class detail::RecordedOutputs;
  /// What a saved tensor is to the operation.
  enum class Role : std::uint32_t {
    input,           // saved by save(); its history tells which one, if need be
    numbered_input,  // the same, without its history
    output,          // saved by save_output()
    noted_output     // saved by save(), and turned out to be an output
  };
  struct Saved {
    Tensor t;
    std::uint32_t version;  // of its bytes, when it was saved
    Role role : 2;
    std::uint32_t number : 30;  // which output, or numbered input
    Saved(Tensor tensor, std::uint32_t v, Role r, std::uint32_t n)
        : t(std::move(tensor)), version(v), role(r), number(n & 0x3fffffff) {}
  };
  static std::uint32_t kept_version(const Tensor& t) {
    if (!t.defined()) return 0;
    Storage& s = *t.get()->storage;
    s.saved.store(true, std::memory_order_relaxed);
    return s.version;
  }
  /// Keeps an input, for which there is a place.
  void put(const Tensor& t) {
    new (in_place_ + count_) Saved(t, kept_version(t), Role::input, 0);
    ++count_;
  }
  void put_more(const Tensor& t);
  void put_output(const Tensor& z, std::uint32_t number);
  void keep(Tensor t, Role role, std::uint32_t number);
  void clear_all() noexcept;
  Saved& item(std::uint32_t i) const { return i < kMaxSaved ? const_cast<Saved&>(in_place_[i]) : more_[i - kMaxSaved]; }
  [[noreturn]] void refuse(int i) const;
  [[noreturn]] void no_such_input(int i) const;

  Node* node_;
  const Edge* edges_;  // those that needs() goes by
  std::uint32_t count_ = 0;
  std::uint32_t released_ = 0;  // 1: what was saved has been freed
  union {
    Saved in_place_[kMaxSaved];  // constructed up to count_: a free place costs nothing
  };
  Saved* more_;  // the others, in a block whose size is a power of two; valid when count_ > kMaxSaved
};

/// A saved tensor that will be refused, and what takes its place: an alias without history. One that had a history could
/// keep alive the graph that it is part of.
struct Context::Stale {
  Saved* at;
  Saved instead;
  void replace() noexcept { *at = std::move(instead); }
};

}  // namespace harker

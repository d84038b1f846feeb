// Context: what an op's forward leaves for its backward. Inert when nothing is recorded.
#pragma once
#include <harker/core/autograd/node.h>

namespace harker HARKER_PUBLIC {

/// Tensors that one op may save. More is the sign of an op that wants to be two.
inline constexpr int kMaxSaved = 4;

class Context {
 public:
  explicit Context(Node* node = nullptr) : node_(node) {}
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  ~Context() { clear(); }

  /// Is the gradient of this tensor input wanted? Ask before computing one that costs.
  bool needs(int input) const { return node_ && node_->edges[input].needed(); }
  /// Keeps inputs for backward, with the version their bytes have now.
  template <class... T>
  void save(const T&... t) {
    if (node_) (put(t), ...);
  }
  /// Keeps the output: an alias without history, since a node that owned its own output would never be freed.
  void save_output(const Tensor& z) {
    if (node_) put(z.detach());
  }
  /// The i-th saved tensor. GradError when the graph was freed, or when the tensor was changed in place since.
  const Tensor& saved(int i) const {
    if (released_ || item(i)->version != item(i)->t.impl().storage->version) [[unlikely]]
      refuse(i);
    return item(i)->t;
  }
  /// The same where an undefined tensor may have been saved.
  const Tensor& saved_if_any(int i) const { return released_ || item(i)->t.defined() ? saved(i) : item(i)->t; }
  /// The same for an output; with its history again while the backward pass is itself recorded.
  Tensor saved_output(int i) const;

  void clear() noexcept {
    for (int i = 0; i < count_; ++i) item(i)->~Saved();
    if (count_) released_ = true;
    count_ = 0;
  }

 private:
  struct Saved {
    Tensor t;
    std::uint32_t version;
  };
  Saved* item(int i) const { return reinterpret_cast<Saved*>(const_cast<std::byte*>(raw_)) + i; }
  void put(Tensor t) {
    std::uint32_t version = t.defined() ? t.impl().storage->version : 0;
    new (item(count_)) Saved{std::move(t), version};
    ++count_;
  }
  [[noreturn]] void refuse(int i) const;

  Node* node_;
  std::uint8_t count_ = 0;
  bool released_ = false;
  alignas(
      Saved) std::byte raw_[kMaxSaved * sizeof(Saved)];  // constructed only up to count_: an unused slot costs nothing
};

}  // namespace harker

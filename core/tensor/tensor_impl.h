// TensorImpl: what a Tensor handle points to. A fresh tensor is one block of memory: Storage, TensorImpl, then its
// bytes. A view is a TensorImpl of its own that holds a reference on the Storage, so that it never keeps a graph alive.
// Users see Tensor (core/tensor.h); this is for ops, the engine and the readers.
// A view made by an op is a ViewImpl: it knows whose view it is, so that a recorded change in place of one is seen by
// the others (core/autograd/record/view_history.h).
#pragma once
#include <atomic>

#include <harker/core/device.h>
#include <harker/core/dtype.h>
#include <harker/core/shape.h>
#include <harker/core/tensor/storage.h>

namespace harker HARKER_PUBLIC {

class Node;
namespace detail {
struct TensorHooks;
}

struct TensorImpl {
  /// What is unusual about a tensor. Most have no flag, and an op asks for all of them at once.
  enum Flag : std::uint8_t {
    kRetainsGrad = 1,         ///< not a leaf, but keeps its gradient all the same
    kView = 2,                ///< is a ViewImpl
    kUnrecordedView = 4,      ///< a view made while nothing was recorded: a change of it cannot be recorded either
    kInference = 8,           ///< made in InferenceMode: cannot be saved for backward
    kNotDifferentiable = 16,  ///< an output that its op has declared to have no gradient
    kViewOfRecorded = 32,     ///< kUnrecordedView, and what it is a view of requires grad
    kCustomView = 64          ///< a view by way of a Function: its history is not that of its base
  };
  RefCount refs;
  DType dtype;
  Device device;
  bool contiguous = true;  ///< the elements lie row-major without gaps (dimensions of size 1 do not count)
  bool requires_grad = false;
  std::uint8_t flags = 0;                ///< of enum Flag; beside requires_grad, so that both can be read at once
  bool own_strides = false;              ///< `strides` is in use; otherwise they follow from `shape`
  bool in_block = false;                 ///< lies in its storage's block, and is freed with it
  std::atomic<bool> busy{false};         ///< held while a backward pass adds to `grad`: threads may share parameters
  Storage* storage;                      ///< owned: one reference
  void* data;                            ///< the first element: storage->data + offset
  Node* grad_fn = nullptr;               ///< owned; null for a leaf
  TensorImpl* grad = nullptr;            ///< owned
  detail::TensorHooks* hooks = nullptr;  ///< owned; of a leaf (those of other tensors are their node's)
  std::int64_t numel;
  std::int64_t offset = 0;  ///< storage_offset, in elements
  Shape shape;
  Shape strides;  ///< in elements

  /// Takes over one reference on `s`. `n` is sizes.numel().
  template <class Sizes>
  TensorImpl(Storage* s, void* d, DType t, Device dev, Sizes&& sizes, std::int64_t n)
      : dtype(t), device(dev), storage(s), data(d), numel(n), shape(std::forward<Sizes>(sizes)) {}
  TensorImpl(const TensorImpl&) = delete;
  TensorImpl& operator=(const TensorImpl&) = delete;
};
void destroy(TensorImpl* p) noexcept;
namespace detail {
/// Its history, gradient and hooks go; in autograd/record. Most tensors have none.
[[gnu::visibility("hidden")]] void drop_history(TensorImpl* p) noexcept;
}  // namespace detail

/// A view of `base`, which is no view itself.
struct ViewImpl : TensorImpl {
  using TensorImpl::TensorImpl;
  TensorImpl* base = nullptr;  ///< owned; null when it was made while nothing was recorded
  std::uint32_t made_at = 0;   ///< the version of its storage then
  /// base's grad_fn when this view's was made: when it has another one, this view's is stale.
  std::atomic<Node*> seen{nullptr};
};

}  // namespace harker

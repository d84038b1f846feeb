// TensorImpl: what a Tensor handle points to. A fresh tensor is one block of memory: Storage, TensorImpl, then its
// bytes. A view is a TensorImpl of its own that holds a reference on the Storage, so that it never keeps a graph alive.
// Users see Tensor (core/tensor.h); this is for ops, the engine and the readers.
#pragma once
#include <atomic>

#include <harker/core/device.h>
#include <harker/core/dtype.h>
#include <harker/core/shape.h>
#include <harker/core/storage.h>

namespace harker HARKER_PUBLIC {

class Node;

struct TensorImpl {
  RefCount refs;
  DType dtype;
  Device device;
  bool requires_grad = false;
  bool contiguous = true;         ///< the elements lie row-major without gaps (dimensions of size 1 do not count)
  bool own_strides = false;       ///< `strides` is in use; otherwise they follow from `shape`
  bool in_block = false;          ///< lies in its storage's block, and is freed with it
  bool retains_grad = false;      ///< not a leaf, but keeps its gradient all the same
  std::atomic<bool> busy{false};  ///< held while a backward pass adds to `grad`: threads may share parameters
  Storage* storage;               ///< owned: one reference
  void* data;                     ///< the first element: storage->data + offset
  Node* grad_fn = nullptr;        ///< owned; null for a leaf
  TensorImpl* grad = nullptr;     ///< owned
  void* hooks = nullptr;          ///< for tensor hooks
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

}  // namespace harker

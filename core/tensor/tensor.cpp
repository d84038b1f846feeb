// What a Tensor is made of and freed with: blocks, views, properties. Its history is in autograd/record; what computes,
// in core/ops.
#include <harker/core/tensor.h>

#include <cstring>

#include <harker/core/base/pool.h>
#include <harker/core/base/text.h>
#include <harker/core/tensor/make.h>
#include <harker/core/tensor/mode.h>

namespace harker HARKER_PUBLIC {

using detail::throw_error;

namespace {
// [Storage | TensorImpl | data]: one block, data 64-byte aligned.
constexpr std::size_t kImplAt = (sizeof(Storage) + alignof(TensorImpl) - 1) / alignof(TensorImpl) * alignof(TensorImpl);
constexpr std::size_t kHead = (kImplAt + sizeof(TensorImpl) + 63) / 64 * 64;
}  // namespace

namespace detail {

namespace {
/// Either a size is 0, whatever the others are, or there is no such tensor.
[[gnu::cold, gnu::noinline]] void none_or_too_large(const Shape& shape, DType dtype) {
  for (std::int64_t d : shape)
    if (d == 0) return;
  throw_error<ShapeError>("a tensor of ", shape, " ", name(dtype), " has more bytes than memory can");
}
}  // namespace

namespace {
/// Becomes a Shape where that is to be, not before.
struct MatrixSizes {
  std::int64_t rows, columns;
  operator Shape() const noexcept { return Shape::matrix(rows, columns); }
};

/// A tensor whose bytes have been counted.
template <class Sizes>
[[gnu::always_inline]] inline Tensor counted(ThisThread& t, Sizes&& shape, DType dtype, Device device,
                                             std::int64_t numel, std::int64_t nbytes) {
  const std::size_t size = kHead + static_cast<std::size_t>(nbytes);
  char* const block = static_cast<char*>(pool::alloc(size, t));
  Storage* s = new (block) Storage;
  s->block = size;
  s->nbytes = static_cast<std::size_t>(nbytes);
  s->data = block + kHead;
  TensorImpl* p = new (block + kImplAt) TensorImpl(s, s->data, dtype, Device{}, std::forward<Sizes>(shape), numel);
  std::memcpy(&p->device, &device, sizeof device);  // g++ would take it apart and put it together again
  p->in_block = true;
  p->flags = t.modes.new_flags;
  return Tensor(p);
}
}  // namespace

// The thread is found first, while there is little to keep over the call.
Tensor empty_tensor(const Shape& shape, DType dtype, Device device) {
  ThisThread& t = here();
  std::int64_t numel = 1, nbytes;
  bool overflow = false;
  const std::int64_t* sizes = shape.data();
  for (int d = shape.rank(); d > 0; --d) overflow |= __builtin_mul_overflow(numel, *sizes++, &numel);
  overflow |= __builtin_mul_overflow(numel, static_cast<std::int64_t>(item_size(dtype)), &nbytes);
  if (overflow) [[unlikely]] {
    none_or_too_large(shape, dtype);
    numel = nbytes = 0;
  }
  return counted(t, shape, dtype, device, numel, nbytes);
}

Tensor empty_matrix(std::int64_t rows, std::int64_t columns, DType dtype, Device device) {
  ThisThread& t = here();
  std::int64_t numel, nbytes;
  if (__builtin_mul_overflow(rows, columns, &numel) ||
      __builtin_mul_overflow(numel, static_cast<std::int64_t>(item_size(dtype)), &nbytes)) [[unlikely]]
    return empty_tensor({rows, columns}, dtype, device);
  return counted(t, MatrixSizes{rows, columns}, dtype, device, numel, nbytes);
}

namespace {
/// Does dimension a lie further in (-1) or further out (1) than b? 0: neither, as where an element is repeated.
int compare_dims(const Shape& shape, const Shape& strides, int a, int b) {
  if (strides[a] == 0 || strides[b] == 0) return 0;
  if (strides[a] != strides[b]) return strides[a] < strides[b] ? -1 : 1;
  return shape[a] > shape[b] ? 1 : 0;
}
}  // namespace

Tensor empty_tensor_in_order(const Tensor& t) {
  Tensor z = empty_tensor_like(t);
  if (t.is_contiguous()) return z;
  const Shape &shape = t.shape(), strides = t.strides();
  const int n = shape.rank();
  Shape order = shape;  // from the innermost dimension; sorted as torch does it, since ties need not be transitive
  for (int i = 0; i < n; ++i) order[i] = n - 1 - i;
  for (int i = 1; i < n; ++i)
    for (int at = i, below = i - 1; below >= 0; --below) {
      const int c = compare_dims(shape, strides, static_cast<int>(order[below]), static_cast<int>(order[at]));
      if (c < 0) break;
      if (c == 0) continue;
      std::swap(order[below], order[at]);
      at = below;
    }
  Shape steps = shape;
  std::int64_t step = 1;
  for (int i = 0; i < n; ++i) {
    const int d = static_cast<int>(order[i]);
    steps[d] = step;
    step *= shape[d];
  }
  return alias(z, shape, steps, 0);
}

Tensor alias(const Tensor& t, const Shape& shape, const Shape& strides, std::int64_t offset) {
  const TensorImpl& p = t.impl();
  Tensor z = make_view(Ref<Storage>::share(p.storage), p.dtype, shape, strides, offset, p.device);
  z.impl().flags = p.flags & TensorImpl::kInference;
  return z;
}

int wrap_dim(int d, int rank, const char* op) {
  int n = rank == 0 ? 1 : rank;  // a 0-d tensor has dimensions -1 and 0, as in torch
  if (d < -n || d >= n)
    throw_error<ShapeError>(op, ": Dimension out of range (expected to be in range of [", -n, ", ", n - 1,
                            "], but got ", d, ")");
  return d < 0 ? d + n : d;
}

void check_countable(const Shape& shape, const char* op) {
  std::int64_t n = 1;
  bool too_large = false;
  for (std::int64_t d : shape) {
    if (d == 0) return;
    too_large |= __builtin_mul_overflow(n, d, &n);
  }
  if (too_large) throw_error<ShapeError>(op, ": ", shape, " has more elements than can be counted");
}

void check_distinct(const Tensor& t, const char* op) {
  const TensorImpl& p = t.impl();
  if (p.contiguous) return;
  for (int d = 0; d < p.shape.rank(); ++d) {
    if (p.shape[d] > 1 && p.strides[d] == 0)
      throw_error<ShapeError>(op, ": dimension ", d, " of ", p.shape,
                              " repeats one element (stride 0); clone() it first");
  }
}

}  // namespace detail

namespace {
bool row_major(const Shape& shape, const Shape& strides) {
  std::int64_t expected = 1;
  for (int i = shape.rank() - 1; i >= 0; --i) {
    if (shape[i] == 1) continue;
    if (strides[i] != expected) return shape.numel() == 0;
    expected *= shape[i];
  }
  return true;
}
}  // namespace

namespace {
template <class Impl>
Tensor view_as(Ref<Storage> storage, DType dtype, const Shape& shape, const Shape& strides, std::int64_t offset,
               Device device) {
  char* base = static_cast<char*>(storage->data);
  void* first = base ? base + offset * static_cast<std::int64_t>(item_size(dtype)) : nullptr;
  const bool contiguous = row_major(shape, strides);
  const bool own_strides = !contiguous || !(strides == shape.contiguous_strides());
  Shape sizes = shape, steps = own_strides ? strides : Shape();  // beyond six dimensions a copy may fail
  Storage* s = storage.get();
  Impl* p = new (pool::alloc(sizeof(Impl))) Impl(s, first, dtype, device, std::move(sizes), shape.numel());
  storage.release();  // from here on the impl owns it
  p->offset = offset;
  p->contiguous = contiguous;
  p->own_strides = own_strides;
  p->strides = std::move(steps);
  return Tensor(p);
}
}  // namespace

Tensor make_view(Ref<Storage> storage, DType dtype, const Shape& shape, const Shape& strides, std::int64_t offset,
                 Device device) {
  return view_as<TensorImpl>(std::move(storage), dtype, shape, strides, offset, device);
}

namespace detail {
Tensor view_of(const Tensor& t, const Shape& shape, const Shape& strides, std::int64_t offset) {
  const TensorImpl& p = t.impl();
  Tensor z = view_as<ViewImpl>(Ref<Storage>::share(p.storage), p.dtype, shape, strides, offset, p.device);
  static_cast<ViewImpl&>(z.impl()).made_at = p.storage->version;
  const bool recorded = p.requires_grad || p.flags & TensorImpl::kViewOfRecorded;
  z.impl().flags =
      static_cast<std::uint8_t>((p.flags & TensorImpl::kInference) | TensorImpl::kView | TensorImpl::kUnrecordedView |
                                (recorded ? TensorImpl::kViewOfRecorded : 0));
  return z;
}
}  // namespace detail

namespace {
/// One that does not lie in its storage's block.
void free_apart(TensorImpl* p) noexcept {
  if (!(p->flags & TensorImpl::kView)) {
    p->~TensorImpl();
    return pool::free(p, sizeof(TensorImpl));
  }
  ViewImpl* const v = static_cast<ViewImpl*>(p);
  const Tensor base(v->base);
  v->~ViewImpl();
  pool::free(v, sizeof(ViewImpl));
}

bool any(const void* a, const void* b, const void* c) {
  return reinterpret_cast<std::uintptr_t>(a) | reinterpret_cast<std::uintptr_t>(b) |
         reinterpret_cast<std::uintptr_t>(c);
}
}  // namespace

void destroy(TensorImpl* p) noexcept {
  if (any(p->grad_fn, p->grad, p->hooks)) detail::drop_history(p);
  Storage* s = p->storage;
  if (p->in_block) [[likely]]
    p->~TensorImpl();
  else
    free_apart(p);
  if (s->refs.dec()) destroy(s);
}

void Tensor::undefined() {
  throw_error<TypeError>("the tensor is undefined: it was default-constructed, moved from, or never set");
}
void Tensor::wrong_type(DType asked) const {
  throw_error<TypeError>("data<", name(asked), ">(): the tensor is ", name(dtype()), "; convert it with .to() first");
}

std::int64_t Tensor::size(int d) const { return shape()[detail::wrap_dim(d, dim(), "size")]; }

Shape Tensor::strides() const { return impl().own_strides ? impl().strides : impl().shape.contiguous_strides(); }

std::int64_t Tensor::stride(int d) const { return strides()[detail::wrap_dim(d, dim(), "stride")]; }

Tensor Tensor::detach() const {
  const TensorImpl& p = impl();
  p.storage->refs.inc();
  TensorImpl* v;
  try {
    v = new (pool::alloc(sizeof(TensorImpl))) TensorImpl(p.storage, p.data, p.dtype, p.device, p.shape, p.numel);
  } catch (...) {
    p.storage->refs.dec();
    throw;
  }
  v->offset = p.offset;
  v->contiguous = p.contiguous;
  v->flags = p.flags & TensorImpl::kInference;
  if (p.own_strides) {
    v->strides = p.strides;
    v->own_strides = true;
  }
  return Tensor(v);
}

}  // namespace harker

// resize_: another shape for the very tensor. Where its memory is too small, a larger one hangs on the same storage.
#include <cstring>
#include <memory>

#include <harker/core/base/text.h>
#include <harker/core/ops/in_place.h>
#include <harker/core/tensor/make.h>

namespace harker HARKER_PUBLIC {
namespace {

using detail::throw_error;

/// What a storage has grown into. Its own block stays: the tensor itself lies there.
struct Grown final : StorageOwner {
  const Ref<Storage> bytes;
  explicit Grown(std::size_t n) : bytes(make_storage(n)) {}
  void* materialize() override { return bytes->data; }
};

void grow(Storage& s, std::size_t nbytes) {
  if (!s.refs.unique())
    throw_error<Error>("resize_: other tensors see this memory of ", s.nbytes, " bytes, ", nbytes,
                       " are needed; resize a clone() of it");
  if (s.owner && !dynamic_cast<Grown*>(s.owner))
    throw_error<Error>("resize_: the memory is a file's or another owner's; resize a clone() of it");
  auto more = std::make_unique<Grown>(nbytes);
  void* const data = more->materialize();
  if (s.nbytes > 0) std::memcpy(data, s.data, s.nbytes);
  const std::unique_ptr<StorageOwner> old(std::exchange(s.owner, more.release()));
  s.data = data;
  s.nbytes = nbytes;
}

}  // namespace

Tensor& Tensor::resize_(const Shape& wanted) const {
  TensorImpl& p = impl();
  for (std::int64_t d : wanted)
    if (d < 0) throw_error<ShapeError>("resize_: negative dimension in ", wanted);
  detail::check_countable(wanted, "resize_");
  if (requires_grad())
    throw_error<GradError>("resize_: the tensor requires grad, and a change of its shape is not recorded");
  detail::records_change(*this, "resize_", {}, false);
  const std::int64_t n = wanted.numel();
  std::int64_t needed;
  if (__builtin_add_overflow(p.offset, n, &needed) ||
      __builtin_mul_overflow(needed, static_cast<std::int64_t>(item_size(p.dtype)), &needed))
    throw_error<ShapeError>("resize_: ", wanted, " of ", name(p.dtype), " has more bytes than memory can");
  Shape shape = wanted;
  if (n > 0 && static_cast<std::size_t>(needed) > p.storage->nbytes) grow(*p.storage, static_cast<std::size_t>(needed));
  p.data = p.storage->data
               ? static_cast<char*>(p.storage->data) + p.offset * static_cast<std::int64_t>(item_size(p.dtype))
               : nullptr;
  p.numel = n;
  p.contiguous = true;
  p.own_strides = false;
  p.strides = Shape();
  p.shape = std::move(shape);
  ++p.storage->version;
  return self();
}

}  // namespace harker

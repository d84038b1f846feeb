// How the history of a view is kept right when its memory is changed in place through another handle. A view knows its
// base (never a view itself) and which history of the base its own belongs to. A recorded change of the base, or of
// another view of it, gives the base a new history; a view whose base has one that it has not seen gets its own anew
// (as_strided of the base) when it is next asked for it. That would be wrong of a view by way of a Function, whose
// backward would be left out, and of a view that is itself a leaf: these are refused. Internal to autograd.
#pragma once
#include <harker/core/tensor.h>

namespace harker HARKER_PUBLIC {
namespace detail {

/// What t is a view of; null when it is none, was made while nothing was recorded, or has got memory of its own since.
TensorImpl* base_of(const TensorImpl& t);

/// A view of base's memory that lies there as `view` does, recorded (ops/as_strided.cpp).
[[gnu::visibility("hidden")]] Tensor view_anew(const Tensor& base, const TensorImpl& view);

/// Brings the history of a view up to date. Otherwise (it stays as it was) why that cannot be known.
const char* renewed(TensorImpl& view);
/// GradError when it cannot be known.
void renew_history(TensorImpl& view);
/// t's implementation, its history up to date. GradError when that cannot be known.
inline TensorImpl& up_to_date(const Tensor& t) {
  TensorImpl& p = t.impl();
  if (p.flags & TensorImpl::kView) [[unlikely]]
    renew_history(p);
  return p;
}

/// The same for those who only ask: where the history cannot be known, the one that t had.
inline TensorImpl& as_known(const Tensor& t) {
  TensorImpl& p = t.impl();
  if (p.flags & TensorImpl::kView) [[unlikely]]
    renewed(p);
  return p;
}

/// Replaces p's history. A gradient that p keeps is kept by the new node: it has meta then. Null: p has none any
/// more.
void adopt_history(TensorImpl& p, Ref<Node> n) noexcept;
/// What adopt_history must not have to allocate.
void prepare_adoption(const TensorImpl& p, Node* n);

}  // namespace detail
}  // namespace harker

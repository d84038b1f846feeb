// Assignment to a part of a tensor, `x[0] = y` and its kin, which write where a temporary handle points. What is assigned
// to chosen elements, x[tensor], goes by way of x: indexing.cpp.
#include <harker/core/autograd/record/view_history.h>
#include <harker/core/ops/gather.h>
#include <harker/core/ops/in_place.h>

namespace harker HARKER_PUBLIC {
namespace {

using detail::throw_error;

/// Memory that goes with the handle takes what is written into it along. Not foreign memory: its owner sees it.
void check_seen(const Tensor& x) {
  const TensorImpl& p = x.impl();
  const TensorImpl* const base = detail::base_of(p);  // kept by the view alone?
  if (p.refs.unique() && (!base || base->refs.unique()) && p.storage->refs.count() == (base ? 2 : 1) &&
      !p.storage->owner)
    throw_error<Error>("an assignment to a temporary tensor of ", p.shape,
                       " writes into memory that nobody else has, so that the numbers would be lost: it is a copy, as "
                       "clone(), arithmetic, and reshape() of what cannot be a view make; assign to a variable or to "
                       "x[...]");
}

}  // namespace

Tensor& Tensor::operator=(const Tensor& y) && {
  check_seen(*this);
  return copy_(detail::fitted(y, dim()));
}
Tensor& Tensor::operator=(Scalar value) && {
  check_seen(*this);
  return fill_(value);
}

}  // namespace harker

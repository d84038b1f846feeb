// Assignment to a part of a tensor: `x[0] = y` and its kin, which write where a temporary handle points, and x[tensor],
// whose rows are a copy, so that what is assigned to them goes by way of x. Reading rows: where.cpp and index_select.cpp.
#include <harker/core/autograd/record/view_history.h>
#include <harker/core/ops/gather.h>
#include <harker/core/ops/in_place.h>

namespace harker HARKER_PUBLIC {
namespace {

using detail::throw_error;

constexpr const char* kPut = "index_put_";

/// y without the dimensions of size 1 in front that its place has not: Python takes `x[0] = ones({1, 3})`.
Tensor fitted(Tensor y, int dim) {
  while (y.dim() > dim && y.shape()[0] == 1) y = y.squeeze(0);
  return y;
}

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
  return copy_(fitted(y, dim()));
}
Tensor& Tensor::operator=(Scalar value) && {
  check_seen(*this);
  return fill_(value);
}

IndexedTensor Tensor::operator[](const Tensor& i) const {
  if (i.dtype() != DType::int64 && i.dtype() != DType::int32) return {detail::masked_rows(*this, i), *this, i};
  Tensor rows = index(*this, i);
  if (i.dim() == 0) return IndexedTensor(std::move(rows));
  return {std::move(rows), *this, i};
}

void IndexedTensor::operator=(const Tensor& y) && {
  if (!x_.defined()) {
    static_cast<Tensor&&>(*this) = y;
    return;
  }
  Tensor rows = fitted(y, dim());
  detail::expanded(rows, *this, kPut);  // refuses in words of its own
  rows = rows.expand(shape()).to(x_.dtype());
  if (index_.dtype() == DType::bool_) {
    detail::change_in_place(
        x_, kPut, [&](const Tensor& x) { return detail::with_masked_rows(x, index_, rows); }, rows);
  } else if (detail::records_change(x_, kPut, {&rows})) {
    detail::record_change(x_, kPut, [&](const Tensor& x) { return detail::with_rows(x, index_, rows); });
  } else {
    detail::write_rows(x_, index_, rows);
  }
}
void IndexedTensor::operator=(Scalar value) && {
  const TensorOptions like{.dtype = dtype(), .device = device()};
  if (x_.defined())
    std::move(*this) = scalar_tensor(value, like);
  else
    static_cast<Tensor&&>(*this) = value;
}

}  // namespace harker

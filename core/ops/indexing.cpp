// x.index({...}), x[tensor], and what is assigned to them. What views can do is done first, index by index, from left to
// right; what is left, index tensors and masks, becomes places along one dimension, so that all of it is index_select, or
// index_copy or index_add, of a view of x.
#include <cstring>

#include <harker/core/ops/gather.h>
#include <harker/core/ops/in_place.h>

namespace harker HARKER_PUBLIC {

using detail::Places;
using detail::throw_error;
using indexing::TensorIndex;

namespace {

constexpr const char* kPut = "index_put_";
using Kind = TensorIndex::Kind;

/// An index tensor, or a mask, and the dimensions that it takes.
struct Part {
  Tensor at;  // the dimensions counted as one
  int dim, count;
};

bool is_mask(const Tensor& t) { return t.dtype() == DType::bool_; }

/// How many dimensions an index takes.
int taken(const TensorIndex& i) {
  switch (i.kind()) {
    case Kind::integer:
    case Kind::slice: return 1;
    case Kind::tensor: return is_mask(i.tensor()) ? i.tensor().dim() : 1;
    default: return 0;
  }
}

Part part_of(const Tensor& v, int dim, const Tensor& t) {
  if (!is_mask(t)) {
    if (t.dtype() != DType::int64 && t.dtype() != DType::int32)
      throw_error<TypeError>("index: an index must be int64 or int32, and the mask must be bool; this one is ",
                             name(t.dtype()), "; convert it with .to(kInt64), or compare it, ne(mask, 0) say");
    return {detail::index_from_end(t, v.shape()[dim], "index", dim), dim, 1};
  }
  bool fits = true;
  for (int i = 0; i < t.dim(); ++i) fits = fits && t.shape()[i] == v.shape()[dim + i];
  if (!fits)
    throw_error<ShapeError>("index: a mask of ", t.shape(), " does not fit ",
                            dim ? detail::str("dimension ", dim, " and what follows") : "the leading dimensions",
                            " of ", v.shape());
  return {detail::places_of(t), dim, t.dim()};
}

/// The places that the parts name together, in all of their dimensions counted as one.
Tensor joined(const std::vector<Part>& parts, const Tensor& v) {
  Tensor at = parts[0].at;
  for (std::size_t k = 1; k < parts.size(); ++k) {
    const Part& p = parts[k];
    std::int64_t n = 1;
    for (int i = 0; i < p.count; ++i) n *= v.shape()[p.dim + i];
    try {
      broadcast_shapes(at.shape(), p.at.shape());
    } catch (const ShapeError&) {
      throw_error<ShapeError>("index: index tensors of ", at.shape(), " and ", p.at.shape(), " do not broadcast");
    }
    at = add(mul(at, n), p.at);
  }
  return at;
}

/// What the indices choose of x.
Places resolved(const Tensor& x, const std::vector<TensorIndex>& indices) {
  int named = 0, ellipses = 0;
  for (const TensorIndex& i : indices) {
    named += taken(i);
    ellipses += i.kind() == Kind::ellipsis;
  }
  if (named > x.dim()) {
    if (x.dim() == 0) throw_error<ShapeError>("index: a 0-d tensor cannot be indexed");
    const TensorIndex& only = indices.front();
    if (indices.size() == 1 && only.kind() == Kind::tensor)
      throw_error<ShapeError>("index: a mask of ", only.tensor().shape(), " does not fit the leading dimensions of ",
                              x.shape());
    throw_error<ShapeError>("index: ", named, " indices for a tensor of ", x.dim(), " dimensions, ", x.shape());
  }
  if (ellipses > 1) throw_error<ShapeError>("index: an index can have only one ellipsis");

  Tensor v = x;
  std::vector<Part> parts;
  int dim = 0;                                     // of v, the next one
  const auto narrowed = [&](const Tensor& mask) {  // a mask without dimensions: a new one of size 1, or 0
    v = v.unsqueeze(dim);
    parts.push_back({detail::places_of(mask), dim++, 1});
  };
  for (const TensorIndex& i : indices) {
    switch (i.kind()) {
      case Kind::none: v = v.unsqueeze(dim++); break;
      case Kind::ellipsis: dim += x.dim() - named; break;
      case Kind::integer: v = v.select(dim, i.integer()); break;
      case Kind::boolean: narrowed(scalar_tensor(i.integer(), kBool)); break;
      case Kind::slice: {
        const Slice& s = i.slice();
        if (s.start != 0 || s.stop != INT64_MAX || s.step != 1) v = v.slice(dim, s.start, s.stop, s.step);
        ++dim;
        break;
      }
      case Kind::tensor: {
        const Tensor& t = i.tensor();
        if (t.dim() > 0) {
          parts.push_back(part_of(v, dim, t));
          dim += parts.back().count;
        } else if (is_mask(t)) {
          narrowed(t);
        } else {
          v = v.select(dim, *part_of(v, dim, t).at.data<std::int64_t>());
        }
      }
    }
  }
  if (parts.empty()) return {v, {}, 0, 0};

  bool together = true;
  int count = parts[0].count;
  for (std::size_t k = 1; k < parts.size(); ++k) {
    together = together && parts[k].dim == parts[0].dim + count;
    count += parts[k].count;
  }
  const Tensor at = [&] {
    detail::ModeScope off(detail::exporting());
    return joined(parts, v).contiguous();
  }();
  if (together) return {v, at, parts[0].dim, count};
  Shape order;
  for (const Part& p : parts)
    for (int i = 0; i < p.count; ++i) order = order.inserted(order.rank(), p.dim + i);
  for (int d = 0; d < v.dim(); ++d) {
    bool chosen = false;
    for (const Part& p : parts) chosen = chosen || (d >= p.dim && d < p.dim + p.count);
    if (!chosen) order = order.inserted(order.rank(), d);
  }
  return {v.permute(order), at, 0, count};
}

/// p.view with the dimensions that are indexed as one.
Tensor folded(const Tensor& view, const Places& p) {
  return p.count == 1 ? view : view.flatten(p.dim, p.dim + p.count - 1);
}
/// The view's shape with `middle` in the place of the dimensions that are indexed.
Shape shape_with(const Places& p, const Shape& middle) {
  Shape s;
  for (int i = 0; i < p.dim; ++i) s = s.inserted(i, p.view.shape()[i]);
  for (std::int64_t n : middle) s = s.inserted(s.rank(), n);
  for (int i = p.dim + p.count; i < p.view.dim(); ++i) s = s.inserted(s.rank(), p.view.shape()[i]);
  return s;
}

/// What is there.
Tensor chosen(const Places& p) {
  const Tensor flat = p.at.dim() == 1 ? p.at : p.at.reshape({p.at.numel()});
  const Tensor z = detail::select_rows(folded(p.view, p), flat, p.dim);
  return p.at.dim() == 1 ? z : z.reshape(shape_with(p, p.at.shape()));
}

/// `value` is put there, or added.
void put_at(const Places& p, const Tensor& value, bool accumulate) {
  Tensor view = p.view;
  const Tensor y = detail::fitted(value, p.at.defined() ? view.dim() - p.count + p.at.dim() : view.dim());
  if (!p.at.defined()) {
    accumulate ? view.add_(y.to(view.dtype())) : view.copy_(y);
    return;
  }
  const Shape shape = shape_with(p, p.at.shape());
  if (!(y.shape() == shape)) {
    bool fits = true;
    try {
      fits = broadcast_shapes(y.shape(), shape) == shape;
    } catch (const ShapeError&) { fits = false; }
    if (!fits) throw_error<ShapeError>(kPut, ": ", y.shape(), " does not broadcast to ", shape);
  }
  const Tensor rows = y.expand(shape).to(view.dtype()).reshape(shape_with(p, {p.at.numel()}));
  const Tensor at = p.at.reshape({p.at.numel()});
  const bool recorded = detail::records_change(view, kPut, {&rows});
  if (!recorded && !accumulate && view.is_contiguous()) {
    detail::ModeScope off(false);
    Tensor flat = folded(view, p);
    detail::write_rows(flat, at, rows, p.dim);
    return;
  }
  const auto change = [&](const Tensor& old) {
    const Tensor x = folded(old, p);
    return (accumulate ? detail::add_rows(x, at, rows, p.dim) : detail::put_rows(x, at, rows, p.dim))
        .reshape(old.shape());
  };
  recorded ? detail::record_change(view, kPut, change) : detail::write_change(view, kPut, change);
}

}  // namespace

TensorIndex::TensorIndex(const char* ellipsis) : kind_(Kind::ellipsis) {
  if (!ellipsis || std::strcmp(ellipsis, "...") != 0)
    throw_error<TypeError>("index: the word for whole dimensions is \"...\", not \"", ellipsis ? ellipsis : "", "\"");
}

Tensor detail::places_of(const Tensor& mask) {
  if (exporting()) [[unlikely]]
    return seen(
        "nonzero", [&] { return places_of(mask); }, mask);
  const Dense m(mask);
  Tensor z = empty_tensor({kernels<Masks>(mask).count_nonzero(m.numel(), m.raw())}, DType::int64, mask.device());
  auto* to = z.data<std::int64_t>();
  const auto* from = static_cast<const bool*>(m.raw());
  for (std::int64_t i = 0; i < m.numel(); ++i)
    if (from[i]) *to++ = i;
  return z;
}

Tensor detail::fitted(Tensor y, int dim) {
  while (y.dim() > dim && y.shape()[0] == 1) y = y.squeeze(0);
  return y;
}

IndexedTensor TensorMethods::index(const std::vector<TensorIndex>& indices) const {
  Places p = resolved(self(), indices);
  if (!p.at.defined()) return IndexedTensor(p.view.is(self()) ? self().view(self().shape()) : p.view);
  Tensor z = chosen(p);
  return {std::move(z), std::move(p)};
}
IndexedTensor Tensor::operator[](const Tensor& i) const { return TensorMethods::index({i}); }
Tensor index(const Tensor& x, const Tensor& i) { return x[i]; }

void IndexedTensor::operator=(const Tensor& y) && {
  if (from_.at.defined())
    put_at(from_, y, false);
  else
    static_cast<Tensor&&>(*this) = y;
}
void IndexedTensor::operator=(Scalar value) && {
  if (from_.at.defined())
    put_at(from_, scalar_tensor(value, {.dtype = dtype(), .device = device()}), false);
  else
    static_cast<Tensor&&>(*this) = value;
}

Tensor& TensorMethods::index_put_(const std::vector<TensorIndex>& indices, const Tensor& value, bool accumulate) const {
  put_at(resolved(self(), indices), value, accumulate);
  return self();
}
Tensor& TensorMethods::index_put_(const std::vector<TensorIndex>& indices, Scalar value, bool accumulate) const {
  return index_put_(indices, scalar_tensor(value, {.dtype = self().dtype(), .device = self().device()}), accumulate);
}
Tensor TensorMethods::index_put(const std::vector<TensorIndex>& indices, const Tensor& value, bool accumulate) const {
  return harker::index_put(self(), indices, value, accumulate);
}
Tensor index_put(const Tensor& x, const std::vector<TensorIndex>& indices, const Tensor& value, bool accumulate) {
  Tensor z = x.clone();
  z.index_put_(indices, value, accumulate);
  return z;
}

Tensor nonzero(const Tensor& x) {
  if (detail::exporting()) [[unlikely]]
    return detail::seen(
        "nonzero", [&] { return nonzero(x); }, x);
  detail::ModeScope off(false);
  const Tensor at = detail::places_of(is_mask(x) ? x : ne(x, 0));
  Tensor z = detail::empty_tensor({at.numel(), x.dim()}, DType::int64, x.device());
  auto* to = z.data<std::int64_t>();
  const auto* from = at.data<std::int64_t>();
  for (std::int64_t i = 0; i < at.numel(); ++i) {
    std::int64_t rest = from[i];
    for (int d = x.dim() - 1; d >= 0; --d) {
      to[i * x.dim() + d] = rest % x.shape()[d];
      rest /= x.shape()[d];
    }
  }
  return z;
}
Tensor argwhere(const Tensor& x) { return nonzero(x); }
std::vector<Tensor> nonzero_numpy(const Tensor& x) { return unbind(nonzero(x.dim() ? x : x.unsqueeze(0)), 1); }

}  // namespace harker

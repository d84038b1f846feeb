// The operations as members: x.exp() is exp(x).
#include <harker/core/ops/ops.h>

namespace harker HARKER_PUBLIC {

#define HARKER_POINTWISE(name, ...) \
  Tensor TensorMethods::name() const { return harker::name(self()); }
#include <harker/core/ops/pointwise_table.h>
#undef HARKER_POINTWISE

Tensor TensorMethods::add(Scalar s) const { return harker::add(self(), s); }
Tensor TensorMethods::sub(Scalar s) const { return harker::sub(self(), s); }
Tensor TensorMethods::mul(Scalar s) const { return harker::mul(self(), s); }
Tensor TensorMethods::div(Scalar s) const { return harker::div(self(), s); }
Tensor TensorMethods::add(const Tensor& o, Scalar alpha) const { return harker::add(self(), o, alpha); }
Tensor TensorMethods::sub(const Tensor& o, Scalar alpha) const { return harker::sub(self(), o, alpha); }
Tensor TensorMethods::mul(const Tensor& o) const { return harker::mul(self(), o); }
Tensor TensorMethods::div(const Tensor& o) const { return harker::div(self(), o); }

Tensor TensorMethods::matmul(const Tensor& o) const { return harker::matmul(self(), o); }
Tensor TensorMethods::mm(const Tensor& o) const { return harker::mm(self(), o); }

Tensor TensorMethods::relu() const { return harker::relu(self()); }

Tensor TensorMethods::floor_divide(const Tensor& y) const { return harker::floor_divide(self(), y); }
Tensor TensorMethods::floor_divide(Scalar s) const { return harker::floor_divide(self(), s); }
Tensor TensorMethods::remainder(const Tensor& y) const { return harker::remainder(self(), y); }
Tensor TensorMethods::remainder(Scalar s) const { return harker::remainder(self(), s); }
Tensor TensorMethods::fmod(const Tensor& y) const { return harker::fmod(self(), y); }
Tensor TensorMethods::fmod(Scalar s) const { return harker::fmod(self(), s); }

Tensor TensorMethods::pow(const Tensor& y) const { return harker::pow(self(), y); }
Tensor TensorMethods::pow(Scalar e) const { return harker::pow(self(), e); }
Tensor TensorMethods::maximum(const Tensor& o) const { return harker::maximum(self(), o); }
Tensor TensorMethods::minimum(const Tensor& o) const { return harker::minimum(self(), o); }
Tensor TensorMethods::clamp(std::optional<Scalar> min, std::optional<Scalar> max) const {
  return harker::clamp(self(), min, max);
}
Tensor TensorMethods::clamp(const Tensor& min) const { return harker::clamp(self(), min); }
Tensor TensorMethods::clamp(const Tensor& min, const Tensor& max) const { return harker::clamp(self(), min, max); }
Tensor TensorMethods::clamp_min(Scalar min) const { return harker::clamp_min(self(), min); }
Tensor TensorMethods::clamp_max(Scalar max) const { return harker::clamp_max(self(), max); }
Tensor TensorMethods::tril(std::int64_t diagonal) const { return harker::tril(self(), diagonal); }
Tensor TensorMethods::triu(std::int64_t diagonal) const { return harker::triu(self(), diagonal); }
Tensor TensorMethods::eq(const Tensor& o) const { return harker::eq(self(), o); }
Tensor TensorMethods::eq(Scalar s) const { return harker::eq(self(), s); }
Tensor TensorMethods::ne(const Tensor& o) const { return harker::ne(self(), o); }
Tensor TensorMethods::ne(Scalar s) const { return harker::ne(self(), s); }
Tensor TensorMethods::lt(const Tensor& o) const { return harker::lt(self(), o); }
Tensor TensorMethods::lt(Scalar s) const { return harker::lt(self(), s); }
Tensor TensorMethods::le(const Tensor& o) const { return harker::le(self(), o); }
Tensor TensorMethods::le(Scalar s) const { return harker::le(self(), s); }
Tensor TensorMethods::gt(const Tensor& o) const { return harker::gt(self(), o); }
Tensor TensorMethods::gt(Scalar s) const { return harker::gt(self(), s); }
Tensor TensorMethods::ge(const Tensor& o) const { return harker::ge(self(), o); }
Tensor TensorMethods::ge(Scalar s) const { return harker::ge(self(), s); }
Tensor TensorMethods::logical_and(const Tensor& o) const { return harker::logical_and(self(), o); }
Tensor TensorMethods::logical_or(const Tensor& o) const { return harker::logical_or(self(), o); }
Tensor TensorMethods::logical_xor(const Tensor& o) const { return harker::logical_xor(self(), o); }
Tensor TensorMethods::logical_not() const { return harker::logical_not(self()); }
Tensor TensorMethods::isnan() const { return harker::isnan(self()); }
Tensor TensorMethods::isinf() const { return harker::isinf(self()); }
Tensor TensorMethods::isfinite() const { return harker::isfinite(self()); }
Tensor TensorMethods::any() const { return harker::any(self()); }
Tensor TensorMethods::all() const { return harker::all(self()); }
Tensor TensorMethods::any(const Shape& dims, bool keepdim) const { return harker::any(self(), dims, keepdim); }
Tensor TensorMethods::all(const Shape& dims, bool keepdim) const { return harker::all(self(), dims, keepdim); }
bool TensorMethods::equal(const Tensor& o) const { return harker::equal(self(), o); }
bool TensorMethods::allclose(const Tensor& o, double rtol, double atol, bool equal_nan) const {
  return harker::allclose(self(), o, rtol, atol, equal_nan);
}
Tensor TensorMethods::where(const Tensor& mask, const Tensor& o) const { return harker::where(mask, self(), o); }
Tensor TensorMethods::where(const Tensor& mask, Scalar o) const { return harker::where(mask, self(), o); }
Tensor TensorMethods::masked_select(const Tensor& mask) const { return harker::masked_select(self(), mask); }
Tensor TensorMethods::masked_fill(const Tensor& mask, Scalar value) const {
  return harker::masked_fill(self(), mask, value);
}
Tensor TensorMethods::masked_fill(const Tensor& mask, const Tensor& value) const {
  return harker::masked_fill(self(), mask, value);
}

Tensor TensorMethods::max() const { return harker::max(self()); }
Tensor TensorMethods::min() const { return harker::min(self()); }
ValuesAndIndices TensorMethods::max(int dim, bool keepdim) const { return harker::max(self(), dim, keepdim); }
ValuesAndIndices TensorMethods::min(int dim, bool keepdim) const { return harker::min(self(), dim, keepdim); }
Tensor TensorMethods::argmax() const { return harker::argmax(self()); }
Tensor TensorMethods::argmin() const { return harker::argmin(self()); }
Tensor TensorMethods::argmax(int dim, bool keepdim) const { return harker::argmax(self(), dim, keepdim); }
Tensor TensorMethods::argmin(int dim, bool keepdim) const { return harker::argmin(self(), dim, keepdim); }

ValuesAndIndices TensorMethods::sort(int dim, bool descending) const { return harker::sort(self(), dim, descending); }
Tensor TensorMethods::argsort(int dim, bool descending) const { return harker::argsort(self(), dim, descending); }
ValuesAndIndices TensorMethods::topk(std::int64_t k, int dim, bool largest, bool sorted) const {
  return harker::topk(self(), k, dim, largest, sorted);
}

Tensor TensorMethods::prod() const { return harker::prod(self()); }
Tensor TensorMethods::prod(int dim, bool keepdim) const { return harker::prod(self(), dim, keepdim); }
Tensor TensorMethods::cumsum(int dim) const { return harker::cumsum(self(), dim); }

Tensor TensorMethods::sum() const { return harker::sum(self()); }
Tensor TensorMethods::sum(const Shape& dims, bool keepdim) const { return harker::sum(self(), dims, keepdim); }
Tensor TensorMethods::mean() const { return harker::mean(self()); }
Tensor TensorMethods::mean(const Shape& dims, bool keepdim) const { return harker::mean(self(), dims, keepdim); }

Tensor TensorMethods::var() const { return harker::var(self()); }
Tensor TensorMethods::var(const Shape& dims, double correction, bool keepdim) const {
  return harker::var(self(), dims, {.correction = correction, .keepdim = keepdim});
}
Tensor TensorMethods::std() const { return harker::std(self()); }
Tensor TensorMethods::std(const Shape& dims, double correction, bool keepdim) const {
  return harker::std(self(), dims, {.correction = correction, .keepdim = keepdim});
}

Tensor TensorMethods::norm(double p) const { return harker::norm(self(), p); }

Tensor TensorMethods::logsumexp(const Shape& dims, bool keepdim) const {
  return harker::logsumexp(self(), dims, keepdim);
}
Tensor TensorMethods::softmax(int dim) const { return harker::softmax(self(), dim); }
Tensor TensorMethods::log_softmax(int dim) const { return harker::log_softmax(self(), dim); }

Tensor TensorMethods::new_empty(const Shape& shape) const { return harker::empty(shape, self().options()); }
Tensor TensorMethods::new_zeros(const Shape& shape) const { return harker::zeros(shape, self().options()); }
Tensor TensorMethods::new_ones(const Shape& shape) const { return harker::ones(shape, self().options()); }
Tensor TensorMethods::new_full(const Shape& shape, Scalar value) const {
  return harker::full(shape, value, self().options());
}

Tensor TensorMethods::gather(int dim, const Tensor& index) const { return harker::gather(self(), dim, index); }
Tensor TensorMethods::scatter_add(int dim, const Tensor& index, const Tensor& src) const {
  return harker::scatter_add(self(), dim, index, src);
}

Tensor TensorMethods::index_select(int dim, const Tensor& index) const {
  return harker::index_select(self(), dim, index);
}
Tensor TensorMethods::index_add(int dim, const Tensor& index, const Tensor& src, Scalar alpha) const {
  return harker::index_add(self(), dim, index, src, alpha);
}

Tensor TensorMethods::flip(const Shape& dims) const { return harker::flip(self(), dims); }
std::vector<Tensor> TensorMethods::split(std::int64_t size, int dim) const { return harker::split(self(), size, dim); }
std::vector<Tensor> TensorMethods::chunk(std::int64_t chunks, int dim) const {
  return harker::chunk(self(), chunks, dim);
}

// Choosing, arranging, order.
Tensor TensorMethods::scatter(int dim, const Tensor& index, const Tensor& src) const {
  return harker::scatter(self(), dim, index, src);
}
Tensor TensorMethods::scatter(int dim, const Tensor& index, Scalar value) const {
  return harker::scatter(self(), dim, index, value);
}
Tensor TensorMethods::scatter_reduce(int dim, const Tensor& index, const Tensor& src, std::string_view reduce,
                                     bool include_self) const {
  return harker::scatter_reduce(self(), dim, index, src, reduce, include_self);
}
Tensor TensorMethods::index_copy(int dim, const Tensor& index, const Tensor& src) const {
  return harker::index_copy(self(), dim, index, src);
}
Tensor TensorMethods::index_fill(int dim, const Tensor& index, Scalar value) const {
  return harker::index_fill(self(), dim, index, value);
}
Tensor TensorMethods::masked_scatter(const Tensor& mask, const Tensor& source) const {
  return harker::masked_scatter(self(), mask, source);
}
Tensor TensorMethods::take(const Tensor& index) const { return harker::take(self(), index); }
Tensor TensorMethods::take_along_dim(const Tensor& index, std::optional<std::int64_t> dim) const {
  return harker::take_along_dim(self(), index, dim);
}
Tensor TensorMethods::nonzero() const { return harker::nonzero(self()); }
Tensor TensorMethods::argwhere() const { return harker::argwhere(self()); }
Tensor TensorMethods::roll(const Shape& shifts, const Shape& dims) const { return harker::roll(self(), shifts, dims); }
Tensor TensorMethods::fliplr() const { return harker::fliplr(self()); }
Tensor TensorMethods::flipud() const { return harker::flipud(self()); }
Tensor TensorMethods::rot90(std::int64_t k, const Shape& dims) const { return harker::rot90(self(), k, dims); }
Tensor TensorMethods::repeat(const Shape& repeats) const { return harker::repeat(self(), repeats); }
Tensor TensorMethods::tile(const Shape& repeats) const { return harker::tile(self(), repeats); }
Tensor TensorMethods::repeat_interleave(std::int64_t repeats, std::optional<std::int64_t> dim) const {
  return harker::repeat_interleave(self(), repeats, dim);
}
Tensor TensorMethods::repeat_interleave(const Tensor& repeats, std::optional<std::int64_t> dim) const {
  return harker::repeat_interleave(self(), repeats, dim);
}
std::vector<Tensor> TensorMethods::split(const Shape& sizes, int dim) const {
  return harker::split(self(), sizes, dim);
}
std::vector<Tensor> TensorMethods::tensor_split(std::int64_t sections, int dim) const {
  return harker::tensor_split(self(), sections, dim);
}
std::vector<Tensor> TensorMethods::tensor_split(const Shape& indices, int dim) const {
  return harker::tensor_split(self(), indices, dim);
}
std::vector<Tensor> TensorMethods::unbind(int dim) const { return harker::unbind(self(), dim); }
Tensor TensorMethods::movedim(const Shape& from, const Shape& to) const { return harker::movedim(self(), from, to); }
Tensor TensorMethods::swapaxes(int dim0, int dim1) const { return self().transpose(dim0, dim1); }
Tensor TensorMethods::swapdims(int dim0, int dim1) const { return self().transpose(dim0, dim1); }
Tensor TensorMethods::broadcast_to(const Shape& shape) const { return self().expand(shape); }
Tensor TensorMethods::unflatten(int dim, const Shape& sizes) const { return harker::unflatten(self(), dim, sizes); }
Tensor TensorMethods::unfold(int dim, std::int64_t size, std::int64_t step) const {
  return harker::unfold(self(), dim, size, step);
}
Tensor TensorMethods::diag(std::int64_t diagonal) const { return harker::diag(self(), diagonal); }
Tensor TensorMethods::diagonal(std::int64_t offset, int dim1, int dim2) const {
  return harker::diagonal(self(), offset, dim1, dim2);
}
Tensor TensorMethods::diag_embed(std::int64_t offset, int dim1, int dim2) const {
  return harker::diag_embed(self(), offset, dim1, dim2);
}
Tensor TensorMethods::diagflat(std::int64_t offset) const { return harker::diagflat(self(), offset); }
Tensor TensorMethods::diagonal_scatter(const Tensor& src, std::int64_t offset, int dim1, int dim2) const {
  return harker::diagonal_scatter(self(), src, offset, dim1, dim2);
}
Tensor TensorMethods::select_scatter(const Tensor& src, int dim, std::int64_t index) const {
  return harker::select_scatter(self(), src, dim, index);
}
Tensor TensorMethods::slice_scatter(const Tensor& src, int dim, std::int64_t start, std::int64_t end,
                                    std::int64_t step) const {
  return harker::slice_scatter(self(), src, dim, start, end, step);
}
Tensor TensorMethods::trace() const { return harker::trace(self()); }
Tensor TensorMethods::cumprod(int dim) const { return harker::cumprod(self(), dim); }
Tensor TensorMethods::logcumsumexp(int dim) const { return harker::logcumsumexp(self(), dim); }
ValuesAndIndices TensorMethods::cummax(int dim) const { return harker::cummax(self(), dim); }
ValuesAndIndices TensorMethods::cummin(int dim) const { return harker::cummin(self(), dim); }
Tensor TensorMethods::diff(std::int64_t n, int dim) const { return harker::diff(self(), n, dim); }
ValuesAndIndices TensorMethods::kthvalue(std::int64_t k, int dim, bool keepdim) const {
  return harker::kthvalue(self(), k, dim, keepdim);
}
ValuesAndIndices TensorMethods::mode(int dim, bool keepdim) const { return harker::mode(self(), dim, keepdim); }
Tensor TensorMethods::median() const { return harker::median(self()); }
ValuesAndIndices TensorMethods::median(int dim, bool keepdim) const { return harker::median(self(), dim, keepdim); }
Tensor TensorMethods::nanmedian() const { return harker::nanmedian(self()); }
ValuesAndIndices TensorMethods::nanmedian(int dim, bool keepdim) const {
  return harker::nanmedian(self(), dim, keepdim);
}
Tensor TensorMethods::quantile(double q, std::optional<std::int64_t> dim, bool keepdim,
                               std::string_view interpolation) const {
  return harker::quantile(self(), q, dim, keepdim, interpolation);
}
Tensor TensorMethods::quantile(const Tensor& q, std::optional<std::int64_t> dim, bool keepdim,
                               std::string_view interpolation) const {
  return harker::quantile(self(), q, dim, keepdim, interpolation);
}
Tensor TensorMethods::bincount(const Tensor& weights, std::int64_t minlength) const {
  return harker::bincount(self(), weights, minlength);
}
Tensor TensorMethods::bincount() const { return harker::bincount(self()); }
Tensor TensorMethods::histc(std::int64_t bins, double min, double max) const {
  return harker::histc(self(), bins, min, max);
}
// Rarer functions, products and reductions.
#define HARKER_RARE(name, ...) \
  Tensor TensorMethods::name() const { return harker::name(self()); }
#include <harker/core/ops/rare_table.h>
#undef HARKER_RARE
Tensor TensorMethods::frac() const { return harker::frac(self()); }
Tensor TensorMethods::sgn() const { return harker::sgn(self()); }
Tensor TensorMethods::logit() const { return harker::logit(self()); }
Tensor TensorMethods::logit(double eps) const { return harker::logit(self(), eps); }
Tensor TensorMethods::nan_to_num(double nan) const { return harker::nan_to_num(self(), nan); }
Tensor TensorMethods::nan_to_num(double nan, double posinf, double neginf) const {
  return harker::nan_to_num(self(), nan, posinf, neginf);
}
Tensor TensorMethods::round(std::int64_t decimals) const { return harker::round(self(), decimals); }
Tensor TensorMethods::atan2(const Tensor& o) const { return harker::atan2(self(), o); }
Tensor TensorMethods::hypot(const Tensor& o) const { return harker::hypot(self(), o); }
Tensor TensorMethods::copysign(const Tensor& o) const { return harker::copysign(self(), o); }
Tensor TensorMethods::logaddexp(const Tensor& o) const { return harker::logaddexp(self(), o); }
Tensor TensorMethods::xlogy(const Tensor& o) const { return harker::xlogy(self(), o); }
Tensor TensorMethods::fmax(const Tensor& o) const { return harker::fmax(self(), o); }
Tensor TensorMethods::fmin(const Tensor& o) const { return harker::fmin(self(), o); }
Tensor TensorMethods::isclose(const Tensor& o, double rtol, double atol, bool equal_nan) const {
  return harker::isclose(self(), o, rtol, atol, equal_nan);
}
Tensor TensorMethods::div(const Tensor& o, std::string_view rounding_mode) const {
  return harker::div(self(), o, rounding_mode);
}
Tensor TensorMethods::div(Scalar s, std::string_view rounding_mode) const {
  return harker::div(self(), s, rounding_mode);
}
Tensor TensorMethods::addcmul(const Tensor& a, const Tensor& b, Scalar value) const {
  return harker::addcmul(self(), a, b, value);
}
Tensor TensorMethods::addcdiv(const Tensor& a, const Tensor& b, Scalar value) const {
  return harker::addcdiv(self(), a, b, value);
}
Tensor TensorMethods::lerp(const Tensor& end, Scalar weight) const { return harker::lerp(self(), end, weight); }
Tensor TensorMethods::lerp(const Tensor& end, const Tensor& weight) const { return harker::lerp(self(), end, weight); }
Tensor TensorMethods::bmm(const Tensor& o) const { return harker::bmm(self(), o); }
Tensor TensorMethods::mv(const Tensor& o) const { return harker::mv(self(), o); }
Tensor TensorMethods::dot(const Tensor& o) const { return harker::dot(self(), o); }
Tensor TensorMethods::inner(const Tensor& o) const { return harker::inner(self(), o); }
Tensor TensorMethods::outer(const Tensor& o) const { return harker::outer(self(), o); }
Tensor TensorMethods::cross(const Tensor& o) const { return harker::cross(self(), o); }
Tensor TensorMethods::cross(const Tensor& o, int dim) const { return harker::cross(self(), o, dim); }
Tensor TensorMethods::addmm(const Tensor& a, const Tensor& b, Scalar beta, Scalar alpha) const {
  return harker::addmm(self(), a, b, beta, alpha);
}
Tensor TensorMethods::addmv(const Tensor& a, const Tensor& x, Scalar beta, Scalar alpha) const {
  return harker::addmv(self(), a, x, beta, alpha);
}
Tensor TensorMethods::baddbmm(const Tensor& a, const Tensor& b, Scalar beta, Scalar alpha) const {
  return harker::baddbmm(self(), a, b, beta, alpha);
}
Tensor TensorMethods::max(const Tensor& o) const { return harker::max(self(), o); }
Tensor TensorMethods::min(const Tensor& o) const { return harker::min(self(), o); }
Tensor TensorMethods::amax(const Shape& dims, bool keepdim) const { return harker::amax(self(), dims, keepdim); }
Tensor TensorMethods::amin(const Shape& dims, bool keepdim) const { return harker::amin(self(), dims, keepdim); }
Tensor TensorMethods::nansum(const Shape& dims, bool keepdim) const { return harker::nansum(self(), dims, keepdim); }
Tensor TensorMethods::nanmean(const Shape& dims, bool keepdim) const { return harker::nanmean(self(), dims, keepdim); }
Tensor TensorMethods::count_nonzero(const Shape& dims) const { return harker::count_nonzero(self(), dims); }
Tensor TensorMethods::dist(const Tensor& o, double p) const { return harker::dist(self(), o, p); }
Tensor TensorMethods::renorm(double p, int dim, double maxnorm) const {
  return harker::renorm(self(), p, dim, maxnorm);
}
Tensor TensorMethods::norm(double p, const Shape& dims, bool keepdim) const {
  return harker::norm(self(), p, dims, keepdim);
}
Tensor TensorMethods::sum(DType dtype) const { return harker::sum(self(), dtype); }
Tensor TensorMethods::sum(const Shape& dims, bool keepdim, DType dtype) const {
  return harker::sum(self(), dims, keepdim, dtype);
}
Tensor TensorMethods::mean(DType dtype) const { return harker::mean(self(), dtype); }
Tensor TensorMethods::mean(const Shape& dims, bool keepdim, DType dtype) const {
  return harker::mean(self(), dims, keepdim, dtype);
}
Tensor TensorMethods::prod(DType dtype) const { return harker::prod(self(), dtype); }
Tensor TensorMethods::prod(int dim, bool keepdim, DType dtype) const {
  return harker::prod(self(), dim, keepdim, dtype);
}
Tensor TensorMethods::cumsum(int dim, DType dtype) const { return harker::cumsum(self(), dim, dtype); }
Tensor TensorMethods::softmax(int dim, DType dtype) const { return harker::softmax(self(), dim, dtype); }
Tensor TensorMethods::log_softmax(int dim, DType dtype) const { return harker::log_softmax(self(), dim, dtype); }
Unique TensorMethods::unique(bool sorted, bool inverse, bool counts, std::optional<std::int64_t> dim) const {
  return harker::unique(self(), sorted, inverse, counts, dim);
}
Unique TensorMethods::unique_consecutive(bool inverse, bool counts, std::optional<std::int64_t> dim) const {
  return harker::unique_consecutive(self(), inverse, counts, dim);
}
std::vector<Tensor> TensorMethods::nonzero_numpy() const { return harker::nonzero_numpy(self()); }

}  // namespace harker

// TensorMethods: the operations of core/ops as members of Tensor, x.exp() for exp(x). What each does and throws stands with
// the free function of that name; the definitions, nearly all a line each, are in core/ops/tensor_methods.cpp. Shapes,
// bytes, views and gradients are Tensor's own (core/tensor.h).
#pragma once
#include <concepts>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include <harker/core/dtype.h>
#include <harker/core/scalar.h>
#include <harker/core/shape.h>

namespace harker HARKER_PUBLIC {

class Tensor;
struct ValuesAndIndices;

/// Base of Tensor and of nothing else.
class TensorMethods {
 public:
  // --- Arithmetic (core/ops/ops.h).
  Tensor add(const Tensor& o) const;
  Tensor sub(const Tensor& o) const;
  Tensor mul(const Tensor& o) const;
  Tensor div(const Tensor& o) const;
  Tensor add(Scalar s) const;
  Tensor sub(Scalar s) const;
  Tensor mul(Scalar s) const;
  Tensor div(Scalar s) const;
  Tensor neg() const;
  Tensor matmul(const Tensor& o) const;
  Tensor mm(const Tensor& o) const;
  Tensor relu() const;
  Tensor sum() const;
  Tensor sum(const Shape& dims, bool keepdim = false) const;
  template <std::integral I>  // not plain std::int64_t: {1} must remain a Shape
  Tensor sum(I dim, bool keepdim = false) const;
  Tensor mean() const;
  Tensor mean(const Shape& dims, bool keepdim = false) const;
  template <std::integral I>
  Tensor mean(I dim, bool keepdim = false) const;

  // --- Functions of single elements (core/ops/pointwise.h).
  Tensor exp() const;
  Tensor expm1() const;
  Tensor log() const;
  Tensor log1p() const;
  Tensor sqrt() const;
  Tensor rsqrt() const;
  Tensor square() const;
  Tensor reciprocal() const;
  Tensor sin() const;
  Tensor cos() const;
  Tensor abs() const;
  Tensor sign() const;
  Tensor floor() const;
  Tensor ceil() const;
  Tensor round() const;
  Tensor trunc() const;
  Tensor sigmoid() const;
  Tensor tanh() const;
  Tensor erf() const;
  Tensor pow(const Tensor& y) const;
  Tensor pow(Scalar e) const;
  Tensor floor_divide(const Tensor& y) const;
  Tensor floor_divide(Scalar s) const;
  Tensor remainder(const Tensor& y) const;
  Tensor remainder(Scalar s) const;
  Tensor fmod(const Tensor& y) const;
  Tensor fmod(Scalar s) const;
  Tensor maximum(const Tensor& o) const;
  Tensor minimum(const Tensor& o) const;
  Tensor clamp(std::optional<Scalar> min, std::optional<Scalar> max = std::nullopt) const;
  Tensor clamp(const Tensor& min, const Tensor& max) const;
  Tensor clamp(const Tensor& min) const;
  Tensor clamp_min(Scalar min) const;
  Tensor clamp_max(Scalar max) const;
  Tensor tril(std::int64_t diagonal = 0) const;
  Tensor triu(std::int64_t diagonal = 0) const;
  // --- Comparisons, logic and masks (core/ops/logic.h).
  Tensor eq(const Tensor& o) const;
  Tensor eq(Scalar s) const;
  Tensor ne(const Tensor& o) const;
  Tensor ne(Scalar s) const;
  Tensor lt(const Tensor& o) const;
  Tensor lt(Scalar s) const;
  Tensor le(const Tensor& o) const;
  Tensor le(Scalar s) const;
  Tensor gt(const Tensor& o) const;
  Tensor gt(Scalar s) const;
  Tensor ge(const Tensor& o) const;
  Tensor ge(Scalar s) const;
  Tensor logical_and(const Tensor& o) const;
  Tensor logical_or(const Tensor& o) const;
  Tensor logical_xor(const Tensor& o) const;
  Tensor logical_not() const;
  Tensor isnan() const;
  Tensor isinf() const;
  Tensor isfinite() const;
  Tensor any() const;
  Tensor all() const;
  Tensor any(const Shape& dims, bool keepdim = false) const;
  Tensor all(const Shape& dims, bool keepdim = false) const;
  template <std::integral I>
  Tensor any(I dim, bool keepdim = false) const;
  template <std::integral I>
  Tensor all(I dim, bool keepdim = false) const;
  Tensor masked_select(const Tensor& mask) const;
  Tensor masked_fill(const Tensor& mask, Scalar value) const;
  Tensor masked_fill(const Tensor& mask, const Tensor& value) const;

  // --- Reductions and order (core/ops/reduce.h).
  Tensor max() const;
  Tensor min() const;
  ValuesAndIndices max(int dim, bool keepdim = false) const;
  ValuesAndIndices min(int dim, bool keepdim = false) const;
  Tensor argmax() const;
  Tensor argmin() const;
  Tensor argmax(int dim, bool keepdim = false) const;
  Tensor argmin(int dim, bool keepdim = false) const;
  ValuesAndIndices sort(int dim = -1, bool descending = false) const;
  Tensor argsort(int dim = -1, bool descending = false) const;
  ValuesAndIndices topk(std::int64_t k, int dim = -1, bool largest = true) const;
  Tensor prod() const;
  Tensor prod(int dim, bool keepdim = false) const;
  Tensor cumsum(int dim) const;
  Tensor var() const;
  Tensor var(const Shape& dims, double correction = 1, bool keepdim = false) const;
  Tensor std() const;
  Tensor std(const Shape& dims, double correction = 1, bool keepdim = false) const;
  Tensor norm(double p = 2) const;
  Tensor logsumexp(const Shape& dims, bool keepdim = false) const;
  Tensor softmax(int dim) const;
  Tensor log_softmax(int dim) const;

  // --- Choosing (core/ops/index.h).
  Tensor gather(int dim, const Tensor& index) const;
  Tensor scatter_add(int dim, const Tensor& index, const Tensor& src) const;
  Tensor index_select(int dim, const Tensor& index) const;
  Tensor index_add(int dim, const Tensor& index, const Tensor& src, Scalar alpha = 1) const;
  Tensor flip(const Shape& dims) const;
  std::vector<Tensor> split(std::int64_t size, int dim = 0) const;
  std::vector<Tensor> chunk(std::int64_t chunks, int dim = 0) const;

  // --- In place (core/ops/in_place_math.cpp), recorded as copy_ is. TypeError when the result is of a higher kind than this
  // tensor's dtype: an integer tensor does not take fractions.
  Tensor& add_(const Tensor& o, Scalar alpha = 1);
  Tensor& sub_(const Tensor& o) { return add_(o, -1); }
  Tensor& mul_(const Tensor& o);
  Tensor& div_(const Tensor& o);
  Tensor& add_(Scalar s);
  Tensor& sub_(Scalar s);
  Tensor& mul_(Scalar s);
  Tensor& div_(Scalar s);
  Tensor& neg_();
  Tensor& abs_();
  Tensor& exp_();
  Tensor& expm1_();
  Tensor& log_();
  Tensor& log1p_();
  Tensor& sqrt_();
  Tensor& rsqrt_();
  Tensor& square_();
  Tensor& reciprocal_();
  Tensor& sin_();
  Tensor& cos_();
  Tensor& relu_();
  Tensor& sigmoid_();
  Tensor& tanh_();
  Tensor& erf_();
  Tensor& sign_();
  Tensor& floor_();
  Tensor& ceil_();
  Tensor& round_();
  Tensor& trunc_();
  Tensor& pow_(Scalar e);
  Tensor& pow_(const Tensor& y);
  Tensor& clamp_(std::optional<Scalar> min, std::optional<Scalar> max = std::nullopt);
  Tensor& clamp_(const Tensor& min, const Tensor& max);
  Tensor& clamp_(const Tensor& min);
  Tensor& masked_fill_(const Tensor& mask, Scalar value);
  Tensor& masked_fill_(const Tensor& mask, const Tensor& value);

  // --- Rarer functions, products and reductions (core/ops/pointwise.h, products.h, reduce.h).
  Tensor tan() const;
  Tensor asin() const;
  Tensor acos() const;
  Tensor atan() const;
  Tensor sinh() const;
  Tensor cosh() const;
  Tensor asinh() const;
  Tensor acosh() const;
  Tensor atanh() const;
  Tensor log2() const;
  Tensor log10() const;
  Tensor exp2() const;
  Tensor erfc() const;
  Tensor erfinv() const;
  Tensor lgamma() const;
  Tensor digamma() const;
  Tensor sinc() const;
  Tensor frac() const;
  Tensor sgn() const;
  Tensor logit() const;
  Tensor logit(double eps) const;
  Tensor nan_to_num(double nan = 0) const;
  Tensor nan_to_num(double nan, double posinf, double neginf) const;
  Tensor round(std::int64_t decimals) const;
  Tensor atan2(const Tensor& o) const;
  Tensor hypot(const Tensor& o) const;
  Tensor copysign(const Tensor& o) const;
  Tensor logaddexp(const Tensor& o) const;
  Tensor xlogy(const Tensor& o) const;
  Tensor fmax(const Tensor& o) const;
  Tensor fmin(const Tensor& o) const;
  Tensor isclose(const Tensor& o, double rtol = 1e-5, double atol = 1e-8, bool equal_nan = false) const;
  Tensor div(const Tensor& o, std::string_view rounding_mode) const;
  Tensor div(Scalar s, std::string_view rounding_mode) const;
  Tensor addcmul(const Tensor& a, const Tensor& b, Scalar value = 1) const;
  Tensor addcdiv(const Tensor& a, const Tensor& b, Scalar value = 1) const;
  Tensor lerp(const Tensor& end, Scalar weight) const;
  Tensor lerp(const Tensor& end, const Tensor& weight) const;
  Tensor bmm(const Tensor& o) const;
  Tensor mv(const Tensor& o) const;
  Tensor dot(const Tensor& o) const;
  Tensor inner(const Tensor& o) const;
  Tensor outer(const Tensor& o) const;
  Tensor cross(const Tensor& o) const;
  Tensor cross(const Tensor& o, int dim) const;
  Tensor addmm(const Tensor& a, const Tensor& b, Scalar beta = 1, Scalar alpha = 1) const;
  Tensor addmv(const Tensor& a, const Tensor& x, Scalar beta = 1, Scalar alpha = 1) const;
  Tensor baddbmm(const Tensor& a, const Tensor& b, Scalar beta = 1, Scalar alpha = 1) const;
  Tensor max(const Tensor& o) const;
  Tensor min(const Tensor& o) const;
  Tensor amax(const Shape& dims = {}, bool keepdim = false) const;
  Tensor amin(const Shape& dims = {}, bool keepdim = false) const;
  Tensor nansum(const Shape& dims = {}, bool keepdim = false) const;
  Tensor nanmean(const Shape& dims = {}, bool keepdim = false) const;
  Tensor count_nonzero(const Shape& dims = {}) const;
  Tensor dist(const Tensor& o, double p = 2) const;
  Tensor renorm(double p, int dim, double maxnorm) const;
  Tensor norm(double p, const Shape& dims, bool keepdim = false) const;
  Tensor sum(DType dtype) const;
  Tensor sum(const Shape& dims, bool keepdim, DType dtype) const;
  Tensor mean(DType dtype) const;
  Tensor mean(const Shape& dims, bool keepdim, DType dtype) const;
  Tensor prod(DType dtype) const;
  Tensor prod(int dim, bool keepdim, DType dtype) const;
  Tensor cumsum(int dim, DType dtype) const;
  Tensor softmax(int dim, DType dtype) const;
  Tensor log_softmax(int dim, DType dtype) const;
  // In place (core/ops/in_place_rare.cpp).
  Tensor& tan_();
  Tensor& asin_();
  Tensor& acos_();
  Tensor& atan_();
  Tensor& sinh_();
  Tensor& cosh_();
  Tensor& asinh_();
  Tensor& acosh_();
  Tensor& atanh_();
  Tensor& log2_();
  Tensor& log10_();
  Tensor& exp2_();
  Tensor& erfc_();
  Tensor& erfinv_();
  Tensor& lgamma_();
  Tensor& digamma_();
  Tensor& sinc_();
  Tensor& frac_();
  Tensor& logit_();
  Tensor& logit_(double eps);
  Tensor& nan_to_num_(double nan = 0);
  Tensor& nan_to_num_(double nan, double posinf, double neginf);
  Tensor& clamp_min_(Scalar min);
  Tensor& clamp_max_(Scalar max);
  Tensor& floor_divide_(const Tensor& y);
  Tensor& floor_divide_(Scalar s);
  Tensor& remainder_(const Tensor& y);
  Tensor& remainder_(Scalar s);
  Tensor& fmod_(const Tensor& y);
  Tensor& fmod_(Scalar s);
  Tensor& div_(const Tensor& y, std::string_view rounding_mode);
  Tensor& div_(Scalar s, std::string_view rounding_mode);
  Tensor& atan2_(const Tensor& o);
  Tensor& hypot_(const Tensor& o);
  Tensor& copysign_(const Tensor& o);
  Tensor& xlogy_(const Tensor& o);
  Tensor& addcmul_(const Tensor& a, const Tensor& b, Scalar value = 1);
  Tensor& addcdiv_(const Tensor& a, const Tensor& b, Scalar value = 1);
  Tensor& lerp_(const Tensor& end, Scalar weight);
  Tensor& lerp_(const Tensor& end, const Tensor& weight);
  Tensor& addmm_(const Tensor& a, const Tensor& b, Scalar beta = 1, Scalar alpha = 1);
  Tensor& addmv_(const Tensor& a, const Tensor& x, Scalar beta = 1, Scalar alpha = 1);
  Tensor& baddbmm_(const Tensor& a, const Tensor& b, Scalar beta = 1, Scalar alpha = 1);

 protected:
  TensorMethods() = default;
  TensorMethods(const TensorMethods&) = default;
  TensorMethods(TensorMethods&&) = default;
  TensorMethods& operator=(const TensorMethods&) = default;
  TensorMethods& operator=(TensorMethods&&) = default;
  ~TensorMethods() = default;

 private:
  const Tensor& self() const;
  Tensor& self();
};

}  // namespace harker

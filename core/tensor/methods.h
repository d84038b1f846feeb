// TensorMethods: the operations of core/ops as members of Tensor, x.exp() for exp(x). What each does and throws stands with
// the free function of that name; the definitions, nearly all a line each, are in core/ops/tensor_methods.cpp. Shapes,
// bytes, views and gradients are Tensor's own (core/tensor.h).
#pragma once
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include <harker/core/dtype.h>
#include <harker/core/scalar.h>
#include <harker/core/shape.h>

namespace harker HARKER_PUBLIC {

class Generator;
class IndexedTensor;
class Tensor;
namespace indexing {
class TensorIndex;
}
struct Unique;
struct ValuesAndIndices;
Generator& default_generator();

/// Base of Tensor and of nothing else.
class TensorMethods {
 public:
  // --- Arithmetic (core/ops/ops.h).
  Tensor add(const Tensor& o, Scalar alpha = 1) const;
  Tensor sub(const Tensor& o, Scalar alpha = 1) const;
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
  Tensor mean() const;
  Tensor mean(const Shape& dims, bool keepdim = false) const;

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
  bool equal(const Tensor& o) const;
  bool allclose(const Tensor& o, double rtol = 1e-5, double atol = 1e-8, bool equal_nan = false) const;
  /// This where the mask is true, `o` elsewhere.
  Tensor where(const Tensor& mask, const Tensor& o) const;
  Tensor where(const Tensor& mask, Scalar o) const;
  Tensor masked_select(const Tensor& mask) const;
  Tensor masked_fill(const Tensor& mask, Scalar value) const;
  Tensor masked_fill(const Tensor& mask, const Tensor& value) const;

  // --- Reductions and order (core/ops/reduce.h).
  Tensor max() const;
  Tensor min() const;
  Tensor max(const Tensor& o) const;  ///< maximum
  ValuesAndIndices max(int dim, bool keepdim = false) const;
  ValuesAndIndices min(int dim, bool keepdim = false) const;
  Tensor argmax() const;
  Tensor argmin() const;
  Tensor argmax(int dim, bool keepdim = false) const;
  Tensor argmin(int dim, bool keepdim = false) const;
  ValuesAndIndices sort(int dim = -1, bool descending = false) const;
  Tensor argsort(int dim = -1, bool descending = false) const;
  ValuesAndIndices topk(std::int64_t k, int dim = -1, bool largest = true, bool sorted = true) const;
  Tensor prod() const;
  Tensor prod(int dim, bool keepdim = false) const;
  Tensor cumsum(int dim) const;
  /// As in LibTorch a `true` in place of the correction is 1, unbiased, and a `false` is 0.
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

  // --- New tensors of this one's dtype and device (core/tensor/factories.h).
  Tensor new_empty(const Shape& shape) const;
  Tensor new_zeros(const Shape& shape) const;
  Tensor new_ones(const Shape& shape) const;
  Tensor new_full(const Shape& shape, Scalar value) const;

  // --- Random numbers (core/random.h); those in place are not recorded.
  Tensor& uniform_(double from = 0, double to = 1, Generator& g = default_generator()) const;
  Tensor& normal_(double mean = 0, double std = 1, Generator& g = default_generator()) const;
  Tensor& random_(Generator& g = default_generator()) const;
  Tensor& random_(std::int64_t to, Generator& g = default_generator()) const;
  Tensor& random_(std::int64_t from, std::int64_t to, Generator& g = default_generator()) const;
  Tensor& bernoulli_(double p = 0.5, Generator& g = default_generator()) const;
  Tensor& bernoulli_(const Tensor& p, Generator& g = default_generator()) const;
  Tensor& exponential_(double lambda = 1, Generator& g = default_generator()) const;
  Tensor bernoulli(Generator& g = default_generator()) const;
  Tensor multinomial(std::int64_t n, bool replacement = false, Generator& g = default_generator()) const;

  // --- Choosing: lists of indices, and what is put at chosen places (core/ops/index.h).
  IndexedTensor index(const std::vector<indexing::TensorIndex>& indices) const;
  Tensor& index_put_(const std::vector<indexing::TensorIndex>& indices, const Tensor& value,
                     bool accumulate = false) const;
  Tensor& index_put_(const std::vector<indexing::TensorIndex>& indices, Scalar value, bool accumulate = false) const;
  Tensor index_put(const std::vector<indexing::TensorIndex>& indices, const Tensor& value,
                   bool accumulate = false) const;
  Tensor scatter(int dim, const Tensor& index, const Tensor& src) const;
  Tensor scatter(int dim, const Tensor& index, Scalar value) const;
  Tensor scatter_reduce(int dim, const Tensor& index, const Tensor& src, std::string_view reduce,
                        bool include_self = true) const;
  Tensor index_copy(int dim, const Tensor& index, const Tensor& src) const;
  Tensor index_fill(int dim, const Tensor& index, Scalar value) const;
  Tensor masked_scatter(const Tensor& mask, const Tensor& source) const;
  Tensor take(const Tensor& index) const;
  Tensor take_along_dim(const Tensor& index, std::optional<std::int64_t> dim = std::nullopt) const;
  Tensor nonzero() const;
  Tensor argwhere() const;
  std::vector<Tensor> nonzero_numpy() const;
  Tensor& scatter_(int dim, const Tensor& index, const Tensor& src) const;
  Tensor& scatter_(int dim, const Tensor& index, Scalar value) const;
  Tensor& scatter_add_(int dim, const Tensor& index, const Tensor& src) const;
  Tensor& scatter_reduce_(int dim, const Tensor& index, const Tensor& src, std::string_view reduce,
                          bool include_self = true) const;
  Tensor& index_add_(int dim, const Tensor& index, const Tensor& src, Scalar alpha = 1) const;
  Tensor& index_copy_(int dim, const Tensor& index, const Tensor& src) const;
  Tensor& index_fill_(int dim, const Tensor& index, Scalar value) const;
  Tensor& masked_scatter_(const Tensor& mask, const Tensor& source) const;
  Tensor& put_(const Tensor& index, const Tensor& source, bool accumulate = false) const;
  Tensor& fill_diagonal_(Scalar value) const;
  // --- Arranging (core/ops/arrange.h).
  Tensor roll(const Shape& shifts, const Shape& dims = {}) const;
  Tensor fliplr() const;
  Tensor flipud() const;
  Tensor rot90(std::int64_t k = 1, const Shape& dims = {0, 1}) const;
  Tensor repeat(const Shape& repeats) const;
  Tensor tile(const Shape& repeats) const;
  Tensor repeat_interleave(std::int64_t repeats, std::optional<std::int64_t> dim = std::nullopt) const;
  Tensor repeat_interleave(const Tensor& repeats, std::optional<std::int64_t> dim = std::nullopt) const;
  std::vector<Tensor> split(const Shape& sizes, int dim = 0) const;
  std::vector<Tensor> tensor_split(std::int64_t sections, int dim = 0) const;
  std::vector<Tensor> tensor_split(const Shape& indices, int dim = 0) const;
  std::vector<Tensor> unbind(int dim = 0) const;
  Tensor movedim(const Shape& from, const Shape& to) const;
  Tensor swapaxes(int dim0, int dim1) const;
  Tensor swapdims(int dim0, int dim1) const;
  Tensor broadcast_to(const Shape& shape) const;
  Tensor unflatten(int dim, const Shape& sizes) const;
  Tensor unfold(int dim, std::int64_t size, std::int64_t step) const;
  Tensor diag(std::int64_t diagonal = 0) const;
  Tensor diagonal(std::int64_t offset = 0, int dim1 = 0, int dim2 = 1) const;
  Tensor diag_embed(std::int64_t offset = 0, int dim1 = -2, int dim2 = -1) const;
  Tensor diagflat(std::int64_t offset = 0) const;
  Tensor diagonal_scatter(const Tensor& src, std::int64_t offset = 0, int dim1 = 0, int dim2 = 1) const;
  Tensor select_scatter(const Tensor& src, int dim, std::int64_t index) const;
  Tensor slice_scatter(const Tensor& src, int dim = 0, std::int64_t start = 0, std::int64_t end = INT64_MAX,
                       std::int64_t step = 1) const;
  Tensor trace() const;
  // --- Running results, and what an order tells (core/ops/order.h).
  Tensor cumprod(int dim) const;
  Tensor logcumsumexp(int dim) const;
  ValuesAndIndices cummax(int dim) const;
  ValuesAndIndices cummin(int dim) const;
  Tensor diff(std::int64_t n = 1, int dim = -1) const;
  ValuesAndIndices kthvalue(std::int64_t k, int dim = -1, bool keepdim = false) const;
  ValuesAndIndices mode(int dim = -1, bool keepdim = false) const;
  Tensor median() const;
  ValuesAndIndices median(int dim, bool keepdim = false) const;
  Tensor nanmedian() const;
  ValuesAndIndices nanmedian(int dim, bool keepdim = false) const;
  Tensor quantile(double q, std::optional<std::int64_t> dim = std::nullopt, bool keepdim = false,
                  std::string_view interpolation = "linear") const;
  Tensor quantile(const Tensor& q, std::optional<std::int64_t> dim = std::nullopt, bool keepdim = false,
                  std::string_view interpolation = "linear") const;
  Tensor bincount(const Tensor& weights, std::int64_t minlength = 0) const;
  Tensor bincount() const;
  Unique unique(bool sorted = true, bool return_inverse = false, bool return_counts = false,
                std::optional<std::int64_t> dim = std::nullopt) const;
  Unique unique_consecutive(bool return_inverse = false, bool return_counts = false,
                            std::optional<std::int64_t> dim = std::nullopt) const;
  Tensor histc(std::int64_t bins = 100, double min = 0, double max = 0) const;
  // --- Of matrices (core/linalg.h): defined by harker::linalg, which a program that calls them links.
  Tensor inverse() const;
  Tensor pinverse(double rcond = 1e-15) const;
  Tensor det() const;
  Tensor logdet() const;
  Tensor cholesky(bool upper = false) const;
  Tensor matrix_exp() const;
  Tensor matrix_power(std::int64_t n) const;

  // --- In place (core/ops/in_place_math.cpp), recorded as copy_ is. TypeError when the result is of a higher kind than this
  // tensor's dtype: an integer tensor does not take fractions. const: what changes are the numbers, not the handle.
  Tensor& add_(const Tensor& o, Scalar alpha = 1) const;
  Tensor& sub_(const Tensor& o, Scalar alpha = 1) const;
  Tensor& mul_(const Tensor& o) const;
  Tensor& div_(const Tensor& o) const;
  Tensor& add_(Scalar s) const;
  Tensor& sub_(Scalar s) const;
  Tensor& mul_(Scalar s) const;
  Tensor& div_(Scalar s) const;
  Tensor& neg_() const;
  Tensor& abs_() const;
  Tensor& exp_() const;
  Tensor& expm1_() const;
  Tensor& log_() const;
  Tensor& log1p_() const;
  Tensor& sqrt_() const;
  Tensor& rsqrt_() const;
  Tensor& square_() const;
  Tensor& reciprocal_() const;
  Tensor& sin_() const;
  Tensor& cos_() const;
  Tensor& relu_() const;
  Tensor& sigmoid_() const;
  Tensor& tanh_() const;
  Tensor& erf_() const;
  Tensor& sign_() const;
  Tensor& floor_() const;
  Tensor& ceil_() const;
  Tensor& round_() const;
  Tensor& trunc_() const;
  // The same, not const: a pointer to a member of that kind is taken of these.
  Tensor& neg_();
  Tensor& abs_();
  Tensor& exp_();
  Tensor& log_();
  Tensor& sqrt_();
  Tensor& rsqrt_();
  Tensor& square_();
  Tensor& reciprocal_();
  Tensor& relu_();
  Tensor& sigmoid_();
  Tensor& tanh_();
  Tensor& floor_();
  Tensor& ceil_();
  Tensor& round_();
  Tensor& trunc_();
  Tensor& pow_(Scalar e) const;
  Tensor& pow_(const Tensor& y) const;
  Tensor& clamp_(std::optional<Scalar> min, std::optional<Scalar> max = std::nullopt) const;
  Tensor& clamp_(const Tensor& min, const Tensor& max) const;
  Tensor& clamp_(const Tensor& min) const;
  Tensor& masked_fill_(const Tensor& mask, Scalar value) const;
  Tensor& masked_fill_(const Tensor& mask, const Tensor& value) const;

  // x += y is x.add_(y) and so on: in x's memory, recorded. Of x[mask] and x[index], what they read goes back into x.
  Tensor& operator+=(const Tensor& o) const&;
  Tensor& operator-=(const Tensor& o) const&;
  Tensor& operator*=(const Tensor& o) const&;
  Tensor& operator/=(const Tensor& o) const&;
  Tensor& operator&=(const Tensor& o) const&;
  Tensor& operator|=(const Tensor& o) const&;
  Tensor& operator^=(const Tensor& o) const&;
  Tensor& operator+=(Scalar s) const&;
  Tensor& operator-=(Scalar s) const&;
  Tensor& operator*=(Scalar s) const&;
  Tensor& operator/=(Scalar s) const&;
  Tensor& operator&=(Scalar s) const&;
  Tensor& operator|=(Scalar s) const&;
  Tensor& operator^=(Scalar s) const&;

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
  Tensor& tan_() const;
  Tensor& asin_() const;
  Tensor& acos_() const;
  Tensor& atan_() const;
  Tensor& sinh_() const;
  Tensor& cosh_() const;
  Tensor& asinh_() const;
  Tensor& acosh_() const;
  Tensor& atanh_() const;
  Tensor& log2_() const;
  Tensor& log10_() const;
  Tensor& exp2_() const;
  Tensor& erfc_() const;
  Tensor& erfinv_() const;
  Tensor& lgamma_() const;
  Tensor& digamma_() const;
  Tensor& sinc_() const;
  Tensor& frac_() const;
  Tensor& logit_() const;
  Tensor& logit_(double eps) const;
  Tensor& nan_to_num_(double nan = 0) const;
  Tensor& nan_to_num_(double nan, double posinf, double neginf) const;
  Tensor& clamp_min_(Scalar min) const;
  Tensor& clamp_max_(Scalar max) const;
  Tensor& floor_divide_(const Tensor& y) const;
  Tensor& floor_divide_(Scalar s) const;
  Tensor& remainder_(const Tensor& y) const;
  Tensor& remainder_(Scalar s) const;
  Tensor& fmod_(const Tensor& y) const;
  Tensor& fmod_(Scalar s) const;
  Tensor& div_(const Tensor& y, std::string_view rounding_mode) const;
  Tensor& div_(Scalar s, std::string_view rounding_mode) const;
  Tensor& atan2_(const Tensor& o) const;
  Tensor& hypot_(const Tensor& o) const;
  Tensor& copysign_(const Tensor& o) const;
  Tensor& xlogy_(const Tensor& o) const;
  Tensor& addcmul_(const Tensor& a, const Tensor& b, Scalar value = 1) const;
  Tensor& addcdiv_(const Tensor& a, const Tensor& b, Scalar value = 1) const;
  Tensor& lerp_(const Tensor& end, Scalar weight) const;
  Tensor& lerp_(const Tensor& end, const Tensor& weight) const;
  Tensor& addmm_(const Tensor& a, const Tensor& b, Scalar beta = 1, Scalar alpha = 1) const;
  Tensor& addmv_(const Tensor& a, const Tensor& x, Scalar beta = 1, Scalar alpha = 1) const;
  Tensor& baddbmm_(const Tensor& a, const Tensor& b, Scalar beta = 1, Scalar alpha = 1) const;

 protected:
  TensorMethods() = default;
  TensorMethods(const TensorMethods&) = default;
  TensorMethods(TensorMethods&&) = default;
  TensorMethods& operator=(const TensorMethods&) = default;
  TensorMethods& operator=(TensorMethods&&) = default;
  ~TensorMethods() = default;

  /// This handle; also for those who change what it points to.
  Tensor& self() const;
};

}  // namespace harker

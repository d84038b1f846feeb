// Tensor: a cheap handle on an n-dimensional array that knows how it was computed. Copies of a handle are the same
// tensor. What it does not do: arithmetic lives in core/ops, the backward pass in core/autograd, random filling in
// core/random.
#pragma once
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <iosfwd>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <harker/core/error.h>
#include <harker/core/scalar.h>
#include <harker/core/tensor/hooks.h>
#include <harker/core/tensor/tensor_impl.h>

namespace harker HARKER_PUBLIC {

class Tensor;
class IndexedTensor;
struct ValuesAndIndices;

/// For factories: `zeros({2, 3}, {.dtype = kFloat64, .requires_grad = true})`; a bare dtype does as well.
struct TensorOptions {
  DType dtype = DType::float32;
  Device device = {};
  bool requires_grad = false;
};

/// For backward(): the graph is freed as it is used unless `retain_graph`; `create_graph` records the backward pass
/// itself, so that it can be differentiated again (and retains the graph).
struct BackwardOptions {
  bool retain_graph = false;
  bool create_graph = false;
};

class Tensor {
 public:
  /// An undefined tensor: no shape, no data; only defined() may be asked.
  Tensor() noexcept = default;
  explicit Tensor(TensorImpl* adopt) noexcept : p_(adopt) {}
  Tensor(const Tensor&) = default;
  Tensor(Tensor&&) noexcept = default;
  ~Tensor() = default;

  /// Assigned to a variable, it becomes another handle on the same tensor: `x = y`.
  Tensor& operator=(const Tensor&) & = default;
  Tensor& operator=(Tensor&&) & noexcept = default;
  /// Assigned to a temporary, the numbers are written into its memory, as copy_ and fill_ do (core/ops/assign.cpp):
  /// `x[0] = y`, `x[1][2] = 3.0`, `x.slice(0, 1, 3) = y`, `x.t() = y`. Dimensions of size 1 in front of y do not count.
  /// Error when nobody else has that memory: what is written into a copy (`x.clone() = y`, a reshape() that cannot be
  /// a view) would be lost.
  Tensor& operator=(const Tensor& y) &&;
  Tensor& operator=(Scalar value) &&;

  bool defined() const noexcept { return static_cast<bool>(p_); }
  /// Are both handles the same tensor?
  bool is(const Tensor& o) const noexcept { return p_.get() == o.p_.get(); }

  // --- What it is. All but defined() throw on an undefined tensor.
  const Shape& shape() const { return impl().shape; }
  const Shape& sizes() const { return impl().shape; }
  /// Number of dimensions.
  int dim() const { return impl().shape.rank(); }
  /// Size of dimension `d`; negative counts from the end. Throws ShapeError out of range.
  std::int64_t size(int d) const;
  std::int64_t numel() const { return impl().numel; }
  /// Strides in elements, exactly as PyTorch has them (0 for expanded dimensions).
  Shape strides() const;
  std::int64_t stride(int d) const;
  std::int64_t storage_offset() const { return impl().offset; }
  DType dtype() const { return impl().dtype; }
  Device device() const { return impl().device; }
  bool is_contiguous() const { return impl().contiguous; }
  /// The bytes behind it; equal storages mean shared memory.
  Storage& storage() const { return *impl().storage; }
  bool shares_storage(const Tensor& o) const { return impl().storage == o.impl().storage; }
  /// How often its storage was changed in place.
  std::uint32_t version() const { return impl().storage->version; }

  // --- Its bytes.
  /// The first element (of a contiguous tensor: all of them in order). T must be the dtype's C++ type, else TypeError.
  template <class T>
  T* data() const {
    if (dtype_of<T> != dtype()) [[unlikely]]
      wrong_type(dtype_of<T>);
    return static_cast<T*>(impl().data);
  }
  void* raw() const { return impl().data; }
  /// The only element of a tensor that has one, converted to T. Throws ShapeError for any other number of elements.
  template <class T = double>
  T item() const {
    if constexpr (std::same_as<T, bool>)
      return item_double() != 0;
    else if constexpr (std::integral<T>)
      return static_cast<T>(item_int64());
    else if constexpr (std::same_as<T, float>)
      return item_float();  // a large integer is rounded once
    else
      return static_cast<T>(item_double());
  }
  /// All elements, row-major, converted to T.
  template <class T>
  std::vector<T> to_vector() const;

  // --- Autograd (core/autograd).
  bool requires_grad() const {
    const TensorImpl& p = impl();
    return p.flags & TensorImpl::kView ? view_requires_grad() : p.requires_grad;
  }
  /// GradError for a tensor that was computed (use detach()) when turning it off; only floating point can require grad.
  Tensor& requires_grad_(bool on = true);
  /// Not computed: made by the user, or under a NoGradGuard.
  bool is_leaf() const;
  /// The name of the operation that made it ("mul"), or "" for a leaf.
  std::string grad_fn() const;
  /// The accumulated gradient: the same tensor each time, undefined before the first backward.
  Tensor grad() const;
  void set_grad(const Tensor& g);
  /// Keep the gradient of a tensor that is no leaf.
  void retain_grad();
  bool retains_grad() const { return impl().flags & TensorImpl::kRetainsGrad; }
  /// Calls f(gradient) when a backward pass has computed this tensor's whole gradient, before it goes on (of a leaf: at
  /// the end of the pass, before grad() changes). What f returns takes the gradient's place: a tensor of the same shape
  /// and dtype, or an undefined one (or nothing at all) to leave it. Hooks run in the order of their registration;
  /// those of a tensor that is changed in place later see the gradient of its old value. GradError when it does not
  /// require grad.
  template <class F>
  HookHandle register_hook(F f) const;
  /// Calls f(leaf) when a backward pass has added to a leaf's grad(), at the end of the pass.
  template <class F>
  HookHandle register_post_accumulate_grad_hook(F f) const;
  /// Computes the gradients of all leaves this depends on and adds them to their grad(). Without `gradient` the tensor
  /// must have one element. Throws GradError without history, or when the graph was freed or changed; then no grad()
  /// has changed.
  void backward(const Tensor& gradient = {}, BackwardOptions options = {}) const;
  /// The same bytes without history.
  Tensor detach() const;
  /// Forgets the history of this very tensor: it becomes a leaf that does not require grad. GradError for a view.
  Tensor& detach_();
  /// Is it a view that an op made while grad mode was on, and which its base's changes in place reach?
  bool is_view() const;
  /// Was it made in InferenceMode (core/grad_mode.h)?
  bool is_inference() const { return impl().flags & TensorImpl::kInference; }

  // --- Views (core/ops/view.cpp, index.cpp): they share storage. Negative dimensions count from the end.
  Tensor view(const Shape& shape) const;     ///< one size may be -1; ShapeError when it cannot be a view
  Tensor reshape(const Shape& shape) const;  ///< a view where possible, else a copy
  Tensor transpose(int dim0, int dim1) const;
  Tensor t() const;  ///< the transpose of a matrix; a vector stays
  Tensor permute(const Shape& dims) const;
  Tensor expand(const Shape& shape) const;  ///< sizes of 1 are repeated; -1 keeps a size
  Tensor squeeze() const;
  Tensor squeeze(int dim) const;
  Tensor unsqueeze(int dim) const;
  Tensor flatten(int start_dim = 0, int end_dim = -1) const;
  Tensor select(int dim, std::int64_t index) const;
  /// Elements start, start + step, ... below `end` of one dimension; bounds are clamped as in Python.
  Tensor slice(int dim, std::int64_t start = 0, std::int64_t end = INT64_MAX, std::int64_t step = 1) const;
  Tensor narrow(int dim, std::int64_t start, std::int64_t length) const;
  Tensor operator[](std::int64_t index) const { return select(0, index); }
  /// The rows whose mask is true: the mask has this tensor's leading dimensions (core/ops/where.cpp). Or the rows that
  /// integers name, negative ones from the end: of shape index.shape + shape[1:] (core/ops/index_select.cpp). A copy, but for
  /// one integer without dimensions, which is select(0, i). Assigned to, it writes these rows: `x[gt(x, 1)] = 1`.
  IndexedTensor operator[](const Tensor& mask_or_index) const;

  // --- Copies (core/ops/copy.cpp).
  Tensor clone() const;
  Tensor contiguous() const;  ///< itself if it is
  /// Itself if it has that dtype. Rounds and saturates as torch does; floats that do not fit an integer, and NaN,
  /// become some number (they are undefined in torch).
  Tensor to(DType dtype) const;
  Tensor to(Device device) const;

  // --- Arithmetic (core/ops); the free functions of core/ops/ops.h as members.
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
  template <std::integral I>
  Tensor sum(I dim, bool keepdim = false) const {
    return sum(Shape{static_cast<std::int64_t>(dim)}, keepdim);
  }
  Tensor mean() const;
  Tensor mean(const Shape& dims, bool keepdim = false) const;
  template <std::integral I>
  Tensor mean(I dim, bool keepdim = false) const {
    return mean(Shape{static_cast<std::int64_t>(dim)}, keepdim);
  }

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
  Tensor clamp(const Tensor& min, const Tensor& max = Tensor()) const;
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
  Tensor any(I dim, bool keepdim = false) const {
    return any(Shape{static_cast<std::int64_t>(dim)}, keepdim);
  }
  template <std::integral I>
  Tensor all(I dim, bool keepdim = false) const {
    return all(Shape{static_cast<std::int64_t>(dim)}, keepdim);
  }
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

  // --- In place. Recorded as any other op when autograd has to: the tensor, and with it its base and all views of the
  // same memory, gets a new history; an op that had saved the old value says so in backward. GradError for a leaf that
  // requires grad and for views of one: use NoGradGuard for parameters.
  Tensor& copy_(const Tensor& src);  ///< broadcasts and converts
  Tensor& fill_(Scalar value);
  Tensor& zero_() { return fill_(0.0); }

  // --- In place, arithmetic and functions (core/ops/in_place_math.cpp). TypeError when the result is of a higher kind
  // than this tensor's dtype: an integer tensor does not take fractions.
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
  Tensor& pow_(Scalar e);
  Tensor& pow_(const Tensor& y);
  Tensor& clamp_(std::optional<Scalar> min, std::optional<Scalar> max = std::nullopt);
  Tensor& clamp_(const Tensor& min, const Tensor& max = Tensor());
  Tensor& masked_fill_(const Tensor& mask, Scalar value);
  Tensor& masked_fill_(const Tensor& mask, const Tensor& value);

  // --- For ops and readers.
  TensorImpl& impl() const {
    if (!p_) [[unlikely]]
      undefined();
    return *p_;
  }
  TensorImpl* get() const noexcept { return p_.get(); }
  TensorImpl* release() noexcept { return p_.release(); }

 private:
  [[noreturn]] static void undefined();
  [[noreturn]] void wrong_type(DType asked) const;
  bool view_requires_grad() const;
  double item_double() const;
  float item_float() const;
  std::int64_t item_int64() const;
  Ref<TensorImpl> p_;
};

/// x[mask] or x[index]: a Tensor, the chosen rows, that remembers where they came from (and holds x), so that an
/// assignment to it writes into x as PyTorch's index_put_ does: y is broadcast to the rows and converted; of two that
/// go to one place the last stays. Recorded; GradError for a leaf that requires grad. A variable of this type
/// (`auto part = x[mask]`) is assigned as any Tensor; copies are plain rows.
class IndexedTensor : public Tensor {
 public:
  /// `rows` are x[index].
  IndexedTensor(Tensor rows, const Tensor& x, const Tensor& index) : Tensor(std::move(rows)), x_(x), index_(index) {}
  /// `view` is where an assignment goes.
  explicit IndexedTensor(Tensor view) : Tensor(std::move(view)) {}
  IndexedTensor(const IndexedTensor& o) : Tensor(o) {}
  ~IndexedTensor() = default;
  IndexedTensor& operator=(const Tensor& y) & {
    Tensor::operator=(y);
    x_ = index_ = Tensor();
    return *this;
  }
  IndexedTensor& operator=(const IndexedTensor& y) & { return *this = static_cast<const Tensor&>(y); }
  // Not *this: the rows were read before.
  void operator=(const Tensor& y) &&;
  void operator=(const IndexedTensor& y) && { std::move(*this) = static_cast<const Tensor&>(y); }
  void operator=(Scalar value) &&;

 private:
  Tensor x_, index_;
};

/// What max along a dimension, sort and their kin return: elements, and where they were (int64).
struct ValuesAndIndices {
  Tensor values, indices;
};

namespace detail {
template <class F, bool kAccumulated>
struct HookOf final : TensorHook {
  F f;
  explicit HookOf(F function) : f(std::move(function)) {}
  Tensor call(const Tensor& t) override {
    if constexpr (kAccumulated || std::is_void_v<std::invoke_result_t<F&, const Tensor&>>) {
      f(t);
      return {};
    } else {
      return f(t);
    }
  }
};
}  // namespace detail

template <class F>
HookHandle Tensor::register_hook(F f) const {
  return detail::add_gradient_hook(*this, Ref<detail::Hook>(new detail::HookOf<F, false>(std::move(f))));
}
template <class F>
HookHandle Tensor::register_post_accumulate_grad_hook(F f) const {
  return detail::add_accumulated_hook(*this, Ref<detail::Hook>(new detail::HookOf<F, true>(std::move(f))));
}

/// Prints values as PyTorch does, shortened for large tensors.
std::ostream& operator<<(std::ostream& out, const Tensor& t);

namespace detail {
Tensor tensor_of(const double* values, std::int64_t n, const TensorOptions& options);
}  // namespace detail

// --- Factories. Shapes with a negative size throw ShapeError.
Tensor empty(const Shape& shape, TensorOptions options = {});  ///< not initialised
/// Integers arrive as they were written, whatever their size; TypeError for one that an integer dtype does not hold.
Tensor full(const Shape& shape, Scalar value, TensorOptions options);
Tensor full(const Shape& shape, Scalar value);  ///< float32, int64 or bool, as the value is written
Tensor zeros(const Shape& shape, TensorOptions options = {});
Tensor ones(const Shape& shape, TensorOptions options = {});
inline Tensor empty(const Shape& shape, DType t) { return empty(shape, TensorOptions{.dtype = t}); }
inline Tensor full(const Shape& shape, Scalar value, DType t) { return full(shape, value, TensorOptions{.dtype = t}); }
inline Tensor zeros(const Shape& shape, DType t) { return zeros(shape, TensorOptions{.dtype = t}); }
inline Tensor ones(const Shape& shape, DType t) { return ones(shape, TensorOptions{.dtype = t}); }
Tensor empty_like(const Tensor& t);
Tensor zeros_like(const Tensor& t);
Tensor ones_like(const Tensor& t);
Tensor full_like(const Tensor& t, Scalar value);
/// start, start + step, ... up to but without `end` (core/ops/ranges.cpp): int64 when all are integers, else float32.
/// ShapeError for a step of 0 or away from the end.
Tensor arange(Scalar end);
Tensor arange(Scalar start, Scalar end, Scalar step = 1);
Tensor arange(Scalar start, Scalar end, Scalar step, TensorOptions options);
inline Tensor arange(Scalar start, Scalar end, Scalar step, DType t) {
  return arange(start, end, step, TensorOptions{.dtype = t});
}
/// `steps` numbers at equal distances, the first `start` and the last `end`; those of an integer dtype, whose ends are
/// cut to whole numbers first, are cut towards 0, exactly.
Tensor linspace(Scalar start, Scalar end, std::int64_t steps, TensorOptions options = {});
inline Tensor linspace(Scalar start, Scalar end, std::int64_t steps, DType t) {
  return linspace(start, end, steps, TensorOptions{.dtype = t});
}
/// n x m (n x n when m is missing) with ones on the diagonal.
Tensor eye(std::int64_t n, std::int64_t m, TensorOptions options = {});
Tensor eye(std::int64_t n, TensorOptions options = {});
inline Tensor eye(std::int64_t n, DType t) { return eye(n, TensorOptions{.dtype = t}); }
/// What stands between the braces of tensor(): a number, or a list of such in braces.
class TensorValue {
 public:
  template <class T>
  requires std::is_arithmetic_v<T> TensorValue(T v) : number_(v) {}
  TensorValue(std::initializer_list<TensorValue> list) : list_(list), is_list_(true) {}
  bool is_list() const noexcept { return is_list_; }
  Scalar number() const noexcept { return number_; }
  std::span<const TensorValue> list() const noexcept { return {list_.begin(), list_.size()}; }

 private:
  Scalar number_ = 0;
  std::initializer_list<TensorValue> list_;
  bool is_list_ = false;
};
/// A tensor of these values: `tensor({1.5, 2})`, `tensor({{1, 2}, {3, 4}})`, any depth; ShapeError when rows differ in
/// length. As in torch float32, but int64 when all are written as integers, and bool when all are true or false.
Tensor tensor(std::initializer_list<TensorValue> values);
/// The same in the options' dtype: float32 unless they name another.
Tensor tensor(std::initializer_list<TensorValue> values, TensorOptions options);
inline Tensor tensor(std::initializer_list<TensorValue> values, DType t) {
  return tensor(values, TensorOptions{.dtype = t});
}
/// One dimension, from a list that was not written here.
template <std::same_as<double> T>
Tensor tensor(std::initializer_list<T> values, TensorOptions options = {}) {
  return detail::tensor_of(values.begin(), static_cast<std::int64_t>(values.size()), options);
}
/// A 0-d tensor.
Tensor scalar_tensor(Scalar value, TensorOptions options = {});
inline Tensor scalar_tensor(Scalar value, DType t) { return scalar_tensor(value, TensorOptions{.dtype = t}); }
/// A copy of `values` in the given shape; T decides the dtype. ShapeError when the count differs.
template <class T>
Tensor from_vector(const std::vector<T>& values, const Shape& shape);
/// A view of the given geometry into a storage (one reference is taken over). The caller has checked that it stays
/// inside.
Tensor make_view(Ref<Storage> storage, DType dtype, const Shape& shape, const Shape& strides, std::int64_t offset,
                 Device device = {});
/// True when both have the same dtype and shape and equal elements (NaN equals nothing).
bool equal(const Tensor& a, const Tensor& b);
/// True when |a - b| <= atol + rtol * |b| everywhere; the shapes broadcast, ShapeError when they do not. Dtypes may
/// differ (but no complex number is close to a real one), and integers are compared exactly.
bool allclose(const Tensor& a, const Tensor& b, double rtol = 1e-5, double atol = 1e-8);

}  // namespace harker

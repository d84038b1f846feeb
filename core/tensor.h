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
#include <harker/core/tensor/methods.h>
#include <harker/core/tensor/tensor_impl.h>

namespace harker HARKER_PUBLIC {

class Tensor;
class IndexedTensor;

/// A dtype, or none: then it is what the function makes of itself, and read as a dtype the default one.
class OptionalDType {
 public:
  constexpr OptionalDType() noexcept = default;
  constexpr OptionalDType(DType t) noexcept : dtype_(t), given_(true) {}
  constexpr bool has_value() const noexcept { return given_; }
  constexpr DType value_or(DType t) const noexcept { return given_ ? dtype_ : t; }
  operator DType() const noexcept { return given_ ? dtype_ : get_default_dtype(); }

 private:
  DType dtype_ = DType::float32;
  bool given_ = false;
};

/// For factories: `zeros({2, 3}, {.dtype = kFloat64, .requires_grad = true})`.
struct TensorOptions {
  OptionalDType dtype = {};
  Device device = {};
  bool requires_grad = false;
};
/// One of them alone: `zeros({2, 3}, kFloat64)`, `randn({2, 3}, device)`.
template <class T>
concept BareOption = std::same_as<T, DType> || std::same_as<T, OptionalDType> || std::same_as<T, Device>;
namespace detail {
inline TensorOptions only(OptionalDType t) { return {t, {}, false}; }
inline TensorOptions only(Device d) { return {{}, d, false}; }
}

/// For backward(): the graph is freed as it is used unless `retain_graph`; `create_graph` records the backward pass
/// itself, so that it can be differentiated again (and retains the graph).
struct BackwardOptions {
  bool retain_graph = false;
  bool create_graph = false;
};

class Tensor : public TensorMethods {
 public:
  /// An undefined tensor: no shape, no data; only defined() may be asked.
  Tensor() noexcept = default;
  /// Takes over a reference that exists already.
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
  int ndimension() const { return dim(); }
  /// Size of dimension `d`; negative counts from the end. Throws ShapeError out of range.
  std::int64_t size(int d) const;
  std::int64_t numel() const { return impl().numel; }
  /// Strides in elements, exactly as PyTorch has them (0 for expanded dimensions).
  Shape strides() const;
  std::int64_t stride(int d) const;
  std::int64_t storage_offset() const { return impl().offset; }
  DType dtype() const { return impl().dtype; }
  DType scalar_type() const { return dtype(); }
  DType type() const { return dtype(); }
  Device device() const { return impl().device; }
  /// Its dtype and device, for another tensor.
  TensorOptions options() const { return {dtype(), device()}; }
  bool is_floating_point() const { return harker::is_floating_point(dtype()); }
  bool is_complex() const { return harker::is_complex(dtype()); }
  bool is_cuda() const { return device().type == DeviceType::cuda; }
  bool is_same_size(const Tensor& o) const { return shape() == o.shape(); }
  /// Bytes of one element, and of all.
  std::size_t itemsize() const { return item_size(dtype()); }
  std::int64_t element_size() const { return static_cast<std::int64_t>(itemsize()); }
  std::size_t nbytes() const { return static_cast<std::size_t>(numel()) * itemsize(); }
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
  template <class T>
  T* data_ptr() const {
    return data<T>();
  }
  void* data_ptr() const { return raw(); }
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
    return p.flags & TensorImpl::kView ? view_requires_grad() : p.requires_grad;  // a view's own may be out of date
  }
  /// GradError for a tensor that was computed (use detach()) when turning it off; only floating point can require grad.
  Tensor& requires_grad_(bool on = true) const;
  Tensor& set_requires_grad(bool on) const { return requires_grad_(on); }
  /// Not computed: made by the user, or under a NoGradGuard.
  bool is_leaf() const;
  /// The name of the operation that made it ("mul"), or "" for a leaf.
  std::string grad_fn() const;
  /// The accumulated gradient: the same tensor each time, undefined before the first backward.
  Tensor grad() const;
  Tensor mutable_grad() const { return grad(); }
  void set_grad(const Tensor& g) const;  ///< another tensor, or none: `set_grad({})`
  /// Keep the gradient of a tensor that is no leaf.
  void retain_grad() const;
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
  Tensor& detach_() const;
  /// Is it a view that an op made while grad mode was on? Recorded changes in place then pass between it and its base.
  bool is_view() const;
  /// Was it made in InferenceMode (core/grad_mode.h)?
  bool is_inference() const { return impl().flags & TensorImpl::kInference; }

  // --- Views (core/ops/view.cpp, index.cpp): they share storage. Negative dimensions count from the end.
  Tensor view(const Shape& shape) const;     ///< one size may be -1; ShapeError when it cannot be a view
  Tensor reshape(const Shape& shape) const;  ///< a view where possible, else a copy
  Tensor view_as(const Tensor& o) const { return view(o.shape()); }
  Tensor reshape_as(const Tensor& o) const { return reshape(o.shape()); }
  Tensor transpose(int dim0, int dim1) const;
  Tensor t() const;  ///< the transpose of a matrix; a vector stays
  Tensor permute(const Shape& dims) const;
  Tensor expand(const Shape& shape) const;  ///< sizes of 1 are repeated; -1 keeps a size
  Tensor expand_as(const Tensor& o) const { return expand(o.shape()); }
  Tensor squeeze() const;
  Tensor squeeze(int dim) const;
  Tensor squeeze(const Shape& dims) const;
  Tensor unsqueeze(int dim) const;
  Tensor flatten(int start_dim = 0, int end_dim = -1) const;
  Tensor select(int dim, std::int64_t index) const;
  /// Elements start, start + step, ... below `end` of one dimension; bounds are clamped as in Python.
  Tensor slice(int dim, std::int64_t start = 0, std::int64_t end = INT64_MAX, std::int64_t step = 1) const;
  Tensor narrow(int dim, std::int64_t start, std::int64_t length) const;
  Tensor operator[](std::int64_t index) const { return select(0, index); }
  /// index({mask_or_index}) (core/ops/index.h). The rows whose mask is true: the mask has this tensor's leading dimensions.
  /// Or the rows that integers name, negative ones from the end: of shape index.shape + shape[1:]. A copy, but for one
  /// integer without dimensions, which is select(0, i). Assigned to, it writes these rows: `x[gt(x, 1)] = 1`.
  IndexedTensor operator[](const Tensor& mask_or_index) const;

  // --- Copies (core/ops/copy.cpp).
  Tensor clone() const;
  Tensor contiguous() const;  ///< itself if it is
  /// Itself if it has that dtype. Rounds and saturates as torch does; floats that do not fit an integer, and NaN,
  /// become some number (they are undefined in torch).
  Tensor to(DType dtype) const;
  Tensor to(Device device) const;
  Tensor to(Device device, DType dtype) const { return to(device).to(dtype); }
  /// What the options name; requires_grad does not count.
  Tensor to(const TensorOptions& o) const { return to(o.device).to(o.dtype.value_or(dtype())); }
  Tensor to(const Tensor& like) const { return to(like.device()).to(like.dtype()); }
  Tensor type_as(const Tensor& like) const { return to(like); }
  Tensor toType(DType dtype) const { return to(dtype); }
  Tensor cpu() const { return to(Device{}); }

  // --- In place. Recorded as any other op when autograd has to: the tensor, and with it its base and all views of the
  // same memory, gets a new history; an op that had saved the old value says so in backward. GradError for a leaf that
  // requires grad and for views of one: use NoGradGuard for parameters.
  Tensor& copy_(const Tensor& src) const;  ///< broadcasts and converts
  Tensor& fill_(Scalar value) const;
  Tensor& fill_(const Tensor& value) const;  ///< of one element, 0-d
  Tensor& zero_() const { return fill_(0.0); }
  /// Another shape, row-major, for this very tensor: its elements are those that lie in its memory from its first on, and
  /// what is added is not initialised. Not recorded. Error when it must grow and memory that others see, or that is not
  /// ours, would have to move; GradError when it requires grad. The block that it has outgrown goes with the tensor.
  Tensor& resize_(const Shape& shape) const;

  // --- For ops and readers of files.
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

inline Tensor& TensorMethods::self() const { return static_cast<Tensor&>(const_cast<TensorMethods&>(*this)); }

/// What max along a dimension, sort and their kin return: elements, and where they were (int64). By name, as `auto [v, i] =
/// x.max(1)`, and as the std::tuple that LibTorch returns: `std::get<1>(x.max(1))`, `std::tie(v, i) = x.max(1)`. For these
/// it is a pair of references to its own members.
struct ValuesAndIndices : std::pair<Tensor&, Tensor&> {
  Tensor values, indices;
  ValuesAndIndices() noexcept : pair(values, indices) {}
  ValuesAndIndices(Tensor v, Tensor i) noexcept : pair(values, indices), values(std::move(v)), indices(std::move(i)) {}
  ValuesAndIndices(const ValuesAndIndices& o) noexcept : ValuesAndIndices(o.values, o.indices) {}
  ValuesAndIndices(ValuesAndIndices&& o) noexcept : ValuesAndIndices(std::move(o.values), std::move(o.indices)) {}
  ValuesAndIndices& operator=(ValuesAndIndices o) noexcept {
    values = std::move(o.values);
    indices = std::move(o.indices);
    return *this;
  }
  ~ValuesAndIndices() = default;
};

/// Prints values as PyTorch does, shortened for large tensors.
std::ostream& operator<<(std::ostream& out, const Tensor& t);

/// A view of the given geometry into a storage (one reference is taken over). The caller has checked that it stays
/// inside.
Tensor make_view(Ref<Storage> storage, DType dtype, const Shape& shape, const Shape& strides, std::int64_t offset,
                 Device device = {});
/// True when both have the same dtype and shape and equal elements (NaN equals nothing).
bool equal(const Tensor& a, const Tensor& b);
/// True when |a - b| <= atol + rtol * |b| everywhere; the shapes broadcast, ShapeError when they do not. Dtypes may
/// differ (but no complex number is close to a real one), and integers are compared exactly. NaN is close to NaN where
/// `equal_nan`.
bool allclose(const Tensor& a, const Tensor& b, double rtol = 1e-5, double atol = 1e-8, bool equal_nan = false);

}  // namespace harker

template <>
struct std::tuple_size<harker::ValuesAndIndices> : std::integral_constant<std::size_t, 2> {};
template <std::size_t I>
struct std::tuple_element<I, harker::ValuesAndIndices> {
  using type = harker::Tensor;
};

// The rest of it.
#include <harker/core/tensor/factories.h>
#include <harker/core/tensor/hook_functions.h>
#include <harker/core/tensor/indexed.h>

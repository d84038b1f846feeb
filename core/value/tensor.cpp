// Tensors in a Value, with what else holds numbers in bulk: sparse and quantized tensors, numpy's, and unknown objects.
// Each is an object with an identity of its own: two Values may hold the same tensor object or two of the same tensor.
#include <atomic>
#include <cstring>

#include <harker/core/value/object.h>

namespace harker HARKER_PUBLIC {

using namespace detail;

namespace detail {

void make_ready(const Tensor& t) {
  TensorImpl& p = t.impl();
  p.storage->ensure();
  void* data = p.storage->data;
  if (data) data = static_cast<char*>(data) + p.offset * static_cast<std::int64_t>(item_size(p.dtype));
  // Several threads may meet the same lazily loaded tensor; all of them arrive at the same address.
  std::atomic_ref<void*> shared(p.data);
  if (shared.load(std::memory_order_acquire) != data) shared.store(data, std::memory_order_release);
}

namespace {

// Compares the elements of two tensors of one shape: dimensions of one index, or along which neither moves, say nothing
// new.
bool same_elements(const Tensor& a, const Tensor& b) {
  const std::size_t size = item_size(a.dtype());
  const auto step = static_cast<std::int64_t>(size);
  const Shape sa = a.strides(), sb = b.strides();
  std::vector<std::int64_t> sizes, ma, mb;
  for (int d = 0; d < a.dim(); ++d) {
    if (a.shape()[d] == 1 || (sa[d] == 0 && sb[d] == 0)) continue;
    sizes.push_back(a.shape()[d]);
    ma.push_back(sa[d] * step);
    mb.push_back(sb[d] * step);
  }
  const char *pa = static_cast<const char*>(a.raw()), *pb = static_cast<const char*>(b.raw());
  std::vector<std::int64_t> at(sizes.size(), 0);
  for (;;) {
    if (std::memcmp(pa, pb, size) != 0) return false;
    std::size_t d = sizes.size();
    for (; d-- > 0;) {
      pa += ma[d];
      pb += mb[d];
      if (++at[d] < sizes[d]) break;
      pa -= ma[d] * sizes[d];
      pb -= mb[d] * sizes[d];
      at[d] = 0;
    }
    if (d == SIZE_MAX) return true;
  }
}

}  // namespace

bool same_bits(const Tensor& x, const Tensor& y) {
  if (!x.defined() || !y.defined()) return x.defined() == y.defined();
  if (x.dtype() != y.dtype() || !(x.shape() == y.shape())) return false;
  if (x.numel() == 0) return true;
  make_ready(x);
  make_ready(y);
  const Tensor a = x.device() == Device{} ? x : x.to(Device{}), b = y.device() == Device{} ? y : y.to(Device{});
  if (a.raw() == b.raw() && a.strides() == b.strides()) return true;
  if (a.is_contiguous() && b.is_contiguous()) {
    return std::memcmp(a.raw(), b.raw(), static_cast<std::size_t>(a.numel()) * item_size(a.dtype())) == 0;
  }
  return same_elements(a, b);
}

namespace {

template <class T>
T& held(const Value& v, Value::Kind kind, const char* wanted) {
  if (v.kind() != kind) wrong_kind(v, wanted);
  return object_as<Holder<T>>(v).value;
}

TensorObject& tensor_object(const Value& v) {
  if (!v.is_tensor()) wrong_kind(v, "a tensor");
  return object_as<TensorObject>(v);
}

Value adopt_tensor(const Tensor& t, bool parameter) {
  if (!t.defined()) throw TypeError("an undefined tensor cannot be stored in a Value; use None");
  return Object::adopt(new TensorObject(t, parameter));
}

}  // namespace
}  // namespace detail

Value::Value(const Tensor& t) : Value(adopt_tensor(t, false)) {}
Value Value::parameter(const Tensor& t) { return adopt_tensor(t, true); }

Tensor Value::tensor() const {
  const Tensor& t = tensor_object(*this).tensor;
  make_ready(t);
  return t;
}

const Tensor& Value::lazy_tensor() const { return tensor_object(*this).tensor; }
bool Value::is_parameter() const { return is_tensor() && tensor_object(*this).parameter; }
bool Value::conj() const { return tensor_object(*this).conj; }
bool Value::neg() const { return tensor_object(*this).neg; }

void Value::set_conj_neg(bool conj, bool neg) {
  TensorObject& t = tensor_object(*this);
  t.conj = conj;
  t.neg = neg;
}

Value Value::sparse(const Sparse& s) { return Object::adopt(new Holder<Sparse>(Kind::sparse, s)); }
Value Value::quantized(const Quantized& q) { return Object::adopt(new Holder<Quantized>(Kind::quantized, q)); }
Value Value::numpy_scalar(const Numpy& n) { return Object::adopt(new Holder<Numpy>(Kind::numpy_scalar, n)); }
Value Value::numpy_array(const Numpy& n) { return Object::adopt(new Holder<Numpy>(Kind::numpy_array, n)); }
Value Value::opaque(const Opaque& o) { return Object::adopt(new Holder<Opaque>(Kind::opaque, o)); }

const Value::Sparse& Value::as_sparse() const { return held<Sparse>(*this, Kind::sparse, "a sparse tensor"); }

const Value::Quantized& Value::as_quantized() const {
  return held<Quantized>(*this, Kind::quantized, "a quantized tensor");
}

const Value::Numpy& Value::as_numpy() const {
  return held<Numpy>(*this, kind_ == Kind::numpy_array ? Kind::numpy_array : Kind::numpy_scalar,
                     "a numpy scalar or array");
}

Value::Opaque& Value::as_opaque() const { return held<Opaque>(*this, Kind::opaque, "an object of an unknown class"); }

}  // namespace harker

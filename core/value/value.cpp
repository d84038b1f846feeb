// Value: handles, scalars and strings. A handle is 16 bytes; numbers live in it, everything else is a counted object
// (core/value/object.h). Freeing never recurses: an object whose last reference goes is put on a list, and whoever put
// the first one there frees them one by one.
#include <harker/core/value.h>

#include <bit>

#include <harker/core/base/deferred_delete.h>
#include <harker/core/base/text.h>
#include <harker/core/value/children.h>

namespace harker HARKER_PUBLIC {

using namespace detail;

// --- Counting and freeing.

namespace detail {
namespace {

thread_local constinit DeferredDeletes<Object> waiting;

void free_object(Object* o) noexcept {
  using Kind = Value::Kind;
  switch (o->kind) {
    case Kind::complex: delete static_cast<ComplexObject*>(o); break;
    case Kind::list:
    case Kind::tuple: delete static_cast<Sequence*>(o); break;
    case Kind::set:
    case Kind::frozenset: delete static_cast<Set*>(o); break;
    case Kind::dict: delete static_cast<Dict*>(o); break;
    case Kind::tensor: delete static_cast<TensorObject*>(o); break;
    case Kind::size: delete static_cast<SizeObject*>(o); break;
    case Kind::sparse: delete static_cast<Holder<Value::Sparse>*>(o); break;
    case Kind::quantized: delete static_cast<Holder<Value::Quantized>*>(o); break;
    case Kind::numpy_scalar:
    case Kind::numpy_array: delete static_cast<Holder<Value::Numpy>*>(o); break;
    case Kind::opaque: delete static_cast<Holder<Value::Opaque>*>(o); break;
    default: delete static_cast<Text*>(o); break;
  }
}

// The members may have been changed since they were sealed, so what they refer to is counted again before all of them
// go.
void group_shrunk(Group* g, std::uint64_t refs) noexcept {
  std::uint64_t inner = 0;
  for (Object* member : g->members) {
    for_each_child(*member, [&](Value& v) {
      const Object* o = Object::of(v);
      if (o && o->group == g) ++inner;
    });
  }
  g->inner.store(inner, std::memory_order_relaxed);
  if (refs != inner) return;
  for (Object* member : g->members) {
    for_each_child(*member, [&](Value& v) {
      const Object* o = Object::of(v);
      if (o && o->group == g) Object::forget(v);
    });
  }
  for (Object* member : g->members) deferred_delete(waiting, member, free_object);
  delete g;
}

}  // namespace

void Object::add_reference(Object* o) noexcept {
  (o->group ? o->group->refs : o->refs).fetch_add(1, std::memory_order_relaxed);
}

void Object::drop_reference(Object* o) noexcept {
  if (Group* g = o->group) {
    const std::uint64_t inner = g->inner.load(std::memory_order_relaxed);  // once counted down, g may be gone already
    const std::uint64_t left = g->refs.fetch_sub(1, std::memory_order_acq_rel) - 1;
    if (left <= inner) group_shrunk(g, left);
  } else if (o->refs.load(std::memory_order_acquire) == 1 || o->refs.fetch_sub(1, std::memory_order_acq_rel) == 1) {
    deferred_delete(waiting, o, free_object);
  }
}

}  // namespace detail

void Value::retain() noexcept { Object::add_reference(u_.o); }

// The handle is cleared first: dropping the reference may look at the container that this handle is part of.
void Value::release() noexcept { Object::drop_reference(std::exchange(u_.o, nullptr)); }

// --- Making scalars and strings.

namespace {
std::string to_string(std::span<const std::uint8_t> data) {
  return data.empty() ? std::string() : std::string(reinterpret_cast<const char*>(data.data()), data.size());
}
}  // namespace

Value::Value(Complex v) : Value(Object::adopt(new ComplexObject(v))) {}
Value::Value(std::string_view s) : Value(Object::adopt(new Text(Kind::string, std::string(s)))) {}
Value Value::bytes(std::span<const std::uint8_t> data) { return Object::adopt(new Text(Kind::bytes, to_string(data))); }
Value Value::bytearray(std::span<const std::uint8_t> data) {
  return Object::adopt(new Text(Kind::bytearray, to_string(data)));
}
Value Value::device(std::string name) { return Object::adopt(new Text(Kind::device, std::move(name))); }
Value Value::layout(std::string name) { return Object::adopt(new Text(Kind::layout, std::move(name))); }
Value Value::size(const Shape& sizes) { return Object::adopt(new SizeObject(sizes)); }

// --- What it is.

std::string_view Value::type_name() const noexcept {
  switch (kind_) {
    case Kind::none: return "None";
    case Kind::boolean: return "bool";
    case Kind::integer: return "int";
    case Kind::floating: return "float";
    case Kind::complex: return "complex";
    case Kind::string: return "str";
    case Kind::bytes: return "bytes";
    case Kind::bytearray: return "bytearray";
    case Kind::list: return "list";
    case Kind::tuple: return "tuple";
    case Kind::dict:
      switch (object_as<Dict>(*this).flavour) {
        case DictFlavour::dict: return "dict";
        case DictFlavour::ordered_dict: return "OrderedDict";
        case DictFlavour::counter: return "Counter";
        case DictFlavour::default_dict: return "defaultdict";
      }
      break;
    case Kind::set: return "set";
    case Kind::frozenset: return "frozenset";
    case Kind::tensor: return object_as<TensorObject>(*this).parameter ? "Parameter" : "Tensor";
    case Kind::sparse: return "sparse Tensor";
    case Kind::quantized: return "quantized Tensor";
    case Kind::dtype: return "dtype";
    case Kind::device: return "device";
    case Kind::layout: return "layout";
    case Kind::size: return "torch.Size";
    case Kind::numpy_scalar: return "numpy scalar";
    case Kind::numpy_array: return "numpy array";
    case Kind::opaque: return "object of an unknown class";
  }
  return "Value";
}

namespace detail {

std::string with_article(const Value& v) {
  if (v.is_none() || v.is_bytes()) return std::string(v.type_name());
  if (v.kind() == Value::Kind::opaque) {
    const Value::Opaque& o = v.as_opaque();
    return str(o.called ? "an object of class " : "the class or function ", quoted(str(o.module, ".", o.name)));
  }
  const std::string_view name = v.type_name();
  const bool vowel = name.find_first_of("aeiouO") == 0;
  return str(vowel ? "an " : "a ", name);
}

void wrong_kind(const Value& v, const char* wanted) {
  throw_error<TypeError>("this is ", with_article(v), ", not ", wanted);
}

}  // namespace detail

bool Value::same_object(const Value& o) const noexcept {
  if (kind_ != o.kind_ || big_ != o.big_) return false;
  if (kind_ == Kind::floating) return std::bit_cast<std::uint64_t>(u_.d) == std::bit_cast<std::uint64_t>(o.u_.d);
  return is_object() ? u_.o == o.u_.o : u_.i == o.u_.i;
}

bool Value::from_file() const noexcept {
  const Object* o = Object::of(*this);
  return o && o->from_file;
}

Value& Value::mark_from_file() {
  if (Object* o = Object::of(*this)) o->from_file = true;
  return *this;
}

// --- Reading scalars (numbers: number.cpp).

bool Value::as_bool() const {
  if (!is_bool()) wrong_kind(*this, "a bool");
  return u_.i != 0;
}

std::string_view Value::as_string() const {
  if (!is_string()) wrong_kind(*this, "a string");
  return object_as<Text>(*this).text;
}

std::span<const std::uint8_t> Value::as_bytes() const {
  if (kind_ != Kind::bytes && kind_ != Kind::bytearray) wrong_kind(*this, "bytes");
  const std::string& text = object_as<Text>(*this).text;
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

DType Value::as_dtype() const {
  if (kind_ != Kind::dtype) wrong_kind(*this, "a dtype");
  return static_cast<DType>(u_.i);
}

std::string_view Value::as_name() const {
  if (kind_ != Kind::device && kind_ != Kind::layout) wrong_kind(*this, "a device or layout");
  return object_as<Text>(*this).text;
}

const Shape& Value::as_size() const {
  if (kind_ != Kind::size) wrong_kind(*this, "a torch.Size");
  return object_as<SizeObject>(*this).sizes;
}

}  // namespace harker

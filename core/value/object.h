// What a Value refers to (internal): one struct for each kind of object, counted in place, and the group that the
// objects of a sealed cycle share. value.cpp counts and frees, cycles.cpp makes groups.
#pragma once
#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include <harker/core/base/hash_index.h>
#include <harker/core/value.h>

namespace harker HARKER_PUBLIC {
namespace detail {

/// The objects of one sealed cycle. References to any of them count here, those of the cycle itself included; the group
/// is freed when no others are left.
struct Group {
  std::atomic<std::uint64_t> refs{0};
  std::atomic<std::uint64_t> inner{0};  // references from members to members, when last counted
  std::vector<Object*> members;
};

struct Object {
  explicit Object(Value::Kind k) noexcept : kind(k) {}
  Object(const Object&) = delete;
  Object& operator=(const Object&) = delete;

  std::atomic<std::uint64_t> refs{1};  // not in use once in a group
  union {
    Group* group = nullptr;
    Object* next_dead;  // of an object that waits to be freed
  };
  // Of a string, tuple, frozenset or big integer once it has been a key; 0: not yet.
  std::atomic<std::uint32_t> hash{0};
  std::atomic<std::uint16_t> depth{0};
  const Value::Kind kind;
  bool from_file = false;

  /// A Value that takes over the reference an object was made with.
  static Value adopt(Object* o) noexcept {
    Value v;
    v.kind_ = o->kind;
    v.big_ = o->kind == Value::Kind::integer;
    v.u_.o = o;
    return v;
  }
  static Object* of(const Value& v) noexcept { return v.is_object() ? v.u_.o : nullptr; }
  /// Makes `v` None without giving its reference back.
  static void forget(Value& v) noexcept { v.become_none(); }
  static std::int64_t small_int(const Value& v) noexcept { return v.u_.i; }  // of an int, bool or dtype
  static double real(const Value& v) noexcept { return v.u_.d; }
  static void add_reference(Object* o) noexcept;
  static void drop_reference(Object* o) noexcept;
};

// string, bytes, bytearray, device, layout, and an integer beyond 64 bits (its two's complement bytes)
struct Text : Object {
  Text(Value::Kind k, std::string t) : Object(k), text(std::move(t)) {}
  std::string text;
};
struct ComplexObject : Object {
  explicit ComplexObject(Complex v) : Object(Value::Kind::complex), value(v) {}
  Complex value;
};
struct Sequence : Object {  // list, tuple, set, frozenset
  Sequence(Value::Kind k, std::vector<Value> v) : Object(k), items(std::move(v)) {}
  std::vector<Value> items;
};
struct Set : Sequence {
  explicit Set(Value::Kind k) : Sequence(k, {}) {}
  HashIndex index;
};
struct Dict : Object {
  explicit Dict(DictFlavour f) : Object(Value::Kind::dict), flavour(f) {}
  DictFlavour flavour;
  std::vector<Value::Item> items;
  HashIndex index;
  Value attributes, default_factory;
};
struct TensorObject : Object {
  TensorObject(const Tensor& t, bool is_parameter) : Object(Value::Kind::tensor), tensor(t), parameter(is_parameter) {}
  Tensor tensor;
  bool parameter, conj = false, neg = false;
  Value attributes;
};
struct SizeObject : Object {
  explicit SizeObject(const Shape& s) : Object(Value::Kind::size), sizes(s) {}
  Shape sizes;
};
template <class T>
struct Holder : Object {  // sparse, quantized, numpy_scalar, numpy_array, opaque
  Holder(Value::Kind k, const T& v) : Object(k), value(v) {}
  T value;
};

template <class T>
T& object_as(const Value& v) noexcept {
  return *static_cast<T*>(Object::of(v));
}

// --- Keys (key.cpp): Python's hash and ==.

/// Never 0. TypeError, "unhashable type: 'list'", for what Python cannot hash.
std::uint32_t key_hash(const Value& key);
/// Of two values that key_hash has taken.
bool keys_equal(const Value& a, const Value& b);
/// The position in `n` keys, or HashIndex::kNone; `key_at(i)` is the i-th.
template <class KeyAt>
std::uint32_t find_key(const HashIndex& index, std::size_t n, const Value& key, KeyAt key_at) {
  const std::uint32_t hash = key_hash(key);
  if (!index.empty()) return index.find(hash, [&](std::uint32_t i) { return keys_equal(key_at(i), key); });
  for (std::uint32_t i = 0; i < n; ++i) {
    if (keys_equal(key_at(i), key)) return i;
  }
  return HashIndex::kNone;
}
/// Enters the key at the end, number n, in the index, and all of them when there are now too many for a search from the
/// front.
template <class KeyAt>
void index_last_key(HashIndex& index, std::size_t n, KeyAt key_at) {
  if (!index.empty()) return index.insert(key_hash(key_at(n)), static_cast<std::uint32_t>(n));
  if (n < HashIndex::kLinear) return;
  for (std::size_t i = 0; i <= n; ++i) index.insert(key_hash(key_at(i)), static_cast<std::uint32_t>(i));
}

// --- Numbers (number.cpp).

/// A number in the form in which Python's == compares it: an int where it is integral, else real, else complex.
struct Number {
  enum class Is : std::uint8_t { integer, big, real, nan, complex } is = Is::integer;
  std::int64_t i = 0;
  double re = 0, im = 0;
  std::string big;  // two's complement, no more bytes than needed
};
/// The number that a bool, int, float, complex or numeric numpy scalar is, or nothing.
std::optional<Number> number_of(const Value& v);
/// Takes the bytes away that only repeat the sign.
std::span<const std::uint8_t> trimmed(std::span<const std::uint8_t> twos_complement);

// --- Tensors (tensor.cpp).

/// Makes the bytes of a lazily loaded tensor real and points it at them.
void make_ready(const Tensor& t);
/// Equal dtype, shape and bits of all elements.
bool same_bits(const Tensor& a, const Tensor& b);

// --- Messages (value.cpp).

/// "a dict", "an int", "None".
std::string with_article(const Value& v);
/// Throws TypeError: "this is a dict, not a tensor".
[[noreturn]] void wrong_kind(const Value& v, const char* wanted);

}  // namespace detail
}  // namespace harker

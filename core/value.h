// Value: what a checkpoint holds. None, numbers, strings, containers, tensors, and whatever else a PyTorch file can
// carry. A Value is a handle of 16 bytes. Strings, bytes, containers and tensor objects are references with an
// identity: copying a Value copies the reference, as assignment does in Python, so sharing and cycles survive loading
// and saving. What bytes they become is the formats' business (serialize/).
#pragma once
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <harker/core/tensor.h>

namespace harker HARKER_PUBLIC {

class Value;
class StateDict;
namespace detail {
struct Object;
}

/// A complex number of Python.
struct Complex {
  double re = 0, im = 0;
  double real() const noexcept { return re; }
  double imag() const noexcept { return im; }
  bool operator==(const Complex&) const = default;
};

namespace detail {
template <class C>
concept ComplexNumber = !std::same_as<C, Complex> && requires(const C& c) {
  { c.real() } -> std::same_as<double>;
  { c.imag() } -> std::same_as<double>;
};
}  // namespace detail

/// Which Python class a dict is.
enum class DictFlavour : std::uint8_t { dict, ordered_dict, counter, default_dict };

class Value {
 public:
  enum class Kind : std::uint8_t {
    none,
    boolean,
    integer,
    floating,
    complex,
    string,
    bytes,
    bytearray,
    list,
    tuple,
    dict,
    set,
    frozenset,
    tensor,
    sparse,
    quantized,
    dtype,
    device,
    layout,
    size,
    numpy_scalar,
    numpy_array,
    opaque  ///< an object of a class we do not know, or a bare reference to a class or function: kept, never called
  };
  using Item = std::pair<Value, Value>;

  // --- Making one.
  Value() noexcept {}
  Value(std::nullptr_t) noexcept {}
  Value(std::same_as<bool> auto b) noexcept : kind_(Kind::boolean) { u_.i = b; }
  template <std::integral T>
  requires(!std::same_as<T, bool>) Value(T v) : kind_(Kind::integer) {
    if constexpr (sizeof(T) == 8 && std::unsigned_integral<T>) {
      if (v > static_cast<T>(INT64_MAX)) {
        *this = big_uint(v);
        return;
      }
    }
    u_.i = static_cast<std::int64_t>(v);
  }
  Value(double v) noexcept : kind_(Kind::floating) { u_.d = v; }
  Value(Complex v);
  /// A std::complex, taken by shape so that this header need not include <complex> (0.3 s).
  template <detail::ComplexNumber C>
  Value(const C& c) : Value(Complex{c.real(), c.imag()}) {}
  /// UTF-8; lone surrogates may stand in it as their three-byte form.
  Value(std::string_view s);
  Value(const std::string& s) : Value(std::string_view(s)) {}
  Value(const char* s) : Value(std::string_view(s)) {}
  Value(const Tensor& t);
  Value(DType t) noexcept : kind_(Kind::dtype) { u_.i = static_cast<std::int64_t>(t); }
  Value(const StateDict& d);  ///< an OrderedDict with the attribute `_metadata`
  /// An integer of any size from its two's complement bytes, least significant first.
  static Value integer(std::span<const std::uint8_t> twos_complement);
  static Value bytes(std::span<const std::uint8_t> data);
  static Value bytearray(std::span<const std::uint8_t> data);
  static Value list(std::vector<Value> items = {});
  static Value tuple(std::vector<Value> items = {});
  /// Later items replace earlier ones with an equal key, as in Python.
  static Value dict(std::vector<Item> items = {}, DictFlavour flavour = DictFlavour::dict);
  static Value ordered_dict(std::vector<Item> items = {});
  static Value set(std::vector<Value> items = {});
  static Value frozenset(std::vector<Value> items = {});
  static Value device(std::string name);  ///< "cuda:1"
  static Value layout(std::string name);  ///< "torch.strided"
  static Value size(const Shape& sizes);  ///< torch.Size

  Value(const Value& o) noexcept : kind_(o.kind_), big_(o.big_), u_(o.u_) {
    if (is_object()) retain();
  }
  Value(Value&& o) noexcept : kind_(o.kind_), big_(o.big_), u_(o.u_) { o.become_none(); }
  Value& operator=(const Value& o) noexcept {
    Value copy(o);
    swap(copy);
    return *this;
  }
  Value& operator=(Value&& o) noexcept {
    Value taken(std::move(o));
    swap(taken);
    return *this;
  }
  ~Value() {
    if (is_object()) release();
  }

  // --- What it is.
  Kind kind() const noexcept { return kind_; }
  bool is_none() const noexcept { return kind_ == Kind::none; }
  bool is_bool() const noexcept { return kind_ == Kind::boolean; }
  bool is_int() const noexcept { return kind_ == Kind::integer; }
  bool is_float() const noexcept { return kind_ == Kind::floating; }
  bool is_complex() const noexcept { return kind_ == Kind::complex; }
  bool is_string() const noexcept { return kind_ == Kind::string; }
  bool is_bytes() const noexcept { return kind_ == Kind::bytes; }
  bool is_list() const noexcept { return kind_ == Kind::list; }
  bool is_tuple() const noexcept { return kind_ == Kind::tuple; }
  bool is_dict() const noexcept { return kind_ == Kind::dict; }
  bool is_tensor() const noexcept { return kind_ == Kind::tensor; }
  bool is_container() const noexcept { return kind_ >= Kind::list && kind_ <= Kind::frozenset; }
  /// "dict", "OrderedDict", "list", "int", "Tensor", ...: for messages.
  std::string_view type_name() const noexcept;
  /// Are both the very same object (Python's `is`)? Numbers, None and dtypes are the same when equal.
  bool same_object(const Value& o) const noexcept;
  /// Equal kind and content, compared deeply: floats by their bits, tensors by dtype, shape and the bits of their
  /// elements, dicts and sets without regard to order (OrderedDicts with). Cycles are fine.
  bool equals(const Value& o) const;

  // --- Reading scalars. A TypeError names what it found and, where known, its path.
  bool as_bool() const;
  std::int64_t as_int() const;  ///< TypeError also when it does not fit 64 bits
  double as_double() const;     ///< integers and bools convert
  Complex as_complex() const;
  std::string_view as_string() const;              ///< lives as long as the Value
  std::span<const std::uint8_t> as_bytes() const;  ///< of bytes or bytearray
  bool fits_int64() const noexcept;
  /// The two's complement bytes of an integer, least significant first, no more than needed (empty for 0).
  std::vector<std::uint8_t> integer_bytes() const;
  std::string integer_decimal() const;
  DType as_dtype() const;
  std::string_view as_name() const;  ///< of a device or layout
  const Shape& as_size() const;

  // --- Reading containers. A Value that dies at the end of its expression gives its parts away as Values of their own,
  // and refuses what would only point into it: `for (auto& item : load(path).items())` would walk freed memory. Name
  // it.
  /// Elements of a list, tuple, set, items of a dict, sizes of a torch.Size.
  std::size_t len() const;
  std::span<const Value> elements() const&;  ///< list, tuple, set, frozenset
  std::span<const Value> elements() const&& = delete;
  std::span<const Item> items() const&;  ///< dict, in insertion order
  std::span<const Item> items() const&& = delete;
  DictFlavour flavour() const;
  /// v["fc1.weight"], v[0], v[-1]: an item of a dict or an element of a list or tuple. A missing key throws Error with
  /// the nearest name; an index out of range throws ShapeError.
  const Value& operator[](const Value& key) const&;
  Value operator[](const Value& key) const&& { return (*this)[key]; }
  /// v.at({"optimizer", "state", 0}): a path of keys.
  const Value& at(std::initializer_list<Value> path) const&;
  Value at(std::initializer_list<Value> path) const&& { return at(path); }
  /// The item, or null when it is absent. Python's equality: 1, 1.0 and True are one key.
  const Value* find(const Value& key) const&;
  const Value* find(const Value& key) const&& = delete;
  bool contains(const Value& key) const { return find(key) != nullptr; }
  /// Attributes of a dict or tensor object (`_metadata` of a state dict): a dict, or None when there are none.
  const Value& attributes() const&;
  Value attributes() const&& { return attributes(); }
  /// defaultdict's factory (None or opaque).
  const Value& default_factory() const&;
  Value default_factory() const&& { return default_factory(); }

  // --- Changing containers. A handle on the same object sees the change.
  void push_back(Value v);              ///< list; also set (a duplicate is dropped)
  void set(const Value& key, Value v);  ///< dict: replace or append. TypeError for a key that Python cannot hash
  bool erase(const Value& key);         ///< dict
  void set_attributes(Value dict);
  void set_default_factory(Value v);

  // --- Tensors.
  /// The tensor, its bytes checked and ready (a lazily loaded one becomes real here). TypeError for any other kind.
  Tensor tensor() const;
  /// The tensor without touching its bytes: only geometry and dtype may be read.
  const Tensor& lazy_tensor() const;
  static Value parameter(const Tensor& t);  ///< an nn.Parameter holding t
  bool is_parameter() const;
  /// A lazy conjugate or negative view: the stored elements are the unresolved ones.
  bool conj() const;
  bool neg() const;
  void set_conj_neg(bool conj, bool neg);

  struct Sparse;
  struct Quantized;
  struct Numpy;
  struct Opaque;
  static Value sparse(const Sparse& s);
  static Value quantized(const Quantized& q);
  static Value numpy_scalar(const Numpy& n);
  static Value numpy_array(const Numpy& n);
  static Value opaque(const Opaque& o);
  const Sparse& as_sparse() const;
  const Quantized& as_quantized() const;
  const Numpy& as_numpy() const;
  Opaque& as_opaque() const;  ///< shared and changeable, like a container

  // --- For the readers and writers.
  /// The object's identity, or null for what has none (None, bool, int in 64 bits, float, dtype).
  const void* id() const noexcept { return is_object() ? u_.o : nullptr; }
  /// True for what came from a file and so has the identity it had there; false for what was made in C++, whose strings
  /// and tuples are shared by value when written.
  bool from_file() const noexcept;
  /// Marks an object as read from a file.
  Value& mark_from_file();
  /// After building `root`, finds the containers that lie on cycles and lets them be freed together, when nothing
  /// outside the cycle refers to them any more: without it, a list that contains itself is never freed. Such a cycle
  /// may still be changed, by one thread at a time; what a change adds to it may then outlive its use, never the other
  /// way round.
  static void seal_cycles(const Value& root);
  static void seal_cycles(std::span<const Value> roots);
  /// For a reader that failed: the same, and when there is no memory even for that, what `roots` themselves hold is let
  /// go of instead, so that no cycle through one of them is leaked.
  static void abandon(std::span<const Value> roots) noexcept;

 private:
  bool is_object() const noexcept { return u_.o != nullptr && object_kind(); }
  bool object_kind() const noexcept { return big_ || (kind_ >= Kind::complex && kind_ != Kind::dtype); }
  static Value big_uint(std::uint64_t v);
  void retain() noexcept;
  void release() noexcept;
  void become_none() noexcept {
    kind_ = Kind::none;
    big_ = false;
    u_.i = 0;
  }
  void swap(Value& o) noexcept {
    std::swap(kind_, o.kind_);
    std::swap(big_, o.big_);
    std::swap(u_, o.u_);
  }
  Kind kind_ = Kind::none;
  bool big_ = false;  // an integer beyond 64 bits: u_.o
  union {
    std::int64_t i;
    double d;
    detail::Object* o;
  } u_ = {.i = 0};
  friend struct detail::Object;
};

/// A sparse tensor.
struct Value::Sparse {
  std::string layout;        ///< "torch.sparse_coo", "torch.sparse_csr", ...
  std::vector<Value> parts;  ///< COO: indices, values. CSR and kin: compressed, plain, values. Tensors.
  Shape shape;
  std::optional<bool> coalesced;  ///< COO only
  bool requires_grad = false;
};

/// A quantized tensor.
struct Value::Quantized {
  Tensor ints;         ///< the stored integers with the tensor's geometry; dtype qint8, quint8 or qint32
  std::string scheme;  ///< "per_tensor_affine", "per_channel_affine", ...
  double scale = 1;
  std::int64_t zero_point = 0;
  Value scales, zero_points;  ///< per channel: tensors
  std::int64_t axis = 0;
  bool requires_grad = false;
};

/// A NumPy array or scalar.
struct Value::Numpy {
  std::string dtype;  ///< NumPy's string: "<f8", "|b1"
  Shape shape;        ///< empty for a scalar
  bool fortran_order = false;
  std::vector<std::uint8_t> data;
};

/// An object of a class we do not know.
struct Value::Opaque {
  std::string module, name;     ///< "argparse", "Namespace"
  bool called = false;          ///< false: a bare reference to the class or function
  bool newobj = false;          ///< made by cls.__new__(*args) rather than by a call
  bool known = false;           ///< harmless and understood (slice, range): never refused
  Value args;                   ///< tuple
  Value state;                  ///< what BUILD was given, or None
  std::vector<Value> appended;  ///< list items added to it
  std::vector<Item> assigned;   ///< dict items set on it
};

}  // namespace harker

// Deep equality of Values. Pairs still to be compared wait on a stack, and objects found equal so far are merged into
// classes: a pair that is already in one class need not be looked at again, which ends cycles and makes sharing free
// (Hopcroft and Karp's test for equal automata).
#include <bit>
#include <unordered_map>

#include <harker/core/value/children.h>

namespace harker HARKER_PUBLIC {

using namespace detail;

namespace {

using Kind = Value::Kind;

bool same_number_bits(double a, double b) { return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b); }

class Comparison {
 public:
  bool run(const Value& a, const Value& b) {
    if (!pair(a, b)) return false;
    while (!todo_.empty()) {
      const auto [x, y] = todo_.back();
      todo_.pop_back();
      if (!merge(Object::of(*x), Object::of(*y))) continue;
      if (!open(*x, *y)) return false;
    }
    return true;
  }

 private:
  // Compares what holds no other Values at once, and puts the rest on the stack.
  bool pair(const Value& a, const Value& b) {
    if (a.same_object(b)) return true;
    if (a.kind() != b.kind()) return false;
    switch (a.kind()) {
      case Kind::none: return true;
      case Kind::boolean:
      case Kind::floating:
      case Kind::dtype: return false;
      case Kind::integer:
        if (a.fits_int64() || b.fits_int64()) return false;
        [[fallthrough]];
      case Kind::string:
      case Kind::bytes:
      case Kind::bytearray:
      case Kind::device:
      case Kind::layout: return object_as<Text>(a).text == object_as<Text>(b).text;
      case Kind::complex: {
        const Complex x = a.as_complex(), y = b.as_complex();
        return same_number_bits(x.real(), y.real()) && same_number_bits(x.imag(), y.imag());
      }
      case Kind::size: return a.as_size() == b.as_size();
      case Kind::numpy_scalar:
      case Kind::numpy_array: {
        const Value::Numpy &x = a.as_numpy(), &y = b.as_numpy();
        return x.dtype == y.dtype && x.shape == y.shape && x.fortran_order == y.fortran_order && x.data == y.data;
      }
      default: todo_.emplace_back(&a, &b); return true;
    }
  }

  bool children(const Value& a, const Value& b) {
    const Children x(a), y(b);
    if (x.size() != y.size()) return false;
    for (std::size_t i = 0; i < x.size(); ++i)
      if (!pair(x[i], y[i])) return false;
    return true;
  }

  // Two objects of one kind: their own fields now, the Values they hold later.
  bool open(const Value& a, const Value& b) {
    switch (a.kind()) {
      case Kind::list:
      case Kind::tuple: return children(a, b);
      case Kind::dict:
        if (a.flavour() != b.flavour()) return false;
        if (a.flavour() == DictFlavour::ordered_dict) return children(a, b);
        return open_dicts(object_as<Dict>(a), object_as<Dict>(b));
      case Kind::set:
      case Kind::frozenset: return open_sets(object_as<Set>(a), object_as<Set>(b));
      case Kind::tensor: {
        const auto &x = object_as<TensorObject>(a), &y = object_as<TensorObject>(b);
        return x.parameter == y.parameter && x.conj == y.conj && x.neg == y.neg && children(a, b) &&
               same_bits(x.tensor, y.tensor);
      }
      case Kind::sparse: {
        const Value::Sparse &x = a.as_sparse(), &y = b.as_sparse();
        return x.layout == y.layout && x.shape == y.shape && x.coalesced == y.coalesced && children(a, b);
      }
      case Kind::quantized: {
        const Value::Quantized &x = a.as_quantized(), &y = b.as_quantized();
        return x.scheme == y.scheme && same_number_bits(x.scale, y.scale) && x.zero_point == y.zero_point &&
               x.axis == y.axis && children(a, b) && same_bits(x.ints, y.ints);
      }
      case Kind::opaque: {
        const Value::Opaque &x = a.as_opaque(), &y = b.as_opaque();
        return x.module == y.module && x.name == y.name && x.called == y.called && x.newobj == y.newobj &&
               x.appended.size() == y.appended.size() && children(a, b);
      }
      default: return false;
    }
  }

  bool open_dicts(const Dict& a, const Dict& b) {
    if (a.items.size() != b.items.size()) return false;
    if (!pair(a.attributes, b.attributes) || !pair(a.default_factory, b.default_factory)) return false;
    for (std::size_t i = 0; i < a.items.size(); ++i) {
      const auto& [key, value] = a.items[i];
      const auto& [other_key, other] =
          b.items[partner(key, i, b, [&](std::size_t k) -> const Value& { return b.items[k].first; })];
      if (!pair(key, other_key) || !pair(value, other)) return false;
    }
    return true;
  }

  bool open_sets(const Set& a, const Set& b) {
    if (a.items.size() != b.items.size()) return false;
    const auto element = [&](std::size_t k) -> const Value& { return b.items[k]; };
    for (std::size_t i = 0; i < a.items.size(); ++i)
      if (!pair(a.items[i], b.items[partner(a.items[i], i, b, element)])) return false;
    return true;
  }

  // A key is looked up by Python's rules; one that equals nothing there (NaN, or a tensor: another load of the same
  // file made another object) is taken for the one in its place, `i`.
  template <class Container, class KeyAt>
  static std::size_t partner(const Value& key, std::size_t i, const Container& in, KeyAt key_at) {
    if (keys_equal(key, key_at(i))) return i;
    const std::uint32_t found = find_key(in.index, in.items.size(), key, key_at);
    return found == HashIndex::kNone ? i : found;
  }

  // False when both are in one class already.
  bool merge(const Object* a, const Object* b) {
    a = root(a);
    b = root(b);
    if (a == b) return false;
    parent_[a] = b;
    return true;
  }
  const Object* root(const Object* o) {
    const Object* top = o;
    for (auto it = parent_.find(top); it != parent_.end(); it = parent_.find(top)) top = it->second;
    while (o != top) o = std::exchange(parent_[o], top);
    return top;
  }

  std::vector<std::pair<const Value*, const Value*>> todo_;
  std::unordered_map<const Object*, const Object*> parent_;
};

}  // namespace

bool Value::equals(const Value& o) const { return Comparison().run(*this, o); }

}  // namespace harker

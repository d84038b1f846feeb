// Keys of dicts and sets as Python has them: what can be hashed, and what equals what. Numbers of all kinds are
// compared by value, strings by their bytes, tuples and frozensets by content, tensors and unknown objects by identity.
// Tuples nest as deeply as a file likes, so hashing and comparing walk with a stack of their own, up to a depth at
// which Python gives up as well.
#include <atomic>
#include <bit>
#include <unordered_set>

#include <harker/core/base/text.h>
#include <harker/core/value/object.h>

namespace harker HARKER_PUBLIC {
namespace detail {
namespace {

using Kind = Value::Kind;

constexpr std::size_t kMaxDepth = 1000;
constexpr std::size_t kSetDepth = 50;  // what a frozenset counts for: comparing those does recurse, at most 20 deep

std::uint32_t fold(std::uint64_t h) {
  const auto folded = static_cast<std::uint32_t>(h);
  return folded ? folded : 1;
}
std::uint64_t tag(Kind k) { return 1 + static_cast<std::uint64_t>(k); }

[[noreturn]] void unhashable(const Value& v) {
  throw_error<TypeError>("unhashable type: '", v.type_name(), "' cannot be a key of a dict or an element of a set");
}
[[noreturn]] void too_deep() {
  throw_error<TypeError>("a key nests tuples or frozensets too deeply (the most is 1000 tuples or 20 frozensets)");
}

std::uint32_t number_hash(const Number& n) {
  switch (n.is) {
    case Number::Is::integer: return fold(keyed_hash(static_cast<std::uint64_t>(n.i), tag(Kind::integer)));
    case Number::Is::big: return fold(keyed_hash(std::string_view(n.big), tag(Kind::integer)));
    case Number::Is::real: return fold(keyed_hash(std::bit_cast<std::uint64_t>(n.re), tag(Kind::floating)));
    case Number::Is::complex:
      return fold(keyed_hash(std::bit_cast<std::uint64_t>(n.im), std::bit_cast<std::uint64_t>(n.re)));
    case Number::Is::nan: break;
  }
  // NaN equals nothing: any hash is right, and different ones keep many of them from sharing a place.
  static std::atomic<std::uint64_t> counter{0};
  return fold(keyed_hash(counter.fetch_add(1, std::memory_order_relaxed), tag(Kind::floating)));
}

bool numbers_equal(const Number& a, const Number& b) {
  if (a.is != b.is) return false;
  switch (a.is) {
    case Number::Is::integer: return a.i == b.i;
    case Number::Is::big: return a.big == b.big;
    case Number::Is::nan: return false;
    default: return a.re == b.re && a.im == b.im;
  }
}

bool is_nest(const Value& v) { return v.kind() == Kind::tuple || v.kind() == Kind::frozenset; }

// The hash of anything but a tuple or frozenset.
std::uint32_t flat_hash(const Value& v) {
  Object* o = Object::of(v);
  switch (v.kind()) {
    case Kind::string:
    case Kind::bytes:
    case Kind::device:
    case Kind::layout: {
      std::uint32_t h = o->hash.load(std::memory_order_relaxed);
      if (h == 0) {
        h = fold(keyed_hash(std::string_view(object_as<Text>(v).text), tag(v.kind())));
        o->hash.store(h, std::memory_order_relaxed);
      }
      return h;
    }
    case Kind::integer:
      if (!o) return fold(keyed_hash(static_cast<std::uint64_t>(Object::small_int(v)), tag(Kind::integer)));
      return number_hash(*number_of(v));
    case Kind::boolean:
    case Kind::floating:
    case Kind::complex: return number_hash(*number_of(v));
    case Kind::numpy_scalar: {
      if (const std::optional<Number> n = number_of(v)) return number_hash(*n);
      const Value::Numpy& n = v.as_numpy();
      const std::string_view data(reinterpret_cast<const char*>(n.data.data()), n.data.size());
      return fold(keyed_hash(data, keyed_hash(std::string_view(n.dtype), tag(v.kind()))));
    }
    case Kind::none: return fold(keyed_hash(std::uint64_t{0}, tag(v.kind())));
    case Kind::dtype: return fold(keyed_hash(static_cast<std::uint64_t>(Object::small_int(v)), tag(v.kind())));
    case Kind::tensor:
    case Kind::sparse:
    case Kind::quantized:
    case Kind::opaque: return fold(keyed_hash(reinterpret_cast<std::uintptr_t>(o), tag(v.kind())));
    case Kind::size: {
      std::uint64_t h = tag(Kind::tuple);
      for (std::int64_t d : v.as_size()) h = keyed_hash(h, flat_hash(Value(d)));
      return fold(h);
    }
    default: unhashable(v);
  }
}

// What hashing found out about a tuple or frozenset is kept in it: neither can change any more.
void keep_hash(Object& o, std::uint32_t hash, std::size_t depth) {
  o.depth.store(static_cast<std::uint16_t>(depth), std::memory_order_relaxed);
  o.hash.store(hash, std::memory_order_release);
}

std::uint32_t nest_hash(const Value& v) {
  Object* root = Object::of(v);
  if (const std::uint32_t known = root->hash.load(std::memory_order_acquire)) return known;
  struct Frame {
    Sequence* o;
    std::size_t next = 0, depth = 0;
    std::uint64_t sum;
  };
  auto start = [](Object* o) { return Frame{static_cast<Sequence*>(o), 0, 0, tag(o->kind)}; };
  std::vector<Frame> path{start(root)};
  for (;;) {
    Frame& f = path.back();
    if (f.next < f.o->items.size()) {
      const Value& child = f.o->items[f.next];
      std::uint32_t h;
      if (is_nest(child)) {
        Object* o = Object::of(child);
        h = o->hash.load(std::memory_order_acquire);
        if (h == 0) {
          if (path.size() >= kMaxDepth) too_deep();
          path.push_back(start(o));
          continue;
        }
        f.depth = std::max<std::size_t>(f.depth, o->depth.load(std::memory_order_relaxed));
      } else {
        h = flat_hash(child);
      }
      // A tuple's hash depends on the order, a frozenset's must not.
      if (f.o->kind == Kind::tuple)
        f.sum = keyed_hash(f.sum, h);
      else
        f.sum += keyed_hash(std::uint64_t{h}, tag(Kind::frozenset));
      ++f.next;
      continue;
    }
    const std::size_t depth = f.depth + (f.o->kind == Kind::tuple ? 1 : kSetDepth);
    if (depth > kMaxDepth) too_deep();
    keep_hash(*f.o, fold(f.sum), depth);
    path.pop_back();
    if (path.empty()) return root->hash.load(std::memory_order_relaxed);
  }
}

// Compares two keys; remembers which pairs of tuples it has seen, so that sharing inside them costs nothing.
class KeyComparison {
 public:
  bool operator()(const Value& a, const Value& b) {
    if (a.kind() == Kind::string && b.kind() == Kind::string) return a.id() == b.id() || a.as_string() == b.as_string();
    const std::size_t seen_before = log_.size();
    const bool equal = compare(a, b);
    if (!equal) {  // what was assumed on the way may be wrong
      for (; log_.size() > seen_before; log_.pop_back()) seen_.erase(log_.back());
    }
    return equal;
  }

 private:
  using Pair = std::pair<const Object*, const Object*>;
  struct PairHash {
    std::size_t operator()(const Pair& p) const noexcept {
      return reinterpret_cast<std::uintptr_t>(p.first) * 31 + reinterpret_cast<std::uintptr_t>(p.second);
    }
  };

  bool compare(const Value& first, const Value& second) {
    std::vector<std::pair<const Value*, const Value*>> todo;
    if (!step(first, second, todo)) return false;
    while (!todo.empty()) {
      const auto [a, b] = todo.back();
      todo.pop_back();
      if (!step(*a, *b, todo)) return false;
    }
    return true;
  }

  // Are they equal, given that all pairs it adds to `todo` are?
  bool step(const Value& a, const Value& b, std::vector<std::pair<const Value*, const Value*>>& todo) {
    const Object *oa = Object::of(a), *ob = Object::of(b);
    if (oa && oa == ob) return true;
    if (a.kind() == Kind::size || b.kind() == Kind::size) return sizes_equal(a, b);
    if (a.kind() == Kind::integer && b.kind() == Kind::integer && !oa && !ob) {
      return Object::small_int(a) == Object::small_int(b);
    }
    if (a.kind() != b.kind() || a.kind() == Kind::numpy_scalar ||
        (a.kind() >= Kind::boolean && a.kind() <= Kind::complex)) {
      const std::optional<Number> x = number_of(a), y = number_of(b);
      if (x || y) return x && y && numbers_equal(*x, *y);
      if (a.kind() != b.kind()) return false;
    }
    switch (a.kind()) {
      case Kind::none: return true;
      case Kind::dtype: return a.as_dtype() == b.as_dtype();
      case Kind::string:
      case Kind::bytes:
      case Kind::device:
      case Kind::layout: return object_as<Text>(a).text == object_as<Text>(b).text;
      case Kind::numpy_scalar:
        return a.as_numpy().dtype == b.as_numpy().dtype && a.as_numpy().data == b.as_numpy().data;
      case Kind::tuple:
      case Kind::frozenset: break;
      default: return false;  // by identity
    }
    const auto &x = static_cast<const Sequence*>(oa)->items, &y = static_cast<const Sequence*>(ob)->items;
    if (x.size() != y.size() || nest_hash(a) != nest_hash(b)) return false;
    if (oa->depth.load(std::memory_order_relaxed) > 1 || x.size() > 16) {
      if (!seen_.insert({oa, ob}).second) return true;
      log_.push_back({oa, ob});
    }
    if (a.kind() == Kind::tuple) {
      for (std::size_t i = x.size(); i-- > 0;) todo.emplace_back(&x[i], &y[i]);
      return true;
    }
    const HashIndex& index = static_cast<const Set*>(ob)->index;
    for (const Value& v : x) {
      bool found = false;
      if (!index.empty()) {
        found = index.find(key_hash(v), [&](std::uint32_t i) { return (*this)(y[i], v); }) != HashIndex::kNone;
      } else {
        for (std::size_t i = 0; i < y.size() && !found; ++i) found = (*this)(y[i], v);
      }
      if (!found) return false;
    }
    return true;
  }

  static bool sizes_equal(const Value& a, const Value& b) {
    if (a.kind() == b.kind()) return a.as_size() == b.as_size();
    const Value& size = a.kind() == Kind::size ? a : b;
    const Value& other = a.kind() == Kind::size ? b : a;
    if (other.kind() != Kind::tuple) return false;
    const Shape& sizes = size.as_size();
    const std::span<const Value> elements = other.elements();
    if (elements.size() != static_cast<std::size_t>(sizes.rank())) return false;
    for (int d = 0; d < sizes.rank(); ++d) {
      const std::optional<Number> n = number_of(elements[static_cast<std::size_t>(d)]);
      if (!n || n->is != Number::Is::integer || n->i != sizes[d]) return false;
    }
    return true;
  }

  std::unordered_set<Pair, PairHash> seen_;
  std::vector<Pair> log_;
};

}  // namespace

std::uint32_t key_hash(const Value& key) { return is_nest(key) ? nest_hash(key) : flat_hash(key); }

bool keys_equal(const Value& a, const Value& b) {
  // The common cases without a comparison object.
  if (a.kind() == Kind::string && b.kind() == Kind::string) return a.id() == b.id() || a.as_string() == b.as_string();
  if (a.fits_int64() && b.fits_int64()) return Object::small_int(a) == Object::small_int(b);
  return KeyComparison()(a, b);
}

}  // namespace detail
}  // namespace harker

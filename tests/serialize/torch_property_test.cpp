// Random Values through PyTorch's format: they come back equal, with the same sharing, and are written again as the
// same bytes. And what a pickle cannot hold is refused rather than changed or written for ever.
#include <doctest/doctest.h>
#include <harker/core/tensor/make.h>
#include <harker/core/warning.h>
#include <harker/serialize/serialize.h>
#include <random_value.h>

#include <map>
#include <set>

using namespace harker;
using test::RandomValue;

namespace {

std::vector<std::uint8_t> torch_bytes(const Value& v, SaveOptions options = {}) {
  options.format = "torch";
  return save_to_bytes(v, options);
}

/// No warnings of what weights_only cannot read: there is something in nearly every Value.
struct Quiet {
  Quiet() : before(set_warning_handler([](const std::string&) {})) {}
  ~Quiet() { set_warning_handler(before); }
  WarningHandler before;
};

/// Walks two equal Values side by side: what is one object, or one storage, in one of them must be one in the other.
class Sharing {
 public:
  bool same(const Value& a, const Value& b) {
    todo_ = {{a, b}};
    while (!todo_.empty() && same_) {
      const auto [x, y] = todo_.back();
      todo_.pop_back();
      if (x.kind() != y.kind()) return false;
      if (has_identity(x)) {
        bind(x.id(), y.id());
        if (!met_.insert(x.id()).second) continue;
      }
      enter(x, y);
    }
    return same_;
  }

 private:
  using Kind = Value::Kind;

  /// Strings, bytes and layouts that were made in C++ are shared by value, functions by name; the empty tuple is one.
  static bool has_identity(const Value& v) {
    if (v.kind() == Kind::opaque) return v.as_opaque().called;
    if (v.is_tuple()) return v.len() > 0;
    return v.id() && !v.is_int() && !v.is_string() && !v.is_bytes() && v.kind() != Kind::layout;
  }
  void bind(const void* a, const void* b) {
    same_ = same_ && there_.emplace(a, b).first->second == b && back_.emplace(b, a).first->second == a;
  }
  void pairs(std::span<const Value> a, std::span<const Value> b) {
    same_ = same_ && a.size() == b.size();
    for (std::size_t i = 0; same_ && i < a.size(); ++i) todo_.emplace_back(a[i], b[i]);
  }
  void pairs(std::span<const Value::Item> a, std::span<const Value::Item> b) {
    same_ = same_ && a.size() == b.size();
    for (std::size_t i = 0; same_ && i < a.size(); ++i) {
      todo_.emplace_back(a[i].first, b[i].first);
      todo_.emplace_back(a[i].second, b[i].second);
    }
  }
  void tensors(const Tensor& a, const Tensor& b) {
    same_ = same_ && a.storage().nbytes == b.storage().nbytes && a.storage_offset() == b.storage_offset() &&
            a.strides() == b.strides() && a.requires_grad() == b.requires_grad();
    if (a.storage().nbytes > 0) bind(&a.storage(), &b.storage());
  }
  void enter(const Value& a, const Value& b) {
    switch (a.kind()) {
      case Kind::list:
      case Kind::tuple:
      case Kind::set:
      case Kind::frozenset: return pairs(a.elements(), b.elements());
      case Kind::dict:
        pairs(a.items(), b.items());
        todo_.emplace_back(a.default_factory(), b.default_factory());
        todo_.emplace_back(a.attributes(), b.attributes());
        return;
      case Kind::tensor: todo_.emplace_back(a.attributes(), b.attributes()); return tensors(a.tensor(), b.tensor());
      case Kind::sparse: return pairs(a.as_sparse().parts, b.as_sparse().parts);
      case Kind::quantized:
        todo_.emplace_back(a.as_quantized().scales, b.as_quantized().scales);
        todo_.emplace_back(a.as_quantized().zero_points, b.as_quantized().zero_points);
        return tensors(a.as_quantized().ints, b.as_quantized().ints);
      case Kind::opaque: {
        const Value::Opaque &x = a.as_opaque(), &y = b.as_opaque();
        todo_.emplace_back(x.args, y.args);
        todo_.emplace_back(x.state, y.state);
        pairs(x.appended, y.appended);
        return pairs(x.assigned, y.assigned);
      }
      default: return;
    }
  }

  std::vector<std::pair<Value, Value>> todo_;
  std::map<const void*, const void*> there_, back_;
  std::set<const void*> met_;
  bool same_ = true;
};

constexpr int kValues = 5000;

Value random_value(int seed) { return RandomValue(static_cast<std::uint64_t>(seed), {.for_torch = true})(); }

}  // namespace

TEST_CASE("torch: 5000 random values come back equal, shared as they were, and are written again as the same bytes") {
  const Quiet quiet;
  int wrong = 0;
  for (int seed = 1; seed <= kValues && wrong < 3; ++seed) {
    CAPTURE(seed);
    const Value v = random_value(seed);
    const auto file = torch_bytes(v);
    const Value w = load(file, {.mmap = seed % 2 == 0, .unknown = Unknown::keep});
    const bool equal = v.equals(w), shared = Sharing().same(v, w), identical = torch_bytes(w) == file;
    CHECK(equal);
    CHECK(shared);
    CHECK(identical);
    wrong += !(equal && shared && identical);
  }
  CHECK(wrong == 0);
}

TEST_CASE("torch: random values come back equal however they are written") {
  const Quiet quiet;
  int wrong = 0;
  for (int seed = 1; seed <= kValues / 5 && wrong < 3; ++seed) {
    CAPTURE(seed);
    const Value v = random_value(seed);
    for (const SaveOptions& options :
         {SaveOptions{.compact = true}, SaveOptions{.alignment = 4096, .crc32 = false}, SaveOptions{.alignment = 1}}) {
      const bool equal = v.equals(load(torch_bytes(v, options), {.unknown = Unknown::keep}));
      CHECK(equal);
      wrong += !equal;
    }
  }
  CHECK(wrong == 0);
}

TEST_CASE("torch: an object among its own arguments is written through a list, and refused without one") {
  const Quiet quiet;
  const auto holding = [](const Value& counter, const Value& item) {
    Value(counter).set("x", item);
    Value::seal_cycles(counter);
    return counter;
  };
  const auto counter = [] { return Value::dict({}, DictFlavour::counter); };
  Value through = counter();
  const Value w = load(torch_bytes(holding(through, Value::list({through}))));
  CHECK(w["x"][0].same_object(w));

  Value itself = counter(), first = counter(), second = counter();
  CHECK_THROWS_WITH_AS(torch_bytes(holding(itself, itself)), doctest::Contains("made from"), Error);
  second.set("y", Value::tuple({first}));
  CHECK_THROWS_WITH_AS(torch_bytes(holding(first, second)), doctest::Contains("made from"), Error);
  Value::Opaque o;
  o.module = "argparse", o.name = "Namespace", o.called = true;
  Value object = Value::opaque(o);
  object.as_opaque().args = Value::tuple({object});
  Value::seal_cycles(object);
  CHECK_THROWS_WITH_AS(torch_bytes(object), doctest::Contains("made from"), Error);
}

TEST_CASE("torch: what a pickle, or torch, has no place for is refused and not left out") {
  const auto refused = [](const Value& v, const char* part) {
    CHECK_THROWS_WITH_AS(torch_bytes(Value::dict({{"here", v}})), doctest::Contains(part), Error);
    CHECK_THROWS_WITH_AS(torch_bytes(Value::dict({{"here", v}})), doctest::Contains("'here'"), Error);
  };
  Value plain = Value::dict({{"a", 1}});
  plain.set_attributes(Value::dict({{"note", 1}}));
  refused(plain, "plain dict");
  Value numbered(zeros({2})), ordered = Value::ordered_dict();
  numbered.set_attributes(Value::dict({{1, 2}}));
  ordered.set_attributes(Value::dict({{1, 2}}));
  refused(numbered, "no string");
  refused(ordered, "no string");
  Value conjugate(zeros({2}));
  conjugate.set_conj_neg(true, false);
  refused(conjugate, "not complex");
  refused(Value(zeros({2}, DType::qint8)), "quantized");
}

TEST_CASE("torch: containers of about a thousand elements, which picklers write in batches, come back whole") {
  for (const int n : {0, 1, 2, 999, 1000, 1001, 1999, 2000, 2001}) {
    CAPTURE(n);
    Value list = Value::list(), dict = Value::dict(), ordered = Value::ordered_dict();
    for (int i = 0; i < n; ++i) list.push_back(i), dict.set(i, -i), ordered.set(std::to_string(i), i);
    const Value back = load(save_to_bytes(Value::tuple({list, dict, ordered}), {.format = "torch"}));
    REQUIRE(back[0].len() == static_cast<std::size_t>(n));
    REQUIRE(back[1].len() == static_cast<std::size_t>(n));
    REQUIRE(back[2].len() == static_cast<std::size_t>(n));
    int wrong = 0;
    for (int i = 0; i < n; ++i)
      wrong += back[0][i].as_int() != i || back[1][i].as_int() != -i || back[2][std::to_string(i)].as_int() != i;
    CHECK(wrong == 0);
  }
}

// equals() tells apart: a table of every field of every kind, each changed alone. Round trips compare by equals, so
// what it overlooked would be lost unseen.
#include <doctest/doctest.h>
#include <harker/core/ops/ops.h>

#include <functional>
#include <limits>

#include "value_probe.h"

using namespace harker;
using namespace harker::test;

namespace {

// Values that differ each in one field from the first; made anew by each call.
using Make = std::function<std::vector<Value>()>;

template <class T>
std::vector<Value> changed(const T& first, Value (*wrap)(const T&), std::vector<std::function<void(T&)>> changes) {
  std::vector<Value> out{wrap(first)};
  for (const auto& change : changes) {
    T other = first;
    change(other);
    out.push_back(wrap(other));
  }
  return out;
}

// Equal to themselves made anew, and each different from all others, either way round.
void distinct(const Make& make) {
  const std::vector<Value> a = make(), b = make();
  for (std::size_t i = 0; i < a.size(); ++i) {
    for (std::size_t k = 0; k < b.size(); ++k) {
      CAPTURE(i);
      CAPTURE(k);
      CHECK(a[i].equals(b[k]) == (i == k));
      CHECK(Value::list({a[i]}).equals(Value::list({b[k]})) == (i == k));
    }
  }
}

Value with_attributes(Value v, const Value& attributes) {
  v.set_attributes(attributes);
  return v;
}
Value flags(const Tensor& t, bool conj, bool neg) {
  Value v(t);
  v.set_conj_neg(conj, neg);
  return v;
}

}  // namespace

TEST_CASE("value: equality sees every field of a tensor object") {
  distinct([] {
    const Tensor t = zeros({2, 3}, {.dtype = DType::complex64});
    return std::vector<Value>{t,
                              Value::parameter(t),
                              flags(t, true, false),
                              flags(t, false, true),
                              flags(t, true, true),
                              with_attributes(t, Value::dict({{"a", 1}})),
                              with_attributes(t, Value::dict({{"a", 2}})),
                              zeros({3, 2}, {.dtype = DType::complex64}),
                              zeros({6}, {.dtype = DType::complex64}),
                              zeros({2, 3}, {.dtype = DType::float64}),
                              zeros({2, 3}, {.dtype = DType::int64}),
                              full({2, 3}, -0.0, {.dtype = DType::float64}),
                              ones({2, 3})};
  });
}

TEST_CASE("value: equality sees every field of a sparse tensor") {
  Value::Sparse s;
  s.layout = "torch.sparse_coo";
  s.parts = {zeros({1, 2}, DType::int64), ones({2})};
  s.shape = {4};
  distinct([&] {
    return changed<Value::Sparse>(
        s, Value::sparse,
        {[](auto& x) { x.layout = "torch.sparse_csr"; },
         [](auto& x) {
           x.parts[0] = ones({1, 2}, DType::int64);
         },
         [](auto& x) { x.parts[1] = zeros({2}); }, [](auto& x) { x.parts.pop_back(); }, [](auto& x) { x.shape = {5}; },
         [](auto& x) {
           x.shape = {4, 1};
         },
         [](auto& x) { x.coalesced = true; }, [](auto& x) { x.coalesced = false; }});
  });
}

TEST_CASE("value: equality sees every field of a quantized tensor") {
  Value::Quantized q;
  q.ints = zeros({2, 2}, DType::qint8);
  q.scheme = "per_channel_affine";
  q.scales = ones({2}), q.zero_points = zeros({2}, DType::int64);
  distinct([&] {
    return changed<Value::Quantized>(
        q, Value::quantized,
        {[](auto& x) {
           x.ints = zeros({2, 2}, DType::quint8);
         },
         [](auto& x) { x.ints = zeros({4}, DType::qint8); },
         [](auto& x) {
           x.ints = zeros({2, 2}, DType::qint8);
           static_cast<std::int8_t*>(x.ints.raw())[3] = 1;
         },
         [](auto& x) { x.scheme = "per_channel_symmetric"; }, [](auto& x) { x.scale = 2; },
         [](auto& x) { x.zero_point = 1; }, [](auto& x) { x.scales = zeros({2}); },
         [](auto& x) { x.zero_points = ones({2}, DType::int64); }, [](auto& x) { x.axis = 1; }});
  });
}

TEST_CASE("value: equality sees every field of NumPy's values") {
  Value::Numpy n;
  n.dtype = "<i2", n.shape = {2, 2}, n.data.resize(8);
  const std::vector<std::function<void(Value::Numpy&)>> changes = {
      [](auto& x) { x.dtype = ">i2"; }, [](auto& x) { x.shape = {4}; }, [](auto& x) { x.fortran_order = true; },
      [](auto& x) { x.data[7] = 1; }};
  distinct([&] { return changed<Value::Numpy>(n, Value::numpy_array, changes); });
  n.shape = {}, n.data.resize(2);
  distinct([&] {
    return changed<Value::Numpy>(
        n, Value::numpy_scalar,
        {[](auto& x) { x.dtype = "<u2"; }, [](auto& x) { x.data[0] = 1; }, [](auto& x) { x.data[1] = 1; }});
  });
  CHECK(!Value::numpy_scalar(n).equals(Value::numpy_array(n)));
}

TEST_CASE("value: equality sees every field of an object of an unknown class") {
  Value::Opaque o;
  o.module = "m", o.name = "C";
  o.called = true;
  o.args = Value::tuple({1});
  o.state = Value::dict({{"a", 1}});
  o.appended = {Value(1)};
  o.assigned = {{Value("k"), Value(1)}};
  distinct([&] {
    return changed<Value::Opaque>(
        o, Value::opaque,
        {[](auto& x) { x.module = "n"; }, [](auto& x) { x.name = "D"; }, [](auto& x) { x.called = false; },
         [](auto& x) { x.newobj = true; }, [](auto& x) { x.args = Value::tuple({2}); },
         [](auto& x) { x.args = Value(); },
         [](auto& x) {
           x.state = Value::dict({{"a", 2}});
         },
         [](auto& x) { x.state = Value(); }, [](auto& x) { x.appended = {}; }, [](auto& x) { x.appended = {Value(2)}; },
         [](auto& x) {
           x.appended = {Value(1), Value(1)};
         },
         [](auto& x) { x.assigned = {}; },
         [](auto& x) {
           x.assigned = {{Value("k"), Value(2)}};
         },
         [](auto& x) {
           x.assigned = {{Value("l"), Value(1)}};
         }});
  });
}

TEST_CASE("value: equality sees flavour, attributes, factory, keys, values and, of an OrderedDict, their order") {
  Value::Opaque list;
  list.module = "builtins", list.name = "list";
  list.known = true;
  distinct([&] {
    const std::vector<Value::Item> ab = {{"a", 1}, {"b", 2}};
    Value factory = Value::dict(ab, DictFlavour::default_dict);
    factory.set_default_factory(Value::opaque(list));
    return std::vector<Value>{Value::dict(ab),
                              Value::ordered_dict(ab),
                              Value::ordered_dict({{"b", 2}, {"a", 1}}),
                              Value::dict(ab, DictFlavour::counter),
                              Value::dict(ab, DictFlavour::default_dict),
                              factory,
                              with_attributes(Value::ordered_dict(ab), Value::dict({{"_metadata", 1}})),
                              with_attributes(Value::ordered_dict(ab), Value::dict({{"_metadata", 2}})),
                              Value::dict({{"a", 1}}),
                              Value::dict({{"a", 1}, {"c", 2}}),
                              Value::dict({{"a", 1}, {"b", 3}}),
                              Value::dict({{"a", 1}, {"b", 2.0}}),
                              Value::dict({{"a", 1}, {"b", 2}, {"c", 3}})};
  });
}

TEST_CASE("value: equality tells every kind from every other, and scalars by their bits") {
  distinct([] {
    Value::Opaque reference;
    reference.module = "m", reference.name = "C";
    return std::vector<Value>{Value(),
                              false,
                              true,
                              0,
                              1,
                              -1,
                              big({0, 0, 0, 0, 0, 0, 0, 0, 1}),
                              big({0, 0, 0, 0, 0, 0, 0, 0, 2}),
                              0.0,
                              -0.0,
                              1.0,
                              std::numeric_limits<double>::quiet_NaN(),
                              -std::numeric_limits<double>::quiet_NaN(),
                              Complex{0, 0},
                              Complex{0, -0.0},
                              Complex{-0.0, 0},
                              "",
                              "a",
                              "b",
                              Value::bytes({}),
                              Value::bytes(std::vector<std::uint8_t>{'a'}),
                              Value::bytearray({}),
                              Value::bytearray(std::vector<std::uint8_t>{'a'}),
                              Value::list(),
                              Value::list({1}),
                              Value::list({2}),
                              Value::list({1, 1}),
                              Value::tuple(),
                              Value::tuple({1}),
                              Value::dict(),
                              Value::set(),
                              Value::set({1}),
                              Value::set({1, 2}),
                              Value::set({true}),
                              Value::frozenset(),
                              Value::frozenset({1}),
                              DType::float32,
                              DType::float64,
                              Value::device("cpu"),
                              Value::device("a"),
                              Value::layout("torch.strided"),
                              Value::layout("a"),
                              Value::size({}),
                              Value::size({1}),
                              Value::size({1, 1}),
                              Value::size({2}),
                              Value::opaque(reference)};
  });
}

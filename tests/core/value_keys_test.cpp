// Dicts and sets: keys by Python's rules, order, erasing, many items.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <complex>
#include <limits>

#include "value_probe.h"

using namespace harker;
using namespace harker::test;

TEST_CASE("value: dict keys follow Python's equality") {
  Value d = Value::dict();
  d.set(1, "int");
  d.set(1.0, "float");
  d.set(true, "bool");
  d.set(std::complex<double>(1, 0), "complex");
  CHECK(d.len() == 1);
  CHECK(d.items()[0].first.is_int());
  CHECK(d[1].as_string() == "complex");
  Value::Numpy one{"<i8", {}, false, {1, 0, 0, 0, 0, 0, 0, 0}};
  CHECK(d.contains(Value::numpy_scalar(one)));
  Value::Numpy half{">f2", {}, false, {0x38, 0}};
  d.set(0.5, 1);
  CHECK(d.contains(Value::numpy_scalar(half)));
  CHECK(Value::numpy_scalar(half).as_double() == 0.5);
  CHECK(Value::numpy_scalar(one).as_int() == 1);

  Value keys = Value::dict();
  const Tensor t = zeros({1});
  const Value object = t;
  const std::uint8_t letter[] = {'a'};
  const Value different[] = {Value(),
                             0,
                             0.5,
                             big({0, 0, 0, 0, 0, 0, 0, 0, 1}),
                             "a",
                             Value::bytes(letter),
                             Value::tuple(),
                             Value::tuple({1, "a"}),
                             Value::tuple({Value::tuple({1}), 2}),
                             Value::frozenset({1, 2}),
                             Value::frozenset({1, Value::frozenset({2})}),
                             Value::size({4, 5}),
                             kFloat32,
                             Value::device("cpu"),
                             object,
                             Value(t),
                             std::numeric_limits<double>::infinity(),
                             std::complex<double>(0, 1)};
  int n = 0;
  for (const Value& key : different) keys.set(key, n++);
  CHECK(keys.len() == static_cast<std::size_t>(n));
  n = 0;
  for (const Value& key : different) CHECK(keys[key].as_int() == n++);
  CHECK(keys[0.0].as_int() == 1);
  CHECK(keys[-0.0].as_int() == 1);
  CHECK(keys[false].as_int() == 1);
  CHECK(keys[0x1p64].as_int() == 3);
  CHECK(keys[Value::tuple({1.0, "a"})].as_int() == 7);
  CHECK(keys[Value::frozenset({2, 1})].as_int() == 9);
  CHECK(keys[Value::frozenset({Value::frozenset({2.0}), true})].as_int() == 10);
  CHECK(keys[Value::tuple({4, 5})].as_int() == 11);
  CHECK(!keys.contains(Value(zeros({1}))));
  CHECK(!keys.contains(std::nan("")));

  for (const Value& key :
       {Value::list(), Value::dict(), Value::set(), Value::tuple({1, Value::list()}), Value::bytearray({})}) {
    CHECK_THROWS_AS(keys.set(key, 1), TypeError);
    CHECK_THROWS_AS(keys.find(key), TypeError);
  }
  CHECK_THROWS_WITH_AS(keys.set(Value::list(), 1),
                       "unhashable type: 'list' cannot be a key of a dict or an element of a set", TypeError);
  CHECK(keys.len() == std::size(different));
}

TEST_CASE("value: NaN keys are kept apart, as many as there are") {
  Value d = Value::dict();
  for (int i = 0; i < 20'000; ++i) d.set(std::nan(""), i);
  CHECK(d.len() == 20'000);
}

TEST_CASE("value: dicts keep their order through replacing and erasing, small and large") {
  for (int n : {4, 8, 9, 1000, 300'000}) {
    CAPTURE(n);
    Value d = Value::dict();
    for (int i = 0; i < n; ++i) d.set(i, i);
    d.set(1, "one");
    CHECK(d.len() == static_cast<std::size_t>(n));
    CHECK(d.items()[1].second.as_string() == "one");
    CHECK(d.erase(1));
    CHECK(!d.erase(1));
    CHECK(d.erase(n - 1));
    CHECK(d.items()[1].first.as_int() == 2);
    CHECK(!d.contains(1));
    for (int i = 2; i < n - 1; ++i) REQUIRE(d[i].as_int() == i);
    d.set(1, "again");
    CHECK(d.items().back().first.as_int() == 1);
  }
  Value d = Value::dict();  // erased at random against a plain model
  std::vector<int> model;
  std::uint32_t random = 1;
  for (int i = 0; i < 20'000; ++i) {
    random = random * 1664525u + 1013904223u;
    const int key = static_cast<int>(random >> 20) % 60;
    const auto at = std::find(model.begin(), model.end(), key);
    if (random & 0x10000) {
      if (at == model.end()) model.push_back(key);
      d.set(key, key);
    } else {
      CHECK(d.erase(key) == (at != model.end()));
      if (at != model.end()) model.erase(at);
    }
    REQUIRE(d.len() == model.size());
  }
  for (std::size_t i = 0; i < model.size(); ++i) REQUIRE(d.items()[i].first.as_int() == model[i]);
}

TEST_CASE("value: dict() and set() drop what is there already") {
  const Value d = Value::dict({{"a", 1}, {"b", 2}, {"a", 3}});
  CHECK(d.len() == 2);
  CHECK(d.items()[0].first.as_string() == "a");
  CHECK(d["a"].as_int() == 3);
  Value s = Value::set({3, 1, 3.0, "x", "x"});
  CHECK(s.len() == 3);
  CHECK(s.elements()[0].is_int());
  s.push_back(1);
  s.push_back(2);
  CHECK(s.len() == 4);
  CHECK_THROWS_AS(s.push_back(Value::list()), TypeError);
  CHECK_THROWS_AS(Value::tuple().push_back(1), TypeError);
  Value keyed = Value::dict({{"k", 1}});
  for (int i = 0; i < 100; ++i) keyed.set(keyed.items()[0].first, i), keyed.set(i, keyed.items()[0].second);
  CHECK(keyed.len() == 101);
}

TEST_CASE("value: sharing inside costs nothing when compared or hashed") {
  auto doubled = [] {
    Value list = Value::list({1}), tuple = Value::tuple({1});
    for (int i = 0; i < 200; ++i) list = Value::list({list, list}), tuple = Value::tuple({tuple, tuple});
    return std::pair(list, tuple);
  };
  const auto a = doubled(), b = doubled();
  CHECK(a.first.equals(b.first));
  const Value d = Value::dict({{a.second, 1}});
  CHECK(d.contains(b.second));
  CHECK(!d.contains(Value::tuple({b.second, 1})));
  Value fa = Value::frozenset(), fb = Value::frozenset();
  for (int i = 0; i < 15; ++i) {
    fa = Value::frozenset({Value::tuple({fa, 1}), Value::tuple({fa, 2})});
    fb = Value::frozenset({Value::tuple({fb, 2}), Value::tuple({fb, 1})});
  }
  CHECK(Value::dict({{fa, 1}}).contains(fb));
}

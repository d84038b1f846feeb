// Value: scalars, elements and paths, identity, tensor objects, deep equality.
#include <doctest/doctest.h>
#include <complex>

#include <harker/core/state_dict.h>

#include <atomic>
#include <cmath>
#include <thread>

#include "value_probe.h"

using namespace harker;
using namespace harker::test;

TEST_CASE("value: is 16 bytes and knows its kind") {
  CHECK(sizeof(Value) == 16);
  CHECK(Value().is_none());
  CHECK(Value(true).is_bool());
  CHECK(Value(3).is_int());
  CHECK(Value(0.5).is_float());
  CHECK(Value("x").is_string());
  CHECK(Value(kInt64).as_dtype() == kInt64);
  CHECK(Value(std::complex<double>(1, 2)).as_complex() == Complex{1, 2});
  CHECK(Value::size({2, 3}).as_size() == Shape{2, 3});
  CHECK(Value::size({2, 3}).len() == 2);
  CHECK(Value::device("cuda:1").as_name() == "cuda:1");
  CHECK(Value::dict({}, DictFlavour::counter).type_name() == "Counter");
  const std::vector<std::uint8_t> data{0, 255};
  CHECK(Value::bytes(data).as_bytes()[1] == 255);
  CHECK(Value::bytearray(data).kind() == Value::Kind::bytearray);
  CHECK(Value(std::string_view("a\0b", 3)).as_string().size() == 3);
  CHECK(Value(7).as_double() == 7);
  CHECK(Value(true).as_int() == 1);
}

TEST_CASE("value: the wrong kind is said in words") {
  CHECK_THROWS_WITH_AS(Value::dict().tensor(), "this is a dict, not a tensor", TypeError);
  CHECK_THROWS_WITH_AS(Value(3).as_string(), "this is an int, not a string", TypeError);
  CHECK_THROWS_WITH_AS(Value().as_bool(), "this is None, not a bool", TypeError);
  CHECK_THROWS_WITH_AS(Value(0.5).as_int(), "this is a float, not an int", TypeError);
  CHECK_THROWS_WITH_AS(Value(3)["x"], "cannot look up 'x' in the int, which is an int", TypeError);
  CHECK_THROWS_WITH_AS(Value(3).len(), "this is an int, not a container", TypeError);
  Value::Opaque o;
  o.module = "argparse", o.name = "Namespace", o.called = true;
  const Value object = Value::opaque(o);
  CHECK_THROWS_WITH_AS(object.items(), "this is an object of class 'argparse.Namespace', not a dict", TypeError);
}

namespace {
template <class V>
concept PointsInto = requires(V&& v) {
  std::forward<V>(v).items();
}
|| requires(V&& v) { std::forward<V>(v).elements(); }
|| requires(V&& v) { std::forward<V>(v).find(1); };
}  // namespace
TEST_CASE("value: what points into a dying value does not compile, and its parts outlive it") {
  static_assert(PointsInto<Value&> && PointsInto<const Value&>);
  static_assert(!PointsInto<Value> && !PointsInto<const Value>);
  const auto made = [] { return Value::list({Value::list({Value::list({"a string on the heap"})})}); };
  const Value& one = made()[0];  // not a reference into the list that is gone
  CHECK(one[0][0].as_string() == "a string on the heap");
  const Value& inner = made().at({0, 0});
  CHECK(inner[0].as_string() == "a string on the heap");
  const auto dict = [] {
    Value d = Value::dict({}, DictFlavour::default_dict);
    d.set_attributes(Value::dict({{"x", 1}}));
    return d;
  };
  const Value& attributes = dict().attributes();
  CHECK(attributes["x"].as_int() == 1);
  const Value& factory = dict().default_factory();
  CHECK(factory.is_none());
}

TEST_CASE("value: integers of any size are normalised and read back") {
  struct Case {
    Value v;
    std::vector<std::uint8_t> bytes;
    const char* decimal;
  };
  const Case cases[] = {
      {0, {}, "0"},
      {1, {1}, "1"},
      {-1, {0xff}, "-1"},
      {127, {0x7f}, "127"},
      {128, {0x80, 0}, "128"},
      {-128, {0x80}, "-128"},
      {-129, {0x7f, 0xff}, "-129"},
      {INT64_MAX, {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f}, "9223372036854775807"},
      {INT64_MIN, {0, 0, 0, 0, 0, 0, 0, 0x80}, "-9223372036854775808"},
      {UINT64_MAX, {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0}, "18446744073709551615"},
      {big({0, 0, 0, 0, 0, 0, 0, 0, 1}), {0, 0, 0, 0, 0, 0, 0, 0, 1}, "18446744073709551616"},
      {big({0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe, 0xff, 0xff}),
       {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe},
       "-18446744073709551617"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.decimal);
    CHECK(c.v.integer_bytes() == c.bytes);
    CHECK(c.v.integer_decimal() == c.decimal);
    CHECK(Value::integer(c.bytes).equals(c.v));
    std::vector<std::uint8_t> padded = c.bytes;
    padded.resize(padded.size() + 3, !padded.empty() && (padded.back() & 0x80) ? 0xff : 0);
    CHECK(Value::integer(padded).equals(c.v));
    CHECK(c.v.as_double() == std::strtod(c.decimal, nullptr));
  }
  CHECK(!Value(UINT64_MAX).fits_int64());
  CHECK_THROWS_AS(Value(UINT64_MAX).as_int(), TypeError);
  // 2**65 + 1 and 2**65 + 2**12 + 1: half-way and just above it
  CHECK(big({1, 0, 0, 0, 0, 0, 0, 0, 2}).as_double() == 0x1p65);
  CHECK(big({1, 0x10, 0, 0, 0, 0, 0, 0, 2}).as_double() == 0x1.0000000000001p65);
  CHECK_THROWS_AS(Value::integer(std::vector<std::uint8_t>(200, 0x7f)).as_double(), TypeError);
  CHECK_THROWS_AS(Value::integer(std::vector<std::uint8_t>(100'001, 0x7f)).integer_decimal(), Error);
  CHECK(Value::integer(std::vector<std::uint8_t>(2'000, 0x7f)).integer_decimal().size() == 4817);
}

TEST_CASE("value: elements by index and path, errors name the way") {
  const Value v = Value::dict({{"optimizer", Value::dict({{"states", Value::dict({{0, Value::dict({{"step", 7}})}})},
                                                          {"param_groups", Value::list({1, 2, 3})}})}});
  CHECK(v.at({"optimizer", "states", 0, "step"}).as_int() == 7);
  CHECK(v["optimizer"]["param_groups"][-1].as_int() == 3);
  CHECK_THROWS_WITH_AS(v.at({"optimizer", "state"}), "no key 'state' in optimizer, did you mean 'states'?", Error);
  CHECK_THROWS_WITH_AS(v.at({"optimizer", "states", 1}), "no key 1 in optimizer.states, which has 0", Error);
  CHECK_THROWS_WITH_AS(v["model"], "no key 'model' in the dict, which has 'optimizer'", Error);
  const std::string forty(40, 'a');
  CHECK_THROWS_WITH_AS((Value::dict({{forty, 1}})["model"]),
                       ("no key 'model' in the dict, which has '" + forty + "'").c_str(), Error);
  CHECK_THROWS_WITH_AS((Value::dict({{forty + "a", 1}})["model"]),
                       ("no key 'model' in the dict, which has '" + forty + "...'").c_str(), Error);
  CHECK_THROWS_WITH_AS(v.at({"optimizer", "param_groups", 3}),
                       "index 3 is out of range for optimizer.param_groups, a list of 3 elements", ShapeError);
  CHECK_THROWS_AS(v.at({"optimizer", "param_groups", -4}), ShapeError);
  CHECK_THROWS_WITH_AS(v.at({"optimizer", "states", 0, "step", "x"}),
                       "cannot look up 'x' in optimizer.states.0.step, which is an int", TypeError);
  CHECK_THROWS_AS(v["optimizer"]["param_groups"]["x"], TypeError);
  CHECK(v.find("nothing") == nullptr);
}

TEST_CASE("value: copies are one object, as names are in Python") {
  Value a = Value::list({1});
  Value b = a;
  b.push_back(2);
  CHECK(a.len() == 2);
  CHECK(a.same_object(b));
  CHECK(!a.same_object(Value::list({1, 2})));
  CHECK(Value(2).same_object(2));
  CHECK(!Value("x").same_object("x"));
  Value c = std::move(a);
  CHECK(a.is_none());
  CHECK(c.len() == 2);
  c = c.elements()[0];  // assigned from inside itself
  CHECK(c.as_int() == 1);
  Value big_one = UINT64_MAX;
  Value big_copy = big_one;
  CHECK(big_copy.equals(big_one));
  CHECK(big_copy.same_object(big_one));
  CHECK(!big_one.from_file());
  CHECK(big_one.mark_from_file().from_file());
  CHECK(big_copy.from_file());
}

TEST_CASE("value: attributes, default factory and flavours") {
  Value d = Value::dict({}, DictFlavour::default_dict);
  CHECK(d.attributes().is_none());
  CHECK(d.default_factory().is_none());
  d.set_attributes(Value::dict({{"_metadata", 1}}));
  d.set_default_factory("list");
  CHECK(d.attributes()["_metadata"].as_int() == 1);
  CHECK(d.default_factory().as_string() == "list");
  Value t = zeros({1});
  t.set_attributes(Value::dict({{"tag", 1}}));
  CHECK(t.attributes()["tag"].as_int() == 1);
  CHECK(Value(1).attributes().is_none());
  CHECK_THROWS_AS(d.set_attributes(3), TypeError);
  CHECK_THROWS_AS(Value(1).set_attributes(Value::dict()), TypeError);
}

TEST_CASE("value: a tensor object is the object, not the tensor") {
  const Tensor t = ones({2});
  const Value a = t, b = t, c = a;
  CHECK(a.same_object(c));
  CHECK(!a.same_object(b));
  CHECK(a.tensor().is(t));
  CHECK(a.equals(b));
  CHECK(!Value::parameter(t).equals(a));
  CHECK(Value::parameter(t).is_parameter());
  const Tensor undefined;
  CHECK_THROWS_AS(Value{undefined}, TypeError);
}

TEST_CASE("value: a lazy tensor becomes real when it is asked for") {
  {
    const Value v = probe();
    CHECK(Probe::alive == 1);
    CHECK(v.lazy_tensor().shape() == Shape{2});
    CHECK(v.lazy_tensor().storage().data == nullptr);
    std::vector<std::thread> threads;
    std::atomic<int> good{0};
    for (int i = 0; i < 4; ++i) threads.emplace_back([&] { good += v.tensor().data<float>()[0] == 2 ? 1 : 0; });
    for (std::thread& thread : threads) thread.join();
    CHECK(good == 4);
    CHECK(v.tensor().data<float>()[1] == 3);
  }
  CHECK(Probe::alive == 0);
}

TEST_CASE("value: equality is deep and by kind") {
  auto make = [] {
    return Value::dict({{"t", arange(6).reshape({2, 3})},
                        {"l", Value::list({1, 0.5, "x", Value(), true})},
                        {"n", std::nan("")},
                        {Value::tuple({1, 2}), Value::set({1, 2, 3})},
                        {"s", StateDict{{"w", zeros({2})}}}});
  };
  CHECK(make().equals(make()));
  Value other = make();
  other.set("t", arange(6).reshape({3, 2}));
  CHECK(!make().equals(other));
  other.set("t", arange(6).reshape({3, 2}).transpose(0, 1));
  CHECK(!make().equals(other));
  other.set("t", tensor({{0, 3}, {1, 4}, {2, 5}}).to(kInt64).transpose(0, 1));
  CHECK(make().equals(other));
  CHECK(!Value(1).equals(1.0));
  CHECK(!Value(1).equals(true));
  CHECK(!Value(0.0).equals(-0.0));
  CHECK(!Value::list({1}).equals(Value::tuple({1})));
  CHECK(Value::dict({{"a", 1}, {"b", 2}}).equals(Value::dict({{"b", 2}, {"a", 1}})));
  CHECK(!Value::ordered_dict({{"a", 1}, {"b", 2}}).equals(Value::ordered_dict({{"b", 2}, {"a", 1}})));
  CHECK(!Value::dict({{1, 1}}).equals(Value::dict({{true, 1}})));
  CHECK(Value::set({1, 2}).equals(Value::set({2, 1})));
  CHECK(!Value::set({1, 2}).equals(Value::frozenset({2, 1})));
  CHECK(Value::dict({{zeros({1}), 1}}).equals(Value::dict({{zeros({1}), 1}})));
  CHECK(zeros({2, 0}).numel() == 0);
  CHECK(Value(zeros({2, 0})).equals(zeros({2, 0})));
  CHECK(Value(zeros({1}).expand({1'000'000})).equals(zeros({1}).expand({1'000'000})));
  CHECK(!Value(zeros({1})).equals(ones({1})));
}

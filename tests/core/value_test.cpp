// Value: scalars, containers, keys by Python's rules, identity, deep equality, cycles, and freeing without recursion.
#include <doctest/doctest.h>
#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <harker/core/state_dict.h>
#include <limits>
#include <memory>
#include <thread>

using namespace harker;
using Item = Value::Item;

namespace {

// Runs `f` on a thread with a stack of 256 KiB (more under sanitizers, whose frames are larger).
template <class F>
void on_small_stack(F f) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  constexpr std::size_t kStack = 1 << 20;
#else
  constexpr std::size_t kStack = 256 << 10;
#endif
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, kStack);
  pthread_t thread;
  auto body = [](void* p) -> void* {
    (*static_cast<F*>(p))();
    return nullptr;
  };
  REQUIRE(pthread_create(&thread, &attributes, body, &f) == 0);
  pthread_join(thread, nullptr);
  pthread_attr_destroy(&attributes);
}

Value nested_lists(int depth) {
  Value v = Value::list();
  for (int i = 0; i < depth; ++i) v = Value::list({std::move(v)});
  return v;
}

Value nested_tuples(int depth, Value v = 1) {
  for (int i = 0; i < depth; ++i) v = Value::tuple({std::move(v)});
  return v;
}

Value big(std::initializer_list<std::uint8_t> bytes) { return Value::integer(std::vector<std::uint8_t>(bytes)); }

// A tensor whose bytes are counted: how many such are alive says whether what held it was freed.
struct Probe : StorageOwner {
  static inline int alive = 0;
  float data[4] = {1, 2, 3, 4};
  Probe() { ++alive; }
  ~Probe() override { --alive; }
  void* materialize() override { return data; }
};
Tensor probe() {
  return make_view(make_storage(new Probe, nullptr, 16, true), kFloat32, Shape{2}, Shape{1}, 1);
}

}  // namespace

TEST_CASE("value: is 16 bytes and knows its kind") {
  CHECK(sizeof(Value) == 16);
  CHECK(Value().is_none());
  CHECK(Value(true).is_bool());
  CHECK(Value(3).is_int());
  CHECK(Value(0.5).is_float());
  CHECK(Value("x").is_string());
  CHECK(Value(kInt64).as_dtype() == kInt64);
  CHECK(Value(std::complex<double>(1, 2)).as_complex() == std::complex<double>(1, 2));
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
  CHECK_THROWS_WITH_AS(Value::opaque(o).items(), "this is an object of class 'argparse.Namespace', not a dict", TypeError);
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

  for (const Value& key : {Value::list(), Value::dict(), Value::set(), Value::tuple({1, Value::list()}), Value::bytearray({})}) {
    CHECK_THROWS_AS(keys.set(key, 1), TypeError);
    CHECK_THROWS_AS(keys.find(key), TypeError);
  }
  CHECK_THROWS_WITH_AS(keys.set(Value::list(), 1), "unhashable type: 'list' cannot be a key of a dict or an element of a set",
                       TypeError);
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
  for (int i = 0; i < 19; ++i) {
    fa = Value::frozenset({Value::tuple({fa, 1}), Value::tuple({fa, 2})});
    fb = Value::frozenset({Value::tuple({fb, 2}), Value::tuple({fb, 1})});
  }
  CHECK(Value::dict({{fa, 1}}).contains(fb));
}

TEST_CASE("value: deep nesting is freed, compared and hashed without recursion") {
  on_small_stack([] {
    Value a = nested_lists(100'000);
    CHECK(a.equals(nested_lists(100'000)));
    CHECK(!a.equals(nested_lists(100'001)));
    Value::seal_cycles(a);
    Value dict;
    for (int i = 0; i < 100'000; ++i) dict = Value::dict({{"k", std::move(dict)}});
    Value attributes = Value::dict();
    for (int i = 0; i < 100'000; ++i) {
      Value t = Value::ordered_dict();
      t.set_attributes(std::move(attributes));
      attributes = std::move(t);
    }
    Value opaque;
    for (int i = 0; i < 100'000; ++i) {
      Value::Opaque o;
      o.state = std::move(opaque);
      opaque = Value::opaque(o);
    }
    CHECK_THROWS_AS(Value::dict().set(nested_tuples(100'000), 1), TypeError);
    CHECK(Value::dict({{nested_tuples(1000), 1}}).contains(nested_tuples(1000)));
    CHECK_THROWS_AS(Value::dict().set(nested_tuples(1001), 1), TypeError);
    Value set = Value::frozenset();
    for (int i = 0; i < 15; ++i) set = Value::frozenset({nested_tuples(10, set)});
    Value twin = Value::frozenset();
    for (int i = 0; i < 15; ++i) twin = Value::frozenset({nested_tuples(10, twin)});
    CHECK(Value::dict({{set, 1}}).contains(twin));
  });
}

TEST_CASE("cycles: a list that contains itself is freed with its last handle") {
  {
    Value list = Value::list({probe()});
    list.push_back(list);
    Value::seal_cycles(list);
    CHECK(list[1][1][1].same_object(list));
    const Value copy = list[1];  // kept after the root is gone
    list = Value();
    CHECK(Probe::alive == 1);
    CHECK(copy[1].same_object(copy));
  }
  CHECK(Probe::alive == 0);
}

TEST_CASE("cycles: through dicts, tuples, attributes and unknown objects") {
  {
    Value dict = Value::dict({{"p", probe()}}), list = Value::list({probe(), dict});
    dict.set("list", list);
    Value tuple_list = Value::list();
    tuple_list.push_back(Value::tuple({tuple_list, probe()}));
    Value tensor = probe();
    tensor.set_attributes(Value::dict({{"self", tensor}}));
    Value ordered = Value::ordered_dict();
    ordered.set_attributes(Value::dict({{"owner", ordered}, {"p", probe()}}));
    Value opaque = Value::opaque({});
    opaque.as_opaque().state = Value::dict({{"self", opaque}, {"p", probe()}});
    opaque.as_opaque().appended.push_back(opaque);
    opaque.as_opaque().assigned.emplace_back("self", opaque);
    const Value root = Value::list({dict, tuple_list, tensor, ordered, opaque});
    Value::seal_cycles(root);
    CHECK(Probe::alive == 6);
  }
  CHECK(Probe::alive == 0);
}

TEST_CASE("cycles: one that holds another, and what stands outside") {
  Value outside;
  {
    Value inner = Value::list({probe()});
    inner.push_back(inner);
    outside = Value::list({inner, probe()});
    Value outer = Value::list({probe(), outside});  // outer cycle -> outside list -> inner cycle
    outer.push_back(outer);
    Value::seal_cycles(outer);
    Value::seal_cycles(outer);  // once more changes nothing
    CHECK(Probe::alive == 3);
  }
  CHECK(Probe::alive == 2);
  CHECK(outside[0][1].same_object(outside[0]));
  outside = Value();
  CHECK(Probe::alive == 0);
}

TEST_CASE("cycles: 100000 long, in a small stack") {
  on_small_stack([] {
    auto ring = [] {
      Value first = Value::list({probe()}), last = first;
      for (int i = 1; i < 100'000; ++i) {
        Value next = Value::list();
        last.push_back(next);
        last = next;
      }
      last.push_back(first);
      return first;
    };
    {
      const Value a = ring(), b = ring();
      Value::seal_cycles(a);
      Value::seal_cycles(b);
      CHECK(a.equals(b));
      CHECK(Probe::alive == 2);
    }
    CHECK(Probe::alive == 0);
  });
}

TEST_CASE("cycles: deep equality ends on cycles of different length") {
  Value one = Value::list();
  one.push_back(one);
  Value two = Value::list(), other = Value::list({two});
  two.push_back(other);
  CHECK(one.equals(two));
  Value three = Value::list({Value::list({1})});
  CHECK(!one.equals(three));
  for (const Value& v : {one, two, three}) Value::seal_cycles(v);
}

TEST_CASE("cycles: a sealed one can be changed and never dangles") {
  {
    Value list = Value::list({probe()});
    Value dict = Value::dict({{"list", list}});
    list.push_back(dict);
    Value::seal_cycles(list);
    for (int i = 0; i < 100; ++i) list.push_back(i);  // the elements move
    CHECK(list[1]["list"].same_object(list));
    CHECK(dict.erase("list"));  // the cycle is broken
    CHECK(list[1].same_object(dict));
    dict.set("list", list);  // and made again
  }
  CHECK(Probe::alive == 0);
  {
    Value object = Value::opaque({});
    Value::Opaque& o = object.as_opaque();
    o.appended = {object, object, probe()};
    o.state = Value::list({object});
    Value::seal_cycles(object);
    std::vector<Value> taken = std::move(o.appended);  // what was inside is outside now
    Value state = std::move(o.state);
    object = Value();
    CHECK(taken[0].same_object(state[0]));
    CHECK(taken[0].as_opaque().appended.empty());
    taken[0].as_opaque().appended = {taken[2]};
    taken.clear();
    CHECK(Probe::alive == 1);
    CHECK(state[0].as_opaque().appended.size() == 1);
  }
  CHECK(Probe::alive == 0);
  {
    Value object = Value::opaque({});
    object.as_opaque().appended = {object, object, object, probe()};
    Value::seal_cycles(object);
    object.as_opaque().appended.clear();  // counted again while it empties
    CHECK(Probe::alive == 0);
    CHECK(object.as_opaque().appended.empty());
  }
}

TEST_CASE("value: many threads may copy and drop handles on one cycle") {
  {
    Value list = Value::list({probe(), Value::list()});
    list.push_back(list);
    Value::seal_cycles(list);
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([mine = list] {
        for (int k = 0; k < 10'000; ++k) {
          const Value again = mine[2][2];
          const Value inner = again[1];
        }
      });
    }
    list = Value();
    for (std::thread& thread : threads) thread.join();
  }
  CHECK(Probe::alive == 0);
}

// Values that refer to themselves, and very deep ones: freed, compared and hashed without recursion, and never
// dangling.
#include <doctest/doctest.h>

#include <thread>

#include "value_probe.h"

using namespace harker;
using namespace harker::test;

TEST_CASE("value: deep nesting is freed, compared and hashed without recursion") {
  in_small_thread([] {
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

TEST_CASE("cycles: what two objects share is no cycle: held alone, a child does not hold its parent") {
  for (int held = 0; held < 4; ++held) {  // whichever of them the search comes to first
    CAPTURE(held);
    {
      Value child;
      {
        const Value inner = Value::list({probe()});
        const Value a = Value::list({inner, probe()}), b = Value::list({inner, probe()});
        const Value root =
            Value::list({a, b, Value::tuple({inner, probe()}), Value::dict({{"i", inner}, {"p", probe()}}), probe()});
        Value::seal_cycles(root);
        CHECK(Probe::alive == 6);
        child = root[held];
      }
      CHECK(Probe::alive == 2);  // its own and that of inner
      child = held < 3 ? child[0] : child["i"];
      CHECK(Probe::alive == 1);
    }
    CHECK(Probe::alive == 0);
  }
}

TEST_CASE("cycles: 100000 long, in a small stack") {
  in_small_thread([] {
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

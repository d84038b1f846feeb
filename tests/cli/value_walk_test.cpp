// ValueWalk: the order, references, and values made to explode.
#include <doctest/doctest.h>
#include <harker/core/error.h>
#include <harker/core/repr.h>
#include <harker/core/value_walk.h>

using namespace harker;

namespace {

std::string listing(const Value& root) {
  std::string out;
  for (ValueWalk walk(root); walk.next();) {
    out += std::string(walk.path()) +
           (walk.is_ref()       ? " -> " + walk.same_as()
            : walk.met_before() ? " = " + walk.same_as()
                                : "") +
           "\n";
  }
  return out;
}

}  // namespace

TEST_CASE("walk: containers come before their children and lists met before are references") {
  Value inner = Value::list({1, 2});
  Value root = Value::dict({{"a", inner}, {"b.c", Value::tuple({inner, "x"})}, {7, Value::dict()}});
  CHECK(listing(root) == "\na\na.0\na.1\nb.c\nb.c.0 -> a\nb.c.1\n7\n");
  CHECK(ValueWalk(root).entries() == 8);
}

TEST_CASE("walk: a cycle ends where it began") {
  Value list = Value::list({1});
  list.push_back(Value::tuple({list}));
  CHECK(listing(list) == "\n0\n1\n1.0 -> \n");
  Value::seal_cycles(list);
}

TEST_CASE("walk: shared tuples are entered each time until there are too many") {
  Value t = Value::tuple({1});
  for (int i = 0; i < 3; ++i) t = Value::tuple({t, t});
  CHECK(ValueWalk(t).entries() == 23);
  int n = 0;
  for (ValueWalk walk(t); walk.next();) ++n;
  CHECK(n == 23);
  for (int i = 0; i < 60; ++i) t = Value::tuple({t, t});
  CHECK_THROWS_AS(ValueWalk{t}, Error);
}

TEST_CASE("walk: a long chain of lists costs no stack") {
  Value v = Value::list();
  for (int i = 0; i < 100'000; ++i) v = Value::list({v});
  CHECK(ValueWalk(v).entries() == 100'001);
  CHECK(repr(v, 20) == "[[[[[[[[[[[[[[[[[[[[[...");
}

TEST_CASE("walk: a pinned entry's path can be asked later") {
  Value root = Value::dict({{"a", Value::tuple({Value::dict({{"x", 1}, {"y", 2}})})}, {"b", 3}});
  std::uint32_t pin = 0;
  ValueWalk walk(root);
  while (walk.next())
    if (walk.path() == "a.0.y") pin = walk.pin();
  CHECK(walk.path_of(pin) == "a.0.y");
}

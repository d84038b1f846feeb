// Values through the value table, in both formats that hold one.
#include <doctest/doctest.h>
#include <harker/serialize/serialize.h>
#include <random_value.h>

namespace {

using namespace harker;

std::vector<std::uint8_t> bytes(const Value& v, const char* format) { return save_to_bytes(v, {.format = format}); }
Value back(const std::vector<std::uint8_t>& file) { return load(file, {.unknown = Unknown::keep}); }

constexpr const char* kFormats[] = {"harker", "onnx"};

void round_trips(const char* format, int count) {
  int wrong = 0;
  for (int seed = 1; seed <= count && wrong < 3; ++seed) {
    const Value v = harker::test::RandomValue(static_cast<std::uint64_t>(seed))();
    const auto file = bytes(v, format);
    const Value w = back(file);
    const bool same = v.equals(w), identical = bytes(w, format) == file;
    if (same && identical) continue;
    ++wrong;
    CAPTURE(format);
    CAPTURE(seed);
    CHECK(same);
    CHECK(identical);
  }
  CHECK(wrong == 0);
}

}  // namespace

TEST_CASE("value table: 20,000 random values come back equal and are written again as the same bytes") {
  round_trips("harker", 20000);
  round_trips("onnx", 2000);
}

TEST_CASE("value table: identity, sharing and where things came from survive") {
  for (const char* format : kFormats) {
    CAPTURE(format);
    Value shared = Value::list({1, 2});
    Value text("a string that came from a file");
    text.mark_from_file();
    const Tensor base = arange(12).view({3, 4});
    Value same_tensor{base};
    Value root = Value::dict({{"a", shared},
                              {"b", shared},
                              {"t1", text},
                              {"t2", text},
                              {"x", same_tensor},
                              {"y", same_tensor},
                              {"view", base.transpose(0, 1)},
                              {"handle", Value(base)}});
    root.set("self", root);
    Value::seal_cycles(root);
    const Value w = back(bytes(root, format));
    CHECK(w["a"].same_object(w["b"]));
    CHECK(w["self"].same_object(w));
    CHECK(w["t1"].same_object(w["t2"]));
    CHECK(w["t1"].from_file());
    CHECK_FALSE(w.from_file());
    CHECK(w["x"].same_object(w["y"]));
    CHECK(w["handle"].tensor().is(w["x"].tensor()));
    CHECK_FALSE(w["handle"].same_object(w["x"]));
    CHECK(w["view"].tensor().shares_storage(w["x"].tensor()));
    CHECK(w["view"].tensor().strides() == Shape{1, 4});
    CHECK(w["view"].tensor().storage().nbytes == 96);
  }
}

TEST_CASE("value table: tuples that hold each other through a list") {
  for (const char* format : kFormats) {
    Value list = Value::list();
    Value first = Value::tuple({list}), second = Value::tuple({first});
    list.push_back(second);
    Value::seal_cycles(first);
    const Value w = back(bytes(first, format));
    CHECK(w[0][0][0].same_object(w));
  }
}

TEST_CASE("value table: a list nested a million deep is written and read without recursion") {
  // A million frames need more than any default stack.
  Value v = Value::list();
  for (int i = 0; i < 1000000; ++i) v = Value::list({v});
  const auto file = bytes(v, "harker");
  Value w = back(file);
  std::size_t depth = 0;
  for (Value at = w; at.len() > 0; at = Value(at[0])) ++depth;
  CHECK(depth == 1000000);
}

TEST_CASE("value table: one part is read with LoadOptions::only") {
  for (const char* format : kFormats) {
    const Value root = Value::dict({{"castle", Value::dict({{"fc1.weight", ones({2, 2})}})},
                                    {"other", zeros({3})},
                                    {"list", Value::list({1, Value("two")})}});
    const auto file = bytes(root, format);
    CHECK(load(file, {.only = "castle.fc1.weight"}).tensor().shape() == Shape{2, 2});
    CHECK(load(file, {.only = "castle"}).len() == 1);
    CHECK(load(file, {.only = "list.1"}).as_string() == "two");
    CHECK_THROWS_WITH_AS(load(file, {.only = "castle.fc9"}), doctest::Contains("castle.fc9"), Error);
  }
}

TEST_CASE("value table: classes that are not known are refused by name and path unless they are to be kept") {
  Value::Opaque o;
  o.module = "antigravity", o.name = "Fly", o.called = true, o.args = Value::tuple();
  const Value root = Value::dict({{"wings", Value::opaque(o)}});
  for (const char* format : kFormats) {
    const auto file = bytes(root, format);
    CHECK_THROWS_WITH_AS(load(file), doctest::Contains("'antigravity.Fly' at 'wings'"), FormatError);
    CHECK(load(file, {.unknown = Unknown::keep})["wings"].as_opaque().name == "Fly");
  }
}

TEST_CASE("value table: what could not be read back is refused when saving") {
  for (const char* format : kFormats) {
    CHECK_THROWS_AS(bytes(Value(std::string_view("\xff\xfe")), format), Error);
    Value::Sparse s;
    s.layout = "torch.sparse_coo";
    CHECK_THROWS_AS(bytes(Value::sparse(s), format), Error);
  }
}

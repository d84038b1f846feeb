// `harker diff`: what it says of tensors, numbers and names; tolerances, values, prefixes, JSON.
#include <doctest/doctest.h>
#include <harker/core/ops/ops.h>
#include <harker/serialize/serialize.h>

#include <cmath>

#include <test_json.h>
#include "cli/run.h"

using namespace harker;
using namespace harker::test;

namespace {

struct Two {
  TempFolder t;
  Run operator()(const Value& a, const Value& b, std::vector<std::string> options = {}, const char* b_name = "b.pt") {
    save(a, t / "a.pt");
    save(b, t / b_name);
    options.insert(options.begin(), "diff");
    options.push_back(t / "a.pt");
    options.push_back(t / b_name);
    return harker_command(options);
  }
};

}  // namespace

TEST_CASE("cli: diff names what differs, by how much, and the first of it") {
  Two diff;
  const Value a = Value::dict({{"w", tensor({1., 2., 3.})},
                               {"shape", zeros({2, 3})},
                               {"kind", zeros({2})},
                               {"decoder.weight", 1},
                               {"epoch", 5},
                               {"same", ones({4})}});
  const Value b = Value::dict({{"w", tensor({1, 2.5, 3})},
                               {"shape", zeros({3, 2})},
                               {"kind", zeros({2}, kFloat64)},
                               {"epoch", 6},
                               {"same", ones({4})},
                               {"decodr.weight", 2}});
  const Run r = diff(a, b, {}, "b.harker");
  CHECK(r.status == 1);
  CHECK(r.out ==
        "w: 1 of 3 elements differ, max abs diff 0.5 (2,097,152 ulp), first at (1): 2 against 2.5\n"
        "shape: shape (2, 3) against (3, 2)\n"
        "kind: dtype float32 against float64\n"
        "decoder.weight: only in the first file; the second has 'decodr.weight'\n"
        "epoch: 5 against 6\n"
        "decodr.weight: only in the second file; the first has 'decoder.weight'\n"
        "differ: 3 of 4 tensors, 1 other value; 1 only in the first file, 1 only in the second\n");
  const Run same = diff(a, a);
  CHECK(same.status == 0);
  CHECK(same.out == "equal: 4 tensors\n");
}

TEST_CASE("cli: diff tells classes and attributes apart") {
  Two diff;
  const auto object = [](const char* name) {
    Value::Opaque o;
    o.module = "castle", o.name = name, o.called = true, o.args = Value::tuple({1});
    return Value::dict({{"x", Value::opaque(o)}});
  };
  CHECK(diff(object("Door"), object("Door"), {"--keep-unknown"}).status == 0);
  CHECK(diff(object("Door"), object("Gate"), {"--keep-unknown"}).status == 1);
  const Value plain = Value::dict({{"d", Value::dict({{"a", 1}})}}),
              ordered = Value::dict({{"d", Value::dict({{"a", 1}}, DictFlavour::ordered_dict)}});
  CHECK(diff(plain, ordered).out.find("d: of the class dict against of the class OrderedDict") != std::string::npos);
  CHECK(diff(plain, ordered, {"--values"}).status == 0);
  Value tagged(ones({2}));
  tagged.set_attributes(Value::dict({{"tag", 1}}));
  CHECK(diff(Value::dict({{"w", Value(ones({2}))}}), Value::dict({{"w", tagged}})).status == 1);
}

TEST_CASE("cli: diff's largest difference is that of all elements, in any order, and repeats are no elements") {
  Two diff;
  const Run r = diff(Value::dict({{"w", tensor({1., 2., 3.})}, {"z", tensor({0., 0.})}}),
                     Value::dict({{"w", tensor({5., 2., 3.5})}, {"z", tensor({0.25, 3.})}}));
  CHECK(r.out.find("w: 2 of 3 elements differ, max abs diff 4 ") == 0);
  CHECK(r.out.find("\nz: 2 of 2 elements differ, max abs diff 3 ") != r.out.npos);
  // The first of a repeated row says nothing about a real one; of two that both repeat it says all.
  const Value seven = Value::dict({{"w", tensor({7.}).expand({3})}}),
              mixed = Value::dict({{"w", tensor({7., 7., 8.})}});
  for (const bool turn : {false, true}) {
    const Run one = turn ? diff(mixed, seven) : diff(seven, mixed);
    CHECK(one.status == 1);
    CHECK_MESSAGE(one.out.find("w: 1 of 3 elements differ, max abs diff 1 ") == 0, one.out);
    CHECK(one.out.find("first at (2)") != one.out.npos);
  }
  CHECK(diff(seven, Value::dict({{"w", tensor({9.}).expand({3})}})).status == 1);
  CHECK(diff(seven, seven).status == 0);
}

TEST_CASE("cli: the first index is that of the tensor, whatever its layout") {
  Two diff;
  Tensor x = zeros({4, 5}), y = x.clone();
  y.select(0, 1).select(0, 4).fill_(1), y.select(0, 3).select(0, 0).fill_(2);
  const char* const first = "first at (1, 4): 0 against 1\n";
  for (const bool left : {false, true})
    for (const bool right : {false, true}) {
      const Tensor a = left ? x.t().contiguous().t() : x, b = right ? y.t().contiguous().t() : y;
      const Run r = diff(Value::dict({{"w", a}}), Value::dict({{"w", b}}));
      CHECK_MESSAGE(r.out.find(first) != r.out.npos, r.out);
      CHECK(r.out.find("2 of 20 elements differ, max abs diff 2") != r.out.npos);
    }
  // Views of one storage with gaps between.
  const Run gaps = diff(Value::dict({{"w", x.slice(1, 0, 5, 2)}}), Value::dict({{"w", y.slice(1, 0, 5, 2)}}));
  CHECK_MESSAGE(gaps.out.find("2 of 12 elements differ, max abs diff 2") != gaps.out.npos, gaps.out);
  CHECK(gaps.out.find("first at (1, 2): 0 against 1") != gaps.out.npos);
}

TEST_CASE("cli: diff shows elements as the shortest number of their type, and units in the last place") {
  Two diff;
  const auto line = [&](const Tensor& a, const Tensor& b) {
    const std::string out = diff(Value::dict({{"w", a}}), Value::dict({{"w", b}})).out;
    return out.substr(0, out.find('\n'));
  };
  CHECK(line(tensor({0.1}), tensor({0.2})).ends_with("first at (0): 0.1 against 0.2"));
  CHECK(line(tensor({0.1}).to(kFloat64), tensor({0.1}).to(kFloat64)) == "equal: 1 tensor");
  CHECK(line(full({1}, 1.0), full({1}, std::nextafter(1.0F, 2.0F))).find("(1 ulp)") != std::string::npos);
  CHECK(line(full({1}, 0.0), full({1}, -0.0)) ==
        "w: 1 of 1 elements differ, max abs diff 0 (0 ulp), first at (0): 0 against -0");
  CHECK(line(full({1}, -1e-45), full({1}, 1e-45)).find("(2 ulp)") != std::string::npos);
  CHECK(line(full({}, 7, kInt64), full({}, 8, kInt64)) == "w: 1 of 1 elements differ, max abs diff 1: 7 against 8");
  CHECK(line(full({1}, std::nan("")), full({1}, 1.0)) ==
        "w: 1 of 1 elements differ, max abs diff 0 (and NaN or infinities), first at (0): nan against 1");
  CHECK(line(full({1}, 1.0).to(kBFloat16), full({1}, 1.5).to(kBFloat16)) ==
        "w: 1 of 1 elements differ, max abs diff 0.5 (64 ulp), first at (0): 1 against 1.5");
  CHECK(line(full({1}, true, kBool), full({1}, false, kBool)).ends_with("True against False"));
}

TEST_CASE("cli: diff within a tolerance, absolute and relative") {
  Two diff;
  const Value a = Value::dict({{"w", tensor({1., 100.})}, {"lr", 0.1}, {"nan", full({2}, std::nan(""))}});
  const Value b = Value::dict({{"w", tensor({1.01, 101.})}, {"lr", 0.1001}, {"nan", full({2}, -std::nan(""))}});
  CHECK(diff(a, b).status == 1);
  CHECK(diff(a, b, {"--tolerance", "0.02"}).out.find("w: 1 of 2 elements differ, max abs diff 1 ") == 0);
  const Run within = diff(a, b, {"--tolerance", "1e-9,0.02"});
  CHECK_MESSAGE(within.status == 0, within.out);
  CHECK(within.out == "equal: 2 tensors, the largest difference, within the tolerance, is 1\n");
  CHECK(diff(a, b, {"--tolerance=0.001,0.005"}).status == 1);
  CHECK(diff(Value::dict({{"w", full({1}, HUGE_VAL)}}), Value::dict({{"w", full({1}, 1.0)}}), {"--tolerance", "1,1"})
            .status == 1);
  for (const char* bad : {"x", "1,2,3", "-1", "1,", "nan", ",1"})
    CHECK_MESSAGE(diff(a, b, {std::string("--tolerance=") + bad}).status == 2, bad);
}

TEST_CASE("cli: diff of values across dtypes, formats and kinds of number") {
  Two diff;
  Value::Numpy n;
  n.dtype = ">f8", n.data = {0x40, 0, 0, 0, 0, 0, 0, 0};  // 2.0
  const Value a =
      Value::dict({{"w", tensor({1., 2.})}, {"i", full({2}, 3, kInt64)}, {"n", Value::numpy_scalar(n)}, {"k", 2}});
  const Value b = Value::dict(
      {{"w", tensor({1., 2.}).to(kBFloat16)}, {"i", full({2}, 3.0)}, {"n", full({}, 2.0, kFloat16)}, {"k", 2.0}});
  CHECK(diff(a, b).status == 1);
  const Run r = diff(a, b, {"--values"}, "b.pb");
  CHECK_MESSAGE(r.status == 0, r.out);
  const Run far = diff(Value::dict({{"w", tensor({1.001, 2.})}}), b, {"--values"});
  CHECK_MESSAGE(far.out.find("w: 1 of 2 elements differ, max abs diff 0.00100") == 0, far.out);
}

TEST_CASE("cli: diff shows numpy's numbers and finds them in numpy's arrays") {
  Two diff;
  Value::Numpy n;
  n.dtype = ">f8", n.data = {0x3f, 0xb9, 0x99, 0x99, 0x99, 0x99, 0x99, 0x9a};
  const Value a = Value::dict({{"lr", Value::numpy_scalar(n)}});
  Value::Numpy array = n;
  array.shape = Shape{1};
  const Value in_array = Value::dict({{"x", Value::numpy_array(array)}});
  n.data = {0x3f, 0xc9, 0x99, 0x99, 0x99, 0x99, 0x99, 0x9a};
  array.data = n.data;
  CHECK(diff(a, Value::dict({{"lr", Value::numpy_scalar(n)}})).out.find("lr: 0.1 against 0.2\n") == 0);
  const Run r = diff(in_array, Value::dict({{"x", Value::numpy_array(array)}}));
  CHECK_MESSAGE(r.out.find("x: 1 of 1 elements differ, max abs diff 0.1 (4,503,599,627,370,496 ulp), first at (0): 0.1 "
                           "against 0.2\n") == 0,
                r.out);
  CHECK(diff(in_array, in_array).status == 0);
}

TEST_CASE("cli: diff of files with numpy's scalars and arrays, as training scripts leave them") {
  const std::filesystem::path cases = std::filesystem::path(HARKER_SOURCE_DIR) / "tests" / "cases";
  if (!std::filesystem::exists(cases / "numpy_values_a.pt")) return;
  const Run r =
      harker_command({"diff", (cases / "numpy_values_a.pt").string(), (cases / "numpy_values_b.pt").string()});
  CHECK(r.status == 1);
  CHECK_MESSAGE(r.out.starts_with("lr: 0.1 against 0.2\n"), r.out);
  CHECK(r.out.find("stats: 1 of 2 elements differ, max abs diff 1 ") != r.out.npos);
}

TEST_CASE("cli: diff maps a prefix of one file's names to one of the other's") {
  Two diff;
  const Value wrapped = Value::dict({{"model", StateDict{{"module.w", ones({1})}, {"module.b", ones({1})}}}});
  const Value plain = Value::dict({{"model", StateDict{{"w", ones({1})}, {"b", ones({1})}}}});
  CHECK(diff(wrapped, plain).status == 1);
  CHECK(diff(wrapped, plain, {"--prefix", "module.="}).out == "equal: 2 tensors\n");
  CHECK(diff(plain, Value::dict({{"model", StateDict{{"module.w", ones({1})}, {"module.b", zeros({1})}}}}),
             {"--prefix", "=module."})
            .out.find("model.b: 1 of 1") != std::string::npos);
  const Run more =
      diff(wrapped, Value::dict({{"model", StateDict{{"w", ones({1})}, {"c", ones({1})}}}}), {"--prefix", "module.="});
  CHECK_MESSAGE(more.out.find("model.module.b: only in the first file") == 0, more.out);
  CHECK(more.out.find("model.c: only in the second file") != std::string::npos);
  const Run none = diff(wrapped, plain, {"--prefix", "nodule.="});
  CHECK(none.status == 2);
  CHECK(none.err.find("begins with 'nodule.'") != std::string::npos);
  CHECK(diff(wrapped, plain, {"--prefix", "module."}).status == 2);
}

TEST_CASE("cli: diff --json has the same in an object") {
  Two diff;
  const Run r = diff(Value::dict({{"a\n\"", tensor({1., 2.})}, {"k", 1}, {"s", zeros({2})}, {"gone", 1}}),
                     Value::dict({{"a\n\"", tensor({1., 4.})}, {"k", 2}, {"s", zeros({3})}}), {"--json"});
  CHECK(r.status == 1);
  const auto doc = parse_json(r.out);
  CHECK(doc["equal"] == false);
  CHECK(doc["tensors"] == 2);
  const auto& d = doc["differences"];
  REQUIRE(d.size() == 4);
  CHECK(d[0]["key"][0] == "a\n\"");
  CHECK(d[0]["kind"] == "elements");
  CHECK(d[0]["differing"] == 1);
  CHECK(d[0]["max_abs_diff"] == 2.0);
  CHECK(d[0]["max_ulp_diff"] == 8388608);
  CHECK(d[0]["first"][0] == 1);
  CHECK(d[0]["b"] == "4");
  CHECK(d[1]["kind"] == "value");
  CHECK(d[2]["kind"] == "shape");
  CHECK(d[3]["kind"] == "only_in_a");
  const auto same = parse_json(diff(Value::dict({{"k", 1}}), Value::dict({{"k", 1}}), {"--json"}).out);
  CHECK(same["equal"] == true);
  CHECK(same["differences"].empty());
}

TEST_CASE("cli: diff says which bytes are damaged, as trouble") {
  Two diff;
  TempFolder t;
  save(Value::dict({{"w", full({100}, 7.0)}}), t / "a.harker");
  save(Value::dict({{"w", full({100}, 7.0)}}), t / "b.harker");
  std::vector<std::uint8_t> bytes = read_bytes(t / "b.harker");
  bytes[bytes.size() - 20] ^= 1;
  std::ofstream(t / "b.harker", std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  const Run r = harker_command({"diff", t / "a.harker", t / "b.harker"});
  CHECK(r.status == 2);
  CHECK_MESSAGE(r.err.find("w: CRC-32") != r.err.npos, r.err);
}

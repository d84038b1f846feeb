// The command at its edges: what is longer than a piece of memory, the last good and the first bad depth, many names.
#include <doctest/doctest.h>
#include <harker/core/ops/ops.h>
#include <harker/serialize/checkpoint.h>
#include <harker/serialize/serialize.h>

#include <cstring>

#include <test_json.h>
#include "cli/run.h"

using namespace harker;
using namespace harker::test;

namespace {

std::string bytes_of(const Tensor& t) {
  const Tensor plain = t.contiguous();
  return {static_cast<const char*>(plain.raw()), static_cast<std::size_t>(plain.numel()) * item_size(plain.dtype())};
}

Value nested_tuple(int depth) {
  Value v = Value::tuple();
  for (int i = 1; i < depth; ++i) v = Value::tuple({v});
  return v;
}

struct Named {
  StateDict state_dict() const { return {{"w", ones({1})}}; }
  void load_state_dict(const Value&) {}
};

}  // namespace

TEST_CASE("cli: cat writes views of any strides that are longer than a piece of its memory") {
  TempFolder t;
  const Tensor a = arange(0, 240'000).to(kFloat32).view({400, 600}), b = arange(0, 150'000).view({3, 50'000});
  const std::pair<const char*, Tensor> table[] = {{"whole", a},
                                                  {"turned", a.t()},
                                                  {"columns", a.slice(1, 3, 599, 7)},
                                                  {"rows of one", b.t().slice(1, 1, 2)},
                                                  {"long rows", b.slice(1, 0, 49'999)},
                                                  {"three", a.view({20, 20, 600}).transpose(0, 2).slice(1, 2, 19)},
                                                  {"repeated", ones({1, 3}).expand({50'000, 3})}};
  Value all = Value::dict();
  for (const auto& [name, tensor] : table) all.set(name, tensor);
  save(all, t / "a.pt");
  for (const auto& row : table) {
    const Run r = harker_command({"cat", t / "a.pt", row.first});
    CHECK_MESSAGE(r.status == 0, r.err);
    CHECK_MESSAGE((r.out == bytes_of(row.second)), row.first);
  }
}

TEST_CASE("cli: cat resolves conjugate and negative views; what has no sign has none") {
  TempFolder t;
  std::vector<float> numbers(80'000), flipped(80'000);
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    numbers[i] = static_cast<float>(i);
    flipped[i] = i % 2 ? -numbers[i] : numbers[i];
  }
  Tensor complex = empty({40'000}, DType::complex64);
  std::memcpy(complex.raw(), numbers.data(), numbers.size() * sizeof(float));
  Value conjugate(complex), both(complex), negative(from_vector(numbers, {80'000})), no_sign(zeros({2}, kUInt8));
  conjugate.set_conj_neg(true, false), both.set_conj_neg(true, true), negative.set_conj_neg(false, true);
  no_sign.set_conj_neg(false, true);
  save(Value::dict({{"conjugate", conjugate}, {"both", both}, {"negative", negative}, {"no sign", no_sign}}),
       t / "a.harker");
  auto is = [](const std::string& out, const std::vector<float>& v, float sign) {
    if (out.size() != v.size() * sizeof(float)) return false;
    for (std::size_t i = 0; i < v.size(); ++i) {
      float f;
      std::memcpy(&f, out.data() + i * sizeof f, sizeof f);
      if (f != sign * v[i]) return false;
    }
    return true;
  };
  CHECK(is(harker_command({"cat", t / "a.harker", "conjugate"}).out, flipped, 1));
  CHECK(is(harker_command({"cat", t / "a.harker", "both"}).out, flipped, -1));
  CHECK(is(harker_command({"cat", t / "a.harker", "negative"}).out, numbers, -1));
  const Run r = harker_command({"cat", t / "a.harker", "no sign"});
  CHECK(r.status == 1);
  CHECK(r.err.find("a negative view of uint8") != std::string::npos);
}

TEST_CASE("cli: JSON of nested tuples goes 1000 deep and no deeper") {
  TempFolder t;
  for (const int depth : {999, 1000}) {  // in a set, which is one more
    save(Value::dict({{"set", Value::set({nested_tuple(depth)})}}), t / "value.harker");
    const Run r = harker_command({"inspect", "--json", t / "value.harker"});
    CHECK_MESSAGE(r.status == (depth == 999 ? 0 : 1), r.err);
    if (depth == 999) CHECK(parse_json(r.out).contains("entries"));
    if (depth == 1000) CHECK(r.err.find("nested too deep") != std::string::npos);
  }
  Value keyed = Value::dict();
  keyed.set(nested_tuple(1000), 1);  // deeper a key cannot be
  save(keyed, t / "key.harker");
  CHECK(parse_json(harker_command({"inspect", "--json", t / "key.harker"}).out)["entries"].size() == 2);
}

TEST_CASE("cli: a KEY in JSON goes 100 deep, and may be spelled as JSON may") {
  TempFolder t;
  Value keyed = Value::dict();
  keyed.set(nested_tuple(101), full({1}, 1.0));
  keyed.set("\xc3\xa9\n\"/\\\xf0\x9f\xa6\x87", full({1}, 2.0));
  keyed.set("\xed\xa0\xbd!", full({1}, 3.0));  // a lone surrogate
  keyed.set(std::int64_t{-5}, full({1}, 4.0));
  save(keyed, t / "a.harker");
  auto cat = [&](const std::string& key) { return harker_command({"cat", t / "a.harker", key}); };
  auto first = [](const Run& r) {
    float f = 0;
    if (r.out.size() == sizeof f) std::memcpy(&f, r.out.data(), sizeof f);
    return f;
  };
  auto deep = [](int n) {
    std::string open = "[", close = "]";
    for (int i = 0; i < n; ++i) open += "{\"tuple\": [", close.insert(0, "]}");
    return open + close;
  };
  CHECK(first(cat(deep(101))) == 1);
  CHECK(cat(deep(102)).err.find("nested too deep") != std::string::npos);
  CHECK(first(cat("[\"\\u00e9\\n\\\"\\/\\\\\\ud83e\\udd87\"]")) == 2);
  CHECK(first(cat("[ \"\xc3\xa9\\u000A\\u0022/\\u005c\xf0\x9f\xa6\x87\" ] ")) == 2);
  CHECK(first(cat("[\"\\ud83d!\"]")) == 3);
  CHECK(first(cat("[-5]")) == 4);
  CHECK(first(cat("[{\"int\": \"-5\"}]")) == 4);
  CHECK(first(cat("[{\"int\": -5}]")) == 4);
  for (const char* bad :
       {"[-]", "[\"\\u00g9\"]", "[\"\\u12\"]", "[\"a]", "[{\"int\": \"\"}]", "[{\"none\": false}]", "[{\"bool\": 1}]",
        "[{\"float\": \"\"}]", "[{\"bytes\": \"zz\"}]", "[{\"list\": []}]", "[1,]"})
    CHECK_MESSAGE(cat(bad).status == 1, bad);
}

TEST_CASE("cli: a checkpoint's line names twenty models, and counts the others") {
  TempFolder t;
  for (const int models : {20, 21, 23}) {
    Checkpoint c;
    for (int i = 0; i < models; ++i) c.add_model("m" + std::to_string(i), Named());
    save_checkpoint(c, t / "run.harker");
    const std::string out = harker_command({"inspect", t / "run.harker"}).out;
    CHECK(out.find("m19 (1 tensor)") != std::string::npos);
    const std::string more = "m19 (1 tensor), and " + std::to_string(models - 20) + " more\n";
    CHECK((out.find(more) != std::string::npos) == (models > 20));
    CHECK((out.find("m19 (1 tensor)\n") != std::string::npos) == (models == 20));
  }
}

TEST_CASE("cli: diff refuses to walk views that stand for more than 2^34 elements") {
  TempFolder t;
  constexpr std::int64_t kSide = (1 << 17) + 1;
  save(Value::dict({{"w", zeros({kSide}).expand({kSide, kSide})}}), t / "a.pt");
  save(Value::dict({{"w", zeros({kSide, 1}).expand({kSide, kSide})}}), t / "b.pt");
  const Run r = harker_command({"diff", t / "a.pt", t / "b.pt"});
  CHECK(r.status == 2);
  CHECK(r.err.find("too large to compare") != std::string::npos);
  CHECK(harker_command({"diff", t / "a.pt", t / "a.pt"}).status == 0);  // repeated in both: one row says it
}

#ifndef HARKER_NO_POOL  // sanitizers take address space without end
TEST_CASE("cli: memory that is not there is an error of its own") {
  const std::string limited = "head -c 300000000 /dev/zero | (ulimit -v 150000; \"$0\" ";
  Run r = run_program("/bin/sh", {"-c", limited + "verify -)", HARKER_CLI});
  CHECK(r.status == 1);
  CHECK(r.err == "harker: standard input: not enough memory\n");
  r = run_program("/bin/sh", {"-c", limited + "diff - nothing)", HARKER_CLI});
  CHECK(r.status == 2);
}
#endif

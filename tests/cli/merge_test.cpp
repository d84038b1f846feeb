// `harker merge`: averages and LoRA adapters.
#include <doctest/doctest.h>
#include <harker/core/ops/ops.h>
#include <harker/serialize/serialize.h>

#include "cli/run.h"

using namespace harker;
using namespace harker::test;

namespace {

void write_text(const std::string& path, const std::string& text) { std::ofstream(path) << text; }

}  // namespace

TEST_CASE("cli: merge averages in double, and keeps dtypes, integers, order and ties") {
  TempFolder t;
  const Tensor tied = tensor({1., 2.});
  save(StateDict{{"w", tied}, {"head", tied}, {"h", tensor({1., 1.}).to(kBFloat16)}, {"n", full({}, 3, kInt64)}},
       t / "a.pt");
  const Tensor other = tensor({3., 8.});
  save(Value::dict(
           {{"state_dict",
             StateDict{
                 {"n", full({}, 5, kInt64)}, {"h", tensor({2., 4.}).to(kBFloat16)}, {"w", other}, {"head", other}}},
            {"epoch", 3}}),
       t / "b.harker");
  const Run r = harker_command({"merge", t / "a.pt", t / "b.harker", "-o", t / "out.pt"});
  REQUIRE_MESSAGE(r.status == 0, r.err);
  CHECK(r.out.find("3 tensors averaged over 2 files\n") != r.out.npos);
  CHECK_MESSAGE(r.out.find("1 of 1 tensors of integers are not the same in all files") != r.out.npos, r.out);
  const Value m = load(t / "out.pt");
  CHECK(equal(m["w"].tensor(), tensor({2., 5.})));
  CHECK(m["w"].tensor().shares_storage(m["head"].tensor()));
  CHECK(m["h"].tensor().dtype() == kBFloat16);
  CHECK(equal(m["h"].tensor().to(kFloat32), tensor({1.5, 2.5})));
  CHECK(m["n"].tensor().item<int>() == 3);
  CHECK(m.items()[0].first.as_string() == "w");

  CHECK(
      harker_command({"merge", t / "a.pt", t / "b.harker", "--output", t / "out.pt", "--weight", "0.25,-0.5"}).status ==
      0);
  CHECK(equal(load(t / "out.pt")["w"].tensor(), tensor({-1.25, -3.5})));
  // Where a sum in float32 would lose the small one.
  save(StateDict{{"w", full({1}, 16777216.0)}}, t / "x.pt");
  save(StateDict{{"w", full({1}, 1.0)}}, t / "y.pt");
  CHECK(harker_command({"merge", t / "x.pt", t / "y.pt", t / "y.pt", "-o", t / "s.pt", "--weight", "1,1,1"}).status ==
        0);
  CHECK(load(t / "s.pt")["w"].tensor().item() == 16777218.0);
}

TEST_CASE("cli: merge lists everything by which the files do not fit together") {
  TempFolder t;
  save(StateDict{{"a", ones({2})}, {"b", ones({2})}, {"c", ones({2})}, {"d", ones({1})}}, t / "a.pt");
  save(StateDict{{"a", ones({3})}, {"b", ones({2}, kFloat64)}, {"e", ones({2})}, {"d", ones({1})}}, t / "b.pt");
  const Run r = harker_command({"merge", t / "a.pt", t / "b.pt", "-o", t / "out.pt"});
  CHECK(r.status == 1);
  for (const char* words : {"a: shape (2)", "b: dtype float32", "c: missing in", "e: missing in", "in 4 entries"})
    CHECK_MESSAGE(r.err.find(words) != r.err.npos, r.err);
  CHECK(!std::filesystem::exists(t / "out.pt"));
  for (const std::vector<std::string>& args : {std::vector<std::string>{"merge", t / "a.pt", t / "a.pt"},
                                               {"merge", t / "a.pt", "-o", t / "o.pt"},
                                               {"merge", t / "a.pt", t / "a.pt", "-o", t / "o.pt", "--weight", "1"},
                                               {"merge", t / "a.pt", t / "a.pt", "-o", t / "o.pt", "--weight", "1,x"},
                                               {"merge", t / "a.pt", t / "a.pt", "-o", t / "a.pt"},
                                               {"merge", t / "a.pt", t / "a.pt", "-o", t / "o.pt", "--alpha", "1"}})
    CHECK(harker_command(args).status == 2);
}

TEST_CASE("cli: merge adds a LoRA adapter, by PEFT's names") {
  TempFolder t;
  const Tensor w = arange(0, 6).to(kFloat32).view({2, 3}), a = arange(1, 4).to(kFloat32).view({1, 3}),
               b = tensor({1., -1.}).view({2, 1});
  const Tensor conv = ones({2, 1, 2, 2}), emb = ones({4, 3});
  save(StateDict{{"fc.weight", w.to(kBFloat16)},
                 {"fc.bias", zeros({2})},
                 {"conv.weight", conv},
                 {"emb.weight", emb},
                 {"score.weight", zeros({1, 2})}},
       t / "base.pt");
  std::filesystem::create_directory(t / "adapter");
  const std::string file = t / "adapter/adapter_model.bin";
  const StateDict adapter{{"base_model.model.fc.lora_A.weight", a},
                          {"base_model.model.fc.lora_B.weight", b},
                          {"base_model.model.conv.lora_A.default.weight", ones({2, 1, 2, 2})},
                          {"base_model.model.conv.lora_B.default.weight", ones({2, 2, 1, 1})},
                          {"base_model.model.emb.lora_embedding_A", ones({2, 4})},
                          {"base_model.model.emb.lora_embedding_B", ones({3, 2})},
                          {"base_model.model.score.weight", ones({1, 2})},
                          {"base_model.model.fc.bias", ones({2})}};
  save(adapter, file);
  const std::vector<std::string> command = {"merge", t / "base.pt", "--lora", t / "adapter", "-o", t / "out.pt"};
  CHECK(harker_command(command).err.find("--alpha") != std::string::npos);
  write_text(t / "adapter/adapter_config.json",
             R"({"peft_type": "LORA", "r": 2, "lora_alpha": 4, "use_rslora": false})");
  Run r = harker_command(command);
  REQUIRE_MESSAGE(r.status == 0, r.err);
  Value m = load(t / "out.pt");
  // The scale is alpha / r, of the matrices: 4 for fc, 2 for the others.
  CHECK(m["fc.weight"].tensor().dtype() == kBFloat16);
  CHECK(equal(m["fc.weight"].tensor().to(kFloat32), w + matmul(b, a) * 4));
  CHECK(equal(m["conv.weight"].tensor(), full({2, 1, 2, 2}, 5.0)));
  CHECK(equal(m["emb.weight"].tensor(), full({4, 3}, 5.0)));
  CHECK(equal(m["score.weight"].tensor(), ones({1, 2})));
  CHECK(equal(m["fc.bias"].tensor(), ones({2})));
  CHECK(harker_command({"merge", t / "base.pt", "--lora", file, "-o", t / "out.pt", "--alpha", "0"}).status == 0);
  CHECK(equal(load(t / "out.pt")["emb.weight"].tensor(), emb));

  write_text(t / "adapter/adapter_config.json", R"({"r": 2, "lora_alpha": 4, "use_dora": true})");
  r = harker_command(command);
  CHECK(r.status == 1);
  CHECK(r.err.find("DoRA") != r.err.npos);
  write_text(t / "adapter/adapter_config.json", R"({"lora_alpha": )");
  CHECK(harker_command(command).status == 1);
  std::filesystem::remove(t / "adapter/adapter_config.json");

  StateDict wrong = adapter;
  wrong.set("base_model.model.nowhere.lora_A.weight", a);
  wrong.set("base_model.model.nowhere.lora_B.weight", b);
  wrong.set("base_model.model.fc.lora_B.weight", ones({3, 1}));
  wrong.set("base_model.model.emb.lora_embedding_A", ones({2, 5}));
  wrong.erase("base_model.model.conv.lora_B.default.weight");
  wrong.set("base_model.model.other", a);
  save(wrong, file);
  r = harker_command({"merge", t / "base.pt", "--lora", file, "-o", t / "new.pt", "--alpha", "1"});
  CHECK(r.status == 1);
  for (const char* words : {"nowhere: the base has no", "fc: the shapes do not fit", "emb: the shapes do not fit",
                            "conv: has no lora_B", "other: the base has no"})
    CHECK_MESSAGE(r.err.find(words) != r.err.npos, r.err);
  CHECK(!std::filesystem::exists(t / "new.pt"));
}

TEST_CASE("cli: merge's weights in (in, out) order, as GPT-2 has them, and rank-stabilized scales") {
  TempFolder t;
  const Tensor a = arange(1, 9).to(kFloat32).view({4, 2}), b = ones({3, 4});
  save(StateDict{{"c.weight", zeros({2, 3})}}, t / "base.pt");
  save(StateDict{{"base_model.model.c.lora_A.weight", a}, {"base_model.model.c.lora_B.weight", b}}, t / "lora.pt");
  write_text(t / "adapter_config.json", R"({"lora_alpha": 1, "fan_in_fan_out": true, "use_rslora": true})");
  const Run r = harker_command({"merge", t / "base.pt", "--lora", t / "lora.pt", "-o", t / "out.pt"});
  REQUIRE_MESSAGE(r.status == 0, r.err);
  CHECK(equal(load(t / "out.pt")["c.weight"].tensor(), (matmul(b, a) * 0.5).t().contiguous()));
}

TEST_CASE(
    "cli: merge changes tied weights together, and refuses two adapters in one file and a key that stands twice") {
  TempFolder t;
  const Tensor w = zeros({2, 2});
  StateDict lora{{"base_model.model.head.lora_A.default.weight", ones({1, 2})},
                 {"base_model.model.head.lora_B.default.weight", ones({2, 1})}};
  save(StateDict{{"emb.weight", w}, {"head.weight", w}}, t / "base.pt");
  save(lora, t / "lora.pt");
  const std::vector<std::string> command = {"merge", t / "base.pt", "--lora", t / "lora.pt", "-o", t / "out.pt"};
  write_text(t / "adapter_config.json", R"({"lora_alpha": 1})");
  const Run r = harker_command(command);
  REQUIRE_MESSAGE(r.status == 0, r.err);
  CHECK(equal(load(t / "out.pt")["emb.weight"].tensor(), ones({2, 2})));
  CHECK(equal(load(t / "out.pt")["head.weight"].tensor(), ones({2, 2})));
  write_text(t / "adapter_config.json", R"({"lora_alpha": 1, "lora_alpha": 2})");
  CHECK(harker_command(command).err.find("stands twice") != std::string::npos);
  write_text(t / "adapter_config.json", R"({"lora_alpha": 1})");
  lora.set("base_model.model.head.lora_A.other.weight", ones({1, 2}));
  save(lora, t / "lora.pt");
  CHECK(harker_command(command).err.find("a second adapter") != std::string::npos);
}

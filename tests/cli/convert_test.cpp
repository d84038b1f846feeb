// `harker convert`: every format into every other, parts, names, dtypes, and what a format cannot hold.
#include <doctest/doctest.h>
#include <harker/core/ops/ops.h>
#include <harker/serialize/format.h>

#include <test_json.h>
#include "cli/run.h"

using namespace harker;
using namespace harker::test;

namespace {

bool have_fixtures() {
  if (std::filesystem::exists(fixtures() / "dracula")) return true;
  MESSAGE("skipped: no fixtures");
  return false;
}

}  // namespace

TEST_CASE("cli: convert keeps everything between all formats") {
  if (!have_fixtures()) return;
  TempFolder t;
  for (const std::string name : {"dracula/dracula_model.pickle", "dracula/dracula_checkpoint.pt",
                                 "optim/adam_three_groups.pt", "tensors/tied.pt", "python/nested.pt", "python/keys.pt",
                                 "python/shared_containers.pt", "python/string_surrogate.pt"}) {
    const std::string from = (fixtures() / name).string();
    for (const std::string middle : {"a.pt", "a.pb", "a.harker"}) {
      Run one = harker_command({"convert", from, t / middle});
      CHECK_MESSAGE(one.status == 0, name, " to ", middle, ": ", one.err);
      Run same = harker_command({"diff", from, t / middle});
      CHECK_MESSAGE(same.status == 0, name, " to ", middle, ": ", same.out, same.err);
      CHECK(harker_command({"verify", t / middle}).status == 0);
      for (const std::string last : {"b.pt", "b.pb", "b.harker"}) {
        CHECK(harker_command({"convert", t / middle, t / last}).status == 0);
        CHECK_MESSAGE(harker_command({"diff", from, t / last}).status == 0, name, " by ", middle, " to ", last);
      }
    }
  }
}

TEST_CASE("cli: convert keeps a state dict in formats that hold tensors alone") {
  if (!have_fixtures()) return;
  TempFolder t;
  const std::string from = (fixtures() / "dracula" / "dracula_model.pickle").string(),
                    last = t / "dracula_model.pickle";
  for (const std::string middle : {"a.npz", "a.gguf"}) {
    for (const std::vector<std::string>& args : {std::vector<std::string>{"convert", from, t / middle},
                                                 {"diff", from, t / middle},
                                                 {"verify", t / middle},
                                                 {"inspect", t / middle},
                                                 {"convert", t / middle, last}}) {
      const Run r = harker_command(args);
      CHECK_MESSAGE(r.status == 0, args[0], " ", middle, ": ", r.out, r.err);
    }
    CHECK(read_bytes(last) == read_bytes(from));
  }
  const Run r = harker_command({"convert", (fixtures() / "dracula" / "dracula_checkpoint.pt").string(), t / "b.npz"});
  CHECK(r.status != 0);
  CHECK_MESSAGE(r.err.find("cannot hold 'epoch': int") != std::string::npos, r.err);
}

TEST_CASE("cli: convert loses nothing on the way through safetensors, and --plain writes its own writer's bytes") {
  if (!have_fixtures()) return;
  TempFolder t;
  const std::string from = (fixtures() / "dracula" / "dracula_model.pickle").string(),
                    back = t / "dracula_model.pickle";
  for (const std::string middle : {"a.safetensors", "a.safetensors.index.json"}) {
    for (const std::vector<std::string>& args : {std::vector<std::string>{"convert", from, t / middle},
                                                 {"diff", from, t / middle},
                                                 {"verify", t / middle},
                                                 {"inspect", t / middle},
                                                 {"convert", t / middle, back}}) {
      const Run r = harker_command(args);
      CHECK_MESSAGE(r.status == 0, args[0], " ", middle, ": ", r.out, r.err);
    }
    CHECK(read_bytes(back) == read_bytes(from));
  }
  CHECK(harker_command({"convert", "--plain", from, t / "b.safetensors"}).status == 0);
  CHECK(read_bytes(t / "b.safetensors") == read_bytes(fixtures() / "safetensors" / "dracula_nometa.safetensors"));
  const Run r =
      harker_command({"convert", (fixtures() / "dracula" / "dracula_checkpoint.pt").string(), t / "c.safetensors"});
  CHECK(r.status == 1);
  CHECK_MESSAGE(r.err.find("cannot hold 'epoch' (an int)") != std::string::npos, r.err);
}

TEST_CASE("cli: convert goes by --to before the extension and lists what it knows") {
  if (!have_fixtures()) return;
  TempFolder t;
  const std::string from = (fixtures() / "dracula" / "dracula_model.pickle").string();
  CHECK(harker_command({"convert", from, t / "model", "--to", "harker"}).status == 0);
  CHECK(harker_command({"inspect", t / "model"}).out.find("fc1.weight") != std::string::npos);
  for (const std::vector<std::string>& args :
       {std::vector<std::string>{"convert", from, t / "m.xyz"}, {"convert", from, t / "m.pt", "--to", "xyz"}}) {
    Run r = harker_command(args);
    CHECK(r.status == 2);
    CHECK(r.err.find("SaveOptions") == std::string::npos);
    CHECK(r.err.find("harker") != std::string::npos);
    CHECK(r.err.find("xyz") != std::string::npos);
    CHECK(r.err.find(args.size() == 5 ? "torch" : ".pickle") != std::string::npos);
  }
  CHECK(!std::filesystem::exists(t / "m.xyz"));
  CHECK(!std::filesystem::exists(t / "m.pt"));
}

TEST_CASE("cli: convert takes one subtree, a prefix off, and only what is viewed") {
  TempFolder t;
  const Tensor large = zeros({100'000});
  save(Value::dict({{"model", StateDict{{"module.w", large.slice(0, 7, 9)}, {"module.b", ones({1})}}}, {"epoch", 3}}),
       t / "all.pt");
  const Run r = harker_command(
      {"convert", t / "all.pt", t / "m.pt", "--only", "model", "--remove-prefix", "module.", "--compact"});
  CHECK_MESSAGE(r.status == 0, r.err);
  CHECK(r.out.find("399,992 bytes") != std::string::npos);
  const Value m = load(t / "m.pt");
  CHECK(m.len() == 2);
  CHECK(m["w"].tensor().storage().nbytes == 8);
  CHECK(harker_command({"convert", t / "all.pt", t / "m.harker", "--compact"}).status == 2);
}

TEST_CASE("cli: convert warns of what weights_only will refuse") {
  TempFolder t;
  save(Value::dict({{"names", Value::frozenset({1})}}), t / "a.harker");
  const Run r = harker_command({"convert", t / "a.harker", t / "a.pt"});
  CHECK(r.status == 0);
  CHECK(r.err.find("warning") != std::string::npos);
  CHECK(r.err.find("'names'") != std::string::npos);
}

TEST_CASE("cli: a prefix that no name has is an error that lists those there are, and nothing is written") {
  TempFolder t;
  const StateDict wrapped{{"module.w", ones({1})}, {"module.b", ones({1})}, {"head.w", ones({1})}};
  save(wrapped, t / "a.pt");
  Run r = harker_command({"convert", t / "a.pt", t / "x.pt", "--remove-prefix", "model."});
  CHECK(r.status == 1);
  CHECK(r.err.find("none of the 3 names begins with 'model.'; they begin with 'module.' (2), 'head.' (1)") !=
        std::string::npos);
  save(StateDict{{"w", ones({1})}}, t / "plain.pt");
  CHECK(harker_command({"convert", t / "plain.pt", t / "x.pt", "--remove-prefix", "module."}).status == 1);
  save(Value::dict({{"model", wrapped}, {"epoch", 3}}), t / "all.pt");
  r = harker_command({"convert", t / "all.pt", t / "x.pt", "--remove-prefix", "module."});
  CHECK(r.status == 1);
  CHECK(r.err.find("--only 'model'") != std::string::npos);
  CHECK(r.err.find("value[") == std::string::npos);
  CHECK(!std::filesystem::exists(t / "x.pt"));
  // Some names are enough.
  CHECK(harker_command({"convert", t / "a.pt", t / "x.pt", "--remove-prefix", "module."}).status == 0);
  CHECK(load(t / "x.pt").contains("b"));
}

TEST_CASE("cli: convert onto its own input, by whatever name, asks for --force") {
  TempFolder t;
  const std::string file = t / "a.pt";
  save(Value::dict({{"w", ones({2})}}), file);
  std::filesystem::create_symlink("a.pt", t / "link.pt");
  std::filesystem::create_hard_link(file, t / "hard.pt");
  const std::vector<std::uint8_t> before = read_bytes(file);
  const std::string folder = std::filesystem::path(file).parent_path().string();
  for (const auto& [from, to] : {std::pair{file, file},
                                 {file, folder + "/./a.pt"},
                                 {file, t / "link.pt"},
                                 {t / "link.pt", file},
                                 {file, t / "hard.pt"}}) {
    Run r = harker_command({"convert", from, to});
    CHECK(r.status == 2);
    CHECK(r.err.find("--force") != std::string::npos);
    CHECK(read_bytes(file) == before);
  }
  CHECK(harker_command({"convert", file, file, "--to", "harker", "--force"}).status == 0);
  CHECK(harker_command({"inspect", "--json", file}).out.find("\"container\": \"harker\"") != std::string::npos);
  CHECK(read_bytes(t / "hard.pt") == before);
  CHECK(harker_command({"convert", t / "hard.pt", t / "link.pt"}).status == 0);  // two files by now
}

TEST_CASE("cli: a read-only file is not replaced, and other files are") {
  TempFolder t;
  save(Value::dict({{"w", ones({2})}}), t / "a.pt");
  save(Value::dict({{"old", 1}}), t / "b.pt");
  const std::vector<std::uint8_t> before = read_bytes(t / "b.pt");
  using std::filesystem::perms;
  std::filesystem::permissions(t / "b.pt", perms::owner_read | perms::group_read);
  for (const std::vector<std::string>& force : {std::vector<std::string>{}, {"--force"}}) {
    std::vector<std::string> args = {"convert", t / "a.pt", t / "b.pt"};
    args.insert(args.end(), force.begin(), force.end());
    Run r = harker_command(args);
    CHECK(r.status == 1);
    CHECK(r.err.find("b.pt: is read-only") != std::string::npos);
    CHECK(read_bytes(t / "b.pt") == before);
  }
  std::filesystem::permissions(t / "b.pt", perms::owner_read | perms::owner_write);
  CHECK(harker_command({"convert", t / "a.pt", t / "b.pt"}).status == 0);
  CHECK(load(t / "b.pt").contains("w"));
  std::filesystem::permissions(t / "a.pt", perms::owner_read);  // as an input it may be
  CHECK(harker_command({"convert", t / "a.pt", t / "c.pt"}).status == 0);
}

TEST_CASE("cli: convert says what it wrote") {
  TempFolder t;
  save(StateDict{{"a.w", ones({2})}, {"a.b", ones({1})}}, t / "a.pt");
  const Run r = harker_command({"convert", t / "a.pt", t / "b.harker"});
  CHECK(r.out ==
        (t / "b.harker") + ": 2 tensors, " + std::to_string(std::filesystem::file_size(t / "b.harker")) + " bytes\n");
}

TEST_CASE("cli: convert chooses and renames the names of a state dict") {
  TempFolder t;
  const Tensor tied = ones({2});
  save(
      StateDict{
          {"module.enc.0.w", tied}, {"module.enc.1.w", tied}, {"module.dec.0.w", zeros({1})}, {"other", ones({3})}},
      t / "a.pt");
  const auto names = [&](std::vector<std::string> options, int status = 0) {
    options.insert(options.begin(), {"convert", t / "a.pt", t / "b.pt"});
    std::filesystem::remove(t / "b.pt");
    const Run r = harker_command(options);
    CHECK_MESSAGE(r.status == status, r.err);
    if (status != 0) {
      CHECK(!std::filesystem::exists(t / "b.pt"));
      return r.err;
    }
    std::string out;
    const Value v = load(t / "b.pt");
    for (const auto& item : v.items()) out += std::string(item.first.as_string()) + ' ';
    return out + "|" + r.out.substr(r.out.find('\n') + 1);
  };
  CHECK(names({"--select", "*enc*", "--select", "other"}) ==
        "module.enc.0.w module.enc.1.w other |--select: 3 of 4 names kept\n");
  const Value kept = load(t / "b.pt");
  CHECK(kept["module.enc.0.w"].tensor().shares_storage(kept["module.enc.1.w"].tensor()));
  CHECK(names({"--remove-prefix", "module."}) ==
        "enc.0.w enc.1.w dec.0.w other |--remove-prefix module.: 3 of 4 names changed\n");
  CHECK(names({"--rename", "module.*.w=net.*.weight", "--rename", "other=last"}) ==
        "net.enc.0.weight net.enc.1.weight net.dec.0.weight last |--rename module.*.w=net.*.weight: 3 of 4 names "
        "changed\n--rename other=last: 1 of 4 names changed\n");
  CHECK(names({"--rename", "module.enc.=e."}).starts_with("e.0.w e.1.w module.dec.0.w other |"));
  CHECK(names({"--rename", "m*.*.*.w=*-*-*"}).starts_with("odule-enc-0 odule-enc-1 odule-dec-0 other |"));
  CHECK(names({"--remove-prefix", "module.", "--add-prefix", "net."})
            .starts_with("net.enc.0.w net.enc.1.w net.dec.0.w net.other |"));
  CHECK(names({"--rename", "module.*.*.w=*"}, 2).find("as many *") != std::string::npos);
  CHECK(names({"--rename", "module"}, 2).find("A=B") != std::string::npos);
  CHECK(names({"--rename", "module.enc.1.w=other"}, 1).find("both be named 'other'") != std::string::npos);
  CHECK(names({"--rename", "nodule.=x"}, 1).find("is meant by 'nodule.'") != std::string::npos);
  CHECK(names({"--select", "nodule.*"}, 1).find("matches 'nodule.*'") != std::string::npos);
}

TEST_CASE("cli: convert casts floating tensors, keeps what shares memory, and counts what overflowed") {
  TempFolder t;
  const Tensor all = from_vector(std::vector<float>{1, 70000, -1e30F, HUGE_VALF, 2.5F, 3}, {2, 3});
  save(Value::dict({{"all", all},
                    {"turned", all.t()},
                    {"column", all.slice(1, 1, 2)},
                    {"nested", Value::tuple({Value::list({Value::parameter(all.select(0, 1))})})},
                    {"n", full({2}, 7, kInt64)},
                    {"lr", 0.1}}),
       t / "a.pt");
  Run r = harker_command({"convert", t / "a.pt", t / "b.pt", "--dtype", "float16"});
  CHECK(r.status == 0);
  CHECK_MESSAGE(r.err.find("2 numbers are too large for float16:\n  all: 2\n") != r.err.npos, r.err);
  CHECK(r.out.find("--dtype float16: 4 tensors changed") != r.out.npos);
  const Value v = load(t / "b.pt");
  const Tensor half = v["all"].tensor();
  CHECK(half.dtype() == kFloat16);
  CHECK(equal(half.to(kFloat32), all.to(kFloat16).to(kFloat32)));
  CHECK(v["turned"].tensor().shares_storage(half));
  CHECK(v["turned"].tensor().strides() == all.t().strides());
  CHECK(v["column"].tensor().shares_storage(half));
  CHECK(equal(v["column"].tensor().to(kFloat32), all.slice(1, 1, 2).to(kFloat16).to(kFloat32)));
  CHECK(v["nested"][0][0].is_parameter());
  CHECK(v["nested"][0][0].tensor().shares_storage(half));
  CHECK(v["n"].tensor().dtype() == kInt64);
  CHECK(v["lr"].as_double() == 0.1);
  CHECK(half.storage().nbytes == 12);
  r = harker_command({"convert", t / "a.pt", t / "c.harker", "--dtype", "bfloat16"});
  CHECK(r.status == 0);
  CHECK(r.err.empty());
  CHECK(harker_command({"convert", t / "c.harker", t / "d.pt", "--dtype", "float"}).status == 0);
  CHECK(equal(load(t / "d.pt")["all"].tensor(), all.to(kBFloat16).to(kFloat32)));
  r = harker_command({"convert", t / "a.pt", t / "e.pt", "--dtype", "int8"});
  CHECK(r.status == 2);
  CHECK(r.err.find("known: float16") != r.err.npos);
}

TEST_CASE("cli: convert --weights takes the weights out of whatever is around them") {
  TempFolder t;
  const StateDict state{{"w", ones({2})}, {"b", zeros({1})}};
  save(Value::dict({{"epoch", 3}, {"state_dict", state}}), t / "a.pt");
  REQUIRE(harker_command({"convert", t / "a.pt", t / "b.pt", "--weights"}).status == 0);
  CHECK(load(t / "b.pt").len() == 2);
  save(Value::dict({{"epoch", 3}}), t / "none.pt");
  CHECK(harker_command({"convert", t / "none.pt", t / "c.pt", "--weights"}).err.find("none.pt: --weights") !=
        std::string::npos);
  const std::filesystem::path whole = std::filesystem::path(HARKER_SOURCE_DIR) / "tests/cases/whole_module.pt";
  if (!std::filesystem::exists(whole)) return;
  CHECK(harker_command({"convert", whole.string(), t / "no.pt"}).status == 1);
  const Run r = harker_command({"convert", whole.string(), t / "whole.pt", "--weights"});
  CHECK_MESSAGE(r.status == 0, r.err);
  const StateDict weights(load(t / "whole.pt"));
  CHECK(weights.size() > 0);
}

TEST_CASE("cli: what a format cannot hold is an error that lists all of it, or is left out and listed") {
  TempFolder t;
  Value all = Value::dict({{"w", ones({2})}, {"b", zeros({3})}, {"note", "Harker"}, {"epoch", 3}});
  all.set("inner", Value::dict({{"rate", Value::tuple({0.1})}}));
  save(all, t / "a.pt");
  for (const Format* f : formats()) {
    const std::string out = t / ("out." + std::string(f->name()));
    const std::vector<std::string> plain = {"convert", t / "a.pt", out, "--to", std::string(f->name())};
    const Run r = harker_command(plain);
    if (r.status == 0) continue;  // it can hold all of it
    CHECK(r.status == 1);
    CHECK(!std::filesystem::exists(out));
    for (const char* path : {"\n  note: ", "\n  epoch: ", "\n  inner.rate: "})
      CHECK_MESSAGE(r.err.find(path) != r.err.npos, r.err);
    CHECK(r.err.find("--lossy") != r.err.npos);
    std::vector<std::string> lossy = plain;
    lossy.push_back("--lossy");
    const Run rest = harker_command(lossy);
    if (f->name() == "npy") {  // one array, and no dict of them: nothing is left
      CHECK(rest.status == 1);
      CHECK_MESSAGE(rest.err.find("there is nothing else") != rest.err.npos, rest.err);
      CHECK(!std::filesystem::exists(out));
      continue;
    }
    CHECK_MESSAGE(rest.status == 0, rest.err);
    CHECK_MESSAGE(rest.err.find("\n  epoch: ") != rest.err.npos, rest.err);
    const Value v = load(out);
    CHECK(v.len() == 2);
    CHECK(equal(v["w"].tensor(), ones({2})));
    CHECK(harker_command({"convert", t / "a.pt", out, "--to", std::string(f->name()), "--only", "epoch", "--lossy"})
              .status == 1);
  }
}

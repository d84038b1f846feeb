// `harker convert`, `diff` and `verify`: every format into every other, and what diff says of the results.
#include <doctest/doctest.h>
#include <harker/core/ops/ops.h>
#include <harker/serialize/serialize.h>

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

TEST_CASE("cli: diff names what differs and by how much") {
  TempFolder t;
  Value a = Value::dict({{"w", tensor({1., 2., 3.})},
                         {"shape", zeros({2, 3})},
                         {"kind", zeros({2})},
                         {"gone", 1},
                         {"epoch", 5},
                         {"same", ones({4})}});
  Value b = Value::dict({{"w", tensor({1, 2.5, 3})},
                         {"shape", zeros({3, 2})},
                         {"kind", zeros({2}, kFloat64)},
                         {"epoch", 6},
                         {"same", ones({4})},
                         {"new", 2}});
  save(a, t / "a.pt");
  save(b, t / "b.harker");
  Run r = harker_command({"diff", t / "a.pt", t / "b.harker"});
  CHECK(r.status == 1);
  CHECK(r.out ==
        "w: 1 of 3 elements differ, max abs diff 0.5\n"
        "shape: shape (2, 3) against (3, 2)\n"
        "kind: dtype float32 against float64\n"
        "gone: only in the first file\n"
        "epoch: 5 against 6\n"
        "new: only in the second file\n");
  Run same = harker_command({"diff", t / "a.pt", t / "a.pt"});
  CHECK(same.status == 0);
  CHECK(same.out == "equal: 4 tensors\n");
}

TEST_CASE("cli: diff's largest difference is that of all elements, in any order, and repeats are no elements") {
  TempFolder t;
  save(Value::dict({{"w", tensor({1., 2., 3.})}, {"z", tensor({0., 0.})}}), t / "a.pt");
  save(Value::dict({{"w", tensor({5., 2., 3.5})}, {"z", tensor({0.25, 3.})}}), t / "b.pt");
  CHECK(harker_command({"diff", t / "a.pt", t / "b.pt"}).out ==
        "w: 2 of 3 elements differ, max abs diff 4\nz: 2 of 2 elements differ, max abs diff 3\n");
  // The first of a repeated row says nothing about a real one; of two that both repeat it says all.
  save(Value::dict({{"w", tensor({7.}).expand({3})}}), t / "c.pt");
  save(Value::dict({{"w", tensor({7., 7., 8.})}}), t / "d.pt");
  save(Value::dict({{"w", tensor({9.}).expand({3})}}), t / "e.pt");
  for (const auto& [x, y] : {std::pair{"c.pt", "d.pt"}, {"d.pt", "c.pt"}}) {
    Run r = harker_command({"diff", t / x, t / y});
    CHECK(r.status == 1);
    CHECK(r.out == "w: 1 of 3 elements differ, max abs diff 1\n");
  }
  CHECK(harker_command({"diff", t / "c.pt", t / "e.pt"}).status == 1);
  CHECK(harker_command({"diff", t / "c.pt", t / "c.pt"}).status == 0);
}

TEST_CASE("cli: diff shows numpy's numbers") {
  TempFolder t;
  Value::Numpy n;
  n.dtype = ">f8", n.data = {0x3f, 0xb9, 0x99, 0x99, 0x99, 0x99, 0x99, 0x9a};
  save(Value::dict({{"lr", Value::numpy_scalar(n)}}), t / "a.pt");
  n.data = {0x3f, 0xc9, 0x99, 0x99, 0x99, 0x99, 0x99, 0x9a};
  save(Value::dict({{"lr", Value::numpy_scalar(n)}}), t / "b.pt");
  CHECK(harker_command({"diff", t / "a.pt", t / "b.pt"}).out == "lr: 0.1 against 0.2\n");
  CHECK(harker_command({"inspect", t / "a.pt"}).out.find("numpy scalar >f8                0.1\n") != std::string::npos);
}

TEST_CASE("cli: verify prints one line and refuses a damaged file") {
  TempFolder t;
  save(Value::dict({{"w", full({100}, 7.0)}}), t / "a.harker");
  Run good = harker_command({"verify", t / "a.harker"});
  CHECK(good.status == 0);
  CHECK(good.out == (t / "a.harker") + ": ok, 1 tensor, 400 bytes\n");
  for (const std::string name : {"a.pt", "a.pb", "a.harker"}) {
    save(Value::dict({{"w", full({100}, 7.0)}}), t / name);
    std::vector<std::uint8_t> bytes = read_bytes(t / name);
    const std::uint8_t seven[] = {0, 0, 0xe0, 0x40};
    auto at = std::search(bytes.begin(), bytes.end(), seven, seven + 4);
    REQUIRE(at != bytes.end());
    std::filesystem::resize_file(t / name, bytes.size() - 1);
    CHECK(harker_command({"verify", t / name}).status == 1);
    if (name == "a.pb") continue;  // protobuf files carry no checksum
    at[100] ^= 1;
    std::ofstream(t / name, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    for (const std::vector<std::string>& args :
         {std::vector<std::string>{"verify", t / name}, {"cat", t / name, "w"}, {"convert", t / name, t / "c.pt"}}) {
      Run bad = harker_command(args);
      CHECK_MESSAGE(bad.status == 1, name, ' ', args[0]);
      CHECK_MESSAGE(bad.err.find("w") != std::string::npos, bad.err);
    }
    CHECK(!std::filesystem::exists(t / "c.pt"));
  }
}

TEST_CASE("cli: inspect escapes what a hostile file is called inside") {
  TempFolder t;
  save(Value::dict({{"red\x1b[31m\nline\xe2\x80\xae", ones({2})}, {"note", "\x1b]0;title\x07"}}), t / "a.pt");
  Run r = harker_command({"inspect", t / "a.pt"});
  CHECK(r.status == 0);
  CHECK(r.out.find('\x1b') == std::string::npos);
  CHECK(r.out.find('\x07') == std::string::npos);
  CHECK(r.out.find("\xe2\x80\xae") == std::string::npos);
  CHECK(r.out.find("red\\x1b[31m\\nline\\u202e") != std::string::npos);
  const auto doc = parse_json(harker_command({"inspect", "--json", t / "a.pt"}).out);
  CHECK(doc["entries"][1]["key"][0] == "red\x1b[31m\nline\xe2\x80\xae");
}

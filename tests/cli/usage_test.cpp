// Exit statuses and messages: 0 good, 1 a bad file, 2 wrong usage; diff has those of diff(1).
#include <doctest/doctest.h>
#include <harker/core/ops/ops.h>
#include <harker/serialize/serialize.h>

#include "cli/run.h"

using namespace harker;
using namespace harker::test;

TEST_CASE("cli: wrong usage is status 2 and a message on stderr") {
  for (const std::vector<std::string>& args : {std::vector<std::string>{},
                                               {"sing"},
                                               {"inspect"},
                                               {"cat", "file"},
                                               {"convert", "a"},
                                               {"verify", "a", "b"},
                                               {"inspect", "--nosuch", "a"}}) {
    Run r = harker_command(args);
    CHECK(r.status == 2);
    CHECK(r.out.empty());
    CHECK(r.err.starts_with("harker: "));
  }
}

TEST_CASE("cli: help and version are no errors") {
  Run version = harker_command({"--version"});
  CHECK(version.status == 0);
  CHECK(version.out.starts_with("harker "));
  Run help = harker_command({"--help"});
  CHECK(help.status == 0);
  for (const char* verb : {"inspect", "cat", "stats", "hash", "scan", "verify", "convert", "diff"})
    CHECK(help.out.find(verb) != std::string::npos);
  CHECK(harker_command({"cat", "--help"}).status == 0);
}

TEST_CASE("cli: a missing file and one that is not ours are status 1 and named") {
  TempFolder t;
  for (const std::vector<std::string>& verb :
       {std::vector<std::string>{"inspect"}, {"inspect", "--json"}, {"verify"}}) {
    std::vector<std::string> args = verb;
    args.push_back(t / "nothing.pt");
    Run r = harker_command(args);
    CHECK(r.status == 1);
    CHECK(r.err.starts_with("harker: "));
    CHECK(r.err.find("nothing.pt") != std::string::npos);
    std::ofstream(t / "text.pt") << "The castle is on the very edge of a terrible precipice.";
    args.back() = t / "text.pt";
    r = harker_command(args);
    CHECK(r.status == 1);
    CHECK(r.out.empty());
    CHECK(r.err.find("text.pt") != std::string::npos);
  }
}

TEST_CASE("cli: names are escaped on their way to the terminal") {
  Run r = harker_command({"inspect",
                          "no\x1b[31msuch\x07"
                          "file"});
  CHECK(r.status == 1);
  CHECK(r.err.find('\x1b') == std::string::npos);
  CHECK(r.err.find("\\x1b[31m") != std::string::npos);
}

TEST_CASE("cli: output that cannot be written is an error") {
  if (!std::filesystem::exists("/dev/full")) return;
  const std::string file = (fixtures() / "dracula" / "dracula_model.pickle").string();
  if (!std::filesystem::exists(file)) {
    MESSAGE("skipped: no fixtures");
    return;
  }
  Run r = run_program("/bin/sh", {"-c", "\"$0\" inspect \"$1\" > /dev/full", HARKER_CLI, file});
  CHECK(r.status == 1);
  CHECK(r.err.find("standard output") != std::string::npos);
  r = run_program("/bin/sh", {"-c", "\"$0\" diff \"$1\" \"$1\" > /dev/full", HARKER_CLI, file});
  CHECK(r.status == 2);
}

TEST_CASE("cli: the exit statuses of every verb") {
  TempFolder t;
  const std::string good = t / "a.pt", other = t / "b.pt", bad = t / "bad.pt", none = t / "none.pt", out = t / "out.pt";
  save(Value::dict({{"w", ones({2})}}), good);
  save(Value::dict({{"w", zeros({2})}}), other);
  std::ofstream(bad) << "no model";
  const std::pair<int, std::vector<std::string>> table[] = {{0, {"inspect", good}},
                                                            {0, {"inspect", "--json", good}},
                                                            {0, {"cat", good, "w"}},
                                                            {0, {"stats", good}},
                                                            {0, {"hash", good}},
                                                            {0, {"hash", good, good}},
                                                            {0, {"scan", good}},
                                                            {0, {"verify", good}},
                                                            {0, {"convert", good, out}},
                                                            {0, {"diff", good, good}},
                                                            {0, {"diff", good, out}},
                                                            {1, {"inspect", bad}},
                                                            {1, {"inspect", none}},
                                                            {1, {"cat", none, "w"}},
                                                            {1, {"cat", good, "v"}},
                                                            {1, {"stats", none}},
                                                            {1, {"scan", none}},
                                                            {1, {"scan", bad}},
                                                            {1, {"verify", bad}},
                                                            {2, {"hash", bad}},
                                                            {2, {"hash", good, none}},
                                                            {1, {"convert", bad, out}},
                                                            {1, {"convert", none, out}},
                                                            {1, {"convert", good, t / "no/folder.pt"}},
                                                            {1, {"convert", good, out, "--only", "v"}},
                                                            {1, {"diff", good, other}},
                                                            {2, {"diff", good, none}},
                                                            {2, {"diff", none, good}},
                                                            {2, {"diff", good, bad}},
                                                            {2, {"diff", good}},
                                                            {2, {"diff", "-", "-"}},
                                                            {2, {"convert", good, t / "out.xyz"}},
                                                            {2, {"convert", good, t / "out"}},
                                                            {2, {"convert", good, out, "--to", "xyz"}},
                                                            {2, {"convert", good, "-"}},
                                                            {2, {"convert", good, "-", "--to", "torch"}},
                                                            {2, {"convert", good, good}},
                                                            {2, {"inspect", good, good}},
                                                            {2, {"inspect", "--no-such", good}},
                                                            {2, {"no-such", good}}};
  for (const auto& [status, args] : table) {
    const Run r = harker_command(args);
    std::string line;
    for (const std::string& a : args) line += a + ' ';
    CHECK_MESSAGE(r.status == status, line, r.err);
    CHECK_MESSAGE(r.err.empty() == (status == 0 || args == std::vector<std::string>{"diff", good, other}), line, r.err);
  }
  CHECK(!std::filesystem::exists("-"));
}

TEST_CASE("cli: a mistyped verb or option gets the nearest") {
  const std::pair<const char*, std::vector<std::string>> table[] = {
      {"there is no verb 'inspct'; did you mean 'inspect'?", {"inspct", "a"}},
      {"there is no verb 'vrefiy'; did you mean 'verify'?", {"vrefiy"}},
      {"there is no verb 'dif'; did you mean 'diff'?", {"dif", "a", "b"}},
      {"there is no option '--versoin'; did you mean '--version'?", {"--versoin"}},
      {"inspect: there is no option '--jsno'; did you mean '--json'?", {"inspect", "a", "--jsno"}},
      {"inspect: there is no option '-json'; did you mean '--json'?", {"inspect", "-json", "a"}},
      {"convert: there is no option '--remove-prefx'; did you mean '--remove-prefix'?",
       {"convert", "a", "b.pt", "--remove-prefx=module."}},
      {"diff: there is no option '--keep-unknwon'; did you mean '--keep-unknown'?", {"diff", "--keep-unknwon", "a"}}};
  for (const auto& [words, args] : table) {
    const Run r = harker_command(args);
    CHECK(r.status == 2);
    CHECK_MESSAGE(r.err.find(words) != std::string::npos, r.err);
  }
  CHECK(harker_command({"sing"}).err.find("did you mean") == std::string::npos);
  CHECK(harker_command({"inspect", "a", "--sing"}).err.find("did you mean") == std::string::npos);
  CHECK(harker_command({"convert", "a"}).err.find("convert: OUT is required") != std::string::npos);
}

TEST_CASE("cli: an empty value of an option is wrong usage, and writes nothing") {
  TempFolder t;
  save(Value::dict({{"w", ones({2})}}), t / "a.pt");
  for (const std::string option : {"--remove-prefix", "--only", "--to"}) {
    for (const bool apart : {true, false}) {
      std::vector<std::string> args = {"convert", t / "a.pt", t / "b.pt", apart ? option : option + "="};
      if (apart) args.emplace_back();
      const Run r = harker_command(args);
      CHECK(r.status == 2);
      CHECK_MESSAGE(r.err.find("convert: " + option) != std::string::npos, r.err);
      CHECK(!std::filesystem::exists(t / "b.pt"));
    }
  }
}

TEST_CASE("cli: messages name the options of the command line, not those of C++") {
  TempFolder t;
  Value::Opaque o;
  o.module = "castle", o.name = "Door";
  save(Value::dict({{"a", Value::opaque(o)}}), t / "strange.pt");
  save(Value::dict({{"w", ones({2})}}), t / "plain.pt");
  for (const char* e : {".pt", ".pb", ".harker"}) {
    const std::string strange = t / ("strange" + std::string(e)), plain = t / ("plain" + std::string(e));
    if (e != std::string(".pt")) {
      CHECK(harker_command({"convert", "--keep-unknown", t / "strange.pt", strange}).status == 0);
      CHECK(harker_command({"convert", t / "plain.pt", plain}).status == 0);
    }
    for (const std::vector<std::string>& args :
         {std::vector<std::string>{"inspect", strange}, {"verify", strange}, {"diff", strange, plain}}) {
      const Run r = harker_command(args);
      CHECK(r.status != 0);
      CHECK_MESSAGE(r.err.find("--keep-unknown keeps them") != std::string::npos, r.err);
      CHECK(r.err.find("LoadOptions") == std::string::npos);
    }
    const Run r = harker_command({"convert", plain, t / "out.pt", "--only", "v"});
    CHECK_MESSAGE(r.err.find("there is no entry 'v' (--only)") != std::string::npos, r.err);
  }
  CHECK(harker_command({"convert", t / "plain.pt", t / "out"}).err.find("or use --to FORMAT") != std::string::npos);
  Value deep = Value::list();
  for (int i = 0; i < 1100; ++i) deep = Value::list({deep});
  save(deep, t / "deep.harker");
  const Run r = harker_command({"convert", t / "deep.harker", t / "deep.pt"});
  CHECK(r.err.find("Options") == std::string::npos);
}

TEST_CASE("cli: - is standard input") {
  TempFolder t;
  const std::string file = t / "a.pt";
  save(Value::dict({{"w", ones({2})}}), file);
  auto piped = [&](const std::string& command) {
    return run_program("/bin/sh", {"-c", "cat \"$1\" | \"$0\" " + command, HARKER_CLI, file, t / "out.harker"});
  };
  Run r = piped("inspect -");
  CHECK(r.status == 0);
  CHECK(r.out.starts_with("standard input: zip"));
  CHECK(r.out.substr(r.out.find('\n')) == [&] {
    const std::string named = harker_command({"inspect", file}).out;
    return named.substr(named.find('\n'));
  }());
  CHECK(piped("inspect --json -").out == harker_command({"inspect", "--json", file}).out);
  CHECK(piped("cat - w").out == harker_command({"cat", file, "w"}).out);
  CHECK(piped("verify -").out == "standard input: ok, 1 tensor, 8 bytes\n");
  CHECK(piped("diff - \"$1\"").status == 0);
  CHECK(piped("diff \"$1\" -").status == 0);
  CHECK(piped("convert - \"$2\"").status == 0);
  CHECK(harker_command({"diff", file, t / "out.harker"}).status == 0);
  CHECK(piped("cat - v").err.find("v") != std::string::npos);

  r = run_program("/bin/sh", {"-c", "\"$0\" convert - \"$1\" < \"$1\"", HARKER_CLI, file});
  CHECK(r.status == 2);
  CHECK(r.err.find("--force") != std::string::npos);
  r = harker_command({"inspect", "-"});  // of /dev/null
  CHECK(r.status == 1);
  CHECK(r.err == "harker: standard input: the file is empty\n");
  const int terminal = ::posix_openpt(O_RDWR | O_NOCTTY);
  if (terminal >= 0 && ::grantpt(terminal) == 0 && ::unlockpt(terminal) == 0) {
    r = run_program("/bin/sh", {"-c", "\"$0\" inspect - < \"$1\"", HARKER_CLI, ::ptsname(terminal)});
    CHECK(r.status == 2);
    CHECK(r.err.find("that is a terminal") != std::string::npos);
  }
  ::close(terminal);
  r = run_program("/bin/sh", {"-c", "\"$0\" inspect - <&-", HARKER_CLI});
  CHECK(r.status == 1);
  CHECK(r.err.find("standard input: cannot be read") != std::string::npos);
  r = run_program("/bin/sh", {"-c", "yes | \"$0\" verify -", HARKER_CLI});  // has no end
  CHECK(r.status == 1);
  CHECK(r.err.find("standard input: is a text file") != std::string::npos);
  r = run_program("/bin/sh", {"-c", "printf 'text\\001and more' | \"$0\" verify -", HARKER_CLI});
  CHECK(r.status == 1);
  CHECK(r.err.find("text file") == std::string::npos);
}

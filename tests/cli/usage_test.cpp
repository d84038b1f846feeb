// Exit statuses and messages: 0 good, 1 a file is bad or differs, 2 wrong usage.
#include <doctest/doctest.h>

#include "cli/run.h"

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
  for (const char* verb : {"inspect", "cat", "verify", "convert", "diff"})
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
}

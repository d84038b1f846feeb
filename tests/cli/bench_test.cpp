// `harker bench`: every format that can hold the content, and nothing left behind.
#include <doctest/doctest.h>
#include <harker/core/ops/ops.h>
#include <harker/serialize/format.h>

#include <csignal>

#include "cli/run.h"

using namespace harker;
using namespace harker::test;

TEST_CASE("cli: bench lists every format once, with bytes and times, or why it cannot hold the content") {
  TempFolder t;
  std::filesystem::create_directory(t / "work");
  save(Value::dict({{"w", ones({1000})}, {"note", Value::frozenset({1})}}), t / "a.harker");
  const Run r = harker_command({"bench", t / "a.harker", "--runs", "1", "--dir", t / "work", "--svg", t / "bars.svg"});
  REQUIRE_MESSAGE(r.status == 0, r.err);
  CHECK(r.out.starts_with("format"));
  for (const Format* f : formats()) CHECK_MESSAGE(r.out.find("\n" + std::string(f->name())) != r.out.npos, r.out);
  const std::string bytes = std::to_string(std::filesystem::file_size(t / "a.harker"));
  CHECK(r.out.find("harker  ") != r.out.npos);
  CHECK_MESSAGE(r.out.find(bytes.substr(0, 1) + "," + bytes.substr(1)) != r.out.npos, r.out);
  const std::vector<std::uint8_t> svg = read_bytes(t / "bars.svg");
  const std::string text(svg.begin(), svg.end());
  CHECK(text.starts_with("<svg"));
  CHECK(text.ends_with("</svg>\n"));
  CHECK(text.find(">torch<") != text.npos);
  CHECK(std::filesystem::is_empty(t / "work"));
}

TEST_CASE("cli: bench leaves nothing behind when it fails or is stopped") {
  TempFolder t;
  std::filesystem::create_directory(t / "work");
  Run r = harker_command({"bench", t / "none.pt", "--dir", t / "work"});
  CHECK(r.status == 1);
  CHECK(r.err.find("none.pt") != r.err.npos);
  CHECK(harker_command({"bench", t / "none.pt", "--dir", t / "nowhere"}).status == 1);
  CHECK(harker_command({"bench", t / "none.pt", "--runs", "0"}).status == 2);
  save(Value::dict({{"w", ones({1 << 20})}}), t / "a.pt", {.durable = false});
  r = run_program("/bin/sh",
                  {"-c",
                   "\"$0\" bench \"$1\" --runs 1000 --dir \"$2\" & pid=$!; "
                   "while [ -z \"$(ls \"$2\")\" ]; do sleep 0.01; done; sleep 0.1; kill -TERM $pid; wait $pid; "
                   "echo ended $?",
                   HARKER_CLI, t / "a.pt", t / "work"});
  CHECK_MESSAGE(r.out.find("ended 143") != r.out.npos, r.out, r.err);
  CHECK(std::filesystem::is_empty(t / "work"));
}

// The examples run: a few epochs of each, and what they print. How well they learn is counted, never how long it takes.
#include <doctest/doctest.h>

#include <regex>

#include "cli/run.h"

using namespace harker::test;

#ifdef HARKER_EXAMPLES
namespace {

Run example(const std::string& name, const std::vector<std::string>& args = {}) {
  return run_program(std::string(HARKER_EXAMPLES) + "/" + name, args);
}

/// The number in the first match of `pattern`; -1 when there is none.
double number_in(const std::string& text, const char* pattern) {
  std::smatch m;
  return std::regex_search(text, m, std::regex(pattern)) ? std::stod(m[1]) : -1;
}

}  // namespace

TEST_CASE("examples: XOR is learned, in 15 lines") {
  const Run r = example("xor");
  CHECK(r.status == 0);
  CHECK(r.out == "tensor([[0.],\n        [1.],\n        [1.],\n        [0.]])\n");
  std::ifstream in(std::string(HARKER_SOURCE_DIR) + "/examples/xor.cpp");
  int lines = 0;
  for (std::string line; std::getline(in, line);)
    if (!line.empty() && !line.starts_with("//") && !line.starts_with("#include")) ++lines;
  CHECK(lines <= 15);
}

TEST_CASE("examples: digits are read after three epochs already, and the table has them all") {
  TempFolder t;
  const Run r = example("digits", {"--epochs", "3", "--out", t / "digits.pt"});
  CHECK_MESSAGE(r.status == 0, r.err);
  CHECK(number_in(r.out, "of 360 held back digits read, ([0-9.]+) %") >= 94);
  CHECK(r.out.find("read as") != std::string::npos);
  CHECK(harker_command({"inspect", t / "digits.pt"}).out.find("num_batches_tracked") != std::string::npos);
  const Run quiet = example("digits", {"--epochs", "0", "--quiet"});
  CHECK(quiet.status == 0);
  CHECK(quiet.out.find('\n') == quiet.out.size() - 1);
  CHECK(example("digits", {"--epochs", "-1"}).status == 2);
}

TEST_CASE("examples: the language model learns and writes as much as it is asked, with and without attention") {
  for (const std::vector<std::string>& more : {std::vector<std::string>{}, {"--attention"}}) {
    std::vector<std::string> args = {"--epochs", "2", "--write", "50", "--quiet"};
    args.insert(args.end(), more.begin(), more.end());
    const Run r = example("charlm", args);
    CHECK_MESSAGE(r.status == 0, r.err);
    const double bits = number_in(r.out, "([0-9.]+) bits for each of");
    CHECK(bits > 1);
    CHECK(bits < 4.6);  // all letters alike would be 5.8
    CHECK(r.out.find("3 May. Bistritz.") != std::string::npos);
    CHECK(r.out.size() > 66);
  }
  CHECK(example("charlm", {"--text", "/no/such/file"}).status == 1);
}

TEST_CASE("examples: LibTorch's programs, ported, learn and find again what they saved") {
  TempFolder t;
  struct Program {
    const char *name, *file, *printed;
  };
  for (const Program& p : {Program{"autograd", "", "dy/dx = tensor([5.5000, 5.5000])"},
                           {"custom_dataset", "shapes", "Train Epoch: 10 328/480\tLoss: "},
                           {"mnist", "mnist.pt", "Test set: Average loss: 0."},
                           {"regression", "regression.pt", "==> Learned function:\ty = 7.7"}}) {
    CAPTURE(p.name);
    const Run r = example(p.name, {t / p.file});
    CHECK_MESSAGE(r.status == 0, r.out, r.err);
    CHECK_MESSAGE(r.out.find(p.printed) != std::string::npos, r.out);
  }
}

TEST_CASE("examples: LibTorch's dcgan, ported, learns to draw, and goes on where it stopped") {
  TempFolder t;
  const Run r = example("dcgan", {t / "dcgan.pt"});
  CHECK_MESSAGE(r.status == 0, r.out, r.err);
  CHECK(number_in(r.out, "next digit, ([0-9.]+) before") > 6);
  const Run again = example("dcgan", {t / "dcgan.pt", "restore"});
  CHECK_MESSAGE(again.status == 0, again.out, again.err);
  CHECK(number_in(again.out, "next digit, ([0-9.]+) before") < 5);
}
#endif

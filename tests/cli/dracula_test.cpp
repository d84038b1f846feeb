// The example tool: the main job from data to files and back, resuming, and what it says when something is wrong.
#include <doctest/doctest.h>

#include <test_json.h>
#include "cli/run.h"

using namespace harker::test;

#ifdef HARKER_DRACULA
namespace {

Run dracula(const std::vector<std::string>& args) { return run_program(HARKER_DRACULA, args); }

std::string text_of(const std::string& path) {
  auto bytes = read_bytes(path);
  return {bytes.begin(), bytes.end()};
}

std::size_t occurrences(const std::string& text, const std::string& part) {
  std::size_t n = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
  return n;
}

}  // namespace

TEST_CASE("dracula: six files come back with identical outputs") {
  TempFolder t;
  Run r = dracula({"--epochs", "30", "--out", t / "out"});
  CHECK(r.status == 0);
  CHECK(r.err.empty());
  CHECK(occurrences(r.out, "reloaded: outputs identical") == 6);
  CHECK(occurrences(r.out, "epoch ") == 10);
  CHECK(r.out.find('\r') == std::string::npos);
  CHECK(occurrences(text_of(t / "out/loss.csv"), "\n") == 31);
  CHECK(text_of(t / "out/loss.svg").find("<polyline") != std::string::npos);
  for (const char* a : {"pickle", "pb", "harker"})
    CHECK(harker_command({"diff", t / "out/dracula_model.pickle", t / "out/dracula_model." + a}).status == 0);
}

TEST_CASE("dracula: quiet prints the table and nothing else") {
  TempFolder t;
  Run r = dracula({"--epochs", "2", "--quiet", "--out", t / "out"});
  CHECK(r.status == 0);
  CHECK(r.out.starts_with("file "));
  CHECK(occurrences(r.out, "\n") == 7);
}

TEST_CASE("dracula: a run resumed from any format equals one that was never interrupted") {
  TempFolder t;
  for (const char* batch : {"0", "32"}) {
    CHECK(dracula({"--epochs", "40", "--batch-size", batch, "--quiet", "--out", t / "whole"}).status == 0);
    CHECK(dracula({"--epochs", "25", "--batch-size", batch, "--quiet", "--out", t / "part"}).status == 0);
    for (const char* extension : {"pickle", "pb", "harker"}) {
      std::filesystem::remove_all(t / "rest");
      std::filesystem::copy(t / "part", t / "rest");
      Run r = dracula({"--epochs", "40", "--batch-size", batch, "--quiet", "--out", t / "rest", "--resume",
                       t / "part/checkpoint." + extension});
      CHECK_MESSAGE(r.status == 0, r.err);
      for (const char* file : {"dracula_model.pickle", "dracula_model.pb", "dracula_model.harker", "checkpoint.pickle",
                               "loss.csv", "loss.svg"})
        CHECK_MESSAGE((text_of(t / "rest/" + file) == text_of(t / "whole/" + file)), std::string(file),
                      " resumed from ", std::string(extension));
      // These remember which tuples came from a file, so that bytes may differ where no value does.
      for (const char* file : {"checkpoint.pb", "checkpoint.harker"})
        CHECK(harker_command({"diff", t / "rest/" + file, t / "whole/" + file}).status == 0);
    }
  }
}

TEST_CASE("dracula: continues torch's own checkpoint with torch's losses") {
  const auto data = fixtures() / "train" / "data.pt", resume = fixtures() / "train" / "resume.json";
  if (!std::filesystem::exists(resume)) {
    MESSAGE("skipped: no fixtures");
    return;
  }
  TempFolder t;
  const auto expected = read_json(resume);
  const std::string checkpoint = (fixtures() / "train" / expected["checkpoint"].get<std::string>()).string();
  Run r = dracula({"--data", data.string(), "--target", "y_regression", "--epochs", "200", "--resume", checkpoint,
                   "--quiet", "--out", t / "out"});
  CHECK_MESSAGE(r.status == 0, r.err);
  std::ifstream csv(t / "out/loss.csv");
  std::string line;
  std::getline(csv, line);
  for (const auto& loss : expected["loss_epochs_101_200"]) {
    REQUIRE(std::getline(csv, line));
    CHECK(std::stod(line.substr(line.find(',') + 1)) == doctest::Approx(number(loss)).epsilon(1e-3));
  }
}

TEST_CASE("dracula: wrong data and wrong usage are told") {
  TempFolder t;
  auto error = [&](const std::string& csv) {
    std::ofstream(t / "d.csv") << csv;
    Run r = dracula({"--data", t / "d.csv", "--out", t / "out"});
    CHECK(r.status == 1);
    CHECK(r.err.starts_with("dracula: "));
    return r.err;
  };
  CHECK(error("a,b\n1,2\n").find("10") != std::string::npos);
  CHECK(error("a,b\n1,2\n1,zwei\n").find("line 3") != std::string::npos);
  CHECK(error("1,2\n1\n").find("line 2") != std::string::npos);
  CHECK(error("").find("no rows") != std::string::npos);
  CHECK(dracula({"--epochs", "-1"}).status == 2);
  CHECK(dracula({"--lr", "fast"}).status == 2);
  CHECK(dracula({"--resume", t / "none.pt", "--out", t / "out"}).status == 1);
  const auto data = fixtures() / "train" / "data.pt";
  if (!std::filesystem::exists(data)) return;
  Run several = dracula({"--data", data.string(), "--out", t / "out"});
  CHECK(several.status == 1);
  CHECK(several.err.find("y_classes") != std::string::npos);
}
#endif

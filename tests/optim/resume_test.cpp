// Ten epochs are five and a half, a file, another process, and the rest: bit for bit, for every optimizer and format.
#include <cli/run.h>
#include <doctest/doctest.h>
#include <harker/serialize/serialize.h>

using namespace harker;
using namespace harker::test;

namespace {

Value resume(const std::vector<std::string>& args) {
  const Run r = run_program(HARKER_RESUME, args);
  INFO(r.err);
  REQUIRE(r.status == 0);
  return load(args[2]);
}

}  // namespace

TEST_CASE("resume: a run that was saved and gone on with in another process ends with the same bits") {
  const TempFolder folder;
  for (const std::string optimizer : {"SGD", "momentum", "Adam", "AdamW", "RMSprop", "Adagrad"}) {
    const Value whole = resume({optimizer, "whole", folder / (optimizer + ".harker")});
    CHECK(whole["checkpoint"]["step"].as_int() == 80);
    for (const std::string extension : {".harker", ".pt", ".pb"}) {
      CAPTURE(optimizer);
      CAPTURE(extension);
      const std::string path = folder / ("middle" + extension);
      const Value middle = resume({optimizer, "first", path});
      CHECK(!middle["net"].equals(whole["net"]));
      CHECK(resume({optimizer, "second", folder / ("end" + extension), path}).equals(whole));
    }
  }
}

// Ten epochs are five and a half, a file, another process, and the rest: bit for bit, for every optimizer and format.
#include <cli/run.h>
#include <doctest/doctest.h>

using namespace harker::test;

namespace {

std::string resume(const std::vector<std::string>& args) {
  const Run r = run_program(HARKER_RESUME, args);
  INFO(r.err);
  CHECK(r.status == 0);
  return r.out;
}

}  // namespace

TEST_CASE("resume: a run that was saved and gone on with in another process ends with the same bits") {
  const TempFolder folder;
  std::vector<std::string> ends;
  for (const char* optimizer : {"SGD", "momentum", "Adam", "AdamW", "RMSprop", "Adagrad"}) {
    const std::string whole = resume({optimizer, "whole"});
    CHECK(whole.size() == 65);
    for (const std::string& other : ends) CHECK(whole != other);
    ends.push_back(whole);
    for (const char* extension : {".harker", ".pt", ".pb"}) {
      CAPTURE(optimizer);
      CAPTURE(extension);
      const std::string path = folder / (std::string(optimizer) + extension);
      const std::string middle = resume({optimizer, "first", path});
      CHECK(middle != whole);
      CHECK(resume({optimizer, "second", path}) == whole);
    }
  }
}

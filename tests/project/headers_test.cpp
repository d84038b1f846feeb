// What a header costs its user: each compiles on its own, and <harker/harker.h> brings in little.
#include <doctest/doctest.h>

#include <functional>
#include <future>
#include <set>
#include <thread>

#include "source_text.h"

using namespace harker::test;

namespace {

/// Each public header whose name begins so, and what the compiler says of `program` behind it; as many compilers at
/// once as there are cores.
void compile_each(std::string_view component, const std::string& flags, const std::string& program,
                  const std::function<void(const std::string& header, const Finished&)>& judge) {
  std::vector<std::filesystem::path> headers = public_headers();
  std::erase_if(headers, [&](const auto& header) { return !name_of(header).starts_with(component); });
  REQUIRE(headers.size() > 3);
  std::vector<std::future<Finished>> running(headers.size());
  const std::size_t workers = std::max(1u, std::thread::hardware_concurrency());
  for (std::size_t i = 0; i < headers.size() + workers; ++i) {
    if (i < headers.size()) {
      const std::string command = compiler() + flags + " -fsyntax-only -x c++ - <<'END'\n#include <harker/" +
                                  name_of(headers[i]) + ">\n" + program + "\nEND\n";
      running[i] = std::async(std::launch::async, [command] { return run(command); });
    }
    if (i >= workers) judge(name_of(headers[i - workers]), running[i - workers].get());
  }
}

void compile_alone(std::string_view component) {
  compile_each(
      component, "-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror", "int main() {}",
      [](const std::string& name, const Finished& done) { CHECK_MESSAGE(done.status == 0, name, "\n", done.output); });
}

}  // namespace

// A case for each component: together they take minutes.
TEST_CASE("headers: each of core's public headers compiles on its own without a warning") { compile_alone("core/"); }
TEST_CASE("headers: each of nn's public headers compiles on its own without a warning") { compile_alone("nn/"); }
TEST_CASE("headers: each of optim's public headers compiles on its own without a warning") { compile_alone("optim/"); }
TEST_CASE("headers: each of serialize's public headers compiles on its own without a warning") {
  compile_alone("serialize/");
}

TEST_CASE("headers: none that is installed hides its names, and most of those of core's rooms are not installed") {
  std::set<std::filesystem::path> installed;
  for (const auto& header : public_headers()) {
    installed.insert(header);
    CHECK_MESSAGE(is_public(read_text(header)), name_of(header));
  }
  for (const char* internal : {"core/base/text.h", "core/ops/common.h", "core/tensor/make.h", "core/value/object.h"})
    CHECK_MESSAGE(!installed.contains(kSource / internal), internal);
}

TEST_CASE("headers: <harker/harker.h> brings no other library and no costly header and at most 110 of ours") {
  const Finished done = run(compiler() + "-M -x c++ - <<'END'\n#include <harker/harker.h>\nEND\n");
  REQUIRE_MESSAGE(done.status == 0, done.output);
  std::set<std::string> ours;
  std::string bad;
  std::istringstream words(done.output);
  for (std::string word; words >> word;) {
    if (word.find("/include/harker/") != std::string::npos) ours.insert(word);
    for (const char* costly : {"/Eigen/", "/cereal/", "/nlohmann/", "/rapidjson/", "/protozero/", "libdeflate"})
      if (word.find(costly) != std::string::npos) bad += word + "\n";
    for (const char* costly :
         {"/iostream", "/filesystem", "/functional", "/regex", "/fstream", "/map", "/unordered_map"})
      if (word.ends_with(costly) && word.find("/harker/") == std::string::npos) bad += word + "\n";
  }
  CHECK(bad == "");
  CHECK(ours.size() > 10);
  CHECK(ours.size() <= 110);
}

TEST_CASE("headers: without C++20, exceptions or type information any public header is one error, which says so") {
  for (const auto& [flag, words] : {std::pair<std::string, std::string>{"-std=c++17", "harker needs C++20"},
                                    {"-std=c++14", "harker needs C++20"},
                                    {"-fno-exceptions", "harker needs exceptions"},
                                    {"-fno-rtti", "harker needs run-time type information"}}) {
    std::string bad;
    compile_each("", flag, "harker::Tensor t = harker::ones({2});",
                 [&, flag = flag, words = words](const std::string& name, const Finished& done) {
                   if (name == "serialize/cereal.h") return;  // cereal comes first
                   std::size_t errors = 0;
                   for (const std::string& line : lines_of(done.output))
                     errors += line.find("error: ") != std::string::npos;
                   if (done.status == 0 || errors != 1 || done.output.find(words) == std::string::npos)
                     bad += flag + ", " + name + "\n" + done.output;
                 });
    CHECK(bad == "");
  }
}

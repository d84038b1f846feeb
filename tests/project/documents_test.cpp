// Every C++ block in README.md and docs compiles, README's program is examples/minimal.cpp, and docs/README.md knows
// every header.
// A block with a main is compiled as it stands. Any other is tried as the inside of a function that knows the names
// below, then as declarations of its own; its #include lines go to the top.
#include <doctest/doctest.h>

#include <future>
#include <thread>

#include "source_text.h"

using namespace harker::test;

namespace {

/// What a block may use without declaring it.
const char kKnownNames[] = R"(
struct DraculaModel : nn::Module {
  nn::Linear fc1 = register_module("fc1", nn::Linear(10, 20));
  nn::ReLU relu = register_module("relu", nn::ReLU());
  nn::Linear fc2 = register_module("fc2", nn::Linear(20, 1));
  Tensor forward(const Tensor& x) { return fc2(relu(fc1(x))); }
};
[[maybe_unused]] static Tensor x, y;
[[maybe_unused]] static nn::Linear head(10, 1), body(10, 10);
[[maybe_unused]] static int num_epochs, epoch;
[[maybe_unused]] static DraculaModel model;
[[maybe_unused]] static optim::Adam optimizer(model.parameters());
)";

struct Block {
  std::string where;  // "README.md:12"
  std::string text;
};

std::vector<Block> cpp_blocks(const std::string& name, const std::string& text) {
  std::vector<Block> blocks;
  bool inside = false;
  int number = 0;
  std::size_t indent = 0;  // of a block in a list
  for (const std::string& whole : lines_of(text)) {
    ++number;
    const std::size_t first = std::min(whole.find_first_not_of(' '), whole.size());
    const std::string line = whole.substr(inside ? std::min(first, indent) : first);
    if (!inside && line.starts_with("```cpp")) {
      inside = true;
      indent = first;
      blocks.push_back({name + ":" + std::to_string(number), {}});
    } else if (inside && line.starts_with("```")) {
      inside = false;
    } else if (inside) {
      blocks.back().text += line + "\n";
    }
  }
  return blocks;
}

std::vector<Block> all_blocks() {
  std::vector<Block> blocks = cpp_blocks("README.md", read_text(kSource / "README.md"));
  for (const auto& path : files_below("docs", {".md"}))
    for (Block& block : cpp_blocks(name_of(path), read_text(path))) blocks.push_back(std::move(block));
  return blocks;
}

Finished compile(const std::string& program) {
  return run(compiler() + "-fsyntax-only -x c++ - <<'HARKER_BLOCK'\n" + program + "\nHARKER_BLOCK\n");
}

Finished compile_block(const Block& block) {
  if (block.text.find("int main(") != std::string::npos) return compile(block.text);
  std::string includes = "#include <harker/harker.h>\n", rest;
  for (const std::string& line : lines_of(block.text)) (line.starts_with("#include") ? includes : rest) += line + "\n";
  const std::string head = includes + "using namespace harker;\n" + kKnownNames;
  Finished as_body = compile(head + "void block() {\n" + rest + "}\n");
  if (as_body.status == 0 || compile(head + "namespace block {\n" + rest + "}\n").status == 0) return {0, {}};
  return as_body;
}

/// Lines without indentation, trailing space and empty ones.
std::vector<std::string> trimmed(const std::string& text) {
  std::vector<std::string> lines;
  for (const std::string& line : lines_of(text)) {
    const std::size_t begin = line.find_first_not_of(" \t");
    if (begin != std::string::npos) lines.push_back(line.substr(begin, line.find_last_not_of(" \t\r") - begin + 1));
  }
  return lines;
}

}  // namespace

TEST_CASE("documents: every C++ block of README and docs compiles") {
  const std::vector<Block> blocks = all_blocks();
  REQUIRE(blocks.size() > 1);
  std::vector<std::future<Finished>> running(blocks.size());
  const std::size_t workers = std::max(1u, std::thread::hardware_concurrency());
  for (std::size_t i = 0; i < blocks.size() + workers; ++i) {
    if (i < blocks.size()) running[i] = std::async(std::launch::async, compile_block, blocks[i]);
    if (i < workers) continue;
    const Finished done = running[i - workers].get();
    CHECK_MESSAGE(done.status == 0, blocks[i - workers].where, "\n", done.output.substr(0, 2000));
  }
}

TEST_CASE("documents: a block that does not compile is seen") {
  const std::vector<Block> blocks =
      cpp_blocks("a.md", "1. Do\n   ```cpp\n   #include <vector>\n     x;\n   ```\n```cpp\ny;\n```\n");
  REQUIRE(blocks.size() == 2);
  CHECK(blocks[0].text == "#include <vector>\n  x;\n");
  CHECK(blocks[1].text == "y;\n");
  CHECK(compile_block({"", "Tensor z = x * no_such_name;\n"}).status != 0);
  CHECK(compile_block({"", "Tensor z = x * 2;\n"}).status == 0);
  CHECK(compile_block({"", "Tensor twice(const Tensor& t) { return t * 2; }\n"}).status == 0);
}

TEST_CASE("documents: docs/README.md lists every header that stands in front") {
  const std::string page = read_text(kSource / "docs" / "README.md");
  const std::set<std::string> fronts = {"core", "nn", "nn/data", "optim", "serialize"};
  for (const auto& header : public_headers()) {
    if (!fronts.contains(name_of(header.parent_path()))) continue;
    const std::string name = name_of(header);
    CHECK_MESSAGE(page.find("`" + name.substr(name.find('/') + 1) + "`") != std::string::npos, name);
  }
}

TEST_CASE("documents: the program of README is examples/minimal.cpp") {
  const std::vector<Block> blocks = cpp_blocks("README.md", read_text(kSource / "README.md"));
  const auto program = std::find_if(blocks.begin(), blocks.end(), [](const Block& b) {
    return b.text.find("struct DraculaModel") != std::string::npos;
  });
  REQUIRE(program != blocks.end());
  // The example has its opening comment and main() besides; every line of the program stands in it, in this order.
  const std::vector<std::string> example = trimmed(read_text(kSource / "examples" / "minimal.cpp"));
  auto at = example.begin();
  for (const std::string& line : trimmed(program->text)) {
    const auto found = std::find(at, example.end(), line);
    CHECK_MESSAGE(found != example.end(), "not in examples/minimal.cpp, or in another order: ", line);
    if (found != example.end()) at = found + 1;
  }
  const std::size_t around = static_cast<std::size_t>(example.end() - example.begin()) - trimmed(program->text).size();
  CHECK(around <= 12);  // comments, main and the three names it declares
}

// Which operations a model may use that is exported: docs/onnx-export.md lists those that have no row in
// serialize/onnx/export_*.cpp, no more and no fewer.
#include <doctest/doctest.h>

#include "source_text.h"

using namespace harker::test;

namespace {

/// What stands in quotes, or before a comma, behind each occurrence of `before`.
void collect(const std::string& text, const std::string& before, char end, std::set<std::string>& names) {
  for (std::size_t at = text.find(before); at != std::string::npos; at = text.find(before, at + 1)) {
    const std::size_t from = at + before.size();
    names.insert(text.substr(from, text.find(end, from) - from));
  }
}

/// Without the line breaks behind opening parentheses.
std::string unbroken(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    out += text[i];
    if (text[i] == '(')
      while (i + 1 < text.size() && (text[i + 1] == '\n' || text[i + 1] == ' ')) ++i;
  }
  return out;
}

std::set<std::string> recorded_operations() {
  std::set<std::string> names;
  for (const char* folder : {"core", "nn"})
    for (const auto& path : files_below(folder, {".cpp", ".h"})) {
      const std::string text = unbroken(read_text(path));
      if (text.find(": Function<") != std::string::npos) continue;  // their forward is recorded, not they
      if (path.extension() == ".cpp")
        for (const char* before : {"static constexpr const char* name = \"", "traced_name = \"", "seen(\"", "made(\""})
          collect(text, before, '"', names);
      for (const char* table : {"\nHARKER_POINTWISE(", "\nHARKER_RARE("})
        if (path.filename().string().ends_with("_table.h")) collect(text, table, ',', names);
    }
  std::erase_if(names, [](const std::string& n) { return n.ends_with("_backward"); });
  return names;
}

}  // namespace

TEST_CASE("onnx export: the document lists the operations that have no form") {
  std::set<std::string> rows, listed, missing;
  for (const auto& path : files_below("serialize/onnx", {".cpp"}))
    if (path.filename().string().starts_with("export_")) collect(read_text(path), "\n    {\"", '"', rows);
  for (const std::string& name : recorded_operations())
    if (!rows.contains(name)) missing.insert(name);
  CHECK(rows.size() > 100);
  const std::string document = read_text(kSource / "docs/onnx-export.md");
  std::istringstream words(document.substr(document.find("## Without a form in ONNX")));
  for (std::string word; words >> word;)
    if (word.front() == '`') listed.insert(word.substr(1, word.find('`', 1) - 1));
  for (const std::string& name : missing)
    CHECK_MESSAGE(listed.contains(name), name << " has no row, and is not listed");
  for (const std::string& name : listed) CHECK_MESSAGE(missing.contains(name), name << " is listed, and has a row");
}

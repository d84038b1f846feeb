// Where the numbers come from: any file harker reads that holds `x` and a target, or a CSV whose last column is the
// target.
#pragma once
#include <charconv>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include <harker/harker.h>

namespace dracula {

struct Data {
  harker::Tensor x, y;  // float32 [rows, features], [rows, 1]
};

/// A CSV of numbers; a first line that is not is taken for the names of the columns. Error names the line.
inline Data read_csv(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw harker::IoError(path + ": cannot be opened");
  const std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  std::vector<float> x, y;
  std::size_t columns = 0, line_number = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    std::string line = text.substr(at, end - at);
    at = end + 1;
    ++line_number;
    if (line.ends_with('\r')) line.pop_back();
    if (line.find_first_not_of(" \t") == std::string::npos) continue;
    std::vector<float> row;
    bool numbers = true;
    const char *p = line.data(), *last = p + line.size();
    while (numbers) {
      while (p < last && (*p == ' ' || *p == '\t' || *p == '+')) ++p;
      float v = 0;
      auto [stop, error] = std::from_chars(p, last, v);
      while (stop < last && (*stop == ' ' || *stop == '\t')) ++stop;
      numbers = error == std::errc() && (stop == last || *stop == ',');
      if (numbers) row.push_back(v);
      if (stop == last) break;
      p = stop + 1;
    }
    const std::string where = path + ", line " + std::to_string(line_number) + ": ";
    if (!numbers && line_number == 1) continue;
    if (!numbers) throw harker::FormatError(where + "column " + std::to_string(row.size() + 1) + " is not a number");
    if (columns == 0) columns = row.size();
    if (row.size() != columns || columns < 2)
      throw harker::FormatError(where + std::to_string(row.size()) + " columns, expected " +
                                std::to_string(std::max<std::size_t>(columns, 2)));
    y.push_back(row.back());
    x.insert(x.end(), row.begin(), row.end() - 1);
  }
  const auto rows = static_cast<std::int64_t>(y.size());
  if (rows == 0) throw harker::FormatError(path + ": holds no rows of numbers");
  return {harker::from_vector(x, {rows, static_cast<std::int64_t>(columns) - 1}), harker::from_vector(y, {rows, 1})};
}

/// The target's key: the one asked for; else `y`; else the only one that begins with `y_`.
inline std::string target_key(const harker::Value& file, const std::string& asked) {
  if (!asked.empty()) return asked;
  if (file.contains("y")) return "y";
  std::string names, found;
  int count = 0;
  for (const auto& [key, value] : file.items()) {
    if (!key.is_string() || !key.as_string().starts_with("y_")) continue;
    found = key.as_string();
    names += (count++ ? ", " : "") + found;
  }
  if (count == 1) return found;
  throw harker::Error(count == 0 ? "the data has no 'y'; name the target with --target"
                                 : "the data has several targets (" + names + "); choose one with --target");
}

/// Data for a model of `features` inputs and one output.
inline Data read_data(const std::string& path, const std::string& target, std::int64_t features) {
  Data d;
  if (path.ends_with(".csv")) {
    d = read_csv(path);
  } else {
    const harker::Value file = harker::load(path);
    if (!file.is_dict()) throw harker::TypeError(path + ": holds no dict with x and a target");
    d.x = file["x"].tensor().to(harker::kFloat32).contiguous();
    d.y = file[target_key(file, target)].tensor().to(harker::kFloat32).contiguous();
    if (d.y.dim() == 1) d.y = d.y.view({d.y.size(0), 1});
  }
  if (d.x.dim() != 2 || d.x.size(1) != features)
    throw harker::ShapeError(path + ": x must be [rows, " + std::to_string(features) + "], the model's inputs");
  if (d.y.shape() != harker::Shape{d.x.size(0), 1})
    throw harker::ShapeError(path + ": the target must have one number for each of the " + std::to_string(d.x.size(0)) +
                             " rows");
  return d;
}

/// examples/data/dracula.csv: beside this source, or in a folder above the working directory.
inline std::string shipped_data() {
  namespace fs = std::filesystem;
  const fs::path beside = fs::path(__FILE__).parent_path().parent_path() / "data" / "dracula.csv";
  std::error_code ignored;
  if (fs::exists(beside, ignored)) return beside.string();
  for (fs::path at = fs::current_path();; at = at.parent_path()) {
    const fs::path file = at / "examples" / "data" / "dracula.csv";
    if (fs::exists(file, ignored)) return file.string();
    if (at == at.parent_path())
      throw harker::IoError("examples/data/dracula.csv was not found; name a file with --data");
  }
}

}  // namespace dracula

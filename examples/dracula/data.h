// Where the numbers come from: any file harker reads that holds `x` and a target, or a CSV whose last column is the
// target.
#pragma once
#include <string>

#include <harker/harker.h>

namespace dracula {

struct Data {
  harker::Tensor x, y;  // float32 [rows, features], [rows, 1]
};

/// A CSV of numbers, the target in the last column.
inline Data read_csv(const std::string& path) {
  const harker::Tensor values = harker::nn::data::read_csv(path).values;
  const std::int64_t features = values.size(1) - 1;
  if (features < 1) throw harker::FormatError(path + ": 1 column, expected the features and the target");
  return {values.slice(1, 0, features).contiguous(), values.slice(1, features).contiguous()};
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

}  // namespace dracula

// Which file is which is in its name alone; whether it is whole, the format says. Temporary files of a save that was
// cut short have other names and are never looked at.
#include <harker/serialize/checkpoint_folder.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>

#include <harker/core/text.h>
#include <harker/core/warning.h>
#include <harker/serialize/format.h>

namespace harker HARKER_PUBLIC {
namespace {

using detail::str;
namespace fs = std::filesystem;

constexpr int kDigits = 9;  // so that a listing sorts by step

struct Numbered {
  std::int64_t step;
  std::string path;
};

// The checkpoints in the folder, by step.
std::vector<Numbered> numbered(const std::string& folder, const CheckpointFolderOptions& o) {
  std::vector<Numbered> found;
  std::error_code code;
  fs::directory_iterator it(folder, code);
  if (code) throw IoError(str(folder, ": cannot be listed: ", code.message()));
  for (; it != fs::directory_iterator(); it.increment(code)) {
    if (code) throw IoError(str(folder, ": cannot be listed: ", code.message()));
    const std::string name = it->path().filename().string();
    if (name.size() <= o.prefix.size() + 1 + o.extension.size() || !name.starts_with(o.prefix + "-") ||
        !name.ends_with(o.extension))
      continue;
    const char *begin = name.data() + o.prefix.size() + 1, *end = name.data() + name.size() - o.extension.size();
    std::int64_t step = 0;
    const auto [at, error] = std::from_chars(begin, end, step);
    if (error == std::errc() && at == end) found.push_back({step, it->path().string()});
  }
  std::sort(found.begin(), found.end(), [](const Numbered& a, const Numbered& b) { return a.step < b.step; });
  return found;
}

}  // namespace

CheckpointFolder::CheckpointFolder(std::string path, CheckpointFolderOptions options)
    : path_(std::move(path)), options_(std::move(options)) {
  if (options_.keep_last < 1)
    throw Error(str("checkpoint folder: keep_last must be 1 or more, it is ", options_.keep_last));
  if (options_.prefix.empty() || options_.prefix.find('/') != std::string::npos)
    throw Error(str("checkpoint folder: ", detail::quoted(options_.prefix), " cannot begin a file's name"));
  format_for_path("x" + options_.extension);
  std::error_code code;
  fs::create_directories(path_, code);
  if (code || !fs::is_directory(path_)) throw IoError(str(path_, ": no folder can be made: ", code.message()));
}

std::string CheckpointFolder::path_of(std::int64_t step) const {
  std::string digits = std::to_string(step);
  if (digits.size() < kDigits) digits.insert(0, kDigits - digits.size(), '0');
  return str(path_, "/", options_.prefix, "-", digits, options_.extension);
}

std::string CheckpointFolder::save(const Checkpoint& c, const SaveOptions& options) {
  if (c.step < 0) throw Error(str("checkpoint folder: the step must not be negative, it is ", c.step));
  const std::string path = path_of(c.step);
  harker::save(c, path, options);
  prune(path);
  return path;
}

std::vector<std::string> CheckpointFolder::all() const {
  std::vector<std::string> paths;
  for (Numbered& n : numbered(path_, options_)) paths.push_back(std::move(n.path));
  return paths;
}

std::optional<std::string> CheckpointFolder::latest() const {
  const std::vector<Numbered> found = numbered(path_, options_);
  for (auto at = found.rbegin(); at != found.rend(); ++at) {
    try {
      Checkpoint(load(at->path, {.mmap = true}));
      return at->path;
    } catch (const Error& e) { warn(str("checkpoint folder: passed over: ", e.what())); }
  }
  return std::nullopt;
}

// Opened lazily: no tensor is read.
std::optional<double> CheckpointFolder::metric_of(const std::string& path) const {
  try {
    const Checkpoint c(load(path, {.mmap = true}));
    const Value* v = c.metrics.find(options_.metric);
    if (!v) return std::nullopt;
    const double d = v->is_tensor() ? v->tensor().item()
                     : v->is_int()  ? static_cast<double>(v->as_int())
                                    : v->as_double();
    return std::isfinite(d) ? std::optional(d) : std::nullopt;
  } catch (const Error&) { return std::nullopt; }
}

std::optional<std::string> CheckpointFolder::best() const {
  std::optional<std::string> path;
  double most = 0;
  if (options_.metric.empty()) return path;
  for (const Numbered& n : numbered(path_, options_)) {
    const std::optional<double> m = metric_of(n.path);
    if (!m) continue;
    const double worth = options_.higher_is_better ? *m : -*m;
    if (!path || worth >= most) path = n.path, most = worth;
  }
  return path;
}

void CheckpointFolder::prune(const std::string& except) const {
  const std::vector<Numbered> found = numbered(path_, options_);
  const auto keep = static_cast<std::size_t>(options_.keep_last);
  if (found.size() <= keep) return;
  const std::optional<std::string> best_path = best();
  for (std::size_t i = 0; i + keep < found.size(); ++i) {
    if (found[i].path == except || (best_path && found[i].path == *best_path)) continue;
    std::error_code code;
    fs::remove(found[i].path, code);
    if (code) warn(str("checkpoint folder: ", found[i].path, " cannot be removed: ", code.message()));
  }
}

}  // namespace harker

// Which file is which is in its name alone; whether it is whole, the format's verify says: every byte is read before a
// path is handed out. Temporary files of a save that was cut short have other names and are never looked at.
#include <harker/serialize/checkpoint_folder.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <memory>

#include <harker/core/base/text.h>
#include <harker/core/warning.h>
#include <harker/serialize/format.h>

namespace harker HARKER_PUBLIC {
namespace {

using detail::str;
using detail::throw_error;
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
  if (code) throw_error<IoError>(folder, ": cannot be listed: ", code.message());
  for (; it != fs::directory_iterator(); it.increment(code)) {
    if (code) throw_error<IoError>(folder, ": cannot be listed: ", code.message());
    const std::string name = it->path().filename().string();
    if (name.size() <= o.prefix.size() + 1 + o.extension.size() || !name.starts_with(o.prefix + "-") ||
        !name.ends_with(o.extension))
      continue;
    const char *begin = name.data() + o.prefix.size() + 1, *end = name.data() + name.size() - o.extension.size();
    std::int64_t step = 0;
    const auto [at, error] = std::from_chars(begin, end, step);
    std::error_code none;  // nor is a folder or a pipe of such a name one of ours
    if (error == std::errc() && at == end && it->is_regular_file(none)) found.push_back({step, it->path().string()});
  }
  std::sort(found.begin(), found.end(), [](const Numbered& a, const Numbered& b) { return a.step < b.step; });
  return found;
}

// What is wrong with the checkpoint at `path`, or "".
std::string damage(const std::string& path) {
  try {
    const std::shared_ptr<const io::Source> source = io::Source::open(path);
    detect_format(*source).verify(source, {});
    Checkpoint(load(path, {.mmap = true}));
    return {};
  } catch (const Error& e) { return e.what(); }
}

// The first of `paths` that is whole; the others are passed over with a warning. FormatError when there is none.
std::string first_whole(const std::string& folder, const std::vector<std::string>& paths) {
  constexpr std::size_t kLongest = 250;
  std::string names;
  for (const std::string& path : paths) {
    const std::string wrong = damage(path);
    if (wrong.empty()) return path;
    warn(str("checkpoint folder: passed over: ", wrong));
    const std::string name = fs::path(path).filename().string();
    if (names.size() + name.size() > kLongest)
      names += names.ends_with("...") ? "" : ", ...";
    else
      names += (names.empty() ? "" : ", ") + name;
  }
  throw_error<FormatError>("checkpoint folder ", detail::quoted(folder), ": none of these ", paths.size(),
                           " checkpoints can be read: ", names, " (`harker verify FILE` says what is wrong with each)");
}

}  // namespace

CheckpointFolder::CheckpointFolder(std::string path, CheckpointFolderOptions options)
    : path_(std::move(path)), options_(std::move(options)) {
  if (options_.keep_last < 1)
    throw_error<Error>("checkpoint folder: keep_last must be 1 or more, it is ", options_.keep_last);
  if (options_.prefix.empty() || options_.prefix.find('/') != std::string::npos)
    throw_error<Error>("checkpoint folder: ", detail::quoted(options_.prefix), " cannot begin a file's name");
  format_for_path("x" + options_.extension);
  std::error_code code;
  fs::create_directories(path_, code);
  if (code || !fs::is_directory(path_)) throw_error<IoError>(path_, ": no folder can be made: ", code.message());
}

std::string CheckpointFolder::path_of(std::int64_t step) const {
  std::string digits = std::to_string(step);
  if (digits.size() < kDigits) digits.insert(0, kDigits - digits.size(), '0');
  return str(path_, "/", options_.prefix, "-", digits, options_.extension);
}

std::string CheckpointFolder::save(const Checkpoint& c, const SaveOptions& options) {
  if (c.step < 0) throw_error<Error>("checkpoint folder: the step must not be negative, it is ", c.step);
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
  std::vector<std::string> paths = all();
  if (paths.empty()) return std::nullopt;
  std::reverse(paths.begin(), paths.end());
  return first_whole(path_, paths);
}

// Opened lazily: no tensor is read. The best one first, the latest of equals before the others; those without a finite
// metric are left out, and those that cannot be opened go to `unreadable`.
std::vector<std::string> CheckpointFolder::by_metric(std::vector<std::string>& unreadable) const {
  std::vector<std::pair<double, std::string>> found;
  for (const std::string& path : all()) {
    Checkpoint c;
    try {
      c = Checkpoint(load(path, {.mmap = true}));
    } catch (const Error&) {
      unreadable.push_back(path);
      continue;
    }
    try {
      const Value* v = c.metrics.find(options_.metric);
      if (!v) continue;
      const double d = v->is_tensor() ? v->tensor().item()
                       : v->is_int()  ? static_cast<double>(v->as_int())
                                      : v->as_double();
      if (std::isfinite(d)) found.emplace_back(options_.higher_is_better ? -d : d, path);
    } catch (const Error&) {}  // no number
  }
  std::reverse(found.begin(), found.end());
  std::stable_sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<std::string> paths;
  for (auto& [badness, path] : found) paths.push_back(std::move(path));
  return paths;
}

std::optional<std::string> CheckpointFolder::best() const {
  std::vector<std::string> unreadable;
  if (options_.metric.empty()) return std::nullopt;
  const std::vector<std::string> paths = by_metric(unreadable);
  if (!unreadable.empty() && unreadable.size() == all().size()) return first_whole(path_, unreadable);
  for (const std::string& path : unreadable) warn(str("checkpoint folder: passed over: ", damage(path)));
  if (paths.empty()) return std::nullopt;
  return first_whole(path_, paths);
}

void CheckpointFolder::prune(const std::string& except) const {
  const std::vector<Numbered> found = numbered(path_, options_);
  const auto keep = static_cast<std::size_t>(options_.keep_last);
  if (found.size() <= keep) return;
  std::vector<std::string> old;
  for (std::size_t i = 0; i + keep < found.size(); ++i)
    if (found[i].path != except) old.push_back(found[i].path);
  std::vector<std::string> ranked, unreadable;
  if (!options_.metric.empty()) ranked = by_metric(unreadable);
  // A damaged best one must not cost the best good one its place: it is read before another one with the metric goes.
  const auto is_old = [&](const std::string& path) { return std::find(old.begin(), old.end(), path) != old.end(); };
  auto best = ranked.begin();
  while (best != ranked.end() && *best != except && std::any_of(best + 1, ranked.end(), is_old)) {
    const std::string wrong = damage(*best);
    if (wrong.empty()) break;
    warn(str("checkpoint folder: passed over: ", wrong));
    ++best;
  }
  for (const std::string& path : old) {
    if (best != ranked.end() && path == *best) continue;
    std::error_code code;
    fs::remove(path, code);
    if (code) warn(str("checkpoint folder: ", path, " cannot be removed: ", code.message()));
  }
}

}  // namespace harker

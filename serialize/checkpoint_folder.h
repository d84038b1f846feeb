// CheckpointFolder: the checkpoints of one run, a file each: PREFIX-STEP.harker. Keeps the last few and the best, and
// finds the latest again after a crash. Nothing is remembered beside the files: which one is best is written in them.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include <harker/serialize/checkpoint.h>

namespace harker HARKER_PUBLIC {

struct CheckpointFolderOptions {
  int keep_last = 3;        ///< at least 1
  std::string metric = {};  ///< the entry of `metrics` that says which is best, "" for none: that one is kept as well
  bool higher_is_better = false;
  std::string prefix = "checkpoint", extension = ".harker";
};

class CheckpointFolder {
 public:
  /// Makes the folder if need be. IoError when it cannot be made or is none; Error for an unknown extension, a prefix
  /// that is no file name, or keep_last < 1.
  explicit CheckpointFolder(std::string path, CheckpointFolderOptions options = {});

  /// Saves `c` under its step, atomically, then removes what is no longer to be kept, but never what it has just
  /// written. Returns the path. Before one with the metric goes while a better one stays, the best is read to its last
  /// byte (unless it is the one just written); a damaged one is passed over, with a warning, and the next best stays.
  std::string save(const Checkpoint& c, const SaveOptions& options = {});
  /// All of them, by step.
  std::vector<std::string> all() const;
  /// The one with the highest step that is whole, or nothing when there are none at all. A damaged one is passed over,
  /// with a warning that says what is wrong; FormatError, naming them, when all are damaged. Reads the file to its last
  /// byte: about what loading it will cost, once more.
  std::optional<std::string> latest() const;
  /// The one with the best finite metric that is whole, the latest of equals; the rest as latest(). Of the others, only
  /// the list of contents is read. Nothing, too, when no file that can be read has such a metric.
  std::optional<std::string> best() const;

 private:
  std::string path_of(std::int64_t step) const;
  std::vector<std::string> by_metric(std::vector<std::string>& unreadable) const;
  void prune(const std::string& except) const;
  std::string path_;
  CheckpointFolderOptions options_;
};

}  // namespace harker

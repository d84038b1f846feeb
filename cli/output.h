// What a verb writes: where it may, what the format can hold, and a line that says what was written.
#pragma once
#include <string>
#include <vector>

#include <harker/serialize/format.h>

namespace harker::cli {

struct Target {
  std::string path;
  SaveOptions save = {};
  bool force = false;  ///< it may be one of the inputs
  bool lossy = false;  ///< leave out what its format cannot hold

  /// What is wrong with it is told before the work: UsageError (which begins with `verb`) for standard output, an unknown
  /// format, an option that the format does not have, or one of `inputs`; IoError for a file that is read-only.
  void check(const std::string& verb, const std::vector<std::string>& inputs) const;
  /// Whole or not at all. TypeError that lists all that its format cannot hold, unless `lossy`: then that is listed on
  /// standard error. Says on standard output how much was written.
  void write(const Value& value) const;

 private:
  const Format& format() const;
};

}  // namespace harker::cli

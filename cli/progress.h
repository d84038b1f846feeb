// Progress: a line on standard error while long work is done: only where a terminal watches, only after half a second,
// and gone at the end.
#pragma once
#include <chrono>
#include <cstdint>
#include <string>

namespace harker::cli {

class Progress {
 public:
  /// `total` in any unit (bytes); 0 when nobody knows. `what` is shown as it stands: "hashing model.pt".
  explicit Progress(std::string what, std::uint64_t total = 0);
  ~Progress() { erase(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  /// So much more is done. Cheap: to be called for every piece.
  void add(std::uint64_t more) {
    done_ += more;
    if (watched_) show();
  }
  /// Before anything else is printed; the line comes back with the next add().
  void erase();

 private:
  using Clock = std::chrono::steady_clock;
  void show();
  std::string what_;
  std::uint64_t total_, done_ = 0;
  bool watched_, drawn_ = false;
  Clock::time_point next_;
};

}  // namespace harker::cli

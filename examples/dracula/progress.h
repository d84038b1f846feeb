// What the user sees while it trains: a bar with the loss in a terminal, a line every tenth elsewhere, nothing when
// quiet.
#pragma once
#include <unistd.h>

#include <cstdio>
#include <string>

namespace dracula {

class Progress {
 public:
  /// Epochs first + 1 to last.
  Progress(int first, int last, bool quiet)
      : first_(first), last_(last), quiet_(quiet), terminal_(isatty(STDOUT_FILENO) != 0) {}

  void show(int epoch, double loss) {
    if (quiet_) return;
    const int steps = terminal_ ? kBar * 4 : 10;
    const long long done = epoch - first_, all = last_ - first_;
    const int step = static_cast<int>(done * steps / all);
    if (step == shown_ && epoch != last_) return;
    shown_ = step;
    if (!terminal_) {
      std::printf("epoch %d/%d  loss %.6g\n", epoch, last_, loss);
      std::fflush(stdout);
      return;
    }
    const int filled = static_cast<int>(done * kBar / all);
    std::string bar;
    for (int i = 0; i < kBar; ++i) bar += i < filled ? "█" : "░";
    std::printf("\r%s %3lld %%  epoch %d/%d  loss %-12.6g%s", bar.c_str(), done * 100 / all, epoch, last_, loss,
                epoch == last_ ? "\n" : "");
    std::fflush(stdout);
  }

 private:
  static constexpr int kBar = 30;
  int first_, last_, shown_ = 0;
  bool quiet_, terminal_;
};

}  // namespace dracula

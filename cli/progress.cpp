// One short line, written over itself ten times a second.
#include "progress.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <harker/core/base/text.h>
#include <algorithm>
#include <cstdio>

#include "out.h"

namespace harker::cli {

Progress::Progress(std::string what, std::uint64_t total)
    : what_(std::move(what)),
      total_(total),
      watched_(::isatty(STDERR_FILENO) != 0),
      next_(Clock::now() + std::chrono::milliseconds(500)) {}

void Progress::show() {
  const Clock::time_point now = Clock::now();
  if (now < next_) return;
  next_ = now + std::chrono::milliseconds(100);
  winsize size{};
  const std::size_t columns = ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
  const std::string share = total_ ? detail::str(' ', std::min(done_, total_) * 100 / total_, " %") : grouped(done_);
  const std::string text = fitted(shown(what_), columns > share.size() + 1 ? columns - share.size() - 1 : 0) + share;
  std::fprintf(stderr, "\r%s\x1b[K", text.c_str());
  std::fflush(stderr);
  drawn_ = true;
}

void Progress::erase() {
  if (drawn_) std::fputs("\r\x1b[K", stderr);
  drawn_ = false;
}

}  // namespace harker::cli

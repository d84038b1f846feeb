#include "terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

namespace harker::cli {
namespace {

constexpr std::size_t kMeasured = 10'000;  // lines
constexpr std::size_t kWidest = 72;        // a column is not made wider for one long name

std::string_view environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

}  // namespace

const Terminal& Terminal::out() {
  static const Terminal terminal = [] {
    Terminal t;
    t.is = ::isatty(STDOUT_FILENO) != 0;
    if (!t.is) return t;
    winsize size{};
    t.columns = ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
    t.colours = environment("NO_COLOR").empty() && !environment("TERM").empty() && environment("TERM") != "dumb";
    return t;
  }();
  return terminal;
}

bool locale_is_utf8() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"})
    if (const std::string_view v = environment(name); !v.empty())
      return v.find("UTF-8") != v.npos || v.find("utf8") != v.npos || v.find("UTF8") != v.npos ||
             v.find("utf-8") != v.npos;
  return false;
}

void Table::add(std::vector<std::string> cells, Colour first) {
  Line line{std::move(cells), first};
  if (measured_) return print(line);
  // The last column ends where its text does.
  for (std::size_t i = 0; i + 1 < columns_.size(); ++i)
    widths_[i] = std::max(widths_[i], std::min(kWidest, width(line.cells[i])));
  waiting_.push_back(std::move(line));
  if (waiting_.size() == kMeasured) flush();
}

void Table::flush() {
  if (std::exchange(measured_, true)) return;
  if (const std::size_t columns = Terminal::out().columns; columns > 0)
    widths_[0] = std::min(widths_[0], std::max<std::size_t>(columns / 2, 20));
  for (const Line& line : std::exchange(waiting_, {})) print(line);
}

void Table::print(const Line& line) {
  const Terminal& terminal = Terminal::out();
  std::size_t used = 0, spaces = 0;  // spaces are written when something follows them
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    std::string_view cell = line.cells[i];
    const std::size_t wide = width(cell), fill = widths_[i] - std::min(widths_[i], wide);
    const bool right = columns_[i].right;
    if (i > 0) spaces += 2;
    if (wide == 0 || right) spaces += fill;
    if (wide == 0) continue;
    std::string cut;
    if (terminal.columns > 0 && used + spaces + wide > terminal.columns) {
      if (used + spaces >= terminal.columns) break;
      cut = fitted(cell, terminal.columns - used - spaces);
      cell = cut;
    }
    for (; spaces > 0; --spaces, ++used) out_ << ' ';
    const Colour colour = i == 0 ? line.first : columns_[i].colour;
    if (terminal.colours && colour != Colour::plain)
      out_ << "\x1b[" << (colour == Colour::type ? "3" : "") << static_cast<char>(colour) << 'm' << cell << "\x1b[0m";
    else
      out_ << cell;
    if (!cut.empty()) break;
    used += wide;
    if (!right) spaces = fill;
  }
  out_ << '\n';
}

}  // namespace harker::cli

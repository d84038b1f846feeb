#include "terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "out.h"

namespace harker::cli {
namespace {

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

void Line::put(std::string_view s, Colour colour) {
  if (s.empty() || full_) return;
  const std::size_t wide = width(s) + spaces_;
  std::string cut;
  if (terminal_.columns > 0 && used_ + wide > terminal_.columns) {
    full_ = true;
    if (used_ + spaces_ >= terminal_.columns) return;
    cut = fitted(s, terminal_.columns - used_ - spaces_);
    s = cut;
  }
  text_.append(spaces_, ' ');
  used_ += wide;
  spaces_ = 0;
  if (terminal_.colours && colour != Colour::plain)
    text_ += std::string("\x1b[") + (colour == Colour::type ? "3" : "") + static_cast<char>(colour) + 'm' +
             std::string(s) + "\x1b[0m";
  else
    text_ += s;
}

void Line::add(std::string_view s, std::size_t columns, Colour colour, bool right) {
  const std::size_t space = columns - std::min(columns, width(s));
  if (right) spaces_ += space;
  put(s, colour);
  if (!right) spaces_ += space;
}

std::string Line::take() {
  std::string out = std::move(text_) + '\n';
  text_.clear();
  used_ = spaces_ = 0;
  full_ = false;
  return out;
}

}  // namespace harker::cli

// The terminal that standard output may be: its width, whether it takes colours, and whether it can show more than
// ASCII. Piped, nothing of that: lines are whole and plain.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

namespace harker::cli {

struct Terminal {
  bool is = false;          ///< standard output is one
  std::size_t columns = 0;  ///< of it; 0: no limit
  bool colours = false;     ///< it takes them, and NO_COLOR (no-color.org) is not set

  static const Terminal& out();
};

/// Whether the locale's text is UTF-8, by the environment.
bool locale_is_utf8();

enum class Colour : char { plain = 0, name = '1', type = '6', faint = '2' };

/// A line of a listing, put together from columns that are cut where the terminal ends.
class Line {
 public:
  explicit Line(const Terminal& terminal) : terminal_(terminal) {}
  /// Shown text, filled up with spaces to `columns`.
  void add(std::string_view shown, std::size_t columns = 0, Colour colour = Colour::plain, bool right = false);
  /// The text, with a newline; and begins the next.
  std::string take();

 private:
  void put(std::string_view shown, Colour colour);
  const Terminal& terminal_;
  std::string text_;
  std::size_t used_ = 0, spaces_ = 0;  // spaces are written when something follows them
  bool full_ = false;
};

}  // namespace harker::cli

// The terminal that standard output may be: its width, whether it takes colours, and whether it can show more than
// ASCII. Piped, nothing of that: lines are whole and plain.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "out.h"

namespace harker::cli {

struct Terminal {
  bool is = false;          ///< standard output is one
  std::size_t columns = 0;  ///< of it; 0: no limit
  bool colours = false;     ///< it takes them, and NO_COLOR (no-color.org) is not set

  static const Terminal& out();
};

/// Whether the locale's text is UTF-8, by the environment.
bool locale_is_utf8();

enum class Colour : char { plain = 0, name = '1', faint = '2', alarm = '7', type = '6' };

/// Lines of cells below one another, each column as wide as the first lines need; cut where the terminal ends.
class Table {
 public:
  struct Column {
    bool right = false;
    Colour colour = Colour::plain;
  };
  Table(Out& out, std::vector<Column> columns) : out_(out), columns_(std::move(columns)), widths_(columns_.size()) {}
  /// Shown text, a cell for each column. `first`: another colour for the first.
  void add(std::vector<std::string> cells, Colour first = Colour::plain);
  /// To be called at the end.
  void flush();

 private:
  struct Line {
    std::vector<std::string> cells;
    Colour first;
  };
  void print(const Line& line);

  Out& out_;
  const std::vector<Column> columns_;
  std::vector<std::size_t> widths_;
  bool measured_ = false;
  std::vector<Line> waiting_;
};

}  // namespace harker::cli

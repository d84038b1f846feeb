// Bars as SVG: a panel for each quantity, a bar in it for each row.
#pragma once
#include <string>
#include <vector>

namespace harker::cli {

struct Panel {
  std::string title;
  std::vector<double> values;      ///< one for each row
  std::vector<std::string> texts;  ///< as they are written beside the bars
};

/// The whole document. `rows`: their names.
std::string bars(const std::string& title, const std::vector<std::string>& rows, const std::vector<Panel>& panels);

}  // namespace harker::cli

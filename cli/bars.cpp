// Panels stand below one another; the longest bar of each has the full width.
#include "bars.h"

#include <harker/core/base/text.h>
#include <algorithm>
#include <cmath>

namespace harker::cli {
namespace {

using detail::str;

std::string escaped(const std::string& s) {
  std::string out;
  for (const char c : s) {
    if (c == '<')
      out += "&lt;";
    else if (c == '&')
      out += "&amp;";
    else if (static_cast<unsigned char>(c) >= 0x20)
      out += c;
  }
  return out;
}

std::string text(int x, int y, const char* more, const std::string& s) {
  return str("<text x=\"", x, "\" y=\"", y, "\" ", more, ">", escaped(s), "</text>\n");
}

}  // namespace

std::string bars(const std::string& title, const std::vector<std::string>& rows, const std::vector<Panel>& panels) {
  constexpr int kWidth = 640, kLabels = 110, kTexts = 110, kRow = 18, kHead = 34, kTop = 40;
  const char* const colours[] = {"#4c78a8", "#f58518", "#54a24b", "#b279a2", "#e45756", "#72b7b2", "#9d755d"};
  const int panel = kHead + kRow * static_cast<int>(rows.size());
  const int height = kTop + panel * static_cast<int>(panels.size()) + 10;
  std::string out = str("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"", kWidth, "\" height=\"", height,
                        "\" font-family=\"sans-serif\" font-size=\"12\">\n"
                        "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n");
  out += text(10, 22, "font-size=\"15\"", title);
  int y = kTop;
  for (const Panel& p : panels) {
    out += text(10, y + 20, "font-weight=\"bold\"", p.title);
    y += kHead;
    const double most = p.values.empty() ? 0 : *std::max_element(p.values.begin(), p.values.end());
    for (std::size_t i = 0; i < rows.size(); ++i, y += kRow) {
      const int room = kWidth - kLabels - kTexts;
      const int length = most > 0 ? std::max(1, static_cast<int>(std::lround(p.values[i] / most * room))) : 1;
      out += text(kLabels - 6, y, "text-anchor=\"end\"", rows[i]);
      out += str("<rect x=\"", kLabels, "\" y=\"", y - 11, "\" width=\"", length, "\" height=\"14\" fill=\"",
                 colours[i % std::size(colours)], "\"/>\n");
      out += text(kLabels + length + 6, y, "", p.texts[i]);
    }
  }
  return out + "</svg>\n";
}

}  // namespace harker::cli

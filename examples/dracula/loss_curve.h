// The loss of every epoch, as loss.csv and as a picture, loss.svg, that needs nothing but itself.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include <harker/core/error.h>

namespace dracula {

struct LossPoint {
  int epoch;
  double loss;
};
using LossCurve = std::vector<LossPoint>;

inline void write_text(const std::string& path, const std::string& text) {
  std::ofstream out(path, std::ios::binary);
  out << text << std::flush;
  if (!out) throw harker::IoError(path + ": cannot be written");
}

inline void write_csv(const LossCurve& curve, const std::string& path) {
  std::string out = "epoch,loss\n";
  char line[64];
  for (const LossPoint& p : curve) {
    std::snprintf(line, sizeof line, "%d,%.9g\n", p.epoch, p.loss);
    out += line;
  }
  write_text(path, out);
}

/// What an earlier run wrote, up to `last_epoch`: a resumed run goes on with the same curve. Empty when there is none.
inline LossCurve read_csv_curve(const std::string& path, int last_epoch) {
  LossCurve curve;
  std::ifstream in(path);
  std::string line;
  std::getline(in, line);
  while (std::getline(in, line)) {
    LossPoint p{};
    if (std::sscanf(line.c_str(), "%d,%lf", &p.epoch, &p.loss) == 2 && p.epoch <= last_epoch) curve.push_back(p);
  }
  return curve;
}

/// 1, 2 or 5 times a power of ten, so that about `count` steps span the range.
inline double tick_step(double range, int count) {
  const double raw = range / count, power = std::pow(10.0, std::floor(std::log10(raw))), m = raw / power;
  return power * (m <= 1 ? 1 : m <= 2 ? 2 : m <= 5 ? 5 : 10);
}

/// A line over the epochs; the loss on a logarithmic axis when it spans more than a factor of ten.
inline std::string svg(const LossCurve& all) {
  LossCurve curve;
  for (const LossPoint& p : all)
    if (std::isfinite(p.loss)) curve.push_back(p);
  if (curve.empty()) curve.push_back({0, 0});
  constexpr double kWidth = 760, kHeight = 440, kLeft = 78, kRight = 24, kTop = 46, kBottom = 58;
  auto by_loss = [](const LossPoint& a, const LossPoint& b) { return a.loss < b.loss; };
  const auto [least, most] = std::minmax_element(curve.begin(), curve.end(), by_loss);
  const bool logarithmic = least->loss > 0 && most->loss / least->loss > 10;
  auto scale = [&](double v) { return logarithmic ? std::log10(v) : v; };
  double low = scale(least->loss), high = scale(most->loss);
  if (!logarithmic) low = std::min(0.0, low);
  if (high - low < 1e-12) high = low + 1;
  const double margin = 0.04 * (high - low);
  high += margin;
  if (logarithmic || low < 0) low -= margin;
  const double first = std::min(curve.front().epoch, 1),
               last = std::max(curve.back().epoch, static_cast<int>(first) + 1);
  auto px = [&](double epoch) { return kLeft + (kWidth - kLeft - kRight) * (epoch - first) / (last - first); };
  auto py = [&](double v) { return kHeight - kBottom - (kHeight - kTop - kBottom) * (scale(v) - low) / (high - low); };

  std::string out;
  char text[512];
  auto add = [&](const char* format, auto... values) {
    std::snprintf(text, sizeof text, format, values...);
    out += text;
  };
  add("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%g\" height=\"%g\" viewBox=\"0 0 %g %g\" "
      "font-family=\"sans-serif\" font-size=\"13\" fill=\"#333\">\n",
      kWidth, kHeight, kWidth, kHeight);
  add("<rect width=\"%g\" height=\"%g\" fill=\"white\"/>\n", kWidth, kHeight);
  add("<text x=\"%g\" y=\"26\" font-size=\"16\" text-anchor=\"middle\">Dracula: training loss</text>\n",
      (kLeft + kWidth - kRight) / 2);
  auto grid_y = [&](double v) {
    if (scale(v) < low || scale(v) > high) return;
    add("<line x1=\"%g\" x2=\"%g\" y1=\"%.2f\" y2=\"%.2f\" stroke=\"#ddd\"/>\n", kLeft, kWidth - kRight, py(v), py(v));
    add("<text x=\"%g\" y=\"%.2f\" text-anchor=\"end\">%.3g</text>\n", kLeft - 8, py(v) + 4.5, v);
  };
  if (logarithmic) {
    const bool many = high - low > 3;  // decades only
    for (int e = static_cast<int>(std::floor(low)); e <= std::ceil(high); ++e)
      for (double m : {1.0, 2.0, 5.0})
        if (m == 1.0 || !many) grid_y(m * std::pow(10.0, e));
  } else {
    const double step = tick_step(high - low, 6);
    for (double v = std::ceil(low / step) * step; v <= high; v += step) grid_y(std::fabs(v) < step / 2 ? 0 : v);
  }
  const double step = std::max(1.0, tick_step(last - first, 8));
  for (double e = std::ceil(first / step) * step; e <= last; e += step) {
    add("<line x1=\"%.2f\" x2=\"%.2f\" y1=\"%g\" y2=\"%g\" stroke=\"#333\"/>\n", px(e), px(e), kHeight - kBottom,
        kHeight - kBottom + 5);
    add("<text x=\"%.2f\" y=\"%g\" text-anchor=\"middle\">%g</text>\n", px(e), kHeight - kBottom + 20, e);
  }
  add("<path d=\"M%g %gV%gH%g\" fill=\"none\" stroke=\"#333\"/>\n", kLeft, kTop, kHeight - kBottom, kWidth - kRight);
  add("<text x=\"%g\" y=\"%g\" text-anchor=\"middle\">epoch</text>\n", (kLeft + kWidth - kRight) / 2, kHeight - 16);
  add("<text transform=\"translate(20 %g) rotate(-90)\" text-anchor=\"middle\">mean squared error%s</text>\n",
      (kTop + kHeight - kBottom) / 2, logarithmic ? " (log scale)" : "");
  out +=
      "<polyline fill=\"none\" stroke=\"#a01020\" stroke-width=\"2\" stroke-linejoin=\"round\" "
      "stroke-linecap=\"round\" points=\"";
  // More points than pixels help nobody.
  const std::size_t stride = std::max<std::size_t>(1, curve.size() / 2000);
  for (std::size_t i = 0; i < curve.size(); i += stride) add("%.2f,%.2f ", px(curve[i].epoch), py(curve[i].loss));
  add("%.2f,%.2f", px(curve.back().epoch), py(curve.back().loss));
  out += "\"/>\n</svg>\n";
  return out;
}

}  // namespace dracula

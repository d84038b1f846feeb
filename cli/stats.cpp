// `harker stats`: what the numbers in each tensor are like. Two passes over the elements, a piece of memory at a time.
#include <harker/core/base/text.h>
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <limits>

#include "elements.h"
#include "entries.h"
#include "input.h"
#include "match.h"
#include "out.h"
#include "progress.h"
#include "terminal.h"
#include "verb.h"
#include "weights.h"

namespace harker::cli {
namespace {

constexpr std::size_t kBins = 16;

/// Of numbers that are neither NaN nor infinite, but for the counts of those.
struct Stats {
  std::uint64_t elements = 0, finite = 0, zeros = 0, nans = 0, infinities = 0;
  double min = std::numeric_limits<double>::infinity(), max = -min;
  long double sum = 0, squares = 0;  // of differences from the mean
  std::array<std::uint64_t, kBins> histogram = {};

  double mean() const { return finite ? static_cast<double>(sum / static_cast<long double>(finite)) : NAN; }
  /// As torch.std: of n - 1.
  double std() const {
    return finite > 1 ? static_cast<double>(std::sqrt(squares / static_cast<long double>(finite - 1))) : NAN;
  }
  void count(const std::vector<double>& numbers) {
    elements += numbers.size();
    double part = 0;
    for (double v : numbers) {
      if (!std::isfinite(v)) {
        ++(std::isnan(v) ? nans : infinities);
        continue;
      }
      ++finite;
      zeros += v == 0;
      min = std::min(min, v);
      max = std::max(max, v);
      part += v;
    }
    // The largest doubles: even their sum in one piece may be infinite, and is then made again, more slowly.
    if (!std::isfinite(part)) {
      for (double v : numbers)
        if (std::isfinite(v)) sum += v;
    } else {
      sum += part;
    }
  }
  void spread(const std::vector<double>& numbers) {
    const long double middle = mean();
    const double half = max / 2 - min / 2;  // max - min may be too large for a double
    for (double v : numbers) {
      if (!std::isfinite(v)) continue;
      squares += (v - middle) * (v - middle);
      const double at = half > 0 ? (v / 2 - min / 2) / half : 0;
      ++histogram[std::min(kBins - 1, static_cast<std::size_t>(at * kBins))];
    }
  }
  /// Takes another tensor's in, without its histogram.
  void add(const Stats& o) {
    const long double n = static_cast<long double>(finite), m = static_cast<long double>(o.finite);
    if (n > 0 && m > 0) squares += (o.sum / m - sum / n) * (o.sum / m - sum / n) * n * m / (n + m);
    squares += o.squares, sum += o.sum;
    elements += o.elements, finite += o.finite, zeros += o.zeros, nans += o.nans, infinities += o.infinities;
    min = std::min(min, o.min), max = std::max(max, o.max);
  }
};

std::string number(double v) {
  if (std::isnan(v)) return "-";
  char text[40];
  std::snprintf(text, sizeof text, "%.4g", v);
  return text;
}

std::string bars(const Stats& s) {
  const std::uint64_t most = *std::max_element(s.histogram.begin(), s.histogram.end());
  if (most == 0 || s.min == s.max) return {};  // none of all tensors together
  static constexpr const char* kBlocks[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  static constexpr const char* kAscii[] = {" ", ".", ":", "-", "=", "+", "*", "%", "@"};
  const char* const* levels = locale_is_utf8() ? kBlocks : kAscii;
  std::string out = "|";
  for (std::uint64_t n : s.histogram)  // one is seen beside any number
    out += levels[static_cast<std::size_t>(std::ceil(8.0 * static_cast<double>(n) / static_cast<double>(most)))];
  return out + '|';
}

std::vector<std::string> row(std::string name, std::string type, std::string shape, const Stats& s) {
  const bool any = s.finite > 0;
  return {std::move(name),           std::move(type),       std::move(shape), number(any ? s.min : NAN),
          number(any ? s.max : NAN), number(s.mean()),      number(s.std()),  grouped(s.zeros),
          grouped(s.nans),           grouped(s.infinities), bars(s)};
}

class StatsVerb : public Verb {
 public:
  StatsVerb() : Verb("stats", "Print what the numbers in each tensor are like: range, mean, NaN, a histogram") {
    file(path_, "FILE");
    option(match_, "--match", "GLOB", kMatchHelp);
    loads();
    examples = {{"harker stats model.pt", "min, max, mean, std, zeros, NaN and Inf of every tensor"},
                {"harker stats --match '*.weight' model.pt", "of the weights only"}};
  }
  int run() override {
    const Document doc = open_document(path_, load_options());
    Progress progress("reading " + name_of(path_), 2 * bytes_of_weights(doc.value, match_));
    Out out;
    const Table::Column left, right{.right = true};
    Table table(out, {left, {.colour = Colour::type}, left, right, right, right, right, right, right, right, left});
    table.add({"name", "type", "shape", "min", "max", "mean", "std", "zeros", "NaN", "Inf", "from min to max"});
    Stats all;
    std::uint64_t tensors = 0, repeated = 0;
    each_weight(doc.value, match_, [&](const Weight& w) {
      const std::string label = w.path.empty() ? "(the file itself)" : shown(w.path);
      ++tensors;
      if (w.kept) {
        table.add({label, shown(w.dtype), shape_text(w.shape), "-", "-", "-", "-", "-", "-", "-", ""});
        return;
      }
      check_walkable(w, repeated);
      Stats s;
      std::vector<double> numbers;
      for (const bool first : {true, false}) {
        Elements elements(w.elements);
        for (auto piece = elements.next(); !piece.empty(); piece = elements.next()) {
          decode_all(piece, w.elements.lazy_tensor().dtype(), numbers);
          first ? s.count(numbers) : s.spread(numbers);
          progress.add(piece.size());
        }
      }
      all.add(s);
      table.add(row(label, w.dtype, shape_text(w.shape), s));
    });
    progress.erase();
    if (tensors == 0 && !match_.empty()) throw Error(name_of(path_) + ": holds no weights that match");
    table.add(row("total", "", "", all), Colour::name);
    table.flush();
    out << '\n'
        << grouped(tensors) << (tensors == 1 ? " tensor, " : " tensors, ") << grouped(all.elements)
        << (all.elements == 1 ? " number\n" : " numbers\n");
    out.flush();
    return 0;
  }

 private:
  std::string path_;
  std::vector<std::string> match_;
};

}  // namespace

std::unique_ptr<Verb> stats_verb() { return std::make_unique<StatsVerb>(); }

}  // namespace harker::cli

// A function of the epoch as Python writes it, "0.95**epoch" or "lambda e: 1 / (1 + 0.1 * e)": what a LambdaLR of a
// fixture is made of. Numbers, + - * / // % **, brackets, min and max.
#pragma once
#include <optim/args.h>

#include <cctype>
#include <cmath>
#include <cstdlib>
#include <string>

namespace harker::test {

class Formula {
 public:
  /// Unsupported for other Python.
  explicit Formula(std::string text) : text_(std::move(text)) {
    const std::string lambda = "lambda ";
    if (const auto colon = text_.find(':'); text_.starts_with(lambda) && colon != std::string::npos) {
      variable_ = text_.substr(lambda.size(), colon - lambda.size());
      text_.erase(0, colon + 1);
    }
    (*this)(1);
  }
  double operator()(std::int64_t epoch) const {
    Reader r{*this, static_cast<double>(epoch)};
    const double v = r.sum();
    if (r.next() != '\0') r.refuse();
    return v;
  }

 private:
  struct Reader {
    const Formula& of;
    double epoch;
    std::size_t at = 0;

    [[noreturn]] void refuse() const { throw Unsupported{"the function '" + of.text_ + "'"}; }
    char next() {
      while (at < of.text_.size() && of.text_[at] == ' ') ++at;
      return at < of.text_.size() ? of.text_[at] : '\0';
    }
    bool eat(const std::string& sign) {
      next();
      if (of.text_.compare(at, sign.size(), sign) != 0) return false;
      at += sign.size();
      return true;
    }
    double sum() {
      double v = product();
      for (;;) {
        if (eat("+"))
          v += product();
        else if (eat("-"))
          v -= product();
        else
          return v;
      }
    }
    double product() {
      double v = signed_power();
      for (;;) {
        if (eat("//"))
          v = std::floor(v / signed_power());
        else if (eat("*"))
          v *= signed_power();
        else if (eat("/"))
          v /= signed_power();
        else if (eat("%")) {
          const double m = signed_power();
          v -= m * std::floor(v / m);
        } else
          return v;
      }
    }
    double signed_power() {
      if (eat("-")) return -signed_power();
      const double base = atom();
      return eat("**") ? std::pow(base, signed_power()) : base;
    }
    double atom() {
      if (eat("(")) return closed(sum());
      if (std::isdigit(static_cast<unsigned char>(next())) || next() == '.') {
        const char* const begin = of.text_.c_str() + at;
        char* end = nullptr;
        const double v = std::strtod(begin, &end);
        at += static_cast<std::size_t>(end - begin);
        return v;
      }
      std::string name;
      while (at < of.text_.size() && (std::isalnum(static_cast<unsigned char>(of.text_[at])) || of.text_[at] == '_'))
        name += of.text_[at++];
      if (name == of.variable_) return epoch;
      if ((name != "min" && name != "max") || !eat("(")) refuse();
      const double a = sum();
      if (!eat(",")) refuse();
      const double b = sum();
      return closed(name == "min" ? std::min(a, b) : std::max(a, b));
    }
    double closed(double v) {
      if (!eat(")")) refuse();
      return v;
    }
  };
  std::string text_, variable_ = "epoch";
};

}  // namespace harker::test

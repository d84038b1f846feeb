// Printing tensors as PyTorch does: aligned columns, four decimals, a summary of the edges of large ones.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <ostream>

#include <harker/core/tensor.h>
#include <harker/core/text.h>

namespace harker {
namespace {

constexpr std::int64_t kSummarise = 1000, kEdge = 3;  // torch's threshold and edgeitems

/// How the numbers of one tensor are written: all the same way, as torch does.
class Style {
 public:
  Style(const std::vector<double>& shown, bool integral) : integral_(integral) {
    double most = 0, least = INFINITY;
    for (double v : shown) {
      if (!std::isfinite(v)) continue;
      whole_ &= v == std::trunc(v);
      double a = std::fabs(v);
      most = std::max(most, a);
      if (a > 0) least = std::min(least, a);
    }
    if (most > 0) scientific_ = most / least > 1000 || most > 1e8 || least < 1e-4;
    if (whole_ && most <= 1e8) scientific_ = false;
    for (double v : shown) width_ = std::max(width_, text(v).size());
  }
  std::string padded(double v) const {
    std::string s = text(v);
    return std::string(width_ - std::min(width_, s.size()), ' ') + s;
  }

 private:
  std::string text(double v) const {
    if (std::isnan(v)) return "nan";
    if (std::isinf(v)) return v < 0 ? "-inf" : "inf";
    char buffer[64];
    const char* format = integral_ ? "%.0f" : scientific_ ? "%.4e" : whole_ ? "%.0f." : "%.4f";
    std::snprintf(buffer, sizeof buffer, format, v);
    return buffer;
  }
  bool integral_, whole_ = true, scientific_ = false;
  std::size_t width_ = 0;
};

struct Printer {
  std::ostream& out;
  const Shape& shape;
  const std::vector<double>& values;
  const Style& style;
  bool boolean, summarise;

  void element(std::int64_t at) {
    double v = values[static_cast<std::size_t>(at)];
    if (boolean)
      out << (v != 0 ? " True" : "False");
    else
      out << style.padded(v);
  }
  /// Dimension `d` of the part that begins at element `at`; as deep as the tensor has dimensions.
  void part(int d, std::int64_t at, std::int64_t size, int indent) {
    if (d == shape.rank()) return element(at);
    std::int64_t n = shape[d], inner = n ? size / n : 0;
    out << '[';
    for (std::int64_t i = 0; i < n; ++i) {
      bool last_dim = d + 1 == shape.rank();
      if (i > 0) {
        out << ',';
        if (last_dim)
          out << ' ';
        else
          out << std::string(static_cast<std::size_t>(shape.rank() - d - 1), '\n')
              << std::string(static_cast<std::size_t>(indent + 1), ' ');
      }
      if (summarise && n > 2 * kEdge && i == kEdge) {
        out << "...";
        i = n - kEdge - 1;
        continue;
      }
      part(d + 1, at + i * inner, inner, indent + 1);
    }
    out << ']';
  }
};

}  // namespace

std::ostream& operator<<(std::ostream& out, const Tensor& t) {
  if (!t.defined()) return out << "tensor(undefined)";
  DType type = t.dtype();
  if (is_complex(type) || type >= DType::float4_e2m1fn_x2)
    return out << "tensor(<" << name(type) << ' ' << detail::str(t.shape()) << ">)";
  std::vector<double> values = t.to_vector<double>();
  bool summarise = t.numel() > kSummarise;
  Style style(values, !is_floating_point(type));
  out << "tensor(";
  Printer{out, t.shape(), values, style, type == DType::bool_, summarise}.part(0, 0, t.numel(), 7);
  if (type != DType::float32 && type != DType::int64 && type != DType::bool_) out << ", dtype=torch." << name(type);
  if (!t.is_leaf())
    out << ", grad_fn=<" << t.grad_fn() << '>';
  else if (t.requires_grad())
    out << ", requires_grad=True";
  return out << ')';
}

}  // namespace harker

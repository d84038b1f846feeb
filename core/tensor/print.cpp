// Printing tensors exactly as PyTorch does: all numbers of a tensor in one style and width, lines of 80 columns, the
// edges alone of tensors with more than 1000 elements, and what the text does not show (size, dtype, gradient) behind.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <ostream>

#include <harker/core/base/text.h>
#include <harker/core/grad_mode.h>
#include <harker/core/tensor/make.h>

namespace harker HARKER_PUBLIC {
namespace {

using detail::str;

constexpr std::int64_t kSummarise = 1000, kEdge = 3;  // torch's threshold and edgeitems
constexpr std::size_t kLine = 80;

/// How the floating point numbers of one tensor are written: all the same way.
class Style {
 public:
  explicit Style(const std::vector<double>& values) {
    double most = 0, least = INFINITY;
    for (double v : values) {
      if (!counts(v)) continue;
      whole_ &= v == std::ceil(v);
      most = std::max(most, std::fabs(v));
      least = std::min(least, std::fabs(v));
    }
    scientific_ = most > 0 && (most / least > 1000 || most > 1e8 || least < 1e-4);
    for (double v : values)
      if (counts(v)) width_ = std::max(width_, text(v).size());
  }
  std::size_t width() const { return width_; }
  std::string text(double v) const {
    if (std::isnan(v)) return "nan";
    if (std::isinf(v)) return v < 0 ? "-inf" : "inf";
    char buffer[512];  // the largest double has 309 digits
    std::snprintf(buffer, sizeof buffer, scientific_ ? "%.4e" : whole_ ? "%.0f." : "%.4f", v);
    return buffer;
  }

 private:
  /// Zeros and what is not finite decide nothing, not even the width.
  static bool counts(double v) { return std::isfinite(v) && v != 0; }
  bool whole_ = true, scientific_ = false;
  std::size_t width_ = 1;
};

/// Does a summary leave out the middle of a dimension of this size?
bool cut(bool summarise, std::int64_t n) { return summarise && n > 2 * kEdge; }

/// The elements that are shown, in order, as a contiguous tensor: the whole of it, or the edges of every dimension.
Tensor shown(Tensor t, bool summarise) {
  for (int d = 0; d < t.dim(); ++d) {
    const std::int64_t n = t.shape()[d];
    if (!cut(summarise, n)) continue;
    Shape size = t.shape();
    size[d] = 2 * kEdge;
    Tensor edges = empty(size, {.dtype = t.dtype(), .device = t.device()});
    edges.narrow(d, 0, kEdge).copy_(t.narrow(d, 0, kEdge));
    edges.narrow(d, kEdge, kEdge).copy_(t.narrow(d, n - kEdge, kEdge));
    t = edges;
  }
  return t.contiguous();
}

/// The real or the imaginary parts of a complex tensor.
Tensor part(const Tensor& t, int which) {
  const DType type = t.dtype() == DType::complex32   ? DType::float16
                     : t.dtype() == DType::complex64 ? DType::float32
                                                     : DType::float64;
  Shape strides = t.strides();
  for (std::int64_t& s : strides) s *= 2;
  return make_view(Ref<Storage>::share(&t.storage()), type, t.shape(), strides, 2 * t.storage_offset() + which,
                   t.device());
}

/// The elements that are shown, as texts of one width (of more where a zero or NaN needs it).
struct Texts {
  std::vector<std::string> all;
  std::size_t width = 1;
};

Texts real_texts(const Tensor& t) {
  Texts out;
  if (is_floating_point(t.dtype())) {
    const std::vector<double> values = t.to_vector<double>();
    const Style style(values);
    out.width = style.width();
    for (double v : values) out.all.push_back(style.text(v));
  } else {
    for (std::int64_t v : t.to_vector<std::int64_t>()) {
      out.all.push_back(t.dtype() == DType::bool_    ? (v ? "True" : "False")
                        : t.dtype() == DType::uint64 ? std::to_string(static_cast<std::uint64_t>(v))
                                                     : std::to_string(v));
      out.width = std::max(out.width, out.all.back().size());
    }
  }
  for (std::string& s : out.all)
    if (s.size() < out.width) s.insert(0, out.width - s.size(), ' ');
  return out;
}

Texts texts_of(const Tensor& t) {
  if (!is_complex(t.dtype())) return real_texts(t);
  Texts out = real_texts(part(t, 0).contiguous());
  const Texts imaginary = real_texts(part(t, 1).contiguous());
  for (std::size_t i = 0; i < out.all.size(); ++i) {
    std::string s = imaginary.all[i];
    s.erase(0, s.find_first_not_of(' '));
    out.all[i] += (s[0] == '-' || s[0] == '+' ? "" : "+") + s + "j";
  }
  out.width += imaginary.width + 1;
  return out;
}

/// The nested brackets. Takes the texts one after the other.
struct Printer {
  const Shape& shape;  ///< of the tensor itself
  const Texts& texts;
  bool summarise;
  std::size_t next = 0;
  std::string out;

  /// The innermost dimension: as many elements in a line as there is room for.
  void row(std::int64_t n, std::size_t indent) {
    const std::size_t each = texts.width + 2, room = kLine > indent ? kLine - indent : 0;
    const std::size_t per_line = std::max<std::size_t>(1, room / each);
    const bool dots = cut(summarise, n);
    const std::size_t count = dots ? 2 * kEdge + 1 : static_cast<std::size_t>(n);
    out += '[';
    for (std::size_t i = 0; i < count; ++i) {
      if (i > 0) out += i % per_line == 0 ? ",\n" + std::string(indent + 1, ' ') : ", ";
      out += dots && i == kEdge ? " ..." : texts.all[next++];
    }
    out += ']';
  }
  /// Dimension `d` and what lies in it; as deep as the tensor has dimensions.
  void part(int d, std::size_t indent) {
    if (d == shape.rank()) {
      out += texts.all[next++];
      return;
    }
    const std::int64_t n = shape[d];
    if (d + 1 == shape.rank()) return row(n, indent);
    const std::string between =
        "," + std::string(static_cast<std::size_t>(shape.rank() - d - 1), '\n') + std::string(indent + 1, ' ');
    out += '[';
    for (std::int64_t i = 0; i < n; ++i) {
      if (i > 0) out += between;
      if (cut(summarise, n) && i == kEdge) {
        out += "..." + between;
        i = n - kEdge;
      }
      part(d + 1, indent + 1);
    }
    out += ']';
  }
};

std::string size_text(const Shape& shape) {
  std::string s = "size=(";
  for (int i = 0; i < shape.rank(); ++i) s += (i ? ", " : "") + std::to_string(shape[i]);
  return s + (shape.rank() == 1 ? ",)" : ")");
}

}  // namespace

std::ostream& operator<<(std::ostream& stream, const Tensor& given) {
  if (!given.defined()) return stream << "tensor(undefined)";
  const DType type = given.dtype();
  if (type >= DType::float4_e2m1fn_x2) return stream << "tensor(<" << name(type) << ' ' << str(given.shape()) << ">)";
  constexpr std::size_t kIndent = 7;  // "tensor("
  const Tensor t = given.detach();
  const NoGradGuard no_grad;
  std::vector<std::string> suffixes;
  std::string text = "[]";
  bool dtype_shows = type == DType::float32 || type == DType::int64 || type == DType::bool_ || type == DType::complex64;
  if (t.numel() == 0) {  // nothing tells an integer by its looks
    if (t.dim() != 1) suffixes.push_back(size_text(t.shape()));
    dtype_shows = type == DType::float32;
  } else {
    const bool summarise = t.numel() > kSummarise;
    const Texts texts = texts_of(shown(t, summarise));
    Printer printer{t.shape(), texts, summarise, 0, {}};
    printer.part(0, kIndent);
    text = std::move(printer.out);
  }
  if (!dtype_shows) suffixes.push_back(str("dtype=torch.", name(type)));
  if (!given.is_leaf())
    suffixes.push_back(str("grad_fn=<", given.grad_fn(), ">"));
  else if (given.requires_grad())
    suffixes.push_back("requires_grad=True");

  text = "tensor(" + text;
  const std::size_t broken = text.rfind('\n');
  std::size_t line = broken == std::string::npos ? text.size() + 2 : text.size() - broken + 1;  // as torch counts
  for (const std::string& s : suffixes) {
    const bool breaks = line + s.size() + 2 > kLine;
    text += (breaks ? ",\n" + std::string(kIndent, ' ') : ", ") + s;
    line = breaks ? kIndent + s.size() : line + s.size() + 2;
  }
  return stream << text << ')';
}

}  // namespace harker

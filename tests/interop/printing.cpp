// Prints tensors of every dtype, magnitude and shape, one line per tensor: what it is, and what operator<< makes of it.
// printing.py has torch print the same and compares the texts.
#include <cmath>
#include <cstdio>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include <harker/core/tensor.h>

using namespace harker;

namespace {

int cases = 0;

std::string hex(double v) {
  if (std::isnan(v)) return "nan";
  char text[64];
  std::snprintf(text, sizeof text, "%a", v);
  return text;
}

/// flags, dtype:shape:values, text with its line breaks escaped. A complex tensor's values are its parts.
void print(const Tensor& t) {
  std::string line = t.requires_grad() ? "grad\t" : "\t";
  line += std::string(name(t.dtype())) + ":";
  for (std::int64_t d : t.shape()) line += std::to_string(d) + ",";
  line += ':';
  if (is_complex(t.dtype())) {
    const DType part = t.dtype() == DType::complex64 ? kFloat32 : kFloat64;
    const Tensor parts = make_view(Ref<Storage>::share(&t.storage()), part, {2 * t.numel()}, {1}, 0);
    for (double v : parts.to_vector<double>()) line += hex(v) + ",";
  } else if (is_floating_point(t.dtype())) {
    for (double v : t.to_vector<double>()) line += hex(v) + ",";
  } else {
    for (std::int64_t v : t.to_vector<std::int64_t>()) line += std::to_string(v) + ",";
  }
  std::ostringstream text;
  text << t;
  std::string escaped;
  for (char c : text.str()) escaped += c == '\n' ? "\\n" : std::string(1, c);
  std::printf("%s\t%s\n", line.c_str(), escaped.c_str());
  ++cases;
}

/// The values repeated to fill the shape.
Tensor of(const std::vector<double>& values, const Shape& shape, DType t) {
  std::vector<double> all(static_cast<std::size_t>(shape.numel()));
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = values[i % values.size()];
  return from_vector(all, shape).to(t);
}

Tensor complex_of(const std::vector<double>& values, const Shape& shape, DType t) {
  Tensor z = zeros(shape, t);
  const Shape parts{2 * shape.numel()};
  make_view(Ref<Storage>::share(&z.storage()), t == DType::complex64 ? kFloat32 : kFloat64, parts, {1}, 0)
      .copy_(of(values, parts, kFloat64));
  return z;
}

}  // namespace

int main() {
  const std::vector<std::vector<double>> lists = {
      {0.5, -1.25, 3},
      {1, 2, -3},
      {0, 0, 0},
      {-0.0},
      {1e-5, 1, 2},
      {1e5, 0.1},
      {1e9, 1},
      {123456789},
      {100000000, 1},
      {1e8 + 1, 5},
      {1000, 1},
      {1001, 1},
      {1000.5, 1},
      {1e-4},
      {0.9e-4},
      {NAN, 1.5},
      {INFINITY, 1, -INFINITY},
      {NAN, INFINITY},
      {NAN},
      {-INFINITY, 0},
      {0, 1e-10},
      {1e300, 1e-300},
      {99999.99999, 0.001},
      {3.14159265358979, 2.71828},
      {-1e-7, 1e7},
      {255, 0, 7},
      {1e-45, 1e38},
  };
  const Shape shapes[] = {
      {},     {1},    {3},       {7},       {30},       {2, 3},   {2, 2, 2},      {1, 1, 1, 1}, {3, 1, 2, 2}, {2, 40},
      {1000}, {1001}, {10, 101}, {101, 10}, {7, 7, 50}, {3, 400}, {2, 2, 2, 200}, {1001, 1},    {5, 3, 80}};
  const DType dtypes[] = {kFloat32, kFloat64, kFloat16, kBFloat16, kInt64, kInt32, kInt16, kInt8, kUInt8, kBool};
  for (const auto& list : lists)
    for (const Shape& shape : shapes)
      for (DType t : dtypes) {
        const bool small = shape.numel() < 100 || &list - lists.data() < 3;  // the large ones in a few values
        if (small &&
            (is_floating_point(t) || (std::fabs(list[0]) < 200 && std::isfinite(list.back()) && list[0] == list[0])))
          print(of(list, shape, t));
      }
  for (const Shape& shape : {Shape{0}, Shape{0, 3}, Shape{2, 0, 4}})
    for (DType t : dtypes) print(of({1}, shape, t));
  for (const auto& list : lists)
    for (const Shape& shape : {Shape{}, Shape{3}, Shape{2, 2}, Shape{20}, Shape{1001}, Shape{30, 40}})
      for (DType t : {DType::complex64, DType::complex128})
        if (shape.numel() < 100 || &list - lists.data() < 3) print(complex_of(list, shape, t));
  for (DType t : {DType::float8_e5m2, DType::float8_e4m3fn}) print(of({0.5, -1.25, 3}, {2, 3}, t));
  print(from_vector(std::vector<std::int64_t>{INT64_MIN, INT64_MAX, 0}, {3}));
  // Whatever the columns do at their edge: random magnitudes and lengths, with and without requires_grad.
  std::mt19937 random(0);
  for (int i = 0; i < 400; ++i) {
    const int n = static_cast<int>(random() % 60) + 1, magnitude = static_cast<int>(random() % 9) - 4;
    std::vector<double> values;
    for (int k = 0; k < n; ++k)
      values.push_back(std::pow(10, magnitude) * (static_cast<double>(random() % 2001) / 1000 - 1));
    const Shape shape = n % 2 == 0 ? Shape{2, n / 2} : Shape{n};
    Tensor t = of(values, shape, i % 3 == 0 ? kFloat64 : kFloat32);
    if (i % 4 == 0) t.requires_grad_();
    print(t);
  }
  std::fprintf(stderr, "%d tensors\n", cases);
}

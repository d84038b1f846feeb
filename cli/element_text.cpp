// std::to_chars knows the shortest text of float and double; for narrower types digits are added until no neighbour of
// the number is nearer.
#include "element_text.h"

#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "elements.h"

namespace harker::cli {
namespace {

template <class T>
std::string shortest(T v) {
  if (std::isnan(v)) return "nan";
  char text[40];
  return {text, std::to_chars(text, text + sizeof text, v).ptr};
}

/// A float of one or two bytes.
std::string narrow(const std::uint8_t* p, DType dtype) {
  const std::size_t size = item_size(dtype);
  const unsigned bits = size == 2 ? static_cast<unsigned>(p[0] | p[1] << 8) : *p;
  const unsigned sign = dtype == DType::float8_e8m0fnu ? 0 : 0x80u << (8 * (size - 1));
  auto number = [&](unsigned of) {
    const std::uint8_t b[2] = {static_cast<std::uint8_t>(of), static_cast<std::uint8_t>(of >> 8)};
    Number n;
    decode(b, dtype, n);
    return static_cast<double>(n.re);
  };
  const double v = number(bits), absolute = std::fabs(v);
  const unsigned magnitude = bits & ~sign;
  if (!std::isfinite(v) || v == 0 || magnitude == 0) return shortest(v);
  const double down = (absolute - number(magnitude - 1)) / 2, next = number(magnitude + 1);
  const double up = std::isfinite(next) && next > absolute ? (next - absolute) / 2 : down;
  for (int digits = 1; digits < 17; ++digits) {
    char text[40];
    std::snprintf(text, sizeof text, "%.*g", digits, absolute);
    const double back = std::strtod(text, nullptr);
    if (back - absolute < up && absolute - back < down) return shortest(v < 0 ? -back : back);
  }
  return shortest(v);
}

std::string real(const std::uint8_t* p, DType dtype) {
  if (is_floating_point(dtype) && item_size(dtype) <= 2) return narrow(p, dtype);
  Number n;
  decode(p, dtype, n);
  if (dtype == DType::float32) return shortest(static_cast<float>(n.re));
  if (dtype == DType::float64) return shortest(static_cast<double>(n.re));
  if (dtype == DType::bool_) return *p ? "True" : "False";
  return n.re < 0 ? std::to_string(static_cast<std::int64_t>(n.re)) : std::to_string(static_cast<std::uint64_t>(n.re));
}

/// Of float4_e2m1fn: a sign, two bits of exponent, one of mantissa.
std::string quarter(unsigned bits) {
  static constexpr const char* kText[] = {"0", "0.5", "1", "1.5", "2", "3", "4", "6"};
  return std::string(bits & 8 ? "-" : "") + kText[bits & 7];
}

}  // namespace

std::string element_text(const std::uint8_t* p, DType dtype) {
  if (dtype == DType::float4_e2m1fn_x2) return quarter(*p & 15) + ' ' + quarter(*p >> 4);
  if (!is_complex(dtype)) return real(p, dtype);
  const DType part = dtype == DType::complex32   ? DType::float16
                     : dtype == DType::complex64 ? DType::float32
                                                 : DType::float64;
  const std::string im = real(p + item_size(part), part);
  return real(p, part) + (im.starts_with('-') ? "" : "+") + im + 'j';
}

}  // namespace harker::cli

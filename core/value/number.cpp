// The numbers of a Value: integers of any size as two's complement bytes, conversions, and the common form in which
// keys are compared (1, 1.0, True and numpy's int64(1) are one key).
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include <harker/core/base/text.h>
#include <harker/core/value/object.h>

namespace harker HARKER_PUBLIC {

using namespace detail;

namespace {

using Bytes = std::span<const std::uint8_t>;
constexpr std::size_t kMostDecimalBytes = 100'000;  // conversion to decimal takes time with the square of this

Bytes bytes_of(const std::string& s) { return {reinterpret_cast<const std::uint8_t*>(s.data()), s.size()}; }

bool is_negative(Bytes b) { return !b.empty() && (b.back() & 0x80) != 0; }

std::int64_t small(Bytes b) {  // at most 8 bytes
  std::uint64_t u = is_negative(b) ? ~std::uint64_t{0} : 0;
  for (std::size_t i = b.size(); i-- > 0;) u = (u << 8) | b[i];
  return static_cast<std::int64_t>(u);
}

// |x| as 32-bit limbs, least significant first, none of the highest zero.
std::vector<std::uint32_t> magnitude(Bytes b) {
  std::vector<std::uint32_t> limbs(b.size() / 4 + 1);
  const std::uint8_t flip = is_negative(b) ? 0xff : 0;
  std::uint32_t carry = flip & 1;
  for (std::size_t i = 0; i < 4 * limbs.size(); ++i) {
    const std::uint32_t byte = (i < b.size() ? b[i] ^ flip : 0u) + carry;
    carry = byte >> 8;
    limbs[i / 4] |= (byte & 0xff) << (8 * (i % 4));
  }
  while (!limbs.empty() && limbs.back() == 0) limbs.pop_back();
  return limbs;
}

double to_double(Bytes b) {
  const std::vector<std::uint32_t> limbs = magnitude(b);
  if (limbs.empty()) return 0;
  // The top 64 bits, the lowest of them set when anything below is: converting that rounds as converting the whole
  // would.
  std::uint64_t top = 0;
  bool below = false;
  const std::size_t n = limbs.size();
  const std::size_t bits = 32 * n - static_cast<std::size_t>(std::countl_zero(limbs.back()));
  const std::size_t shift = bits > 64 ? bits - 64 : 0;
  if (bits > 1024) throw_error<TypeError>("this int is too large for a float");
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t k = 0; k < 32; ++k) {
      const std::size_t at = 32 * i + k;
      const std::uint64_t bit = (limbs[i] >> k) & 1;
      if (at >= shift && at < shift + 64)
        top |= bit << (at - shift);
      else
        below = below || bit != 0;
    }
  }
  const double d = std::ldexp(static_cast<double>(top | (below ? 1u : 0u)), static_cast<int>(shift));
  if (std::isinf(d)) throw_error<TypeError>("this int is too large for a float");
  return is_negative(b) ? -d : d;
}

// The bytes of an integral double beyond 64 bits.
std::string big_bytes(double d) {
  int exponent = 0;
  const auto mantissa = static_cast<std::uint64_t>(std::ldexp(std::frexp(std::fabs(d), &exponent), 53));
  std::string out(static_cast<std::size_t>(exponent) / 8 + 2, '\0');
  for (int k = 0; k < 53; ++k) {
    const auto at = static_cast<std::size_t>(exponent - 53 + k);
    if ((mantissa >> k) & 1)
      out[at / 8] = static_cast<char>(static_cast<unsigned char>(out[at / 8]) | (1u << (at % 8)));
  }
  if (d < 0) {
    unsigned carry = 1;
    for (char& c : out) {
      const unsigned byte = (static_cast<unsigned char>(c) ^ 0xffu) + carry;
      carry = byte >> 8;
      c = static_cast<char>(byte & 0xff);
    }
  }
  out.resize(trimmed(bytes_of(out)).size());
  return out;
}

Number from_int(std::int64_t i) {
  Number n;
  n.i = i;
  return n;
}

Number from_unsigned(std::uint64_t u) {
  if (u <= INT64_MAX) return from_int(static_cast<std::int64_t>(u));
  Number n;
  n.is = Number::Is::big;
  n.big.resize(9);
  for (std::size_t k = 0; k < 8; ++k) n.big[k] = static_cast<char>((u >> (8 * k)) & 0xff);
  return n;
}

Number from_real(double d) {
  Number n;
  if (std::isnan(d))
    n.is = Number::Is::nan;
  else if (d >= -0x1p63 && d < 0x1p63 && d == std::floor(d))
    n.i = static_cast<std::int64_t>(d);
  else if (!std::isinf(d) && d == std::floor(d))
    n.is = Number::Is::big, n.big = big_bytes(d);
  else
    n.is = Number::Is::real, n.re = d;
  return n;
}

Number from_complex(Complex c) {
  if (c.imag() == 0) return from_real(c.real());
  Number n;
  n.is = std::isnan(c.real()) || std::isnan(c.imag()) ? Number::Is::nan : Number::Is::complex;
  n.re = c.real() + 0.0;  // -0.0 equals 0.0
  n.im = c.imag();
  return n;
}

double half_to_double(std::uint16_t h) {
  const int exponent = (h >> 10) & 31, fraction = h & 1023;
  double d = exponent == 31 ? (fraction ? NAN : HUGE_VAL)
                            : std::ldexp(exponent ? 1024 + fraction : fraction, (exponent ? exponent : 1) - 25);
  return (h & 0x8000) ? -d : d;
}

double float_from(const std::uint8_t* p, std::size_t size) {
  if (size == 2) {
    std::uint16_t h;
    std::memcpy(&h, p, 2);
    return half_to_double(h);
  }
  if (size == 4) {
    float f;
    std::memcpy(&f, p, 4);
    return f;
  }
  double d;
  std::memcpy(&d, p, 8);
  return d;
}

// The one element of a numpy scalar in this machine's byte order. Its dtype reads "<f8", "|b1", ">i4": order, kind,
// size.
struct Element {
  char kind;
  std::size_t size;
  std::uint8_t bytes[16];

  double real() const { return float_from(bytes, size); }
  Complex complex() const { return {float_from(bytes, size / 2), float_from(bytes + size / 2, size / 2)}; }
};

std::optional<Element> element_of(const Value::Numpy& n) {
  Element e{};
  e.size = n.data.size();
  if (e.size == 0 || e.size > sizeof e.bytes || n.dtype.size() < 3 || n.dtype.substr(2) != std::to_string(e.size))
    return {};
  e.kind = n.dtype[1];
  const std::size_t size = e.size;
  const bool sound = (e.kind == 'b' && size == 1) || ((e.kind == 'i' || e.kind == 'u') && size <= 8) ||
                     (e.kind == 'f' && (size == 2 || size == 4 || size == 8)) ||
                     (e.kind == 'c' && (size == 8 || size == 16));
  if (!sound) return {};
  std::copy(n.data.begin(), n.data.end(), e.bytes);
  const std::size_t unit = e.kind == 'c' ? size / 2 : size;
  if (n.dtype[0] == '>') {
    for (std::size_t from = 0; from < size; from += unit) std::reverse(e.bytes + from, e.bytes + from + unit);
  }
  return e;
}

Number from_element(const Element& e) {
  switch (e.kind) {
    case 'b': return from_int(e.bytes[0] != 0);
    case 'i': return from_int(small({e.bytes, e.size}));
    case 'f': return from_real(e.real());
    case 'c': return from_complex(e.complex());
    default: break;
  }
  std::uint64_t u = 0;
  for (std::size_t i = e.size; i-- > 0;) u = (u << 8) | e.bytes[i];
  return from_unsigned(u);
}

double to_double(const Number& n) {
  switch (n.is) {
    case Number::Is::integer: return static_cast<double>(n.i);
    case Number::Is::big: return to_double(bytes_of(n.big));
    case Number::Is::real: return n.re;
    default: return NAN;
  }
}

}  // namespace

namespace detail {

std::span<const std::uint8_t> trimmed(std::span<const std::uint8_t> b) {
  auto repeats_sign = [&] {
    const std::size_t n = b.size();
    if (b[n - 1] == 0) return n == 1 || !(b[n - 2] & 0x80);
    return b[n - 1] == 0xff && n > 1 && (b[n - 2] & 0x80) != 0;
  };
  while (!b.empty() && repeats_sign()) b = b.first(b.size() - 1);
  return b;
}

std::optional<Number> number_of(const Value& v) {
  switch (v.kind()) {
    case Value::Kind::boolean: return from_int(Object::small_int(v));
    case Value::Kind::integer:
      if (v.fits_int64()) return from_int(Object::small_int(v));
      {
        Number n;
        n.is = Number::Is::big;
        n.big = object_as<Text>(v).text;
        return n;
      }
    case Value::Kind::floating: return from_real(Object::real(v));
    case Value::Kind::complex: return from_complex(object_as<ComplexObject>(v).value);
    case Value::Kind::numpy_scalar:
      if (const std::optional<Element> e = element_of(v.as_numpy())) return from_element(*e);
      return {};
    default: return {};
  }
}

}  // namespace detail

Value Value::integer(std::span<const std::uint8_t> twos_complement) {
  const Bytes b = trimmed(twos_complement);
  if (b.size() <= 8) return small(b);
  return Object::adopt(new Text(Kind::integer, std::string(reinterpret_cast<const char*>(b.data()), b.size())));
}

Value Value::big_uint(std::uint64_t v) {
  std::uint8_t b[9] = {};
  for (std::size_t k = 0; k < 8; ++k) b[k] = static_cast<std::uint8_t>(v >> (8 * k));
  return integer(b);
}

bool Value::fits_int64() const noexcept { return kind_ == Kind::integer && !big_; }

std::int64_t Value::as_int() const {
  if (kind_ == Kind::boolean || fits_int64()) return u_.i;
  if (kind_ == Kind::numpy_scalar) {
    const std::optional<Element> e = element_of(as_numpy());
    if (e && e->kind != 'f' && e->kind != 'c') {
      if (const Number n = from_element(*e); n.is == Number::Is::integer) return n.i;
    }
  }
  if (big_)
    throw_error<TypeError>("this int does not fit 64 bits; integer_bytes() and integer_decimal() give all of it");
  wrong_kind(*this, "an int");
}

double Value::as_double() const {
  if (kind_ == Kind::floating) return u_.d;
  if (kind_ == Kind::boolean || fits_int64()) return static_cast<double>(u_.i);
  if (big_) return to_double(bytes_of(object_as<Text>(*this).text));
  if (kind_ == Kind::numpy_scalar) {
    const std::optional<Element> e = element_of(as_numpy());
    if (e && e->kind == 'f') return e->real();
    if (e && e->kind != 'c') return to_double(from_element(*e));
  }
  wrong_kind(*this, "a float");
}

Complex Value::as_complex() const {
  if (kind_ == Kind::complex) return object_as<ComplexObject>(*this).value;
  if (kind_ == Kind::numpy_scalar) {
    const std::optional<Element> e = element_of(as_numpy());
    if (e && e->kind == 'c') return e->complex();
  }
  if (kind_ <= Kind::floating && kind_ != Kind::none) return {as_double(), 0};
  if (kind_ == Kind::numpy_scalar) return {as_double(), 0};
  wrong_kind(*this, "a complex number");
}

std::vector<std::uint8_t> Value::integer_bytes() const {
  if (kind_ != Kind::integer && kind_ != Kind::boolean) wrong_kind(*this, "an int");
  if (big_) {
    const Bytes b = bytes_of(object_as<Text>(*this).text);
    return {b.begin(), b.end()};
  }
  std::uint8_t b[8];
  for (std::size_t k = 0; k < 8; ++k) b[k] = static_cast<std::uint8_t>(static_cast<std::uint64_t>(u_.i) >> (8 * k));
  const Bytes least = trimmed(b);
  return {least.begin(), least.end()};
}

std::string Value::integer_decimal() const {
  if (!big_) return std::to_string(as_int());
  const Bytes b = bytes_of(object_as<Text>(*this).text);
  if (b.size() > kMostDecimalBytes) {
    throw_error<Error>("an int of ", b.size(), " bytes is not written in decimal (the most is ", kMostDecimalBytes,
                       ")");
  }
  constexpr std::uint64_t kBase = 1'000'000'000;
  const std::vector<std::uint32_t> limbs = magnitude(b);
  std::vector<std::uint32_t> digits;  // base 1e9, least significant first
  for (std::size_t i = limbs.size(); i-- > 0;) {
    std::uint64_t carry = limbs[i];
    for (std::uint32_t& d : digits) {
      carry += std::uint64_t{d} << 32;
      d = static_cast<std::uint32_t>(carry % kBase);
      carry /= kBase;
    }
    for (; carry; carry /= kBase) digits.push_back(static_cast<std::uint32_t>(carry % kBase));
  }
  std::string out = is_negative(b) ? "-" : "";
  for (std::size_t i = digits.size(); i-- > 0;) {
    const std::string part = std::to_string(digits[i]);
    if (i + 1 != digits.size()) out.append(9 - part.size(), '0');
    out += part;
  }
  return out;
}

}  // namespace harker

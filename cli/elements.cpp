// Rows of the last dimension are copied into a buffer; a contiguous tensor's own memory is handed out as it is.
#include "elements.h"

#include <harker/core/base/half.h>
#include <harker/core/base/text.h>
#include <cmath>
#include <cstring>

namespace harker::cli {
namespace {

constexpr std::size_t kPiece = std::size_t{1} << 18;

bool has_sign_bit(DType t) { return is_complex(t) || t <= DType::bfloat16; }

}  // namespace

Elements::Elements(const Tensor& t, bool conj, bool neg)
    : t_(t),
      bytes_(t.storage()),
      conj_(conj && is_complex(t.dtype())),
      neg_(neg),
      item_(item_size(t.dtype())),
      strides_(t.strides()),
      index_(static_cast<std::size_t>(t.dim())),
      row_(t.storage_offset()) {
  if (neg_ && !has_sign_bit(t.dtype())) detail::throw_error<TypeError>("a negative view of ", name(t.dtype()));
  bytes_.require();
  if (!t.is_contiguous() || conj_ || neg_) buffer_.resize(kPiece);
}

/// To the first element of the next row.
void Elements::advance() {
  column_ = 0;
  for (int d = t_.dim() - 2; d >= 0; --d) {
    row_ += strides_[d];
    if (++index_[static_cast<std::size_t>(d)] < t_.shape()[d]) return;
    row_ -= strides_[d] * t_.shape()[d];
    index_[static_cast<std::size_t>(d)] = 0;
  }
}

std::span<const std::uint8_t> Elements::next() {
  const std::int64_t total = t_.numel();
  if (done_ == total) return {};
  if (buffer_.empty()) {
    std::int64_t n = std::min<std::int64_t>(total - done_, static_cast<std::int64_t>(kPiece / item_));
    const std::uint64_t at = static_cast<std::uint64_t>(row_ + done_) * item_;
    done_ += n;
    return bytes_.bytes(at, static_cast<std::size_t>(n) * item_);
  }
  const std::int64_t columns = t_.dim() == 0 ? 1 : t_.shape().back(), stride = t_.dim() == 0 ? 0 : strides_.back();
  std::uint8_t* to = buffer_.data();
  std::int64_t room = static_cast<std::int64_t>(kPiece / item_);
  while (room > 0 && done_ < total) {
    std::int64_t n = std::min(columns - column_, room);
    for (std::int64_t i = 0; i < n; ++i, to += item_) std::memcpy(to, element(row_ + (column_ + i) * stride), item_);
    room -= n;
    done_ += n;
    if ((column_ += n) == columns) advance();
  }
  const std::size_t unit = swap_size(t_.dtype());  // a number with a sign bit on top
  if (conj_ || neg_) {
    std::uint8_t* p = buffer_.data();
    for (std::size_t k = 0; p < to; p += unit, ++k) {
      bool flip = neg_ != (conj_ && k % 2 == 1);
      if (flip) p[unit - 1] ^= 0x80;
    }
  }
  return {buffer_.data(), static_cast<std::size_t>(to - buffer_.data())};
}

namespace {

template <class T>
long double as(const std::uint8_t* p) {
  T v;
  std::memcpy(&v, p, sizeof v);
  return static_cast<long double>(v);
}

/// A small float: sign, `exponent` bits, `mantissa` bits.
long double small_float(unsigned bits, int exponent, int mantissa, int bias, bool infinities) {
  const unsigned top = (1u << exponent) - 1, e = bits >> mantissa & top, m = bits & ((1u << mantissa) - 1);
  long double v;
  if (infinities && e == top)
    v = m ? std::nanl("") : HUGE_VALL;
  else
    v = e == 0 ? std::ldexp(static_cast<long double>(m), 1 - bias - mantissa)
               : std::ldexp(static_cast<long double>(m | 1u << mantissa), static_cast<int>(e) - bias - mantissa);
  return bits >> (exponent + mantissa) & 1 ? -v : v;
}

long double float16(const std::uint8_t* p) {
  return small_float(static_cast<unsigned>(p[0] | p[1] << 8), 5, 10, 15, true);
}

}  // namespace

bool decode(const std::uint8_t* p, DType dtype, Number& out) {
  out = {};
  switch (dtype) {
    case DType::float32: out.re = as<float>(p); return true;
    case DType::float64: out.re = as<double>(p); return true;
    case DType::float16: out.re = float16(p); return true;
    case DType::bfloat16: out.re = small_float(static_cast<unsigned>(p[0] | p[1] << 8), 8, 7, 127, true); return true;
    case DType::uint8:
    case DType::quint8:
    case DType::bool_: out.re = *p; return true;
    case DType::int8:
    case DType::qint8: out.re = as<std::int8_t>(p); return true;
    case DType::int16: out.re = as<std::int16_t>(p); return true;
    case DType::int32:
    case DType::qint32: out.re = as<std::int32_t>(p); return true;
    case DType::int64: out.re = as<std::int64_t>(p); return true;
    case DType::uint16: out.re = as<std::uint16_t>(p); return true;
    case DType::uint32: out.re = as<std::uint32_t>(p); return true;
    case DType::uint64: out.re = as<std::uint64_t>(p); return true;
    case DType::complex32: out = {float16(p), float16(p + 2)}; return true;
    case DType::complex64: out = {as<float>(p), as<float>(p + 4)}; return true;
    case DType::complex128: out = {as<double>(p), as<double>(p + 8)}; return true;
    case DType::float8_e4m3fn:
      out.re = (*p & 0x7f) == 0x7f ? std::nanl("") : small_float(*p, 4, 3, 7, false);
      return true;
    case DType::float8_e5m2: out.re = small_float(*p, 5, 2, 15, true); return true;
    case DType::float8_e4m3fnuz: out.re = *p == 0x80 ? std::nanl("") : small_float(*p, 4, 3, 8, false); return true;
    case DType::float8_e5m2fnuz: out.re = *p == 0x80 ? std::nanl("") : small_float(*p, 5, 2, 16, false); return true;
    case DType::float8_e8m0fnu: out.re = *p == 0xff ? std::nanl("") : std::ldexp(1.0L, *p - 127); return true;
    case DType::float4_e2m1fn_x2: return false;
  }
  return false;
}

namespace {

template <class T, class F>
void convert_all(std::span<const std::uint8_t> from, std::vector<double>& out, F number) {
  out.resize(from.size() / sizeof(T));
  for (std::size_t i = 0; i < out.size(); ++i) {
    T v;
    std::memcpy(&v, &from[i * sizeof v], sizeof v);
    out[i] = static_cast<double>(number(v));
  }
}

}  // namespace

void decode_all(std::span<const std::uint8_t> from, DType dtype, std::vector<double>& out) {
  auto same = [](auto v) { return v; };
  // What large models are made of; anything else goes one by one.
  if (dtype == DType::float32) return convert_all<float>(from, out, same);
  if (dtype == DType::float64) return convert_all<double>(from, out, same);
  if (dtype == DType::float16) return convert_all<std::uint16_t>(from, out, Float16::to_float);
  if (dtype == DType::bfloat16) return convert_all<std::uint16_t>(from, out, BFloat16::to_float);
  out.clear();
  for (std::size_t i = 0; i < from.size(); i += item_size(dtype)) {
    if (dtype == DType::float4_e2m1fn_x2) {
      for (const int shift : {0, 4})
        out.push_back(static_cast<double>(small_float(static_cast<unsigned>(from[i]) >> shift & 15, 2, 1, 1, false)));
      continue;
    }
    Number n;
    decode(&from[i], dtype, n);
    out.push_back(static_cast<double>(is_complex(dtype) ? std::hypot(n.re, n.im) : n.re));
  }
}

}  // namespace harker::cli

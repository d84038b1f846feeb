// Both tensors are walked in the order in which the first lies in memory, which is that of the second too, nearly always:
// so that equal pieces are told by one memcmp, and a file is read front to back.
#include "tensor_diff.h"

#include <harker/core/base/text.h>
#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>

#include "element_text.h"
#include "elements.h"
#include "numpy_tensor.h"

namespace harker::cli {
namespace {

/// Dimensions in an order of their own. Where both only repeat (stride 0), one element says it all.
struct Layout {
  Tensor a, b;
  std::vector<int> order;  // the dimension that stands at each place

  Layout(const Tensor& x, const Tensor& y) : order(static_cast<std::size_t>(x.dim())) {
    const Shape mine = x.strides(), theirs = y.strides();
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](int i, int j) { return mine[i] > mine[j]; });
    Shape shape = x.shape(), left = mine, right = theirs;
    for (int place = 0; place < x.dim(); ++place) {
      const int d = order[static_cast<std::size_t>(place)];
      shape[place] = mine[d] == 0 && theirs[d] == 0 && x.shape()[d] > 1 ? 1 : x.shape()[d];
      left[place] = mine[d], right[place] = theirs[d];
    }
    const auto view = [&](const Tensor& t, const Shape& strides) {
      return make_view(Ref<Storage>::share(&t.storage()), t.dtype(), shape, strides, t.storage_offset());
    };
    a = view(x, left), b = view(y, right);
  }
  bool in_order() const { return std::is_sorted(order.begin(), order.end()); }
  /// The index, in the tensors' own dimensions, of the element at a place of the walk.
  Shape index(std::uint64_t at) const {
    Shape out = a.shape();
    for (int place = a.dim(); place-- > 0;) {
      const auto size = static_cast<std::uint64_t>(a.shape()[place]);
      out[order[static_cast<std::size_t>(place)]] = static_cast<std::int64_t>(at % size);
      at /= size;
    }
    return out;
  }
};

/// How many numbers of the type lie between two; that of a complex pair is the larger.
template <class U>
std::uint64_t steps(const std::uint8_t* p, const std::uint8_t* q) {
  constexpr U kSign = static_cast<U>(U{1} << (8 * sizeof(U) - 1));
  const auto place = [](const std::uint8_t* at) {
    U v;
    std::memcpy(&v, at, sizeof v);
    const auto magnitude = static_cast<std::int64_t>(v & static_cast<U>(~kSign));
    return v & kSign ? -magnitude : magnitude;
  };
  const std::int64_t x = place(p), y = place(q);
  return x > y ? static_cast<std::uint64_t>(x) - static_cast<std::uint64_t>(y)
               : static_cast<std::uint64_t>(y) - static_cast<std::uint64_t>(x);
}
bool has_ulps(DType t) {
  return is_complex(t) || t <= DType::bfloat16 || t == DType::float8_e4m3fn || t == DType::float8_e5m2;
}
std::uint64_t ulps(const std::uint8_t* p, const std::uint8_t* q, DType t) {
  const std::size_t unit = swap_size(t);
  const auto one = [&](std::size_t at) {
    return unit == 1   ? steps<std::uint8_t>(p + at, q + at)
           : unit == 2 ? steps<std::uint16_t>(p + at, q + at)
           : unit == 4 ? steps<std::uint32_t>(p + at, q + at)
                       : steps<std::uint64_t>(p + at, q + at);
  };
  return is_complex(t) ? std::max(one(0), one(unit)) : one(0);
}

/// Compares two runs of elements, and keeps the tally.
class Tally {
 public:
  Tally(const Layout& layout, const Equality& equality, TensorDifference& to)
      : layout_(layout),
        equality_(equality),
        to_(to),
        x_(layout.a.dtype()),
        y_(layout.b.dtype()),
        in_order_(layout.in_order()) {}

  void add(const std::uint8_t* p, const std::uint8_t* q, std::size_t n) {
    const std::size_t i = item_size(x_), j = item_size(y_);
    const bool same_type = x_ == y_;
    if (!same_type || std::memcmp(p, q, n * i) != 0) {
      for (std::size_t k = 0; k < n; ++k, p += i, q += j)
        if (!same_type || std::memcmp(p, q, i) != 0) one(p, q, at_ + k);
    }
    at_ += n;
  }

 private:
  void one(const std::uint8_t* p, const std::uint8_t* q, std::uint64_t at) {
    Number u, v;
    if (!decode(p, x_, u) || !decode(q, y_, v)) {
      to_.numbers = false;
      ++to_.differing;
      return;
    }
    const long double d = u.re == v.re && u.im == v.im ? 0
                          : u.im == v.im               ? std::abs(u.re - v.re)
                                                       : std::hypot(u.re - v.re, u.im - v.im);
    if (equality_.by_number() && equality_.same(u.re, v.re) && equality_.same(u.im, v.im)) {
      if (d > to_.tolerated) to_.tolerated = d;
      return;
    }
    if (!std::isfinite(d))
      to_.nan = true;
    else
      to_.largest = std::max(to_.largest, d);
    if (x_ == y_ && has_ulps(x_) && std::isfinite(d)) to_.ulps = std::max(to_.ulps.value_or(0), ulps(p, q, x_));
    if (to_.differing++ == 0 || !in_order_) {
      const Shape index = layout_.index(at);
      if (to_.differing > 1 &&
          !std::lexicographical_compare(index.begin(), index.end(), to_.first.begin(), to_.first.end()))
        return;
      to_.first = index;
      to_.first_a = element_text(p, x_), to_.first_b = element_text(q, y_);
    }
  }

  const Layout& layout_;
  const Equality& equality_;
  TensorDifference& to_;
  DType x_, y_;
  bool in_order_;
  std::uint64_t at_ = 0;
};

}  // namespace

bool Equality::same(long double a, long double b) const {
  if (a == b || (std::isnan(a) && std::isnan(b))) return true;
  return tolerant && std::isfinite(a) && std::isfinite(b) && std::abs(a - b) <= abs + rel * std::abs(b);
}

TensorDifference compare(const Value& a, const Value& b, const Equality& equality) {
  const Layout layout(a.lazy_tensor(), b.lazy_tensor());
  const auto numel = static_cast<std::uint64_t>(layout.a.numel());
  const auto stored = [](const Tensor& t) { return t.storage().nbytes / item_size(t.dtype()); };
  if (numel > (std::uint64_t{1} << 34) && numel > stored(layout.a) + stored(layout.b))
    detail::throw_error<Error>("a view of ", numel, " overlapping elements is too large to compare");
  TensorDifference out;
  out.numel = static_cast<std::uint64_t>(a.lazy_tensor().numel());
  Tally tally(layout, equality, out);
  Elements left(layout.a, a.conj(), a.neg()), right(layout.b, b.conj(), b.neg());
  const std::size_t i = item_size(layout.a.dtype()), j = item_size(layout.b.dtype());
  std::span<const std::uint8_t> p = left.next(), q = right.next();
  while (!p.empty() && !q.empty()) {
    const std::size_t n = std::min(p.size() / i, q.size() / j);
    tally.add(p.data(), q.data(), n);
    p = p.subspan(n * i), q = q.subspan(n * j);
    if (p.empty()) p = left.next();
    if (q.empty()) q = right.next();
  }
  return out;
}

std::optional<Value> as_tensor(const Value& v) {
  if (v.is_tensor()) return v;
  if (v.kind() != Value::Kind::numpy_array && v.kind() != Value::Kind::numpy_scalar) return std::nullopt;
  const std::optional<Tensor> t = numpy_tensor(v.as_numpy());
  return t ? std::optional<Value>(*t) : std::nullopt;
}

}  // namespace harker::cli

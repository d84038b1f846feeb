// New tensors, and random numbers after the same seed.
#include <harker/core/random.h>

#include "call.h"

namespace opinfo {

namespace {
using Options = TensorOptions;
/// Of new_zeros and its kin: harker's have x's dtype.
void check_same(T x, const Options& o) {
  if (o.dtype.value_or(x.dtype()) != x.dtype() || o.requires_grad) throw Inexpressible("dtype or requires_grad");
}
}

void add_make() {
  op("arange", "end, options", [](Scalar end, Options o) { return arange(end, o); });
  op("arange", "start, end, options", [](Scalar a, Scalar b, Options o) { return arange(a, b, o); });
  op("arange", "start, end, step, options", [](Scalar a, Scalar b, Scalar s, Options o) { return arange(a, b, s, o); });
  op("linspace", "start, end, steps, options",
     [](Scalar a, Scalar b, Int n, Options o) { return linspace(a, b, n, o); });
  op("eye", "n, options", [](Int n, Options o) { return eye(n, o); });
  op("eye", "n, m, options", [](Int n, Int m, Options o) { return eye(n, m, o); });
  op("zeros", "*size, options", [](const Shape& s, Options o) { return zeros(s, o); });
  op("ones", "*size, options", [](const Shape& s, Options o) { return ones(s, o); });
  op("empty", "*size, options", [](const Shape& s, Options o) { return empty(s, o); });
  op("full", "size, value, options", [](const Shape& s, Scalar v, Options o) { return full(s, v, o); });
  op("zeros_like", "x, options", [](T x, Options o) { return zeros_like(x, o); });
  op("ones_like", "x, options", [](T x, Options o) { return ones_like(x, o); });
  op("empty_like", "x, options", [](T x, Options o) { return empty_like(x, o); });
  op("full_like", "x, value, options", [](T x, Scalar v, Options o) { return full_like(x, v, o); });
  op("new_zeros", "x, *size, options", [](T x, const Shape& s, Options o) {
    check_same(x, o);
    return x.new_zeros(s);
  });
  op("new_ones", "x, *size, options", [](T x, const Shape& s, Options o) {
    check_same(x, o);
    return x.new_ones(s);
  });
  op("new_empty", "x, *size, options", [](T x, const Shape& s, Options o) {
    check_same(x, o);
    return x.new_empty(s);
  });
  op("new_full", "x, size, value, options", [](T x, const Shape& s, Scalar v, Options o) {
    check_same(x, o);
    return x.new_full(s, v);
  });
  op("scalar_tensor", "value, options", [](Scalar v, Options o) { return scalar_tensor(v, o); });
  op("fill", "x, value", [](T x, Scalar v) { return x.clone().fill_(v); });
  op("fill", "x, value", [](T x, T v) { return x.clone().fill_(v); });
  op("zero_", "x", [](T x) { return x.clone().zero_(); });
  op("resize_", "x, *size, memory_format:*", [](T x, const Shape& s) { return x.clone().resize_(s); });

  op("bernoulli", "x, p:None", [](T x) { return bernoulli(x); });
  op("multinomial", "x, num_samples, replacement=False", [](T x, Int n, bool r) { return multinomial(x, n, r); });
  // Into x itself: the order of the numbers is that of its memory.
  op("uniform", "x, from=0, to=1", [](T x, double a, double b) { return x.detach().uniform_(a, b); });
  op("normal.in_place", "x, mean=0, std=1", [](T x, double m, double s) { return x.detach().normal_(m, s); });
  op("exponential", "x, lambd=1", [](T x, double l) { return x.detach().exponential_(l); });
  op("normal", "mean, std", [](T m, T s) { return normal(m, s); });
  op("normal", "mean, std=1", [](T m, double s) { return normal(m, s); });
  // The OpInfo's function takes the deviation first.
  op("normal.number_mean", "std, mean, size, options",
     [](double s, double m, const Shape& size, Options o) { return normal(m, s, size, o); });
  op("normal.number_mean", "std, mean", [](double s, T m) { return normal(m, s); });
  op("randn", "*size, options", [](const Shape& s, Options o) { return randn(s, o); });
  op("randn_like", "x, options", [](T x, Options o) { return randn_like(x, o); });
  op("rand_like", "x, options", [](T x, Options o) { return rand_like(x, o); });
  op("randint", "high, size, options", [](Int high, const Shape& s, Options o) { return randint(high, s, o); });
  op("randint", "low, high, size, options",
     [](Int low, Int high, const Shape& s, Options o) { return randint(low, high, s, o); });
  op("randint_like", "x, high, options", [](T x, Int high, Options o) { return randint_like(x, high, o); });
  op("randint_like", "x, low, high, options",
     [](T x, Int low, Int high, Options o) { return randint_like(x, low, high, o); });
}

}  // namespace opinfo

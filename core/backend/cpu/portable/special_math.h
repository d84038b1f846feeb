// Special functions of one number that the C library lacks: erfinv, digamma, polygamma. The methods are Cephes' and, for
// erfinv, Newton's from a rational start; accurate to a few units in the last place of a double away from zeros.
#pragma once
#include <cmath>
#include <limits>
#include <numbers>

namespace harker::portable {

/// c[0] + c[1] x + ..., highest power first.
template <int N>
inline double polynomial(const double (&c)[N], double x) {
  double z = 0;
  for (double v : c) z = z * x + v;
  return z;
}

/// The x of erf(x) = y. Near 1 the distance to 1 is what counts: there erfc is solved.
inline double erfinv(double y) {
  const double size = std::fabs(y);
  if (!(size < 1)) return size == 1 ? std::copysign(INFINITY, y) : NAN;
  constexpr double slope = 2 * std::numbers::inv_sqrtpi;
  double x;
  if (size <= 0.7) {
    const double z = y * y;
    x = size * polynomial({-0.140543331, 0.914624893, -1.645349621, 0.886226899}, z) /
        polynomial({0.012229801, -0.329097515, 1.442710462, -2.118377725, 1.0}, z);
    for (int i = 0; i < 2; ++i) x -= (std::erf(x) - size) / (slope * std::exp(-x * x));
  } else {
    const double z = std::sqrt(-std::log((1 - size) / 2));
    x = polynomial({1.641345311, 3.429567803, -1.624906493, -1.970840454}, z) /
        polynomial({1.637067800, 3.543889200, 1.0}, z);
    for (int i = 0; i < 3; ++i) x += (std::erfc(x) - (1 - size)) / (slope * std::exp(-x * x));
  }
  return std::copysign(x, y);
}

/// The derivative of lgamma. At 0 it is infinite, from the side that the zero's sign tells; at -1, -2, ... there is none.
inline double digamma(double x) {
  if (x == 0) return std::copysign(INFINITY, -x);
  if (x < 0) {
    const double rest = x - std::nearbyint(x);
    return rest == 0 || std::isinf(x) ? NAN : digamma(1 - x) - std::numbers::pi / std::tan(std::numbers::pi * rest);
  }
  double z = 0;
  for (; x < 10; x += 1) z -= 1 / x;
  const double s = 1 / (x * x);
  const double series =
      polynomial({1.0 / 12, -691.0 / 32760, 1.0 / 132, -1.0 / 240, 1.0 / 252, -1.0 / 120, 1.0 / 12}, s);
  return z + std::log(x) - 0.5 / x - s * series;
}

/// The sum of (q + k)^-s over k = 0, 1, ...; s > 1, q > 0: ten terms, and Euler and Maclaurin for the rest.
[[gnu::noinline]] inline double zeta(double s, double q) {
  if (std::isinf(q)) return 0;
  constexpr double eps = std::numeric_limits<double>::epsilon() / 2;
  double z = std::pow(q, -s), term = z, a = q;
  for (int i = 0; i < 9 || a <= 9; ++i) {
    a += 1;
    term = std::pow(a, -s);
    z += term;
    if (term < eps * z) return z;
  }
  z += term * a / (s - 1) - 0.5 * term;
  // (2 k)! / B(2 k)
  constexpr double factors[] = {12,
                                -720,
                                30240,
                                -1209600,
                                47900160,
                                -1.8924375803183791606e9,
                                7.47242496e10,
                                -2.950130727918164224e12,
                                1.1646782814350067249e14,
                                -4.5979787224074726105e15,
                                1.8152105401943546773e17,
                                -7.1661652561756670113e18};
  double rising = 1, k = 0;
  for (double f : factors) {
    rising *= s + k;
    term /= a;
    const double t = rising * term / f;
    z += t;
    if (std::fabs(t) < eps * std::fabs(z)) break;
    rising *= s + k + 1;
    term /= a;
    k += 2;
  }
  return z;
}

/// The n-th derivative of digamma, n > 0: (-1)^(n+1) n! zeta(n + 1, x). Below 0 the sum has a few large terms around 0 among
/// any number of small ones: it is that over all whole numbers, less what lies beyond x.
[[gnu::noinline]] inline double polygamma(double n, double x) {
  const double s = n + 1;
  double sum;
  if (x > 0 || std::isnan(x)) {
    sum = zeta(s, x);
  } else {
    const double above = x - std::floor(x), below = std::ceil(x) - x, sign = std::fmod(s, 2) == 0 ? 1 : -1;
    sum = above == 0 && below == 0 ? INFINITY : zeta(s, above) + sign * (zeta(s, below) - zeta(s, 1 - x));
  }
  return (std::fmod(n, 2) == 0 ? -1 : 1) * std::tgamma(s) * sum;
}

}  // namespace harker::portable

// Functions of one element that few programs call, a line each, as in pointwise_table.h:
//
//   HARKER_RARE(name, domain, kept, dx)
//
// They share one kernel (RareFunctions) and one operation (rare.cpp), so that a line costs what its formula does. `kept`
// is x or z; `domain` where gradcheck tries it: `unit` is inside (-1, 1), `above_one` beyond 1.
// clang-format off
HARKER_RARE(tan,     any,       z, dz * (square(z) + 1))
HARKER_RARE(asin,    unit,      x, dz * rsqrt(1 - square(x)))
HARKER_RARE(acos,    unit,      x, -dz * rsqrt(1 - square(x)))
HARKER_RARE(atan,    any,       x, dz / (square(x) + 1))
HARKER_RARE(sinh,    any,       x, dz * cosh(x))
HARKER_RARE(cosh,    any,       x, dz * sinh(x))
HARKER_RARE(asinh,   any,       x, dz * rsqrt(square(x) + 1))
HARKER_RARE(acosh,   above_one, x, dz * rsqrt(square(x) - 1))
HARKER_RARE(atanh,   unit,      x, dz / (1 - square(x)))
HARKER_RARE(log2,    positive,  x, dz / (x * std::numbers::ln2))
HARKER_RARE(log10,   positive,  x, dz / (x * std::numbers::ln10))
HARKER_RARE(exp2,    any,       z, dz * (z * std::numbers::ln2))
HARKER_RARE(erfc,    any,       x, dz * (exp(-square(x)) * (-2 * std::numbers::inv_sqrtpi)))
HARKER_RARE(erfinv,  unit,      z, dz * (exp(square(z)) * (0.5 / std::numbers::inv_sqrtpi)))
HARKER_RARE(lgamma,  positive,  x, dz * digamma(x))
HARKER_RARE(digamma, positive,  x, dz * polygamma(1, x))
HARKER_RARE(sinc,    any,       x, dz * sinc_slope(x))
// clang-format on

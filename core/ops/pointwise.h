// Functions of single elements, as free functions under PyTorch's names: exponentials, powers, roundings, bounds,
// activations. Of integers the smooth ones make float32, the others keep the dtype. Differentiable, also twice.
#pragma once
#include <optional>
#include <string_view>

#include <harker/core/tensor.h>

namespace harker HARKER_PUBLIC {

// --- pointwise_table.h
Tensor neg(const Tensor& x);
inline Tensor operator-(const Tensor& x) { return neg(x); }
Tensor exp(const Tensor& x);
Tensor expm1(const Tensor& x);  ///< e^x - 1, exact near 0
Tensor log(const Tensor& x);
Tensor log1p(const Tensor& x);  ///< log(1 + x), exact near 0
Tensor sqrt(const Tensor& x);
Tensor rsqrt(const Tensor& x);  ///< 1 / sqrt(x)
Tensor square(const Tensor& x);
Tensor reciprocal(const Tensor& x);
Tensor sin(const Tensor& x);  ///< of radians
Tensor cos(const Tensor& x);
Tensor sigmoid(const Tensor& x);
Tensor tanh(const Tensor& x);
Tensor erf(const Tensor& x);
// Functions of steps. The gradient is 0, but for that of abs: sign(x), 0 at 0.
Tensor abs(const Tensor& x);
Tensor sign(const Tensor& x);  ///< -1, 0 or 1; 0 for NaN
Tensor floor(const Tensor& x);
Tensor ceil(const Tensor& x);
Tensor round(const Tensor& x);  ///< halves to even
Tensor trunc(const Tensor& x);

// --- rare_table.h: one number after the other, of float32 by way of float64.
Tensor tan(const Tensor& x);
Tensor asin(const Tensor& x);
Tensor acos(const Tensor& x);
Tensor atan(const Tensor& x);
Tensor sinh(const Tensor& x);
Tensor cosh(const Tensor& x);
Tensor asinh(const Tensor& x);
Tensor acosh(const Tensor& x);
Tensor atanh(const Tensor& x);
Tensor log2(const Tensor& x);
Tensor log10(const Tensor& x);
Tensor exp2(const Tensor& x);
Tensor erfc(const Tensor& x);     ///< 1 - erf(x)
Tensor erfinv(const Tensor& x);   ///< the y of erf(y) = x
Tensor lgamma(const Tensor& x);   ///< log |gamma(x)|
Tensor digamma(const Tensor& x);  ///< the derivative of lgamma
Tensor sinc(const Tensor& x);     ///< sin(pi x) / (pi x), 1 at 0
// --- rare.cpp. Not of integers alone: hypot, logaddexp, logaddexp2.
Tensor polygamma(std::int64_t n, const Tensor& x);   ///< the n-th derivative of digamma
Tensor atan2(const Tensor& y, const Tensor& x);      ///< the angle of (x, y), -pi to pi; its gradient at (0, 0) is 0
Tensor hypot(const Tensor& x, const Tensor& y);      ///< sqrt(x^2 + y^2), without overflow
Tensor logaddexp(const Tensor& x, const Tensor& y);  ///< log(e^x + e^y), without overflow
Tensor logaddexp2(const Tensor& x, const Tensor& y);
Tensor copysign(const Tensor& x, const Tensor& y);  ///< |x| with the sign of y, of -0 and NaN too
Tensor copysign(const Tensor& x, Scalar s);

// --- corners.cpp
Tensor frac(const Tensor& x);  ///< x - trunc(x)
Tensor deg2rad(const Tensor& x);
Tensor rad2deg(const Tensor& x);
Tensor positive(const Tensor& x);  ///< x itself
Tensor sgn(const Tensor& x);       ///< sign(x)
Tensor signbit(const Tensor& x);   ///< is it negative? bool; -0 and NaN have a sign too
Tensor isposinf(const Tensor& x);
Tensor isneginf(const Tensor& x);
/// Is |x - y| <= atol + rtol |y|? An infinity is close to itself, NaN to NaN if `equal_nan`.
Tensor isclose(const Tensor& x, const Tensor& y, double rtol = 1e-5, double atol = 1e-8, bool equal_nan = false);
/// maximum and minimum, but the other number where one is NaN.
Tensor fmax(const Tensor& x, const Tensor& y);
Tensor fmin(const Tensor& x, const Tensor& y);
/// Without a number for an infinity: the largest of the dtype.
Tensor nan_to_num(const Tensor& x, double nan = 0);
Tensor nan_to_num(const Tensor& x, double nan, double posinf);
Tensor nan_to_num(const Tensor& x, double nan, double posinf, double neginf);
/// 0 where x < 0 (or NaN), `values` where x = 0, 1 where x > 0. Of one dtype, without gradient.
Tensor heaviside(const Tensor& x, const Tensor& values);
/// log(x / (1 - x)), x brought into [eps, 1 - eps] before.
Tensor logit(const Tensor& x);
Tensor logit(const Tensor& x, double eps);
/// x log(y), and x log(1 + y); 0 where x is 0, unless y is NaN.
Tensor xlogy(const Tensor& x, const Tensor& y);
Tensor xlogy(const Tensor& x, Scalar y);
Tensor xlogy(Scalar x, const Tensor& y);
Tensor xlog1py(const Tensor& x, const Tensor& y);
/// pow of float64.
Tensor float_power(const Tensor& x, const Tensor& y);
Tensor float_power(const Tensor& x, Scalar e);
Tensor float_power(Scalar s, const Tensor& x);
Tensor ldexp(const Tensor& x, const Tensor& e);        ///< x 2^e
Tensor round(const Tensor& x, std::int64_t decimals);  ///< to so many decimals; negative ones are tens, hundreds
/// The largest common divisor of integers, and the smallest common multiple: never negative.
Tensor gcd(const Tensor& x, const Tensor& y);
Tensor lcm(const Tensor& x, const Tensor& y);

// --- scaled.cpp
/// x + value a b, x + value a / b.
Tensor addcmul(const Tensor& x, const Tensor& a, const Tensor& b, Scalar value = 1);
Tensor addcdiv(const Tensor& x, const Tensor& a, const Tensor& b, Scalar value = 1);
/// start + weight (end - start), exact at both ends. Of one floating-point dtype.
Tensor lerp(const Tensor& start, const Tensor& end, Scalar weight);
Tensor lerp(const Tensor& start, const Tensor& end, const Tensor& weight);

// --- power.cpp
/// x^y. As in torch: x^0 is 1 and has the gradient 0 for every x; 0^y has the gradient 0 in y for y >= 0. Integers to
/// integers are integers; a negative number as the exponent is a TypeError then.
Tensor pow(const Tensor& x, const Tensor& y);
Tensor pow(const Tensor& x, Scalar e);
Tensor pow(Scalar s, const Tensor& x);

// --- division.cpp: x = floor_divide(x, y) y + remainder(x, y). Error for integers divided by zero.
/// The largest whole number not above x / y, Python's x // y; its gradient is 0.
Tensor floor_divide(const Tensor& x, const Tensor& y);
Tensor floor_divide(const Tensor& x, Scalar s);
Tensor floor_divide(Scalar s, const Tensor& y);
/// x - floor(x / y) y, Python's x % y: it has y's sign.
Tensor remainder(const Tensor& x, const Tensor& y);
Tensor remainder(const Tensor& x, Scalar s);
Tensor remainder(Scalar s, const Tensor& y);
inline Tensor operator%(const Tensor& x, const Tensor& y) { return remainder(x, y); }
inline Tensor operator%(const Tensor& x, Scalar s) { return remainder(x, s); }
inline Tensor operator%(Scalar s, const Tensor& y) { return remainder(s, y); }
/// x - trunc(x / y) y, C's fmod: it has x's sign.
Tensor fmod(const Tensor& x, const Tensor& y);
Tensor fmod(const Tensor& x, Scalar s);
Tensor fmod(Scalar s, const Tensor& y);
/// x / y, rounded towards 0 ("trunc") or down ("floor": floor_divide), with the gradient 0 then.
Tensor div(const Tensor& x, const Tensor& y, std::string_view rounding_mode);
Tensor div(const Tensor& x, Scalar s, std::string_view rounding_mode);
Tensor true_divide(const Tensor& x, const Tensor& y);  ///< div
Tensor true_divide(const Tensor& x, Scalar s);

// --- clamp.cpp: NaN where either is NaN; where both are equal the gradient is shared half and half.
Tensor maximum(const Tensor& x, const Tensor& y);
Tensor minimum(const Tensor& x, const Tensor& y);
/// min(max(x, min), max); either bound may be missing (std::nullopt, an undefined tensor), TypeError when both are. At
/// a bound that is a number the gradient is 0; one that is a tensor shares it half and half.
Tensor clamp(const Tensor& x, std::optional<Scalar> min, std::optional<Scalar> max = std::nullopt);
Tensor clamp(const Tensor& x, const Tensor& min, const Tensor& max = {});
Tensor clamp_min(const Tensor& x, Scalar min);
Tensor clamp_max(const Tensor& x, Scalar max);
Tensor clamp_min(const Tensor& x, const Tensor& min);  ///< maximum
Tensor clamp_max(const Tensor& x, const Tensor& max);  ///< minimum

// --- activation.cpp
Tensor leaky_relu(const Tensor& x, double negative_slope = 0.01);  ///< its gradient at 0 is the slope
/// log(1 + e^(beta x)) / beta; x itself where beta x > threshold.
Tensor softplus(const Tensor& x, double beta = 1, double threshold = 20);
Tensor softsign(const Tensor& x);  ///< x / (1 + |x|)

// --- smooth_activation.cpp
Tensor silu(const Tensor& x);  ///< x sigmoid(x)
/// x P(X <= x) for a normal X; `approximate` is "none", or "tanh" for the formula with tanh.
Tensor gelu(const Tensor& x, std::string_view approximate = "none");

// --- activation_expressions.cpp. TypeError for integers, but of hardtanh, relu6, threshold, tanhshrink.
Tensor elu(const Tensor& x, double alpha = 1);   ///< x where x > 0, else alpha (e^x - 1)
Tensor selu(const Tensor& x);                    ///< 1.0507 elu(x, 1.6733)
Tensor celu(const Tensor& x, double alpha = 1);  ///< x where x > 0, else alpha (e^(x / alpha) - 1)
/// x where x > 0, else weight x: one number, or one for each channel (dimension 1).
Tensor prelu(const Tensor& x, const Tensor& weight);
Tensor hardtanh(const Tensor& x, double min_val = -1, double max_val = 1);  ///< at the bounds the gradient is 0
Tensor relu6(const Tensor& x);                                              ///< min(max(x, 0), 6)
Tensor hardsigmoid(const Tensor& x);                                        ///< min(max(x + 3, 0), 6) / 6
Tensor hardswish(const Tensor& x);                                          ///< x hardsigmoid(x)
Tensor hardshrink(const Tensor& x, double lambda = 0.5);                    ///< 0 where |x| <= lambda, else x
Tensor softshrink(const Tensor& x, double lambda = 0.5);                    ///< x, nearer to 0 by lambda
Tensor threshold(const Tensor& x, double threshold, double value);          ///< x where x > threshold, else value
Tensor logsigmoid(const Tensor& x);
Tensor mish(const Tensor& x);               ///< x tanh(softplus(x))
Tensor tanhshrink(const Tensor& x);         ///< x - tanh(x)
Tensor softmin(const Tensor& x, int dim);   ///< softmax(-x)
Tensor glu(const Tensor& x, int dim = -1);  ///< a sigmoid(b), the halves of x along a dimension

// --- triangle.cpp: a matrix, or the last two dimensions, with zeros above or below a diagonal: 0 is the main one, 1
// the one above it.
Tensor tril(const Tensor& x, std::int64_t diagonal = 0);
Tensor triu(const Tensor& x, std::int64_t diagonal = 0);

}  // namespace harker

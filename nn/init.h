// Initial weights, as torch.nn.init: the same numbers bit for bit after the same manual_seed. All fill in place,
// unrecorded, and return the tensor. Fans: of a weight [out, in, ...rest], fan_in = in * rest and fan_out = out * rest.
#pragma once
#include <harker/core/random.h>

namespace harker HARKER_PUBLIC {
namespace nn {
namespace init {

enum class FanMode { fan_in, fan_out };
enum class Nonlinearity { linear, conv, sigmoid, tanh, relu, leaky_relu, selu };

/// The factor that keeps a signal's variance through the nonlinearity; `slope` is leaky_relu's (0.01 in torch).
double calculate_gain(Nonlinearity nonlinearity, double slope = 0.01);

Tensor uniform_(Tensor t, double from = 0, double to = 1, Generator& g = default_generator());
Tensor normal_(Tensor t, double mean = 0, double std = 1, Generator& g = default_generator());
Tensor constant_(Tensor t, double value);
Tensor zeros_(Tensor t);
Tensor ones_(Tensor t);

/// N(mean, std) cut off at a and b: what falls outside is drawn anew. Error unless a <= b and std > 0.
Tensor trunc_normal_(Tensor t, double mean = 0, double std = 1, double a = -2, double b = 2,
                     Generator& g = default_generator());

// --- Of matrices (init_matrix.cpp); ShapeError for other shapes.
Tensor eye_(Tensor t);
/// Keeps the channels of a convolution with weight [out, in, ...]: 1 in the middle of the kernel of channel i for
/// channel i, out / groups channels at a time.
Tensor dirac_(Tensor t, std::int64_t groups = 1);
/// Rows (or columns, where there are more of these) that are orthonormal, times gain; more than two dimensions count as
/// [size(0), rest]. Torch's matrix but for rounding: the factorisation is our own.
Tensor orthogonal_(Tensor t, double gain = 1, Generator& g = default_generator());
/// N(0, std), and in each column a `sparsity` part of the elements 0. Which ones is drawn from the default generator,
/// as in torch.
Tensor sparse_(Tensor t, double sparsity, double std = 0.01, Generator& g = default_generator());

// --- ShapeError for fewer than two dimensions; a tensor without elements stays as it is.
/// U(-b, b), b = gain * sqrt(6 / (fan_in + fan_out))
Tensor xavier_uniform_(Tensor t, double gain = 1, Generator& g = default_generator());
/// N(0, s), s = gain * sqrt(2 / (fan_in + fan_out))
Tensor xavier_normal_(Tensor t, double gain = 1, Generator& g = default_generator());
/// U(-b, b), b = gain * sqrt(3 / fan); `a` is leaky_relu's slope.
Tensor kaiming_uniform_(Tensor t, double a = 0, FanMode mode = FanMode::fan_in,
                        Nonlinearity nonlinearity = Nonlinearity::leaky_relu, Generator& g = default_generator());
/// N(0, s), s = gain / sqrt(fan)
Tensor kaiming_normal_(Tensor t, double a = 0, FanMode mode = FanMode::fan_in,
                       Nonlinearity nonlinearity = Nonlinearity::leaky_relu, Generator& g = default_generator());

}  // namespace init
}  // namespace nn
}  // namespace harker

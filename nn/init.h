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

// Functions of one element that have a kernel, a line each:
//
//   HARKER_POINTWISE(name, domain, kept, dx)
//
// z = name(x), computed by Unary::name. dx is the gradient of x, given dz and what forward has kept: x, z, or nothing. `domain`
// is where gradcheck tries it: any numbers, positive ones, or between steps. Who includes this says what becomes of a
// line: the operation (pointwise.cpp), the member x.name() (tensor_methods.cpp), x.name_() (in_place_math.cpp), its row in
// the table of gradients (tests/core). The declarations are written out: pointwise.h, core/tensor/methods.h.
// clang-format off
HARKER_POINTWISE(neg,        any,      nothing, -dz)
HARKER_POINTWISE(abs,        any,      x,       dz * sign(x))  // 0 at 0
HARKER_POINTWISE(exp,        any,      z,       dz * z)
HARKER_POINTWISE(expm1,      any,      z,       dz * (z + 1))
HARKER_POINTWISE(log,        positive, x,       dz / x)
HARKER_POINTWISE(log1p,      positive, x,       dz / (x + 1))
HARKER_POINTWISE(sqrt,       positive, z,       dz / (z * 2))
HARKER_POINTWISE(rsqrt,      positive, z,       dz * -0.5 * pow(z, 3))
HARKER_POINTWISE(square,     any,      x,       dz * (x * 2))
HARKER_POINTWISE(reciprocal, positive, z,       -dz * square(z))
HARKER_POINTWISE(sin,        any,      x,       dz * cos(x))
HARKER_POINTWISE(cos,        any,      x,       dz * -sin(x))
HARKER_POINTWISE(sigmoid,    any,      z,       apply<SigmoidBackward>(dz, z))  // dz z (1 - z)
HARKER_POINTWISE(tanh,       any,      z,       apply<TanhBackward>(dz, z))     // dz (1 - z^2)
HARKER_POINTWISE(erf,        any,      x,       dz * (exp(-square(x)) * (2 * std::numbers::inv_sqrtpi)))
// Constant between steps; the gradient is a tensor of zeros, as in torch.
HARKER_POINTWISE(sign,       any,      nothing, zeros_like(dz))
HARKER_POINTWISE(floor,      steps,    nothing, zeros_like(dz))
HARKER_POINTWISE(ceil,       steps,    nothing, zeros_like(dz))
HARKER_POINTWISE(round,      steps,    nothing, zeros_like(dz))
HARKER_POINTWISE(trunc,      steps,    nothing, zeros_like(dz))
// clang-format on

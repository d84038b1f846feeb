// Convolution of images. Three operations, each bilinear, and each the derivative of the others:
//   z  = C(x, w)    the convolution              dx = T(dz, w)   dw = G(dz, x)
//   x' = T(z, w)    its transpose                dz = C(dx', w)  dw = G(z, dx')
//   w' = G(z, x)    the gradient of the weight   dz = C(x, dw')  dx = T(z, dw')
#include <harker/core/ops/half.h>
#include <harker/core/ops/windows.h>

namespace harker HARKER_PUBLIC {
namespace {

using detail::throw_error;

/// The geometry of one convolution: the windows over x, and the sizes of all three tensors.
struct Plan {
  Windows w;
  std::int64_t images, groups, outputs;
  /// For an exporter.
  Shape numbers() const {
    const Shape all = numbers_of(w);
    return all.inserted(all.rank(), groups);
  }
  Shape x_shape() const { return {images, w.channels, w.size[0], w.size[1]}; }
  Shape w_shape() const { return {outputs, w.channels / groups, w.kernel[0], w.kernel[1]}; }
  Shape z_shape() const { return {images, outputs, w.out[0], w.out[1]}; }
};

Tensor convolution(const Tensor& x, const Tensor& w, const Plan& p);
Tensor transposed(const Tensor& z, const Tensor& w, const Plan& p);
Tensor weight_gradient(const Tensor& z, const Tensor& x, const Plan& p);

struct Conv2d : Op<Conv2d> {  // z = C(x, w) + b; dx = T(dz, w), dw = G(dz, x), db = sum of dz over images and positions
  static constexpr const char* name = "conv2d";
  static Tensor forward(Context& c, const Tensor& x, const Tensor& w, const Tensor& b, const Plan& p) {
    c.save(x, w);
    const detail::Dense in(x), weight(w);
    const Tensor bias = b.defined() ? b.contiguous() : b;
    Tensor z = detail::empty_tensor(p.z_shape(), x.dtype(), x.device());
    if (z.numel() > 0)
      kernels<Convolutions>(x).conv2d(x.dtype(), p.w, p.images, p.groups, p.outputs, in.raw(), weight.raw(),
                                      bias.defined() ? bias.raw() : nullptr, z.raw());
    return z;
  }
  static Grads backward(Context& c, const Tensor& dz, const Plan& p) {
    return {c.needs(0) ? transposed(dz, c.saved(1), p) : Tensor(),
            c.needs(1) ? weight_gradient(dz, c.saved(0), p) : Tensor(), c.needs(2) ? sum(dz, {0, 2, 3}) : Tensor()};
  }
};

struct Transposed : Op<Transposed> {  // x = T(z, w); dz = C(dx, w), dw = G(z, dx)
  static constexpr const char* name = "conv_transpose2d";
  static Tensor forward(Context& c, const Tensor& z, const Tensor& w, const Plan& p) {
    c.save(z, w);
    const detail::Dense in(z), weight(w);
    Tensor x = detail::empty_tensor(p.x_shape(), z.dtype(), z.device());
    if (x.numel() > 0)
      kernels<Convolutions>(z).conv2d_input(z.dtype(), p.w, p.images, p.groups, p.outputs, in.raw(), weight.raw(),
                                            x.raw());
    return x;
  }
  static Grads backward(Context& c, const Tensor& dx, const Plan& p) {
    return {c.needs(0) ? convolution(dx, c.saved(1), p) : Tensor(),
            c.needs(1) ? weight_gradient(c.saved(0), dx, p) : Tensor()};
  }
};

struct WeightGradient : Op<WeightGradient> {  // w = G(z, x); dz = C(x, dw), dx = T(z, dw)
  static constexpr const char* name = "conv2d_weight";
  static Tensor forward(Context& c, const Tensor& z, const Tensor& x, const Plan& p) {
    c.save(z, x);
    const detail::Dense g(z), in(x);
    Tensor w = detail::empty_tensor(p.w_shape(), x.dtype(), x.device());
    const Tensor work = detail::empty_tensor(
        {kernels<Convolutions>(x).conv2d_weight_work(p.w, p.images, p.groups, p.outputs)}, x.dtype(), x.device());
    if (w.numel() > 0)
      kernels<Convolutions>(x).conv2d_weight(x.dtype(), p.w, p.images, p.groups, p.outputs, g.raw(), in.raw(),
                                             work.raw(), w.raw());
    return w;
  }
  static Grads backward(Context& c, const Tensor& dw, const Plan& p) {
    return {c.needs(0) ? convolution(c.saved(1), dw, p) : Tensor(),
            c.needs(1) ? transposed(c.saved(0), dw, p) : Tensor()};
  }
};

Tensor convolution(const Tensor& x, const Tensor& w, const Plan& p) { return apply<Conv2d>(x, w, Tensor(), p); }
Tensor transposed(const Tensor& z, const Tensor& w, const Plan& p) { return apply<Transposed>(z, w, p); }
Tensor weight_gradient(const Tensor& z, const Tensor& x, const Plan& p) { return apply<WeightGradient>(z, x, p); }

/// The checks that both directions share; `inputs` and `outputs` are the channels that weight and bias must have.
void check_operands(const Tensor& x, const Tensor& w, const Tensor& bias, std::int64_t groups, bool transpose,
                    const char* op) {
  detail::check_alike(x, w, op);
  if (w.dim() != 4) throw_error<ShapeError>(op, ": the weight must have 4 dimensions, it is ", w.shape());
  const std::int64_t channels = x.shape()[x.dim() - 3];
  if (groups < 1 || w.shape()[0] % groups != 0 || channels % groups != 0)
    throw_error<ShapeError>(op, ": ", groups, " groups do not divide the ", channels, " channels of the input ",
                            x.shape(), " and the first dimension of the weight ", w.shape());
  const std::int64_t wanted = transpose ? w.shape()[0] : w.shape()[1] * groups;
  if (channels != wanted || channels == 0)
    throw_error<ShapeError>(op, ": the weight ", w.shape(), " with ", groups, " groups takes ", wanted,
                            " channels, the input ", x.shape(), " has ", channels);
  if (!bias.defined()) return;
  detail::check_alike(x, bias, op);
  const std::int64_t outputs = transpose ? w.shape()[1] * groups : w.shape()[0];
  if (bias.dim() != 1 || bias.shape()[0] != outputs)
    throw_error<ShapeError>(op, ": the bias is ", bias.shape(), ", the weight ", w.shape(), " needs one of (", outputs,
                            ")");
}

/// The windows of a convolution. "same" pads by what keeps the size: half of it, rounded down, in front, and behind by as
/// many positions as are left, for a window may reach beyond the input.
Windows convolution_windows(const Tensor& x, Pair kernel, const Conv2dOptions& o, const char* op) {
  if (o.padding.word != "same") return detail::windows_over(x, kernel, o.stride, o.padding, o.dilation, false, op);
  if (o.stride.down != 1 || o.stride.across != 1)
    throw_error<ShapeError>(op, ": padding \"same\" needs a stride of 1, not (", o.stride.down, ", ", o.stride.across,
                            ")");
  const Pair reach{o.dilation.down * (kernel.down - 1), o.dilation.across * (kernel.across - 1)};
  Windows w = detail::windows_over(x, kernel, 1, {reach.down - reach.down / 2, reach.across - reach.across / 2},
                                   o.dilation, false, op);
  for (int d = 0; d < 2; ++d) {
    w.padding[d] = (d ? reach.across : reach.down) / 2;
    w.out[d] = w.size[d];
  }
  return w;
}

Tensor convolved(const Tensor& given, const Tensor& weight, const Tensor& bias, const Conv2dOptions& o,
                 const char* op) {
  if (detail::is_half(given))
    return convolved(detail::widened(given), detail::widened(weight), detail::widened(bias), o, op).to(given.dtype());
  const Tensor x = detail::as_images(given, op);
  check_operands(x, weight, bias, o.groups, false, op);
  const Pair kernel{weight.shape()[2], weight.shape()[3]};
  const Plan p{convolution_windows(x, kernel, o, op), x.shape()[0], o.groups, weight.shape()[0]};
  const Tensor z = apply<Conv2d>(x, weight, bias, p);
  return given.dim() == 3 ? z.squeeze(0) : z;
}

Tensor convolved_back(const Tensor& given, const Tensor& weight, const Tensor& bias, const ConvTranspose2dOptions& o,
                      const char* op) {
  if (detail::is_half(given))
    return convolved_back(detail::widened(given), detail::widened(weight), detail::widened(bias), o, op)
        .to(given.dtype());
  const Tensor z = detail::as_images(given, op);
  check_operands(z, weight, bias, o.groups, true, op);
  // The convolution whose transpose this is goes from the result to the input.
  Shape from = z.shape();
  from[1] = weight.shape()[1] * o.groups;
  const Pair kernel{weight.shape()[2], weight.shape()[3]};
  for (int d = 0; d < 2; ++d) {
    const std::int64_t k = d ? kernel.across : kernel.down, s = d ? o.stride.across : o.stride.down;
    const std::int64_t p = d ? o.padding.across : o.padding.down, a = d ? o.dilation.across : o.dilation.down;
    const std::int64_t extra = d ? o.output_padding.across : o.output_padding.down;
    if (extra < 0 || (extra >= s && extra >= a))
      throw_error<ShapeError>(op, ": output_padding (", extra, ") must be smaller than stride (", s, ") or dilation (",
                              a, ")");
    std::int64_t reach, steps;
    if (z.shape()[2 + d] < 1 || __builtin_mul_overflow(z.shape()[2 + d] - 1, s, &steps) ||
        __builtin_mul_overflow(k - 1, a, &reach) || __builtin_add_overflow(steps, reach, &from[2 + d]) ||
        (from[2 + d] += 1 + extra - 2 * p) < 1)
      throw_error<ShapeError>(op, ": the input ", z.shape(), " with a kernel of ", k, ", stride ", s, " and padding ",
                              p, " gives no output");
  }
  detail::check_countable(from, op);
  const Tensor shaped = detail::alias(empty({1}, z.dtype()), from, Shape::filled(4, 0), 0);  // only its sizes are read
  Plan p{detail::windows_over(shaped, kernel, o.stride, o.padding, o.dilation, false, op), z.shape()[0], o.groups,
         z.shape()[1]};
  for (int d = 0; d < 2; ++d) p.w.out[d] = z.shape()[2 + d];  // more would fit where output_padding reaches a stride
  Tensor x = apply<Transposed>(z, weight, p);
  if (bias.defined()) x = x + bias.reshape({-1, 1, 1});
  return given.dim() == 3 ? x.squeeze(0) : x;
}

/// [.., .., length] as the weight of images of one row.
Tensor kernel_of_one_row(const Tensor& w, const char* op) {
  if (w.dim() != 3) throw_error<ShapeError>(op, ": the weight must have 3 dimensions, it is ", w.shape());
  return w.unsqueeze(-2);
}

}  // namespace

Padding::Padding(const char* given) : word(given) {
  if (word == "same")
    word = "same";  // which outlives what was given
  else if (word == "valid")
    word = "valid";
  else
    throw_error<Error>("padding is a number, \"same\" or \"valid\", not ", detail::quoted(word));
}

Tensor conv2d(const Tensor& x, const Tensor& weight, const Tensor& bias, Conv2dOptions o) {
  return convolved(x, weight, bias, o, "conv2d");
}
Tensor conv_transpose2d(const Tensor& x, const Tensor& weight, const Tensor& bias, ConvTranspose2dOptions o) {
  return convolved_back(x, weight, bias, o, "conv_transpose2d");
}

Tensor conv1d(const Tensor& x, const Tensor& weight, const Tensor& bias, Conv2dOptions o) {
  constexpr const char* op = "conv1d";
  const Tensor in = detail::as_one_row(x, op);
  o.stride = detail::in_one_row(o.stride, 1, op);
  o.dilation = detail::in_one_row(o.dilation, 1, op);
  if (o.padding.word.empty()) o.padding = detail::in_one_row(o.padding, 0, op);
  return convolved(in, kernel_of_one_row(weight, op), bias, o, op).squeeze(-2);
}
Tensor conv_transpose1d(const Tensor& x, const Tensor& weight, const Tensor& bias, ConvTranspose2dOptions o) {
  constexpr const char* op = "conv_transpose1d";
  const Tensor in = detail::as_one_row(x, op);
  o.stride = detail::in_one_row(o.stride, 1, op);
  o.dilation = detail::in_one_row(o.dilation, 1, op);
  o.padding = detail::in_one_row(o.padding, 0, op);
  o.output_padding = detail::in_one_row(o.output_padding, 0, op);
  return convolved_back(in, kernel_of_one_row(weight, op), bias, o, op).squeeze(-2);
}

}  // namespace harker

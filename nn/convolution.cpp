// Convolutions and their transposes as modules: checks, default initialisation, and padding that is no zeros.
#include <harker/core/ops/ops.h>
#include <harker/nn/convolution.h>
#include <harker/nn/init.h>
#include <harker/nn/layer_parts.h>
#include <harker/nn/layer_repr.h>
#include <cmath>

namespace harker HARKER_PUBLIC {
namespace nn {

using detail::str;
using detail::throw_error;

namespace {
Shape weight_shape(const char* layer, bool image, bool transposed, std::int64_t in, std::int64_t out, Pair kernel,
                   std::int64_t groups) {
  check_size(in, 1, layer, "input channels");
  check_size(out, 1, layer, "output channels");
  check_size(groups, 1, layer, "groups");
  if (kernel.down < 1 || kernel.across < 1) {
    throw_error<ShapeError>(layer, ": the kernel must be at least 1 x 1, not ", kernel.down, " x ", kernel.across);
  }
  if (in % groups != 0 || out % groups != 0) {
    throw_error<ShapeError>(layer, ": ", groups, " groups must divide the channels, ", in, " and ", out);
  }
  const Shape shape{transposed ? in : out, (transposed ? out : in) / groups, kernel.down, kernel.across};
  return image ? shape : shape.erased(2);
}

/// The mode, in characters that stay.
std::string_view border_of(std::string_view mode, const char* layer) {
  for (std::string_view known : {"zeros", "reflect", "replicate", "circular"})
    if (mode == known) return known;
  throw_error<Error>(layer, ": padding_mode is zeros, reflect, replicate or circular, not ", detail::quoted(mode));
}

/// As the other kind has them.
Conv2dOptions shared(const ConvTranspose2dOptions& o) {
  return {.stride = o.stride,
          .padding = o.padding,
          .dilation = o.dilation,
          .groups = o.groups,
          .bias = o.bias,
          .dtype = o.dtype};
}
}  // namespace

ConvNd::ConvNd(Kind kind, std::int64_t in, std::int64_t out, Pair kernel, const Conv2dOptions& o, Pair output_padding)
    : Module(kind.name),
      weight(register_parameter(
          "weight", uninitialised(weight_shape(kind.name, kind.image, kind.transposed, in, out, kernel, o.groups),
                                  o.dtype, kind.name))),
      bias(register_parameter("bias", parameter_if(o.bias, {out}, o.dtype, kind.name))),
      kind_(kind),
      kernel_(kernel),
      output_padding_(output_padding),
      options_(o),
      border_(border_of(o.padding_mode, kind.name)) {
  if (o.padding.word == "same" && (o.stride.down != 1 || o.stride.across != 1))
    throw_error<ShapeError>(kind.name, ": padding \"same\" needs a stride of 1");
  const auto sizes = [&](const Pair& p) { return kind.image ? python(p) : str('(', p.across, ",)"); };
  const auto unless = [&](const char* what, const Pair& p, std::int64_t usual) {
    return p.down == usual && p.across == usual ? std::string() : str(what, sizes(p));
  };
  set_extra_repr(str(in, ", ", out, ", kernel_size=", sizes(kernel), ", stride=", sizes(o.stride),
                     o.padding.word.empty() ? unless(", padding=", o.padding, 0) : str(", padding=", o.padding.word),
                     unless(", dilation=", o.dilation, 1), unless(", output_padding=", output_padding, 0),
                     o.groups == 1 ? "" : str(", groups=", o.groups), o.bias ? "" : ", bias=False",
                     border_ == "zeros" ? "" : str(", padding_mode=", o.padding_mode)));
  reset_parameters();
}

void ConvNd::reset_parameters() {
  // sqrt(5): see Linear.
  init::kaiming_uniform_(weight, std::sqrt(5.0));
  if (!bias.defined()) return;
  const double bound = 1 / std::sqrt(static_cast<double>(weight.numel() / weight.size(0)));
  init::uniform_(bias, -bound, bound);
}

Tensor ConvNd::padded(const Tensor& x) const {
  Shape around;  // the last dimension first
  for (int d = 1; d >= (kind_.image ? 0 : 1); --d) {
    const auto of = [d](const Pair& p) { return d ? p.across : p.down; };
    const bool same = options_.padding.word == "same";
    const std::int64_t both = same ? of(options_.dilation) * (of(kernel_) - 1) : 2 * of(options_.padding);
    around = around.inserted(around.rank(), both / 2).inserted(around.rank() + 1, both - both / 2);
  }
  return pad(x, around, border_);
}

Tensor ConvNd::convolve(const Tensor& x) const {
  const bool zeros = border_ == "zeros";
  const harker::Conv2dOptions o{.stride = options_.stride,
                                .padding = zeros ? options_.padding : Padding(0),
                                .dilation = options_.dilation,
                                .groups = options_.groups};
  if (!zeros && x.dim() != 3 + kind_.image && x.dim() != 2 + kind_.image)  // in the words of the function
    return kind_.image ? conv2d(x, weight, bias, o) : conv1d(x, weight, bias, o);
  const Tensor in = zeros ? x : padded(x);
  return kind_.image ? conv2d(in, weight, bias, o) : conv1d(in, weight, bias, o);
}

Tensor ConvNd::convolve_back(const Tensor& x, const Shape& output_size) const {
  harker::ConvTranspose2dOptions o{.stride = options_.stride,
                                   .padding = options_.padding,
                                   .output_padding = output_padding_,
                                   .groups = options_.groups,
                                   .dilation = options_.dilation};
  if (output_size.rank() > 0) {
    const int dims = 1 + kind_.image;
    if ((output_size.rank() != dims && output_size.rank() != x.dim()) || x.dim() <= dims)
      throw_error<ShapeError>(kind_.name, ": output_size has ", output_size.rank(), " sizes, needed are ", dims,
                              ", or all of the output's, for an input of ", x.shape());
    std::int64_t extra[2] = {0, 0};
    for (int d = 2 - dims; d < 2; ++d) {
      const auto of = [d](const Pair& p) { return d ? p.across : p.down; };
      const std::int64_t step = of(o.stride), least = (x.size(d - 2) - 1) * step - 2 * of(o.padding) +
                                                      of(o.dilation) * (of(kernel_) - 1) + 1;
      const std::int64_t wanted = output_size[output_size.rank() - 2 + d];
      if (wanted < least || wanted >= least + step)
        throw_error<ShapeError>(kind_.name, ": an input of ", x.shape(), " can give sizes from ", least, " to ",
                                least + step - 1, ", not ", wanted);
      extra[d] = wanted - least;
    }
    o.output_padding = {kind_.image ? extra[0] : extra[1], extra[1]};
  }
  return kind_.image ? conv_transpose2d(x, weight, bias, o) : conv_transpose1d(x, weight, bias, o);
}

Conv2d::Conv2d(std::int64_t in, std::int64_t out, Pair kernel, Conv2dOptions o)
    : ConvNd({"Conv2d", true, false}, in, out, kernel, o) {}
Tensor Conv2d::operator()(const Tensor& x) const { return call(*this, x); }

Conv1d::Conv1d(std::int64_t in, std::int64_t out, std::int64_t kernel, Conv1dOptions o)
    : ConvNd({"Conv1d", false, false}, in, out, {1, kernel}, o) {}
Tensor Conv1d::operator()(const Tensor& x) const { return call(*this, x); }

ConvTranspose2d::ConvTranspose2d(std::int64_t in, std::int64_t out, Pair kernel, ConvTranspose2dOptions o)
    : ConvNd({"ConvTranspose2d", true, true}, in, out, kernel, shared(o), o.output_padding) {}
Tensor ConvTranspose2d::operator()(const Tensor& x, const Shape& size) const { return call(*this, x, size); }

ConvTranspose1d::ConvTranspose1d(std::int64_t in, std::int64_t out, std::int64_t kernel, ConvTranspose1dOptions o)
    : ConvNd({"ConvTranspose1d", false, true}, in, out, {1, kernel}, shared(o), o.output_padding) {}
Tensor ConvTranspose1d::operator()(const Tensor& x, const Shape& size) const { return call(*this, x, size); }

}  // namespace nn
}  // namespace harker

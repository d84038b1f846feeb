// Products, normalisation, convolution, pooling, resampling, dropout, attention.
#include <harker/core/random.h>

#include "call.h"

namespace opinfo {

namespace {
/// In torch's words; of one dimension the pairs hold one number twice.
const char* const kConvolution = "x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1";
const char* const kTransposed = "x, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1";
const char* const kMaxPool =
    "x, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False";
const char* const kAvgPool =
    "x, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None";

template <Tensor (*f)(T, T, T, Conv2dOptions)>
Tensor convolution(T x, T w, T b, Pair stride, Padding padding, Pair dilation, Int groups) {
  return f(x, w, b, {stride, padding, dilation, groups});
}
template <Tensor (*f)(T, T, T, ConvTranspose2dOptions)>
Tensor transposed(T x, T w, T b, Pair stride, Pair padding, Pair output_padding, Int groups, Pair dilation) {
  return f(x, w, b, {stride, padding, output_padding, groups, dilation});
}
template <class Kernel, ValuesAndIndices (*f)(T, Kernel, MaxPool2dOptions)>
Out max_pool(T x, Pair kernel, Pair stride, Pair padding, Pair dilation, bool ceil, bool indices) {
  Out out;
  collect(out, [&] {
    if constexpr (std::same_as<Kernel, Int>)
      return f(x, kernel.down, {stride, padding, dilation, ceil});
    else
      return f(x, kernel, {stride, padding, dilation, ceil});
  }());
  if (!indices) out.pop_back();
  return out;
}
Out without_indices(const ValuesAndIndices& r, bool indices) {
  return indices ? Out{r.values, r.indices} : Out{r.values};
}
}  // namespace

void add_layers() {
  op("matmul", "a, b", [](T a, T b) { return matmul(a, b); });
  op("__rmatmul__", "a, b", [](T a, T b) { return matmul(b, a); });
  op("mm", "a, b", mm);
  op("bmm bmm.triton_optimized", "a, b", bmm);
  op("mv", "a, x", mv);
  op("dot", "x, y", dot);
  op("vdot", "x, y", vdot);
  op("outer", "x, y", outer);
  op("inner", "x, y", inner);
  op("kron", "x, y", kron);
  op("tensordot", "a, b, dims=2", [](T a, T b, Int d) { return tensordot(a, b, d); });
  op("tensordot", "a, b, dims", [](T a, T b, const Value& dims) {
    if (!dims.is_tuple() && !dims.is_list()) no_words("dims", dims);
    Call none(Value::list(), Value::dict(), Value::list());
    return tensordot(a, b, argument<Shape>(none, dims[0]), argument<Shape>(none, dims[1]));
  });
  op("cross", "x, y, dim:None", TT(cross));
  op("cross", "x, y, dim", [](T x, T y, int d) { return cross(x, y, d); });
  op("linalg.cross", "x, y, dim=-1", [](T x, T y, int d) { return cross(x, y, d); });
  op("einsum", "operands, equation", [](const std::vector<Tensor>& operands, Text e) { return einsum(e, operands); });
  op("addmm addmm.decomposed", "x, a, b, beta=1, alpha=1", addmm);
  op("addmv", "x, a, b, beta=1, alpha=1", addmv);
  op("addr", "x, a, b, beta=1, alpha=1", addr);
  op("baddbmm", "x, a, b, beta=1, alpha=1", baddbmm);
  op("addbmm", "x, a, b, beta=1, alpha=1", addbmm);
  op("addmm_ addmm.decomposed_", "x, a, b, beta=1, alpha=1",
     [](T x, T a, T b, Scalar beta, Scalar alpha) { return x.clone().addmm_(a, b, beta, alpha); });
  op("addmv_", "x, a, b, beta=1, alpha=1",
     [](T x, T a, T b, Scalar beta, Scalar alpha) { return x.clone().addmv_(a, b, beta, alpha); });
  op("baddbmm_", "x, a, b, beta=1, alpha=1",
     [](T x, T a, T b, Scalar beta, Scalar alpha) { return x.clone().baddbmm_(a, b, beta, alpha); });
  op("nn.functional.linear", "x, weight, bias=None", linear);
  op("nn.functional.bilinear", "a, b, weight, bias=None", bilinear);

  op("nn.functional.layer_norm", "x, normalized_shape, weight=None, bias=None, eps=1e-05", layer_norm);
  op("nn.functional.rms_norm", "x, normalized_shape, weight=None, eps=None", rms_norm);
  op("nn.functional.group_norm", "x, num_groups, weight=None, bias=None, eps=1e-05", group_norm);
  op("nn.functional.local_response_norm", "x, size, alpha=0.0001, beta=0.75, k=1.0", local_response_norm);
  // The running statistics afterwards are results, too.
  op("nn.functional.batch_norm nn.functional.batch_norm.without_cudnn",
     "x, running_mean, running_var, weight=None, bias=None, training=False, momentum=0.1, eps=1e-05",
     [](T x, T mean, T var, T weight, T bias, bool training, double momentum, double eps) {
       const Tensor m = mean.defined() ? mean.clone() : mean, v = var.defined() ? var.clone() : var;
       const Tensor y = batch_norm(x, m, v, weight, bias, training, momentum, eps);
       return Out{y, m, v};
     });
  op("nn.functional.instance_norm",
     "x, running_mean=None, running_var=None, weight=None, bias=None, use_input_stats=True, momentum=0.1, eps=1e-05",
     [](T x, T mean, T var, T weight, T bias, bool stats, double momentum, double eps) {
       const Tensor m = mean.defined() ? mean.clone() : mean, v = var.defined() ? var.clone() : var;
       const Tensor y = instance_norm(x, m, v, weight, bias, stats, momentum, eps);
       return Out{y, m, v};
     });

  op("nn.functional.conv1d", kConvolution, convolution<conv1d>);
  op("nn.functional.conv2d", kConvolution, convolution<conv2d>);
  op("nn.functional.conv_transpose1d", kTransposed, transposed<conv_transpose1d>);
  op("nn.functional.conv_transpose2d", kTransposed, transposed<conv_transpose2d>);
  op("nn.functional.max_pool1d", kMaxPool, max_pool<Int, max_pool1d_with_indices>);
  op("nn.functional.max_pool2d", kMaxPool, max_pool<Pair, max_pool2d_with_indices>);
  op("nn.functional.avg_pool1d", kAvgPool,
     [](T x, Pair kernel, Pair stride, Pair padding, bool ceil, bool count, std::optional<Int> divisor) {
       return avg_pool1d(x, kernel.down, {stride, padding, ceil, count, divisor.value_or(0)});
     });
  op("nn.functional.avg_pool2d", kAvgPool,
     [](T x, Pair kernel, Pair stride, Pair padding, bool ceil, bool count, std::optional<Int> divisor) {
       return avg_pool2d(x, kernel, {stride, padding, ceil, count, divisor.value_or(0)});
     });
  op("nn.functional.adaptive_avg_pool1d", "x, output_size", [](T x, Pair n) { return adaptive_avg_pool1d(x, n.down); });
  op("nn.functional.adaptive_avg_pool2d", "x, output_size", adaptive_avg_pool2d);
  op("nn.functional.adaptive_max_pool1d", "x, output_size, return_indices=False",
     [](T x, Pair n, bool i) { return without_indices(adaptive_max_pool1d_with_indices(x, n.down), i); });
  op("nn.functional.adaptive_max_pool2d", "x, output_size, return_indices=False",
     [](T x, Pair n, bool i) { return without_indices(adaptive_max_pool2d_with_indices(x, n), i); });
  op("nn.functional.max_unpool2d nn.functional.max_unpool2d.grad",
     "x, indices, kernel_size, stride=None, padding=0, output_size=None",
     [](T x, T indices, Pair kernel, Pair stride, Pair padding, const Shape& size) {
       const int n = size.rank();
       return max_unpool2d(x, indices, kernel, {stride, padding, n < 2 ? Pair(0) : Pair(size[n - 2], size[n - 1])});
     });

  const char* const interpolations =
      "nn.functional.interpolate.nearest nn.functional.interpolate.nearest-exact nn.functional.interpolate.linear "
      "nn.functional.interpolate.bilinear nn.functional.interpolate.bicubic nn.functional.interpolate.area";
  op(interpolations,
     "x, size=None, scale_factor=None, mode='nearest', align_corners=None, recompute_scale_factor=None, "
     "antialias:False",
     [](T x, Pair size, ScaleFactor scale, Text mode, std::optional<bool> align, std::optional<bool> recompute) {
       return interpolate(x, {size, scale, mode, align.value_or(false), recompute.value_or(false)});
     });
  op("nn.functional.upsample_nearest", "x, size=None, scale_factor=None",
     [](T x, Pair size, ScaleFactor scale) { return interpolate(x, {.size = size, .scale_factor = scale}); });
  op("nn.functional.upsample_bilinear", "x, size=None, scale_factor=None", [](T x, Pair size, ScaleFactor scale) {
    return interpolate(x, {.size = size, .scale_factor = scale, .mode = "bilinear", .align_corners = true});
  });

  op("nn.functional.dropout", "x, p=0.5, training=True, inplace:False",
     [](T x, double p, bool t) { return dropout(x, p, t); });
  op("nn.functional.dropout2d", "x, p=0.5, training=True, inplace:False",
     [](T x, double p, bool t) { return dropout2d(x, p, t); });
  op("nn.functional.dropout3d", "x, p=0.5, training=True, inplace:False",
     [](T x, double p, bool t) { return dropout3d(x, p, t); });
  op("nn.functional.alpha_dropout", "x, p=0.5, training=False, inplace:False",
     [](T x, double p, bool t) { return alpha_dropout(x, p, t); });
  op("nn.functional.feature_alpha_dropout.with_train nn.functional.feature_alpha_dropout.without_train",
     "x, p=0.5, training=False, inplace:False", [](T x, double p, bool t) { return feature_alpha_dropout(x, p, t); });
  op("nn.functional.scaled_dot_product_attention",
     "q, k, v, attn_mask=None, dropout_p=0.0, is_causal=False, scale=None, enable_gqa=False",
     [](T q, T k, T v, T mask, double p, bool causal, std::optional<double> scale, bool gqa) {
       return scaled_dot_product_attention(q, k, v, {mask, p, causal, scale, gqa});
     });
}

}  // namespace opinfo

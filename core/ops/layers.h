// What the layers of a network compute: normalisation, convolution, pooling, dropout. All compute with float32 and
// float64 (float16 and bfloat16 through float32), and are differentiable, also twice, in every floating-point tensor
// they take but running statistics.
#pragma once
#include <concepts>
#include <optional>
#include <string_view>

#include <harker/core/tensor.h>

namespace harker HARKER_PUBLIC {

class Generator;
Generator& default_generator();

// --- normalization.cpp
/// (x - mean) / sqrt(variance + eps) over the last dimensions, which `normalized_shape` names, times weight plus bias
/// of that shape (left out where undefined). The variance is divided by the count.
Tensor layer_norm(const Tensor& x, const Shape& normalized_shape, const Tensor& weight = {}, const Tensor& bias = {},
                  double eps = 1e-5);
/// The same over all but dimension 1 of x[n, channels, ...]. In training the statistics are the batch's, and the
/// running ones, where defined, move towards them in place (the variance divided by count - 1): running = (1 -
/// momentum) running + momentum batch. Otherwise the running statistics are used, and must be defined. ShapeError for
/// training with one value per channel.
Tensor batch_norm(const Tensor& x, const Tensor& running_mean, const Tensor& running_var, const Tensor& weight = {},
                  const Tensor& bias = {}, bool training = false, double momentum = 0.1, double eps = 1e-5);

// --- group_norm.cpp, similarity.cpp
/// layer_norm over each of `groups` groups of the channels of x[n, channels, ...]; weight and bias are [channels].
Tensor group_norm(const Tensor& x, std::int64_t groups, const Tensor& weight = {}, const Tensor& bias = {},
                  double eps = 1e-5);
/// batch_norm of each sample for itself. The running statistics move towards the mean of those of the samples.
Tensor instance_norm(const Tensor& x, const Tensor& running_mean = {}, const Tensor& running_var = {},
                     const Tensor& weight = {}, const Tensor& bias = {}, bool use_input_stats = true,
                     double momentum = 0.1, double eps = 1e-5);
/// x / sqrt(mean(x^2) + eps) over the last dimensions, times weight. No eps: the dtype's, of 16-bit floats float32's.
Tensor rms_norm(const Tensor& x, const Shape& normalized_shape, const Tensor& weight = {},
                std::optional<double> eps = {});
/// x / (k + alpha mean(x^2))^beta, the mean over `size` neighbouring channels of x[n, channels, ...].
Tensor local_response_norm(const Tensor& x, std::int64_t size, double alpha = 1e-4, double beta = 0.75, double k = 1);
/// x / max(norm(x, p), eps) along a dimension.
Tensor normalize(const Tensor& x, double p = 2, int dim = 1, double eps = 1e-12);
/// a b / (|a| |b|) along a dimension of the shape that both broadcast to; lengths are at least eps.
Tensor cosine_similarity(const Tensor& a, const Tensor& b, int dim = 1, double eps = 1e-8);

/// A number for each direction of an image, down and across: `{.stride = 2}` or `{.stride = {2, 1}}`.
struct Pair {
  std::int64_t down = 0, across = 0;
  constexpr Pair() = default;
  template <std::integral I>
  constexpr Pair(I both) : down(both), across(both) {}
  constexpr Pair(std::int64_t d, std::int64_t a) : down(d), across(a) {}
};

/// Numbers, or torch's words: "valid" for 0, "same" for as many zeros as keep the size, one more behind than in front
/// where their number is odd. Error for another word.
struct Padding : Pair {
  std::string_view word = {};  ///< "same", "valid", or empty
  using Pair::Pair;
  constexpr Padding(const Pair& p) : Pair(p) {}
  Padding(const char* given);
};

// --- convolution.cpp. In one dimension an option is one number, and a Pair's two numbers are equal: ShapeError if not.
struct Conv2dOptions {
  Pair stride = 1;
  Padding padding = 0;  ///< "same" for stride 1 alone
  Pair dilation = 1;
  std::int64_t groups = 1;  ///< each group of outputs sees its own group of channels
};
/// x[n, channels, h, w] (or without n) with weight[outputs, channels / groups, kernel, kernel] and bias[outputs]:
/// cross-correlation, as torch. Padding is zeros.
Tensor conv2d(const Tensor& x, const Tensor& weight, const Tensor& bias = {}, Conv2dOptions options = {});
/// x[n, channels, length] (or without n) with weight[outputs, channels / groups, kernel]: conv2d of images of height 1.
Tensor conv1d(const Tensor& x, const Tensor& weight, const Tensor& bias = {}, Conv2dOptions options = {});
/// The transpose of that, as a function of x: x[n, channels, h, w], weight[channels, outputs / groups, kernel, kernel].
/// `output_padding` is added to the result's size on one side.
struct ConvTranspose2dOptions {
  Pair stride = 1, padding = 0, output_padding = 0;
  std::int64_t groups = 1;
  Pair dilation = 1;
};
Tensor conv_transpose2d(const Tensor& x, const Tensor& weight, const Tensor& bias = {},
                        ConvTranspose2dOptions options = {});
Tensor conv_transpose1d(const Tensor& x, const Tensor& weight, const Tensor& bias = {},
                        ConvTranspose2dOptions options = {});

// --- pooling.cpp: over windows of x[n, channels, h, w] (or without n). Integers too.
struct MaxPool2dOptions {
  Pair stride = 0;  ///< 0: the kernel's size
  Pair padding = 0, dilation = 1;
  bool ceil_mode = false;  ///< windows that begin inside but end outside count too
};
/// The largest element of each window; padding is never chosen. The first among equals has the gradient,
/// the last NaN among several.
Tensor max_pool2d(const Tensor& x, Pair kernel, MaxPool2dOptions options = {});
/// The same, with the places in h * w (int64).
ValuesAndIndices max_pool2d_with_indices(const Tensor& x, Pair kernel, MaxPool2dOptions options = {});
struct AvgPool2dOptions {
  Pair stride = 0;  ///< 0: the kernel's size
  Pair padding = 0;
  bool ceil_mode = false;
  bool count_include_pad = true;      ///< zeros of the padding count as elements
  std::int64_t divisor_override = 0;  ///< not 0: divide by this; 0 is torch's None
};
/// The mean of each window.
Tensor avg_pool2d(const Tensor& x, Pair kernel, AvgPool2dOptions options = {});
/// The same of x[n, channels, length] (or without n); an option is one number.
Tensor max_pool1d(const Tensor& x, std::int64_t kernel, MaxPool2dOptions options = {});
ValuesAndIndices max_pool1d_with_indices(const Tensor& x, std::int64_t kernel, MaxPool2dOptions options = {});
Tensor avg_pool1d(const Tensor& x, std::int64_t kernel, AvgPool2dOptions options = {});
/// (sum of x^p over each window)^(1/p); `stride` 0 is the kernel.
Tensor lp_pool2d(const Tensor& x, double p, Pair kernel, Pair stride = 0, bool ceil_mode = false);
Tensor lp_pool1d(const Tensor& x, double p, std::int64_t kernel, std::int64_t stride = 0, bool ceil_mode = false);
/// The reverse of max_pool2d_with_indices: zeros, but each element at the place in h * w that its index names, and of
/// several for one place the last. `output_size` 0: the smallest that such windows come from. ShapeError for an index
/// outside.
struct MaxUnpool2dOptions {
  Pair stride = 0, padding = 0, output_size = 0;
};
Tensor max_unpool2d(const Tensor& x, const Tensor& indices, Pair kernel, MaxUnpool2dOptions options = {});

// --- adaptive_pooling.cpp: `output_size` windows, the i-th from floor(i n / out) to ceil((i + 1) n / out) of n elements,
// so that they may overlap; -1 keeps the size.
Tensor adaptive_avg_pool1d(const Tensor& x, std::int64_t output_size);
Tensor adaptive_avg_pool2d(const Tensor& x, Pair output_size);
Tensor adaptive_max_pool1d(const Tensor& x, std::int64_t output_size);
Tensor adaptive_max_pool2d(const Tensor& x, Pair output_size);
ValuesAndIndices adaptive_max_pool1d_with_indices(const Tensor& x, std::int64_t output_size);
ValuesAndIndices adaptive_max_pool2d_with_indices(const Tensor& x, Pair output_size);

// --- resampling.cpp
/// Factors, down and across.
struct ScaleFactor {
  double down = 0, across = 0;
  constexpr ScaleFactor() = default;
  constexpr ScaleFactor(double both) : down(both), across(both) {}
  constexpr ScaleFactor(double d, double a) : down(d), across(a) {}
};
struct InterpolateOptions {
  Pair size = 0;                 ///< of the result; or
  ScaleFactor scale_factor = 0;  ///< the size's factor, the product rounded down
  std::string_view mode = "nearest";
  bool align_corners = false;  ///< of linear, bilinear, bicubic: the outermost elements stay where they are
  /// Places are found by the ratio of the sizes, not by `scale_factor`.
  bool recompute_scale_factor = false;
};
/// x[n, channels, length] or x[n, channels, h, w] in another size, as torch: "nearest", "nearest-exact", "area";
/// "linear" of a length, "bilinear" and "bicubic" of images. ShapeError unless one of size and scale_factor is given.
Tensor interpolate(const Tensor& x, const InterpolateOptions& options = {});
/// x[..., c r r, h, w] -> [..., c, h r, w r], and the reverse.
Tensor pixel_shuffle(const Tensor& x, std::int64_t upscale_factor);
Tensor pixel_unshuffle(const Tensor& x, std::int64_t downscale_factor);

// --- embedding_bag.cpp
struct EmbeddingBagOptions {
  Tensor offsets = {};                           ///< where each bag begins in an index of one dimension
  std::string_view mode = "mean";                ///< "sum", "mean" or "max"
  Tensor per_sample_weights = {};                ///< of the index's shape, for "sum": factors of the rows
  bool include_last_offset = false;              ///< the last offset is the end of the last bag
  std::optional<std::int64_t> padding_idx = {};  ///< rows that do not count
  bool scale_grad_by_freq = false;               ///< as embedding's; not for "max"
};
/// The sum, mean or largest elements of the rows of weight[rows, d] that each bag names: the rows of index[bags, size],
/// or the pieces of a list that the offsets cut -> [bags, d]. An empty bag gives 0.
Tensor embedding_bag(const Tensor& index, const Tensor& weight, const EmbeddingBagOptions& options = {});

// --- dropout.cpp
/// In training each element is 0 with probability p, else x / (1 - p): which ones is torch's choice for the same seed.
/// x itself otherwise.
Tensor dropout(const Tensor& x, double p = 0.5, bool training = true, Generator& g = default_generator());
/// Whole channels of x[n, channels, ...] at a time. dropout1d: x[n, channels, length] or [channels, length]. dropout2d:
/// [n, channels, h, w]; as in torch one of three dimensions is [n, channels, length]. dropout3d: of five, or four
/// without n.
Tensor dropout1d(const Tensor& x, double p = 0.5, bool training = true, Generator& g = default_generator());
Tensor dropout2d(const Tensor& x, double p = 0.5, bool training = true, Generator& g = default_generator());
Tensor dropout3d(const Tensor& x, double p = 0.5, bool training = true, Generator& g = default_generator());
/// What is dropped becomes selu's lower bound, and all is scaled and moved so that mean and variance stay; elements, or
/// whole channels.
Tensor alpha_dropout(const Tensor& x, double p = 0.5, bool training = false, Generator& g = default_generator());
Tensor feature_alpha_dropout(const Tensor& x, double p = 0.5, bool training = false,
                             Generator& g = default_generator());
/// x where x > 0, else x times a number: in training one between lower and upper for each, otherwise their mean.
Tensor rrelu(const Tensor& x, double lower = 1.0 / 8, double upper = 1.0 / 3, bool training = false,
             Generator& g = default_generator());

// --- attention.cpp
struct AttentionOptions {
  Tensor attn_mask = {};   ///< [..., queries, keys]: bool, false where a key must not be seen; or numbers to be added
  double dropout_p = 0;    ///< of the weights, whenever it is called: pass 0 when not training
  bool is_causal = false;  ///< query i sees keys 0 to i
  std::optional<double> scale = {};  ///< 1 / sqrt(size of a key) when not given
  bool enable_gqa = false;  ///< dimension -3 counts heads, and several of the query's share one of keys and values
};
/// softmax(q k^T scale) v: q[..., queries, d], k[..., keys, d], v[..., keys, d'] -> [..., queries, d']. A query that
/// may see no key gets 0.
Tensor scaled_dot_product_attention(const Tensor& q, const Tensor& k, const Tensor& v,
                                    const AttentionOptions& options = {});

}  // namespace harker

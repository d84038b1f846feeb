// The rows of reductions, indexing, losses, normalisation, convolution and pooling. Each is written once, and runs as
// it stands; with its matrices stored the other way round; with its first input repeated along its first dimension (a
// stride of 0); and, where it says so, with a size of 0.
#pragma once
#include <core/grad_rows.h>

#include <harker/core/random.h>

#include <cmath>

namespace harker::test {

/// The first word of the name is the op.
struct LayerRow {
  std::string name;
  std::vector<Shape> shapes;
  std::function<Tensor(In)> f;
  bool repeats = true;  ///< smooth where elements of the first input are equal
  Shape empty = {};     ///< another shape of the first input, with a size of 0; the others follow where they were equal
};

inline Tensor ints(std::initializer_list<TensorValue> v) { return tensor(v, kInt64); }
/// Into (0.1, 0.9)
inline Tensor probability(const Tensor& x) { return sigmoid(x) * 0.8 + 0.1; }

inline std::vector<LayerRow> layer_rows_as_written() {
  const Tensor t4 = ints({1, 0, 2, 1}), ignoring = ints({1, -100, 2, 0}), one_ignored = ints({1, 0, 1, 2});
  const Tensor w3 = tensor({0.4, 1.3, 0.9}, kFloat64);
  const auto ce = [=](CrossEntropyOptions o, Tensor t) { return [=](In x) { return cross_entropy(x[0], t, o); }; };
  const auto nll = [=](NllLossOptions o, Tensor t) {
    return [=](In x) { return nll_loss(log_softmax(x[0], 1), t, o); };
  };
  const auto conv = [](Conv2dOptions o) {
    return [=](In x) { return conv2d(x[0], x[1], x.size() > 2 ? x[2] : Tensor(), o); };
  };
  const auto conv1 = [](Conv2dOptions o) {
    return [=](In x) { return conv1d(x[0], x[1], x.size() > 2 ? x[2] : Tensor(), o); };
  };
  const auto transposed = [](ConvTranspose2dOptions o) {
    return [=](In x) { return conv_transpose2d(x[0], x[1], x.size() > 2 ? x[2] : Tensor(), o); };
  };
  const auto bn = [](bool training, bool affine) {
    return [=](In x) {
      const std::int64_t c = x[0].size(1);
      Tensor mean = full({c}, 0.2, kFloat64), var = full({c}, 1.7, kFloat64);
      return batch_norm(x[0], mean, var, affine ? x[1] : Tensor(), affine ? x[2] : Tensor(), training);
    };
  };
  std::vector<LayerRow> r = {
      // --- joining and choosing
      {"cat 0", {{2, 3}, {1, 3}, {4, 3}}, [](In x) { return cat({x[0], x[1], x[2]}, 0); }},
      {"cat -1", {{2, 3}, {2, 1}}, [](In x) { return cat({x[0], x[1], x[0]}, -1); }, true, {2, 0}},
      {"cat nothing", {{2, 3}, {0}}, [](In x) { return cat({x[1], x[0]}, 0); }},
      {"stack", {{2, 3}, {2, 3}}, [](In x) { return stack({x[0], x[1]}, 1); }, true, {0, 3}},
      {"split", {{5, 2}}, [](In x) { return split(x[0], 2)[1] * split(x[0], 2)[0]; }},
      {"split sizes", {{5, 3}}, [](In x) { return split(x[0], Shape{1, 2}, 1)[1] * 2; }},
      {"chunk", {{3, 5}}, [](In x) { return chunk(x[0], 2, 1)[1]; }},
      {"flip", {{2, 3, 2}}, [](In x) { return flip(x[0], {0, 2}) * x[0]; }, true, {2, 0, 2}},
      {"gather 0", {{3, 4}}, [](In x) { return gather(x[0], 0, ints({{2, 1, 0, 2}, {0, 0, 1, 2}})); }},
      {"gather 1", {{3, 4}}, [](In x) { return gather(x[0], 1, ints({{3, 3}, {0, 1}, {2, 0}})); }},
      {"gather 0-d", {{}}, [](In x) { return gather(x[0], 0, zeros({}, kInt64)); }},
      {"scatter_add 0", {{3, 2}, {4, 2}},
       [](In x) { return scatter_add(x[0], 0, ints({{0, 2}, {0, 1}, {2, 2}}), x[1]); }},
      {"scatter_add 1", {{2, 3}, {2, 4}},
       [](In x) { return scatter_add(x[0], 1, ints({{0, 2, 2, 1}, {1, 1, 1, 0}}), x[1]); }},
      {"index_select 0", {{3, 4}}, [](In x) { return index_select(x[0], 0, ints({2, 0, 2})); }, true, {3, 0}},
      {"index_select -1", {{3, 4}}, [](In x) { return index_select(x[0], -1, ints({1, 1, 3, 0, 1})); }, true, {0, 4}},
      {"index_add 0", {{3, 4}, {2, 4}}, [](In x) { return index_add(x[0], 0, ints({2, 2}), x[1], 0.7); }},
      {"index_add 1", {{2, 3}, {2, 2}}, [](In x) { return index_add(x[0], 1, ints({0, 2}), x[1]); }},
      {"index", {{4, 3}}, [](In x) { return x[0][ints({{-1, 0}, {2, -1}})]; }},
      {"embedding", {{4, 3}}, [](In x) { return embedding(ints({{1, 3}, {1, 0}}), x[0]); }, true, {4, 0}},
      // --- reductions
      {"sum dims", {{2, 3, 4}}, [](In x) { return sum(x[0] * x[0], {0, 2}); }, true, {2, 0, 4}},
      {"mean dims", {{2, 3, 4}}, [](In x) { return mean(x[0] * x[0], {0, -1}, true); }},
      {"max", {{3, 4}}, [](In x) { return max(x[0]); }, false},
      {"min", {{2, 3, 2}}, [](In x) { return min(x[0]) * min(x[0]); }, false},
      {"max 0", {{3, 4}}, [](In x) { return max(x[0], 0).values; }, false, {3, 0}},
      {"max 1 keep", {{3, 4}}, [](In x) { return max(x[0], 1, true).values * x[0]; }, false},
      {"min -1", {{2, 3, 4}}, [](In x) { return min(x[0], -1).values; }, false, {2, 0, 4}},
      {"max 0-d", {{}}, [](In x) { return x[0].max(0).values * x[0].max(); }},
      {"sort", {{3, 5}}, [](In x) { return sort(x[0]).values * x[0]; }, false, {3, 0}},
      {"sort 0 descending", {{4, 3}}, [](In x) { return sort(x[0], 0, true).values; }, false},
      {"topk", {{3, 5}}, [](In x) { return topk(x[0], 2).values; }, false},
      {"topk smallest 0", {{4, 3}}, [](In x) { return topk(x[0], 3, 0, false).values; }, false},
      {"prod", {{2, 3}}, [](In x) { return prod(x[0]); }, true, {0, 3}},
      {"prod 0", {{3, 4}}, [](In x) { return prod(x[0], 0); }, true, {0, 4}},
      {"prod 1 keep", {{3, 4}}, [](In x) { return prod(x[0], 1, true) * x[0]; }, true, {3, 0}},
      {"prod -1 of three", {{2, 3, 3}}, [](In x) { return prod(x[0], -1); }},
      {"prod middle", {{2, 3, 2}}, [](In x) { return prod(x[0], 1); }},
      {"prod with a zero", {{2, 3}}, [](In x) { return prod(x[0] * tensor({{1, 0, 1}, {0, 1, 0}}, kFloat64), 1); }},
      {"prod 0-d", {{}}, [](In x) { return prod(x[0]) * prod(x[0], 0); }},
      {"cumsum 0", {{3, 4}}, [](In x) { return cumsum(x[0] * x[0], 0); }, true, {0, 4}},
      {"cumsum -1", {{2, 3, 4}}, [](In x) { return cumsum(x[0], -1) * x[0]; }, true, {2, 3, 0}},
      {"cumsum 0-d", {{}}, [](In x) { return cumsum(x[0], 0) * x[0]; }},
      {"var", {{3, 4}}, [](In x) { return var(x[0]); }},
      {"var 1", {{3, 4}}, [](In x) { return var(x[0], 1); }, true, {0, 4}},
      {"var dims biased", {{2, 3, 4}}, [](In x) { return var(x[0], {0, 2}, {.correction = 0, .keepdim = true}) * x[0]; }},
      {"var middle", {{2, 4, 3}}, [](In x) { return var(x[0], 1, {.correction = 1.5}); }},
      {"std", {{3, 4}}, [](In x) { return harker::std(x[0]); }},
      {"std 0", {{4, 3}}, [](In x) { return harker::std(x[0] + x[0] * x[0], 0); }, false},
      {"std dims", {{2, 3, 4}}, [](In x) { return x[0].std({1, 2}, 0, true) * x[0]; }},
      {"norm", {{3, 4}}, [](In x) { return norm(x[0]); }},
      {"norm 2 dims", {{2, 3, 4}}, [](In x) { return norm(x[0], 2, {0, 2}); }},
      {"norm 1", {{3, 4}}, [](In x) { return norm(x[0], 1, {1}, true) * x[0]; }},
      {"norm 3", {{3, 4}}, [](In x) { return norm(x[0], 3, {0}); }},
      {"norm 1.5", {{3, 4}}, [](In x) { return norm(x[0], 1.5); }},
      {"norm inf", {{3, 4}}, [](In x) { return norm(x[0], INFINITY); }, false},
      {"norm inf dim", {{3, 4}}, [](In x) { return norm(x[0], INFINITY, {1}) * sum(x[0]); }, false},
      {"norm -inf", {{3, 4}}, [](In x) { return norm(x[0], -INFINITY, {0, 1}, true); }, false},
      {"norm 0-d", {{}}, [](In x) { return norm(x[0]) * x[0]; }},
      {"logsumexp 0", {{3, 4}}, [](In x) { return logsumexp(x[0], 0); }, true, {3, 0}},
      {"logsumexp 1 keep", {{3, 4}}, [](In x) { return logsumexp(x[0], 1, true) * x[0]; }},
      {"logsumexp dims", {{2, 3, 4}}, [](In x) { return logsumexp(x[0], {0, 2}); }},
      {"logsumexp 0-d", {{}}, [](In x) { return logsumexp(x[0] * x[0], Shape{}); }},
      {"softmax 0", {{3, 4}}, [](In x) { return softmax(x[0], 0); }, true, {3, 0}},
      {"softmax -1", {{2, 3, 5}}, [](In x) { return softmax(x[0], -1); }, true, {0, 3, 5}},
      {"softmax middle", {{2, 3, 2}}, [](In x) { return softmax(x[0], 1) * x[0]; }},
      {"softmax 0-d", {{}}, [](In x) { return softmax(x[0], 0) * x[0]; }},
      {"log_softmax 0", {{3, 4}}, [](In x) { return log_softmax(x[0], 0); }, true, {3, 0}},
      {"log_softmax -1", {{2, 3, 5}}, [](In x) { return log_softmax(x[0], -1) * x[0]; }, true, {0, 3, 5}},
      {"log_softmax 0-d", {{}}, [](In x) { return log_softmax(x[0], 0) + x[0] * x[0]; }},
      // --- losses of classes
      {"cross_entropy 1-d", {{4}}, [](In x) { return cross_entropy(x[0], scalar_tensor(2, kInt64)); }},
      {"cross_entropy none", {{4, 3}}, ce({.reduction = Reduction::none}, t4)},
      {"cross_entropy sum", {{4, 3}}, ce({.reduction = Reduction::sum}, t4)},
      {"cross_entropy weight", {{4, 3}}, ce({.weight = w3}, t4)},
      {"cross_entropy weight none", {{4, 3}}, ce({.reduction = Reduction::none, .weight = w3}, ignoring)},
      {"cross_entropy ignore", {{4, 3}}, ce({}, ignoring)},
      {"cross_entropy ignore 1", {{4, 3}}, ce({.ignore_index = 1}, one_ignored)},
      {"cross_entropy smooth", {{4, 3}}, ce({.label_smoothing = 0.2}, t4)},
      {"cross_entropy all options", {{4, 3}}, ce({.weight = w3, .ignore_index = 1, .label_smoothing = 0.3}, one_ignored)},
      {"cross_entropy smooth none", {{4, 3}}, ce({.reduction = Reduction::none, .weight = w3, .label_smoothing = 0.3}, ignoring)},
      {"cross_entropy spatial", {{2, 3, 2}}, ce({.weight = w3}, ints({{0, 2}, {1, -100}}))},
      {"cross_entropy spatial none", {{2, 3, 2}}, ce({.reduction = Reduction::none}, ints({{0, 2}, {1, 1}}))},
      {"cross_entropy probabilities", {{4, 3}, {4, 3}},
       [=](In x) { return cross_entropy(x[0], softmax(x[1], 1), {.weight = w3, .label_smoothing = 0.1}); }},
      {"cross_entropy probabilities none", {{2, 3, 2}, {2, 3, 2}},
       [](In x) { return cross_entropy(x[0], softmax(x[1], 1), {.reduction = Reduction::none}); }},
      {"nll_loss none", {{4, 3}}, nll({.reduction = Reduction::none}, ignoring)},
      {"nll_loss mean", {{4, 3}}, nll({}, t4)},
      {"nll_loss weight", {{4, 3}}, nll({.weight = w3}, ignoring)},
      {"nll_loss spatial", {{2, 3, 2}}, nll({.reduction = Reduction::sum, .weight = w3}, ints({{0, 2}, {1, 1}}))},
      // --- normalisation
      {"bilinear", {{3, 2}, {3, 4}, {2, 2, 4}, {2}}, [](In x) { return bilinear(x[0], x[1], x[2], x[3]); }},
      {"bilinear one", {{2}, {3}, {4, 2, 3}}, [](In x) { return bilinear(x[0], x[1], x[2]); }},
      {"scaled_dot_product_attention", {{2, 3, 4}, {2, 5, 4}, {2, 5, 2}},
       [](In x) { return scaled_dot_product_attention(x[0], x[1], x[2]); }},
      {"scaled_dot_product_attention causal", {{3, 4}, {3, 4}, {3, 2}},
       [](In x) { return scaled_dot_product_attention(x[0], x[1], x[2], {.is_causal = true, .scale = 0.7}); }},
      {"scaled_dot_product_attention masked", {{3, 2}, {2, 2}, {2, 2}, {3, 2}},
       [](In x) { return scaled_dot_product_attention(x[0], x[1], x[2], {.attn_mask = x[3]}); }},
      {"layer_norm", {{3, 4}, {4}, {4}}, [](In x) { return layer_norm(x[0], {4}, x[1], x[2]); }, true, {0, 4}},
      {"layer_norm 2", {{2, 3, 2}, {3, 2}, {3, 2}}, [](In x) { return layer_norm(x[0], {3, 2}, x[1], x[2]); }},
      {"layer_norm plain", {{3, 4}}, [](In x) { return layer_norm(x[0], {4}); }},
      {"layer_norm weight", {{2, 9}, {9}}, [](In x) { return layer_norm(x[0], {9}, x[1]); }},
      {"layer_norm bias", {{3, 4}, {4}}, [](In x) { return layer_norm(x[0], {4}, {}, x[1]); }},
      {"layer_norm one row", {{5}, {5}, {5}}, [](In x) { return layer_norm(x[0], {5}, x[1], x[2], 0.1); }},
      {"batch_norm", {{5, 3}, {3}, {3}}, bn(true, true), false},
      {"batch_norm sequence", {{2, 3, 4}, {3}, {3}}, bn(true, true)},
      {"batch_norm images", {{2, 2, 3, 2}, {2}, {2}}, bn(true, true)},
      {"batch_norm plain", {{4, 2, 3}}, bn(true, false)},
      {"batch_norm evaluated", {{4, 3}, {3}, {3}}, bn(false, true), true, {0, 3}},
      {"batch_norm images evaluated", {{2, 2, 3, 2}, {2}, {2}}, bn(false, true)},
      {"batch_norm plain evaluated", {{4, 2, 3}}, bn(false, false)},
      // --- images
      {"conv2d", {{2, 2, 4, 5}, {3, 2, 3, 2}, {3}}, conv({})},
      {"conv2d no bias", {{1, 2, 4, 4}, {2, 2, 2, 2}}, conv({}), true, {0, 2, 4, 4}},
      {"conv2d one image", {{2, 4, 4}, {3, 2, 3, 3}, {3}}, conv({.padding = 1})},
      {"conv2d stride", {{2, 2, 5, 4}, {2, 2, 3, 2}, {2}}, conv({.stride = {2, 1}, .padding = {1, 0}})},
      {"conv2d stride 3", {{1, 1, 7, 7}, {2, 1, 2, 3}, {2}}, conv({.stride = 3, .padding = 1})},
      {"conv2d dilation", {{1, 2, 6, 5}, {2, 2, 2, 3}, {2}}, conv({.padding = {0, 2}, .dilation = 2})},
      {"conv2d groups", {{2, 4, 3, 3}, {4, 2, 2, 2}, {4}}, conv({.padding = 1, .groups = 2})},
      {"conv2d depthwise", {{1, 3, 4, 4}, {6, 1, 3, 3}}, conv({.stride = 2, .padding = 1, .groups = 3})},
      {"conv2d 1x1", {{2, 3, 3, 3}, {2, 3, 1, 1}, {2}}, conv({})},
      {"conv2d whole image", {{2, 2, 3, 3}, {3, 2, 3, 3}, {3}}, conv({})},
      {"conv2d wide", {{1, 1, 2, 20}, {1, 1, 2, 5}, {1}}, conv({.padding = {1, 2}})},
      {"conv_transpose2d", {{2, 2, 3, 2}, {2, 3, 2, 2}, {3}}, transposed({})},
      {"conv_transpose2d stride", {{1, 2, 3, 2}, {2, 1, 3, 3}, {1}}, transposed({.stride = 2, .padding = 1, .output_padding = 1})},
      {"conv_transpose2d groups", {{1, 4, 2, 2}, {4, 1, 2, 3}}, transposed({.stride = {1, 2}, .groups = 2, .dilation = 2})},
      {"max_pool2d", {{2, 2, 4, 4}}, [](In x) { return max_pool2d(x[0], 2); }, false, {0, 2, 4, 4}},
      {"max_pool2d padded", {{1, 2, 5, 4}}, [](In x) { return max_pool2d(x[0], 3, {.stride = 2, .padding = 1}); }, false},
      {"max_pool2d ceil", {{2, 5, 6}}, [](In x) { return max_pool2d(x[0], {2, 3}, {.stride = 2, .ceil_mode = true}); }, false},
      {"max_pool2d_with_indices", {{1, 2, 4, 4}}, [](In x) { return max_pool2d_with_indices(x[0], 2).values; }, false},
      {"max_pool2d dilation", {{1, 1, 5, 5}}, [](In x) { return max_pool2d(x[0], 2, {.stride = 1, .dilation = 2}); }, false},
      {"avg_pool2d", {{2, 2, 4, 4}}, [](In x) { return avg_pool2d(x[0], 2); }, true, {0, 2, 4, 4}},
      {"avg_pool2d padded", {{1, 2, 5, 4}}, [](In x) { return avg_pool2d(x[0], 3, {.stride = 2, .padding = 1}); }},
      {"avg_pool2d uncounted", {{1, 2, 5, 4}}, [](In x) { return avg_pool2d(x[0], 3, {.stride = 2, .padding = 1, .count_include_pad = false}); }},
      {"avg_pool2d ceil", {{2, 5, 6}}, [](In x) { return avg_pool2d(x[0], {2, 3}, {.stride = {2, 2}, .ceil_mode = true}); }},
      {"avg_pool2d divisor", {{1, 1, 4, 4}}, [](In x) { return avg_pool2d(x[0], 2, {.stride = 1, .divisor_override = 3}) * 2; }},
      // --- sequences, resampling, bags
      {"conv1d", {{2, 2, 6}, {3, 2, 3}, {3}}, conv1({})},
      {"conv1d options", {{2, 4, 7}, {4, 2, 2}, {4}}, conv1({.stride = 2, .padding = 1, .dilation = 2, .groups = 2}), true, {0, 4, 7}},
      {"conv1d same", {{2, 5}, {3, 2, 4}}, conv1({.padding = "same"})},
      {"conv2d same", {{1, 2, 4, 5}, {2, 2, 2, 3}, {2}}, conv({.padding = "same", .dilation = {3, 1}})},
      {"conv_transpose1d", {{2, 2, 4}, {2, 3, 3}, {3}},
       [](In x) { return conv_transpose1d(x[0], x[1], x[2], {.stride = 2, .padding = 1, .output_padding = 1}); }},
      {"max_pool1d", {{2, 2, 7}}, [](In x) { return max_pool1d(x[0], 3, {.stride = 2, .padding = 1}); }, false, {0, 2, 7}},
      {"max_pool1d_with_indices", {{2, 7}}, [](In x) { return max_pool1d_with_indices(x[0], 2, {.dilation = 2}).values; }, false},
      {"avg_pool1d", {{2, 2, 7}}, [](In x) { return avg_pool1d(x[0], 3, {.stride = 2, .padding = 1}); }, true, {0, 2, 7}},
      {"lp_pool1d", {{2, 2, 7}}, [](In x) { return lp_pool1d(probability(x[0]), 2, 3, 2); }},
      {"lp_pool2d", {{1, 2, 4, 5}}, [](In x) { return lp_pool2d(probability(x[0]), 3, {2, 3}); }, true, {0, 2, 4, 5}},
      {"max_unpool2d", {{1, 2, 2, 2}},
       [](In x) { return max_unpool2d(x[0], ints({{{{0, 3}, {9, 15}}, {{5, 6}, {8, 11}}}}), 2) * 2; }},
      {"adaptive_avg_pool1d", {{2, 2, 7}}, [](In x) { return adaptive_avg_pool1d(x[0], 3); }, true, {0, 2, 7}},
      {"adaptive_avg_pool2d", {{2, 4, 6}}, [](In x) { return adaptive_avg_pool2d(x[0], {2, 3}); }},
      {"adaptive_avg_pool2d uneven", {{1, 2, 5, 4}}, [](In x) { return adaptive_avg_pool2d(x[0], {3, 6}); }, true, {0, 2, 5, 4}},
      {"adaptive_max_pool1d", {{2, 2, 7}}, [](In x) { return adaptive_max_pool1d(x[0], 3); }, false, {0, 2, 7}},
      {"adaptive_max_pool1d_with_indices", {{2, 6}}, [](In x) { return adaptive_max_pool1d_with_indices(x[0], 3).values; }, false},
      {"adaptive_max_pool2d", {{1, 2, 4, 6}}, [](In x) { return adaptive_max_pool2d(x[0], 2); }, false},
      {"adaptive_max_pool2d_with_indices", {{2, 5, 4}}, [](In x) { return adaptive_max_pool2d_with_indices(x[0], {3, -1}).values; }, false},
      {"interpolate", {{1, 2, 3, 4}}, [](In x) { return interpolate(x[0], {.scale_factor = {1.7, 0.6}}); }, true, {0, 2, 3, 4}},
      {"interpolate linear", {{1, 2, 4}}, [](In x) { return interpolate(x[0], {.size = 7, .mode = "linear"}); }},
      {"interpolate bilinear", {{1, 2, 3, 4}},
       [](In x) { return interpolate(x[0], {.size = {5, 3}, .mode = "bilinear", .align_corners = true}); }},
      {"interpolate bicubic", {{1, 1, 3, 4}}, [](In x) { return interpolate(x[0], {.size = {4, 2}, .mode = "bicubic"}); }},
      {"pixel_shuffle", {{2, 4, 2, 3}}, [](In x) { return pixel_shuffle(x[0], 2) * x[0].sum(); }, true, {0, 4, 2, 3}},
      {"pixel_unshuffle", {{2, 4, 6}}, [](In x) { return pixel_unshuffle(x[0], 2) * x[0].sum(); }},
      {"embedding by frequency", {{4, 3}},
       [](In x) { return embedding(ints({1, 3, 2}), x[0], {.scale_grad_by_freq = true}); }},
      {"embedding_bag", {{4, 3}}, [](In x) { return embedding_bag(ints({{1, 3}, {1, 0}}), x[0]); }, true, {4, 0}},
      {"embedding_bag sum", {{4, 3}, {5}},
       [](In x) {
         return embedding_bag(ints({1, 3, 1, 0, 2}), x[0],
                              {.offsets = ints({0, 2, 2, 5}), .mode = "sum", .per_sample_weights = x[1], .include_last_offset = true});
       }},
      {"embedding_bag padding", {{4, 3}},
       [](In x) { return embedding_bag(ints({{1, 3}, {1, 1}}), x[0], {.mode = "mean", .padding_idx = 1}); }},
      {"embedding_bag max", {{4, 3}},
       [](In x) { return embedding_bag(ints({1, 3, 1, 0}), x[0], {.offsets = ints({0, 3, 3}), .mode = "max"}); }, false},
      {"dropout", {{3, 4}}, [](In x) { Generator g(7); return dropout(x[0] * x[0], 0.4, true, g); }, true, {0, 4}},
      {"dropout all", {{3}}, [](In x) { return dropout(x[0], 1) + x[0]; }},
  };
  // --- losses of two tensors of one shape, with every reduction
  const auto both = [&r](const char* name, auto f, bool repeats = true) {
    for (const auto& [suffix, reduction] :
         {std::pair{" none", Reduction::none}, std::pair{" mean", Reduction::mean}, std::pair{" sum", Reduction::sum}})
      r.push_back({std::string(name) + suffix,
                   {{3, 4}, {3, 4}},
                   [f, reduction = reduction](In x) { return f(x, reduction); },
                   repeats,
                   reduction == Reduction::mean ? Shape{} : Shape{0, 4}});
  };
  both("mse_loss", [](In x, Reduction red) { return mse_loss(x[0], x[1], {.reduction = red}); });
  both("l1_loss", [](In x, Reduction red) { return l1_loss(x[0], x[1], {.reduction = red}) * sum(x[0]); });
  both("smooth_l1_loss",
       [](In x, Reduction red) { return smooth_l1_loss(x[0], x[1], {.reduction = red, .beta = 0.7}); });
  both("smooth_l1_loss 0",
       [](In x, Reduction red) { return smooth_l1_loss(x[0], x[1], {.reduction = red, .beta = 0}); });
  both("huber_loss", [](In x, Reduction red) { return huber_loss(x[0], x[1], {.reduction = red, .delta = 0.6}); });
  both("binary_cross_entropy", [](In x, Reduction red) {
    return binary_cross_entropy(probability(x[0]), probability(x[1]), {.reduction = red});
  });
  both("binary_cross_entropy weight", [](In x, Reduction red) {
    return binary_cross_entropy(probability(x[0]), x[1], {.reduction = red, .weight = sum(x[1], 0)});
  });
  both("binary_cross_entropy_with_logits",
       [](In x, Reduction red) { return binary_cross_entropy_with_logits(x[0], x[1], {.reduction = red}); });
  both("binary_cross_entropy_with_logits weights", [](In x, Reduction red) {
    return binary_cross_entropy_with_logits(x[0], x[1],
                                            {.reduction = red, .weight = x[1] * x[0], .pos_weight = sum(x[1], 0)});
  });
  both("kl_div", [](In x, Reduction red) { return kl_div(x[0], probability(x[1]), {.reduction = red}); });
  both("kl_div logarithms",
       [](In x, Reduction red) { return kl_div(x[0], x[1], {.reduction = red, .log_target = true}); });
  r.push_back({"kl_div batch_mean", {{3, 4}, {3, 4}}, [](In x) {
                 return kl_div(x[0], probability(x[1]), {.reduction = Reduction::batch_mean});
               }});
  return r;
}

inline GradRows layer_rows() {
  GradRows rows;
  for (const LayerRow& row : layer_rows_as_written()) {
    const std::string op = row.name.substr(0, row.name.find(' '));
    const auto add = [&](const char* suffix, std::function<Tensor(In)> f, std::vector<Shape> shapes) {
      rows.push_back({op, row.name + suffix, std::move(f), std::move(shapes), Domain::any});
    };
    add("", row.f, row.shapes);
    bool matrices = false;
    std::vector<Shape> turned = row.shapes;
    for (Shape& s : turned)
      if (s.rank() >= 2) std::swap(s[0], s[s.rank() - 1]), matrices = true;
    const auto back = [f = row.f](In x) {
      std::vector<Tensor> as_meant(x.begin(), x.end());
      for (Tensor& t : as_meant)
        if (t.dim() >= 2) t = t.transpose(0, -1);
      return f(as_meant);
    };
    if (matrices) add(", transposed", back, turned);
    if (row.repeats && row.shapes[0].rank() >= 1) {
      std::vector<Shape> first_once = row.shapes;
      first_once[0][0] = 1;
      add(
          ", repeated",
          [f = row.f, shape = row.shapes[0]](In x) {
            std::vector<Tensor> repeated(x.begin(), x.end());
            repeated[0] = repeated[0].expand(shape);
            return f(repeated);
          },
          first_once);
    }
    if (row.empty.rank() > 0) {
      std::vector<Shape> none = row.shapes;
      for (Shape& s : none)
        if (s == row.shapes[0]) s = row.empty;
      add(", nothing", row.f, none);
    }
  }
  return rows;
}

}  // namespace harker::test

// Misuse of losses, layers, activations and normalisations (misuse_table.h).
#include <core/misuse_table.h>
#include <doctest/doctest.h>

#include <harker/core/ops/ops.h>
#include <harker/core/random.h>

#include <cmath>

namespace harker {
namespace {

struct Given {
  Tensor x = arange(0, 12, 1, kFloat32).reshape({3, 4}), y = ones({3, 4}), column = ones({5, 1}), five = ones({5}),
         w = ones({4});
  Tensor whole = arange(12).reshape({3, 4}), mask = ones({3}, kBool), scalar = scalar_tensor(1),
         index = tensor({0, 2}, kInt64);
  Tensor target = tensor({1, 0, 3}, kInt64), bad_target = tensor({1, 4, 0}, kInt64);
  Tensor image = ones({2, 4, 5, 5}), kernel = ones({6, 4, 3, 3}), bias = ones({6}), mean = zeros({4}), var = ones({4});
  Tensor leaf = ones({4}, {.requires_grad = true}), twofold = zeros({1}).expand({4});

  std::vector<Tensor> all() const {
    return {x,
            y,
            column,
            five,
            w,
            whole,
            mask,
            scalar,
            index,
            target,
            bad_target,
            image,
            kernel,
            bias,
            mean,
            var,
            leaf,
            twofold,
            default_generator().state()};
  }
};

std::uint64_t fingerprint(const Given& g) {
  test::Fingerprint f;
  for (const Tensor& t : g.all()) f.add(t);
  return f.h;
}

const std::vector<test::Misuse<Given>> kMisuses = {
    // --- Losses.
    MISUSE(shape, mse_loss(g.column, g.five), "mse_loss", "(5, 1)", "(5)", "reshape"),
    MISUSE(shape, mse_loss(g.column, g.five, {.reduction = Reduction::none}), "mse_loss", "(5, 1)", "(5)"),
    MISUSE(shape, l1_loss(g.column, g.five), "l1_loss", "(5, 1)", "(5)"),
    MISUSE(type, l1_loss(g.whole, g.whole), "l1_loss", "int64"),
    MISUSE(plain, smooth_l1_loss(g.x, g.y, {.beta = -1}), "smooth_l1_loss", "beta", "-1"),
    MISUSE(plain, huber_loss(g.x, g.y, {.delta = 0}), "huber_loss", "delta"),
    MISUSE(plain, l1_loss(g.x, g.y, {.reduction = Reduction::batch_mean}), "l1_loss", "kl_div"),
    MISUSE(plain, binary_cross_entropy(g.x, g.y), "binary_cross_entropy", "between 0 and 1", "11", "with_logits"),
    MISUSE(shape, binary_cross_entropy(g.column, g.five), "binary_cross_entropy", "(5, 1)", "(5)"),
    MISUSE(shape, binary_cross_entropy_with_logits(g.column, g.five), "with_logits", "(5, 1)", "(5)"),
    MISUSE(shape, binary_cross_entropy_with_logits(g.x, g.y, {.pos_weight = g.five}), "pos_weight", "(5)", "(3, 4)"),
    MISUSE(type, binary_cross_entropy_with_logits(g.x, g.whole), "with_logits", "int64"),
    MISUSE(shape, cross_entropy(g.x, g.bad_target), "cross_entropy", "target 4", "4 classes", "ignore_index"),
    MISUSE(shape, cross_entropy(g.x, g.index), "cross_entropy", "(3, 4)", "(2)", "(3)"),
    MISUSE(type, cross_entropy(g.x, ones({3})), "cross_entropy", "int64", "float32"),
    MISUSE(shape, cross_entropy(g.x, g.target, {.weight = g.five}), "cross_entropy", "(5)", "4 classes"),
    MISUSE(grad, cross_entropy(g.x, g.target, {.weight = g.leaf}), "cross_entropy", "weight", "detach()"),
    MISUSE(plain, cross_entropy(g.x, g.target, {.label_smoothing = 1.5}), "label_smoothing", "1.5"),
    MISUSE(shape, nll_loss(g.x, g.bad_target), "nll_loss", "target 4"),
    MISUSE(shape, nll_loss(g.scalar, g.target), "nll_loss", "0-d"),
    // --- Layers.
    MISUSE(shape, layer_norm(g.x, {3}), "layer_norm", "(3, 4)", "(3)"),
    MISUSE(shape, layer_norm(g.x, Shape{}), "layer_norm"),
    MISUSE(shape, layer_norm(g.x, {4}, g.five), "layer_norm", "weight", "(5)", "(4)"),
    MISUSE(shape, batch_norm(ones({1, 4}), g.mean, g.var, {}, {}, true), "batch_norm", "more than 1 value", "(1, 4)"),
    MISUSE(shape, batch_norm(g.w, g.mean, g.var, {}, {}, true), "batch_norm", "(4)"),
    MISUSE(type, batch_norm(g.x, {}, {}), "batch_norm", "running"),
    MISUSE(shape, batch_norm(g.x, g.five, g.var, {}, {}, true), "batch_norm", "running mean", "(5)", "(4)"),
    MISUSE(shape, batch_norm(g.x, g.mean, g.twofold, {}, {}, true), "batch_norm", "clone()"),
    MISUSE(grad, batch_norm(g.x, g.leaf, g.var, {}, {}, true), "batch_norm", "requires_grad_(false)"),
    MISUSE(shape, conv2d(ones({1, 3, 5, 5}), g.kernel), "conv2d", "(6, 4, 3, 3)", "takes 4", "has 3"),
    MISUSE(shape, conv2d(g.x, g.kernel), "conv2d", "(3, 4)", "channels"),
    MISUSE(shape, conv2d(g.image, ones({2, 3, 3})), "conv2d", "4 dimensions"),
    MISUSE(shape, conv2d(ones({1, 4, 2, 2}), g.kernel), "conv2d", "does not fit", "3"),
    MISUSE(shape, conv2d(g.image, g.kernel, g.five), "conv2d", "bias", "(5)", "(6)"),
    MISUSE(shape, conv2d(g.image, g.kernel, g.bias, {.groups = 3}), "conv2d", "3 groups"),
    MISUSE(shape, conv2d(g.image, g.kernel, g.bias, {.stride = 0}), "conv2d", "stride (0)"),
    MISUSE(shape, conv2d(g.image, g.kernel, g.bias, {.padding = -1}), "conv2d", "padding (-1)"),
    MISUSE(type, conv2d(g.image.to(kFloat64), g.kernel), "conv2d", "float32", "float64"),
    MISUSE(shape, conv_transpose2d(g.image, ones({4, 2, 3, 3}), {}, {.output_padding = 1}), "conv_transpose2d",
           "output_padding"),
    MISUSE(shape, max_pool2d(g.image, 3, {.padding = 2}), "max_pool2d", "half"),
    MISUSE(shape, max_pool2d(g.image, 6), "max_pool2d", "does not fit"),
    MISUSE(type, max_pool2d(ones({1, 1, 4, 4}, kBool), 2), "max_pool2d", "bool"),
    MISUSE(shape, avg_pool2d(g.x, 2), "avg_pool2d", "(3, 4)"),
    MISUSE(shape, avg_pool2d(g.image, 0, {.stride = 1}), "avg_pool2d", "kernel (0)"),
    MISUSE(plain, dropout(g.x, 1.5), "dropout", "[0, 1]", "1.5"),
    MISUSE(type, dropout(g.whole, 0.5), "dropout", "int64"),
    // --- Activations, normalisations, losses and dropouts that are expressions.
    MISUSE(shape, glu(g.five), "glu", "even"),
    MISUSE(shape, glu(g.scalar), "glu", "even"),
    MISUSE(type, elu(g.whole), "elu", "int64", ".to("),
    MISUSE(plain, celu(g.x, 0), "celu", "alpha"),
    MISUSE(type, prelu(g.x, ones({1}, kFloat64)), "prelu", "float32", "float64"),
    MISUSE(shape, prelu(g.x, ones({3})), "prelu", "(3)", "(4)"),
    MISUSE(shape, prelu(g.x, ones({1, 1})), "prelu", "(1, 1)"),
    MISUSE(plain, hardtanh(g.x, 1, -1), "hardtanh", "min_val"),
    MISUSE(type, hardtanh(g.mask), "hardtanh", "bool"),
    MISUSE(type, hardtanh(g.whole.to(kUInt8), -3, -2), "clamp", "uint8"),
    MISUSE(plain, softshrink(g.x, -0.5), "softshrink", "-0.5"),
    MISUSE(type, threshold(g.mask, 0, 1), "threshold", "bool"),
    MISUSE(plain, rrelu(g.x, 0.5, 0.1, true), "rrelu", "0.5"),
    MISUSE(shape, group_norm(g.five, 1), "group_norm", "(5)"),
    MISUSE(shape, group_norm(g.x, 3), "group_norm", "4", "3"),
    MISUSE(shape, group_norm(ones({1, 4}), 4), "group_norm", "more than one"),
    MISUSE(shape, group_norm(g.x, 2, g.five), "group_norm", "weight", "(5)"),
    MISUSE(shape, instance_norm(g.x), "instance_norm", "more than one"),
    MISUSE(type, instance_norm(g.image, g.mean), "instance_norm", "together"),
    MISUSE(shape, instance_norm(g.image, {}, {}, g.five), "instance_norm", "weight", "(5)"),
    MISUSE(shape, rms_norm(g.x, {3}), "rms_norm", "(3, 4)", "(3)"),
    MISUSE(type, rms_norm(g.whole, {4}), "rms_norm", "int64"),
    MISUSE(shape, rms_norm(g.x, {4}, g.five), "rms_norm", "weight", "(5)"),
    MISUSE(shape, local_response_norm(g.x, 2), "local_response_norm", "(3, 4)"),
    MISUSE(shape, local_response_norm(g.image, 0), "local_response_norm", "at least 1"),
    MISUSE(type, normalize(g.whole), "normalize", "int64"),
    MISUSE(shape, normalize(g.x, 2, 5), "5"),
    MISUSE(type, cosine_similarity(g.whole, g.whole), "cosine_similarity", "int64"),
    MISUSE(shape, cosine_similarity(g.x, g.five), "(5)"),
    MISUSE(shape, hinge_embedding_loss(g.x, g.five), "hinge_embedding_loss", "(3, 4)", "(5)"),
    MISUSE(type, hinge_embedding_loss(g.whole, g.y), "hinge_embedding_loss", "int64"),
    MISUSE(shape, cosine_embedding_loss(g.x, g.y, g.five), "cosine_embedding_loss", "(3, 4)", "(5)"),
    MISUSE(shape, margin_ranking_loss(g.x, g.w, g.y), "margin_ranking_loss", "(4)", "(3, 4)"),
    MISUSE(shape, triplet_margin_loss(g.x, g.y, g.w), "triplet_margin_loss", "(4)"),
    MISUSE(plain, triplet_margin_loss(g.x, g.y, g.x, {.margin = 0}), "triplet_margin_loss", "> 0"),
    MISUSE(shape, triplet_margin_loss(g.scalar, g.scalar, g.scalar), "triplet_margin_loss", "0-d"),
    MISUSE(shape, soft_margin_loss(g.column, g.five), "soft_margin_loss", "(5, 1)", "(5)"),
    MISUSE(plain, soft_margin_loss(g.x, g.y, {.reduction = Reduction::batch_mean}), "soft_margin_loss", "batch_mean"),
    MISUSE(shape, multi_margin_loss(g.x, g.bad_target), "multi_margin_loss", "target 4", "4 classes"),
    MISUSE(plain, multi_margin_loss(g.x, g.target, {.p = 3}), "multi_margin_loss", "1 or 2"),
    MISUSE(shape, multi_margin_loss(g.x, g.target, {.weight = g.five}), "multi_margin_loss", "(5)"),
    MISUSE(shape, multi_margin_loss(g.image, g.target), "multi_margin_loss", "(2, 4, 5, 5)"),
    MISUSE(type, multilabel_margin_loss(g.x, g.y), "multilabel_margin_loss", "float32"),
    MISUSE(shape, multilabel_margin_loss(g.x, g.whole), "multilabel_margin_loss", "4 classes"),
    MISUSE(shape, multilabel_soft_margin_loss(g.x, g.y, {.weight = g.five}), "multilabel_soft_margin_loss", "(5)"),
    MISUSE(shape, poisson_nll_loss(g.column, g.five), "poisson_nll_loss", "(5, 1)"),
    MISUSE(shape, gaussian_nll_loss(g.x, g.y, g.five), "gaussian_nll_loss", "(5)"),
    MISUSE(plain, gaussian_nll_loss(g.x, g.y, -1), "gaussian_nll_loss", "negative"),
    MISUSE(shape, dropout1d(g.five), "dropout1d", "(5)"),
    MISUSE(shape, dropout2d(g.x), "dropout2d", "(3, 4)"),
    MISUSE(shape, feature_alpha_dropout(g.five, 0.5, true), "feature_alpha_dropout", "(5)"),
    MISUSE(plain, alpha_dropout(g.x, 1.5), "alpha_dropout", "1.5"),
    MISUSE(shape, scaled_dot_product_attention(ones({4, 2, 2}), ones({3, 2, 2}), ones({3, 2, 2}), {.enable_gqa = true}),
           "scaled_dot_product_attention", "heads"),
};

}  // namespace

TEST_CASE("misuse: losses and layers say what is wrong, and change nothing") { test::check_misuses(kMisuses); }

}  // namespace harker

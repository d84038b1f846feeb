// What indexing, reductions, losses and layers refuse: each case names the exception and the words its message must
// hold, and after the throw no tensor has changed.
#include <doctest/doctest.h>

#include <harker/core/ops/ops.h>
#include <harker/core/random.h>

#include <cmath>
#include <functional>
#include <string>

namespace harker {
namespace {

enum class Kind { shape, type, grad, other };

/// The tensors that the cases use.
struct World {
  Tensor x = arange(0, 12, 1, kFloat32).reshape({3, 4}), y = ones({3, 4}), column = ones({5, 1}), five = ones({5});
  Tensor whole = arange(12).reshape({3, 4}), mask = ones({3}, kBool), scalar = scalar_tensor(1);
  Tensor index = tensor({0, 2}, kInt64), far = tensor({0, 3}, kInt64), negative = tensor({0, -1}, kInt64);
  Tensor reals = tensor({0., 1.});
  Tensor target = tensor({1, 0, 3}, kInt64), bad_target = tensor({1, 4, 0}, kInt64), w = ones({4});
  Tensor image = ones({2, 4, 5, 5}), kernel = ones({6, 4, 3, 3}), bias = ones({6}), mean = zeros({4}), var = ones({4});
  Tensor leaf = ones({4}, {.requires_grad = true});
  Tensor twofold = zeros({1}).expand({4});

  std::vector<Tensor> all() const {
    return {x,      y,          column, five,  whole,  mask, scalar, index, far,  negative, reals,
            target, bad_target, w,      image, kernel, bias, mean,   var,   leaf, twofold};
  }
};

struct Misuse {
  const char* name;
  Kind kind;
  std::vector<const char*> words;
  std::function<void(World&)> run;
};

const std::vector<Misuse>
    kMisuses =
        {
            // Joining and choosing
            {"cat of nothing", Kind::shape, {"cat", "at least one"}, [](World&) { cat({}); }},
            {"cat of other sizes",
             Kind::shape,
             {"cat", "(3, 4)", "(5)", "tensor 1"},
             [](World& w) {
               cat({w.x, w.five});
             }},
            {"cat of other dtypes",
             Kind::type,
             {"cat", "uint16", "int64", ".to()"},
             [](World& w) {
               cat({w.whole.to(DType::uint16), w.whole});
             }},
            {"cat of numbers",
             Kind::shape,
             {"cat", "0-d", "stack"},
             [](World& w) {
               cat({w.scalar, w.scalar});
             }},
            {"cat along a dimension that is not there",
             Kind::shape,
             {"cat", "out of range", "2"},
             [](World& w) {
               cat({w.x, w.y}, 2);
             }},
            {"stack of other shapes",
             Kind::shape,
             {"stack", "(3, 4)", "(5, 1)"},
             [](World& w) {
               stack({w.x, w.column});
             }},
            {"stack of nothing", Kind::shape, {"stack"}, [](World&) { stack({}); }},
            {"split into nothing", Kind::shape, {"split", "parts of 0"}, [](World& w) { split(w.x, 0); }},
            {"split that does not add up",
             Kind::shape,
             {"split", "(1, 1)", "(3, 4)"},
             [](World& w) {
               split(w.x, Shape{1, 1});
             }},
            {"chunk into none", Kind::shape, {"chunk", "at least 1"}, [](World& w) { chunk(w.x, 0); }},
            {"flip twice",
             Kind::shape,
             {"flip", "multiple times"},
             [](World& w) {
               flip(w.x, {0, -2});
             }},
            {"gather out of range",
             Kind::shape,
             {"gather", "index 3", "dimension 0", "size 3"},
             [](World& w) { gather(w.x, 0, w.far.unsqueeze(1)); }},
            {"gather below zero",
             Kind::shape,
             {"gather", "index -1"},
             [](World& w) { gather(w.x, 1, w.negative.unsqueeze(1)); }},
            {"gather with real numbers",
             Kind::type,
             {"gather", "int64", "float32", ".to(kInt64)"},
             [](World& w) { gather(w.x, 1, w.reals.unsqueeze(1)); }},
            {"gather with another rank",
             Kind::shape,
             {"gather", "(2)", "(3, 4)"},
             [](World& w) { gather(w.x, 0, w.index); }},
            {"gather with a larger index",
             Kind::shape,
             {"gather", "(2, 9)"},
             [](World& w) {
               gather(w.x, 0, zeros({2, 9}, kInt64));
             }},
            {"scatter_add of another dtype",
             Kind::type,
             {"scatter_add", "float32", "int64"},
             [](World& w) {
               scatter_add(w.x, 0, zeros({3, 4}, kInt64), w.whole);
             }},
            {"scatter_add of too small a source",
             Kind::shape,
             {"scatter_add", "source"},
             [](World& w) {
               scatter_add(w.x, 0, zeros({3, 4}, kInt64), ones({2, 4}));
             }},
            {"scatter_add out of range",
             Kind::shape,
             {"scatter_add", "index 8", "size 3"},
             [](World& w) { scatter_add(w.x, 0, w.whole.flip({0}), w.y); }},
            {"index_select out of range",
             Kind::shape,
             {"index_select", "index 3", "dimension 0", "size 3"},
             [](World& w) { index_select(w.x, 0, w.far); }},
            {"index_select with a matrix",
             Kind::shape,
             {"index_select", "one dimension", "flatten()"},
             [](World& w) { index_select(w.x, 0, w.whole); }},
            {"index_select with a mask",
             Kind::type,
             {"index_select", "bool", "mask"},
             [](World& w) { index_select(w.x, 0, w.mask); }},
            {"index_add of another shape",
             Kind::shape,
             {"index_add", "(3, 4)", "(2, 4)"},
             [](World& w) { index_add(w.x, 0, w.index, w.y); }},
            {"index out of range", Kind::shape, {"index", "index 3", "size 3"}, [](World& w) { w.x[w.far]; }},
            {"index of nobody's",
             Kind::type,
             {"index", "float32", "int64"},
             [](World& w) {
               w.x.index({Slice(), w.reals});
             }},
            {"index out of range of the second",
             Kind::shape,
             {"index", "index 4", "dimension 1", "size 4"},
             [](World& w) {
               w.x.index({Slice(), tensor({4})});
             }},
            {"indices beyond the dimensions",
             Kind::shape,
             {"index", "3 indices", "(3, 4)"},
             [](World& w) {
               w.x.index({0, Slice(), 0});
             }},
            {"indices that do not meet",
             Kind::shape,
             {"index", "(2)", "(3)", "broadcast"},
             [](World& w) {
               w.x.index({w.index, tensor({0, 1, 2})});
             }},
            {"two ellipses",
             Kind::shape,
             {"index", "one ellipsis"},
             [](World& w) {
               w.x.index({"...", Ellipsis});
             }},
            {"a word for an index", Kind::type, {"index", "...", ":"}, [](World& w) { w.x.index({":"}); }},
            {"a mask of the second dimension",
             Kind::shape,
             {"index", "(3)", "dimension 1", "(3, 4)"},
             [](World& w) {
               w.x.index({Slice(), w.mask});
             }},
            {"a step back",
             Kind::shape,
             {"slice", "step", "greater than zero"},
             [](World& w) { w.x.index({Slice(None, None, -1)}); }},
            {"index_put_ of other sizes",
             Kind::shape,
             {"index_put_", "(5)", "(2, 4)"},
             [](World& w) { w.x.index_put_({w.index}, w.five); }},
            {"index_put_ of repeated elements",
             Kind::shape,
             {"index_put_", "stride 0"},
             [](World& w) { w.twofold.index_put_({w.index}, 1); }},
            {"index_put_ of a leaf",
             Kind::grad,
             {"index_put_", "leaf"},
             [](World& w) { w.leaf.index_put_({w.index}, 1); }},
            {"scatter of another dtype",
             Kind::type,
             {"scatter", "float32", "int64", ".to()"},
             [](World& w) { scatter(w.x, 0, tensor({{0}}), w.whole); }},
            {"scatter out of range",
             Kind::shape,
             {"scatter", "index 3", "dimension 0", "size 3"},
             [](World& w) { w.x.scatter_(0, tensor({{3}}), w.y); }},
            {"scatter_reduce by another word",
             Kind::type,
             {"scatter_reduce", "amax", "median"},
             [](World& w) { scatter_reduce(w.x, 0, tensor({{0}}), w.y, "median"); }},
            {"masked_scatter of too few",
             Kind::shape,
             {"masked_scatter", "12 places", "(5)"},
             [](World& w) { masked_scatter(w.x, w.x.ge(0), w.five); }},
            {"pad beyond the mirror",
             Kind::shape,
             {"pad", "(4, 0)", "size 4", "(3, 4)"},
             [](World& w) {
               pad(w.x, {4, 0}, "reflect");
             }},
            {"pad of half a pair", Kind::shape, {"pad", "pairs", "(1)"}, [](World& w) { pad(w.x, {1}); }},
            {"repeat of more than can be counted",
             Kind::shape,
             {"repeat", "counted"},
             [](World& w) {
               w.x.repeat({INT64_MAX, 1});
             }},
            {"circular pad wider than what is left",
             Kind::shape,
             {"pad", "(-2, 3)", "size 4"},
             [](World& w) {
               pad(w.x, {-2, 3}, "circular");
             }},
            {"unfold to more than can be counted",
             Kind::shape,
             {"unfold", "counted"},
             [](World& w) { w.scalar.expand({std::int64_t{1} << 40}).unfold(0, std::int64_t{1} << 39, 1); }},
            {"col2im of kernels beyond counting",
             Kind::shape,
             {"col2im", "kernels"},
             [](World& w) {
               col2im(w.x, {4, 4}, {std::int64_t{1} << 32, std::int64_t{1} << 32});
             }},
            {"max_unpool2d with a padding beyond counting",
             Kind::shape,
             {"max_unpool2d", "no output"},
             [](World& w) {
               max_unpool2d(w.image, zeros({2, 4, 5, 5}, kInt64), 2, {.padding = INT64_MAX});
             }},
            {"softmax of more dimensions than there are bits",
             Kind::shape,
             {"up to 64 dims", "70"},
             [](World& w) { softmax(w.w.reshape(Shape::filled(69, 1).inserted(69, 4)), 69); }},
            {"interpolate to no size",
             Kind::shape,
             {"interpolate", "size or scale_factor"},
             [](World& w) { interpolate(w.image); }},
            {"adaptive pooling to more than can be counted",
             Kind::shape,
             {"memory"},
             [](World& w) { adaptive_max_pool1d(w.x, std::int64_t{1} << 60); }},
            {"sub_ of integers by a fraction",
             Kind::type,
             {"sub: alpha", "0.5"},
             [](World& w) { w.whole.sub_(w.whole, 0.5); }},
            {"unfold of large windows", Kind::shape, {"unfold", "5", "size 4"}, [](World& w) { w.x.unfold(1, 5, 1); }},
            {"im2col of negative kernels",
             Kind::shape,
             {"im2col", "kernel"},
             [](World& w) {
               im2col(w.image, {-1, 1});
             }},
            {"median of nothing", Kind::shape, {"median", "(0, 4)"}, [](World& w) { median(w.x.slice(0, 0, 0), 0); }},
            {"quantile of integers", Kind::type, {"quantile", "int64"}, [](World& w) { quantile(w.whole, 0.5); }},
            {"bincount of negative numbers", Kind::shape, {"bincount", "-1"}, [](World& w) { bincount(w.negative); }},
            {"bincount of the largest number",
             Kind::shape,
             {"bincount", "9223372036854775807"},
             [](World&) { bincount(full({1}, INT64_MAX, kInt64)); }},
            {"unique of complex", Kind::type, {"complex64"}, [](World& w) { unique(w.x.to(DType::complex64)); }},
            {"index of a number", Kind::shape, {"index", "0-d"}, [](World& w) { w.scalar[w.index]; }},
            {"embedding out of range",
             Kind::shape,
             {"embedding", "index 3", "size 3"},
             [](World& w) { embedding(w.far, w.x); }},
            {"embedding of a vector",
             Kind::shape,
             {"embedding", "matrix", "(4)"},
             [](World& w) { embedding(w.index, w.w); }},
            {"embedding with padding that is no row",
             Kind::shape,
             {"embedding", "padding_idx 7", "3 rows"},
             [](World& w) { embedding(w.index, w.x, {.padding_idx = 7}); }},
            {"one_hot with too few classes",
             Kind::shape,
             {"one_hot", "index 2", "size 2"},
             [](World& w) { one_hot(w.index, 2); }},
            {"one_hot below zero", Kind::shape, {"one_hot", "index -1"}, [](World& w) { one_hot(w.negative); }},
            {"one_hot of real numbers", Kind::type, {"one_hot", "float32"}, [](World& w) { one_hot(w.reals); }},
            // Reductions
            {"max of nothing",
             Kind::shape,
             {"max", "no elements"},
             [](World&) {
               max(zeros({0, 3}));
             }},
            {"max along nothing",
             Kind::shape,
             {"max", "no elements"},
             [](World&) {
               max(zeros({0, 3}), 0);
             }},
            {"max along a dimension that is not there",
             Kind::shape,
             {"max", "out of range"},
             [](World& w) { max(w.x, 2); }},
            {"argmax of nothing", Kind::shape, {"argmax", "no elements"}, [](World&) { argmax(zeros({0})); }},
            {"max of complex numbers",
             Kind::type,
             {"max", "complex64"},
             [](World&) { max(zeros({2}, DType::complex64)); }},
            {"topk of too many", Kind::shape, {"topk", "k is 5", "4 elements"}, [](World& w) { topk(w.x, 5); }},
            {"mean of integers", Kind::type, {"mean", "int64", ".to(kFloat32)"}, [](World& w) { mean(w.whole); }},
            {"mean of integers along a dimension", Kind::type, {"mean", "int64"}, [](World& w) { mean(w.whole, 0); }},
            {"sum along a dimension twice",
             Kind::shape,
             {"sum", "multiple times"},
             [](World& w) {
               sum(w.x, {0, -2});
             }},
            {"softmax of integers", Kind::type, {"softmax", "int64"}, [](World& w) { softmax(w.whole, 0); }},
            {"softmax along a dimension that is not there",
             Kind::shape,
             {"softmax", "-3"},
             [](World& w) { softmax(w.x, -3); }},
            {"var of integers", Kind::type, {"var", "int64"}, [](World& w) { var(w.whole); }},
            {"norm of integers", Kind::type, {"norm", "int64"}, [](World& w) { norm(w.whole); }},
            {"norm of no order", Kind::other, {"norm"}, [](World& w) { norm(w.x, NAN); }},
            // Losses
            {"mse_loss of a column against a vector",
             Kind::shape,
             {"mse_loss", "(5, 1)", "(5)", "reshape"},
             [](World& w) { mse_loss(w.column, w.five); }},
            {"mse_loss none of a column",
             Kind::shape,
             {"mse_loss", "(5, 1)", "(5)"},
             [](World& w) { mse_loss(w.column, w.five, {.reduction = Reduction::none}); }},
            {"l1_loss of a column",
             Kind::shape,
             {"l1_loss", "(5, 1)", "(5)"},
             [](World& w) { l1_loss(w.column, w.five); }},
            {"l1_loss of integers", Kind::type, {"l1_loss", "int64"}, [](World& w) { l1_loss(w.whole, w.whole); }},
            {"smooth_l1_loss below zero",
             Kind::other,
             {"smooth_l1_loss", "beta", "-1"},
             [](World& w) { smooth_l1_loss(w.x, w.y, {.beta = -1}); }},
            {"huber_loss of nothing",
             Kind::other,
             {"huber_loss", "delta"},
             [](World& w) { huber_loss(w.x, w.y, {.delta = 0}); }},
            {"l1_loss batch_mean",
             Kind::other,
             {"l1_loss", "kl_div"},
             [](World& w) { l1_loss(w.x, w.y, {.reduction = Reduction::batch_mean}); }},
            {"bce of no probabilities",
             Kind::other,
             {"binary_cross_entropy", "between 0 and 1", "11", "with_logits"},
             [](World& w) { binary_cross_entropy(w.x, w.y); }},
            {"bce of a column",
             Kind::shape,
             {"binary_cross_entropy", "(5, 1)", "(5)"},
             [](World& w) { binary_cross_entropy(w.column, w.five); }},
            {"bce_with_logits of a column",
             Kind::shape,
             {"with_logits", "(5, 1)", "(5)"},
             [](World& w) { binary_cross_entropy_with_logits(w.column, w.five); }},
            {"bce_with_logits with another weight",
             Kind::shape,
             {"pos_weight", "(5)", "(3, 4)"},
             [](World& w) { binary_cross_entropy_with_logits(w.x, w.y, {.pos_weight = w.five}); }},
            {"bce_with_logits against integers",
             Kind::type,
             {"with_logits", "int64"},
             [](World& w) { binary_cross_entropy_with_logits(w.x, w.whole); }},
            {"cross_entropy of a class that is none",
             Kind::shape,
             {"cross_entropy", "target 4", "4 classes", "ignore_index"},
             [](World& w) { cross_entropy(w.x, w.bad_target); }},
            {"cross_entropy of another length",
             Kind::shape,
             {"cross_entropy", "(3, 4)", "(2)", "(3)"},
             [](World& w) { cross_entropy(w.x, w.index); }},
            {"cross_entropy of real indices",
             Kind::type,
             {"cross_entropy", "int64", "float32"},
             [](World& w) { cross_entropy(w.x, ones({3})); }},
            {"cross_entropy with another weight",
             Kind::shape,
             {"cross_entropy", "(5)", "4 classes"},
             [](World& w) { cross_entropy(w.x, w.target, {.weight = w.five}); }},
            {"cross_entropy with a learned weight",
             Kind::grad,
             {"cross_entropy", "weight", "detach()"},
             [](World& w) { cross_entropy(w.x, w.target, {.weight = w.leaf}); }},
            {"cross_entropy too smooth",
             Kind::other,
             {"label_smoothing", "1.5"},
             [](World& w) { cross_entropy(w.x, w.target, {.label_smoothing = 1.5}); }},
            {"nll_loss of a class that is none",
             Kind::shape,
             {"nll_loss", "target 4"},
             [](World& w) { nll_loss(w.x, w.bad_target); }},
            {"nll_loss of a number", Kind::shape, {"nll_loss", "0-d"}, [](World& w) { nll_loss(w.scalar, w.target); }},
            // Layers
            {"layer_norm of other sizes",
             Kind::shape,
             {"layer_norm", "(3, 4)", "(3)"},
             [](World& w) { layer_norm(w.x, {3}); }},
            {"layer_norm of no dimension", Kind::shape, {"layer_norm"}, [](World& w) { layer_norm(w.x, Shape{}); }},
            {"layer_norm with another weight",
             Kind::shape,
             {"layer_norm", "weight", "(5)", "(4)"},
             [](World& w) { layer_norm(w.x, {4}, w.five); }},
            {"batch_norm of one row",
             Kind::shape,
             {"batch_norm", "more than 1 value", "(1, 4)"},
             [](World& w) { batch_norm(ones({1, 4}), w.mean, w.var, {}, {}, true); }},
            {"batch_norm of a vector",
             Kind::shape,
             {"batch_norm", "(4)"},
             [](World& w) { batch_norm(w.w, w.mean, w.var, {}, {}, true); }},
            {"batch_norm without statistics",
             Kind::type,
             {"batch_norm", "running"},
             [](World& w) { batch_norm(w.x, {}, {}); }},
            {"batch_norm with other statistics",
             Kind::shape,
             {"batch_norm", "running mean", "(5)", "(4)"},
             [](World& w) { batch_norm(w.x, w.five, w.var, {}, {}, true); }},
            {"batch_norm with statistics that repeat",
             Kind::shape,
             {"batch_norm", "clone()"},
             [](World& w) { batch_norm(w.x, w.mean, w.twofold, {}, {}, true); }},
            {"batch_norm with learned statistics",
             Kind::grad,
             {"batch_norm", "requires_grad_(false)"},
             [](World& w) { batch_norm(w.x, w.leaf, w.var, {}, {}, true); }},
            {"conv2d of other channels",
             Kind::shape,
             {"conv2d", "(6, 4, 3, 3)", "takes 4", "has 3"},
             [](World& w) { conv2d(ones({1, 3, 5, 5}), w.kernel); }},
            {"conv2d of a matrix",
             Kind::shape,
             {"conv2d", "(3, 4)", "channels"},
             [](World& w) { conv2d(w.x, w.kernel); }},
            {"conv2d with a weight of 3 dimensions",
             Kind::shape,
             {"conv2d", "4 dimensions"},
             [](World& w) { conv2d(w.image, ones({2, 3, 3})); }},
            {"conv2d with too large a kernel",
             Kind::shape,
             {"conv2d", "does not fit", "3"},
             [](World& w) { conv2d(ones({1, 4, 2, 2}), w.kernel); }},
            {"conv2d with another bias",
             Kind::shape,
             {"conv2d", "bias", "(5)", "(6)"},
             [](World& w) { conv2d(w.image, w.kernel, w.five); }},
            {"conv2d with groups that do not divide",
             Kind::shape,
             {"conv2d", "3 groups"},
             [](World& w) { conv2d(w.image, w.kernel, w.bias, {.groups = 3}); }},
            {"conv2d without a stride",
             Kind::shape,
             {"conv2d", "stride (0)"},
             [](World& w) { conv2d(w.image, w.kernel, w.bias, {.stride = 0}); }},
            {"conv2d with padding below zero",
             Kind::shape,
             {"conv2d", "padding (-1)"},
             [](World& w) { conv2d(w.image, w.kernel, w.bias, {.padding = -1}); }},
            {"conv2d of another dtype",
             Kind::type,
             {"conv2d", "float32", "float64"},
             [](World& w) { conv2d(w.image.to(kFloat64), w.kernel); }},
            {"conv_transpose2d with too much output padding",
             Kind::shape,
             {"conv_transpose2d", "output_padding"},
             [](World& w) {
               conv_transpose2d(w.image, ones({4, 2, 3, 3}), {}, {.output_padding = 1});
             }},
            {"max_pool2d with too much padding",
             Kind::shape,
             {"max_pool2d", "half"},
             [](World& w) { max_pool2d(w.image, 3, {.padding = 2}); }},
            {"max_pool2d with too large a kernel",
             Kind::shape,
             {"max_pool2d", "does not fit"},
             [](World& w) { max_pool2d(w.image, 6); }},
            {"max_pool2d of masks",
             Kind::type,
             {"max_pool2d", "bool"},
             [](World&) { max_pool2d(ones({1, 1, 4, 4}, kBool), 2); }},
            {"avg_pool2d of a matrix", Kind::shape, {"avg_pool2d", "(3, 4)"}, [](World& w) { avg_pool2d(w.x, 2); }},
            {"avg_pool2d without a kernel",
             Kind::shape,
             {"avg_pool2d", "kernel (0)"},
             [](World& w) { avg_pool2d(w.image, 0, {.stride = 1}); }},
            {"dropout beyond certainty",
             Kind::other,
             {"dropout", "[0, 1]", "1.5"},
             [](World& w) { dropout(w.x, 1.5); }},
            {"dropout of integers", Kind::type, {"dropout", "int64"}, [](World& w) { dropout(w.whole, 0.5); }},
            // Activations, normalisations, losses and dropouts that are expressions
            {"glu of an odd size", Kind::shape, {"glu", "even"}, [](World& w) { glu(w.five); }},
            {"glu of a number", Kind::shape, {"glu", "even"}, [](World& w) { glu(w.scalar); }},
            {"elu of integers", Kind::type, {"elu", "int64", ".to("}, [](World& w) { elu(w.whole); }},
            {"celu divided by 0", Kind::other, {"celu", "alpha"}, [](World& w) { celu(w.x, 0); }},
            {"prelu of another dtype",
             Kind::type,
             {"prelu", "float32", "float64"},
             [](World& w) { prelu(w.x, ones({1}, kFloat64)); }},
            {"prelu of other channels", Kind::shape, {"prelu", "(3)", "(4)"}, [](World& w) { prelu(w.x, ones({3})); }},
            {"prelu with a matrix", Kind::shape, {"prelu", "(1, 1)"}, [](World& w) { prelu(w.x, ones({1, 1})); }},
            {"hardtanh upside down", Kind::other, {"hardtanh", "min_val"}, [](World& w) { hardtanh(w.x, 1, -1); }},
            {"hardtanh of masks", Kind::type, {"hardtanh", "bool"}, [](World& w) { hardtanh(w.mask); }},
            {"hardtanh of uint8 below 0",
             Kind::type,
             {"clamp", "uint8"},
             [](World& w) { hardtanh(w.whole.to(kUInt8), -3, -2); }},
            {"softshrink outwards", Kind::other, {"softshrink", "-0.5"}, [](World& w) { softshrink(w.x, -0.5); }},
            {"threshold of masks", Kind::type, {"threshold", "bool"}, [](World& w) { threshold(w.mask, 0, 1); }},
            {"rrelu upside down", Kind::other, {"rrelu", "0.5"}, [](World& w) { rrelu(w.x, 0.5, 0.1, true); }},
            {"group_norm without channels",
             Kind::shape,
             {"group_norm", "(5)"},
             [](World& w) { group_norm(w.five, 1); }},
            {"group_norm in groups that do not divide",
             Kind::shape,
             {"group_norm", "4", "3"},
             [](World& w) { group_norm(w.x, 3); }},
            {"group_norm of one value",
             Kind::shape,
             {"group_norm", "more than one"},
             [](World&) { group_norm(ones({1, 4}), 4); }},
            {"group_norm with another weight",
             Kind::shape,
             {"group_norm", "weight", "(5)"},
             [](World& w) { group_norm(w.x, 2, w.five); }},
            {"instance_norm of one value",
             Kind::shape,
             {"instance_norm", "more than one"},
             [](World& w) { instance_norm(w.x); }},
            {"instance_norm with half of the statistics",
             Kind::type,
             {"instance_norm", "together"},
             [](World& w) { instance_norm(w.image, w.mean); }},
            {"instance_norm with another weight",
             Kind::shape,
             {"instance_norm", "weight", "(5)"},
             [](World& w) { instance_norm(w.image, {}, {}, w.five); }},
            {"rms_norm over other sizes",
             Kind::shape,
             {"rms_norm", "(3, 4)", "(3)"},
             [](World& w) { rms_norm(w.x, {3}); }},
            {"rms_norm of integers", Kind::type, {"rms_norm", "int64"}, [](World& w) { rms_norm(w.whole, {4}); }},
            {"rms_norm with another weight",
             Kind::shape,
             {"rms_norm", "weight", "(5)"},
             [](World& w) { rms_norm(w.x, {4}, w.five); }},
            {"local_response_norm of a matrix",
             Kind::shape,
             {"local_response_norm", "(3, 4)"},
             [](World& w) { local_response_norm(w.x, 2); }},
            {"local_response_norm of no channel",
             Kind::shape,
             {"local_response_norm", "at least 1"},
             [](World& w) { local_response_norm(w.image, 0); }},
            {"normalize of integers", Kind::type, {"normalize", "int64"}, [](World& w) { normalize(w.whole); }},
            {"normalize over no dimension", Kind::shape, {"5"}, [](World& w) { normalize(w.x, 2, 5); }},
            {"cosine_similarity of integers",
             Kind::type,
             {"cosine_similarity", "int64"},
             [](World& w) { cosine_similarity(w.whole, w.whole); }},
            {"cosine_similarity of other shapes",
             Kind::shape,
             {"(5)"},
             [](World& w) { cosine_similarity(w.x, w.five); }},
            {"hinge_embedding_loss of other shapes",
             Kind::shape,
             {"hinge_embedding_loss", "(3, 4)", "(5)"},
             [](World& w) { hinge_embedding_loss(w.x, w.five); }},
            {"hinge_embedding_loss of integers",
             Kind::type,
             {"hinge_embedding_loss", "int64"},
             [](World& w) { hinge_embedding_loss(w.whole, w.y); }},
            {"cosine_embedding_loss of other shapes",
             Kind::shape,
             {"cosine_embedding_loss", "(3, 4)", "(5)"},
             [](World& w) { cosine_embedding_loss(w.x, w.y, w.five); }},
            {"margin_ranking_loss that would broadcast",
             Kind::shape,
             {"margin_ranking_loss", "(4)", "(3, 4)"},
             [](World& w) { margin_ranking_loss(w.x, w.w, w.y); }},
            {"triplet_margin_loss that would broadcast",
             Kind::shape,
             {"triplet_margin_loss", "(4)"},
             [](World& w) { triplet_margin_loss(w.x, w.y, w.w); }},
            {"triplet_margin_loss without a margin",
             Kind::other,
             {"triplet_margin_loss", "> 0"},
             [](World& w) { triplet_margin_loss(w.x, w.y, w.x, {.margin = 0}); }},
            {"triplet_margin_loss of numbers",
             Kind::shape,
             {"triplet_margin_loss", "0-d"},
             [](World& w) { triplet_margin_loss(w.scalar, w.scalar, w.scalar); }},
            {"soft_margin_loss of other shapes",
             Kind::shape,
             {"soft_margin_loss", "(5, 1)", "(5)"},
             [](World& w) { soft_margin_loss(w.column, w.five); }},
            {"soft_margin_loss with a reduction that it has not",
             Kind::other,
             {"soft_margin_loss", "batch_mean"},
             [](World& w) { soft_margin_loss(w.x, w.y, {.reduction = Reduction::batch_mean}); }},
            {"multi_margin_loss of a class that is none",
             Kind::shape,
             {"multi_margin_loss", "target 4", "4 classes"},
             [](World& w) { multi_margin_loss(w.x, w.bad_target); }},
            {"multi_margin_loss cubed",
             Kind::other,
             {"multi_margin_loss", "1 or 2"},
             [](World& w) { multi_margin_loss(w.x, w.target, {.p = 3}); }},
            {"multi_margin_loss with another weight",
             Kind::shape,
             {"multi_margin_loss", "(5)"},
             [](World& w) { multi_margin_loss(w.x, w.target, {.weight = w.five}); }},
            {"multi_margin_loss of images",
             Kind::shape,
             {"multi_margin_loss", "(2, 4, 5, 5)"},
             [](World& w) { multi_margin_loss(w.image, w.target); }},
            {"multilabel_margin_loss of real labels",
             Kind::type,
             {"multilabel_margin_loss", "float32"},
             [](World& w) { multilabel_margin_loss(w.x, w.y); }},
            {"multilabel_margin_loss of a class that is none",
             Kind::shape,
             {"multilabel_margin_loss", "4 classes"},
             [](World& w) { multilabel_margin_loss(w.x, w.whole); }},
            {"multilabel_soft_margin_loss with another weight",
             Kind::shape,
             {"multilabel_soft_margin_loss", "(5)"},
             [](World& w) { multilabel_soft_margin_loss(w.x, w.y, {.weight = w.five}); }},
            {"poisson_nll_loss of other shapes",
             Kind::shape,
             {"poisson_nll_loss", "(5, 1)"},
             [](World& w) { poisson_nll_loss(w.column, w.five); }},
            {"gaussian_nll_loss of another variance",
             Kind::shape,
             {"gaussian_nll_loss", "(5)"},
             [](World& w) { gaussian_nll_loss(w.x, w.y, w.five); }},
            {"gaussian_nll_loss of a negative variance",
             Kind::other,
             {"gaussian_nll_loss", "negative"},
             [](World& w) { gaussian_nll_loss(w.x, w.y, -1); }},
            {"dropout1d of a vector", Kind::shape, {"dropout1d", "(5)"}, [](World& w) { dropout1d(w.five); }},
            {"dropout2d of a matrix", Kind::shape, {"dropout2d", "(3, 4)"}, [](World& w) { dropout2d(w.x); }},
            {"feature_alpha_dropout of a vector",
             Kind::shape,
             {"feature_alpha_dropout", "(5)"},
             [](World& w) { feature_alpha_dropout(w.five, 0.5, true); }},
            {"alpha_dropout beyond certainty",
             Kind::other,
             {"alpha_dropout", "1.5"},
             [](World& w) { alpha_dropout(w.x, 1.5); }},
            {"attention of heads that do not divide",
             Kind::shape,
             {"scaled_dot_product_attention", "heads"},
             [](World&) {
               scaled_dot_product_attention(ones({4, 2, 2}), ones({3, 2, 2}), ones({3, 2, 2}), {.enable_gqa = true});
             }},
};

bool is_kind(const Error& e, Kind kind) {
  const bool shape = dynamic_cast<const ShapeError*>(&e), type = dynamic_cast<const TypeError*>(&e);
  const bool grad = dynamic_cast<const GradError*>(&e);
  switch (kind) {
    case Kind::shape: return shape;
    case Kind::type: return type;
    case Kind::grad: return grad;
    case Kind::other: return !shape && !type && !grad;
  }
  return false;
}

}  // namespace

TEST_CASE("misuse: indexing, reductions, losses and layers say what is wrong, and change nothing") {
  for (const Misuse& m : kMisuses) {
    const std::string name = m.name;
    CAPTURE(name);
    World w;
    std::vector<Tensor> before;
    std::vector<std::uint32_t> versions;
    for (const Tensor& t : w.all()) {
      before.push_back(t.detach().clone());
      versions.push_back(t.version());
    }
    const Tensor generator = default_generator().state();
    try {
      m.run(w);
      FAIL_CHECK("nothing was thrown");
    } catch (const Error& e) {
      const std::string message = e.what();
      CAPTURE(message);
      CHECK(is_kind(e, m.kind));
      for (const std::string word : m.words) {
        CAPTURE(word);
        CHECK(message.find(word) != std::string::npos);
      }
    }
    const std::vector<Tensor> after = w.all();
    for (std::size_t i = 0; i < after.size(); ++i) {
      CHECK(equal(before[i], after[i].detach()));
      CHECK(after[i].version() == versions[i]);
    }
    CHECK(equal(generator, default_generator().state()));
  }
  MESSAGE(kMisuses.size(), " cases");
}

}  // namespace harker

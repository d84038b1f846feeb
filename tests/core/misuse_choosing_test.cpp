// Misuse of what joins, chooses, arranges and reduces (misuse_table.h).
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
         image = ones({2, 4, 5, 5});
  Tensor index = tensor({0, 2}, kInt64), far = tensor({0, 3}, kInt64), negative = tensor({0, -1}, kInt64);
  Tensor reals = tensor({0., 1.}), leaf = ones({4}, {.requires_grad = true}), twofold = zeros({1}).expand({4});

  std::vector<Tensor> all() const {
    return {x,     y,     column, five,     w,     whole, mask,    scalar,
            image, index, far,    negative, reals, leaf,  twofold, default_generator().state()};
  }
};

const std::vector<test::Misuse<Given>> kMisuses = {
    // --- Joining and choosing.
    MISUSE(shape, cat({}), "cat", "at least one"),
    MISUSE(shape, cat({g.x, g.five}), "cat", "(3, 4)", "(5)", "tensor 1"),
    MISUSE(type, cat({g.whole.to(DType::uint16), g.whole}), "cat", "uint16", "int64", ".to()"),
    MISUSE(shape, cat({g.scalar, g.scalar}), "cat", "0-d", "stack"),
    MISUSE(shape, cat({g.x, g.y}, 2), "cat", "out of range", "2"),
    MISUSE(shape, stack({g.x, g.column}), "stack", "(3, 4)", "(5, 1)"),
    MISUSE(shape, stack({}), "stack"),
    MISUSE(shape, split(g.x, 0), "split", "parts of 0"),
    MISUSE(shape, split(g.x, Shape{1, 1}), "split", "(1, 1)", "(3, 4)"),
    MISUSE(shape, chunk(g.x, 0), "chunk", "at least 1"),
    MISUSE(shape, flip(g.x, {0, -2}), "flip", "multiple times"),
    MISUSE(shape, gather(g.x, 0, g.far.unsqueeze(1)), "gather", "index 3", "dimension 0", "size 3"),
    MISUSE(shape, gather(g.x, 1, g.negative.unsqueeze(1)), "gather", "index -1"),
    MISUSE(type, gather(g.x, 1, g.reals.unsqueeze(1)), "gather", "int64", "float32", ".to(kInt64)"),
    MISUSE(shape, gather(g.x, 0, g.index), "gather", "(2)", "(3, 4)"),
    MISUSE(shape, gather(g.x, 0, zeros({2, 9}, kInt64)), "gather", "(2, 9)"),
    MISUSE(type, scatter_add(g.x, 0, zeros({3, 4}, kInt64), g.whole), "scatter_add", "float32", "int64"),
    MISUSE(shape, scatter_add(g.x, 0, zeros({3, 4}, kInt64), ones({2, 4})), "scatter_add", "source"),
    MISUSE(shape, scatter_add(g.x, 0, g.whole.flip({0}), g.y), "scatter_add", "index 8", "size 3"),
    MISUSE(shape, index_select(g.x, 0, g.far), "index_select", "index 3", "dimension 0", "size 3"),
    MISUSE(shape, index_select(g.x, 0, g.whole), "index_select", "one dimension", "flatten()"),
    MISUSE(type, index_select(g.x, 0, g.mask), "index_select", "bool", "mask"),
    MISUSE(shape, index_add(g.x, 0, g.index, g.y), "index_add", "(3, 4)", "(2, 4)"),
    MISUSE(shape, g.x[g.far], "index", "index 3", "size 3"),
    MISUSE(type, g.x.index({Slice(), g.reals}), "index", "float32", "int64"),
    MISUSE(shape, g.x.index({Slice(), tensor({4})}), "index", "index 4", "dimension 1", "size 4"),
    MISUSE(shape, g.x.index({0, Slice(), 0}), "index", "3 indices", "(3, 4)"),
    MISUSE(shape, g.x.index({g.index, tensor({0, 1, 2})}), "index", "(2)", "(3)", "broadcast"),
    MISUSE(shape, g.x.index({"...", Ellipsis}), "index", "one ellipsis"),
    MISUSE(type, g.x.index({":"}), "index", "...", ":"),
    MISUSE(shape, g.x.index({Slice(), g.mask}), "index", "(3)", "dimension 1", "(3, 4)"),
    MISUSE(shape, g.x.index({Slice(None, None, -1)}), "slice", "step", "greater than zero"),
    MISUSE(shape, g.x.index_put_({g.index}, g.five), "index_put_", "(5)", "(2, 4)"),
    MISUSE(shape, g.twofold.index_put_({g.index}, 1), "index_put_", "stride 0"),
    MISUSE(grad, g.leaf.index_put_({g.index}, 1), "index_put_", "leaf"),
    MISUSE(type, scatter(g.x, 0, tensor({{0}}), g.whole), "scatter", "float32", "int64", ".to()"),
    MISUSE(shape, g.x.scatter_(0, tensor({{3}}), g.y), "scatter", "index 3", "dimension 0", "size 3"),
    MISUSE(type, scatter_reduce(g.x, 0, tensor({{0}}), g.y, "median"), "scatter_reduce", "amax", "median"),
    MISUSE(shape, masked_scatter(g.x, g.x.ge(0), g.five), "masked_scatter", "12 places", "(5)"),
    MISUSE(shape, pad(g.x, {4, 0}, "reflect"), "pad", "(4, 0)", "size 4", "(3, 4)"),
    MISUSE(shape, pad(g.x, {1}), "pad", "pairs", "(1)"),
    MISUSE(shape, pad(g.x, {-2, 3}, "circular"), "pad", "(-2, 3)", "size 4"),
    MISUSE(shape, g.scalar.expand({std::int64_t{1} << 40}).unfold(0, std::int64_t{1} << 39, 1), "unfold", "counted"),
    MISUSE(shape, col2im(g.x, {4, 4}, {std::int64_t{1} << 32, std::int64_t{1} << 32}), "col2im", "kernels"),
    MISUSE(type, g.whole.sub_(g.whole, 0.5), "sub: alpha", "0.5"),
    MISUSE(shape, g.x.repeat({INT64_MAX, 1}), "repeat", "counted"),
    MISUSE(shape, g.x.unfold(1, 5, 1), "unfold", "5", "size 4"),
    MISUSE(shape, im2col(g.image, {-1, 1}), "im2col", "kernel"),
    MISUSE(shape, median(g.x.slice(0, 0, 0), 0), "median", "(0, 4)"),
    MISUSE(type, quantile(g.whole, 0.5), "quantile", "int64"),
    MISUSE(shape, bincount(g.negative), "bincount", "-1"),
    MISUSE(shape, bincount(full({1}, INT64_MAX, kInt64)), "bincount", "9223372036854775807"),
    MISUSE(type, unique(g.x.to(DType::complex64)), "complex64"),
    MISUSE(shape, g.scalar[g.index], "index", "0-d"),
    MISUSE(shape, embedding(g.far, g.x), "embedding", "index 3", "size 3"),
    MISUSE(shape, embedding(g.index, g.w), "embedding", "matrix", "(4)"),
    MISUSE(shape, embedding(g.index, g.x, {.padding_idx = 7}), "embedding", "padding_idx 7", "3 rows"),
    MISUSE(shape, one_hot(g.index, 2), "one_hot", "index 2", "size 2"),
    MISUSE(shape, one_hot(g.negative), "one_hot", "index -1"),
    MISUSE(type, one_hot(g.reals), "one_hot", "float32"),
    // --- Reductions.
    MISUSE(shape, max(zeros({0, 3})), "max", "no elements"),
    MISUSE(shape, max(zeros({0, 3}), 0), "max", "no elements"),
    MISUSE(shape, max(g.x, 2), "max", "out of range"),
    MISUSE(shape, argmax(zeros({0})), "argmax", "no elements"),
    MISUSE(type, max(zeros({2}, DType::complex64)), "max", "complex64"),
    MISUSE(shape, topk(g.x, 5), "topk", "k is 5", "4 elements"),
    MISUSE(type, mean(g.whole), "mean", "int64", ".to(kFloat32)"),
    MISUSE(type, mean(g.whole, 0), "mean", "int64"),
    MISUSE(shape, sum(g.x, {0, -2}), "sum", "multiple times"),
    MISUSE(type, softmax(g.whole, 0), "softmax", "int64"),
    MISUSE(shape, softmax(g.x, -3), "softmax", "-3"),
    MISUSE(type, var(g.whole), "var", "int64"),
    MISUSE(type, norm(g.whole), "norm", "int64"),
    MISUSE(plain, norm(g.x, NAN), "norm"),
};

}  // namespace

TEST_CASE("misuse: joining, choosing and reductions say what is wrong, and change nothing") {
  test::check_misuses(kMisuses);
}

}  // namespace harker

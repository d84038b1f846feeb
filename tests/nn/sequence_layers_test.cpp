// Convolutions of sequences, transposes, pools, resampling and embedding bags as modules, beyond layers_test.cpp: output
// sizes, places of maxima, offsets of bags, rows that are shortened, and what cannot be made.
#include <doctest/doctest.h>
#include <harker/core/grad_mode.h>
#include <harker/core/ops/ops.h>
#include <harker/core/random.h>
#include <harker/nn/nn.h>
#include <test_tensor.h>

using namespace harker;
using namespace harker::test;

TEST_CASE("sequence layers: a transposed convolution gives the size it is asked for, if it can") {
  const nn::ConvTranspose2d up(2, 3, 3, {.stride = {2, 3}, .padding = 1});
  const Tensor x = randn({1, 2, 4, 4});
  CHECK(up(x).shape() == Shape{1, 3, 7, 10});
  CHECK(up(x, {8, 12}).shape() == Shape{1, 3, 8, 12});
  CHECK(up(x, {1, 3, 7, 11}).shape() == Shape{1, 3, 7, 11});
  CHECK(up(x[0], {8, 10}).shape() == Shape{3, 8, 10});
  CHECK(allclose(up(x, {8, 12}).narrow(2, 0, 7).narrow(3, 0, 10), up(x)));
  CHECK(has(words<ShapeError>([&] { up(x, {9, 10}); }), "from 7 to 8, not 9"));
  CHECK(has(words<ShapeError>([&] { up(x, {8}); }), "output_size has 1 sizes"));
  const nn::ConvTranspose1d line(2, 3, 4, {.stride = 2});
  CHECK(line(randn({2, 5}), {13}).shape() == Shape{3, 13});
  CHECK(has(words<ShapeError>([&] { line(randn({2, 5}), {11}); }), "from 12 to 13"));
}

TEST_CASE("sequence layers: padding that is no zeros must fit, and \"same\" keeps the size") {
  const Tensor x = randn({1, 2, 5, 6});
  for (const char* mode : {"zeros", "reflect", "replicate", "circular"})
    for (const Pair kernel : {Pair(3), Pair(2, 4), Pair(1, 5)})
      CHECK(nn::Conv2d(2, 3, kernel, {.padding = "same", .dilation = {2, 1}, .padding_mode = mode})(x).shape() ==
            Shape{1, 3, 5, 6});
  const nn::Conv1d far(2, 3, 3, {.padding = 5, .padding_mode = "reflect"});
  CHECK(has(words<ShapeError>([&] { far(randn({2, 5})); }), "padding of (5, 5) does not fit a dimension of size 5"));
  CHECK(far(randn({2, 6})).shape() == Shape{3, 14});
  const nn::Conv1d round(2, 3, 3, {.padding = 5, .padding_mode = "circular"});
  CHECK(round(randn({2, 5})).shape() == Shape{3, 13});
  CHECK(has(words<ShapeError>([&] { round(randn({2, 4})); }), "padding of (5, 5) does not fit a dimension of size 4"));
  CHECK(has(words<ShapeError>([&] { round(randn({4})); }), "conv1d"));
  CHECK(has(words<Error>([] { nn::Conv2d(2, 3, 3, {.padding_mode = "wrap"}); }), "'wrap'"));
  CHECK(has(words<Error>([] { nn::Conv2d(2, 3, 3, {.padding = "full"}); }), "'full'"));
  CHECK(has(words<ShapeError>([] { nn::Conv1d(2, 3, 3, {.stride = 2, .padding = "same"}); }), "Conv1d"));
  CHECK(has(words<ShapeError>([] { nn::ConvTranspose1d(3, 4, 3, {.groups = 2}); }), "ConvTranspose1d: 2 groups"));
  CHECK(has(words<ShapeError>([] { nn::Conv1d(2, 3, 0); }), "kernel"));
}

TEST_CASE("sequence layers: a pool's places lead back") {
  const Tensor x = rand({1, 2, 6, 6});
  const nn::MaxPool2d pool(3);
  const ValuesAndIndices z = pool.forward_with_indices(x);
  CHECK(equal(z.values, pool(x)));
  CHECK(equal(pool(nn::MaxUnpool2d(3)(z.values, z.indices)), z.values));
  CHECK(equal(nn::MaxPool1d(2).forward_with_indices(x[0]).values, nn::MaxPool1d(2)(x[0])));
  CHECK(equal(nn::AdaptiveMaxPool2d({4, 5}).forward_with_indices(x).values, nn::AdaptiveMaxPool2d({4, 5})(x)));
  CHECK(equal(nn::AdaptiveMaxPool1d(4).forward_with_indices(x[0]).values, nn::AdaptiveMaxPool1d(4)(x[0])));
}

TEST_CASE("sequence layers: bags by offsets are those of a matrix; a bag of nothing is 0") {
  manual_seed(4);
  const Tensor index = tensor({{1, 2, 3}, {4, 0, 1}}), list = index.flatten(), offsets = tensor({0, 3});
  for (const char* mode : {"sum", "mean", "max"}) {
    const nn::EmbeddingBag bag(6, 4, {.mode = mode});
    CHECK(allclose(bag(index), bag(list, offsets), 1e-6, 1e-7));
    CHECK(equal(bag(list, tensor({0, 0, 6}))[0].detach(), zeros({4})));
    CHECK(equal(bag(list, tensor({0, 0, 6}))[2].detach(), zeros({4})));
    const nn::EmbeddingBag last =
        nn::EmbeddingBag::from_pretrained(bag.weight, true, {.mode = mode, .include_last_offset = true});
    CHECK(equal(last(list, tensor({0, 3, 6})), bag(list, offsets).detach()));
    CHECK(!last.weight.requires_grad());
  }
  const nn::EmbeddingBag bag(6, 4, {.mode = "sum", .padding_idx = 2});
  CHECK(equal(bag.weight[2].detach(), zeros({4})));
  const Tensor by = rand({2, 3});
  CHECK(allclose(bag(index, {}, by), sum(embedding(index, bag.weight) * by.unsqueeze(2), 1), 1e-5, 1e-6));
  CHECK(has(words<Error>([] { nn::EmbeddingBag(6, 4, {.mode = "median"}); }), "'median'"));
  CHECK(has(words<ShapeError>([] { nn::EmbeddingBag(6, 4, {.padding_idx = 6}); }), "padding_idx is 6"));
  CHECK(has(words<ShapeError>([] { nn::EmbeddingBag(-1, 4); }), "EmbeddingBag"));
}

TEST_CASE("sequence layers: rows that are longer than max_norm are shortened where they lie, and no others") {
  nn::Embedding words_(3, 2, {.max_norm = 1});
  {
    NoGradGuard off;
    words_.weight.copy_(tensor({{3., 4.}, {0.3, 0.4}, {6., 8.}}));
  }
  sum(words_(tensor({0, 1, 0}))).backward();
  CHECK(allclose(words_.weight.detach(), tensor({{0.6, 0.8}, {0.3, 0.4}, {6., 8.}}), 1e-6, 1e-6));
  CHECK(equal(words_.weight.grad(), tensor({{2., 2.}, {1., 1.}, {0., 0.}})));
}

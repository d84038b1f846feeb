// Convolutions and pools of sequences, adaptive pools, resampling and embedding bags beyond the rows of gradients and of
// layers: places of maxima, infinities, other dtypes, no images. What is refused: misuse_layers_test.cpp.
#include <doctest/doctest.h>
#include <harker/core/ops/ops.h>
#include <harker/core/random.h>
#include <test_tensor.h>

using namespace harker;
using namespace harker::test;

TEST_CASE("sequences: places of maxima are torch's") {
  // torch.manual_seed(0); F.adaptive_max_pool2d_with_indices(torch.randn(1, 1, 5, 4), (3, 3)), and the same in 1-d
  manual_seed(0);
  const Tensor image = randn({1, 1, 5, 4});
  const ValuesAndIndices z = adaptive_max_pool2d_with_indices(image, 3);
  CHECK(equal(z.values.flatten(), image.flatten()[z.indices.flatten()]));
  CHECK(values(z.indices) == Numbers{4, 2, 7, 13, 13, 7, 13, 18, 18});
  const Tensor line = image.reshape({2, 10});
  CHECK(values(adaptive_max_pool1d_with_indices(line, 4).indices) == Numbers{2, 4, 7, 7, 0, 3, 7, 8});
  CHECK(values(max_pool1d_with_indices(line, 3, {.stride = 2, .padding = 1}).indices) ==
        Numbers{0, 2, 4, 7, 7, 0, 3, 3, 7, 8});
  const Tensor equal_ones = ones({1, 5, 4});  // the first among equals
  CHECK(values(adaptive_max_pool2d_with_indices(equal_ones, {2, 3}).indices) == Numbers{0, 1, 2, 8, 9, 10});
}

TEST_CASE("sequences: an element touches no window but its own, even an infinity or NaN") {
  Tensor x = ones({1, 7});
  x[0][3] = INFINITY;
  const std::vector<double> z = values(adaptive_avg_pool1d(x, 5));  // windows 0-1, 1-2, 2-4, 4-5, 5-6
  CHECK(z == Numbers{1, 1, INFINITY, 1, 1});
  x[0][3] = NAN;
  const Tensor up = interpolate(x.unsqueeze(0), {.size = 14, .mode = "linear"});
  CHECK(sum(isnan(up)).item() == 4);
  Tensor rows = ones({3, 2});
  rows[1].fill_(NAN);
  CHECK(equal(embedding_bag(tensor({{0, 2}, {2, 1}}), rows, {.padding_idx = 1}), ones({2, 2})));
}

TEST_CASE("sequences: a neighbour's place is rounded to float, in float64, too") {
  // F.interpolate(torch.arange(7.).double()[None, None], scale_factor=3.7, mode='nearest-exact')
  const Tensor x = arange(0, 7, 1, kFloat64).reshape({1, 1, 7});
  CHECK(values(interpolate(x, {.scale_factor = 3.7, .mode = "nearest-exact"})) ==
        Numbers{0, 0, 0, 0, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 5, 5, 5, 5, 6, 6, 6});
}

TEST_CASE("sequences: what fits into max_unpool2d comes out of max_pool2d again") {
  manual_seed(1);
  const Tensor x = rand({2, 3, 6, 8}) + 1.0;
  const ValuesAndIndices pooled = max_pool2d_with_indices(x, 2);
  const Tensor back = max_unpool2d(pooled.values, pooled.indices, 2);
  CHECK(equal(max_pool2d(back, 2), pooled.values));
  CHECK(sum(ne(back, 0)).item() == 2 * 3 * 12);
  CHECK(max_unpool2d(pooled.values, pooled.indices, 2, {.output_size = {7, 8}}).shape() == Shape{2, 3, 7, 8});
  // Two for one place: the last stays, and is not added to the first.
  CHECK(values(max_unpool2d(tensor({{{1., 2.}}}), zeros({1, 1, 2}, kInt64), {1, 2})) == Numbers{2, 0, 0, 0});
}

TEST_CASE("sequences: dtypes, no images, no bags") {
  const Tensor whole = arange(12).reshape({1, 2, 6});
  CHECK(values(max_pool1d(whole, 3)) == Numbers{2, 5, 8, 11});
  CHECK(interpolate(whole.to(kUInt8), {.scale_factor = 2}).dtype() == kUInt8);
  for (const DType half : {kFloat16, kBFloat16}) {
    const Tensor x = randn({1, 2, 5}).to(half), wide = x.to(kFloat32);
    CHECK(equal(adaptive_avg_pool1d(x, 3), adaptive_avg_pool1d(wide, 3).to(half)));
    CHECK(equal(interpolate(x, {.size = 7, .mode = "linear"}),
                interpolate(wide, {.size = 7, .mode = "linear"}).to(half)));
    const Tensor w = randn({3, 2, 2}).to(half), rows = randn({4, 3}).to(half);
    CHECK(equal(conv1d(x, w), conv1d(wide, w.to(kFloat32)).to(half)));
    CHECK(equal(embedding_bag(tensor({{1, 2}}), rows), embedding_bag(tensor({{1, 2}}), rows.to(kFloat32)).to(half)));
  }
  CHECK(conv1d(zeros({0, 2, 5}), zeros({3, 2, 2})).shape() == Shape{0, 3, 4});
  CHECK(conv_transpose1d(zeros({0, 2, 5}), zeros({2, 3, 2})).shape() == Shape{0, 3, 6});
  CHECK(adaptive_max_pool2d(zeros({0, 2, 5, 5}), 3).shape() == Shape{0, 2, 3, 3});
  CHECK(adaptive_avg_pool2d(zeros({2, 5, 5}), {0, 2}).shape() == Shape{2, 0, 2});
  CHECK(adaptive_max_pool2d(zeros({2, 5, 5}), {0, 2}).shape() == Shape{2, 0, 2});
  CHECK(interpolate(zeros({0, 2, 5}), {.size = 3}).shape() == Shape{0, 2, 3});
  CHECK(max_unpool2d(zeros({0, 2, 2, 2}), zeros({0, 2, 2, 2}, kInt64), 2).shape() == Shape{0, 2, 4, 4});
  CHECK(pixel_shuffle(zeros({0, 4, 2, 2}), 2).shape() == Shape{0, 1, 4, 4});
  CHECK(pixel_shuffle(zeros({2, 0, 2, 3}), 2).shape() == Shape{2, 0, 4, 6});
  CHECK(pixel_unshuffle(zeros({2, 3, 0, 4}), 2).shape() == Shape{2, 12, 0, 2});
  const Tensor none = zeros({0}, kInt64);
  for (const char* mode : {"sum", "mean", "max"}) {
    CHECK(embedding_bag(none, ones({3, 2}), {.offsets = none, .mode = mode}).shape() == Shape{0, 2});
    CHECK(equal(embedding_bag(none, ones({3, 2}), {.offsets = tensor({0, 0}), .mode = mode}), zeros({2, 2})));
    CHECK(equal(embedding_bag(zeros({2, 0}, kInt64), ones({3, 2}), {.mode = mode}), zeros({2, 2})));
  }
}

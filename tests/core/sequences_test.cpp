// Convolutions and pools of sequences, adaptive pools, resampling and embedding bags beyond the rows of gradients and of
// layers: places of maxima, infinities, other dtypes, no images, and what is refused, in words that name it.
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
  const Tensor none = zeros({0}, kInt64);
  for (const char* mode : {"sum", "mean", "max"}) {
    CHECK(embedding_bag(none, ones({3, 2}), {.offsets = none, .mode = mode}).shape() == Shape{0, 2});
    CHECK(equal(embedding_bag(none, ones({3, 2}), {.offsets = tensor({0, 0}), .mode = mode}), zeros({2, 2})));
    CHECK(equal(embedding_bag(zeros({2, 0}, kInt64), ones({3, 2}), {.mode = mode}), zeros({2, 2})));
  }
}

TEST_CASE("sequences: what makes no sense is refused, in words that name it") {
  const Tensor image = ones({2, 4, 5, 5}), kernel = ones({6, 4, 3, 3}), x = ones({3, 4}), line = ones({2, 5});
  const Tensor index = ones({2, 2}, kInt64), list = ones({3}, kInt64), planes = ones({1, 2, 2});
  const auto shape = [](const auto& f, const char* a, const char* b) {
    const std::string text = words<ShapeError>(f);
    return has(text, a) && has(text, b) ? std::string() : text;
  };
  const auto other = [](const auto& f, const char* a) {
    const std::string text = words<Error>(f);
    return has(text, a) ? std::string() : text;
  };
  CHECK(other([&] { conv2d(image, kernel, {}, {.padding = "most"}); }, "\"same\" or \"valid\", not 'most'") == "");
  CHECK(shape([&] { conv2d(image, kernel, {}, {.stride = 2, .padding = "same"}); }, "conv2d", "(2, 2)") == "");
  CHECK(shape([&] { conv1d(image, kernel); }, "conv1d", "length") == "");
  CHECK(shape([&] { conv1d(line, ones({3, 2, 2}), {}, {.stride = {2, 1}}); }, "conv1d", "(2, 1)") == "");
  CHECK(shape([&] { conv1d(line, ones({3, 3, 2})); }, "conv1d", "3 channels") == "");
  CHECK(shape([&] { conv1d(line, ones({3, 2, 6})); }, "conv1d", "does not fit") == "");
  CHECK(shape([&] { conv_transpose1d(line, ones({2, 3, 2, 2})); }, "conv_transpose1d", "3 dimensions") == "");
  CHECK(shape([&] { max_pool1d(line, 6); }, "max_pool1d", "does not fit") == "");
  CHECK(shape([&] { max_pool1d(line, 0); }, "max_pool1d", "kernel") == "");
  CHECK(shape([] { avg_pool1d(ones({}), 2); }, "avg_pool1d", "length") == "");
  CHECK(shape([&] { avg_pool1d(line, 2, {.padding = 2}); }, "avg_pool1d", "half") == "");
  CHECK(shape([&] { max_unpool2d(planes, full({1, 2, 2}, 16, kInt64), 2); }, "max_unpool2d", "16") == "");
  CHECK(shape([&] { max_unpool2d(planes, zeros({1, 2}, kInt64), 2); }, "max_unpool2d", "(1, 2)") == "");
  CHECK(shape(
            [&] {
              max_unpool2d(planes, zeros({1, 2, 2}, kInt64), 2, {.output_size = 7});
            },
            "output_size 7", "4") == "");
  CHECK(shape([&] { adaptive_avg_pool2d(image, -2); }, "adaptive_avg_pool2d", "-2") == "");
  CHECK(shape([] { adaptive_max_pool2d(ones({2, 0, 3}), 2); }, "adaptive_max_pool2d", "no elements") == "");
  CHECK(has(words<TypeError>([] { adaptive_avg_pool1d(ones({2, 5}, kInt64), 2); }), "int64"));
  CHECK(shape([&] { interpolate(image, {}); }, "interpolate", "one of them") == "");
  CHECK(shape([&] { interpolate(image, {.size = 2, .scale_factor = 2}); }, "interpolate", "one of them") == "");
  CHECK(shape([&] { interpolate(x, {.size = 2}); }, "interpolate", "(3, 4)") == "");
  CHECK(shape([&] { interpolate(planes, {.size = 2, .mode = "bilinear"}); }, "interpolate", "bilinear") == "");
  CHECK(shape([&] { interpolate(image, {.scale_factor = 0.1}); }, "interpolate", "0.1") == "");
  CHECK(shape([&] { interpolate(image, {.scale_factor = NAN}); }, "interpolate", "nan") == "");
  CHECK(shape([&] { interpolate(image, {.scale_factor = 1e300}); }, "interpolate", "1e+300") == "");
  CHECK(shape([&] { interpolate(image, {.size = {-1, 2}}); }, "interpolate", "-1") == "");
  CHECK(other([&] { interpolate(image, {.size = 2, .align_corners = true}); }, "align_corners") == "");
  CHECK(other([&] { interpolate(image, {.size = 2, .recompute_scale_factor = true}); }, "scale_factor") == "");
  CHECK(has(words<TypeError>([&] { interpolate(image.to(kInt64), {.size = 2, .mode = "bilinear"}); }), "int64"));
  CHECK(shape([&] { pixel_shuffle(image, 3); }, "pixel_shuffle", "3 x 3") == "");
  CHECK(shape([&] { pixel_unshuffle(image, 0); }, "pixel_unshuffle", "0") == "");
  CHECK(shape([&] { embedding_bag(list, x); }, "embedding_bag", "offsets") == "");
  CHECK(shape([&] { embedding_bag(index, x, {.offsets = list}); }, "embedding_bag", "offsets") == "");
  CHECK(shape([&] { embedding_bag(list, x, {.offsets = tensor({0, 2, 1})}); }, "embedding_bag", "number 2 is 1") == "");
  CHECK(shape([&] { embedding_bag(list, x, {.offsets = tensor({0, 4})}); }, "embedding_bag", "number 1 is 4") == "");
  CHECK(shape([&] { embedding_bag(list, x, {.offsets = tensor({1, 2})}); }, "embedding_bag", "number 0 is 1") == "");
  CHECK(shape([&] { embedding_bag(full({2, 2}, 3, kInt64), x); }, "embedding_bag", "3") == "");
  CHECK(shape([&] { embedding_bag(index, x, {.padding_idx = 3}); }, "embedding_bag", "padding_idx 3") == "");
  CHECK(other([&] { embedding_bag(index, x, {.mode = "median"}); }, "median") == "");
  CHECK(other([&] { embedding_bag(index, x, {.per_sample_weights = ones({2, 2})}); }, "mean") == "");
  CHECK(shape([&] { embedding_bag(index, x, {.mode = "sum", .per_sample_weights = ones({2})}); }, "(2, 2)", "(2)") ==
        "");
  CHECK(other([&] { embedding_bag(index, x, {.mode = "max", .scale_grad_by_freq = true}); }, "max") == "");
}

// Transposed convolutions against torch's numbers; those the other way round are in the fixtures of the operations.
#include <doctest/doctest.h>
#include <test_tensor.h>

#include <harker/core/ops/ops.h>

namespace harker {

using test::Numbers;
using test::values;

TEST_CASE("conv_transpose2d: stride, padding, output_padding and dilation are torch's") {
  const Tensor x = tensor({{{{1, 2, 3}, {4, 5, 6}}}}, kFloat64);
  const Tensor w = tensor({{{{1, 2, -1}, {0, 1, 3}, {2, -2, 1}}}}, kFloat64);
  const Tensor z = conv_transpose2d(x, w, {}, {.stride = 2, .padding = 1, .output_padding = 1});
  CHECK(z.shape() == Shape{1, 1, 4, 6});
  CHECK(values(z) == Numbers{1, 3, 2, 6, 3, 9, 6, 6, 6, 9, 6, -3, 4, 12, 5, 15, 6, 18, -8, 14, -10, 17, -12, 6});
  const Tensor y = conv_transpose2d(x, w, {}, {.stride = {1, 2}, .padding = {1, 0}, .dilation = {2, 1}});
  CHECK(y.shape() == Shape{1, 1, 4, 7});
  CHECK(values(y) ==
        Numbers{4, 8, 1, 10, 1, 12, -6, 0, 1, 3, 2, 6, 3, 9, 0, 4, 12, 5, 15, 6, 18, 2, -2, 5, -4, 8, -6, 3});
}

TEST_CASE("conv_transpose2d: groups, a bias, and padding that differs from output_padding") {
  const Tensor x = tensor({{{{1, 2}, {3, 4}}, {{5, 6}, {7, 8}}}}, kFloat64);
  const Tensor w = tensor({{{{1, 2}, {3, 4}}}, {{{5, 6}, {7, 8}}}}, kFloat64);
  const Tensor z = conv_transpose2d(x, w, tensor({0.5, 1.}, kFloat64),
                                    {.stride = 2, .padding = 1, .output_padding = {1, 0}, .groups = 2});
  CHECK(z.shape() == Shape{1, 2, 3, 2});
  CHECK(values(z) == Numbers{4.5, 6.5, 6.5, 4.5, 12.5, 12.5, 41, 43, 43, 41, 57, 57});
}

}  // namespace harker

// operator<<: torch's own texts. tests/interop/printing.py compares thousands more.
#include <doctest/doctest.h>

#include <harker/core/ops/ops.h>
#include <cmath>
#include <sstream>
#include <string>

namespace harker {
namespace {

std::string text(const Tensor& t) {
  std::ostringstream out;
  out << t;
  return out.str();
}

}  // namespace

TEST_CASE("print: numbers, in one style for a whole tensor") {
  CHECK(text(tensor({0.5, -1.25, 3})) == "tensor([ 0.5000, -1.2500,  3.0000])");
  CHECK(text(tensor({1., 2., -3.})) == "tensor([ 1.,  2., -3.])");
  CHECK(text(tensor({1, 2, -3})) == "tensor([ 1,  2, -3])");
  CHECK(text(scalar_tensor(2)) == "tensor(2.)");
  CHECK(text(tensor({1, NAN, INFINITY})) == "tensor([1., nan, inf])");
  CHECK(text(tensor({1e-5, 1, 2})) == "tensor([1.0000e-05, 1.0000e+00, 2.0000e+00])");
  CHECK(text(tensor({1e9, 1})) == "tensor([1.0000e+09, 1.0000e+00])");
  CHECK(text(tensor({0, -0.0})) == "tensor([0., -0.])");
  CHECK(text(tensor({1, 20}, kInt64)) == "tensor([ 1, 20])");
  CHECK(text(tensor({1, 0}, kBool)) == "tensor([ True, False])");
  CHECK(text(tensor({1, 2}, kUInt8)) == "tensor([1, 2], dtype=torch.uint8)");
  CHECK(text(tensor({0.5}, kFloat16)) == "tensor([0.5000], dtype=torch.float16)");
  CHECK(text(from_vector(std::vector<std::int64_t>{INT64_MIN}, {1})) == "tensor([-9223372036854775808])");
  CHECK(text(zeros({1}, DType::complex64)) == "tensor([0.+0.j])");
}

TEST_CASE("print: shapes, lines and summaries") {
  CHECK(text(arange(4).view({2, 2})) == "tensor([[0, 1],\n        [2, 3]])");
  CHECK(text(zeros({2, 1, 1})) == "tensor([[[0.]],\n\n        [[0.]]])");
  CHECK(text(zeros({0})) == "tensor([])");
  CHECK(text(zeros({0, 3})) == "tensor([], size=(0, 3))");
  CHECK(text(zeros({2, 0}, kInt64)) == "tensor([], size=(2, 0), dtype=torch.int64)");
  CHECK(text(arange(1001)) == "tensor([   0,    1,    2,  ...,  998,  999, 1000])");
  CHECK(text(ones({1001, 7})) ==
        "tensor([[1., 1., 1.,  ..., 1., 1., 1.],\n        [1., 1., 1.,  ..., 1., 1., 1.],\n"
        "        [1., 1., 1.,  ..., 1., 1., 1.],\n        ...,\n        [1., 1., 1.,  ..., 1., 1., 1.],\n"
        "        [1., 1., 1.,  ..., 1., 1., 1.],\n        [1., 1., 1.,  ..., 1., 1., 1.]])");
  CHECK(text(full({13}, 0.5)) ==
        "tensor([0.5000, 0.5000, 0.5000, 0.5000, 0.5000, 0.5000, 0.5000, 0.5000, 0.5000,\n"
        "        0.5000, 0.5000, 0.5000, 0.5000])");
}

TEST_CASE("print: gradients and undefined tensors") {
  CHECK(text(Tensor()) == "tensor(undefined)");
  Tensor x = ones({2}, {.requires_grad = true});
  CHECK(text(x) == "tensor([1., 1.], requires_grad=True)");
  CHECK(text(x * 2) == "tensor([2., 2.], grad_fn=<mul>)");
  CHECK(text(full({9}, 0.5, {.dtype = kFloat64, .requires_grad = true})) ==
        "tensor([0.5000, 0.5000, 0.5000, 0.5000, 0.5000, 0.5000, 0.5000, 0.5000, 0.5000],\n"
        "       dtype=torch.float64, requires_grad=True)");
}

}  // namespace harker

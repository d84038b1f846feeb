// Tensors and views: geometry as PyTorch has it, shared storage, and errors in words.
#include <doctest/doctest.h>
#include <test_tensor.h>

#include <harker/core/ops/ops.h>
#include <sstream>

namespace harker {
namespace {

using test::has;
using test::values;
using test::words;
Tensor counting(const Shape& shape) { return arange(0.0, static_cast<double>(shape.numel())).view(shape); }
}  // namespace

TEST_CASE("tensor: a handle is cheap and copies are the same tensor") {
  Tensor a = ones({2, 3}), b = a;
  CHECK(sizeof(Tensor) == sizeof(void*));
  CHECK(a.is(b));
  b.fill_(2);
  CHECK(values(a) == std::vector<double>(6, 2));
  CHECK(!Tensor().defined());
  CHECK_THROWS_AS(Tensor().shape(), TypeError);
}

TEST_CASE("views: share storage and report torch's strides") {
  Tensor x = counting({2, 3, 4});
  CHECK(x.strides() == Shape{12, 4, 1});
  Tensor t = x.transpose(0, 2);
  CHECK(t.strides() == Shape{1, 4, 12});
  CHECK(!t.is_contiguous());
  CHECK(t.shares_storage(x));
  CHECK(x.slice(1, 1, 3).storage_offset() == 4);
  CHECK(values(x.slice(2, 0, 4, 2).slice(0, 1)) == std::vector<double>{12, 14, 16, 18, 20, 22});
  CHECK(x.select(1, -1).shape() == Shape{2, 4});
  CHECK(x.unsqueeze(-1).strides() == Shape{12, 4, 1, 1});
  CHECK(x.select(0, 0).expand({5, 3, 4}).strides() == Shape{0, 4, 1});
  CHECK(counting({3, 1}).t().strides() == Shape{1, 1});  // not the row-major (3, 1): as torch
  CHECK(counting({3, 1}).t().is_contiguous());
  CHECK(values(x.permute({2, 0, 1}).slice(0, 3)) == std::vector<double>{3, 7, 11, 15, 19, 23});
  x.select(0, 0).fill_(-1);
  CHECK(values(x.slice(0, 0, 1)) == std::vector<double>(12, -1));
}

TEST_CASE("views: a part outlives the whole") {
  Tensor row;
  {
    Tensor x = counting({100, 3});
    row = x[99];
  }
  CHECK(values(row) == std::vector<double>{297, 298, 299});
}

TEST_CASE("view: of strided tensors where the memory allows it") {
  Tensor x = counting({4, 6});
  Tensor part = x.slice(1, 0, 4);
  CHECK(part.view({2, 2, 4}).strides() == Shape{12, 6, 1});
  CHECK(part.view({4, 2, 2}).strides() == Shape{6, 2, 1});
  CHECK(has(words([&] { part.view({16}); }), "use reshape()"));
  CHECK(values(part.reshape({16})) == std::vector<double>{0, 1, 2, 3, 6, 7, 8, 9, 12, 13, 14, 15, 18, 19, 20, 21});
  CHECK(x.view({-1, 8}).shape() == Shape{3, 8});
  CHECK(has(words([&] { x.view({5, 5}); }), "invalid for input of size 24"));
  CHECK(has(words([&] { x.view({-1, -1}); }), "only one dimension can be inferred"));
}

TEST_CASE("shapes: more than six dimensions live on the heap and work the same") {
  Tensor x = counting({2, 1, 2, 1, 2, 1, 2, 3});
  CHECK(x.permute({7, 6, 5, 4, 3, 2, 1, 0}).shape() == Shape{3, 2, 1, 2, 1, 2, 1, 2});
  CHECK(values(x.permute({7, 6, 5, 4, 3, 2, 1, 0}).contiguous().permute({7, 6, 5, 4, 3, 2, 1, 0})) == values(x));
  CHECK(values(x + x.transpose(0, 2)).size() == 48);
  CHECK(sum(x).item() == 47 * 24);
}

TEST_CASE("errors: shapes that do not fit are named in torch's words") {
  CHECK(has(words([] {
              ones({2, 3}) + ones({2, 4});
            }),
            "The size of tensor a (3) must match the size of tensor b (4) at non-singleton dimension 1"));
  CHECK(has(words([] { matmul(ones({2, 3}), ones({4, 5})); }), "mat1 and mat2 shapes cannot be multiplied"));
  CHECK(has(words([] { mse_loss(ones({5, 1}), ones({5})); }), "(5, 1)"));
  CHECK(has(words([] { matmul(ones({2, 2}), ones({2, 2}, kFloat64)); }), "float32 and float64"));
  CHECK(has(words([] { linear(ones({2, 2}, kBool), ones({2, 2}, kBool)); }), "bool"));
  CHECK(has(words([] {
              ones({2, 3}).transpose(0, 2);
            }),
            "Dimension out of range (expected to be in range of [-2, 1], but got 2)"));
  CHECK(has(words([] { ones({2, 3})[2]; }), "out of bounds"));
  CHECK(has(words([] { ones({3}).item(); }), "3 elements"));
  CHECK(has(words([] { ones({3}).data<double>(); }), "float32"));
  CHECK(has(words([] { zeros({-1}); }), "negative"));
  CHECK(has(words([] { zeros({1 << 30, 1 << 30, 1 << 30}); }), "memory"));
  CHECK(has(words([] { tensor({{1, 2}, {3}}); }), "rows"));
  CHECK(has(words([] { ones({2}).expand({3}); }), "non-singleton"));
}

TEST_CASE("conversions: to(dtype) rounds as torch and keeps what is alike") {
  Tensor x = tensor({1.7, -2.7, 0});
  CHECK(x.to(kInt64).to_vector<std::int64_t>() == std::vector<std::int64_t>{1, -2, 0});
  CHECK(values(x.to(kBool)) == std::vector<double>{1, 1, 0});
  CHECK(x.to(kFloat32).is(x));
  CHECK(values(tensor({65504, 1e-8, 0.1}).to(kFloat16)) == std::vector<double>{65504, 0, 0.0999755859375});
  CHECK(x.to(kFloat64).dtype() == kFloat64);
}

TEST_CASE("printing: as torch prints") {
  auto text = [](const Tensor& t) {
    std::ostringstream out;
    out << t;
    return out.str();
  };
  CHECK(text(tensor({1, 2.5, -3})) == "tensor([ 1.0000,  2.5000, -3.0000])");
  CHECK(text(tensor({{1., 2.}, {3., 4.}})) == "tensor([[1., 2.],\n        [3., 4.]])");
  CHECK(text(arange(3)) == "tensor([0, 1, 2])");
  CHECK(text(scalar_tensor(1.5, {.dtype = kFloat64})) == "tensor(1.5000, dtype=torch.float64)");
  CHECK(text(ones({2}, {.requires_grad = true})) == "tensor([1., 1.], requires_grad=True)");
  CHECK(has(text(zeros({2000})), "..."));
}

TEST_CASE("tensor: the bytes of a storage, and a new tensor's, begin at a multiple of 64") {
  for (std::size_t n : {1u, 100u, 4096u, 10'000'000u}) {
    const Ref<Storage> s = make_storage(n);
    CHECK(reinterpret_cast<std::uintptr_t>(s->data) % 64 == 0);
    const Tensor t = empty({static_cast<std::int64_t>(n)}, kUInt8);
    CHECK(reinterpret_cast<std::uintptr_t>(t.raw()) % 64 == 0);
  }
}

}  // namespace harker

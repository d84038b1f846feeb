// What a LibTorch program writes of tensors, a line each: it compiles (this file does) and means what it means there. Expected
// numbers are torch 2.15's. Modules, optimizers and files: tests/nn, tests/optim, tests/serialize.
#include <doctest/doctest.h>

#include <harker/core/autograd/autograd.h>
#include <harker/core/grad_mode.h>
#include <harker/core/ops/ops.h>
#include <harker/core/random.h>
#include <test_tensor.h>

#include <cmath>
#include <cstdlib>
#include <sstream>
#include <string>
#include <tuple>

namespace harker {
namespace {
using test::Numbers;
Numbers numbers(const Tensor& t) { return test::values(t); }

Tensor Y() { return tensor({{1.0, 2.0, 4.0}, {3.0, 5.0, 9.0}}); }

struct Idiom {
  const char* text;
  Tensor result;
  DType dtype;
  Shape shape;
  Numbers values;
};

// A size where a flag stands, and a flag where a size stands, do not compile.
template <class... A>
concept Summed = requires(const Tensor& x, A... a) {
  x.sum(a...);
};
static_assert(Summed<int> && Summed<int, bool> && Summed<Shape, bool> && Summed<std::vector<std::int64_t>>);
static_assert(!Summed<bool> && !Summed<double> && !Summed<int, int, int>);
template <class... A>
concept Spread = requires(const Tensor& x, A... a) {
  x.var(a...);
};
static_assert(Spread<int> && Spread<int, bool> && !Spread<bool>);
static_assert(std::is_convertible_v<int, Shape> && !std::is_convertible_v<bool, Shape> &&
              !std::is_convertible_v<float, Shape>);
}  // namespace

TEST_CASE("idioms: values, shapes and dtypes are LibTorch's") {
#define IDIOM(expression, ...) \
  { #expression, expression, __VA_ARGS__ }
  const Tensor X = Y(), i = tensor({1, 2});
  const Device device = cuda::is_available() ? kCUDA : kCPU;
  const Idiom idioms[] = {
      IDIOM(ones(3), kFloat32, {3}, {1, 1, 1}),
      IDIOM(zeros({2, 1}, kDouble), kFloat64, {2, 1}, {0, 0}),
      IDIOM(zeros({2, 1}, device), kFloat32, {2, 1}, {0, 0}),
      IDIOM(zeros({2, 1}, {.dtype = kDouble, .device = device}), kFloat64, {2, 1}, {0, 0}),
      IDIOM(zeros({2, 1}, i.options().dtype), kInt64, {2, 1}, {0, 0}),
      IDIOM(zeros({2, 1}, {kDouble}), kFloat64, {2, 1}, {0, 0}),
      IDIOM(full(2, 7), kInt64, {2}, {7, 7}),
      IDIOM(full(2, true), kBool, {2}, {1, 1}),
      IDIOM(full({2}, 7, kFloat), kFloat32, {2}, {7, 7}),
      IDIOM(eye(2, 1, kInt), kInt32, {2, 1}, {1, 0}),
      IDIOM(arange(3), kInt64, {3}, {0, 1, 2}),
      IDIOM(arange(3, kFloat32), kFloat32, {3}, {0, 1, 2}),
      IDIOM(arange(3, device), kInt64, {3}, {0, 1, 2}),
      IDIOM(arange(1, 3, kFloat32), kFloat32, {2}, {1, 2}),
      IDIOM(arange(1, 3, 0.5), kFloat32, {4}, {1, 1.5, 2, 2.5}),
      IDIOM(arange(3, {.requires_grad = true}), kFloat32, {3}, {0, 1, 2}),
      IDIOM(tensor(5), kInt64, {}, {5}),
      IDIOM(tensor(2.5), kFloat32, {}, {2.5}),
      IDIOM(tensor(true), kBool, {}, {1}),
      IDIOM(tensor(5, kHalf), kFloat16, {}, {5}),
      IDIOM(tensor({1, 2}, device), kInt64, {2}, {1, 2}),
      IDIOM(0 * rand({1, 2}, device), kFloat32, {1, 2}, {0, 0}),
      IDIOM(tensor({1, 2}, {.dtype = kShort}), kInt16, {2}, {1, 2}),
      IDIOM(tensor({true, false}, TensorOptions()), kBool, {2}, {1, 0}),
      IDIOM(tensor({1, 2}, {.requires_grad = true}), kFloat32, {2}, {1, 2}),
      IDIOM(tensor(std::vector<float>{1, 2}), kFloat32, {2}, {1, 2}),
      IDIOM(tensor(std::vector<double>{1, 2}), kFloat32, {2}, {1, 2}),
      IDIOM(tensor(std::vector<int>{1, 2}), kInt64, {2}, {1, 2}),
      IDIOM(tensor(std::vector<std::uint8_t>{1, 2}), kByte, {2}, {1, 2}),
      IDIOM(tensor(std::vector<double>{1, 2}, kDouble), kFloat64, {2}, {1, 2}),
      IDIOM(tensor(std::vector<std::int64_t>{}), kInt64, {0}, {}),
      IDIOM(zeros_like(i), kInt64, {2}, {0, 0}),
      IDIOM(zeros_like(i, kFloat), kFloat32, {2}, {0, 0}),
      IDIOM(zeros_like(i, device), kInt64, {2}, {0, 0}),
      IDIOM(ones_like(X[0], {.requires_grad = true}), kFloat32, {3}, {1, 1, 1}),
      IDIOM(ones_like(X[0].to(kDouble), {.requires_grad = true}), kFloat64, {3}, {1, 1, 1}),
      IDIOM(full_like(i, 3, X.options()), kFloat32, {2}, {3, 3}),
      IDIOM(i.new_zeros(2), kInt64, {2}, {0, 0}),
      IDIOM(X.new_full({1, 2}, 3), kFloat32, {1, 2}, {3, 3}),
      IDIOM(X.view(-1), kFloat32, {6}, {1, 2, 4, 3, 5, 9}),
      IDIOM(X.reshape(6), kFloat32, {6}, {1, 2, 4, 3, 5, 9}),
      IDIOM(reshape(X, -1), kFloat32, {6}, {1, 2, 4, 3, 5, 9}),
      IDIOM(transpose(X, 0, 1), kFloat32, {3, 2}, {1, 3, 2, 5, 4, 9}),
      IDIOM(permute(X, {1, 0}), kFloat32, {3, 2}, {1, 3, 2, 5, 4, 9}),
      IDIOM(squeeze(unsqueeze(i, 0)), kInt64, {2}, {1, 2}),
      IDIOM(squeeze(unsqueeze(i, -1), 1), kInt64, {2}, {1, 2}),
      IDIOM(flatten(X), kFloat32, {6}, {1, 2, 4, 3, 5, 9}),
      IDIOM(select(X, 1, 2), kFloat32, {2}, {4, 9}),
      IDIOM(narrow(X, 1, 0, 1), kFloat32, {2, 1}, {1, 3}),
      IDIOM(clone(i), kInt64, {2}, {1, 2}),
      IDIOM(detach(i), kInt64, {2}, {1, 2}),
      IDIOM(i.view_as(ones({2, 1})), kInt64, {2, 1}, {1, 2}),
      IDIOM(i.reshape_as(ones({1, 2})), kInt64, {1, 2}, {1, 2}),
      IDIOM(i.expand_as(ones({2, 2})), kInt64, {2, 2}, {1, 2, 1, 2}),
      IDIOM(i.expand({2, -1}), kInt64, {2, 2}, {1, 2, 1, 2}),
      IDIOM(i.to(X), kFloat32, {2}, {1, 2}),
      IDIOM(i.to(X.options()), kFloat32, {2}, {1, 2}),
      IDIOM(i.to({.requires_grad = true}), kInt64, {2}, {1, 2}),
      IDIOM(i.to(kCPU, kFloat).cpu(), kFloat32, {2}, {1, 2}),
      IDIOM(i.type_as(X).toType(kInt), kInt32, {2}, {1, 2}),
      IDIOM(X.sum(1), kFloat32, {2}, {7, 17}),
      IDIOM(X.sum({0, 1}, true), kFloat32, {1, 1}, {24}),
      IDIOM(sum(X, -1, true), kFloat32, {2, 1}, {7, 17}),
      IDIOM(X.mean(0), kFloat32, {3}, {2, 3.5, 6.5}),
      IDIOM((X > 4).any(1), kBool, {2}, {0, 1}),
      IDIOM((X > 0).all(0, true), kBool, {1, 3}, {1, 1, 1}),
      IDIOM(X.var(0), kFloat32, {3}, {2, 4.5, 12.5}),
      IDIOM(X.var(0, true), kFloat32, {3}, {2, 4.5, 12.5}),
      IDIOM(X.var(0, false), kFloat32, {3}, {1, 2.25, 6.25}),
      IDIOM(X.var(0, false, true), kFloat32, {1, 3}, {1, 2.25, 6.25}),
      IDIOM(var(X, 0, false), kFloat32, {3}, {1, 2.25, 6.25}),
      IDIOM(var(X, 0, {.correction = 0}), kFloat32, {3}, {1, 2.25, 6.25}),
      IDIOM(square(X.std(0, false)), kFloat32, {3}, {1, 2.25, 6.25}),
      IDIOM(X.norm(1, 0, true), kFloat32, {1, 3}, {4, 7, 13}),
      IDIOM(square(X.norm(2, 1)).round(), kFloat32, {2}, {21, 115}),
      IDIOM(X.logsumexp(0).round(), kFloat32, {3}, {3, 5, 9}),
      IDIOM(X.flip(1), kFloat32, {2, 3}, {4, 2, 1, 9, 5, 3}),
      IDIOM(X.add(X, 2), kFloat32, {2, 3}, {3, 6, 12, 9, 15, 27}),
      IDIOM(X.sub(X, 0.5), kFloat32, {2, 3}, {.5, 1, 2, 1.5, 2.5, 4.5}),
      IDIOM(i.add(i, 3), kInt64, {2}, {4, 8}),
      IDIOM(add(i.to(kInt), i, 3), kInt64, {2}, {4, 8}),
      IDIOM(i.dot(i), kInt64, {}, {5}),
      IDIOM(X.where(X > 2, 0), kFloat32, {2, 3}, {0, 0, 4, 3, 5, 9}),
      IDIOM(X.where(X > 2, -X), kFloat32, {2, 3}, {-1, -2, 4, 3, 5, 9}),
      IDIOM(X.max(ones(3) * 4), kFloat32, {2, 3}, {4, 4, 4, 4, 5, 9}),
      IDIOM(min(X, ones(3) * 4), kFloat32, {2, 3}, {1, 2, 4, 3, 4, 4}),
      IDIOM((X > 2) && (X < 5), kBool, {2, 3}, {0, 0, 1, 1, 0, 0}),
      IDIOM((X < 2) || X, kBool, {2, 3}, {1, 1, 1, 1, 1, 1}),
      IDIOM(!(X > 2), kBool, {2, 3}, {1, 1, 0, 0, 0, 0}),
      IDIOM(X.view(std::vector<std::int64_t>{3, 2}), kFloat32, {3, 2}, {1, 2, 4, 3, 5, 9}),
  };
#undef IDIOM
  for (const Idiom& d : idioms) {
    CAPTURE(d.text);
    CHECK(d.result.dtype() == d.dtype);
    CHECK(d.result.shape() == d.shape);
    CHECK(numbers(d.result) == d.values);
    CHECK(d.result.requires_grad() == (test::has(d.text, "requires_grad") && !test::has(d.text, "i.to(")));
  }
}

TEST_CASE("idioms: what a tensor is") {
  const Tensor X = Y();
  CHECK((X.is_floating_point() && !X.is_complex() && !X.is_cuda() && is_floating_point(X)));
  CHECK(X.ndimension() == 2);
  CHECK((X.scalar_type() == kFloat && X.type() == kFloat && X.options().dtype == kFloat));
  CHECK((X.itemsize() == 4 && X.element_size() == 4 && X.nbytes() == 24));
  CHECK((X.is_same_size(X) && !X.is_same_size(X.t())));
  CHECK((X.sizes().size() == 2 && X.sizes().vec() == std::vector<std::int64_t>{2, 3}));
  CHECK(X.data_ptr<float>() == X.data_ptr());
  CHECK_THROWS_AS(X.data_ptr<double>(), TypeError);
  CHECK((X.equal(X.clone()) && X.allclose(X + 1e-9) && !X.equal(X + 1)));
  const Tensor nan = tensor(std::nan(""));
  CHECK((!nan.allclose(nan) && nan.allclose(nan, 1e-5, 1e-8, true)));
  CHECK(X.cpu().is(X));
  CHECK((Device{} == kCPU && kCUDA.type == DeviceType::cuda));
  std::ostringstream devices;
  devices << X.device() << ' ' << kCUDA;
  CHECK(devices.str() == "cpu cuda:0");
  CHECK_THROWS_AS(zeros(2, kCUDA), DeviceError);
}

TEST_CASE("idioms: compound assignments are recorded changes in place") {
  Tensor X = Y();
  const Tensor same = X, row = X[0];
  X += X;
  X *= 2.0;
  X -= 1;
  X /= 3;
  CHECK(allclose(same, (4 * Y() - 1) / 3));
  (X -= 1).mul_(3);
  row += 1;  // a handle that is const changes its numbers
  X[1] *= tensor({0, 1, 0});
  CHECK(allclose(same, tensor({{1.0, 5.0, 13.0}, {0.0, 16.0, 0.0}})));

  Tensor i = tensor({1, 2, 3});
  CHECK_THROWS_AS(i += 1.5, TypeError);
  CHECK_THROWS_AS(i /= 2, TypeError);
  CHECK_THROWS_AS(X &= 1, TypeError);
  i &= 2;
  i |= tensor({5, 5, 5});
  i ^= 1;
  CHECK(numbers(i) == Numbers{4, 6, 6});
  Tensor mask = Y() > 2;
  mask &= Y() < 9;
  mask |= tensor({true, false, false});
  CHECK(numbers(mask) == Numbers{1, 0, 1, 1, 1, 0});

  Tensor w = ones(2, {.requires_grad = true});
  CHECK_THROWS_AS(w += 1, GradError);
  Tensor loss = zeros({});
  for (int step = 1; step <= 2; ++step) loss += step * sum(w * w);
  loss.backward();
  CHECK(numbers(w.grad()) == Numbers{6, 6});
  {
    NoGradGuard no_grad;
    w -= 0.5 * w.grad();
    w.sub_(w.grad(), 0.5);
  }
  CHECK(numbers(w) == Numbers{-5, -5});
  w.grad().zero_();
  CHECK(numbers(w.mutable_grad()) == Numbers{0, 0});
  w.set_requires_grad(false);
  CHECK(!w.requires_grad());
}

TEST_CASE("idioms: x[mask] += y and x[index] += y change x, as in Python") {
  Tensor x = arange(6, kFloat);
  x[x > 2] += 10;
  CHECK(numbers(x) == Numbers{0, 1, 2, 13, 14, 15});
  x[tensor({0, 0})] += 1;  // read once, written twice
  CHECK(numbers(x) == Numbers{1, 1, 2, 13, 14, 15});
  x[tensor(1)] *= 5;
  x[x > 12] /= tensor({13.0, 14.0, 15.0});
  x[x == 1] -= x[x == 1];
  CHECK(numbers(x) == Numbers{0, 5, 2, 0, 0, 0});
  Tensor i = tensor({1, 2, 3});
  CHECK_THROWS_AS(i[i > 1] += 1.5, TypeError);
  i[i > 1] |= 4;
  CHECK(numbers(i) == Numbers{1, 6, 7});
  auto part = i[i > 1];
  part += 1;  // a variable is rows of its own
  CHECK((numbers(part) == Numbers{7, 8} && numbers(i) == Numbers{1, 6, 7}));

  Tensor w = ones(3, {.requires_grad = true});
  Tensor z = w * 2;
  z[tensor({true, false, true})] *= 3;
  sum(z).backward();
  CHECK(numbers(w.grad()) == Numbers{6, 2, 6});
}

TEST_CASE("idioms: a const handle is changed in place") {
  const Tensor c = Y();
  c.add_(1).mul_(2).sub_(c, 0.5).clamp_(0, 4);
  c[0].fill_(tensor(7));
  c[1].copy_(tensor({1, 2, 3}));
  CHECK(numbers(c) == Numbers{7, 7, 7, 1, 2, 3});
  c.zero_();
  c.requires_grad_();
  CHECK(c.requires_grad());
  CHECK_THROWS_AS(c.detach().fill_(ones(1)), ShapeError);
}

TEST_CASE("idioms: values and indices are a pair, a tuple and two names") {
  ValuesAndIndices most = Y().max(1);
  CHECK(numbers(most.values) == Numbers{4, 9});
  CHECK(numbers(std::get<1>(Y().max(1))) == Numbers{2, 2});
  CHECK(numbers(std::get<0>(most)) == Numbers{4, 9});
  auto [v, i] = Y().min(1);
  CHECK((numbers(v) == Numbers{1, 3} && numbers(i) == Numbers{0, 0}));
  const std::tuple<Tensor, Tensor> both = Y().sort(1, true);
  CHECK(numbers(std::get<1>(both)) == Numbers{2, 1, 0, 2, 1, 0});
  Tensor a, b;
  std::tie(a, b) = Y().topk(1);
  CHECK((numbers(a) == Numbers{4, 9} && numbers(b) == Numbers{2, 2}));
  // Copies and what was assigned have members of their own.
  ValuesAndIndices copy = most;
  copy.values = tensor(1);
  CHECK((std::get<0>(copy).is(copy.values) && std::get<0>(most).is(most.values) && !copy.values.is(most.values)));
  copy = most;
  CHECK((copy.values.is(most.values) && &std::get<1>(copy) == &copy.indices));
  ValuesAndIndices moved = std::move(copy);
  CHECK((moved.indices.is(most.indices) && !copy.indices.defined()));
  const Tensor& kept = Y().max(1).values;  // lives on
  CHECK(numbers(kept) == Numbers{4, 9});
}

TEST_CASE("idioms: random numbers are torch's") {
  const auto drawn = [](DType t, const Shape& shape = 5) {
    manual_seed(7);
    return empty(shape, t).random_();
  };
  CHECK(numbers(drawn(kFloat32)) == Numbers{8974492, 3335306, 11059538, 11020709, 3904979});
  CHECK(numbers(drawn(kFloat64, 3)) == Numbers{2516435200042024, 2465213813629881, 7765043079597394});
  CHECK(numbers(drawn(kFloat16)) == Numbers{2016, 1873, 31, 1592, 145});
  CHECK(numbers(drawn(kBFloat16)) == Numbers{52, 217, 57, 35, 121});
  CHECK(numbers(drawn(kUInt8)) == Numbers{175, 196, 25, 246, 67});
  CHECK(numbers(drawn(kInt8)) == Numbers{47, 68, 25, 118, 67});
  CHECK(numbers(drawn(kInt16)) == Numbers{28847, 25796, 16921, 10742, 5699});
  CHECK(numbers(drawn(kInt32)) == Numbers{327741615, 976413892, 1202242073, 1369975286, 1882953283});
  CHECK(numbers(drawn(kBool)) == Numbers{1, 0, 1, 0, 1});

  const Tensor turned = arange(6, kFloat).view({2, 3}).t();
#define DRAWN(expression) (manual_seed(7), numbers(expression))
  CHECK(DRAWN(empty(5).random_(10)) == Numbers{5, 2, 1, 6, 3});
  CHECK(DRAWN(empty({2, 3}).t().random_(-5, 6)) == Numbers{-2, 4, -2, -3, -4, 5});
  CHECK(DRAWN(randint(10, {6})) == Numbers{5, 2, 1, 6, 3, 7});
  CHECK(DRAWN(randint(10, 6, kInt)) == Numbers{5, 2, 1, 6, 3, 7});
  CHECK(DRAWN(randint(3, 9, 6, kFloat)) == Numbers{6, 7, 4, 5, 4, 6});
  CHECK(DRAWN(randint_like(turned, 10)) == Numbers{5, 6, 2, 3, 1, 7});
  CHECK(DRAWN(rand_like(turned)) == Numbers{0.5349225401878357f, 0.6568902730941772f, 0.19880318641662598f,
                                            0.23276156187057495f, 0.6592116951942444f, 0.4250614047050476f});
  CHECK(DRAWN(randn_like(turned)) == Numbers{-0.1467950940132141f, -1.1143440008163452f, 0.7861412763595581f,
                                             1.6907901763916016f, 0.9468216300010681f, -0.8948279023170471f});
  CHECK(DRAWN(randn_like(turned, {.dtype = kDouble})) == Numbers{-0.1467950974849952, -1.1143440212610307,
                                                                 0.7861412987235358, 1.6907901257942333,
                                                                 0.9468216090039564, -0.8948278791726386});
  CHECK(rand_like(turned).strides() == Shape{1, 3});
  CHECK(DRAWN(normal(1, 2, 4)) ==
        Numbers{0.7064098119735718f, 2.572282552719116f, 2.8936431407928467f, -1.2286880016326904f});
  CHECK(DRAWN(normal(tensor({{1.0}, {2.0}}), tensor({.5, 1., 2.}))) ==
        Numbers{0.9266024827957153f, 1.786141276359558f, 2.893643379211426f, 1.4428279399871826f, 3.6907901763916016f,
                0.21034419536590576f});
  CHECK(DRAWN(normal(tensor({1., 2., 3.}), 0.5)) ==
        Numbers{0.9266024827957153f, 2.393070697784424f, 3.4734108448028564f});
  CHECK(DRAWN(normal(3, tensor({.5, 1., 2.}))) == Numbers{2.926602363586426f, 3.7861413955688477f, 4.893643379211426f});
  CHECK(DRAWN(randperm(6, {.dtype = kFloat})) == Numbers{3, 0, 1, 5, 2, 4});
  const Tensor p = tensor({.1, .5, .9});
  CHECK(DRAWN(empty({2, 3}).bernoulli_(p)) == Numbers{0, 1, 1, 0, 1, 1});
  CHECK(DRAWN(empty({3, 2}, kLong).t().bernoulli_(p)) == Numbers{0, 0, 1, 0, 0, 1});
  CHECK(DRAWN(tensor({.1, .5, .9, .5}).bernoulli()) == Numbers{0, 1, 1, 0});
  CHECK(DRAWN(tensor({1., 2., 3.}).multinomial(5, true)) == Numbers{1, 1, 2, 2, 2});
#undef DRAWN
  manual_seed(3);
  Tensor e = empty(20);
  const Tensor u = rand(20), n = randn(20);
  exponential_(e);
  manual_seed(3);
  CHECK((equal(empty(20).uniform_(0, 1), u) && equal(empty(20).normal_(), n) && equal(empty(20).exponential_(), e)));

  Tensor w = ones(2, {.requires_grad = true});
  CHECK_THROWS_AS(w.uniform_(), GradError);
  CHECK_THROWS_AS(w.bernoulli_(p[1]), GradError);
  Tensor z = w * 2;
  z.bernoulli_(p[1]);  // recorded, with a gradient of 0
  CHECK_THROWS_AS(sum(z).backward(), GradError);
  CHECK_THROWS_AS(empty(2).random_(5, 5), Error);
  CHECK_THROWS_AS(empty(2, kUInt8).random_(0, 257), Error);
  CHECK_THROWS_AS(empty(2, kUInt8).random_(-1, 2), Error);
  CHECK_THROWS_AS(empty(2, kFloat16).random_(0, 4096), Error);
  CHECK(numbers(empty(2, kInt8).random_(-128, -127)) == Numbers{-128, -128});
  CHECK_THROWS_AS(randint(0, {2}), Error);
  CHECK_THROWS_AS(normal(tensor({1.}), tensor({-1.})), Error);
  CHECK_THROWS_AS(normal(1, -1, 2), Error);
  CHECK_THROWS_AS(randperm(300, {.dtype = kByte}), Error);
  CHECK_THROWS_AS(empty(2).bernoulli_(tensor({.5, 2.})), Error);
  CHECK_THROWS_AS(empty(2).bernoulli_(tensor({.5, .5, .5})), ShapeError);
}

TEST_CASE("idioms: from_blob looks at foreign memory") {
  std::vector<float> memory{1, 2, 3, 4, 5, 6};
  Tensor x = from_blob(memory.data(), {2, 3});
  CHECK((x.data_ptr() == memory.data() && x.dtype() == kFloat && x.is_contiguous()));
  x[1] += 10;
  memory[0] = 7;
  CHECK((numbers(x) == Numbers{7, 2, 3, 14, 15, 16} && memory[5] == 16));
  const Tensor turned = from_blob(memory.data(), {3, 2}, {1, 3});
  CHECK(equal(turned, x.t()));
  std::vector<std::int64_t> whole{1, 2};
  CHECK(numbers(from_blob(whole.data(), 2, kLong) * 2) == Numbers{2, 4});
  CHECK(from_blob(memory.data(), 6, {.requires_grad = true}).requires_grad());
  CHECK(from_blob(nullptr, {0, 3}).numel() == 0);
  CHECK_THROWS_AS(x.resize_({3, 3}), Error);  // it is not ours
  CHECK(numbers(x.resize_({1, 2})) == Numbers{7, 2});

  int freed = 0;
  const auto deleter = [&](void* p) {
    ++freed;
    CHECK(p == memory.data());
  };
  {
    Tensor view;
    {
      const Tensor blob = from_blob(memory.data(), {2, 3}, deleter);
      view = blob[1];
    }
    CHECK(freed == 0);
  }
  CHECK(freed == 1);
  { const Tensor t = from_blob(memory.data(), {3, 2}, {1, 3}, deleter, {.dtype = kFloat}); }
  CHECK(freed == 2);
  CHECK_THROWS_AS(from_blob(memory.data(), {-1, 2}, deleter), ShapeError);
  CHECK_THROWS_AS(from_blob(memory.data(), {2, 2}, {1}, deleter), ShapeError);
  CHECK_THROWS_AS(from_blob(memory.data(), {2, 2}, {-1, 1}, deleter), ShapeError);
  CHECK_THROWS_AS(from_blob(memory.data(), {INT64_MAX / 2, 4}, deleter), ShapeError);
  CHECK_THROWS_AS(from_blob(memory.data(), {2, 2}, {INT64_MAX / 2, INT64_MAX / 2}, deleter), ShapeError);
  CHECK_THROWS_AS(from_blob(memory.data(), {2}, deleter, {.dtype = kLong, .requires_grad = true}), GradError);
  CHECK_THROWS_AS(from_blob(memory.data(), {2}, deleter, {.device = kCUDA}), DeviceError);
  CHECK(freed == 9);
  CHECK_THROWS_AS(from_blob(nullptr, {2}), Error);
  struct Refusing {  // cannot be copied to where it would be kept
    int* freed;
    explicit Refusing(int* f) : freed(f) {}
    Refusing(const Refusing& o) : freed(o.freed) { throw Error("no copies"); }
    void operator()(void*) const { ++*freed; }
  };
  CHECK_THROWS_AS(from_blob(memory.data(), {2}, Refusing(&freed)), Error);
  CHECK(freed == 10);
  { const Tensor t = from_blob(std::malloc(8), 2, std::free); }
}

TEST_CASE("idioms: resize_") {
  Tensor x = arange(6, kFloat);
  CHECK(numbers(x.resize_({2, 2})) == Numbers{0, 1, 2, 3});
  CHECK((x.strides() == Shape{2, 1} && x.is_contiguous()));
  x.resize_({3, 3});
  CHECK(numbers(x.flatten().slice(0, 0, 6)) == Numbers{0, 1, 2, 3, 4, 5});
  x.fill_(1);
  x.resize_({100});
  CHECK(numbers(x.slice(0, 0, 9)) == Numbers(9, 1.0));
  x = x.clone();  // and the grown memory goes
  Tensor part = arange(6, kFloat).view({2, 3})[1];
  CHECK((numbers(part.resize_(2)) == Numbers{3, 4} && part.storage_offset() == 3));
  CHECK(numbers(arange(6).view({2, 3}).t().resize_(3)) == Numbers{0, 1, 2});
  Tensor none = empty(0);
  CHECK(numbers(none.resize_(2).fill_(3)) == Numbers{3, 3});
  CHECK(numbers(none.resize_({})) == Numbers{3});
  CHECK(none.resize_({2, 0}).numel() == 0);
  const Tensor view = x[0];
  CHECK_THROWS_AS(x.resize_(101), Error);  // the view would lose sight of it
  CHECK_THROWS_AS(x.resize_(-1), ShapeError);
  CHECK_THROWS_AS(x.resize_({INT64_MAX / 2, 4}), ShapeError);
  CHECK_THROWS_AS(x.resize_(INT64_MAX / 2), ShapeError);
  CHECK_THROWS_AS(ones(2, {.requires_grad = true}).resize_(1), GradError);
  Tensor w = ones(2, {.requires_grad = true}), y = ones(2) * 1;
  const Tensor z = sum(w * y);
  y.resize_(1);
  CHECK_THROWS_AS(z.backward(), GradError);  // it was saved
}

TEST_CASE("idioms: the default dtype") {
  struct Restored {
    ~Restored() { set_default_dtype(kFloat32); }
  } restored;
  CHECK(get_default_dtype() == kFloat32);
  const Tensor i = tensor({1, 2}), f = ones(1), mask = i > 1;
  for (DType t : {kFloat64, kFloat16, kBFloat16}) {
    set_default_dtype(t);
    CHECK(get_default_dtype() == t);
    for (const Tensor& x : {zeros(1),
                            ones({1}, {.requires_grad = true}),
                            tensor(1.5),
                            tensor({1.0, 2.0}),
                            tensor({1, 2}, {.requires_grad = true}),
                            tensor(std::vector<float>{1}),
                            i + 1.5,
                            1.5 - i,
                            i / i,
                            i / 2,
                            i.exp(),
                            arange(0, 1, .5),
                            full(1, 1.0),
                            rand(1),
                            randn(20),
                            where(mask, 1.0, 2.0),
                            linspace(0, 1, 3),
                            eye(2),
                            scalar_tensor(2),
                            mask.sqrt(),
                            clamp(i, 0.5),
                            pow(2.0, i),
                            pow(i, 2.5),
                            mul(i, 2.5),
                            normal(0, 1, 2),
                            from_blob(i.data_ptr(), 1),
                            where(mask, i, 0.5)}) {
      CHECK(x.dtype() == t);
    }
    CHECK((arange(3).dtype() == kInt64 && tensor(5).dtype() == kInt64 && randint(3, 1).dtype() == kInt64));
    CHECK(((f + 1.5).dtype() == kFloat32 && zeros_like(f).dtype() == kFloat32 && zeros(1, kFloat).dtype() == kFloat32));
  }
  CHECK_THROWS_AS(set_default_dtype(kInt64), TypeError);
  CHECK(get_default_dtype() == kBFloat16);
}

TEST_CASE("idioms: what is refused") {
  CHECK_THROWS_AS(Y().dot(Y()), ShapeError);
  CHECK_THROWS_AS(tensor({1, 2}).dot(tensor({1, 2, 3})), ShapeError);
  CHECK_THROWS_AS(tensor({1, 2}).add(tensor({1, 2}), 0.5), TypeError);
  CHECK_THROWS_AS(ones(-2), ShapeError);
  CHECK_THROWS_AS(Y().view(7), ShapeError);
  CHECK_THROWS_AS(Y().sum(2), ShapeError);
  CHECK_THROWS_AS(zeros_like(tensor({1}), {.dtype = kInt64, .requires_grad = true}), GradError);
  CHECK_THROWS_AS(full(2, 1e50, kInt64), TypeError);
  CHECK_THROWS_AS(tensor(300, kByte), TypeError);
  CHECK_THROWS_AS(ones(1).where(ones(1), 2), TypeError);
  CHECK_THROWS_AS(zeros(2, {.device = kCUDA}), DeviceError);
  const Tensor undefined;
  CHECK_THROWS_AS(undefined.options(), TypeError);
  CHECK_THROWS_AS(undefined.resize_(1), TypeError);
  Tensor x = ones(1, {.requires_grad = true});
  CHECK_THROWS_AS(x.mutable_grad() = ones(1), TypeError);  // there is none to write into
}

}  // namespace harker

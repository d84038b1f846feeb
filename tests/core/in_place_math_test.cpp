// The functions of single elements in place: same numbers, same memory, counted versions, and nothing changed after a
// throw.
#include <doctest/doctest.h>
#include <test_tensor.h>

#include <harker/core/grad_mode.h>
#include <harker/core/ops/ops.h>
#include <cmath>

namespace harker {
namespace {

using test::Numbers;
using test::values;

struct Row {
  const char* name;
  Tensor& (*in_place)(Tensor&);
  Tensor (*beside)(const Tensor&);
};
#define HARKER_ROW(f)                                                                        \
  {                                                                                          \
#f, [](Tensor & x) -> Tensor& { return x.f##_(); }, [](const Tensor& x) { return f(x); } \
  }
const Row kRows[] = {
    HARKER_ROW(neg),
    HARKER_ROW(abs),
    HARKER_ROW(exp),
    HARKER_ROW(log),
    HARKER_ROW(sqrt),
    HARKER_ROW(rsqrt),
    HARKER_ROW(square),
    HARKER_ROW(reciprocal),
    HARKER_ROW(relu),
    HARKER_ROW(sigmoid),
    HARKER_ROW(tanh),
    HARKER_ROW(floor),
    HARKER_ROW(ceil),
    HARKER_ROW(round),
    HARKER_ROW(trunc),
    {"add_ number", [](Tensor& x) -> Tensor& { return x.add_(2); }, [](const Tensor& x) { return x + 2; }},
    {"sub_ number", [](Tensor& x) -> Tensor& { return x.sub_(0.5); }, [](const Tensor& x) { return x - 0.5; }},
    {"mul_ number", [](Tensor& x) -> Tensor& { return x.mul_(3); }, [](const Tensor& x) { return x * 3; }},
    {"div_ number", [](Tensor& x) -> Tensor& { return x.div_(4); }, [](const Tensor& x) { return x / 4; }},
    {"add_", [](Tensor& x) -> Tensor& { return x.add_(x, 2); }, [](const Tensor& x) { return x + x * 2; }},
    {"div_", [](Tensor& x) -> Tensor& { return x.div_(x[0] + 1); }, [](const Tensor& x) { return x / (x[0] + 1); }},
    {"pow_", [](Tensor& x) -> Tensor& { return x.pow_(3); }, [](const Tensor& x) { return pow(x, 3); }},
    {"pow_ tensor", [](Tensor& x) -> Tensor& { return x.pow_(x); }, [](const Tensor& x) { return pow(x, x); }},
    {"clamp_", [](Tensor& x) -> Tensor& { return x.clamp_(0.4, 1); }, [](const Tensor& x) { return clamp(x, 0.4, 1); }},
    {"clamp_ tensor", [](Tensor& x) -> Tensor& { return x.clamp_(x * 2); },
     [](const Tensor& x) { return clamp(x, x * 2); }},
    {"masked_fill_", [](Tensor& x) -> Tensor& { return x.masked_fill_(x > 1, 7); },
     [](const Tensor& x) { return masked_fill(x, x > 1, 7); }},
};
#undef HARKER_ROW

}  // namespace

TEST_CASE("in place: the numbers of the function beside, in the same memory") {
  const Tensor data = tensor({{0.25, 1.5, 2.75}, {0.5, 3.25, 1}}, kFloat64);
  for (const Row& row : kRows) {
    CAPTURE(row.name);
    for (DType t : {kFloat64, kFloat32, kFloat16, kBFloat16}) {
      CAPTURE(name(t));
      for (int layout = 0; layout < 3; ++layout) {
        CAPTURE(layout);
        Tensor x = layout == 0   ? data.to(t).clone()
                   : layout == 1 ? data.to(t).t().contiguous().t()
                                 : zeros({2, 6}, t).slice(1, 0, 6, 2);
        if (layout > 0) x.copy_(data);
        const Tensor expected = row.beside(x.clone());
        const void* const where = x.raw();
        const std::uint32_t before = x.version();
        Tensor& same = row.in_place(x);
        CHECK(&same == &x);
        CHECK(x.raw() == where);
        CHECK(x.version() == before + 1);
        CHECK(equal(x, expected));
      }
    }
  }
}

TEST_CASE("in place: integers take integers, and refuse fractions unchanged") {
  Tensor x = tensor({1, 2, 250}, kUInt8);
  x.add_(10).mul_(2);
  CHECK(values(x) == Numbers{22, 24, 8});
  x.sub_(tensor({2, 4, 8}, kUInt8));
  CHECK(values(x) == Numbers{20, 20, 0});
  CHECK_THROWS_AS(x.add_(1.5), TypeError);
  CHECK_THROWS_AS(x.div_(2), TypeError);
  CHECK_THROWS_AS(x.exp_(), TypeError);
  CHECK_THROWS_AS(x.mul_(ones({3})), TypeError);
  CHECK_THROWS_AS(x.add_(ones({2, 3}, kUInt8)), ShapeError);
  CHECK(values(x) == Numbers{20, 20, 0});
  Tensor b = tensor({1, 0}, kBool);
  CHECK_THROWS_AS(b.add_(1), TypeError);
  CHECK_THROWS_AS(ones({3}).pow_(ones({2, 3})), ShapeError);
  Tensor f = ones({3});
  f.add_(tensor({1, 2, 3}, kInt64)).mul_(tensor({0.5, 0.5, 0.5}, kFloat64));
  CHECK(f.dtype() == kFloat32);
  CHECK(values(f) == Numbers{1, 1.5, 2});
  Tensor large = zeros({2}, kInt64);
  large.fill_((std::int64_t{1} << 53) + 1);
  CHECK(large[1].item<std::int64_t>() == (std::int64_t{1} << 53) + 1);
  large.fill_(INT64_MIN);
  CHECK(large.to_vector<std::int64_t>()[0] == INT64_MIN);
}

TEST_CASE("in place: not on a leaf that requires grad, nor on repeated elements") {
  Tensor x = ones({3}, {.requires_grad = true});
  CHECK_THROWS_AS(x.exp_(), GradError);
  CHECK_THROWS_AS(x.add_(1), GradError);
  CHECK(values(x) == Numbers{1, 1, 1});
  {
    NoGradGuard off;
    x.add_(1).sqrt_();
  }
  CHECK(x.requires_grad());
  Tensor e = ones({1}).expand({3});
  CHECK_THROWS_AS(e.exp_(), ShapeError);
  CHECK_THROWS_AS(e.clamp_(0, 1), ShapeError);
}

}  // namespace harker

// Every function in place and every view under recording: gradients and their gradients, when the tensor itself is
// changed, when a view of it is, and as an earlier view sees it. The rows are compared with core/tensor.h and
// core/tensor/methods.h, so that a new function or view without one fails.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>

#include <harker/core/autograd/autograd.h>
#include <harker/core/grad_mode.h>
#include <harker/core/ops/ops.h>

namespace harker {
namespace {

using In = std::span<const Tensor>;

/// x is changed; y is another input, of x's shape; both positive.
struct Change {
  const char* name;
  Tensor& (*in_place)(Tensor& x, const Tensor& y);
  Tensor (*beside)(const Tensor& x, const Tensor& y);
};
#define HARKER_UNARY(f) HARKER_CHANGE(#f "_", x.f##_(), f(x))
#define HARKER_CHANGE(name, change, value)                                                                 \
  {                                                                                                        \
    name, [](Tensor& x, [[maybe_unused]] const Tensor& y) -> Tensor& { return change; },                   \
        []([[maybe_unused]] const Tensor& x, [[maybe_unused]] const Tensor& y) -> Tensor { return value; } \
  }
/// True at every second place.
Tensor chequered(const Tensor& x) { return (x.detach() * 1000).to(kInt64).to(kFloat64) > 800; }

/// What is added, and then multiplied by.
struct Where {
  static constexpr double any[] = {0, 1}, positive[] = {0, 1}, unit[] = {-0.3, 0.8}, above_one[] = {0.5, 1};
};
/// x with another first row.
Tensor stack_first(const Tensor& x, const Tensor& row) { return cat({row.unsqueeze(0), x.slice(0, 1)}, 0); }

const Change kChanges[] = {
    HARKER_UNARY(relu),
#define HARKER_POINTWISE(f, ...) HARKER_UNARY(f),
#include <harker/core/ops/pointwise_table.h>
#undef HARKER_POINTWISE
// Those of a domain of their own, from where they are defined.
#define HARKER_RARE(f, domain, ...)                                             \
  HARKER_CHANGE(#f "_", x.add_(Where::domain[0]).mul_(Where::domain[1]).f##_(), \
                f((x + Where::domain[0]) * Where::domain[1])),
#include <harker/core/ops/rare_table.h>
#undef HARKER_RARE
    HARKER_CHANGE("frac_", x.mul_(0.5).frac_(), frac(x * 0.5)),
    HARKER_CHANGE("logit_", x.mul_(0.5).logit_(), logit(x * 0.5)),
    HARKER_CHANGE("logit_", x.mul_(0.5).logit_(0.1), logit(x * 0.5, 0.1)),
    HARKER_CHANGE("nan_to_num_", x.nan_to_num_(), nan_to_num(x)),
    HARKER_CHANGE("clamp_min_", x.clamp_min_(0.7), clamp_min(x, 0.7)),
    HARKER_CHANGE("clamp_max_", x.clamp_max_(1.1), clamp_max(x, 1.1)),
    HARKER_CHANGE("floor_divide_", x.floor_divide_(0.37), floor_divide(x, 0.37)),
    HARKER_CHANGE("floor_divide_", x.floor_divide_(y.detach() * 0 + 0.37), floor_divide(x, 0.37)),
    HARKER_CHANGE("remainder_", x.remainder_(0.37), remainder(x, 0.37)),
    HARKER_CHANGE("remainder_", x.remainder_(y.detach() * 0 + 0.37), remainder(x, 0.37)),
    HARKER_CHANGE("fmod_", x.fmod_(0.37), fmod(x, 0.37)),
    HARKER_CHANGE("fmod_", x.fmod_(y.detach() * 0 + 0.37), fmod(x, 0.37)),
    HARKER_CHANGE("div_", x.div_(0.37, "trunc"), div(x, 0.37, "trunc")),
    HARKER_CHANGE("div_", x.div_(y.detach() * 0 + 0.37, "floor"), div(x, 0.37, "floor")),
    HARKER_CHANGE("nan_to_num_", x.nan_to_num_(1, 2, 3), nan_to_num(x, 1, 2, 3)),
    HARKER_CHANGE("atan2_", x.atan2_(y), atan2(x, y)),
    HARKER_CHANGE("atan2_", x.atan2_(x.select(0, 0)), atan2(x, x.select(0, 0))),
    HARKER_CHANGE("hypot_", x.hypot_(y), hypot(x, y)),
    HARKER_CHANGE("copysign_", x.copysign_(-y), copysign(x, -y)),
    HARKER_CHANGE("xlogy_", x.xlogy_(y), xlogy(x, y)),
    HARKER_CHANGE("addcmul_", x.addcmul_(y, x, 0.5), addcmul(x, y, x, 0.5)),
    HARKER_CHANGE("addcdiv_", x.addcdiv_(x, y, 0.5), addcdiv(x, x, y, 0.5)),
    HARKER_CHANGE("lerp_", x.lerp_(y, 0.3), lerp(x, y, 0.3)),
    HARKER_CHANGE("lerp_", x.lerp_(y, y), lerp(x, y, y)),
    HARKER_CHANGE("addmm_", x.addmm_(outer(y.select(-1, 0), y.select(-1, 0)), y, 0.5),
                  addmm(x, outer(y.select(-1, 0), y.select(-1, 0)), y, 0.5)),
    HARKER_CHANGE("addmv_", (x[0].addmv_(y.t(), y.select(-1, 0), 1, 2), x),
                  stack_first(x, addmv(x[0], y.t(), y.select(-1, 0), 1, 2))),
    HARKER_CHANGE(
        "baddbmm_",
        (x.unsqueeze(0).baddbmm_(outer(y.select(-1, 0), y.select(-1, 0)).unsqueeze(0), y.unsqueeze(0), 1, 2), x),
        addmm(x, outer(y.select(-1, 0), y.select(-1, 0)), y, 1, 2)),
    HARKER_CHANGE("copy_", x.copy_(y), y.clone()),
    HARKER_CHANGE("copy_", x.copy_(y.select(-1, 0).unsqueeze(-1)), y.select(-1, 0).unsqueeze(-1) * ones_like(x)),
    HARKER_CHANGE("copy_", x.copy_(x), x.clone()),
    HARKER_CHANGE("fill_", x.fill_(1.5), full(x.shape(), 1.5, kFloat64)),
    HARKER_CHANGE("zero_", x.zero_(), zeros(x.shape(), kFloat64)),
    HARKER_CHANGE("add_", x.add_(y), x + y),
    HARKER_CHANGE("add_", x.add_(y, 0.5), x + y * 0.5),
    HARKER_CHANGE("add_", x.add_(x), x + x),
    HARKER_CHANGE("add_", x.add_(2), x + 2),
    HARKER_CHANGE("add_ float32", x.add_(y.to(kFloat32), 2), x + y.to(kFloat32) * 2.0),
    HARKER_CHANGE("sub_", x.sub_(y), x - y),
    HARKER_CHANGE("sub_", x.sub_(0.5), x - 0.5),
    HARKER_CHANGE("mul_", x.mul_(y), x* y),
    HARKER_CHANGE("mul_", x.mul_(x), x* x),
    HARKER_CHANGE("mul_", x.mul_(x.select(0, 0)), x* x.select(0, 0)),
    HARKER_CHANGE("mul_", x.mul_(2.5), x * 2.5),
    HARKER_CHANGE("mul_", x.mul_(3), x * 3),
    HARKER_CHANGE("div_", x.div_(y), x / y),
    HARKER_CHANGE("div_", x.div_(x.select(0, 0)), x / x.select(0, 0)),
    HARKER_CHANGE("div_", x.div_(2), x / 2),
    HARKER_CHANGE("pow_", x.pow_(3), pow(x, 3)),
    HARKER_CHANGE("pow_", x.pow_(y), pow(x, y)),
    HARKER_CHANGE("pow_", x.pow_(x), pow(x, x)),
    HARKER_CHANGE("clamp_", x.clamp_(0.7, 1.1), clamp(x, 0.7, 1.1)),
    HARKER_CHANGE("clamp_", x.clamp_(y), clamp(x, y)),
    HARKER_CHANGE("clamp_", x.clamp_(x.select(0, 0)), clamp(x, x.select(0, 0))),
    HARKER_CHANGE("masked_fill_", x.masked_fill_(chequered(x), 3), masked_fill(x, chequered(x), 3)),
    HARKER_CHANGE("masked_fill_", x.masked_fill_(chequered(x), sum(y)), masked_fill(x, chequered(x), sum(y))),
    HARKER_CHANGE("index_put_", x.index_put_({tensor({2, 0}), Slice(0, 2)}, y[1].slice(0, 0, 2)),
                  index_put(x, {tensor({2, 0}), Slice(0, 2)}, y[1].slice(0, 0, 2))),
    HARKER_CHANGE("index_put_", x.index_put_({tensor({2, 2}), tensor({0, 0})}, y.select(0, 1).slice(0, 0, 2), true),
                  index_put(x, {tensor({2, 2}), tensor({0, 0})}, y.select(0, 1).slice(0, 0, 2), true)),
    HARKER_CHANGE("index_put_", x.index_put_({Slice(1), 0}, y[0][0]), index_put(x, {Slice(1), 0}, y[0][0])),
    HARKER_CHANGE("index_put_", x.index_put_({chequered(x)}, 3), masked_fill(x, chequered(x), 3)),
    HARKER_CHANGE("scatter_", x.scatter_(0, tensor({{2, 0}}), y), scatter(x, 0, tensor({{2, 0}}), y)),
    HARKER_CHANGE("scatter_", x.scatter_(1, tensor({{1}}), 2), scatter(x, 1, tensor({{1}}), 2)),
    HARKER_CHANGE("scatter_add_", x.scatter_add_(0, tensor({{2, 0}}), y), scatter_add(x, 0, tensor({{2, 0}}), y)),
    HARKER_CHANGE("scatter_reduce_", x.scatter_reduce_(0, tensor({{2, 0}}), y, "prod"),
                  scatter_reduce(x, 0, tensor({{2, 0}}), y, "prod")),
    HARKER_CHANGE("index_add_", x.index_add_(0, tensor({1, 1}), y.slice(0, 0, 2), 0.5),
                  index_add(x, 0, tensor({1, 1}), y.slice(0, 0, 2), 0.5)),
    HARKER_CHANGE("index_copy_", x.index_copy_(1, tensor({1}), y.slice(1, 0, 1)),
                  index_copy(x, 1, tensor({1}), y.slice(1, 0, 1))),
    HARKER_CHANGE("index_copy_", x.index_copy_(0, tensor({0, 1}), x.slice(0, 1, 3)),
                  index_copy(x, 0, tensor({0, 1}), x.slice(0, 1, 3))),
    HARKER_CHANGE("index_fill_", x.index_fill_(1, tensor({-1}), 2), index_fill(x, 1, tensor({-1}), 2)),
    HARKER_CHANGE("masked_scatter_", x.masked_scatter_(chequered(x), y), masked_scatter(x, chequered(x), y)),
    HARKER_CHANGE("put_", x.put_(tensor({-1, 0}), y[0].slice(0, 0, 2)), put(x, tensor({-1, 0}), y[0].slice(0, 0, 2))),
    HARKER_CHANGE("fill_diagonal_", x.fill_diagonal_(2),
                  masked_fill(x, eye(x.size(0), x.size(1), {.dtype = kBool}), 2)),
};

/// Differences of a function that rounds y say nothing.
bool rounds(const Change& c) { return std::string(c.name).find("float32") != std::string::npos; }

struct View {
  const char* name;
  Tensor (*of)(const Tensor& x);  ///< x: (2, 1, 4)
};
#define HARKER_VIEW(name, expression)                          \
  {                                                            \
    name, [](const Tensor& x) -> Tensor { return expression; } \
  }
const View kViews[] = {
    HARKER_VIEW("view", x.view({4, 2})),
    HARKER_VIEW("reshape", x.reshape({8})),
    HARKER_VIEW("transpose", x.transpose(0, 2)),
    HARKER_VIEW("t", x.squeeze(1).t()),
    HARKER_VIEW("permute", x.permute({2, 0, 1})),
    HARKER_VIEW("squeeze", x.squeeze()),
    HARKER_VIEW("squeeze", x.squeeze(1)),
    HARKER_VIEW("squeeze", x.squeeze({1, 2})),
    HARKER_VIEW("unsqueeze", x.unsqueeze(1)),
    HARKER_VIEW("flatten", x.flatten(1)),
    HARKER_VIEW("flatten", x.flatten(0, 1)),
    HARKER_VIEW("select", x.select(2, -2)),
    HARKER_VIEW("slice", x.slice(2, 3, 0, 1)),  // nothing
    HARKER_VIEW("slice", x.slice(2, 0, 4, 2)),
    HARKER_VIEW("narrow", x.narrow(2, 1, 2)),
    HARKER_VIEW("operator", x[1]),
    HARKER_VIEW("split", x.split(3, 2)[1]),
    HARKER_VIEW("chunk", x.chunk(2, 2)[0]),
    HARKER_VIEW("split and stack back", x.split(1, 0)[1].unsqueeze(0).transpose(1, 3)),
    HARKER_VIEW("expand", x.expand({2, 1, 4})),
    HARKER_VIEW("expand_as", x.expand_as(x)),
    HARKER_VIEW("view_as", x.view_as(x.detach().flatten())),
    HARKER_VIEW("reshape_as", x.reshape_as(x.detach().flatten())),
    HARKER_VIEW("index", x.index({"...", 0, None, Slice(1, None, 2)})),
    HARKER_VIEW("diagonal", x.diagonal(1, 0, 2)),
    HARKER_VIEW("unfold", x.unfold(2, 2, 2)),
    HARKER_VIEW("unflatten", x.unflatten(2, {2, 2})),
    HARKER_VIEW("movedim", x.movedim({2}, {0})),
    HARKER_VIEW("unbind", x.unbind(2)[1]),
    HARKER_VIEW("tensor_split", x.tensor_split(Shape{1, 3}, 2)[1]),
};

/// Numbers between 0.6 and 1.3, no two equal, none near a whole number or a bound that a row has.
Tensor sample(const Shape& shape, int which) {
  Tensor t = empty(shape, kFloat64);
  for (std::int64_t i = 0; i < t.numel(); ++i) {
    double v = 0.613 + 0.67 * static_cast<double>((i * 7919 + which * 104729 + 13) % 97) / 97 + 0.003 * which;
    for (const double bound : {0.7, 0.8, 1.0, 1.1})
      if (std::abs(v - bound) < 0.004) v = bound + 0.009;
    t.data<double>()[i] = v;
  }
  return t.requires_grad_();
}

std::string tensor_h() {
  std::stringstream buffer;
  for (const char* name : {"tensor.h", "tensor/methods.h"})
    buffer << std::ifstream(std::filesystem::path(HARKER_SOURCE_DIR) / "core" / name).rdbuf();
  return buffer.str();
}
std::set<std::string> names_in(const std::string& text, const char* pattern) {
  std::set<std::string> names;
  const std::regex declaration(pattern);
  for (std::sregex_iterator m(text.begin(), text.end(), declaration), end; m != end; ++m) names.insert(m->str(1));
  return names;
}

template <class F>
void check_twice(const F& f, const std::vector<Tensor>& inputs) {
  CHECK(gradcheck(f, inputs));
  CHECK(gradgradcheck(f, inputs, {.atol = 1e-6}));
}

}  // namespace

TEST_CASE("in place: every function and every view of a tensor has a row") {
  std::set<std::string> rows;
  for (const Change& c : kChanges) rows.insert(c.name);
  const std::string text = tensor_h();
  std::set<std::string> changes = names_in(text, "\n  Tensor& (\\w+_)\\(");
  for (const char* unrecorded :
       {"requires_grad_", "detach_", "resize_", "uniform_", "normal_", "random_", "bernoulli_", "exponential_"})
    changes.erase(unrecorded);
  CHECK(changes.size() > 30);
  for (const std::string& name : changes) CHECK_MESSAGE(rows.count(name) == 1, name, " has no row in kChanges");

  rows.clear();
  for (const View& v : kViews) rows.insert(v.name);
  const std::size_t begin = text.find("// --- Views"), end = text.find("// --- Copies");
  REQUIRE(begin < end);
  const std::set<std::string> views = names_in(text.substr(begin, end - begin), "\n  Tensor (\\w+)[\\[\\]]*\\(");
  CHECK(views.size() > 10);
  for (const std::string& name : views) CHECK_MESSAGE(rows.count(name) == 1, name, " has no row in kViews");
}

TEST_CASE("in place: the gradients of every function are those of the one beside, twice") {
  for (const Change& c : kChanges) {
    CAPTURE(std::string(c.name));
    const std::vector<Tensor> inputs = {sample({3, 4}, 1), sample({3, 4}, 2)};
    Tensor h = inputs[0] * 1.0;
    c.in_place(h, inputs[1]);
    CHECK(equal(h.detach(), c.beside(inputs[0], inputs[1]).detach()));
    const auto grads = [&](const Tensor& z) { return grad({sum(z * z)}, inputs); };
    if (!h.requires_grad()) continue;
    const std::vector<Tensor> a = grads(h), b = [&] {
      const Tensor z = c.beside(inputs[0], inputs[1]);
      return z.requires_grad() ? grads(z) : std::vector<Tensor>(2);
    }();
    for (std::size_t i = 0; i < 2; ++i) {
      const Tensor zero = zeros({3, 4}, kFloat64);
      CHECK(allclose(a[i].defined() ? a[i] : zero, b[i].defined() ? b[i] : zero, 1e-12, 1e-12));
    }
    if (rounds(c)) continue;
    check_twice(
        [&](In x) {
          Tensor z = x[0] * 1.0;
          c.in_place(z, x[1]);
          return z * z + x[0] * x[1];
        },
        inputs);
  }
}

TEST_CASE("in place: a change of a part is seen by the whole, by other views, and by both derivatives") {
  for (const Change& c : kChanges) {
    CAPTURE(std::string(c.name));
    if (rounds(c)) continue;
    const std::vector<Tensor> inputs = {sample({4, 3}, 1), sample({3, 2}, 2)};
    check_twice(
        [&](In x) {
          Tensor z = x[0] * 1.0;
          const Tensor earlier = z[1];
          Tensor part = z.t().slice(1, 0, 4, 2);  // (3, 2)
          c.in_place(part, x[1]);
          const Tensor row = z[0] * earlier;  // changed, not changed
          return z * z + row.unsqueeze(0);
        },
        inputs);
  }
}

TEST_CASE("in place: a change of the whole, or of it through another view, is seen by every kind of view") {
  for (const View& v : kViews) {
    CAPTURE(std::string(v.name));
    const std::vector<Tensor> inputs = {sample({2, 1, 4}, 1), sample({2, 1, 4}, 2)};
    check_twice(
        [&](In x) {
          Tensor z = x[0] * 1.0;
          const Tensor view = v.of(z);
          z.mul_(x[1]);
          const Tensor first = view * 3.0;  // saves nothing that changes later
          z.transpose(0, 2)[1].add_(1.5);
          return first * first + view * view * 0.5;
        },
        inputs);
    Tensor z = inputs[0] * 1.0;
    Tensor view = v.of(z);
    CHECK(view.is_view());
    CHECK(view.shares_storage(z));
    CHECK(view.grad_fn() != "");
  }
}

TEST_CASE("in place: a change through every kind of view is seen by what it is a view of") {
  for (const View& v : kViews) {
    CAPTURE(std::string(v.name));
    const std::vector<Tensor> inputs = {sample({2, 1, 4}, 1), sample({2, 1, 4}, 2)};
    check_twice(
        [&](In x) {
          Tensor z = x[0] * 1.0;
          Tensor view = v.of(z);
          view.mul_(v.of(x[1])).exp_();
          return z * z;
        },
        inputs);
    // The source may be the only one that is recorded.
    Tensor plain = ones({2, 1, 4}, kFloat64), part = v.of(plain);
    part.mul_(v.of(inputs[1]));
    CHECK(plain.requires_grad());
    CHECK(part.requires_grad());
    CHECK(!plain.is_leaf());
  }
}

TEST_CASE("in place: repeated elements are refused, recorded or not") {
  Tensor z = sample({2, 1, 4}, 1) * 1.0;
  Tensor e = z.expand({2, 3, 4});
  CHECK_THROWS_AS(e.mul_(2.0), ShapeError);
  CHECK_THROWS_AS(e.exp_(), ShapeError);
  CHECK_THROWS_AS(e.copy_(ones({2, 3, 4}, kFloat64)), ShapeError);
  CHECK(z.version() == 0);
}

}  // namespace harker

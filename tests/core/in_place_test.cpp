// Changes in place that autograd records: whole programs whose results torch wrote down, and what they must not do:
// leak, change anything after a throw, or give a wrong gradient in silence.
#include <doctest/doctest.h>
#include <test_tensor.h>

#include <sstream>

#include <test_json.h>

#include <harker/core/autograd/autograd.h>
#include <harker/core/grad_mode.h>
#include <harker/core/ops/ops.h>

namespace harker {
namespace {
using test::leaf;
using test::Numbers;
using test::values;
using test::words;

using Json = nlohmann::json;

// --- Programs (in_place_programs.py says what they are).

void run_step(std::vector<Tensor>& ts, const Json& step, std::size_t at = 0) {
  const std::string op = step[at];
  if (op == "no_grad") {
    NoGradGuard no_grad;
    return run_step(ts, step, at + 1);
  }
  Tensor t = ts[step[at + 1].get<std::size_t>()];
  const auto other = [&] { return ts[step[at + 2].get<std::size_t>()]; };
  const auto number = [&] { return step[at + 2].get<double>(); };
  const auto integer = [&](std::size_t k) { return step[at + k].get<std::int64_t>(); };
  if (op == "mul") ts.push_back(t * other());
  if (op == "add") ts.push_back(t + other());
  if (op == "scale") ts.push_back(t * number());
  if (op == "select") ts.push_back(t.select(static_cast<int>(integer(2)), integer(3)));
  if (op == "slice") ts.push_back(t.slice(0, integer(2), integer(3), integer(4)));
  if (op == "t") ts.push_back(t.t());
  if (op == "reshape") {
    const auto shape = step[at + 2].get<std::vector<std::int64_t>>();
    ts.push_back(t.reshape(Shape(std::span<const std::int64_t>(shape))));
  }
  if (op == "detach") ts.push_back(t.detach());
  if (op == "add_") t.add_(other());
  if (op == "mul_") t.mul_(other());
  if (op == "scale_") t.mul_(number());
  if (op == "fill_") t.fill_(number());
  if (op == "copy_") t.copy_(other());
  if (op == "detach_") t.detach_();
}

Tensor weight(const Tensor& t) {
  return (arange(1, static_cast<double>(t.numel()) + 1, 1, kFloat64) * 0.125).reshape(t.shape());
}

bool near(const Numbers& a, const Json& expected) {
  if (a.size() != expected.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double b = expected[i];
    if (!(std::abs(a[i] - b) <= 1e-12 * std::max(1.0, std::abs(b)))) return false;
  }
  return true;
}

}  // namespace

TEST_CASE("in place: programs of views and changes give torch's values, gradients and errors") {
  const Json file = test::read_json(std::filesystem::path(HARKER_SOURCE_DIR) / "tests/core/in_place_programs.json");
  int fine = 0, thrown = 0;
  for (const Json& p : file.at("programs")) {
    CAPTURE(p.at("steps").dump());
    Tensor x = (arange(0, 12, 1, kFloat64).reshape({3, 4}) / 8 - 0.5).requires_grad_();
    std::vector<Tensor> ts = {x, leaf({0.5, -1, 1.5, 2}), zeros({3, 4}, kFloat64),
                              arange(0, 12, 1, kFloat64).reshape({3, 4}) * 0.25 + 1};
    const Json throws = p.value("throws", Json());
    std::size_t done = 0;
    bool threw = false;
    try {
      for (; done < p.at("steps").size(); ++done) run_step(ts, p.at("steps")[done]);
      if (!throws.is_number()) {
        Tensor loss = scalar_tensor(0, kFloat64);
        for (const Json& k : p.at("outputs")) {
          const Tensor& t = ts[k.get<std::size_t>()];
          loss = loss + sum(t * weight(t));
        }
        loss.backward();
      }
    } catch (const GradError& e) {
      threw = true;
      CAPTURE(std::string(e.what()));
      CHECK(!throws.is_null());
      if (throws.is_number()) CHECK(done == throws.get<std::size_t>());
      // Told when torch finds out, in backward, or at once.
      const bool at_once = std::string(e.what()).find("while it was a leaf") != std::string::npos;
      if (throws.is_string()) CHECK((at_once || done == p.at("steps").size()));
    }
    threw ? ++thrown : ++fine;
    CHECK(threw == !throws.is_null());
    if (!p.contains("values") || done < p.at("steps").size()) continue;
    for (std::size_t k = 0; k < ts.size(); ++k) {
      CAPTURE(k);
      CHECK(near(values(ts[k]), p.at("values")[k]));
      CHECK(ts[k].requires_grad() == p.at("requires_grad")[k].get<bool>());
    }
    if (!p.contains("grads")) continue;
    for (std::size_t k = 0; k < 2; ++k) {
      const Json& g = p.at("grads")[k];
      CHECK(ts[k].grad().defined() == !g.is_null());
      if (!g.is_null() && ts[k].grad().defined()) CHECK(near(values(ts[k].grad()), g));
    }
  }
  CHECK(fine + thrown >= 300);
  CHECK(thrown >= 60);
}

TEST_CASE("in place: a leaf that is a view is a leaf") {
  const Tensor w = leaf({5});
  Tensor x = ones({4}, kFloat64), v = x.view({2, 2}).requires_grad_();
  CHECK(words([&] { v.mul_(2.0); }).find("mul_: a leaf tensor that requires grad") == 0);
  CHECK(words([&] { v.mul_(w); }).find("mul_: a leaf tensor that requires grad") == 0);
  CHECK(v.version() == 0);
  Tensor y = v * 3;
  x.mul_(w);  // x may change, but v is what it was made to be
  CHECK(v.is_leaf());
  CHECK(v.requires_grad());
  CHECK(words([&] { v * 2; }).find("is a leaf that requires grad, and since then") != std::string::npos);
  sum(y).backward();
  CHECK(values(v.grad()) == Numbers{3, 3, 3, 3});
  Tensor u = ones({4}, kFloat64), leaf_view = u.view({2, 2}).requires_grad_();
  Tensor row = leaf_view[0];
  // u would get a history that leads to leaf_view, which owns u.
  CHECK(words([&] { row.mul_(10.0); }).find("or from a view of it, while it was a leaf") != std::string::npos);
  CHECK(values(row) == Numbers{1, 1});
  sum(row).backward();
  CHECK(values(leaf_view.grad()) == Numbers{1, 1, 0, 0});
}

TEST_CASE("in place: a view of a view that was made under NoGradGuard cannot be changed either") {
  Tensor w = leaf({1, 2, 3, 4}), h = w * 1, t;
  {
    NoGradGuard no_grad;
    t = h.view({2, 2});
  }
  Tensor z = t[0];
  CHECK(!z.is_view());
  CHECK_THROWS_AS(z.mul_(10.0), GradError);
  CHECK(values(h) == Numbers{1, 2, 3, 4});
  h.mul_(3.0);
  CHECK_THROWS_AS(z * 2, GradError);
  sum(h).backward();
  CHECK(values(w.grad()) == Numbers{3, 3, 3, 3});
  // One whose base is gone is nobody else's.
  Tensor c = leaf({7}), own;
  {
    NoGradGuard no_grad;
    own = zeros({4}, kFloat64).view({2, 2});
  }
  own.add_(c);
  sum(own * 2).backward();
  CHECK(values(c.grad()) == Numbers{8});
}

TEST_CASE("in place: one may always ask for the history, also where it is not known") {
  Tensor w = leaf({1, 2}), h = w * 1, t;
  {
    NoGradGuard no_grad;
    t = h[0];
  }
  h.add_(w);
  CHECK(!t.requires_grad());
  CHECK(t.is_leaf());
  CHECK(t.grad_fn() == "");
  std::ostringstream text;
  text << t;
  CHECK(text.str().find("2") != std::string::npos);
  CHECK(t.item() == 2);
  CHECK_THROWS_AS(t * 2, GradError);
  NoGradGuard no_grad;
  CHECK((t * 2).item() == 4);
}

TEST_CASE("in place: what a view keeps as its gradient does not depend on who asked") {
  for (const bool ask : {false, true}) {
    Tensor w = leaf({1, 2}), h = w * 1, v = h.view({2});
    v.retain_grad();
    v.mul_(10.0);
    if (ask) CHECK(v.requires_grad());
    sum(h).backward({}, {.retain_graph = true});
    CHECK(!v.grad().defined());  // as torch: h's history does not lead through what v is now
    sum(v * 3).backward();
    CHECK(values(v.grad()) == Numbers{3, 3});
  }
}

TEST_CASE("in place: an integer copy of a stale view does not require grad") {
  Tensor w = leaf({1, 2}), x = zeros({2}, kFloat64), v = x.view({2});
  x.add_(w);
  CHECK(!v.to(kInt64).requires_grad());
  CHECK(v.to(kFloat32).requires_grad());
}

}  // namespace harker

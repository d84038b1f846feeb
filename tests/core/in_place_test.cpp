// Changes in place that autograd records: whole programs whose results torch wrote down, and what they must not do:
// leak, change anything after a throw, or give a wrong gradient in silence.
#include <doctest/doctest.h>

#include <array_json.h>
#include <test_data.h>

#include <harker/core/autograd/autograd.h>
#include <harker/core/grad_mode.h>
#include <harker/core/ops/ops.h>

namespace harker {
namespace {

using Json = nlohmann::json;
using Numbers = std::vector<double>;
Numbers values(const Tensor& t) { return t.to_vector<double>(); }
Tensor leaf(std::initializer_list<double> v) { return tensor(v, {.dtype = kFloat64, .requires_grad = true}); }

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

}  // namespace harker

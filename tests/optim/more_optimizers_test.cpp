// The optimizers that are written with tensors, and LBFGS, against 20 steps of torch's (data/make_optimizers.py): losses,
// parameters, and state dicts with keys in torch's order, from which either side goes on. And what they refuse.
#include <array_json.h>
#include <doctest/doctest.h>
#include <harker/core/grad_mode.h>
#include <harker/core/ops/ops.h>
#include <harker/core/stateful.h>
#include <harker/optim/lbfgs.h>
#include <harker/optim/more_optimizers.h>
#include <optim/args.h>
#include <test_tensor.h>

#include <cmath>
#include <memory>

using namespace harker;
using namespace harker::optim;
using harker::test::has;
using harker::test::Json;
using harker::test::number;
using harker::test::tensor_from;
using harker::test::words;

static_assert(Stateful<NAdam> && Stateful<LBFGS>);

namespace {

struct Problem {
  Tensor w = linspace(-1, 1, 12, kFloat64).view({3, 4}).requires_grad_();
  Tensor b = linspace(0.5, -0.5, 4, kFloat64).requires_grad_();
  Tensor loss() const {
    return sum(sin(w * 1.3 + 0.2)) * 0.5 + sum(square(b - 0.3)) + sum(tanh(matmul(w, b))) + 0.1 * sum(pow(w, 4));
  }
};

std::unique_ptr<Optimizer> make(const std::string& name, const Json& args, const std::vector<Tensor>& params) {
  test::Args a(args, name);
  const auto moments = [&](auto o) {
    a.take("lr", o.lr).take("betas", o.betas).take("eps", o.eps).take("weight_decay", o.weight_decay);
    a.take("maximize", o.maximize);
    return o;
  };
  if (name == "NAdam") {
    auto o = moments(NAdamOptions());
    a.take("momentum_decay", o.momentum_decay).take("decoupled_weight_decay", o.decoupled_weight_decay).done();
    return std::make_unique<NAdam>(params, o);
  }
  if (name == "RAdam") {
    auto o = moments(RAdamOptions());
    a.take("decoupled_weight_decay", o.decoupled_weight_decay).done();
    return std::make_unique<RAdam>(params, o);
  }
  if (name == "Adamax") return std::make_unique<Adamax>(params, moments(AdamaxOptions()));
  if (name == "Adadelta") {
    AdadeltaOptions o;
    a.take("lr", o.lr).take("rho", o.rho).take("eps", o.eps).take("weight_decay", o.weight_decay);
    a.take("maximize", o.maximize).done();
    return std::make_unique<Adadelta>(params, o);
  }
  if (name == "ASGD") {
    ASGDOptions o;
    a.take("lr", o.lr).take("lambd", o.lambd).take("alpha", o.alpha).take("t0", o.t0);
    a.take("weight_decay", o.weight_decay).take("maximize", o.maximize).done();
    return std::make_unique<ASGD>(params, o);
  }
  if (name == "Muon") {
    MuonOptions o;
    a.take("lr", o.lr).take("weight_decay", o.weight_decay).take("momentum", o.momentum).take("nesterov", o.nesterov);
    a.take("ns_steps", o.ns_steps).take("adjust_lr_fn", o.adjust_lr_fn).done();
    return std::make_unique<Muon>(std::vector{params[0]}, o);
  }
  LBFGSOptions o;
  a.take("lr", o.lr).take("max_iter", o.max_iter).take("history_size", o.history_size);
  a.take("line_search_fn", o.line_search_fn).done();
  return std::make_unique<LBFGS>(params, o);
}

double step(Optimizer& o, const Problem& p) {
  return o
      .step([&] {
        o.zero_grad();
        const Tensor loss = p.loss();
        loss.backward();
        return loss;
      })
      .item();
}

/// The JSON's state as a Value: whole numbers, floats, None, arrays, lists and dicts.
Value value_from(const Json& j) {
  if (j.is_null()) return {};
  if (j.is_boolean()) return j.get<bool>();
  if (j.is_number_integer()) return j.get<std::int64_t>();
  if (j.is_number()) return j.get<double>();
  if (j.is_string()) return j.get<std::string>();
  if (j.is_array()) {
    std::vector<Value> list;
    for (const Json& e : j) list.push_back(value_from(e));
    return Value::list(std::move(list));
  }
  if (j.contains("dtype")) return tensor_from(j);
  std::vector<Value::Item> items;
  for (const auto& [k, v] : j.items()) {
    const bool index = k.find_first_not_of("0123456789") == k.npos;
    items.emplace_back(index ? Value(std::stoll(k)) : Value(k), value_from(v));
  }
  return Value::dict(std::move(items));
}

bool near(const Value& a, const Value& b, double tolerance);
bool near(const Tensor& a, const Tensor& b, double tolerance) {
  return a.shape() == b.shape() && a.dtype() == b.dtype() &&
         (a.numel() == 0 ||
          max(abs(a.detach().to(kFloat64) - b.to(kFloat64)) / (abs(b.to(kFloat64)) + 1)).item() <= tolerance);
}
/// The same keys in the same order; numbers may be tensors of one element.
bool near(const Value& a, const Value& b, double tolerance) {
  if (a.is_tensor() && b.is_tensor()) return near(a.tensor(), b.tensor(), tolerance);
  if (const auto x = number_in(a), y = number_in(b); x && y) return std::abs(*x - *y) <= tolerance * (1 + std::abs(*y));
  if (b.is_dict()) {
    std::vector<Value::Item> want;
    for (const auto& item : b.items())
      if (!item.first.is_string() || item.first.as_string() != "al") want.push_back(item);  // LBFGS's scratch paper
    if (!a.is_dict() || a.len() != want.size()) return false;
    for (std::size_t i = 0; i < want.size(); ++i)
      if (!a.items()[i].first.equals(want[i].first) || !near(a.items()[i].second, want[i].second, tolerance))
        return false;
    return true;
  }
  if (b.is_list()) {
    if (!a.is_list() || a.len() != b.len()) return false;
    for (std::size_t i = 0; i < b.elements().size(); ++i)
      if (!near(a.elements()[i], b.elements()[i], tolerance)) return false;
    return true;
  }
  return a.equals(b);
}

const Json& rows() {
  static const Json all = test::read_ordered_json(std::string(HARKER_SOURCE_DIR) + "/tests/optim/data/optimizers.json");
  return all.at("rows");
}

}  // namespace

TEST_CASE("more optimizers: 20 steps are torch's, with its state and its options") {
  CHECK(rows().size() == 18);
  for (const Json& row : rows()) {
    const std::string name = row.at("name"), args = row.at("args").dump();
    CAPTURE(name);
    CAPTURE(args);
    const double tolerance = name == "Muon" ? 2e-3 : name == "LBFGS" ? 1e-9 : 1e-12;
    const auto stands = [&](const Problem& p, const Optimizer& o, const std::string& at) {
      CAPTURE(at);
      CHECK(near(p.w, tensor_from(row.at("params_" + at)[0]), tolerance));
      CHECK(near(p.b, tensor_from(row.at("params_" + at)[1]), tolerance));
      CHECK(near(o.state_dict()["state"], value_from(row.at("state_" + at)), tolerance));
    };
    Problem p;
    const auto optimizer = make(name, row.at("args"), {p.w, p.b});
    for (int i = 0; i < 20; ++i) {
      CAPTURE(i);
      const double want = number(row.at("losses")[static_cast<std::size_t>(i)]);
      CHECK(std::abs(step(*optimizer, p) - want) <= tolerance * (1 + std::abs(want)));
      if (i == 9) stands(p, *optimizer, "10");
    }
    stands(p, *optimizer, "20");

    const Value group = optimizer->state_dict()["param_groups"][0];
    std::vector<std::string> keys, want;
    for (const auto& item : group.items()) keys.emplace_back(item.first.as_string());
    for (const Json& item : row.at("group")) want.push_back(item[0]);
    CHECK(keys == want);
    for (const Json& item : row.at("group")) {
      const std::string key = item[0];
      CAPTURE(key);
      const Value theirs = value_from(item[1]);
      CHECK(near(group[key].is_tuple() ? Value::list({group[key].elements().begin(), group[key].elements().end()})
                                       : group[key],
                 theirs, 0));
    }

    // From torch's state in the middle.
    Problem middle;
    {
      NoGradGuard no_grad;
      middle.w.copy_(tensor_from(row.at("params_10")[0]));
      middle.b.copy_(tensor_from(row.at("params_10")[1]));
    }
    const auto loaded = make(name, Json::object(), {middle.w, middle.b});
    Value state = optimizer->state_dict();
    state.set("state", value_from(row.at("state_10")));
    loaded->load_state_dict(state);
    CHECK(loaded->state_dict()["state"].equals(state["state"]));
    for (int i = 0; i < 10; ++i) step(*loaded, middle);
    stands(middle, *loaded, "20");
  }
}

TEST_CASE("more optimizers: float32 and 16 bits, strided parameters, and parameters without gradient") {
  const auto trains = [](auto make_one) {
    for (const DType dtype : {kFloat32, kFloat16, kBFloat16}) {
      Tensor p = full({3, 2}, 1.0, dtype).t().requires_grad_(), idle = ones({2, 2}, dtype).requires_grad_();
      auto o = make_one(std::vector{p, idle});
      for (int i = 0; i < 3; ++i) {
        p.set_grad(full({2, 3}, 0.5, dtype));
        o.step();
      }
      CAPTURE(name(dtype));
      CHECK(p.detach().to(kFloat32)[0][0].item() < 1);
      CHECK(equal(idle.detach(), ones({2, 2}, dtype)));
      CHECK(o.state_dict()["state"].len() == 1);
      CHECK(o.state(idle).len() == 0);
      CHECK(o.state(p).len() > 0);
    }
  };
  trains([](std::vector<Tensor> p) { return NAdam(std::move(p), 0.1); });
  trains([](std::vector<Tensor> p) { return RAdam(std::move(p), 0.1); });
  trains([](std::vector<Tensor> p) { return Adamax(std::move(p), 0.1); });
  trains([](std::vector<Tensor> p) { return Adadelta(std::move(p), 10); });
  trains([](std::vector<Tensor> p) { return ASGD(std::move(p), 0.1); });
  trains([](std::vector<Tensor> p) { return Muon(std::move(p), 0.1); });
}

TEST_CASE("more optimizers: what makes no sense is refused") {
  const Tensor p = ones({2, 2}).requires_grad_(), v = ones({2}).requires_grad_();
  CHECK_THROWS_AS(NAdam({p}, {.momentum_decay = -1}), Error);
  CHECK_THROWS_AS(RAdam({p}, {.betas = {1, 0.9}}), Error);
  CHECK_THROWS_AS(Adamax({p}, {.eps = NAN}), Error);
  CHECK_THROWS_AS(Adadelta({p}, {.rho = 1.5}), Error);
  CHECK_THROWS_AS(ASGD({p}, {.lambd = -1}), Error);
  CHECK_THROWS_AS(Muon({p}, {.ns_steps = 100}), Error);
  CHECK(has(words([&] { Muon({p}, {.adjust_lr_fn = "other"}); }), "match_rms_adamw"));
  CHECK_THROWS_AS(LBFGS({p}, {.max_iter = 0}), Error);
  CHECK(has(words([&] { LBFGS({p}, {.line_search_fn = "wolfe"}); }), "strong_wolfe"));
  CHECK(has(words([&] { LBFGS({p}).step(); }), "step([&]"));
  Muon muon({p, v});
  p.impl().grad = nullptr;
  Tensor(v).set_grad(ones({2}));
  CHECK_THROWS_AS(muon.step(), ShapeError);
  CHECK(muon.state_dict()["state"].len() == 0);
  LBFGS two(std::vector<ParamGroup<LBFGSOptions>>{{{p}}, {{v}}});
  CHECK(has(words([&] { two.step([&] { return sum(p); }); }), "one group"));
  LBFGS damaged({p});
  Value state = damaged.state_dict();
  state.set("state", Value::dict({{0, Value::dict({{"func_evals", 1}, {"n_iter", 3}, {"d", ones({7})}})}}));
  damaged.load_state_dict(state);
  CHECK(has(words([&] {
              damaged.step([&] {
                const Tensor loss = sum(p * p);
                loss.backward();
                return loss;
              });
            }),
            "'d' of its state"));
}

TEST_CASE("optimizers: a real number beyond 64 bits is one, in options and in what LBFGS remembers") {
  const Tensor p = tensor({2.0}, {.requires_grad = true});
  ASGD before({p}, {.t0 = 1e20}), after({p});
  after.load_state_dict(before.state_dict());
  CHECK(after.options().t0 == 1e20);
  LBFGS o({p}, {.max_iter = 1});
  for (int i = 0; i < 2; ++i)
    o.step([&] {
      o.zero_grad();
      const Tensor loss = sum(p * p) * 1e20;
      loss.backward();
      return loss;
    });
  CHECK(o.state(p)["prev_loss"].as_double() > 1e19);
}

TEST_CASE("optimizers: a step with the loss, groups to read and to set, and what is known of one parameter") {
  Problem p;
  Adamax o({p.w, p.b}, 0.5);
  NoGradGuard no_grad;  // the closure records all the same
  const double first = step(o, p);
  CHECK(std::isfinite(first));
  CHECK(p.w.grad().defined());
  for (auto& g : o.param_groups()) {
    CHECK(g.params().size() == 2);
    CHECK(g.options().lr == 0.5);
    g.options().set_lr(0.25);
    CHECK(g.lr() == 0.25);
  }
  Optimizer& any = o;
  for (auto& g : any.param_groups()) g.options().set_lr(0.125);
  CHECK(o.options().lr == 0.125);
  CHECK(o.state(p.w)["step"].tensor().item() == 1);
  CHECK(o.state(p.w)["exp_inf"].tensor().shape() == p.w.shape());
  CHECK_THROWS_AS(o.state(ones({1})), Error);
}

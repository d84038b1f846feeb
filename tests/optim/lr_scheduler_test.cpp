// Schedulers against torch's: tests/optim/data/schedules.json, which tests/interop/schedules.py makes and judges. The
// rates and the saved state dicts are equal to the bit where the C library's pow and cos are those of the machine that
// made the file.
#include <doctest/doctest.h>
#include <harker/core/stateful.h>
#include <harker/core/warning.h>
#include <harker/optim/optim.h>
#include <harker/serialize/serialize.h>
#include <optim/schedule.h>
#include <sha256.h>

#include <bit>
#include <cmath>
#include <memory>

using namespace harker;
using namespace harker::test;
using optim::ChainableLR;

static_assert(Stateful<optim::StepLR> && Stateful<optim::SequentialLR> && Stateful<optim::ReduceLROnPlateau>);

namespace {

constexpr int kSteps = 200, kSavedAt = 57;

double metric(const std::string& name, int t) {
  const double bumpy = t < 40 ? 2 - t / 40.0 : 1 + (t * 7919 % 13 - 6) / 100.0;
  return name == "falling" ? 1.0 / (1 + t) : name == "bumpy" ? bumpy : name == "rising" ? -bumpy : NAN;
}

/// An optimizer with its schedulers, made from a case of the file.
struct Setup {
  std::vector<Tensor> params;
  std::unique_ptr<optim::Optimizer> optimizer;
  Schedule schedule;
  std::string metrics;

  explicit Setup(const Json& c) {
    const std::string kind = c.at("optimizer").at("name");
    if (kind == "SGD")
      optimizer = make<optim::SGD>(c, optim::SGDOptions{.momentum = 0.9});
    else if (kind == "Adam")
      optimizer = make<optim::Adam>(c, optim::AdamOptions{});
    else
      optimizer = make<optim::RMSprop>(c, optim::RMSpropOptions{.momentum = 0.9});
    schedule = Schedule(c.at("schedulers"), *optimizer);
    if (c.contains("metrics")) metrics = c.at("metrics");
  }

  template <class O, class Options>
  std::unique_ptr<optim::Optimizer> make(const Json& c, Options o) {
    std::vector<optim::ParamGroup<Options>> groups;
    for (const Json& lr : c.at("lrs")) {
      params.push_back(zeros({2}).requires_grad_());
      o.lr = lr;
      groups.push_back({{params.back()}, o});
    }
    return std::make_unique<O>(std::move(groups));
  }

  void step(int number) {
    optimizer->step();
    schedule.step(metrics.empty() ? 0 : metric(metrics, number - 1));
  }
  std::vector<double> values(bool with_momentum) const {
    std::vector<double> row;
    for (std::size_t g = 0; g < optimizer->num_groups(); ++g) row.push_back(optimizer->lr(g));
    for (std::size_t g = 0; with_momentum && g < optimizer->num_groups(); ++g) row.push_back(*optimizer->momentum(g));
    return row;
  }
  std::vector<double> last_lr() const { return schedule.get_last_lr(); }
  /// Of each scheduler that is stepped, then the optimizer.
  std::vector<Value> states() const {
    std::vector<Value> out = schedule.states();
    out.push_back(optimizer->state_dict());
    return out;
  }
  void load(const std::vector<Value>& states) {
    schedule.load(states);
    optimizer->load_state_dict(states.back());
  }
};

Value through_file(const Value& v, std::string* sum) {
  const auto bytes = save_to_bytes(v, {.format = "torch"}, "archive");
  *sum = sha256_hex(bytes);
  return load(bytes);
}

}  // namespace

TEST_CASE("lr_scheduler: 200 steps of every scheduler give torch's rates, and its state dicts byte for byte") {
  const Json cases =
      read_ordered_json(std::filesystem::path(HARKER_SOURCE_DIR) / "tests" / "optim" / "data" / "schedules.json");
  REQUIRE(cases.size() >= 40);
  for (const Json& c : cases) {
    CAPTURE(c.at("schedulers").dump());
    Setup torch(c);
    std::unique_ptr<Setup> resumed;
    const bool momentum = c.at("schedulers").dump().find("OneCycleLR") != std::string::npos;
    std::vector<std::vector<double>> rows = {torch.values(momentum)};
    double worst = 0;
    for (int step = 1; step <= kSteps; ++step) {
      torch.step(step);
      rows.push_back(torch.values(momentum));
      CHECK(torch.last_lr() == torch.values(false));
      if (resumed) {
        resumed->step(step);
        CHECK(resumed->values(momentum) == rows.back());
      }
      if (step != kSavedAt) continue;
      std::vector<Value> loaded;
      std::size_t i = 0;
      for (const Value& state : torch.states()) {
        std::string sum;
        loaded.push_back(through_file(state, &sum));
        CHECK(sum == c.at("saved_sha256").at(i++).get<std::string>());
      }
      resumed = std::make_unique<Setup>(c);
      resumed->load(loaded);
      for (std::size_t k = 0; k < loaded.size(); ++k) {  // what came from a file is written as it was
        std::string sum;
        through_file(resumed->states()[k], &sum);
        CHECK(sum == c.at("saved_sha256").at(k).get<std::string>());
      }
    }
    for (const Json& sample : c.at("samples")) {
      const auto& row = rows.at(sample.at(0).get<std::size_t>());
      REQUIRE(row.size() == sample.at(1).size());
      for (std::size_t i = 0; i < row.size(); ++i) {
        const double want = number(sample.at(1).at(i));
        worst = std::max(worst, std::abs(row[i] - want) / std::max(std::abs(want), 1e-300));
      }
    }
    CHECK(worst < 1e-11);
#ifdef __GLIBC__
    std::vector<std::uint8_t> bytes;
    for (const auto& row : rows) {
      for (double v : row) {
        const auto bits = std::bit_cast<std::array<std::uint8_t, 8>>(v);
        bytes.insert(bytes.end(), bits.begin(), bits.end());
      }
    }
    CHECK(sha256_hex(bytes) == c.at("sha256").get<std::string>());
#endif
  }
}

namespace {

std::string message_of(auto&& f) {
  try {
    f();
  } catch (const Error& e) { return e.what(); }
  return "nothing was thrown";
}
bool says(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

std::vector<std::string> warnings;
struct Warnings {
  Warnings() {
    warnings.clear();
    before = set_warning_handler([](const std::string& m) { warnings.push_back(m); });
  }
  ~Warnings() { set_warning_handler(before); }
  WarningHandler before;
};

optim::SGD sgd(double lr = 0.5) { return optim::SGD({zeros({2}).requires_grad_()}, {.lr = lr}); }

}  // namespace

TEST_CASE("lr_scheduler: a first step before the optimizer's is warned of, once") {
  const Warnings guard;
  optim::SGD o = sgd();
  optim::StepLR s(o, {.step_size = 1});
  s.step();
  s.step();
  REQUIRE(warnings.size() == 1);
  CHECK(says(warnings[0], "optimizer.step() first"));
  optim::SGD p = sgd();
  optim::StepLR t(p, {.step_size = 1});
  p.step();
  t.step();
  CHECK(warnings.size() == 1);
}

TEST_CASE("lr_scheduler: going on after an epoch needs the initial rates of a loaded state") {
  optim::SGD o = sgd();
  CHECK(says(message_of([&] { optim::StepLR(o, {.step_size = 1, .last_epoch = 3}); }), "initial_lr"));
  optim::SGD first = sgd();
  optim::ExponentialLR s(first, {.gamma = 0.5});
  for (int i = 0; i < 4; ++i) first.step(), s.step();
  optim::SGD second = sgd(9);
  second.load_state_dict(first.state_dict());
  optim::ExponentialLR t(second, {.gamma = 0.5, .last_epoch = 3});
  CHECK(t.last_epoch() == 4);
  CHECK(t.get_last_lr() == s.get_last_lr());
}

TEST_CASE("lr_scheduler: OneCycleLR refuses a step too many and what it cannot cycle, and changes nothing") {
  optim::SGD o = sgd();
  optim::OneCycleLR s(o, {.max_lr = 0.5, .total_steps = 10});
  for (int i = 0; i < 10; ++i) o.step(), s.step();
  const Value before = s.state_dict(), groups = o.state_dict();
  CHECK(says(message_of([&] { s.step(); }), "step 11 of 10"));
  CHECK(s.state_dict().equals(before));
  CHECK(o.state_dict().equals(groups));

  optim::Adagrad a({zeros({2}).requires_grad_()});
  CHECK(says(message_of([&] { optim::OneCycleLR(a, {.max_lr = 0.5, .total_steps = 10}); }), "cycle_momentum = false"));
  CHECK(!a.extra(0, "max_lr"));
  optim::OneCycleLR without(a, {.max_lr = 0.5, .total_steps = 10, .cycle_momentum = false});
  CHECK(a.lr() == doctest::Approx(0.02));
  optim::SGD stranger = sgd();  // torch would raise a KeyError here
  CHECK(says(message_of([&] {
               optim::SGD p = sgd();
               optim::OneCycleLR t(p, {.max_lr = 0.5, .total_steps = 10});
               p.load_state_dict(stranger.state_dict());
               p.step();
               t.step();
             }),
             "state of another scheduler"));
}

TEST_CASE("lr_scheduler: options without sense are errors before anything is changed") {
  optim::SGD o = sgd();
  const auto refuses = [&](auto&& make, const char* word) {
    const std::string text = message_of(make);
    CAPTURE(text);
    CHECK(says(text, word));
    CHECK(o.lr() == 0.5);
    CHECK(!o.extra(0, "initial_lr"));
  };
  refuses([&] { optim::StepLR(o, {}); }, "step_size must be at least 1, not 0");
  refuses([&] { optim::StepLR(o, {.step_size = 1, .gamma = -1}); }, "gamma");
  refuses([&] { optim::MultiStepLR(o, {.milestones = {-1}}); }, "milestone");
  refuses([&] { optim::ConstantLR(o, {.factor = 0}); }, "(0, 1]");
  refuses([&] { optim::ConstantLR(o, {.total_iters = 0}); }, "total_iters");
  refuses([&] { optim::LinearLR(o, {.start_factor = 0}); }, "start_factor");
  refuses([&] { optim::LinearLR(o, {.end_factor = 2}); }, "end_factor");
  refuses([&] { optim::LinearLR(o, {.total_iters = 0}); }, "total_iters");
  refuses([&] { optim::ExponentialLR(o, {}); }, "gamma");
  refuses([&] { optim::CosineAnnealingLR(o, {}); }, "T_max");
  refuses([&] { optim::CosineAnnealingLR(o, {.T_max = 5, .eta_min = NAN}); }, "eta_min");
  refuses([&] { optim::StepLR(o, {.step_size = 1, .last_epoch = -2}); }, "last_epoch");
  refuses([&] { optim::LambdaLR(o, std::vector<optim::LRLambda>{}); }, "0 functions for 1");
  refuses([&] { optim::OneCycleLR(o, {.total_steps = 9}); }, "max_lr is required");
  refuses([&] { optim::OneCycleLR(o, {.max_lr = 1}); }, "total_steps");
  refuses([&] { optim::OneCycleLR(o, {.max_lr = {1, 2}, .total_steps = 9}); }, "2 values of max_lr for 1");
  refuses([&] { optim::OneCycleLR(o, {.max_lr = 1, .total_steps = 9, .pct_start = 2}); }, "pct_start");
  refuses([&] { optim::OneCycleLR(o, {.max_lr = 1, .total_steps = 4, .pct_start = 0.25}); }, "no step for the rise");
  refuses([&] { optim::OneCycleLR(o, {.max_lr = 1, .total_steps = 9, .base_momentum = 1}); }, "base_momentum");
  refuses([&] { optim::ReduceLROnPlateau(o, {.factor = 1}); }, "factor");
  refuses([&] { optim::ReduceLROnPlateau(o, {.patience = -1}); }, "patience");
  refuses([&] { optim::ReduceLROnPlateau(o, {.min_lr = {1, 2}}); }, "2 values of min_lr");
}

TEST_CASE("lr_scheduler: SequentialLR refuses schedulers that do not go together") {
  optim::SGD o = sgd(), other = sgd();
  optim::StepLR a(o, {.step_size = 2}), b(o, {.step_size = 3}), c(other, {.step_size = 2});
  const auto refuses = [&](std::vector<ChainableLR*> list, std::vector<std::int64_t> milestones, const char* word) {
    const std::string text = message_of([&] { optim::SequentialLR(o, list, milestones); });
    CAPTURE(text);
    CHECK(says(text, word));
    CHECK(a.last_epoch() == 0);
  };
  refuses({}, {}, "no scheduler");
  refuses({&a, &b}, {}, "2 schedulers need 1 milestones, not 0");
  refuses({&a, nullptr}, {3}, "null");
  refuses({&a, &c}, {3}, "another optimizer");
  refuses({&a, &a}, {3}, "twice");
  refuses({&a, &b}, {0}, "from 1 on");
  optim::StepLR d(o, {.step_size = 3});
  refuses({&a, &b, &d}, {3, 3}, "later than");
}

TEST_CASE("lr_scheduler: a state that does not fit is refused and changes nothing") {
  const auto check = [](auto& scheduler, const char* key, const Value& bad, const char* word) {
    const Value before = scheduler.state_dict();
    Value state = Value::dict({before.items().begin(), before.items().end()});
    state.set(key, bad);
    const std::string text = message_of([&] { scheduler.load_state_dict(state); });
    CAPTURE(text);
    CHECK(says(text, word));
    CHECK(scheduler.state_dict().equals(before));
  };
  optim::SGD o = sgd();
  optim::StepLR step(o, {.step_size = 3});
  CHECK_THROWS_AS(step.load_state_dict(Value(3)), TypeError);
  check(step, "gamma", "fast", "scheduler['gamma'] should be a number");
  check(step, "step_size", 0, "at least 1");
  check(step, "last_epoch", 1.5, "an int");
  check(step, "base_lrs", Value::list({0.1, 0.2}), "2 base_lrs");
  check(step, "_last_lr", 1, "a list of numbers");
  optim::MultiStepLR multi(o, {.milestones = {3, 3}});
  check(multi, "milestones", Value::list({3}), "a Counter");
  check(multi, "milestones", Value::dict({{3, 1000000000}}), "1000000000 times");
  optim::OneCycleLR cycle(o, {.max_lr = 1, .total_steps = 9});
  check(cycle, "_anneal_func_type", "sin", "'sin'");
  check(cycle, "_schedule_phases", Value::list(), "no phase");
  check(cycle, "_schedule_phases", Value::list({Value::dict({{"end_step", 3}, {"start_lr", "x"}})}), "'x'");
  check(cycle, "total_steps", Value(0), "total_steps");
  optim::ReduceLROnPlateau plateau(o);
  CHECK(says(message_of([&] { plateau.load_state_dict(Value(3)); }), "a scheduler's state should be a dict"));
  check(plateau, "mode", "middle", "'middle'");
  check(plateau, "min_lrs", Value::list(), "0 min_lrs");
  check(plateau, "best", Value(), "a number");

  optim::SGD p = sgd();
  optim::StepLR a(p, {.step_size = 3});
  optim::ExponentialLR b(p, {.gamma = 0.5});
  optim::SequentialLR both(p, {&a, &b}, {5});
  check(both, "_schedulers", Value::list({a.state_dict()}), "of 1 schedulers");
  check(both, "_schedulers", Value::list({a.state_dict(), Value(3)}), "should be a dict");
  check(both, "_milestones", Value::list({-5}), "_milestones");
}

TEST_CASE("lr_scheduler: what a Python state holds beyond ours is kept and written again") {
  optim::SGD o = sgd();
  optim::StepLR s(o, {.step_size = 3});
  const Value before = s.state_dict();
  Value state = Value::dict({{"verbose", false}});
  for (const auto& [k, v] : before.items()) state.set(k, v);
  state.set("gamma", 1);
  s.load_state_dict(state);
  const Value kept = s.state_dict();
  CHECK(kept.items()[0].first.as_string() == "verbose");
  CHECK(s.state_dict()["gamma"].is_int());
  CHECK(s.options().gamma == 1);
}

TEST_CASE("lr_scheduler: groups that are added after the scheduler was made are told") {
  optim::SGD o = sgd();
  optim::StepLR s(o, {.step_size = 1});
  o.add_param_group({{zeros({1}).requires_grad_()}, {.lr = 1}});
  o.step();
  CHECK(says(message_of([&] { s.step(); }), "1 parameter groups, the optimizer has 2"));
}

// MultiplicativeLR, PolynomialLR, CosineAnnealingWarmRestarts and ChainedScheduler: 14 epochs to torch's last bit, their states, and what
// they refuse.
#include <doctest/doctest.h>
#include <harker/optim/more_schedulers.h>
#include <harker/optim/sgd.h>
#include <test_tensor.h>

#include <functional>

using namespace harker;
using namespace harker::optim;
using harker::test::has;
using harker::test::words;

namespace {

struct Setting {
  Tensor p = zeros({1}).requires_grad_();
  SGD o{{p}, 0.7};
  std::unique_ptr<LRScheduler> scheduler;
  std::vector<std::unique_ptr<ChainableLR>> parts;
};
using Make = std::function<void(Setting&)>;

void multiplicative(Setting& s) {
  s.scheduler =
      std::make_unique<MultiplicativeLR>(s.o, [](std::int64_t epoch) { return 1 / static_cast<double>(1 + epoch); });
}
void polynomial(Setting& s) {
  s.scheduler = std::make_unique<PolynomialLR>(s.o, PolynomialLROptions{.total_iters = 6, .power = 1.7});
}
void restarts(Setting& s) {
  s.scheduler =
      std::make_unique<CosineAnnealingWarmRestarts>(s.o, CosineAnnealingWarmRestartsOptions{.T_0 = 4, .eta_min = 0.01});
}
void longer_restarts(Setting& s) {
  s.scheduler =
      std::make_unique<CosineAnnealingWarmRestarts>(s.o, CosineAnnealingWarmRestartsOptions{.T_0 = 2, .T_mult = 2});
}
void chained(Setting& s) {
  s.parts.push_back(std::make_unique<ConstantLR>(s.o, ConstantLROptions{.factor = 0.1, .total_iters = 3}));
  s.parts.push_back(std::make_unique<PolynomialLR>(s.o, PolynomialLROptions{.total_iters = 5}));
  s.scheduler = std::make_unique<ChainedScheduler>(std::vector{s.parts[0].get(), s.parts[1].get()});
}

std::vector<std::string> keys(const Value& dict) {
  std::vector<std::string> out;
  for (const auto& [k, v] : dict.items()) out.emplace_back(k.as_string());
  return out;
}

}  // namespace

TEST_CASE("more schedulers: rates are torch's to the last bit, and a saved state goes on with them") {
  struct Row {
    Make make;
    std::vector<double> rates;
  };
  const std::vector<Row> rows = {
      {multiplicative,
       {0x1.6666666666666p-1, 0x1.6666666666666p-2, 0x1.dddddddddddddp-4, 0x1.dddddddddddddp-6, 0x1.7e4b17e4b17e4p-8,
        0x1.fdb97530eca85p-11, 0x1.23456789abcdep-13, 0x1.23456789abcdep-16, 0x1.02e85c0898b70p-19,
        0x1.9e409340f4580p-23, 0x1.2d463c8c549d2p-26, 0x1.91b2fb65c626dp-30, 0x1.ee6621b856573p-34,
        0x1.1a8380fb9f0d4p-37}},
      {polynomial,
       {0x1.6666666666666p-1, 0x1.06e1a45f38effp-1, 0x1.67c8eb1482d99p-2, 0x1.b93dfe0cc1e04p-3, 0x1.baf274a129740p-4,
        0x1.10aa79a9e0325p-5, 0, 0, 0, 0, 0, 0, 0, 0}},
      {restarts,
       {0x1.6666666666666p-1, 0x1.32a9d0c524babp-1, 0x1.6b851eb851eb8p-2, 0x1.c6da6f9969866p-4, 0x1.6666666666666p-1,
        0x1.32a9d0c524babp-1, 0x1.6b851eb851eb8p-2, 0x1.c6da6f9969866p-4, 0x1.6666666666666p-1, 0x1.32a9d0c524babp-1,
        0x1.6b851eb851eb8p-2, 0x1.c6da6f9969866p-4, 0x1.6666666666666p-1, 0x1.32a9d0c524babp-1}},
      {longer_restarts,
       {0x1.6666666666666p-1, 0x1.6666666666666p-2, 0x1.6666666666666p-1, 0x1.31e9dd712ee87p-1, 0x1.6666666666666p-2,
        0x1.a3e447a9bbef8p-4, 0x1.6666666666666p-1, 0x1.58c25bbb817d8p-1, 0x1.31e9dd712ee87p-1, 0x1.ef8dc20bd21afp-2,
        0x1.6666666666666p-2, 0x1.ba7e1581f563bp-3, 0x1.a3e447a9bbef8p-4, 0x1.b481555c9d1bcp-6}},
      {chained,
       {0x1.1eb851eb851ebp-4, 0x1.cac083126e978p-5, 0x1.5810624dd2f19p-5, 0x1.1eb851eb851ebp-2, 0x1.1eb851eb851eap-3, 0,
        0, 0, 0, 0, 0, 0, 0, 0}}};
  for (std::size_t r = 0; r < rows.size(); ++r) {
    CAPTURE(r);
    Setting s, resumed;
    rows[r].make(s);
    rows[r].make(resumed);
    Value optimizer, scheduler;
    for (std::size_t i = 0; i < rows[r].rates.size(); ++i) {
      CAPTURE(i);
      CHECK(s.o.lr() == rows[r].rates[i]);
      CHECK(s.scheduler->get_last_lr() == std::vector{s.o.lr()});
      if (i == 3) {
        resumed.o.load_state_dict(s.o.state_dict());
        resumed.scheduler->load_state_dict(s.scheduler->state_dict());
        CHECK(resumed.scheduler->state_dict().equals(s.scheduler->state_dict()));
      }
      if (i >= 3) {
        CHECK(resumed.o.lr() == s.o.lr());
        resumed.scheduler->step();
      }
      s.scheduler->step();
    }
  }
  Setting s;
  longer_restarts(s);
  for (int i = 0; i < 5; ++i) s.scheduler->step();
  const Value state = s.scheduler->state_dict();
  CHECK(keys(state) == std::vector<std::string>{"T_0", "T_i", "T_mult", "eta_min", "T_cur", "base_lrs", "last_epoch",
                                                "_step_count", "_is_initial", "_get_lr_called_within_step",
                                                "_last_lr"});
  CHECK(state["T_i"].as_int() == 4);
  CHECK(state["T_cur"].as_int() == 3);
  Setting m;
  multiplicative(m);
  CHECK(keys(m.scheduler->state_dict()) == std::vector<std::string>{"base_lrs", "last_epoch", "_step_count",
                                                                    "_is_initial", "_get_lr_called_within_step",
                                                                    "_last_lr", "lr_lambdas"});
  Setting c;
  chained(c);
  CHECK(keys(c.scheduler->state_dict()) == std::vector<std::string>{"_last_lr", "_schedulers"});
}

TEST_CASE("more schedulers: what makes no sense is refused, another's state too, and changes nothing") {
  Setting s, other;
  CHECK(has(words([&] { MultiplicativeLR(s.o, std::vector<LRLambda>()); }), "0 functions for 1"));
  CHECK_THROWS_AS(PolynomialLR(s.o, {.total_iters = 0}), Error);
  CHECK_THROWS_AS(PolynomialLR(s.o, {.power = -1}), Error);
  CHECK_THROWS_AS(CosineAnnealingWarmRestarts(s.o, {}), Error);
  CHECK_THROWS_AS(CosineAnnealingWarmRestarts(s.o, {.T_0 = 1, .T_mult = 0}), Error);
  CHECK_THROWS_AS(ChainedScheduler({}), Error);
  CHECK(s.o.lr() == 0.7);
  Setting far;  // a second restart further away than there are numbers
  CosineAnnealingWarmRestarts once(far.o, {.T_0 = 2, .T_mult = std::int64_t{1} << 62});
  for (int i = 0; i < 3; ++i) once.step();
  CHECK(far.o.lr() == 0.7);
  ConstantLR a(s.o), b(other.o);
  CHECK(has(words([&] { ChainedScheduler({&a, &b}); }), "another optimizer"));
  CHECK(has(words([&] { ChainedScheduler({&a, &a}); }), "given twice"));
  ChainedScheduler one({&a});
  Setting two;
  chained(two);
  const Value before = two.scheduler->state_dict();
  CHECK_THROWS_AS(two.scheduler->load_state_dict(one.state_dict()), Error);
  CHECK(has(words([&] { two.scheduler->load_state_dict(a.state_dict()); }), "ConstantLR"));
  CHECK(two.scheduler->state_dict().equals(before));
}

// Several threads at one generator: every number of its stream is handed out once, and what one call draws lies
// together. With a generator of its own (GeneratorGuard) a thread draws the same numbers whatever the others do.
#include <doctest/doctest.h>
#include <harker/core/ops/ops.h>
#include <harker/core/random.h>
#include <in_threads.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <mutex>
#include <thread>
#include <vector>

using namespace harker;
using test::in_threads;
using test::kThreads;

namespace {

constexpr int kCalls = 200;

/// What kThreads * kCalls calls gave, sorted: from one thread after another, and from all at once.
template <class Call>
void check_handed_out_once(const Call& call) {
  using Drawn = decltype(call());
  std::vector<Drawn> in_turn, together;
  manual_seed(7);
  for (int i = 0; i < kThreads * kCalls; ++i) in_turn.push_back(call());
  const Tensor after = default_generator().state();
  manual_seed(7);
  std::mutex mutex;
  in_threads([&](int) {
    std::vector<Drawn> mine;
    for (int i = 0; i < kCalls; ++i) mine.push_back(call());
    const std::lock_guard lock(mutex);
    together.insert(together.end(), mine.begin(), mine.end());
  });
  std::sort(in_turn.begin(), in_turn.end());
  std::sort(together.begin(), together.end());
  CHECK(together == in_turn);
  CHECK(equal(default_generator().state(), after));
}

}  // namespace

TEST_CASE("random: threads that draw numbers get each of the stream once") {
  SUBCASE("32 bits") {
    check_handed_out_once([] { return default_generator().random(); });
  }
  SUBCASE("64 bits") {
    check_handed_out_once([] { return default_generator().random64(); });
  }
  SUBCASE("uniform") {
    check_handed_out_once([] { return default_generator().uniform(); });
  }
}

TEST_CASE("random: threads that fill get pieces of the stream, each in one piece and once") {
  SUBCASE("rand") {
    check_handed_out_once([] { return rand({37}).to_vector<double>(); });
  }
  SUBCASE("rand, float64") {
    check_handed_out_once([] { return rand({37}, kFloat64).to_vector<double>(); });
  }
  SUBCASE("randn in blocks") {
    check_handed_out_once([] { return randn({37}).to_vector<double>(); });
  }
  SUBCASE("randn one by one, whose second numbers of a pair wait for whoever comes next") {
    check_handed_out_once([] { return randn({5}).to_vector<double>(); });
  }
  SUBCASE("dropout") {
    check_handed_out_once([] { return dropout(ones({150}), 0.5).to_vector<double>(); });
  }
  SUBCASE("bernoulli") {
    check_handed_out_once([] { return bernoulli(full({150}, 0.5)).to_vector<double>(); });
  }
  SUBCASE("bernoulli_, random_, exponential_ and randint") {
    check_handed_out_once([] {
      Tensor t = empty({150}, kFloat64);
      return bernoulli_(t).to_vector<double>();
    });
    check_handed_out_once([] {
      Tensor t = empty({9}, kInt64);
      return random_(t).to_vector<std::int64_t>();
    });
    check_handed_out_once([] {
      Tensor t = empty({9}, kFloat64);
      return exponential_(t).to_vector<double>();
    });
    check_handed_out_once([] { return randint(0, 1000000, {9}).to_vector<std::int64_t>(); });
  }
  SUBCASE("randperm") {
    check_handed_out_once([] { return randperm(41).to_vector<std::int64_t>(); });
  }
  SUBCASE("multinomial") {
    const Tensor weights = rand({2, 30});
    check_handed_out_once([&] { return multinomial(weights, 20, true).to_vector<std::int64_t>(); });
    check_handed_out_once([&] { return multinomial(weights, 20).to_vector<std::int64_t>(); });
  }
}

TEST_CASE("random: threads seed, copy, save and set a generator that others draw from") {
  Generator g(1);
  const Tensor set = Generator(2).state();
  std::atomic<int> wrong = 0;
  in_threads([&](int t) {
    for (int i = 0; i < kCalls; ++i) {
      if (t == 0) {
        g.manual_seed(static_cast<std::uint64_t>(i));
        g.set_state(set);
      } else if (t == 1) {
        Generator copy = g;  // of a state that is whole
        Generator same = g;
        same = copy;
        wrong += copy.random64() != same.random64();
        g = copy;
      } else if (t == 2) {
        Generator taken;
        taken.load_state_dict(g.state_dict());
        wrong += g.initial_seed() >= kCalls;
        g.normal();
      } else {
        const double u = g.uniform(), low = min(rand({700}, {}, g)).item();
        wrong += !(u >= 0 && u < 1 && low >= 0);
      }
    }
  });
  CHECK(wrong == 0);
}

TEST_CASE("random: threads with generators of their own (GeneratorGuard) draw as if alone") {
  const auto work = [] {
    Tensor x = randn({20});
    for (int i = 0; i < 20; ++i) x = dropout(x, 0.1) + rand({20});
    return x;
  };
  manual_seed(0);
  const Tensor untouched = default_generator().state();
  Tensor alone[kThreads], together[kThreads];
  for (int t = 0; t < kThreads; ++t) {
    Generator own(static_cast<std::uint64_t>(t));
    const GeneratorGuard guard(own);
    alone[t] = work();
  }
  in_threads([&](int t) {
    Generator own;
    const GeneratorGuard guard(own);
    manual_seed(static_cast<std::uint64_t>(t));  // own: it is this thread's default
    CHECK(&default_generator() == &own);
    together[t] = work();
  });
  for (int t = 0; t < kThreads; ++t) CHECK(equal(together[t], alone[t]));
  CHECK(!equal(alone[0], alone[1]));
  CHECK(equal(default_generator().state(), untouched));
}

TEST_CASE("random: a GeneratorGuard inside another gives way to it again") {
  Generator outer(1), inner(2);
  Generator& process = default_generator();
  {
    const GeneratorGuard one(outer);
    {
      const GeneratorGuard two(inner);
      CHECK(&default_generator() == &inner);
    }
    CHECK(&default_generator() == &outer);
  }
  CHECK(&default_generator() == &process);
}

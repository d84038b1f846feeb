// DataLoader's threads: the same batches in the same order whatever their number, what they throw, and loops that are
// left; and data sets made of others, streams, weights.
#include <doctest/doctest.h>
#include <harker/core/grad_mode.h>
#include <harker/core/ops/ops.h>
#include <harker/core/random.h>
#include <harker/nn/data/stream.h>
#include <harker/nn/data/transforms.h>
#include <test_tensor.h>

#include <atomic>
#include <chrono>
#include <optional>
#include <thread>

using namespace harker;
using namespace harker::nn::data;

namespace {

using harker::test::has;
using harker::test::words;

/// Samples of one's own, that draw, and take unequally long.
struct Drawing {
  std::int64_t n = 23;
  std::int64_t size() const { return n; }
  Tensor operator[](std::int64_t i) const {
    if (i % 5 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return full({2}, static_cast<double>(i)) + rand({2}) * 0.5;
  }
};

struct Failing {
  std::int64_t size() const { return 20; }
  Tensor operator[](std::int64_t i) const {
    if (i == 9) throw_it();
    return ones({1});
  }
  static void throw_it() { throw ShapeError("sample 9 is damaged"); }
};

std::vector<double> all_of(auto& loader) {
  std::vector<double> out;
  for (auto& batch : loader)
    for (double v : batch.template to_vector<double>()) out.push_back(v);
  return out;
}

}  // namespace

TEST_CASE("workers: order and samples do not depend on their number") {
  std::vector<double> first;
  for (const std::int64_t workers : {1, 2, 5}) {
    CAPTURE(workers);
    manual_seed(3);
    DataLoader loader(Drawing(), {.batch_size = 4, .shuffle = true, .num_workers = workers});
    std::vector<double> got = all_of(loader);
    const std::vector<double> second = all_of(loader);
    CHECK(got != second);  // a new order and new numbers
    got.insert(got.end(), second.begin(), second.end());
    got.push_back(rand({1}).item());  // the stream is where it would be
    if (first.empty()) first = got;
    CHECK(got == first);
  }
  // Without drawing, as without workers.
  manual_seed(3);
  const TensorDataset data(arange(10).to(kFloat32));
  DataLoader alone(data, {.batch_size = 3, .shuffle = true}),
      with(data, {.batch_size = 3, .shuffle = true, .num_workers = 2});
  std::vector<double> want, got;
  for (auto& [x] : alone) want.push_back(sum(x).item());
  manual_seed(3);
  for (auto& [x] : with) got.push_back(sum(x).item());
  CHECK(got == want);
  CHECK(with.size() == 4);
  // A copied iterator goes on where the first one is, as without workers.
  manual_seed(3);
  auto it = with.begin(), copy = it;
  CHECK(sum((*++it)[0]).item() == want[1]);
  CHECK(sum((*++copy)[0]).item() == want[2]);
  CHECK(sum((*++it)[0]).item() == want[3]);
  CHECK(++copy == with.end());
}

TEST_CASE("workers: what one throws arrives at its batch's turn, and a loop that is left ends them") {
  DataLoader loader(Failing(), {.batch_size = 4, .num_workers = 3});
  int batches = 0;
  const std::string said = words<ShapeError>([&] {
    for (auto& b : loader) batches += b.defined();
  });
  CHECK(said == "sample 9 is damaged");
  CHECK(batches == 2);
  for (int i = 0; i < 20; ++i) {
    DataLoader many(Drawing(), {.batch_size = 1, .num_workers = 4});
    for (auto& b : many)
      if (b.defined()) break;
    auto again = many.begin();
    again = many.begin();  // the threads of the first are not through with its indices
  }
  CHECK_THROWS_AS(DataLoader(Drawing(), {.num_workers = -1}), Error);
  CHECK_THROWS_AS(DataLoader(Drawing(), {.num_workers = 100000}), Error);
  DataLoader empty(Drawing{0}, {.num_workers = 2});
  CHECK(all_of(empty).empty());
  DataLoader dropped(Drawing(), {.batch_size = 10, .drop_last = true, .num_workers = 2});
  CHECK(all_of(dropped).size() == 40);
}

TEST_CASE(
    "workers: the state says what was handed over, not what was fetched; the rest is the same, drawn numbers too") {
  manual_seed(1);
  const DataLoaderOptions o = {.batch_size = 4, .shuffle = true, .num_workers = 2};
  DataLoader loader(Drawing(), o);
  std::vector<double> rest;
  Value state;
  int batch = 0;
  for (auto& b : loader) {
    if (++batch == 2) state = loader.state_dict();
    if (batch > 2)
      for (double v : b.to_vector<double>()) rest.push_back(v);
  }
  CHECK(state["position"].as_int() == 8);
  DataLoader resumed(Drawing(), o);
  resumed.load_state_dict(state);
  CHECK(all_of(resumed) == rest);
}

TEST_CASE("workers: the grad mode is the loop's") {
  struct Modes {
    std::int64_t size() const { return 4; }
    bool operator[](std::int64_t) const { return is_grad_enabled(); }
  };
  DataLoader loader(Modes(), {.batch_size = 4, .num_workers = 2});
  for (auto& b : loader) CHECK(all(b).item<bool>());
  NoGradGuard no_grad;
  for (auto& b : loader) CHECK(!any(b).item<bool>());
}

TEST_CASE("data: mapped and joined data sets, and normalised samples") {
  const TensorDataset data(arange(12).to(kFloat32).view({3, 2, 2}), arange(3));
  const auto mapped = nn::data::map(data, transforms::Normalize({1, 2}, {2, 4}));
  CHECK(mapped.size() == 3);
  CHECK(mapped[1][0].to_vector<double>() == std::vector<double>{1.5, 2, 1, 1.25});
  CHECK(mapped[1][1].item() == 1);
  DataLoader loader(nn::data::map(mapped, [](auto s) { return std::pair(s[0] * 2.0, s[1]); }),
                    {.batch_size = 2, .num_workers = 1});
  for (auto& [x, y] : loader) CHECK(x.size(0) == y.size(0));
  CHECK(transforms::Normalize(1, 2)(ones({3})).to_vector<double>() == std::vector<double>{0, 0, 0});
  CHECK_THROWS_AS(transforms::Normalize({1, 2}, {1, 2})(ones({3, 2})), ShapeError);
  CHECK_THROWS_AS(transforms::Normalize({1, 2}, {1}), ShapeError);
  CHECK_THROWS_AS(transforms::Normalize(0, 0), Error);
  CHECK_THROWS_AS(transforms::Normalize(0, 1)(arange(3)), TypeError);
  const ConcatDataset both(std::vector{data, data});
  CHECK(both.size() == 6);
  CHECK(both[5][1].item() == 2);
  CHECK_THROWS_AS(both[6], ShapeError);
  CHECK_THROWS_AS(both[-1], ShapeError);
}

TEST_CASE("data: batches of a stream") {
  struct Count {
    int n = 0;
    std::optional<std::pair<Tensor, int>> next() {
      if (n == 7) return {};
      ++n;
      return std::pair(full({2}, n), n);
    }
    void reset() { n = 0; }
  };
  StreamLoader loader(Count(), {.batch_size = 3});
  for (int epoch = 0; epoch < 2; ++epoch) {
    std::vector<double> sizes, sums;
    for (auto& [x, y] : loader) {
      sizes.push_back(static_cast<double>(x.size(0)));
      sums.push_back(sum(y).item());
    }
    CHECK(sizes == std::vector<double>{3, 3, 1});
    CHECK(sums == std::vector<double>{6, 15, 7});
  }
  StreamLoader dropping(Count(), {.batch_size = 4, .drop_last = true});
  int batches = 0;
  for (auto& batch : dropping) batches += std::get<0>(batch).size(0) == 4;
  CHECK(batches == 1);
  CHECK_THROWS_AS(StreamLoader(Count(), {.batch_size = 0}), Error);
}

TEST_CASE("data: a weighted sampler draws as torch's") {
  manual_seed(4);  // torch.manual_seed(4); list(WeightedRandomSampler([0.1, 0.9, 0.4, 0.7, 3.0, 0.6], 5, ...))
  CHECK(WeightedRandomSampler({0.1, 0.9, 0.4, 0.7, 3.0, 0.6}, 5).indices() == std::vector<std::int64_t>{4, 4, 1, 5, 5});
  CHECK(WeightedRandomSampler({0.1, 0.9, 0.4, 0.7, 3.0, 0.6}, 5, false).indices() ==
        std::vector<std::int64_t>{3, 4, 5, 1, 2});
  Generator g(9);
  CHECK(WeightedRandomSampler({1, 0, 2}, 6, true, &g).indices() == std::vector<std::int64_t>{0, 2, 2, 0, 0, 2});
  CHECK_THROWS_AS(WeightedRandomSampler({1, 2}, 0), Error);
  CHECK_THROWS_AS(WeightedRandomSampler({1, 2}, 3, false).indices(), Error);
  CHECK_THROWS_AS(WeightedRandomSampler({1, -2}, 3).indices(), Error);
}

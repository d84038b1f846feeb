// Data sets, splits, samplers and the loader: torch's order for the same seed, batches of every kind of sample, and
// going on in the middle of an epoch.
#include <doctest/doctest.h>
#include <harker/core/stateful.h>
#include <harker/core/warning.h>
#include <harker/nn/nn.h>
#include <sha256.h>
#include <test_json.h>
#include <test_tensor.h>

#include <algorithm>
#include <numeric>

using namespace harker;
using namespace harker::nn::data;

namespace {

using Indices = std::vector<std::int64_t>;

std::string message_of(auto&& f) {
  try {
    f();
  } catch (const Error& e) { return e.what(); }
  return "nothing was thrown";
}
bool says(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

TensorDataset<2> rows(std::int64_t n) {
  const Tensor x = arange(0, static_cast<double>(2 * n)).reshape({n, 2});
  return TensorDataset(x, arange(n));
}

/// A data set whose samples are numbers.
template <class T>
struct Numbers {
  std::int64_t n;
  std::int64_t size() const { return n; }
  T operator[](std::int64_t i) const { return static_cast<T>(i); }
};

/// The indices in the order in which a loader gives them.
template <class L>
Indices order_of(L& loader) {
  Indices out;
  for (auto& batch : loader) {
    const auto part = batch.template to_vector<std::int64_t>();
    out.insert(out.end(), part.begin(), part.end());
  }
  return out;
}

static_assert(Stateful<DataLoader<TensorDataset<2>>>);
static_assert(Dataset<Numbers<int>> && !BatchDataset<Numbers<int>> && BatchDataset<Subset<TensorDataset<1>>>);

}  // namespace

TEST_CASE("data: every DataLoader case of the fixtures is torch's to the bit, generator included") {
  const auto path = test::fixtures() / "random" / "random.json";
  if (!std::filesystem::exists(path)) {
    MESSAGE("skipped: no ", path.string());
    return;
  }
  int ran = 0;
  const nlohmann::json file = test::read_json(path);
  for (const auto& c : file.at("cases")) {
    if (c.at("name") != "DataLoader") continue;
    const auto& p = c.at("params");
    CAPTURE(p.dump());
    manual_seed(static_cast<std::uint64_t>(c.at("seed").get<std::int64_t>()));
    DataLoader loader(Numbers<std::int64_t>{p.at("n")}, {.batch_size = p.at("batch_size"), .shuffle = p.at("shuffle")});
    for (int epoch = 0; epoch < p.at("epochs"); ++epoch) {
      const Indices order = order_of(loader);
      const auto& want = c.at("results").at("epoch" + std::to_string(epoch));
      const Tensor got = from_vector(order, {static_cast<std::int64_t>(order.size())});
      CHECK(test::sha256_hex(test::bytes_of(got)) == want.at("sha256").get<std::string>());
    }
    CHECK(test::sha256_hex(test::bytes_of(default_generator().state())) == c.at("rng_state_sha256").get<std::string>());
    ++ran;
  }
  MESSAGE(ran, " cases");
  CHECK(ran > 0);
}

TEST_CASE("data: batches of a TensorDataset are its rows") {
  DataLoader loader(rows(7), {.batch_size = 3});
  CHECK(loader.size() == 3);
  std::int64_t at = 0;
  for (auto& [x, y] : loader) {
    const std::int64_t n = std::min<std::int64_t>(3, 7 - at);
    CHECK(x.shape() == Shape{n, 2});
    CHECK(x[0][1].item() == static_cast<double>(2 * at + 1));
    CHECK(y.dtype() == kInt64);
    CHECK(y.to_vector<std::int64_t>().back() == at + n - 1);
    at += n;
  }
  CHECK(at == 7);
  DataLoader whole(rows(7), {.batch_size = 3, .drop_last = true});
  CHECK(whole.size() == 2);
  int batches = 0;
  for (auto& batch : whole) batches += static_cast<int>(batch[1].size(0) / 3);
  CHECK(batches == 2);
  DataLoader none(rows(0), {.batch_size = 4});
  CHECK(none.size() == 0);
  for ([[maybe_unused]] auto& batch : none) FAIL("an empty data set has no batch");
  // A batch is a copy: what is done to it does not change the data.
  const TensorDataset data = rows(2);
  DataLoader copies(data, {.batch_size = 2});
  for (auto& [x, y] : copies) x.fill_(-1);
  CHECK(data.tensors()[0][0][1].item() == 1);
}

TEST_CASE("data: rows of every dtype, strided tensors and zero-size rows") {
  for (const DType dtype : {kFloat64, kFloat16, kBool, kInt16, kUInt8, DType::complex128, DType::float8_e5m2}) {
    const Tensor t = zeros({4, 3}, dtype);
    auto* bytes = static_cast<std::uint8_t*>(t.raw());
    std::iota(bytes, bytes + 12 * item_size(dtype), std::uint8_t{0});
    const Tensor r = take_rows(t, Indices{2, 3, 0, 2});
    REQUIRE(r.shape() == Shape{4, 3});
    const std::size_t row = 3 * item_size(dtype);
    const auto* got = static_cast<const std::uint8_t*>(r.raw());
    for (std::size_t i = 0; i < 4; ++i) CHECK(got[i * row] == (std::array<std::size_t, 4>{2, 3, 0, 2})[i] * row % 256);
  }
  const Tensor t = arange(6).reshape({2, 3}).t();
  CHECK(take_rows(t, Indices{2}).to_vector<std::int64_t>() == Indices{2, 5});
  CHECK(take_rows(zeros({3, 0}), Indices{1, 1}).shape() == Shape{2, 0});
  CHECK(take_rows(zeros({3, 2}), Indices{}).shape() == Shape{0, 2});
  CHECK_THROWS_AS(take_rows(zeros({3}), Indices{3}), ShapeError);
  CHECK_THROWS_AS(take_rows(zeros({3}), Indices{-1}), ShapeError);
  CHECK_THROWS_AS(take_rows(zeros({}), Indices{}), ShapeError);
}

namespace {

struct Pairs {
  std::int64_t size() const { return 4; }
  std::pair<Tensor, std::int32_t> operator[](std::int64_t i) const { return {full({2}, static_cast<double>(i)), 7}; }
};
struct Nested {
  std::int64_t size() const { return 2; }
  auto operator[](std::int64_t i) const {
    return std::make_tuple(static_cast<double>(i), i == 1, std::array<Tensor, 2>{ones({}), zeros({1})});
  }
};
struct Texts {
  std::int64_t size() const { return 3; }
  std::string operator[](std::int64_t i) const { return std::to_string(i); }
};

}  // namespace

TEST_CASE("data: samples of a data set of one's own are put together") {
  DataLoader pairs(Pairs{}, {.batch_size = 3});
  auto first = pairs.begin();
  auto& [x, y] = *first;
  CHECK(x.shape() == Shape{3, 2});
  CHECK(x[2][1].item() == 2);
  CHECK(y.dtype() == kInt64);
  CHECK(y.to_vector<std::int64_t>() == Indices{7, 7, 7});

  DataLoader nested(Nested{}, {.batch_size = 2});
  for (auto& [number, flag, tensors] : nested) {
    CHECK(number.dtype() == kFloat64);
    CHECK(flag.dtype() == kBool);
    CHECK(std::get<0>(tensors).shape() == Shape{2});
    CHECK(std::get<1>(tensors).shape() == Shape{2, 1});
  }
  DataLoader texts(Texts{}, {.batch_size = 2});
  for (auto& batch : texts) CHECK(batch.front() == (batch.size() == 2 ? "0" : "2"));

  struct Uneven {
    std::int64_t size() const { return 2; }
    Tensor operator[](std::int64_t i) const { return zeros({i + 1}); }
  };
  DataLoader uneven(Uneven{}, {.batch_size = 2});
  CHECK(says(message_of([&] { uneven.begin(); }), "(1), number 1 has (2)"));
}

// torch 2.15: manual_seed(3); [list(s.indices) for s in random_split(range(10), [0.5, 0.3, 0.2])] is
// [[6, 0, 3, 7, 8], [5, 1, 9], [2, 4]].
TEST_CASE("data: random_split gives torch's parts for the same seed") {
  manual_seed(3);
  const auto parts = random_split(Numbers<std::int64_t>{10}, {0.5, 0.3, 0.2});
  REQUIRE(parts.size() == 3);
  Generator g(3);
  const auto order = randperm(10, g).to_vector<std::int64_t>();
  CHECK(Indices(parts[0].indices().begin(), parts[0].indices().end()) == Indices(order.begin(), order.begin() + 5));
  CHECK(parts[2].size() == 2);
  CHECK(parts[2][1] == order[9]);
  CHECK(order == Indices{6, 0, 3, 7, 8, 5, 1, 9, 2, 4});

  const auto counts = random_split(rows(7), {4, 3});
  CHECK(counts[1].size() == 3);
  DataLoader loader(counts[1], {.batch_size = 3});
  for (auto& [x, y] : loader) {
    for (std::int64_t i = 0; i < 3; ++i)
      CHECK(y[i].item<std::int64_t>() == counts[1].indices()[static_cast<std::size_t>(i)]);
  }
  // 7 * 0.4 and 7 * 0.6 are rounded down to 2 and 4; the one that is left goes to the first.
  CHECK(random_split(rows(7), {0.4, 0.6})[0].size() == 3);
  CHECK(random_split(rows(7), {0.5, 0.3, 0.2})[0].size() == 4);
  // Two are left of eight: the first two parts get one each.
  const auto thirds = random_split(rows(8), {1.0 / 3, 1.0 / 3, 1.0 / 3});
  CHECK(thirds[0].size() == 3);
  CHECK(thirds[1].size() == 3);
  CHECK(thirds[2].size() == 2);

  CHECK(says(message_of([] { random_split(rows(7), {4, 4}); }), "7 samples"));
  CHECK(says(message_of([] { random_split(rows(7), {4, 2}); }), "7 samples"));
  CHECK(says(message_of([] { random_split(rows(7), {0.5, 0.4}); }), "no parts of the whole"));
  CHECK(says(message_of([] { random_split(rows(7), {-1, 8}); }), ">= 0"));
}

TEST_CASE("data: a part without samples is warned of") {
  static int warned = 0;
  const WarningHandler before = set_warning_handler([](const std::string&) { ++warned; });
  random_split(rows(3), {0.9, 0.1});
  set_warning_handler(before);
  CHECK(warned == 1);
}

TEST_CASE("data: samplers draw as torch's") {
  // A generator of its own: both seeds and the order come from it, and the default one is left alone.
  Generator own(11), copy(11);
  const Tensor before = default_generator().state();
  DataLoader loader(Numbers<std::int64_t>{9}, {.batch_size = 4, .shuffle = true, .generator = &own});
  const Indices order = order_of(loader);
  copy.random64();
  CHECK(order == randperm(9, copy).to_vector<std::int64_t>());
  randperm(9, copy);  // of which torch takes 0 % 9
  CHECK(equal(own.state(), copy.state()));
  CHECK(equal(default_generator().state(), before));

  // More samples than there are: whole permutations, then a part of one.
  Generator a(5), b(5);
  RandomSampler more(4, {.num_samples = 10, .generator = &a});
  CHECK(more.size() == 10);
  Indices want;
  for (int i = 0; i < 3; ++i) {
    const auto part = randperm(4, b).to_vector<std::int64_t>();
    want.insert(want.end(), part.begin(), part.begin() + (i < 2 ? 4 : 2));
  }
  CHECK(more.indices() == want);
  RandomSampler drawn(4, {.replacement = true, .num_samples = 40, .generator = &a});
  CHECK(drawn.indices() == randint(0, 4, {40}, b).to_vector<std::int64_t>());
  SubsetRandomSampler some({30, 10, 20}, &a);
  const auto three = randperm(3, b).to_vector<std::int64_t>();
  CHECK(some.indices()[0] == std::array<std::int64_t, 3>{30, 10, 20}[static_cast<std::size_t>(three[0])]);

  DataLoader sampled(Numbers<std::int64_t>{100},
                     {.batch_size = 2, .sampler = std::make_shared<SubsetRandomSampler>(Indices{7, 8, 9})});
  Indices got = order_of(sampled);
  std::sort(got.begin(), got.end());
  CHECK(got == Indices{7, 8, 9});
  CHECK(sampled.size() == 2);
}

TEST_CASE("data: an epoch that was saved in the middle goes on with the same batches") {
  for (const bool shuffle : {true, false}) {
    for (const int stop : {1, 3, 4}) {  // 4: in the body of the last batch
      CAPTURE(shuffle);
      CAPTURE(stop);
      manual_seed(8);
      const DataLoaderOptions options = {.batch_size = 3, .shuffle = shuffle};
      DataLoader first(Numbers<std::int64_t>{10}, options), second(Numbers<std::int64_t>{10}, options);
      Value state, generator;
      Indices whole, rest;
      int batches = 0;
      for (auto& batch : first) {
        const auto part = batch.to_vector<std::int64_t>();
        auto& to = batches++ < stop ? whole : rest;
        to.insert(to.end(), part.begin(), part.end());
        if (batches == stop) {
          state = first.state_dict();
          generator = default_generator().state_dict();
        }
      }
      const Indices next = order_of(first);
      default_generator().load_state_dict(generator);
      second.load_state_dict(state);
      CHECK(second.state_dict().equals(state));
      CHECK(order_of(second) == rest);
      CHECK(order_of(second) == next);
    }
  }
  DataLoader done(Numbers<std::int64_t>{10}, {.batch_size = 3});
  order_of(done);
  const Value between = done.state_dict();
  CHECK(between["indices"].is_none());
  done.load_state_dict(between);
  CHECK(order_of(done).size() == 10);
}

TEST_CASE("data: a loop that was left begins a new epoch; two loops do not disturb each other") {
  DataLoader loader(Numbers<std::int64_t>{6}, {.batch_size = 2});
  for ([[maybe_unused]] auto& batch : loader) break;
  CHECK(order_of(loader).size() == 6);
  int pairs = 0;
  for ([[maybe_unused]] auto& a : loader)
    for ([[maybe_unused]] auto& b : loader) ++pairs;
  CHECK(pairs == 9);
}

TEST_CASE("data: a loader's state that does not fit is refused and changes nothing") {
  DataLoader loader(Numbers<std::int64_t>{4}, {.batch_size = 3});
  auto it = loader.begin();
  const Value before = loader.state_dict();
  const auto refuses = [&](const Value& samples, const Value& position, const Value& indices, const char* word) {
    const std::string text = message_of([&] {
      loader.load_state_dict(Value::dict({{"samples", samples}, {"position", position}, {"indices", indices}}));
    });
    CAPTURE(text);
    CHECK(says(text, word));
    CHECK(loader.state_dict().equals(before));
  };
  CHECK(says(message_of([&] { loader.load_state_dict(Value(3)); }), "no state of a DataLoader"));
  refuses(5, 0, Value(), "5 samples");
  refuses(4, 3, tensor({0, 4}, kInt64), "index 4 of 4");
  refuses(4, 3, tensor({0, 1}, kInt64), "position 3 of 2");
  refuses(4, 0, tensor({0., 1.}), "int64");
  refuses(4, "a", tensor({0, 1}, kInt64), "");
}

TEST_CASE("data: what makes no sense is an error") {
  CHECK_THROWS_AS(DataLoader(rows(3), {.batch_size = 0}), Error);
  CHECK(says(message_of([] { DataLoader(rows(0), {.shuffle = true}); }), "nothing to choose from"));
  CHECK(says(
      message_of([] { DataLoader(rows(3), {.shuffle = true, .sampler = std::make_shared<SequentialSampler>(3)}); }),
      "order of its own"));
  CHECK(says(message_of([] { TensorDataset(zeros({3, 1}), zeros({4})); }), "as many rows"));
  CHECK_THROWS_AS(TensorDataset(zeros({})), ShapeError);
  CHECK_THROWS_AS(rows(3)[3], ShapeError);
  CHECK_THROWS_AS(Subset(rows(3), {0, 3}), ShapeError);
  CHECK_THROWS_AS(Subset(rows(3), {0})[1], ShapeError);
  CHECK_THROWS_AS(RandomSampler(3, {.num_samples = -1}), Error);
}

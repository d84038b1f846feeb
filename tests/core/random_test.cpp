// Random numbers against PyTorch's: every case of fixtures/random/random.json to the bit, with the generator's state
// afterwards.
#include <array_json.h>
#include <doctest/doctest.h>
#include <harker/core/random.h>
#include <harker/nn/nn.h>
#include <sha256.h>
#include <test_tensor.h>

#include <functional>
#include <map>

using namespace harker;
using namespace harker::test;
using Json = nlohmann::json;

namespace {

using Results = std::map<std::string, Tensor>;
using Call = std::function<Results(const Json& params)>;

Tensor empty_n(const Json& p) { return empty({p.at("n").get<std::int64_t>()}); }
Results one(Tensor t) { return {{"out", std::move(t)}}; }
Results named(const std::vector<nn::NamedTensor>& tensors) {
  Results out;
  for (const auto& [name, t] : tensors) out[name] = t;
  return out;
}

/// What torch's script did for each name of a case.
const std::map<std::string, Call>& calls() {
  static const std::map<std::string, Call> table = {
      {"nn.Linear",
       [](const Json& p) { return named(nn::Linear(p.at("in_features"), p.at("out_features")).named_parameters()); }},
      {"dracula",
       [](const Json&) {
         return named(nn::Sequential{nn::Linear(10, 20), nn::ReLU(), nn::Linear(20, 1)}.named_parameters());
       }},
      {"nn.Embedding", [](const Json& p) { return named(nn::Embedding(p.at("num"), p.at("dim")).named_parameters()); }},
      {"nn.Conv2d",
       [](const Json& p) {
         return named(nn::Conv2d(p.at("in"), p.at("out"), p.at("kernel").get<std::int64_t>()).named_parameters());
       }},
      {"rand",
       [](const Json& p) {
         return one(
             rand({p.at("n").get<std::int64_t>()}, {.dtype = *dtype_from_name(p.at("dtype").get<std::string>())}));
       }},
      {"randn",
       [](const Json& p) {
         return one(
             randn({p.at("n").get<std::int64_t>()}, {.dtype = *dtype_from_name(p.at("dtype").get<std::string>())}));
       }},
      {"uniform_", [](const Json& p) { return one(nn::init::uniform_(empty_n(p), p.at("from"), p.at("to"))); }},
      {"normal_", [](const Json& p) { return one(nn::init::normal_(empty_n(p), p.at("mean"), p.at("std"))); }},
      {"bernoulli_",
       [](const Json& p) {
         Tensor t = empty_n(p);
         return one(bernoulli_(t, p.at("p")));
       }},
      {"dropout", [](const Json& p) { return one(dropout(ones({p.at("n").get<std::int64_t>()}), p.at("p"))); }},
      {"randint",
       [](const Json& p) { return one(randint(p.at("low"), p.at("high"), {p.at("n").get<std::int64_t>()})); }},
      {"randperm", [](const Json& p) { return one(randperm(p.at("n"))); }},
      {"mixed",
       [](const Json&) {
         Results r;
         r["a"] = randn({3});
         r["b"] = rand({2});
         r["c"] = randn({5}, {.dtype = kFloat64});
         r["d"] = randn({16});
         r["e"] = randn({1});
         return r;
       }},
      {"DataLoader",  // shuffle=True: each epoch draws a seed for the workers, then one for the permutation
       [](const Json& p) {
         Results r;
         for (int epoch = 0; epoch < p.at("epochs"); ++epoch) {
           Tensor seed = empty({2}, kInt64);
           random_(seed);
           Generator shuffle(static_cast<std::uint64_t>(seed[1].item<std::int64_t>()));
           r["epoch" + std::to_string(epoch)] = randperm(p.at("n"), shuffle);
         }
         return r;
       }},
      {"xavier_uniform_",
       [](const Json& p) { return one(nn::init::xavier_uniform_(empty(shape_from(p.at("shape"))))); }},
      {"xavier_normal_", [](const Json& p) { return one(nn::init::xavier_normal_(empty(shape_from(p.at("shape"))))); }},
      {"kaiming_uniform_",
       [](const Json& p) { return one(nn::init::kaiming_uniform_(empty(shape_from(p.at("shape"))))); }},
      {"kaiming_normal_",
       [](const Json& p) { return one(nn::init::kaiming_normal_(empty(shape_from(p.at("shape"))))); }},
  };
  return table;
}

std::string state_sum() { return sha256_hex(bytes_of(default_generator().state())); }

}  // namespace

TEST_CASE("sha256: the standard's own examples") {
  const std::string_view abc = "abc", two = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
  const auto sum = [](std::string_view s) {
    return sha256_hex({reinterpret_cast<const std::uint8_t*>(s.data()), s.size()});
  };
  CHECK(sum(abc) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(sum(two) == "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

TEST_CASE("random: every case equals torch to the bit") {
  const auto path = fixtures() / "random" / "random.json";
  if (!std::filesystem::exists(path)) {
    MESSAGE("skipped: no ", path.string());
    return;
  }
  const Json cases = read_json(path).at("cases");
  std::map<std::string, int> checked, skipped;
  for (const Json& c : cases) {
    const std::string name = c.at("name");
    const auto call = calls().find(name);
    if (call == calls().end()) {
      ++skipped[name];
      continue;
    }
    CAPTURE(name);
    CAPTURE(c.at("params").dump());
    const auto seed = c.at("seed").get<std::int64_t>();
    CAPTURE(seed);
    manual_seed(static_cast<std::uint64_t>(seed));
    const Results results = call->second(c.at("params"));
    CHECK(results.size() == c.at("results").size());
    for (const auto& item : c.at("results").items()) {
      const std::string key = item.key();
      const Json& want = item.value();
      CAPTURE(key);
      REQUIRE(results.contains(key));
      const Tensor& got = results.at(key);
      CHECK(harker::name(got.dtype()) == want.at("dtype").get<std::string>());
      CHECK(got.shape() == shape_from(want.at("shape")));
      CHECK(sha256_hex(bytes_of(got)) == want.at("sha256").get<std::string>());
    }
    CHECK(state_sum() == c.at("rng_state_sha256").get<std::string>());
    Tensor next = empty({}, kInt64);
    random_(next);
    const Json& after = c.at("next_random_int64");
    CHECK(next.item<std::int64_t>() ==
          (after.is_string() ? std::stoll(after.get<std::string>()) : after.get<std::int64_t>()));
    ++checked[name];
  }
  for (const auto& [name, n] : skipped) MESSAGE("skipped: ", n, " cases of ", name, ", which harker does not have yet");
  int ran = 0;
  for (const auto& [name, n] : checked) ran += n;
  MESSAGE(ran, " cases ran");
  if (own_fixtures()) CHECK(skipped.empty());
  for (const char* name : {"nn.Linear", "nn.Embedding", "nn.Conv2d", "dracula", "rand", "randn", "uniform_", "normal_",
                           "randint", "randperm", "dropout", "bernoulli_", "DataLoader"})
    CHECK(checked[name] > 0);
}

TEST_CASE("random: linear weights after seed 0, spelt out") {
  manual_seed(0);
  const nn::Linear l(10, 20);
  CHECK(l.weight.data<float>()[0] == -0x1.36517ap-9f);
  CHECK(l.weight.data<float>()[1] == 0x1.5b6b5ap-3f);
  CHECK(l.bias.data<float>()[0] == doctest::Approx(0.0133).epsilon(0.01));
}

TEST_CASE("random: a state that was saved continues where it was, also between the two numbers of a pair") {
  for (int draws : {0, 1, 7, 623, 624, 625, 1300}) {
    CAPTURE(draws);
    Generator g(42);
    for (int i = 0; i < draws; ++i) g.random();
    g.normal();
    const Tensor saved = g.state();
    Generator h;
    h.set_state(saved);
    CHECK(equal(h.state(), saved));
    CHECK(h.initial_seed() == 42);
    for (int i = 0; i < 700; ++i) REQUIRE(h.normal() == g.normal());
    Generator k;
    k.load_state_dict(h.state_dict());
    CHECK(k.random64() == h.random64());
  }
}

TEST_CASE("random: a seed forgets the normal number that waits, as the state it gives says") {
  Generator g(5), fresh(5);
  const Tensor begun = g.state();
  const double first = g.normal();
  g.manual_seed(5);
  CHECK(equal(g.state(), begun));
  CHECK(g.normal() == first);
  CHECK(g.normal() != first);
  manual_seed(5);
  randn({1});
  manual_seed(5);
  CHECK(randn({1}, kFloat64).item() == fresh.normal());
}

TEST_CASE("random: uniform_ never gives its upper end, however close") {
  const double to = 1 + 0x1p-23;  // the next float after 1: half of the sums round to it
  manual_seed(0);
  Tensor t = empty({1000});
  uniform_(t, 1, to);
  CHECK(equal(t, ones({1000})));
  Tensor d = empty({1000}, kFloat64);
  uniform_(d, 1, 1 + 0x1p-52);
  CHECK(equal(d, ones({1000}, kFloat64)));
}

TEST_CASE("random: copies of a generator are independent, and one moved from goes on") {
  Generator a(1);
  Generator b = a;
  CHECK(a.random() == b.random());
  b.random();
  CHECK(a.random() != b.random());
  Generator c = std::move(a);
  CHECK(c.random() == a.random());
}

TEST_CASE("random: what is no state is refused and changes nothing") {
  Generator g(3);
  const Tensor good = g.state();
  const auto refuses = [&](const Tensor& t, const char* word) {
    CAPTURE(word);
    try {
      g.set_state(t);
      FAIL_CHECK("accepted");
    } catch (const FormatError& e) { CHECK(std::string(e.what()).find(word) != std::string::npos); }
    CHECK(equal(g.state(), good));
  };
  refuses(zeros({5056}), "uint8");
  refuses(zeros({100}, kUInt8), "5056");
  refuses(zeros({5056}, kUInt8), "seeded");
  Tensor t = good.clone();
  t.data<std::uint8_t>()[8] = 100;   // left = 100 although all words are used up ...
  t.data<std::uint8_t>()[17] = 2;    // ... next = 512 + 0: reads up to word 611, fine; so move on
  t.data<std::uint8_t>()[16] = 100;  // next = 612: would read word 710
  refuses(t, "next");
  t = good.clone();
  t.data<std::uint8_t>()[8] = 0;
  refuses(t, "left");
  t = good.clone();
  t.data<std::uint8_t>()[24 + 4] = 1;
  refuses(t, "word 0");
}

TEST_CASE("random: a strided tensor is filled in the order of its memory, and normal_ then draws one by one") {
  Tensor base = zeros({3, 40});
  Tensor turned = base.t();
  manual_seed(5);
  uniform_(turned);
  manual_seed(5);
  CHECK(equal(base, rand({3, 40})));

  Tensor wide = zeros({20, 4});
  Tensor part = wide.slice(1, 0, 4, 2);
  manual_seed(5);
  normal_(part);
  Generator g(5);
  for (int i = 0; i < 20; ++i) {
    for (int j = 0; j < 4; ++j) {
      const double want = j % 2 ? 0 : static_cast<float>(g.normal());
      REQUIRE(wide[i][j].item() == want);
    }
  }
}

// torch 2.15 on a CPU that is not Intel's: torch.manual_seed(11); p = torch.arange(1, 7, dtype=dtype) / 8 ...
TEST_CASE("random: exponential_, bernoulli and multinomial choose as torch does") {
  const Tensor p = arange(1, 7, 1, kFloat32) / 8.0;
  manual_seed(11);
  CHECK(bernoulli(p).to_vector<std::int64_t>() == std::vector<std::int64_t>{0, 0, 0, 1, 1, 1});
  manual_seed(11);
  CHECK(bernoulli(p.to(kFloat64)).to_vector<std::int64_t>() == std::vector<std::int64_t>{0, 0, 0, 0, 1, 1});
  manual_seed(11);
  CHECK(multinomial(p, 8, true).to_vector<std::int64_t>() == std::vector<std::int64_t>{2, 5, 4, 4, 4, 2, 2, 1});
  manual_seed(11);
  CHECK(multinomial(p, 6).to_vector<std::int64_t>() == std::vector<std::int64_t>{5, 4, 0, 3, 2, 1});
  manual_seed(11);
  const Tensor rows = multinomial(stack({p, p.flip({0})}).to(kFloat64), 1, true);
  CHECK(rows.shape() == Shape{2, 1});
  CHECK(rows.to_vector<std::int64_t>() == std::vector<std::int64_t>{5, 1});
  Generator g(3);
  const double u = Generator(3).uniform();  // the first number is just the first category's share: it is still its own
  const Tensor edge = tensor({u, 1 - u}, {.dtype = kFloat64});
  CHECK(multinomial(edge, 2, true, g).to_vector<std::int64_t>() == std::vector<std::int64_t>{0, 1});
  manual_seed(11);
  Tensor e = empty({3}, kFloat64);
  exponential_(e, 2);
  CHECK(e.to_vector<double>() == std::vector<double>{0x1.b5773d81f960ep-4, 0x1.152acd8349646p+0, 0x1.1d055c9f7e95ap-1});
  CHECK_THROWS_AS(bernoulli(p * 2.0), Error);
  CHECK_THROWS_AS(bernoulli(arange(2)), TypeError);
  CHECK_THROWS_AS(multinomial(p, 7), ShapeError);
  CHECK_THROWS_AS(multinomial(p, 0), ShapeError);
  CHECK_THROWS_AS(multinomial(p - 1.0, 1), Error);
  CHECK_THROWS_AS(multinomial(zeros({3}), 1), Error);
  CHECK_THROWS_AS(multinomial(zeros({1}), 1), Error);
  CHECK_THROWS_AS(exponential_(e, 0), Error);
}

TEST_CASE("random: 16-bit floats are drawn in float and rounded") {
  for (DType dtype : {kFloat16, kBFloat16}) {
    manual_seed(0);
    const Tensor half = rand({100}, {.dtype = dtype});
    manual_seed(0);
    CHECK(equal(half.to(kFloat32), rand({100}).to(dtype).to(kFloat32)));
    manual_seed(0);
    const Tensor few = randn({10}, {.dtype = dtype});
    manual_seed(0);
    CHECK(equal(few.to(kFloat32), randn({10}).to(dtype).to(kFloat32)));
    // torch 2.15: manual_seed(0); torch.empty(17, dtype=torch.float16).normal_()[1]
    manual_seed(0);
    const double second = randn({17}, {.dtype = dtype})[1].item();
    CHECK(second == (dtype == kFloat16 ? -1.3525390625 : -1.3515625));
  }
}

TEST_CASE("random: filling is seen by the version counter and refused where autograd would have to record it") {
  Tensor t = zeros({4});
  const auto version = t.version();
  uniform_(t);
  normal_(t);
  bernoulli_(t);
  CHECK(t.version() == version + 3);
  t.requires_grad_();
  CHECK_THROWS_AS(uniform_(t), GradError);
  NoGradGuard no_grad;
  CHECK_NOTHROW(uniform_(t));
}

TEST_CASE("random: impossible arguments are errors") {
  Tensor t = zeros({2}), whole = zeros({2}, kInt64), repeated = zeros({1}).expand({5});
  CHECK_THROWS_AS(uniform_(t, 1, 0), Error);
  CHECK_THROWS_AS(uniform_(t, -3e38, 3e38), Error);
  CHECK_THROWS_AS(uniform_(t, 0, NAN), Error);
  CHECK_THROWS_AS(normal_(t, 0, -1), Error);
  CHECK_THROWS_AS(bernoulli_(t, 1.5), Error);
  CHECK_THROWS_AS(uniform_(whole), TypeError);
  Tensor complex = zeros({2}, DType::complex64);
  CHECK_THROWS_AS(random_(complex), TypeError);
  CHECK_THROWS_AS(uniform_(repeated), ShapeError);
  CHECK_THROWS_AS(randint(3, 3, {1}), Error);
  CHECK_THROWS_AS(randperm(-1), ShapeError);
  CHECK_THROWS_AS(nn::init::kaiming_uniform_(zeros({3})), ShapeError);
  CHECK(randperm(0).numel() == 0);
  CHECK(rand({2}, {.requires_grad = true}).requires_grad());
}

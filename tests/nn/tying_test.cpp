// What becomes of a member of a module that is assigned to: the registry follows, or the assignment is refused. No
// member may become a stranger to it, for then another tensor is saved than the one that was trained.
#include <doctest/doctest.h>
#include <harker/harker.h>
#include <test_tensor.h>

#include <algorithm>
#include <filesystem>

using namespace harker;

namespace {

using harker::test::words;

/// A language model whose output layer has the weights of its embedding.
struct LM : nn::Module {
  nn::Embedding emb = register_module("emb", nn::Embedding(3, 2));
  nn::Linear head = register_module("head", nn::Linear(2, 3, {.bias = false}));
  LM() { head.weight = emb.weight; }
  Tensor forward(const Tensor& i) { return head(emb(i)); }
};

/// The same by registering another's parameter.
struct TiedByName : nn::Module {
  nn::Embedding emb = register_module("emb", nn::Embedding(3, 2));
  nn::Parameter weight = register_parameter("weight", emb.weight);
};

struct Norm : nn::Module {
  nn::Buffer mean = register_buffer("mean", zeros({2}));
  nn::Buffer scratch = register_buffer("scratch", zeros({1}), false);
  nn::Parameter scale = register_parameter("scale", ones({2}));
};

std::vector<std::string> names(const std::vector<nn::NamedTensor>& list) {
  std::vector<std::string> out;
  for (const auto& item : list) out.push_back(item.first);
  return out;
}

/// Is every member what the registry has under its name?
bool whole(const nn::Linear& l) {
  for (const auto& [name, t] : l.named_parameters())
    if (!t.is(name == "weight" ? l.weight : l.bias)) return false;
  return l.state_dict()["weight"].shares_storage(l.weight);
}

template <class T, class U>
concept assignable = requires(T& t, U u) {
  t = static_cast<U>(u);
};
// Modules are not assigned; parameters not as temporaries.
static_assert(!assignable<nn::Linear, nn::Linear> && !assignable<nn::Linear, const nn::Linear&>);
static_assert(!assignable<LM, LM> && !assignable<nn::Sequential, nn::Sequential> && !std::swappable<nn::Linear>);
static_assert(!assignable<nn::ModuleList<nn::Linear>, nn::ModuleList<nn::Linear>> &&
              !assignable<nn::AnyModule, nn::AnyModule>);
static_assert(!std::is_assignable_v<nn::Parameter, nn::Parameter> && !std::is_assignable_v<nn::Parameter, Tensor>);
static_assert(std::is_const_v<decltype(nn::TransformerEncoder::norm)>);
static_assert(std::is_copy_constructible_v<LM> && std::is_move_constructible_v<LM>);

}  // namespace

TEST_CASE("tying: an assigned parameter is one in the registry, in the optimizer's step and in every file") {
  manual_seed(0);
  LM m;
  CHECK(m.parameters().size() == 1);
  CHECK(names(m.named_parameters()) == std::vector<std::string>{"emb.weight"});
  CHECK(whole(m.head));
  optim::SGD sgd(m.parameters(), {.lr = 0.5});
  const Tensor i = tensor({0, 2});
  const Tensor before = m.emb.weight.detach().clone();
  const Tensor loss = m.forward(i).sum();
  loss.backward();
  const Tensor step = m.head.weight.grad().detach().clone();
  sgd.step();  // once
  CHECK(allclose(m.head.weight.detach(), before - step * 0.5));
  CHECK(m.head.weight.is(m.emb.weight));

  const auto folder = std::filesystem::temp_directory_path() / "harker_tying_test";
  std::filesystem::create_directories(folder);
  for (const char* name : {"tied.pt", "tied.harker", "tied.pb"}) {
    CAPTURE(name);
    const StateDict saved = m.state_dict();
    CHECK(saved["head.weight"].shares_storage(saved["emb.weight"]));
    save(saved, folder / name);
    const StateDict read = load(folder / name);
    CHECK(equal(read["head.weight"], m.head.weight.detach()));
    CHECK(read["head.weight"].shares_storage(read["emb.weight"]));  // one storage in the file
    LM loaded;
    loaded.load_state_dict(read);
    CHECK(loaded.parameters().size() == 1);
    CHECK(loaded.head.weight.is(loaded.emb.weight));
    CHECK(equal(loaded.forward(i), m.forward(i)));
  }
  std::filesystem::remove_all(folder);
  m.to(kFloat64);
  CHECK(m.head.weight.is(m.emb.weight));
  CHECK(m.head.weight.dtype() == kFloat64);
  CHECK(whole(m.head));
}

TEST_CASE("tying: another module's parameter may be registered") {
  TiedByName m;
  CHECK(names(m.named_parameters()) == std::vector<std::string>{"weight"});  // a module's own come first
  CHECK(m.weight.is(m.emb.weight));
  CHECK(m.state_dict().size() == 2);
  m.weight = nn::Parameter(ones({1}));  // its own entry alone
  CHECK(!m.weight.is(m.emb.weight));
  CHECK(m.parameters().size() == 2);
  CHECK(m.emb.named_parameters()[0].second.is(m.emb.weight));
}

TEST_CASE("tying: what is assigned to a parameter takes its place in the registry") {
  nn::Linear l(2, 3), other(2, 3);
  l.weight = nn::Parameter(full({3, 2}, 7.0));
  CHECK(whole(l));
  CHECK(l.state_dict()["weight"][0][0].item() == 7);
  l.weight = other.weight;
  CHECK(l.weight.is(other.weight));
  CHECK(whole(l));
  CHECK(whole(other));
  l.weight = l.weight;
  l.bias = nn::Parameter();
  CHECK(names(l.named_parameters()) == std::vector<std::string>{"weight"});
  CHECK(l(ones({1, 2})).shape() == Shape{1, 3});
  l.bias = nn::Parameter(zeros({3}), false);
  CHECK(names(l.named_parameters()) == std::vector<std::string>{"weight", "bias"});
  l.bias = {};
  CHECK(l.state_dict().size() == 1);
  l.weight = nn::Parameter(ones({5, 4}));  // as torch: another shape is another layer
  CHECK(l(ones({1, 4})).shape() == Shape{1, 5});
  CHECK_THROWS_AS(l(ones({1, 2})), ShapeError);
  l.weight = nn::Parameter();
  CHECK_THROWS_AS(l(ones({1, 2})), TypeError);

  nn::BatchNorm1d norm(2);
  norm.weight = nn::Parameter(ones({1}));
  CHECK_THROWS_AS(norm(ones({4, 2})), ShapeError);
  nn::BatchNorm1d narrow(2);
  narrow.running_mean = zeros({1});
  CHECK_THROWS_AS(narrow(ones({4, 2})), ShapeError);
  nn::Embedding rows(4, 2, {.padding_idx = 3});
  rows.weight = nn::Parameter(ones({2, 2}));
  CHECK_THROWS_AS(rows(tensor({3})), ShapeError);
  CHECK_THROWS_AS(rows.reset_parameters(), ShapeError);
}

TEST_CASE("tying: refused while other handles would keep the old tensor, and nothing has changed") {
  LM m;
  const auto refused = [](auto&& f) {
    const std::string text = words(f);
    return test::has(text, "more (in copies of its module") && text.size() <= 500;
  };
  const Tensor old = m.head.weight, fresh = ones({3, 2});
  {
    LM copy = m;
    CHECK(refused([&] { m.head.weight = nn::Parameter(fresh); }));
    CHECK(refused([&] { copy.head.weight = nn::Parameter(fresh); }));
  }
  {
    const nn::Parameter local = m.head.weight;
    CHECK(refused([&] { m.head.weight = nn::Parameter(fresh); }));
    CHECK(local.is(old));
  }
  {
    nn::Linear moved = std::move(m.head);
    CHECK(refused([&] { moved.weight = nn::Parameter(fresh); }));
  }
  nn::Linear a(2, 2), b(2, 2);
  const Tensor wa = a.weight, wb = b.weight;
  CHECK_THROWS_AS(std::swap(a.weight, b.weight), const Error&);
  CHECK(a.weight.is(wa));
  CHECK(b.weight.is(wb));
  CHECK(whole(a));
  CHECK(whole(b));
  CHECK(m.head.weight.is(old));
  CHECK(m.parameters()[0].is(old));
  const Tensor plain = m.head.weight;  // no handle of the registry's
  m.head.weight = nn::Parameter(fresh);
  CHECK(plain.is(old));
  CHECK(whole(m.head));
  CHECK(m.parameters().size() == 2);

  std::vector<nn::Linear> two;
  two.emplace_back(2, 2);
  two.emplace_back(2, 2);  // moves the first
  two[1].weight = two[0].weight;
  CHECK(whole(two[1]));
  nn::ModuleList<nn::Linear> list{nn::Linear(2, 2), nn::Linear(2, 2)};
  list[0].weight = list[1].weight;
  CHECK(list.parameters().size() == 3);
}

TEST_CASE("tying: handles that are not registered are assigned as any") {
  nn::Linear l(2, 3);
  nn::Parameter w;
  w = nn::Parameter(ones({1}));
  w = l.weight;
  CHECK(w.is(l.weight));
  CHECK_THROWS_AS(l.weight = nn::Parameter(ones({3, 2})), const Error&);  // w is a handle on it
  nn::Parameter own(zeros({2})), another(ones({2}));
  std::swap(own, another);
  CHECK(own[0].item() == 1);
  std::vector<nn::Parameter> many{own, another};
  std::reverse(many.begin(), many.end());
  CHECK(many[1].is(own));
  {
    nn::Linear gone(1, 1);
    own = gone.weight;
  }
  own = another;
  CHECK(own.is(another));
}

TEST_CASE("tying: members that are registered in a statement") {
  struct Scaled : nn::Module {
    nn::Parameter w{ones({2})}, late, again{ones({1})};
    nn::Buffer b{zeros({2})}, scratch{zeros({2})}, since;
    Scaled() {
      register_parameter("w", w);
      register_parameter("late", late);
      again = register_parameter("again", again);
      register_buffer("b", b);
      register_buffer("scratch", scratch, false);
      register_buffer_since(2, "since", since);
    }
  };
  Scaled m, other;
  CHECK(m.named_parameters()[0].second.is(m.w));
  m.w = other.w;
  CHECK(m.named_parameters()[0].second.is(other.w));
  m.late = nn::Parameter(ones({3}));
  m.again = nn::Parameter(zeros({1}));
  REQUIRE(names(m.named_parameters()) == std::vector<std::string>{"w", "late", "again"});
  CHECK(m.named_parameters()[2].second.is(m.again));
  m.b = m.b + 1;
  m.since = ones({1});
  CHECK(names(m.named_buffers()) == std::vector<std::string>{"b", "scratch", "since"});
  CHECK(m.state_dict().size() == 5);  // not the scratch
  m.to(kFloat64);
  for (const Tensor* t : std::initializer_list<const Tensor*>{&m.w, &m.late, &m.again, &m.b, &m.scratch, &m.since})
    CHECK(t->dtype() == kFloat64);
  CHECK(m.state_dict()["b"][1].item() == 1);

  struct Both : nn::Module {  // a handle on another's: this module's own entry is besides it
    explicit Both(nn::Embedding& e) {
      register_parameter("w", e.weight);
      register_buffer("b", mean);
      register_buffer("b2", mean);
    }
    nn::Buffer mean{zeros({1})};
  };
  nn::Embedding emb(3, 2);
  const Both both(emb);
  CHECK(both.parameters()[0].is(emb.weight));
  emb.weight = nn::Parameter(zeros({3, 2}));
  CHECK(emb.parameters()[0].is(emb.weight));
  CHECK(!both.parameters()[0].is(emb.weight));
}

TEST_CASE("tying: a container that shifts registered parameters does not tie them") {
  struct Weights : nn::Module {
    std::vector<nn::Parameter> w;
    std::vector<nn::Buffer> b;
    Weights() {
      w.resize(3);
      for (int i = 0; i < 3; ++i) {
        w[static_cast<std::size_t>(i)] = register_parameter("w" + std::to_string(i), full({1}, 1.0 * i));
        b.push_back(register_buffer("b" + std::to_string(i), full({1}, 1.0 * i)));
      }
    }
    bool whole() const {
      const auto p = named_parameters(), q = named_buffers();
      for (std::size_t i = 0; i < 3; ++i)
        if (p[i].second.item() != static_cast<double>(i) || q[i].second.item() != static_cast<double>(i)) return false;
      return p.size() == 3 && q.size() == 3;
    }
  };
  const auto refused = [](auto&& f) {
    Weights m;
    const std::string text = words([&] { f(m); });
    return test::has(text, "moved into another") && text.size() <= 500 && m.whole();
  };
  CHECK(refused([](Weights& m) { m.w.erase(m.w.begin()); }));
  CHECK(refused([](Weights& m) { m.b.erase(m.b.begin()); }));
  CHECK(refused([](Weights& m) {
    m.w.insert(m.w.begin(), nn::Parameter(ones({1})));
    m.w.insert(m.w.begin(), nn::Parameter(ones({1})));
  }));
  CHECK(refused([](Weights& m) { std::reverse(m.w.begin(), m.w.end()); }));
  CHECK(refused([](Weights& m) { std::swap(m.b[0], m.b[2]); }));
  CHECK(refused([](Weights& m) { m.w[0] = std::move(m.w[1]); }));
  Weights m;
  m.w.pop_back();
  m.w.erase(m.w.end() - 1);
  m.w.emplace_back(ones({1}));
  CHECK(m.whole());
  Weights tied;
  tied.w[0] = tied.w[1];  // a name
  CHECK(tied.parameters().size() == 2);
  tied.w[0] = std::move(tied.w[1]);  // is it already
  CHECK(tied.parameters().size() == 2);
}

TEST_CASE("tying: a plain tensor is copied into a parameter under no_grad, and refused otherwise") {
  nn::Linear l(2, 3);
  const nn::Linear copy = l;
  const Tensor old = l.weight;
  CHECK_THROWS_WITH_AS(l.weight = ones({3, 2}), doctest::Contains("assign nn::Parameter(t)"), const GradError&);
  CHECK_THROWS_AS(l.weight = Tensor(), const GradError&);
  NoGradGuard no_grad;
  l.weight = full({3, 2}, 4.0, kFloat64);  // converted, seen by all
  CHECK(l.weight.is(old));
  CHECK(l.weight.requires_grad());
  CHECK(l.weight.dtype() == kFloat32);
  CHECK(copy.weight[2][1].item() == 4);
  CHECK(l.state_dict()["weight"][0][0].item() == 4);
  CHECK_THROWS_AS((l.weight = ones({2})), const ShapeError&);
  CHECK_THROWS_AS((l.weight = ones({1, 2})), const ShapeError&);
  CHECK_THROWS_AS((l.weight = Tensor()), const TypeError&);
  l.weight[0] = 1;
  CHECK(copy.weight[0][1].item() == 1);
  nn::Linear bare(2, 2, {.bias = false});
  CHECK_THROWS_WITH_AS(bare.bias = zeros({2}), doctest::Contains("does not exist"), const Error&);
}

TEST_CASE("tying: buffers follow in the registry too, plain tensors included") {
  Norm n;
  n.mean = ones({3});
  CHECK(n.state_dict()["mean"].shares_storage(n.mean));
  CHECK(n.named_buffers()[0].second.is(n.mean));
  n.mean = n.scratch;
  CHECK(n.named_buffers().size() == 1);
  n.mean = nn::Buffer();
  CHECK(names(n.named_buffers()) == std::vector<std::string>{"scratch"});
  n.mean = n.scratch + 1;
  CHECK(n.state_dict()["mean"].item() == 1);
  CHECK_THROWS_AS((n.mean = n.scale * 2), const GradError&);
  CHECK_THROWS_WITH_AS((n.mean = nn::Parameter(ones({2}))), doctest::Contains("nothing trains a buffer"),
                       const GradError&);
  CHECK_THROWS_AS((n.mean = n.scale), const GradError&);
  CHECK_THROWS_AS((n.mean = nn::Buffer(n.scale)), const GradError&);
  CHECK_THROWS_AS((n.mean = zeros({2}).requires_grad_()), const GradError&);
  CHECK(n.state_dict()["mean"].item() == 1);
  n.mean = nn::Parameter(ones({2}), false);
  n.mean = (n.scale * 2).detach();
  n.to(kFloat64);
  CHECK(n.mean.dtype() == kFloat64);
  CHECK(n.state_dict()["mean"].shares_storage(n.mean));
  const Norm copy = n;
  CHECK_THROWS_AS((n.mean = ones({2})), const Error&);
  CHECK(copy.mean.is(n.mean));
}

TEST_CASE("tying: modules that were moved from are still the same module") {
  nn::Sequential s{nn::Linear(2, 2)};
  const nn::Sequential t = std::move(s);
  CHECK(s.size() == 1);  // NOLINT
  CHECK(s(ones({1, 2})).shape() == Shape{1, 2});
  nn::ModuleList<> list{nn::ReLU()};
  const nn::ModuleList<> list2 = std::move(list);
  CHECK(list.size() == 1);  // NOLINT
  nn::ModuleDict<> dict{{"a", nn::ReLU()}};
  const nn::ModuleDict<> dict2 = std::move(dict);
  CHECK(dict.contains("a"));  // NOLINT
  nn::AnyModule any = nn::ReLU();
  const nn::AnyModule any2 = std::move(any);
  CHECK(any(ones({1})).item() == 1);  // NOLINT
  nn::TransformerEncoderLayer layer(2, 1, {.dim_feedforward = 2});
  const nn::TransformerEncoderLayer layer2 = std::move(layer);
  CHECK(layer(ones({1, 1, 2})).shape() == Shape{1, 1, 2});  // NOLINT
  const Tensor x = tensor({{1.0, 2.0}}), target = tensor({0});
  nn::CrossEntropyLoss loss({.reduction = Reduction::sum, .weight = tensor({3.0, 1.0})});
  const nn::CrossEntropyLoss loss2 = std::move(loss);
  CHECK(loss(x, target).item() == loss2(x, target).item());  // NOLINT
  LM m;
  const LM n = std::move(m);
  CHECK(m.head.weight.is(n.head.weight));  // NOLINT
}

TEST_CASE("module: a name without a parameter or buffer") {
  struct Bare : nn::Module {
    nn::Parameter w = register_parameter("w", {}), v = register_parameter("v", Tensor()),
                  u = register_parameter("u", nn::Parameter());
    nn::Buffer b = register_buffer("b", {});
    void again() { (void)register_parameter("w", {}); }
  };
  Bare m;
  CHECK(m.parameters().empty());
  CHECK(m.state_dict().empty());
  CHECK(!m.w.defined());
  CHECK_THROWS_AS(m.again(), Error);  // the names are taken
  m.w = nn::Parameter(ones({2}));
  CHECK(m.parameters().size() == 1);
}

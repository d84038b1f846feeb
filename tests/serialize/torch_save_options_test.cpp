// How PyTorch files may be written: what weights_only refuses, with a warning or not at all; and only the parts of
// storages that tensors view.
#include <doctest/doctest.h>
#include <harker/core/ops/ops.h>
#include <harker/core/tensor/make.h>
#include <harker/core/warning.h>
#include <harker/serialize/serialize.h>

#include <cstring>

using namespace harker;

namespace {

std::vector<std::string> heard;

// Collects warnings while it lives.
struct Listener {
  Listener() {
    heard.clear();
    before = set_warning_handler([](const std::string& message) { heard.push_back(message); });
  }
  ~Listener() { set_warning_handler(before); }
  WarningHandler before;
};

std::vector<std::uint8_t> torch_bytes(const Value& v, SaveOptions options = {}) {
  options.format = "torch";
  return save_to_bytes(v, options);
}

Tensor numbered(std::int64_t n) {
  Tensor t = empty({n});
  for (std::int64_t i = 0; i < n; ++i) static_cast<float*>(t.raw())[i] = static_cast<float>(i);
  return t;
}

}  // namespace

TEST_CASE("torch: what weights_only refuses is written with one warning that names the paths") {
  const Listener listener;
  Value::Opaque made;
  made.module = "argparse", made.name = "Namespace", made.called = true;
  made.args = Value::tuple();
  const std::vector<std::uint8_t> huge(300, 1);
  const Value v = Value::dict({{"fine", numbered(2)},
                               {"a", Value::list({Value::bytes({})})},
                               {"b", Value::integer(huge)},
                               {"c", Value::dict({{"d", Value::frozenset({1})}})},
                               {"e", Value::dict({}, DictFlavour::default_dict)},
                               {"f", Value::opaque(made)}});
  const auto bytes = torch_bytes(v);
  REQUIRE(heard.size() == 1);
  for (const char* part : {"'a.0'", "'b'", "'c.d'", "'e'", "'f'", "weights_only", "empty bytes", "255 bytes"})
    CHECK_MESSAGE(heard[0].find(part) != std::string::npos, part, " in ", heard[0]);
  CHECK(load(bytes, {.unknown = Unknown::keep}).equals(v));
  std::string refused;
  try {
    torch_bytes(v, {.weights_only_safe = true});
  } catch (const Error& e) { refused = e.what(); }
  CHECK(refused.find("'c.d'") != std::string::npos);
  CHECK(heard.size() == 1);  // refused, not warned again
}

TEST_CASE("torch: a thousand such values are one warning") {
  const Listener listener;
  Value list = Value::list();
  for (int i = 0; i < 1000; ++i) list.push_back(Value::frozenset({i}));
  torch_bytes(list);
  REQUIRE(heard.size() == 1);
  CHECK(heard[0].find("and 995 more") != std::string::npos);
  CHECK(heard[0].size() < 500);
}

TEST_CASE("torch: what weights_only reads is written without a warning") {
  const Listener listener;
  const std::vector<std::uint8_t> byte(1, 7);
  torch_bytes(Value::dict({{"a", numbered(2)},
                           {"b", Value::bytes(byte)},
                           {"c", Value::set({Value(1)})},
                           {"d", Value::dict({{"x", 1}}, DictFlavour::counter)},
                           {"e", Value::integer(std::vector<std::uint8_t>(200, 1))}}));
  CHECK(heard.empty());
}

TEST_CASE("torch: names, calls, cycles and dtypes that weights_only refuses, and their kin that it does not") {
  const Listener listener;
  const auto warnings = [](const Value& v) {
    heard.clear();
    torch_bytes(v);
    bool refused = false;
    try {
      torch_bytes(v, {.weights_only_safe = true});
    } catch (const Error&) { refused = true; }
    CHECK(refused == !heard.empty());
    return heard.size();
  };
  const auto named = [](const char* module, const char* name, bool called = false) {
    Value::Opaque o;
    o.module = module, o.name = name, o.known = true, o.called = called;
    if (called) o.args = Value::tuple();
    return Value::opaque(o);
  };
  for (auto [module, name] : {std::pair("builtins", "set"),
                              {"builtins", "complex"},
                              {"torch", "Size"},
                              {"torch", "FloatTensor"},
                              {"torch.storage", "UntypedStorage"},
                              {"torch", "quint4x2"}})
    CHECK(warnings(named(module, name)) == 0);
  for (auto [module, name] : {std::pair("builtins", "list"),
                              {"collections", "defaultdict"},
                              {"numpy", "dtype"},
                              {"torch", "UntypedStorage"},
                              {"torch", "ComplexFloatTensor"},
                              {"argparse", "Namespace"}})
    CHECK(warnings(named(module, name)) == 1);
  CHECK(warnings(named("torch._utils", "_rebuild_meta_tensor_no_storage", true)) == 0);
  CHECK(warnings(named("builtins", "slice", true)) == 1);
  CHECK(warnings(named("argparse", "Namespace", true)) == 1);

  Value list = Value::list();
  const Value tuple = Value::tuple({list, 1});
  list.push_back(tuple);
  CHECK(warnings(list) == 0);  // written list first, it takes no opcode that weights_only lacks
  CHECK(warnings(tuple) == 1);
  Value::seal_cycles(list);

  for (DType t : {DType::float8_e5m2, DType::complex32, kFloat32}) {
    Tensor x = zeros({2}, t);
    x.impl().requires_grad = true;
    CHECK(warnings(Value(x)) == (t == kFloat32 ? 0 : 1));  // torch.load always fails on the others
    CHECK(warnings(Value::parameter(x)) == 0);
  }
}

TEST_CASE("torch: compact writes the viewed parts of a storage and says what it left out") {
  const Tensor large = numbered(10'000);
  const Tensor first = large.slice(0, 10, 20), overlapping = large.slice(0, 15, 40),
               last = large.slice(0, 9'990, 10'000);
  const Value v = Value::dict({{"first", first},
                               {"overlapping", overlapping},
                               {"last", last},
                               {"nothing", large.slice(0, 5'000, 5'000)},
                               {"whole", numbered(3)}});
  const Value back = load(torch_bytes(v, {.compact = true}));
  CHECK(back.equals(v));
  for (const char* name : {"first", "overlapping", "last", "nothing", "whole"}) {
    const Tensor a = v[name].tensor(), b = back[name].tensor();
    REQUIRE(a.shape() == b.shape());
    REQUIRE(a.strides() == b.strides());
    for (std::int64_t i = 0; i < a.numel(); ++i)
      CHECK(static_cast<const float*>(a.raw())[i] == static_cast<const float*>(b.raw())[i]);
  }
  CHECK(&back["first"].tensor().storage() == &back["overlapping"].tensor().storage());
  CHECK(&back["first"].tensor().storage() != &back["last"].tensor().storage());
  CHECK(back["first"].tensor().storage().nbytes == 30 * sizeof(float));
  CHECK(back["last"].tensor().storage().nbytes == 10 * sizeof(float));
  CHECK(torch_bytes(v, {.compact = true}).size() + 9'000 * sizeof(float) < torch_bytes(v).size());
}

TEST_CASE("torch: compact changes nothing where all is viewed") {
  const Tensor t = numbered(24);
  const Value v = Value::dict({{"a", t.view({4, 6})}, {"b", t.view({4, 6}).transpose(0, 1)}, {"c", t.slice(0, 3, 9)}});
  CHECK(torch_bytes(v, {.compact = true}) == torch_bytes(v));
}

TEST_CASE("torch: compact reaches quantized and sparse tensors") {
  const Tensor large = numbered(1'000);
  Value::Sparse s;
  s.layout = "torch.sparse_coo";
  s.shape = {8};
  s.coalesced = true;
  s.parts = {Value(zeros({1, 2}, kInt64)), Value(large.slice(0, 100, 102))};
  Value::Quantized q;
  q.scheme = "per_tensor_affine";
  Ref<Storage> ints = make_storage(500);
  std::memset(ints->data, 7, 500);
  q.ints = make_view(ints, DType::qint8, {4}, {1}, 300);
  const Value back = load(torch_bytes(Value::list({Value::sparse(s), Value::quantized(q)}), {.compact = true}));
  CHECK(back[0].as_sparse().parts[1].tensor().storage().nbytes == 8);
  CHECK(static_cast<const float*>(back[0].as_sparse().parts[1].tensor().raw())[1] == 101);
  CHECK(back[1].as_quantized().ints.storage().nbytes == 4);
  CHECK(static_cast<const std::int8_t*>(back[1].as_quantized().ints.raw())[3] == 7);
}

TEST_CASE("torch: compact begins a part where elements of each size that views it can begin") {
  Ref<Storage> s = make_storage(24);
  for (std::size_t i = 0; i < 24; ++i) static_cast<std::uint8_t*>(s->data)[i] = static_cast<std::uint8_t>(i);
  const auto view = [&](DType t, std::int64_t n, std::int64_t offset) { return make_view(s, t, {n}, {1}, offset); };
  // Bytes 1 to 4 and 2 to 8: a part that began at 1 would have no place for the second.
  const Value v = Value::list({view(DType::float8_e5m2, 4, 1), view(DType::uint16, 3, 1)});
  CHECK(load(torch_bytes(v, {.compact = true})).equals(v));
  const Value apart = Value::list({view(DType::float8_e5m2, 2, 5), view(DType::uint64, 1, 1)});
  CHECK(load(torch_bytes(apart, {.compact = true})).equals(apart));
}

TEST_CASE("torch: a view that is both conjugate and negative says so in torch's order") {
  Value v(zeros({2}, DType::complex64));
  v.set_conj_neg(true, true);
  const auto bytes = torch_bytes(v);
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  CHECK(text.find("neg") < text.find("conj"));  // that of an unordered_map
}

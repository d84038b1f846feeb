// What comes back from each format is compared with what is written down here, field by field and by no equals: one
// value of every kind, with every field set to something that is no default.
#include <doctest/doctest.h>
#include <harker/core/ops/ops.h>
#include <harker/serialize/serialize.h>

#include <bit>
#include <cstring>

using namespace harker;

namespace {

Value::Opaque reference(const char* module, const char* name) {
  Value::Opaque o;
  o.module = module, o.name = name;
  return o;
}

Tensor counting(const Shape& shape) { return arange(0.0, static_cast<double>(shape.numel())).view(shape); }

Value everything() {
  Value dict = Value::dict({}, DictFlavour::default_dict);
  dict.set_default_factory(Value::opaque([] {
    Value::Opaque o = reference("builtins", "list");
    o.known = true;
    return o;
  }()));
  dict.set("k", 1);
  Value ordered = Value::ordered_dict({{"b", 2}, {"a", 1}});
  ordered.set_attributes(Value::dict({{"_metadata", "m"}}));

  const Tensor base = counting({4, 3});
  Tensor trained = counting({2});
  trained.impl().requires_grad = true;
  Value view(base.slice(0, 1, 3).transpose(0, 1));
  view.set_attributes(Value::dict({{"name", "view"}}));
  Value conjugate(zeros({2}, {.dtype = DType::complex64}));
  conjugate.set_conj_neg(true, false);
  Value negative(zeros({2}, {.dtype = DType::complex64}));
  negative.set_conj_neg(false, true);

  Value::Sparse coo;
  coo.layout = "torch.sparse_coo", coo.shape = {3, 4};
  coo.parts = {tensor({{0, 2}, {1, 3}}), counting({2})};
  coo.coalesced = true;
  Value::Sparse csr;
  csr.layout = "torch.sparse_csr", csr.shape = {2, 3};
  csr.parts = {tensor({0, 1, 2}), tensor({2, 0}), counting({2})};
  Value::Quantized whole;
  whole.ints = full({2, 3}, 7, {.dtype = DType::uint8});
  whole.ints = make_view(Ref<Storage>::share(&whole.ints.storage()), DType::quint8, {2, 3}, {3, 1}, 0);
  whole.scheme = "per_tensor_affine", whole.scale = 0.1, whole.zero_point = 3;
  Value::Quantized channels;
  channels.ints = make_view(make_storage(6), DType::qint8, {2, 3}, {3, 1}, 0);
  std::memset(channels.ints.storage().data, 0xff, 6);
  channels.scheme = "per_channel_affine", channels.axis = 1;
  channels.scales = full({3}, 0.25, {.dtype = DType::float64});
  channels.zero_points = tensor({1, 2, 3});

  Value::Numpy array;
  array.dtype = ">i2", array.shape = {2, 1}, array.fortran_order = true, array.data = {1, 2, 3, 4};
  Value::Numpy scalar;
  scalar.dtype = "<f8", scalar.data = {0, 0, 0, 0, 0, 0, 0xf0, 0x3f};

  Value::Opaque made = reference("my.module", "Class");
  made.called = made.newobj = true;
  made.args = Value::tuple({1, "two"});
  made.state = Value::dict({{"x", 3}});
  made.appended = {Value(4), Value(5)};
  made.assigned = {{Value("six"), Value(6)}};

  return Value::dict({{"none", Value()},
                      {"true", true},
                      {"false", false},
                      {"int", -5},
                      {"long", INT64_MIN},
                      {"big", Value::integer(std::vector<std::uint8_t>{1, 2, 3, 4, 5, 6, 7, 8, 9, 0x90})},
                      {"float", -0.0},
                      {"nan", std::bit_cast<double>(0x7ff8dead0000beefULL)},
                      {"complex", Complex{1.5, -0.0}},
                      {"string", "\xc3\xa4\xed\xa0\x80"},  // an umlaut and a lone surrogate
                      {"bytes", Value::bytes(std::vector<std::uint8_t>{0, 255})},
                      {"bytearray", Value::bytearray(std::vector<std::uint8_t>{7})},
                      {"list", Value::list({1, Value::list()})},
                      {"tuple", Value::tuple({1, Value::tuple()})},
                      {"set", Value::set({1, "x"})},
                      {"frozenset", Value::frozenset({2})},
                      {"defaultdict", dict},
                      {"counter", Value::dict({{"c", 3}}, DictFlavour::counter)},
                      {"ordered", ordered},
                      {7, Value::tuple({Value::dict({{2.5, 1}, {true, 2}, {Value(), 3}})})},
                      {"base", base},
                      {"view", view},
                      {"trained", trained},
                      {"parameter", Value::parameter(trained)},
                      {"conjugate", conjugate},
                      {"negative", negative},
                      {"coo", Value::sparse(coo)},
                      {"csr", Value::sparse(csr)},
                      {"whole", Value::quantized(whole)},
                      {"channels", Value::quantized(channels)},
                      {"dtype", DType::bfloat16},
                      {"device", Value::device("cuda:1")},
                      {"layout", Value::layout("torch.strided")},
                      {"size", Value::size({2, 3})},
                      {"array", Value::numpy_array(array)},
                      {"scalar", Value::numpy_scalar(scalar)},
                      {"reference", Value::opaque(reference("my.module", "function"))},
                      {"made", Value::opaque(made)}});
}

void check(const Value& v) {
  CHECK(v.flavour() == DictFlavour::dict);
  CHECK(v.len() == 38);
  CHECK(v["none"].is_none());
  CHECK(v["true"].as_bool());
  CHECK(!v["false"].as_bool());
  CHECK(v["int"].as_int() == -5);
  CHECK(v["long"].as_int() == INT64_MIN);
  CHECK(v["big"].integer_bytes() == std::vector<std::uint8_t>{1, 2, 3, 4, 5, 6, 7, 8, 9, 0x90});
  CHECK(std::bit_cast<std::uint64_t>(v["float"].as_double()) == 0x8000000000000000ULL);
  CHECK(std::bit_cast<std::uint64_t>(v["nan"].as_double()) == 0x7ff8dead0000beefULL);
  CHECK(v["complex"].as_complex().re == 1.5);
  CHECK(std::bit_cast<std::uint64_t>(v["complex"].as_complex().im) == 0x8000000000000000ULL);
  CHECK(v["string"].as_string() == "\xc3\xa4\xed\xa0\x80");
  CHECK(v["bytes"].kind() == Value::Kind::bytes);
  CHECK(std::vector<int>(v["bytes"].as_bytes().begin(), v["bytes"].as_bytes().end()) == std::vector<int>{0, 255});
  CHECK(v["bytearray"].kind() == Value::Kind::bytearray);
  CHECK(v["bytearray"].as_bytes()[0] == 7);
  CHECK(v["list"].is_list());
  CHECK(v["list"][1].is_list());
  CHECK(v["list"].len() == 2);
  CHECK(v["tuple"].is_tuple());
  CHECK(v["tuple"][1].is_tuple());
  CHECK(v["set"].kind() == Value::Kind::set);
  CHECK(v["set"].elements()[0].as_int() == 1);
  CHECK(v["set"].elements()[1].as_string() == "x");
  CHECK(v["frozenset"].kind() == Value::Kind::frozenset);
  CHECK(v["frozenset"].elements()[0].as_int() == 2);
  CHECK(v["defaultdict"].flavour() == DictFlavour::default_dict);
  CHECK(v["defaultdict"].default_factory().as_opaque().name == "list");
  CHECK(v["defaultdict"].default_factory().as_opaque().known);
  CHECK(v["defaultdict"]["k"].as_int() == 1);
  CHECK(v["counter"].flavour() == DictFlavour::counter);
  CHECK(v["counter"]["c"].as_int() == 3);
  CHECK(v["ordered"].flavour() == DictFlavour::ordered_dict);
  CHECK(v["ordered"].items()[0].first.as_string() == "b");
  CHECK(v["ordered"].attributes()["_metadata"].as_string() == "m");
  const Value& keys = v[7][0];
  CHECK(keys.items()[0].first.as_double() == 2.5);
  CHECK(keys.items()[1].first.as_bool());
  CHECK(keys.items()[2].first.is_none());

  const Tensor view = v["view"].tensor();
  CHECK(view.shape() == Shape{3, 2});
  CHECK(view.strides() == Shape{1, 3});
  CHECK(view.storage_offset() == 3);
  CHECK(&view.storage() == &v["base"].tensor().storage());
  CHECK(view.dtype() == DType::float32);
  CHECK(view.data<float>()[5] == 8);
  CHECK(v["view"].attributes()["name"].as_string() == "view");
  CHECK(!view.requires_grad());
  CHECK(!v["view"].is_parameter());
  CHECK(v["trained"].tensor().requires_grad());
  CHECK(!v["trained"].is_parameter());
  CHECK(v["parameter"].is_parameter());
  CHECK(v["parameter"].tensor().requires_grad());
  CHECK(v["conjugate"].conj());
  CHECK(!v["conjugate"].neg());
  CHECK(!v["negative"].conj());
  CHECK(v["negative"].neg());

  const Value::Sparse &coo = v["coo"].as_sparse(), &csr = v["csr"].as_sparse();
  CHECK(coo.layout == "torch.sparse_coo");
  CHECK(coo.shape == Shape{3, 4});
  CHECK(coo.coalesced == std::optional(true));
  REQUIRE(coo.parts.size() == 2);
  CHECK(coo.parts[0].tensor().to_vector<std::int64_t>() == std::vector<std::int64_t>{0, 2, 1, 3});
  CHECK(coo.parts[1].tensor().to_vector<float>() == std::vector<float>{0, 1});
  CHECK(csr.layout == "torch.sparse_csr");
  CHECK(csr.shape == Shape{2, 3});
  REQUIRE(csr.parts.size() == 3);
  CHECK(csr.parts[0].tensor().to_vector<std::int64_t>() == std::vector<std::int64_t>{0, 1, 2});
  CHECK(csr.parts[1].tensor().to_vector<std::int64_t>() == std::vector<std::int64_t>{2, 0});
  const Value::Quantized &whole = v["whole"].as_quantized(), &channels = v["channels"].as_quantized();
  CHECK(whole.scheme == "per_tensor_affine");
  CHECK(whole.scale == 0.1);
  CHECK(whole.zero_point == 3);
  CHECK(whole.ints.dtype() == DType::quint8);
  CHECK(static_cast<const std::uint8_t*>(whole.ints.raw())[5] == 7);
  CHECK(channels.scheme == "per_channel_affine");
  CHECK(channels.axis == 1);
  CHECK(channels.ints.shape() == Shape{2, 3});
  CHECK(channels.ints.dtype() == DType::qint8);
  CHECK(channels.scales.tensor().to_vector<double>() == std::vector<double>{0.25, 0.25, 0.25});
  CHECK(channels.zero_points.tensor().to_vector<std::int64_t>() == std::vector<std::int64_t>{1, 2, 3});

  CHECK(v["dtype"].as_dtype() == DType::bfloat16);
  CHECK(v["device"].kind() == Value::Kind::device);
  CHECK(v["device"].as_name() == "cuda:1");
  CHECK(v["layout"].kind() == Value::Kind::layout);
  CHECK(v["layout"].as_name() == "torch.strided");
  CHECK(v["size"].as_size() == Shape{2, 3});
  const Value::Numpy &array = v["array"].as_numpy(), &scalar = v["scalar"].as_numpy();
  CHECK(v["array"].kind() == Value::Kind::numpy_array);
  CHECK(array.dtype == ">i2");
  CHECK(array.shape == Shape{2, 1});
  CHECK(array.fortran_order);
  CHECK(array.data == std::vector<std::uint8_t>{1, 2, 3, 4});
  CHECK(v["scalar"].kind() == Value::Kind::numpy_scalar);
  CHECK(scalar.dtype == "<f8");
  CHECK(scalar.data == std::vector<std::uint8_t>{0, 0, 0, 0, 0, 0, 0xf0, 0x3f});
  const Value::Opaque &reference = v["reference"].as_opaque(), &made = v["made"].as_opaque();
  CHECK(reference.module == "my.module");
  CHECK(reference.name == "function");
  CHECK(!reference.called);
  CHECK(!reference.known);
  CHECK(made.name == "Class");
  CHECK(made.called);
  CHECK(made.newobj);
  CHECK(made.args[1].as_string() == "two");
  CHECK(made.state["x"].as_int() == 3);
  REQUIRE(made.appended.size() == 2);
  CHECK(made.appended[1].as_int() == 5);
  REQUIRE(made.assigned.size() == 1);
  CHECK(made.assigned[0].first.as_string() == "six");
  CHECK(made.assigned[0].second.as_int() == 6);
}

}  // namespace

TEST_CASE("save: one value of every kind comes back as it is written down, in every format") {
  check(everything());
  for (const char* format : {"torch", "harker", "onnx"}) {
    CAPTURE(std::string(format));
    const auto bytes = save_to_bytes(everything(), {.format = format});
    for (const bool mmap : {false, true}) {
      CAPTURE(mmap);
      const Value back = load(bytes, {.mmap = mmap, .unknown = Unknown::keep});
      check(back);
      check(load(save_to_bytes(back, {.format = "harker"}), {.unknown = Unknown::keep}));
    }
  }
}

TEST_CASE("save: sparse and quantized tensors that require a gradient still do") {
  Value::Sparse s;
  s.layout = "torch.sparse_coo", s.shape = {3};
  s.parts = {zeros({1, 1}, DType::int64), ones({1})};
  Value::Quantized q;
  q.ints = make_view(make_storage(1), DType::qint8, {1}, {1}, 0);
  q.scheme = "per_tensor_affine";
  for (const bool requires_grad : {true, false}) {
    s.requires_grad = q.requires_grad = requires_grad;
    const Value v = Value::list({Value::sparse(s), Value::quantized(q)});
    for (const char* format : {"torch", "harker", "onnx"}) {
      CAPTURE(std::string(format));
      const Value back = load(save_to_bytes(v, {.format = format}));
      if (std::string_view(format) != "torch")
        CHECK(back[0].as_sparse().requires_grad == requires_grad);  // torch drops it
      CHECK(back[1].as_quantized().requires_grad == requires_grad);
    }
  }
}

TEST_CASE("save: 64 dimensions are possible, in every format") {
  std::vector<std::int64_t> sizes(64, 1);
  sizes[63] = 2;
  const Tensor t = ones({2}).view(Shape(std::span<const std::int64_t>(sizes)));
  for (const char* format : {"torch", "harker", "onnx"}) {
    CAPTURE(std::string(format));
    const Value back = load(save_to_bytes(Value::list({t}), {.format = format}));
    CHECK(back[0].tensor().dim() == 64);
    CHECK(back[0].tensor().to_vector<float>() == std::vector<float>{1, 1});
  }
}

TEST_CASE("torch: records are aligned to 1 byte, to 32768 bytes, and to nothing beyond") {
  const Value v = Value::list({ones({3}), zeros({5})});
  for (const std::int64_t alignment : {1, 2, 32767, 32768})
    CHECK(load(save_to_bytes(v, {.format = "torch", .alignment = alignment})).equals(v));
  for (const std::int64_t alignment : {-1, 0, 32769})
    CHECK_THROWS_AS(save_to_bytes(v, {.format = "torch", .alignment = alignment}), Error);
}

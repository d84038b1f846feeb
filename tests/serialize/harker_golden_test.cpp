// A file of every format version ever released, with one value of each kind: it must load forever. The newest is also
// written again byte for byte, so that a change of the layout without a new version number is seen.
#include <doctest/doctest.h>
#include <harker/serialize/serialize.h>
#include <test_data.h>

#include <numbers>

using namespace harker;

namespace {

// What golden/version1.harker holds, and the .pb files. Never change it: make a new file for a new version.
Value version1() {
  const Tensor base = arange(0.0, 12).view({3, 4});
  Tensor trained = full({2}, 0.5, kFloat64);
  trained.requires_grad_();
  StateDict model{{"fc1.weight", base}, {"fc1.bias", base.select(0, 1)}};
  model.metadata = Value::dict({{"", Value::dict({{"version", 1}})}, {"fc1", Value::dict({{"version", 1}})}});
  Value from_file("read from a file");
  from_file.mark_from_file();
  Value::Opaque o;
  o.module = "argparse", o.name = "Namespace", o.called = true, o.args = Value::tuple({});
  o.state = Value::dict({{"lr", 0.01}});
  Value::Quantized q;
  q.ints = full({2, 3}, -7, DType::qint8), q.scheme = "per_channel_affine", q.axis = 1;
  q.scales = Value(ones({3}, DType::float64)), q.zero_points = Value(zeros({3}, DType::int64));
  Value::Sparse s;
  s.layout = "torch.sparse_coo", s.shape = {3, 4}, s.coalesced = true;
  s.parts = {Value(zeros({2, 5}, DType::int64)), Value(ones({5}))};
  Value::Numpy n;
  n.dtype = ">i4", n.shape = {2, 1}, n.fortran_order = true, n.data = {0, 0, 0, 1, 0, 0, 0, 2};
  Value kinds = Value::dict({{"none", Value()},
                             {"false", false},
                             {"int", -42},
                             {"big", Value::integer(std::vector<std::uint8_t>(12, 0x7f))},
                             {"float", std::numbers::pi},
                             {"negative zero", -0.0},
                             {"complex", Complex{1, -2}},
                             {"text", "Carfax \xf0\x9f\xa6\x87"},
                             {"from_file", from_file},
                             {"bytes", Value::bytes(std::vector<std::uint8_t>{0, 255, 10})},
                             {"bytearray", Value::bytearray(std::vector<std::uint8_t>{1, 2})},
                             {"list", Value::list({1, 2.5, "three"})},
                             {"tuple", Value::tuple({Value::tuple({}), 4})},
                             {"set", Value::set({Value(3), Value("three")})},
                             {"frozenset", Value::frozenset({Value(5)})},
                             {"dtype", DType::float8_e5m2},
                             {"device", Value::device("cuda:1")},
                             {"layout", Value::layout("torch.strided")},
                             {"size", Value::size({2, 3})},
                             {"opaque", Value::opaque(o)},
                             {"quantized", Value::quantized(q)},
                             {"sparse", Value::sparse(s)},
                             {"numpy", Value::numpy_array(n)},
                             {"parameter", Value::parameter(trained)},
                             {"turned", base.transpose(0, 1)},
                             {"empty", zeros({0, 3}, kFloat16)},
                             {"scalar", full({}, 2.0)},
                             {"mask", full({3}, true, kBool)}},
                            DictFlavour::ordered_dict);
  kinds.set(Value::tuple({1, "key"}), 6);
  kinds.set("itself", kinds);
  Value root = Value::dict({{"model", model}, {"kinds", kinds}});
  Value::seal_cycles(root);
  return root;
}

}  // namespace

TEST_CASE("harker: the file of format version 1 loads, and is still written so") {
  const std::string path = HARKER_SOURCE_DIR "/tests/serialize/golden/version1.harker";
  const Value found = load(path, {.unknown = Unknown::keep});
  CHECK(found.equals(version1()));
  CHECK(found["kinds"]["itself"].same_object(found["kinds"]));
  CHECK(found["model"]["fc1.bias"].tensor().shares_storage(found["model"]["fc1.weight"].tensor()));
  CHECK(found["kinds"]["from_file"].from_file());
  CHECK(!found["kinds"]["text"].from_file());
  CHECK(found["kinds"]["parameter"].tensor().requires_grad());
  CHECK(save_to_bytes(version1(), {.format = "harker"}) == test::read_bytes(path));
}

TEST_CASE("onnx: the protobuf files of every layout load, and the newest is still written so") {
  const std::string folder = HARKER_SOURCE_DIR "/tests/serialize/golden/";
  for (const char* file : {"version1.pb", "version1_aligned.pb"}) {
    CAPTURE(file);
    for (const bool mmap : {false, true})
      CHECK(load(folder + file, {.mmap = mmap, .unknown = Unknown::keep}).equals(version1()));
  }
  CHECK(save_to_bytes(version1(), {.format = "onnx"}) == test::read_bytes(folder + "version1_aligned.pb"));
}

// .npy and .npz: NumPy's own files are read in torch_expect_test.cpp (fixtures) and judged in tests/interop; here are the
// header's corners, what comes back, what is refused, and damage.
#include <doctest/doctest.h>
#include <harker/core/ops/ops.h>
#include <harker/core/state_dict.h>
#include <harker/core/warning.h>
#include <harker/serialize/format.h>
#include <harker/serialize/io/crc32.h>

#include <test_data.h>
#include "test_tensor.h"

using namespace harker;
using namespace harker::test;
using namespace std::string_literals;
using Bytes = std::vector<std::uint8_t>;

namespace {

std::string npy(const std::string& header, const std::string& elements, int version = 1) {
  std::string out = "\x93NUMPY"s + static_cast<char>(version) + '\0';
  if (version == 1)
    io::append_le(out, static_cast<std::uint16_t>(header.size()));
  else
    io::append_le(out, static_cast<std::uint32_t>(header.size()));
  return out + header + elements;
}
std::string header(const std::string& descr, const std::string& shape, const std::string& order = "False") {
  return "{'descr': " + descr + ", 'fortran_order': " + order + ", 'shape': " + shape + ", }\n";
}
Document read(const std::string& file, const LoadOptions& options = {}) {
  const auto source = io::Source::copy(io::bytes(file));
  return detect_format(*source).read(source, options);
}
std::string saved(const Value& v, const char* format) {
  const Bytes b = save_to_bytes(v, {.format = format});
  return {b.begin(), b.end()};
}
Value back(const Value& v, const char* format) { return read(saved(v, format)).value; }
std::string refused(const std::string& file, const LoadOptions& options = {}) {
  return words<FormatError>([&] { read(file, options); });
}

constexpr DType kHeld[] = {DType::bool_,   DType::int8,    DType::int16,     DType::int32,     DType::int64,
                           DType::uint8,   DType::uint16,  DType::uint32,    DType::uint64,    DType::float16,
                           DType::float32, DType::float64, DType::complex64, DType::complex128};

std::string warned;

}  // namespace

TEST_CASE("npy: np.save's bytes") {
  std::string expected = "\x93NUMPY\1\0v\0{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }"s;
  expected.append(127 - expected.size(), ' ');
  expected += '\n';
  const std::string file = saved(ones({2, 3}), "npy");
  CHECK(file.substr(0, 128) == expected);
  CHECK(file.size() == 128 + 24);
  CHECK(saved(tensor({1, 2, 3, 4, 5, 6}).view({3, 2}).t(), "npy").find("'fortran_order': True, 'shape': (2, 3)") < 128);
  CHECK(saved(scalar_tensor(3), "npy").find("'shape': (), }") < 128);
  CHECK(saved(zeros({0, 3}), "npy").size() == 128);
  std::vector<std::int64_t> sizes(36, 1);  // where the room for a longer size takes another 64 bytes
  CHECK(saved(ones(Shape(std::span<const std::int64_t>(sizes))), "npy").size() == 256 + 4);
}

TEST_CASE("npy, npz: tensors of every dtype, shape and order come back with their strides") {
  for (DType t : kHeld) {
    CAPTURE(name(t));
    for (const Shape& shape : {Shape{}, Shape{0, 2}, Shape{5}, Shape{2, 3, 4}}) {
      Tensor x = empty(shape, t);
      auto* raw = static_cast<std::uint8_t*>(x.raw());
      for (std::size_t i = 0; i < x.storage().nbytes; ++i)
        raw[i] = static_cast<std::uint8_t>(i % (t == DType::bool_ ? 2 : 61));
      CHECK(back(x, "npy").equals(Value(x)));
      const Value all = Value::ordered_dict({{"a/b.c", x}, {"t", x.dim() == 3 ? x.transpose(0, 2) : x}});
      const Value b = back(all, "npz");
      CHECK(b.equals(all));
      if (x.numel() > 0) CHECK(b["t"].tensor().strides() == all["t"].tensor().strides());
    }
  }
  const Tensor odd = arange(0, 24).view({2, 3, 4}).transpose(0, 1).slice(2, 0, 4, 2);
  CHECK(back(odd, "npy").equals(Value(odd)));
  CHECK(back(zeros({1}).expand({3, 4}), "npy").tensor().storage().nbytes == 48);
}

TEST_CASE("npy: big-endian, old and long headers") {
  CHECK(values(read(npy(header("'>i2'", "(2,)"), "\0\1\1\0"s)).value.tensor()) == Numbers{1, 256});
  const Value c = read(npy(header("'>c8'", "()"), "\x3f\x80\0\0\x40\0\0\0"s)).value;
  CHECK(*static_cast<const float*>(c.tensor().raw()) == 1);
  CHECK(static_cast<const float*>(c.tensor().raw())[1] == 2);
  CHECK(read(npy(header("'|u1'", "(2L, 1L)"), "ab")).value.tensor().shape() == Shape{2, 1});  // Python 2
  for (int version : {2, 3})
    CHECK(read(npy(header("'=u1'", "(1,)") + std::string(40'000, ' '), "a", version)).facts["version"].as_int() ==
          version);
  const Document two = read(npy(header("'|u1'", "(1,)"), "abc"));
  CHECK(two.value.tensor().numel() == 1);
  CHECK(has(std::string(two.facts["passed_over"][0].as_string()), "2 bytes behind the array"));
}

TEST_CASE("npy: a header that is not exactly NumPy's is refused with its cause") {
  const std::pair<std::string, const char*> cases[] = {
      {npy(header("'<f4'", "(2,)"), "1234567"), "needs 8 bytes of elements, 7 are left"},
      {npy(header("'<f8'", "(4611686018427387904, 4)"), ""), "overflows"},
      {npy(header("'<f8'", "(1152921504606846976,)"), ""), "overflows"},
      {npy(header("'<f8'", "(0, 4611686018427387904, 4)"), ""), "overflows"},
      {npy(header("'<f4'", "(-1,)"), ""), "no natural number"},
      {npy(header("'<f4'", "(99999999999999999999,)"), ""), "integer of 64 bits"},
      {npy(header("'<f4'", "[2]"), ""), "must be a tuple"},
      {npy(header("'<f4'", "(2)"), ""), "a comma, as a tuple of one item has"},
      {npy(header("'<f4'", "(1,) + (2,)"), ""), "a comma or a closing bracket"},
      {npy(header("'<f4'", "(1,)", "1"), "1234"), "True or False"},
      {npy(header("float", "(1,)"), ""), "expected a literal"},
      {npy("{'descr': '<f4', 'shape': (1,), }\n", "1234"), "must have the keys"},
      {npy("{'descr': '<f4', 'descr': '<f8', 'fortran_order': False, 'shape': (), }\n", ""), "'descr' occurs twice"},
      {npy(header("'<f4'", std::string(300, '(')), ""), "nest less deep"},
      {npy(header("'\\q4'", "()"), ""), "an escape"},
      {npy(header("'<f4", "()"), ""), "a comma or a closing bracket"},
      {npy("('<f4',)\n", ""), "must have the keys"},
      {npy(header("'<f4'", "()") + "{}", ""), "nothing more"},
      {npy(header("'|O'", "(1,)"), "pickle"), "never run"},
      {npy(header("[('a', '<f4'), ('b', '|O')]", "(1,)"), "pickle"), "never run"},
      {npy(header("'<U3'", "(1,)"), "pickle"), "it holds text"},
      {npy(header("'<V2'", "(1,)"), "ab"), "bfloat16"},
      {npy(header("'<f16'", "(1,)"), "ab"), "more than 8 bytes"},
      {npy(header("'<M8[ns]'", "(1,)"), "ab"), "dates"},
      {npy(header("[('a', '<f4')]", "(1,)"), "1234"), "no tensor"},
      {npy("", "", 4), "version 4.0"},
      {npy(std::string(70'000, ' '), "", 2), "at most 65536"},
      {"\x93NUMPY\1"s, "needs 1 byte, 0 are left"},
      {"\x93NUMPX\1\0v\0"s + std::string(200, ' '), "is damaged"}};
  for (const auto& [file, why] : cases) {
    CAPTURE(std::string(why));
    const std::string said = refused(file);
    CHECK_MESSAGE(has(said, why), said);
    CHECK(said.size() <= 500);
  }
}

TEST_CASE("npy, npz: what no tensor holds is kept with its bytes where it is asked for, or beside tensors") {
  const std::string text = npy(header("'<U1'", "(2,)"), "a\0\0\0b\0\0\0"s);
  const Value kept = read(text, {.unknown = Unknown::keep}).value;
  CHECK(kept.as_opaque().name == "ndarray");
  CHECK(kept.as_opaque().state["shape"].as_size() == Shape{2});
  const Value all = Value::ordered_dict({{"names", kept}, {"w", ones({2})}});
  CHECK(back(all, "npz").equals(all));  // without Unknown::keep
  const Value object = read(npy(header("'|O'", "(1,)"), "a pickle"), {.unknown = Unknown::keep}).value;
  CHECK(io::text(bytes_of(object.as_opaque().state["data"].tensor())) == "a pickle");
  CHECK(has(refused(saved(Value::ordered_dict({{"o", object}}), "npz")), "o.npy: an array of objects"));
  const Value fields =
      read(npy(header("[('a', '<f4'), (\"b'c\", '|S2', (2,))]", "()"), "12345678"), {.unknown = Unknown::keep}).value;
  CHECK(back(Value::ordered_dict({{"f", fields}}), "npz")["f"].equals(fields));
  Value::Numpy n;
  n.dtype = "<f8", n.shape = {1}, n.data.assign(8, 0);
  CHECK(back(Value::numpy_array(n), "npy").tensor().dtype() == kFloat64);
}

TEST_CASE("npz: a state dict comes back as it was, and with it the bytes of a PyTorch file") {
  Value state = StateDict{{"fc1.weight", ones({2, 3})}, {"fc1.bias", zeros({2})}};
  state.set_attributes(Value::dict({{"_metadata", Value::ordered_dict({{"", Value::dict({{"version", 1}})},
                                                                       {"fc1", Value::dict({{"version", 2}})}})}}));
  const Value b = back(state, "npz");
  CHECK(b.equals(state));
  CHECK(save_to_bytes(b, {.format = "torch"}) == save_to_bytes(state, {.format = "torch"}));
  const std::string file = saved(state, "npz");
  CHECK(file.ends_with("harker 1 {'type': 'OrderedDict', '_metadata': {'': {'version': 1}, 'fc1': {'version': 2}}}"));
  CHECK(saved(Value::ordered_dict({{"a", ones({1})}}), "npz").ends_with("\0\0"s));  // NumPy's own bytes
  for (const Value& v : {Value::dict(), Value::ordered_dict(), Value::dict({{"a", ones({1})}}),
                         Value::ordered_dict({{"\xc3\xa9", ones({1})}, {"", ones({2})}, {"x.npy", ones({3})}})})
    CHECK(back(v, "npz").equals(v));
  warned.clear();
  const WarningHandler before = set_warning_handler([](const std::string& s) { warned = s; });
  state.set_attributes(Value::dict({{"other", 1}}));
  saved(state, "npz");
  set_warning_handler(before);
  CHECK(has(warned, "no place for the attribute 'other'"));
}

TEST_CASE("npz: what it cannot hold is refused with all paths") {
  const auto why = [](const Value& v, const char* format) { return words<TypeError>([&] { saved(v, format); }); };
  const std::string said = why(
      Value::dict({{"a", ones({1})}, {"b", 3}, {"c", Value::dict()}, {"d", ones({1}).to(kBFloat16)}, {5, ones({1})}}),
      "npz");
  for (const char* part : {"'b': int, no tensor", "'c': dict", "'d': a tensor of bfloat16", "its key is no string"})
    CHECK_MESSAGE(has(said, part), said);
  Value many = Value::dict();
  for (int i = 0; i < 1000; ++i) many.set("entry " + std::to_string(i), i);
  CHECK(why(many, "npz").size() <= 500);
  CHECK(has(why(many, "npz"), "more"));
  for (const char* key : {"/a", "../a", "a//b", "a\\b", "\xed\xa0\x80"})
    CHECK(has(why(Value::dict({{key, ones({1})}}), "npz"), "cannot be the name"));
  CHECK(has(why(ones({1}), "npz"), "a dict, not a Tensor"));
  CHECK(has(why(Value::dict({{"a", ones({1})}}), "npy"), ".npz holds a dict"));
  Value conjugate(empty({2}, DType::complex64));
  conjugate.set_conj_neg(true, false);
  CHECK(has(why(conjugate, "npy"), "conjugate"));
}

TEST_CASE("npz: members are checked by the archive's CRC, eagerly or at their first use; others are passed over") {
  std::string file = saved(Value::ordered_dict({{"a", arange(0, 8)}, {"b", ones({2})}}), "npz");
  CHECK(read(file, {.only = "b"}).value.tensor().numel() == 2);
  CHECK_THROWS_AS(read(file, {.only = "c"}), Error);
  std::string damaged = file;
  damaged[damaged.find("\n", 0) + 9] ^= 1;  // an element of a
  CHECK(has(refused(damaged), "a.npy: CRC-32"));
  const Value lazy = read(damaged, {.mmap = true}).value;
  CHECK(lazy["b"].tensor().numel() == 2);
  CHECK(has(words<FormatError>([&] { lazy["a"].tensor(); }), "a.npy: CRC-32"));
  std::string padding = file;
  padding[padding.find("}  ") + 2] = '\n';  // of the header, which means the same
  CHECK(has(refused(padding), "a.npy: CRC-32"));
  for (std::size_t at; (at = file.find("b.npy")) != file.npos;) file.replace(at, 5, "b.txt");
  const Document d = read(file);
  CHECK(d.value.len() == 1);
  CHECK(has(std::string(d.facts["passed_over"][0].as_string()), "'b.txt'"));
}

TEST_CASE("npy, npz: every truncation is refused, and no flipped bit passes unseen") {
  const Value v = Value::ordered_dict({{"a", arange(0, 4)}, {"b", ones({3}).to(kFloat64)}});
  const std::string file = saved(v, "npz"), one = saved(v["a"], "npy");
  for (std::size_t n = 0; n < file.size(); ++n) CHECK_THROWS_AS(read(file.substr(0, n)), Error);
  for (std::size_t n = 0; n < one.size(); ++n) CHECK_THROWS_AS(read(one.substr(0, n)), Error);
  int unseen = 0;
  for (std::size_t bit = 0; bit < 8 * file.size(); ++bit) {
    std::string damaged = file;
    damaged[bit / 8] ^= static_cast<char>(1 << bit % 8);
    try {
      unseen += !read(damaged).value.equals(v);
    } catch (const Error&) {}
  }
  CHECK(unseen == 0);
}

TEST_CASE("npy: a mapped file's elements are used where they lie") {
  const Tensor x = arange(0, 1000);
  const std::string file = (std::filesystem::temp_directory_path() / "harker-numpy-test.npy").string();
  save(x, file);
  const auto source = io::Source::open(file, true);
  const Value v = detect_format(*source).read(source, {.mmap = true}).value;
  CHECK(v.tensor().raw() == source->bytes().data() + 128);
  CHECK(v.equals(Value(x)));
  std::filesystem::remove(file);
}

// repr: a Value's short text, as Python has it.
#include <doctest/doctest.h>
#include <harker/core/ops/ops.h>
#include <harker/core/repr.h>

#include <algorithm>
#include <cmath>
#include <cstring>

using namespace harker;

namespace {

/// The text of one number of NumPy's, in both byte orders.
template <class T>
std::string both_orders(const char* code, T v) {
  Value::Numpy n;
  n.data.resize(sizeof v);
  std::memcpy(n.data.data(), &v, sizeof v);
  n.dtype = std::string(sizeof v == 1 ? "|" : "<") + code;
  const std::string little = repr(Value::numpy_scalar(n));
  n.dtype = std::string(sizeof v == 1 ? "|" : ">") + code;
  std::reverse(n.data.begin(), n.data.end());
  CHECK(repr(Value::numpy_scalar(n)) == little);
  return little;
}

}  // namespace

TEST_CASE("repr: NumPy's numbers of every type are shown, whatever their byte order") {
  CHECK(both_orders("b1", true) == "True");
  CHECK(both_orders("b1", false) == "False");
  CHECK(both_orders("i1", std::int8_t{-128}) == "-128");
  CHECK(both_orders("i2", std::int16_t{-32768}) == "-32768");
  CHECK(both_orders("i4", INT32_MIN) == "-2147483648");
  CHECK(both_orders("i8", INT64_MIN) == "-9223372036854775808");
  CHECK(both_orders("u1", std::uint8_t{255}) == "255");
  CHECK(both_orders("u2", std::uint16_t{65535}) == "65535");
  CHECK(both_orders("u4", UINT32_MAX) == "4294967295");
  CHECK(both_orders("u8", UINT64_MAX) == "18446744073709551615");
  CHECK(both_orders("f2", std::uint16_t{0x3e00}) == "1.5");
  CHECK(both_orders("f4", 0.1f) == "0.1");
  CHECK(both_orders("f8", 0.1) == "0.1");
  CHECK(both_orders("f8", static_cast<double>(0.1f)) == "0.10000000149011612");
  CHECK(both_orders("f8", -HUGE_VAL) == "-inf");
  CHECK(both_orders("f8", 3.0) == "3.0");
  Value::Numpy n;
  n.dtype = "<c8", n.data = {0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0};
  CHECK(repr(Value::numpy_scalar(n)) == "(1.0-2.0j)");
  n.dtype = ">c16", n.data = {0x3f, 0xf8, 0, 0, 0, 0, 0, 0, 0x40, 0, 0, 0, 0, 0, 0, 0};
  CHECK(repr(Value::numpy_scalar(n)) == "(1.5+2.0j)");
  n.dtype = "<f16", n.data.assign(16, 0);  // no number of ours
  CHECK(repr(Value::numpy_scalar(n)) == "numpy scalar(<f16)");
  n.dtype = "<f8", n.data.assign(4, 0);
  CHECK(repr(Value::numpy_scalar(n)) == "numpy scalar(<f8)");
}

TEST_CASE("repr: every kind of Value as Python shows it") {
  const std::pair<Value, const char*> table[] = {
      {Value(), "None"},
      {true, "True"},
      {false, "False"},
      {-7, "-7"},
      {2.0, "2.0"},
      {1e100, "1e+100"},
      {std::nan(""), "nan"},
      {Complex{1.5, -0.0}, "(1.5-0.0j)"},
      {"it's", "'it\\'s'"},
      {Value::bytes(std::vector<std::uint8_t>{'a', '\'', 0}), "b'a\\x27\\x00'"},
      {Value::list({1, "a"}), "[1, 'a']"},
      {Value::tuple({1}), "(1,)"},
      {Value::tuple({1, 2}), "(1, 2)"},
      {Value::tuple(), "()"},
      {Value::dict({{"x", 1}, {2, Value::list()}}), "{'x': 1, 2: []}"},
      {Value::frozenset({1}), "frozenset({1})"},
      {zeros({2, 3}), "Tensor(float32, (2, 3))"}};
  for (const auto& [v, text] : table) CHECK(repr(v) == text);
  CHECK(repr(Value::list({1, 2, 3, 4}), 7) == "[1, 2, 3...");
}

// Pickles that make much of little: one large object named in thousands of calls. And names that a file may not choose
// because they would become something else when written again.
#include <doctest/doctest.h>
#include <harker/serialize/serialize.h>

#include "serialize/archive.h"

namespace {

using namespace harker;
using test::archive;

std::string text(const std::string& s) {
  std::string out("X");
  io::append_le(out, static_cast<std::uint32_t>(s.size()));
  return out + s;
}
std::string many(const std::string& opcodes, int n) {
  std::string out;
  for (int i = 0; i < n; ++i) out += opcodes;
  return out;
}
const std::string kStart("\x80\x02", 2);
const std::string kCall("h\0h\1R", 5);  // memo 0 called with memo 1
std::string memo(char i) { return std::string("q") + i + "0"; }

}  // namespace

TEST_CASE("torch: calls that copy one large object again and again are refused") {
  const std::string large = text(std::string(100'000, 'a'));
  const std::string bytes = kStart + "c_codecs\nencode\n" + memo(0) + large + text("latin1") + "\x86" + memo(1) + "](";
  CHECK_THROWS_WITH_AS(load(archive(bytes + many(kCall, 2000) + "e.")), doctest::Contains("again and again"),
                       FormatError);
  CHECK(load(archive(bytes + many(kCall, 20) + "e.")).len() == 20);

  const std::string set = kStart + "c__builtin__\nset\n" + memo(0) + "](" + many("K\1K\2", 20'000) + "e\x85" + memo(1);
  CHECK_THROWS_WITH_AS(load(archive(set + "](" + many(kCall, 2000) + "e.")), doctest::Contains("again and again"),
                       FormatError);
  const std::string keys = kStart + large + memo(0) + "}(" + many(std::string("h\0N", 3), 20'000) + "u.";
  CHECK_THROWS_WITH_AS(load(archive(keys)), doctest::Contains("again and again"), FormatError);
}

TEST_CASE("torch: a storage key of 60000 characters cannot be named without end") {
  const std::string key(60'000, '9');
  const std::string id = kStart + "(" + text("storage") + "ctorch\nFloatStorage\n" + text(key) + text("cpu") + "K\1t";
  CHECK_THROWS_WITH_AS(load(archive(id + memo(1) + many(std::string("h\1Q0", 4), 2000) + "N.", key)),
                       doctest::Contains("again and again"), FormatError);
  const std::string number = kStart + "(" + text("storage") + "ctorch\nFloatStorage\n\x8a\x09" +
                             std::string(8, '\xff') + std::string(1, '\0') + text("cpu") + "K\1tQ.";
  CHECK_THROWS_WITH_AS(load(archive(number)), doctest::Contains("storage key"), FormatError);
}

TEST_CASE("torch: a protocol 0 integer of 4300 digits is exact") {
  const std::string digits = "-" + many("9876543210", 430);
  CHECK(load(archive("L" + digits + "L\n.")).integer_decimal() == digits);
  CHECK(load(archive("L-000000000000L\n.")).as_int() == 0);
  CHECK(load(archive("L-9223372036854775808L\n.")).as_int() == INT64_MIN);
}

TEST_CASE("torch: a quantization scheme that is no scheme is neither read nor written") {
  Value::Quantized q;
  q.scheme = "per_tensor_affine\n(cos\nsystem\n";
  q.ints = empty({2}, DType::qint8);
  CHECK_THROWS_WITH_AS(save_to_bytes(Value::quantized(q), {.format = "torch"}), doctest::Contains("scheme"), Error);
  for (const char* format : {"harker", "onnx"})
    CHECK_THROWS_WITH_AS(save_to_bytes(Value::quantized(q), {.format = format}), doctest::Contains("scheme"), Error);
}

TEST_CASE("value table: a file that calls its class known is not believed") {
  Value::Opaque o;
  o.module = "os", o.name = "system", o.called = o.known = true;
  o.args = Value::tuple({Value("true")});
  for (const char* format : {"harker", "onnx"}) {
    CAPTURE(format);
    const auto file = save_to_bytes(Value::list({Value::opaque(o)}), {.format = format});
    CHECK_THROWS_WITH_AS(load(file), doctest::Contains("os.system"), FormatError);
    CHECK_FALSE(load(file, {.unknown = Unknown::keep})[0].as_opaque().known);
  }
  o.module = "builtins", o.name = "slice";
  o.args = Value::tuple({0, 1, Value()});
  CHECK(load(save_to_bytes(Value::opaque(o), {.format = "harker"})).as_opaque().known);
}

TEST_CASE("value table: a quantized tensor's integers are there when everything else is lazy") {
  Value::Quantized q;
  q.scheme = "per_tensor_affine";
  q.ints = zeros({3}, {.dtype = DType::int8});
  static_cast<std::int8_t*>(q.ints.raw())[1] = 7;
  q.ints.impl().dtype = DType::qint8;
  const auto file = save_to_bytes(Value::quantized(q), {.format = "harker"});
  const Value v = load(file, {.mmap = true});
  const void* data = v.as_quantized().ints.raw();
  REQUIRE(data != nullptr);
  CHECK(static_cast<const std::int8_t*>(data)[1] == 7);
}

TEST_CASE("onnx: sizes of an empty tensor whose product leaves 64 bits are refused") {
  const auto varint = [](std::uint64_t v) {
    std::string out;
    for (; v >= 0x80; v >>= 7) out += static_cast<char>(v | 0x80);
    return out + static_cast<char>(v);
  };
  const auto field = [&](int n, const std::string& s) { return static_cast<char>(n << 3 | 2) + varint(s.size()) + s; };
  const std::string dims = "\x08" + varint(std::uint64_t{1} << 62) + "\x08" + varint(2) + "\x08" + std::string(1, '\0');
  const std::string model =
      std::string("\x08\x08", 2) + field(7, field(5, dims + std::string("\x10\x01", 2) + field(8, "w") + field(9, "")));
  CHECK_THROWS_WITH_AS(load(std::vector<std::uint8_t>(model.begin(), model.end())), doctest::Contains("overflows"),
                       FormatError);
}

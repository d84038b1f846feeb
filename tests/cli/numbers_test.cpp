// Numbers as text and in sum: cat --text, stats, hash.
#include <doctest/doctest.h>
#include <harker/core/base/half.h>
#include <harker/core/ops/ops.h>
#include <harker/serialize/serialize.h>

#include <cmath>
#include <cstring>
#include <sstream>

#include "cli/run.h"
#include "sha256.h"

using namespace harker;
using namespace harker::test;

namespace {

template <class T>
Tensor tensor_of(const std::vector<T>& v, DType dtype, const Shape& shape) {
  Tensor out = empty(shape, dtype);
  std::memcpy(out.raw(), v.data(), v.size() * sizeof(T));
  return out;
}

/// All bit patterns of a type of one or two bytes.
template <class B>
Tensor all_of(DType dtype) {
  std::vector<B> v(std::size_t{1} << (8 * sizeof(B)));
  for (std::size_t i = 0; i < v.size(); ++i) v[i] = static_cast<B>(i);
  return tensor_of(v, dtype, {static_cast<std::int64_t>(v.size()), 1});
}

std::string text(const std::string& file, const std::string& key) {
  const Run r = harker_command({"cat", "--text", file, key});
  CHECK_MESSAGE(r.status == 0, key, ": ", r.err);
  return r.out;
}

std::string digest(const std::string& file) { return harker_command({"hash", file}).out.substr(0, 64); }

std::vector<std::string> words(const std::string& out, const std::string& name) {
  std::istringstream in(out);
  for (std::string line; std::getline(in, line);) {
    std::istringstream cells(line);
    std::vector<std::string> all;
    for (std::string word; cells >> word;) all.push_back(word);
    if (!all.empty() && all[0] == name) return all;
  }
  return {};
}

}  // namespace

TEST_CASE("cli: cat --text writes every number of the narrow types so that it reads back, and no longer than that") {
  TempFolder t;
  save(Value::dict({{"half", all_of<std::uint16_t>(DType::float16)},
                    {"brain", all_of<std::uint16_t>(DType::bfloat16)},
                    {"e5m2", all_of<std::uint8_t>(DType::float8_e5m2)}}),
       t / "a.harker");
  auto check = [&](const char* key, auto to_bits, auto to_float, std::size_t count) {
    std::istringstream in(text(t / "a.harker", key));
    std::string line;
    std::size_t bits = 0, length = 0;
    for (; std::getline(in, line); ++bits) {
      const float v = std::strtof(line.c_str(), nullptr);
      if (std::isnan(to_float(bits)) ? !std::isnan(v) : to_bits(v) != bits)
        FAIL(key, ": ", bits, " is written as ", line);
      length += line.size();
    }
    CHECK(bits == count);
    CHECK(length < count * 9);  // as floats they take 12
  };
  check(
      "half", [](float v) { return Float16::from_float(v); },
      [](std::size_t b) { return Float16::to_float(static_cast<std::uint16_t>(b)); }, 65536);
  check(
      "brain", [](float v) { return BFloat16::from_float(v); },
      [](std::size_t b) { return BFloat16::to_float(static_cast<std::uint16_t>(b)); }, 65536);
  CHECK(text(t / "a.harker", "e5m2").find("\n0.09\n") != std::string::npos);  // 0.09375
}

TEST_CASE("cli: cat --text writes a line for each row, and what is no tensor as Python would") {
  TempFolder t;
  Value::Numpy n;
  n.dtype = ">i4", n.shape = {2}, n.data = {0, 0, 0, 1, 0xff, 0xff, 0xff, 0xfe};
  Value::Quantized q;
  q.ints = tensor_of<std::int8_t>({-1, 5}, DType::qint8, {2});
  q.scheme = "per_tensor_affine", q.scale = 0.5;
  save(Value::dict({{"cube", arange(0, 12).view({2, 2, 3})},
                    {"turned", arange(0, 6).view({2, 3}).t()},
                    {"one", full({}, 0.1)},
                    {"none", zeros({0, 3})},
                    {"bool", tensor_of<std::uint8_t>({1, 0}, kBool, {2})},
                    {"big", tensor_of<std::uint64_t>({UINT64_MAX, 0}, DType::uint64, {2})},
                    {"low", tensor_of<std::int64_t>({INT64_MIN, -1}, kInt64, {2})},
                    {"complex", tensor_of<float>({1, -2.5F, NAN, INFINITY}, DType::complex64, {2})},
                    {"fours", tensor_of<std::uint8_t>({0x2f}, DType::float4_e2m1fn_x2, {1})},
                    {"array", Value::numpy_array(n)},
                    {"quantized", Value::quantized(q)},
                    {"lr", 0.1},
                    {"name", "a\x1b[31m"},
                    {"list", Value::list({1, "x"})},
                    {"dict", Value::dict({{"a", 1}})}}),
       t / "a.harker");
  const std::pair<const char*, const char*> table[] = {{"cube", "0 1 2\n3 4 5\n\n6 7 8\n9 10 11\n"},
                                                       {"turned", "0 3\n1 4\n2 5\n"},
                                                       {"one", "0.1\n"},
                                                       {"none", ""},
                                                       {"bool", "True False\n"},
                                                       {"big", "18446744073709551615 0\n"},
                                                       {"low", "-9223372036854775808 -1\n"},
                                                       {"complex", "1-2.5j nan+infj\n"},
                                                       {"fours", "-6 1\n"},
                                                       {"array", "1 -2\n"},
                                                       {"quantized", "-1 5\n"},
                                                       {"lr", "0.1\n"},
                                                       {"name", "a\\x1b[31m\n"},
                                                       {"list", "[1, 'x']\n"}};
  for (const auto& [key, expected] : table) CHECK_MESSAGE(text(t / "a.harker", key) == expected, key);
  CHECK(harker_command({"cat", t / "a.harker", "array"}).out == std::string("\1\0\0\0\xfe\xff\xff\xff", 8));
  CHECK(harker_command({"cat", t / "a.harker", "quantized"}).out == "\xff\5");
  CHECK(harker_command({"cat", t / "a.harker", "name"}).out == "a\x1b[31m");
  const Run r = harker_command({"cat", t / "a.harker", "lr"});
  CHECK(r.status == 1);
  CHECK(r.err.find("--text prints it") != std::string::npos);
  CHECK(harker_command({"cat", "--text", t / "a.harker", "dict"}).status == 1);
}

TEST_CASE("cli: stats of ordinary, odd and hardly any numbers") {
  TempFolder t;
  save(Value::dict({{"plain", from_vector(std::vector<float>{-1, 0, 0, 5}, {4})},
                    {"odd", from_vector(std::vector<float>{NAN, INFINITY, -INFINITY, 2, 2}, {5})},
                    {"nothing", zeros({0})},
                    {"nan", full({2}, NAN)},
                    {"huge", from_vector(std::vector<double>{1.7e308, 1.7e308, -1.7e308}, {3})},
                    {"complex", tensor_of<float>({3, 4, 0, 0}, DType::complex64, {2})},
                    {"bool", tensor_of<std::uint8_t>({1, 0, 1, 1}, kBool, {4})},
                    {"step", 3}}),
       t / "a.harker");
  const Run r = run_program("/bin/sh", {"-c", "LC_ALL=C.UTF-8 \"$0\" stats \"$1\"", HARKER_CLI, t / "a.harker"});
  CHECK_MESSAGE(r.status == 0, r.err);
  using Words = std::vector<std::string>;
  CHECK(words(r.out, "plain") ==
        Words{"plain", "float32", "[4]", "-1", "5", "1", "2.708", "2", "0", "0", "|▄", "█", "▄|"});
  CHECK(words(r.out, "odd") == Words{"odd", "float32", "[5]", "2", "2", "2", "0", "0", "1", "2"});
  CHECK(words(r.out, "nothing") == Words{"nothing", "float32", "[0]", "-", "-", "-", "-", "0", "0", "0"});
  CHECK(words(r.out, "nan") == Words{"nan", "float32", "[2]", "-", "-", "-", "-", "0", "2", "0"});
  CHECK(words(r.out, "huge")[3] == "-1.7e+308");
  CHECK(words(r.out, "huge")[5] == "5.667e+307");
  CHECK(words(r.out, "complex")[4] == "5");
  CHECK(words(r.out, "bool")[5] == "0.75");
  CHECK(words(r.out, "step").empty());
  CHECK(r.out.ends_with("\n7 tensors, 20 numbers\n"));
  const Run ascii =
      run_program("/bin/sh", {"-c", "LC_ALL=C \"$0\" stats --match plain \"$1\"", HARKER_CLI, t / "a.harker"});
  CHECK(words(ascii.out, "plain").back() == "=|");
  CHECK(words(ascii.out, "total")[4] == "2.708");
  CHECK(ascii.out.ends_with("\n1 tensor, 4 numbers\n"));
}

TEST_CASE("cli: hash is of names, dtypes, shapes and elements, and of nothing else") {
  TempFolder t;
  const Tensor w = arange(0, 6).to(kFloat32).view({2, 3});
  save(Value::dict({{"w", w}, {"b", ones({2})}}), t / "a.pt");
  const std::string one = digest(t / "a.pt");
  // What docs/cli.md says of it.
  auto sha = [](std::string text, const Tensor& of) {
    text.append(static_cast<const char*>(of.raw()), static_cast<std::size_t>(of.numel()) * 4);
    return sha256_hex({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
  };
  const std::string all = "1:b" + sha("float32\n2\n\n", ones({2})) + "\n1:w" + sha("float32\n2,3\n\n", w) + "\n";
  CHECK(one == sha256_hex({reinterpret_cast<const std::uint8_t*>(all.data()), all.size()}));

  Value::Numpy n;
  n.dtype = ">f4", n.shape = {2}, n.data = {0x3f, 0x80, 0, 0, 0x3f, 0x80, 0, 0};
  save(Value::ordered_dict({{"b", Value::numpy_array(n)}, {"lr", 0.1}, {"w", w.t().contiguous().t()}}), t / "same.pt");
  CHECK(digest(t / "same.pt") == one);
  for (const char* name : {"a.harker", "a.pb"}) {
    CHECK(harker_command({"convert", t / "a.pt", t / name}).status == 0);
    const Run r = harker_command({"hash", t / "a.pt", t / name});
    CHECK(r.status == 0);
    CHECK(r.out.ends_with("  " + t / name + "\nthe same\n"));
  }
  const std::pair<const char*, Value> others[] = {
      {"name", Value::dict({{"W", w}, {"b", ones({2})}})},
      {"dtype", Value::dict({{"w", w.to(kFloat64)}, {"b", ones({2})}})},
      {"shape", Value::dict({{"w", w.view({3, 2})}, {"b", ones({2})}})},
      {"element", Value::dict({{"w", w}, {"b", from_vector(std::vector<float>{1, 1.0000001F}, {2})}})},
      {"one less", Value::dict({{"w", w}})}};
  for (const auto& [what, value] : others) {
    save(value, t / "other.pt");
    const Run r = harker_command({"hash", t / "a.pt", t / "other.pt"});
    CHECK_MESSAGE(r.status == 1, what);
    CHECK(r.out.ends_with("\ndifferent\n"));
  }
  CHECK(harker_command({"hash", "--tensors", "--match", "w", t / "a.pt"})
            .out.find(sha("float32\n2,3\n\n", w) + "  w\n") == 0);
  save(Value::dict({{"lr", 0.1}}), t / "none.pt");
  CHECK(harker_command({"hash", t / "none.pt"}).err.find("holds no weights") != std::string::npos);
  CHECK(harker_command({"hash", t / "none.pt"}).status == 2);
  CHECK(harker_command({"hash", "-", "-"}).status == 2);
}

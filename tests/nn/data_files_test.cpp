// CSV and IDX files: what is read, and that damaged ones are refused with a place, never crash, and never allocate what
// the file does not have.
#include <doctest/doctest.h>
#include <harker/core/error.h>
#include <harker/nn/data/csv.h>
#include <harker/nn/data/idx.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <random>

using namespace harker;
using namespace harker::nn::data;

namespace {

std::string message_of(auto&& f) {
  try {
    f();
  } catch (const FormatError& e) { return std::string("FormatError: ") + e.what(); } catch (const Error& e) {
    return e.what();
  }
  return "nothing was thrown";
}
bool says(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

std::vector<double> numbers(std::string_view text, const CsvOptions& options = {}) {
  return parse_csv(text, options).values.to_vector<double>();
}
using Row = std::vector<double>;

struct TemporaryFile {
  std::filesystem::path path;
  TemporaryFile(const std::string& name, std::string_view bytes) : path(std::filesystem::temp_directory_path() / name) {
    std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  }
  ~TemporaryFile() { std::filesystem::remove(path); }
};

}  // namespace

TEST_CASE("csv: numbers in rows, with and without names") {
  const Csv plain = parse_csv("1,2,3\n4,5,6\n");
  CHECK(plain.values.shape() == Shape{2, 3});
  CHECK(plain.values.dtype() == kFloat32);
  CHECK(plain.names.empty());
  const Csv named = parse_csv("age,\"net, weight\",y\n1,2,3\n4,5,6");
  CHECK(named.names == std::vector<std::string>{"age", "net, weight", "y"});
  CHECK(equal(named.values, plain.values));
  CHECK(named.column("net, weight").to_vector<double>() == Row{2, 5});
  CHECK(says(message_of([&] { named.column("agee"); }), "did you mean 'age'?"));
  CHECK(parse_csv("2020,2021\n1,2\n", {.header = Header::yes}).names[1] == "2021");
  CHECK(parse_csv("1,2\n", {.dtype = kFloat64}).values.dtype() == kFloat64);
}

TEST_CASE("csv: spaces, quotes, signs, every end of a line, marks and blank lines") {
  const Row want = {1, -2.5, 3e4, 4};
  CHECK(numbers("1,-2.5\n3e4,4\n") == want);
  CHECK(numbers("1,-2.5\r\n3e4,4\r\n") == want);
  CHECK(numbers("1,-2.5\r3e4,4") == want);
  CHECK(numbers("\xef\xbb\xbf 1 ,\t-2.5 \n\n  \n+3E4,4.\n\n") == want);
  CHECK(numbers("\"1\", \"-2.5\" \n\"3e4\",\"4\"") == want);
  CHECK(numbers("1;-2.5\n3e4;4", {.delimiter = ';'}) == want);
  CHECK(numbers("1\t-2.5\n3e4\t4", {.delimiter = '\t'}) == want);
  CHECK(numbers("7") == Row{7});
  const Row odd = numbers("inf,-inf,nan,1e-60,-1e-400", {.header = Header::no});
  CHECK(odd[0] == INFINITY);
  CHECK(odd[1] == -INFINITY);
  CHECK(std::isnan(odd[2]));
  CHECK(odd[3] == 0);
  CHECK(std::signbit(odd[4]));
  // Rounded once: by way of double this would be 1.
  CHECK(numbers("1.00000005960464477539063")[0] == 1 + 0x1p-23);
  const Csv quotes = parse_csv("\"a \"\"b\"\"\n c\",d\n1,2\n");
  CHECK(quotes.names[0] == "a \"b\"\n c");
}

TEST_CASE("csv: a number is too large or too small for its type just where it is") {
  for (const DType dtype : {kFloat32, kFloat64}) {
    const CsvOptions options{.header = Header::no, .dtype = dtype};
    for (const char* large : {"1e999", "-1e999", "1E+999", "1e99999999999"})
      CHECK(says(message_of([&] { parse_csv(large, options); }), "is not a number that fits"));
    for (const char* small : {"1e-999", "1E-999", "1e-99999999999"}) CHECK(numbers(small, options) == Row{0});
    CHECK(std::signbit(numbers("-1e-999", options)[0]));
  }
  CHECK(numbers("3.4028234e38") == Row{0x1.fffffep127});
  CHECK(says(message_of([] { parse_csv("1,3.41e38"); }), "'3.41e38' is not a number that fits float32"));
  CHECK(numbers("1e-45") == Row{0x1p-149});
  CHECK(numbers("3.41e38,1.7976931348623157e308", {.dtype = kFloat64})[1] == 0x1.fffffffffffffp1023);
  CHECK(numbers("5e-324", {.dtype = kFloat64}) == Row{0x1p-1074});
}

TEST_CASE("csv: a field has at most 4096 bytes, with quotes and without, and its spaces do not count before it") {
  const std::string longest = std::string(4095, '0') + '7';
  CHECK(numbers(longest) == Row{7});
  CHECK(numbers("  " + longest) == Row{7});
  CHECK(numbers('"' + longest + '"') == Row{7});
  for (const std::string& field : {'0' + longest, "\"0" + longest + '"'})
    CHECK(says(message_of([&] { parse_csv("1," + field); }), "the field in column 2 is longer than 4096 bytes"));
}

TEST_CASE("csv: an empty field is an error, or what it shall be") {
  CHECK(says(message_of([] { numbers("a,b\n1,2\n3,\n"); }), "line 3: column 2 ('b') is empty; set .missing"));
  const Row filled = numbers("1,2\n3,\n,6", {.missing = NAN});
  CHECK(std::isnan(filled[3]));
  CHECK(std::isnan(filled[4]));
  CHECK(numbers(",2\n3,4", {.missing = -1})[0] == -1);
}

TEST_CASE("csv: what is wrong is told with line and column") {
  const auto tells = [](std::string_view text, std::string_view words) {
    const std::string message = message_of([&] { parse_csv(text, {}, "data.csv"); });
    CAPTURE(message);
    CHECK(message.starts_with("FormatError: data.csv"));
    CHECK(says(message, words));
  };
  tells("1,2\n3,x\n", "line 2: column 2: 'x' is not a number");
  tells("a,b\r\n\r\n1,2\r\n3,4z\r\n", "line 4: column 2 ('b'): '4z' is not a number");
  tells("1,oops\n3,4\n", "line 1: column 2: 'oops'");
  tells("1,2\n3\n", "line 2: 1 fields, the first line has 2");
  tells("1,2\n3,4,5\n", "line 2: more than the 2 fields");
  tells("1,2\n\"3,4\n5,6\n", "line 2: the quote that opens in column 1 is not closed");
  tells("1,\"2\"3\n", "line 1: text follows the closing quote in column 2");
  tells("1,1e39\n", "'1e39' is not a number that fits float32");
  for (const char* large : {"1e999", "-1e999", "1E+999", "1e400"})  // beyond double too
    tells(std::string("1,") + large + "\n", std::string("'") + large + "' is not a number");
  tells("", "holds no rows");
  tells("a,b\n", "holds no rows");
  tells("\n \n", "holds no rows");
  tells(std::string_view("1,\0\n", 4), "line 1: column 2: ");
  CHECK(numbers("1," + std::string(4095, '0') + "7\n") == Row{1, 7});  // the longest field, and one byte more
  tells("1," + std::string(4096, '0') + "7\n", "longer than 4096 bytes");
  CHECK(numbers("1,\"" + std::string(4095, '0') + "7\"\n") == Row{1, 7});
  tells("1,\"" + std::string(4096, '0') + "7\"\n", "longer than 4096 bytes");
  tells("1,\"" + std::string(100000, '\n') + "\"\n", "longer than 4096 bytes");
  tells("1,0x10\n", "line 1: column 2");
  tells("--1,2\n", "line 1: column 1");
  CHECK_THROWS_AS(parse_csv("1", {.delimiter = '"'}), Error);
  CHECK_THROWS_AS(parse_csv("1", {.dtype = kInt64}), TypeError);
}

TEST_CASE("csv: a file larger than the buffer is the same as its text") {
  std::string text = "a,b,c\r\n";
  for (int i = 0; i < 20000; ++i) text += std::to_string(i) + ".5, " + std::to_string(-i) + ",\"3\"\r\n";
  const TemporaryFile file("harker_csv_test.csv", text);
  const Csv read = read_csv(file.path);
  CHECK(read.values.shape() == Shape{20000, 3});
  CHECK(equal(read.values, parse_csv(text).values));
  CHECK(read.values[19999][0].item() == 19999.5);
  CHECK_THROWS_AS(read_csv("/no/such/file.csv"), IoError);
  CHECK_THROWS_AS(read_csv("/"), IoError);
}

namespace {

std::string idx_head(int type, const std::vector<std::uint32_t>& shape) {
  std::string s = {0, 0, static_cast<char>(type), static_cast<char>(shape.size())};
  for (std::uint32_t n : shape)
    for (int shift = 24; shift >= 0; shift -= 8) s += static_cast<char>(n >> shift);
  return s;
}
std::span<const std::uint8_t> bytes_of(const std::string& s) {
  return {reinterpret_cast<const std::uint8_t*>(s.data()), s.size()};
}

}  // namespace

TEST_CASE("idx: all six types, big-endian") {
  const auto values = [](int type, std::string_view data, DType want) {
    const Tensor t = parse_idx(bytes_of(idx_head(type, {2}) + std::string(data)));
    CHECK(t.dtype() == want);
    return t.to_vector<double>();
  };
  using namespace std::string_view_literals;
  CHECK(values(0x08, "\x01\xff"sv, kUInt8) == Row{1, 255});
  CHECK(values(0x09, "\x01\xff"sv, kInt8) == Row{1, -1});
  CHECK(values(0x0b, "\x01\x02\xff\xfe"sv, kInt16) == Row{258, -2});
  CHECK(values(0x0c, "\x00\x01\x00\x02\xff\xff\xff\xfd"sv, kInt32) == Row{65538, -3});
  CHECK(values(0x0d, "\x3f\x80\x00\x00\xc0\x20\x00\x00"sv, kFloat32) == Row{1, -2.5});
  CHECK(values(0x0e, "\x3f\xf0\0\0\0\0\0\0\xc0\x04\0\0\0\0\0\0"sv, kFloat64) == Row{1, -2.5});
}

TEST_CASE("idx: images and labels as MNIST has them, also from a file") {
  std::string images = idx_head(8, {3, 2, 2}) + "abcdefghijkl";
  const TemporaryFile file("harker_idx_test", images);
  const Tensor t = read_idx(file.path);
  CHECK(t.shape() == Shape{3, 2, 2});
  CHECK(t[1][0][1].item() == 'f');
  CHECK(parse_idx(bytes_of(idx_head(8, {}) + "x")).dim() == 0);
  CHECK(parse_idx(bytes_of(idx_head(14, {0, 5}))).shape() == Shape{0, 5});
  CHECK_THROWS_AS(read_idx("/no/such/file"), IoError);
  CHECK_THROWS_AS(read_idx("/"), IoError);
}

TEST_CASE("idx: damaged files are refused before anything is allocated") {
  const auto tells = [](const std::string& bytes, std::string_view words) {
    const std::string message = message_of([&] { parse_idx(bytes_of(bytes), "train-images"); });
    CAPTURE(message);
    CHECK(message.starts_with("FormatError: train-images"));
    CHECK(says(message, words));
  };
  tells("", "0 bytes long");
  tells("\x1f\x8b\x08\x08", "gunzip train-images");
  tells("\x1f\x8b", "gunzip");
  tells("PK\x03\x04", "two bytes of 0");
  tells(idx_head(7, {1}) + "a", "type 7");
  tells(idx_head(8, {1, 2}).substr(0, 9), "within the sizes of its 2 dimensions");
  tells(std::string({0, 0, 8, static_cast<char>(255)}), "its 255 dimensions");
  tells(idx_head(8, {4}) + "abc", "has 3 bytes of elements, its shape (4) of uint8 needs more");
  tells(idx_head(8, {2}) + "abc", "needs 2");
  tells(idx_head(12, {1}) + "abc", "needs more");
  tells(idx_head(8, {0xffffffff, 0xffffffff, 0xffffffff}) + "abc", "needs more");
  tells(idx_head(14, {0x20000000, 0x10, 0x10000000}) + "abc", "needs more");  // 2^61 elements: 2^64 bytes
  tells(idx_head(8, {0x80000000, 0x80000000, 4}), "needs more");              // 2^64 elements
  tells(idx_head(8, {0}) + "a", "needs 0");
}

TEST_CASE("idx and csv: a thousand random damages are read or refused") {
  std::mt19937 random(1);
  const std::string idx = idx_head(11, {4, 3}) + std::string(24, 'z'), csv = "a,\"b\"\n1,2.5\n-3,\"4\"\n";
  int read = 0, refused = 0;
  for (int i = 0; i < 2000; ++i) {
    std::string bytes = i % 2 ? idx : csv;
    for (std::size_t n = random() % 3; n < 3; ++n) {
      const std::size_t at = random() % (bytes.size() + 1);
      switch (random() % 3) {
        case 0: bytes.resize(at); break;
        case 1: bytes.insert(at, 1, static_cast<char>(random())); break;
        default:
          if (at < bytes.size()) bytes[at] = static_cast<char>(random());
      }
    }
    try {
      if (i % 2)
        parse_idx(bytes_of(bytes));
      else
        parse_csv(bytes);
      ++read;
    } catch (const FormatError&) { ++refused; }
  }
  CHECK(read > 100);
  CHECK(refused > 500);
}

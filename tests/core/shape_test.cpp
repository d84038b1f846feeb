// Shapes on both sides of the inline limit, dtypes and devices by name, and the text of messages.
#include <doctest/doctest.h>

#include <harker/core/base/text.h>
#include <harker/core/device.h>
#include <harker/core/dtype.h>
#include <harker/core/error.h>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

using namespace harker;

namespace {
Shape counting(int rank) {
  Shape s = Shape::filled(rank, 0);
  for (int d = 0; d < rank; ++d) s[d] = d + 1;
  return s;
}
}  // namespace

TEST_CASE("shape: copies and moves between inline and heap keep the sizes") {
  for (int from : {0, 1, 6, 7, 9}) {
    for (int to : {0, 1, 6, 7, 9}) {
      const Shape source = counting(from);
      Shape target = counting(to);
      target = source;
      CHECK(target == source);
      Shape copy(source);
      CHECK(copy == source);
      Shape other = counting(to);
      other = std::move(copy);
      CHECK(other == source);
      Shape moved(std::move(other));
      CHECK(moved == source);
      Shape& same = moved;
      moved = same;
      CHECK(moved == source);
    }
  }
}

TEST_CASE("shape: contiguous strides are PyTorch's, a size of 0 counts as 1") {
  CHECK(Shape{2, 3, 4}.contiguous_strides() == Shape{12, 4, 1});
  CHECK(Shape{2, 0, 4}.contiguous_strides() == Shape{4, 4, 1});
  CHECK(Shape{}.contiguous_strides() == Shape{});
  CHECK(counting(8).contiguous_strides() == Shape{40320, 20160, 6720, 1680, 336, 56, 8, 1});
  CHECK(Shape{0, INT64_MAX, INT64_MAX}.contiguous_strides().rank() == 3);
}

TEST_CASE("shape: a dimension more and a dimension less") {
  CHECK(Shape{2, 3}.inserted(0, 7) == Shape{7, 2, 3});
  CHECK(Shape{2, 3}.inserted(2, 7) == Shape{2, 3, 7});
  CHECK(Shape{2, 3}.erased(0) == Shape{3});
  CHECK(counting(6).inserted(6, 7) == counting(7));
  CHECK(counting(7).erased(6) == counting(6));
  CHECK_THROWS_AS((Shape{2, 3}.erased(2)), ShapeError);
  CHECK_THROWS_AS((Shape{2, 3}.inserted(4, 1)), ShapeError);
  CHECK_THROWS_AS(Shape::filled(-1, 1), ShapeError);
}

TEST_CASE("dtype: every name reads back and belongs to one dtype") {
  for (int i = 0; i < kDTypes; ++i) {
    const auto t = static_cast<DType>(i);
    CHECK(dtype_from_name(name(t)) == t);
  }
  CHECK(name(kBool) == "bool");
  CHECK(name(DType::qint32) == "qint32");
  CHECK(name(DType::float8_e4m3fn) == "float8_e4m3fn");
  CHECK(!dtype_from_name("float31"));
  CHECK(name(Device{}) == "cpu");
  CHECK(name(Device{DeviceType::cuda, 1}) == "cuda:1");
}

TEST_CASE("text: a quoted string shows no byte that a terminal would act on") {
  using detail::quoted;
  CHECK(quoted("fc1.weight") == "'fc1.weight'");
  CHECK(quoted("a\x1b[2J\n") == "'a\\x1b[2J\\x0a'");
  CHECK(quoted("gr\xc3\xbc\xc3\x9f") == "'gr\xc3\xbc\xc3\x9f'");
  CHECK(quoted("\xff\xc3") == "'\\xff\\xc3'");
  CHECK(quoted("\xed\xa0\x80") == "'\\xed\\xa0\\x80'");  // a lone surrogate
  CHECK(quoted("\xc2\x9b") == "'\\xc2\\x9b'");           // a control sequence in one character
  CHECK(quoted("\xe2\x80\xae") == "'\\xe2\\x80\\xae'");  // right-to-left from here
  CHECK(quoted("it's") == "'it\\'s'");
  CHECK(quoted(std::string(100, 'x'), 10) == "'xxxxxxxxxx...'");
  CHECK(quoted(std::string(10, 'x'), 10) == "'xxxxxxxxxx'");
  CHECK(quoted(std::string(10, '\0'), 10) == "'\\x00\\x00\\x00\\x00\\x00...'");  // never more than twice the bytes
  CHECK(quoted(std::string(5, '\0'), 10) == "'\\x00\\x00\\x00\\x00\\x00'");
  CHECK(quoted(std::string(10, '\''), 10).size() == 2 + 20);
}

TEST_CASE("text: numbers are the shortest that read back") {
  CHECK(detail::str(0.1, ' ', 1e300, ' ', -2.0) == "0.1 1e+300 -2");
  CHECK(detail::str(std::nan("")) == "nan");
  CHECK(detail::str(Shape{2, 3}, Shape{}) == "(2, 3)()");
  const std::string many = detail::str(Shape(std::vector<std::int64_t>(64, INT64_MAX)));
  CHECK(many.ends_with(", 9223372036854775807, ... 64 in all)"));
  CHECK(many.size() < 150);
}

TEST_CASE("text: the nearest name within a third of its length") {
  const std::vector<std::string_view> names{"fc1.weight", "fc1.bias", "states", "param_groups"};
  auto near = [&](std::string_view name) { return detail::nearest(name, names.data(), names.size()); };
  CHECK(near("state") == "states");
  CHECK(near("fc1.wieght") == "fc1.weight");
  CHECK(near("fc1.bias") == "fc1.bias");
  CHECK(near("params_groups") == "param_groups");
  CHECK(near("conv") == "");
  CHECK(near("") == "");
  const std::string tall(1'000'000, 'a');
  const std::vector<std::string_view> same{tall};
  CHECK(detail::nearest(tall, same.data(), 1) == tall);
}

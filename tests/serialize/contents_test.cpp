// verify looks into tensors whose parts must fit each other: a table of what it takes and what it refuses, of each kind
// and in every format.
#include <doctest/doctest.h>
#include <harker/core/ops/ops.h>
#include <harker/serialize/format.h>
#include <harker/serialize/value/contents.h>

#include <cmath>
#include <limits>

using namespace harker;

namespace {

Tensor ints(const Shape& shape, std::initializer_list<std::int64_t> values, DType dtype = DType::int64) {
  Tensor t = zeros(shape, {.dtype = DType::int64});
  std::copy(values.begin(), values.end(), t.data<std::int64_t>());
  return t.to(dtype);
}

Value::Sparse sparse(std::string_view layout, std::vector<Tensor> parts, const Shape& shape) {
  Value::Sparse s;
  s.layout = std::string("torch.sparse_") + std::string(layout);
  for (const Tensor& t : parts) s.parts.emplace_back(t);
  s.shape = shape;
  return s;
}

// What verify says of a file of `format` that holds `v`; "" for nothing.
std::string verdict(const Value& v, const char* format) {
  const auto bytes = save_to_bytes(Value::dict({{"x", v}}), {.format = format});
  const auto source = io::Source::view(bytes, "file");
  try {
    detect_format(*source).verify(source, {});
  } catch (const FormatError& e) { return e.what(); }
  return "";
}

void good(const Value& v) {
  for (const char* format : {"torch", "harker", "onnx"}) {
    CAPTURE(std::string(format));
    CHECK(verdict(v, format) == "");
  }
}
// Refused, with the file, the path and `words`.
void bad(const Value& v, const char* words, std::initializer_list<const char*> formats = {"torch", "harker", "onnx"}) {
  for (const char* format : formats) {
    CAPTURE(std::string(format));
    CAPTURE(std::string(words));
    const std::string said = verdict(v, format);
    CAPTURE(said);
    CHECK(said.starts_with("file: "));
    CHECK(said.find(words) != std::string::npos);
    CHECK(said.size() <= 500);
  }
}

Value call(const char* name, std::vector<Value> args) {
  Value::Opaque o;
  o.module = "torch._utils", o.name = name;
  o.called = o.known = true;
  o.args = Value::tuple(std::move(args));
  return Value::opaque(o);
}
Value numbers(std::initializer_list<std::int64_t> values) {
  return Value::tuple(std::vector<Value>(values.begin(), values.end()));
}

}  // namespace

TEST_CASE("verify: the indices of a sparse tensor lie inside its size, and ascend where it says so") {
  const auto coo = [](std::initializer_list<std::int64_t> indices, std::optional<bool> coalesced = {},
                      const Shape& shape = {3, 4}) {
    Value::Sparse s = sparse("coo", {ints({2, 3}, indices), ones({3})}, shape);
    s.coalesced = coalesced;
    return Value::sparse(s);
  };
  good(coo({0, 1, 2, 0, 0, 3}));
  good(coo({0, 1, 2, 0, 0, 3}, true));
  good(coo({2, 0, 2, 3, 0, 3}));  // in any order, and twice
  good(coo({2, 0, 2, 3, 0, 3}, false));
  bad(coo({0, 1, 3, 0, 0, 3}), "index 3 (0, 2) lies outside its size");
  bad(coo({0, 1, 2, 0, 0, 4}), "index 4 (1, 2) lies outside");
  bad(coo({0, -1, 2, 0, 0, 3}), "index -1 (0, 1) lies outside");
  bad(coo({0, 1, INT64_MAX, 0, 0, 3}), "lies outside");
  bad(coo({1, 0, 2, 0, 0, 3}, true), "coalesced");
  bad(coo({0, 0, 2, 1, 1, 3}, true), "coalesced");
  bad(coo({0, 1, 2, 0, 0, 3}, {}, {std::int64_t{1} << 40, std::int64_t{1} << 40}), "overflows");
  good(Value::sparse(sparse("coo", {ints({2, 0}, {}), ones({0})}, {0, 4})));
  bad(Value::sparse(sparse("coo", {ints({2, 1}, {0, 0}), ones({1})}, {0, 4})), "lies outside");
  good(Value::sparse(sparse("coo", {ints({1, 2}, {1, 0}), ones({2, 4})}, {3, 4})));  // dense rows
  bad(Value::sparse(sparse("coo", {ints({1, 2}, {1, 0}), ones({2, 3})}, {3, 4})), "do not fit its size");
  const auto overlapping = [](std::int64_t n) {  // one index over and over
    const Tensor zero = zeros({1, 1}, {.dtype = DType::int64});
    return Value::sparse(sparse("coo", {zero.expand({1, n}), ones({1}).expand({n})}, {3}));
  };
  good(overlapping(1000));
  bad(overlapping(2'000'000), "overlaps itself");
}

TEST_CASE(
    "verify: compressed indices begin at 0, never fall, end at the number of values, and lead to rows that ascend") {
  struct Case {
    const char* layout;
    Shape values, shape;
  };
  // Each has two rows (or columns, or rows or columns of blocks) over a width of three.
  const Case cases[] = {{"csr", {3}, {2, 3}},
                        {"csc", {3}, {3, 2}},
                        {"bsr", {3, 2, 4}, {4, 12}},
                        {"bsc", {3, 2, 4}, {6, 8}},
                        {"csr", {3, 5}, {2, 3, 5}}};
  for (const Case& c : cases) {
    CAPTURE(std::string(c.layout));
    for (const DType t : {DType::int64, DType::int32}) {
      const auto of = [&](std::initializer_list<std::int64_t> begins, std::initializer_list<std::int64_t> plain) {
        return Value::sparse(sparse(c.layout, {ints({3}, begins, t), ints({3}, plain, t), ones(c.values)}, c.shape));
      };
      good(of({0, 2, 3}, {0, 2, 1}));
      good(of({0, 0, 3}, {0, 1, 2}));
      bad(of({1, 2, 3}, {0, 2, 1}), "from 0 to 3");
      bad(of({0, 2, 2}, {0, 2, 1}), "from 0 to 3");
      bad(of({0, 2, 4}, {0, 2, 1}), "from 0 to 3");
      bad(of({0, 4, 3}, {0, 1, 2}), "compressed index 1 is 4");
      bad(of({0, -1, 3}, {0, 1, 2}), "compressed index 1 is -1");
      bad(of({0, 2, 3}, {0, 3, 1}), "plain index 3");
      bad(of({0, 2, 3}, {-1, 2, 1}), "plain index -1");
      bad(of({0, 2, 3}, {2, 0, 1}), "do not ascend");
      bad(of({0, 2, 3}, {1, 1, 1}), "do not ascend");
    }
  }
  const auto csr = [](std::vector<Tensor> parts, const Shape& shape) {
    return Value::sparse(sparse("csr", parts, shape));
  };
  const Tensor begins = ints({3}, {0, 2, 3}), plain = ints({3}, {0, 2, 1});
  bad(csr({begins, plain, ones({3})}, {3, 3}), "do not fit its size");
  bad(csr({begins, plain, ones({2})}, {2, 3}), "do not fit its size");
  bad(csr({begins, plain, ones({3, 2})}, {2, 3}), "do not fit its size");
  bad(csr({begins, plain, ones({3})}, {2}), "do not fit its size");
  bad(csr({begins, plain.to(DType::int32), ones({3})}, {2, 3}), "two dtypes");
  bad(csr({begins, plain.reshape({1, 3}), ones({3})}, {2, 3}), "do not fit its size");
  bad(csr({begins, plain, ones({})}, {2, 3}), "do not fit its size");
  bad(csr({begins, plain, ones({3})}, {INT64_MAX, 0}), "do not fit its size");
  bad(Value::sparse(sparse("bsr", {begins, plain, ones({3, 2, 4})}, {5, 12})), "do not fit its size");
  bad(Value::sparse(sparse("bsr", {begins, plain, ones({3, 0, 4})}, {0, 12})), "do not fit its size");
  // Batches, each with its own rows.
  const Tensor two = ints({2, 3}, {0, 2, 3, 0, 0, 3});
  good(csr({two, ints({2, 3}, {0, 2, 1, 0, 1, 2}), ones({2, 3})}, {2, 2, 3}));
  bad(csr({two, ints({2, 3}, {0, 2, 1, 0, 1, 3}), ones({2, 3})}, {2, 2, 3}), "plain index 3");
  bad(csr({two, ints({2, 3}, {0, 2, 1, 0, 1, 2}), ones({2, 3})}, {3, 2, 3}), "do not fit its size");
}

TEST_CASE("verify: scales are numbers, and zero points are among the integers") {
  const auto tensor = [](DType dtype, double scale, std::int64_t zero_point) {
    Value::Quantized q;
    q.ints = make_view(make_storage(16), dtype, {2}, {1}, 0);
    q.scheme = "per_tensor_affine";
    q.scale = scale, q.zero_point = zero_point;
    return Value::quantized(q);
  };
  good(tensor(DType::quint8, 0.5, 0));
  good(tensor(DType::quint8, 0.5, 255));
  bad(tensor(DType::quint8, 0.5, 256), "zero point 256");
  bad(tensor(DType::quint8, 0.5, -1), "zero point -1");
  good(tensor(DType::qint8, 0.5, -128));
  good(tensor(DType::qint8, 0.5, 127));
  bad(tensor(DType::qint8, 0.5, 128), "zero point 128");
  bad(tensor(DType::qint8, 0.5, -129), "zero point -129");
  good(tensor(DType::qint32, 0.5, INT32_MIN));
  bad(tensor(DType::qint32, 0.5, std::int64_t{INT32_MAX} + 1), "zero point");
  bad(tensor(DType::quint8, std::numeric_limits<double>::infinity(), 0), "its scale is inf");
  bad(tensor(DType::quint8, std::numeric_limits<double>::quiet_NaN(), 0), "its scale is");

  const auto channels = [](const Tensor& scales, const Tensor& zero_points, const char* scheme = "per_channel_affine") {
    Value::Quantized q;
    q.ints = make_view(make_storage(6), DType::qint8, {2, 3}, {3, 1}, 0);
    q.scheme = scheme;
    q.scales = scales, q.zero_points = zero_points;
    return Value::quantized(q);
  };
  const Tensor halves = full({2}, 0.5, {.dtype = DType::float64});
  good(channels(halves, ints({2}, {-128, 127})));
  bad(channels(halves, ints({2}, {0, 128})), "zero point 128");
  bad(channels(full({2}, NAN), ints({2}, {0, 0})), "its scale is");
  good(channels(halves, full({2}, 1e6), "per_channel_affine_float_qparams"));
  bad(channels(halves, full({2}, INFINITY), "per_channel_affine_float_qparams"), "its scale is");
}

TEST_CASE("verify: a tensor without storage has a possible size") {
  const Value wide = numbers({std::int64_t{1} << 31, std::int64_t{1} << 31}),
              narrow = numbers({std::int64_t{1} << 31, 1});
  const auto meta = [](DType t, const Value& size, const Value& stride) {
    return call("_rebuild_meta_tensor_no_storage", {Value(t), size, stride, Value(false)});
  };
  good(meta(DType::float32, numbers({2, 3}), numbers({3, 1})));
  good(meta(DType::float32, numbers({}), numbers({})));
  good(meta(DType::float32, numbers({0, 3}), numbers({3, 1})));
  good(
      meta(DType::uint8, numbers({std::int64_t{1} << 31, std::int64_t{1} << 30}), numbers({std::int64_t{1} << 30, 1})));
  bad(meta(DType::uint8, wide, narrow), "overflows");
  bad(meta(DType::float64, numbers({std::int64_t{1} << 60}), numbers({1})), "overflows");
  bad(meta(DType::float32, numbers({INT64_MAX, INT64_MAX}), numbers({1, 1})), "overflows");
  bad(meta(DType::float32, numbers({2, 3}), numbers({INT64_MAX, 1})), "overflows");
  bad(meta(DType::float32, numbers({2, -3}), numbers({3, 1})), "negative");
  bad(meta(DType::float32, numbers({2, 3}), numbers({3, -1})), "negative");
  bad(meta(DType::float32, numbers({2, 3}), numbers({3})), "2 sizes, but 1 strides");
  bad(meta(DType::float32, Value("2"), numbers({1})), "no tuple");
  bad(call("_rebuild_meta_tensor_no_storage", {Value(DType::float32), numbers({2})}), "wrong arguments");
  bad(call("_rebuild_meta_tensor_no_storage", {Value(3), numbers({2}), numbers({1}), Value(false)}), "its dtype");
  Value::Opaque cls;
  cls.module = "torch", cls.name = "Tensor";
  cls.known = true;
  const auto wrapper = [&](const Value& size, const Value& stride, const Value& offset) {
    return call("_rebuild_wrapper_subclass", {Value::opaque(cls), Value(DType::float32), size, stride, offset,
                                              Value::layout("torch.strided"), Value::device("cpu"), Value(false)});
  };
  good(wrapper(numbers({2, 3}), numbers({3, 1}), Value(5)));
  bad(wrapper(wide, narrow, Value(0)), "overflows");
  bad(wrapper(numbers({2, 3}), numbers({3, 1}), Value(INT64_MAX)), "overflows");
  bad(wrapper(numbers({2, 3}), numbers({3, 1}), Value(-1)), "negative");
  bad(wrapper(numbers({2, 3}), numbers({3, 1}), Value("0")), "offset");
}

TEST_CASE("verify: only complex numbers have conjugates") {
  Value real(ones({2})), complex(zeros({2}, {.dtype = DType::complex64}));
  complex.set_conj_neg(true, true);
  good(complex);
  real.set_conj_neg(false, true);
  good(real);
  real.set_conj_neg(true, false);
  bad(real, "conjugate", {"harker", "onnx"});  // torch's format refuses to write it
}

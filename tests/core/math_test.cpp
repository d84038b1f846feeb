// Rarer functions, products, einsum and reductions: torch's values and gradients for every row of math_rows.h, special
// functions against numbers of 20 digits, and what einsum refuses. The rest of that: misuse_math_test.cpp.
#include <doctest/doctest.h>
#include <test_json.h>
#include <test_tensor.h>

#include <core/math_rows.h>

#include <harker/core/autograd/autograd.h>
#include <cmath>
#include <cstdlib>
#include <string>

namespace harker {
namespace {

using test::has;
using test::Numbers;
using test::values;
using test::words;
using Json = nlohmann::json;

// --- Inputs by the formula of math_cases.py.

double number_at(std::int64_t i, int which, char kind) {
  static const double special[] = {NAN, INFINITY, -INFINITY, 0, -0.0, 1, -1, 0.5, 2, -2.5, 1e-30, -700};
  static const double wide[] = {1e-30, -1e-5, 0.03125, 0.5, -0.75, 1.5, 3, -4.25, 10.5, 100, 3e4, 1e8};
  const double v = static_cast<double>((i * 37 + which * 11 + 5) % 129 - 64) / 32;
  switch (kind) {
    case 'p': return std::fabs(v) + 1 / 32.0;
    case 'u': return v * 15 / 32;
    case 'o': return std::fabs(v) + 17 / 16.0;
    case 's': return special[i % 12];
    case 'w': return wide[i % 12];
    default: return v;
  }
}

/// "d:2x3:p"
Tensor given(const std::string& text, int which, bool grads) {
  const std::size_t colon = text.find(':', 2);
  const std::string sizes = text.substr(2, colon == std::string::npos ? colon : colon - 2);
  const char kind = colon == std::string::npos ? ' ' : text[colon + 1];
  Shape shape;
  for (std::size_t at = 0; at < sizes.size(); at = std::min(sizes.find('x', at), sizes.size() - 1) + 1)
    shape = shape.inserted(shape.rank(), std::atoll(sizes.c_str() + at));
  const std::string letters = "dfhbliuB";
  const DType types[] = {kFloat64, kFloat32, kFloat16, kBFloat16, kInt64, kInt32, kUInt8, kBool};
  const DType dtype = types[letters.find(text[0])];
  Numbers numbers;
  for (std::int64_t i = 0; i < shape.numel(); ++i) {
    double v = number_at(i, which, kind);
    if (!is_floating_point(dtype)) {
      v = kind == 'p' ? std::ceil(v) : std::trunc(v * 2);
      if (dtype == kUInt8) v = std::fabs(v);
      if (dtype == kBool) v = v > 0;
    }
    numbers.push_back(v);
  }
  Tensor t = from_vector(numbers, shape).to(dtype);
  if (grads && is_floating_point(dtype)) t.requires_grad_();
  return t;
}

double tolerance(DType t) {
  return t == kFloat64 ? 1e-13 : t == kFloat32 ? 2e-6 : t == kFloat16 ? 2e-3 : t == kBFloat16 ? 2e-2 : 0;
}

/// The largest |got - expected| / max(|expected|, 1), infinite where specials differ.
double difference(const Tensor& got, const Json& expected) {
  const Numbers v = values(got);
  if (v.size() != expected.size()) return INFINITY;
  double worst = 0;
  for (std::size_t i = 0; i < v.size(); ++i) {
    const double e = test::number(expected[i]);
    if (v[i] == e || (std::isnan(v[i]) && std::isnan(e))) continue;
    const double d = std::fabs(v[i] - e) / std::max(std::fabs(e), 1.0);
    worst = std::isfinite(d) ? std::max(worst, d) : INFINITY;
  }
  return worst;
}

std::string text_of(const Tensor& t) {
  std::string s;
  for (double v : values(t)) s += std::to_string(v) + " ";
  return s;
}

}  // namespace

TEST_CASE("math: values and gradients are PyTorch's") {
  const Json cases = test::read_json(std::filesystem::path(HARKER_SOURCE_DIR) / "tests/core/math_cases.json");
  CHECK(cases.size() == std::size(test::kMathRows));
  for (const test::MathRow& row : test::kMathRows) {
    const std::string name = std::string(row.expression) + " of " + row.inputs;
    CAPTURE(name);
    REQUIRE(cases.contains(name));
    const Json& expected = cases[name];
    const std::string text = row.inputs;
    const bool grads = text[0] != '-';
    std::vector<Tensor> in(3);
    for (std::size_t at = grads ? 0 : 1, k = 0; at < text.size(); ++k) {
      const std::size_t end = std::min(text.find(' ', at), text.size());
      in[k] = given(text.substr(at, end - at), static_cast<int>(k), grads);
      at = end + 1;
    }
    const Tensor z = row.f(in[0], in[1], in[2]);
    CHECK(std::string(harker::name(z.dtype())) == expected["dtype"].get<std::string>());
    CHECK(z.shape() == Shape(expected["shape"].get<std::vector<std::int64_t>>()));
    CHECK_MESSAGE(difference(z, expected["values"]) <= tolerance(z.dtype()), text_of(z), expected["values"].dump());
    CHECK(z.requires_grad() == expected.contains("grads"));
    if (!expected.contains("grads") || !z.requires_grad()) continue;
    Tensor weights = empty(z.shape(), kFloat64);
    for (std::int64_t i = 0; i < z.numel(); ++i)
      weights.data<double>()[i] = static_cast<double>((i * 7 + 3) % 5 + 1) / 4;
    sum(z * weights.to(z.dtype())).backward();
    for (std::size_t k = 0; k < 3 && in[k].defined(); ++k) {
      const Json& grad = expected["grads"][k];
      const Tensor g = in[k].grad();
      CAPTURE(k);
      if (!g.defined()) {
        CHECK(grad.is_null());
        continue;
      }
      CHECK_MESSAGE(difference(g, grad) <= tolerance(g.dtype()), text_of(g), grad.dump());
    }
  }
}

TEST_CASE("math: every function is told apart by its name in the graph") {
  const Tensor x = full({2}, 0.5, {.requires_grad = true});
  CHECK(tan(x).grad_fn() == "tan");
  CHECK(digamma(x).grad_fn() == "digamma");
  CHECK(logaddexp(x, x).grad_fn() == "logaddexp");
  CHECK(xlog1py(x, x).grad_fn() == "xlog1py");
  CHECK(amin(x).grad_fn() == "amin");
}

// --- Accuracy, by mpmath with 40 digits.

struct Exact {
  double at, value;
};
struct Reference {
  const char* name;
  Tensor (*f)(const Tensor&);
  double most;  ///< the relative error allowed
  std::vector<Exact> points;
};

TEST_CASE("math: special functions are accurate from one end to the other") {
  const std::vector<Reference> references = {
      {"erfinv",
       erfinv,
       4e-16,
       {{1e-300, 8.86226925452758036e-301},
        {1e-9, 8.86226925452758069e-10},
        {0.3, 0.272462714726754345},
        {0.69, 0.717870384097754801},
        {0.71, 0.748204971184985138},
        {-0.9, -1.16308715367667416},
        {0.999, 2.32675376551352449},
        {1 - 0x1p-30, 4.32802827580094646},
        {1 - 0x1p-52, 5.8050186831934533}}},
      {"digamma",
       digamma,
       1e-14,
       {{1e-10, -10000000000.5772153},
        {0.25, -4.22745353337626541},
        {1.4, -0.0613845445851162368},
        {3.7, 1.16715353936151144},
        {9.99, 2.25070037283120112},
        {10.5, 2.30300103429768638},
        {1e5, 11.5129204649618951},
        {1e300, 690.775527898213705},
        {-0.5, 0.0364899739785765206},
        {-3.25, 4.46627587235027997}}},
      {"lgamma",
       lgamma,
       1e-14,
       {{1e-10, 23.0258509298827352},
        {0.25, 1.28802252469807746},
        {0.999, 0.000578038532891380238},
        {5.5, 3.95781396761871629},
        {170.6, 704.518037127998743},
        {1e5, 1051287.70897365689},
        {-0.5, 1.2655121234846454}}},
      {"polygamma 1",
       [](const Tensor& x) { return polygamma(1, x); },
       2e-15,
       {{1e-3, 1000001.64253319583},
        {0.25, 17.1973291545071107},
        {1, 1.64493406684822644},
        {3.7, 0.310037857670038302},
        {50.5, 0.0199993334266371598},
        {1e6, 1.00000050000016667e-6},
        {-0.5, 8.93480220054467931},
        {-3.25, 19.4740850680821551},
        {-100.125, 67.3839365965015309},
        {-1e12 - 0.5, 9.86960440108835862},  // and in no time
        {INFINITY, 0}}},
      {"polygamma 2",
       [](const Tensor& x) { return polygamma(2, x); },
       4e-15,
       {{0.25, -129.32773993753692},
        {9.99, -0.0110730705314610512},
        {-0.5, -0.828796644234319996},
        {-3.25, 123.955211039422023},
        {0, -INFINITY},
        {-4, -INFINITY}}},
      {"polygamma 5",
       [](const Tensor& x) { return polygamma(5, x); },
       4e-15,
       {{1e-3, 1.19999999999999985e+20}, {3.7, 0.0639397539020397874}, {1e6, 2.400006000006e-29}}},
      {"sinc", sinc, 4e-16, {{1e-9, 1}, {0.3, 0.858393691334139785}, {-2.5, 0.127323954473516269}}},
  };
  for (const Reference& r : references)
    for (const Exact& p : r.points) {
      CAPTURE(std::string(r.name));
      CAPTURE(p.at);
      const double got = r.f(tensor({p.at}, kFloat64)).item();
      CAPTURE(got);
      CHECK((got == p.value || std::fabs(got - p.value) <= r.most * std::fabs(p.value)));
      const double narrow = r.f(tensor({p.at}, kFloat32)).item(),
                   wide = r.f(tensor({p.at}, kFloat32).to(kFloat64)).item();
      CHECK((narrow == static_cast<double>(static_cast<float>(wide))));  // rounded once
    }
}

TEST_CASE("math: gradients where torch has its conventions") {
  const auto zero = [](const Tensor& x) {
    for (double v : values(x.grad()))
      if (v != 0) return false;
    return true;
  };
  Tensor x = zeros({3, 2}, {.dtype = kFloat64, .requires_grad = true}),
         y = zeros({3, 2}, {.dtype = kFloat64, .requires_grad = true});
  for (double p : {0.5, 1.0, 1.5, 2.0, 3.0, HUGE_VAL}) {
    x.set_grad({});
    sum(cdist(x, y.detach(), p)).backward();
    CHECK(zero(x));
  }
  x.set_grad({});
  sum(div(x, y, "trunc")).backward();
  CHECK(zero(x));
  // The gradients of a quotient that is rounded are 0, whatever the divisor.
  Tensor q = zeros({2}, {.dtype = kFloat64, .requires_grad = true});
  sum(div(ones({2}, kFloat64), q, "trunc")).backward();
  CHECK(zero(q));
}

TEST_CASE("math: layouts, shapes and dtypes") {
  const Tensor x = arange(0, 24, 1, kFloat64).view({2, 3, 4}) * 0.03 + 0.1;
  CHECK(equal(tan(x.transpose(0, 2)), tan(x.transpose(0, 2).contiguous())));
  CHECK(equal(hypot(x.transpose(0, 2), x.transpose(0, 2)[0]),
              hypot(x.transpose(0, 2).contiguous(), x.transpose(0, 2)[0].contiguous())));
  CHECK(tan(zeros({0, 3})).shape() == Shape{0, 3});
  CHECK(amax(zeros({0, 3}), {1}).shape() == Shape{0});
  CHECK(equal(amax(x, {-1, 0}), amax(amax(x, {2}), {0})));
  CHECK(equal(x.amin({0}, true), -amax(-x, {0}, true)));
  CHECK(x.norm(2, {1}).shape() == Shape{2, 4});
  CHECK(x.sum({0}, true, kFloat32).dtype() == kFloat32);
  CHECK(equal(max(x, x + 1), x + 1));
  CHECK(equal(x.div(0.2, "floor"), floor_divide(x, 0.2)));
  CHECK(gcd(tensor({0, -12, 7}, kInt64), tensor({0, 18, 0}, kInt64)).to_vector<std::int64_t>() ==
        std::vector<std::int64_t>{0, 6, 7});
  CHECK(lcm(tensor({0, -4}, kInt32), tensor({0, 6}, kInt32)).to_vector<std::int64_t>() ==
        std::vector<std::int64_t>{0, 12});
  // An operand that is not looked at may hold anything.
  CHECK(equal(addmm(full({1}, NAN), ones({2, 2}), ones({2, 2}), 0), full({2, 2}, 2.0)));
  CHECK(einsum("abcdefgh,abcdefgh", {ones({1, 2, 1, 2, 1, 2, 1, 2}), ones({1, 2, 1, 2, 1, 2, 1, 2})}).item() == 16);
  CHECK(equal(einsum("ijk->kij", {x}), x.permute({2, 0, 1})));
}

TEST_CASE("math: what einsum refuses, with its equation") {
  const Tensor a = ones({2, 3}), cube = ones({2, 3, 4});
  for (const auto& row : std::vector<std::tuple<const char*, std::vector<Tensor>, const char*>>{
           {"ij,jk", {a}, "2 terms and 1 operands"},
           {"ij,jk", {a, a}, "'j'"},
           {"ijk", {a}, "its term has 3 letters"},
           {"i", {a}, "no ellipsis"},
           {"i...j...", {a}, "second ellipsis"},
           {"i.j", {a}, "not one of an ellipsis"},
           {"i-j", {a}, "'->'"},
           {"ij->i->j", {a}, "'->'"},
           {"ij->k", {a}, "no operand has"},
           {"ij->ii", {a}, "twice"},
           {"ij->i,j", {a}, "one term"},
           {"i1", {a}, "'1' is neither"},
           {"ii", {a}, "'i'"},
           {"...i,...i", {cube, ones({3, 3, 4})}, "(3, 3) for '...'"},
           {"", {}, "no operands"}}) {
    const auto& equation = std::get<0>(row);
    const char* const part = std::get<2>(row);
    const std::string what = words<ShapeError>([&] { einsum(equation, std::get<1>(row)); });
    CHECK_MESSAGE(has(what, part), what, " lacks ", part);
    CHECK(has(what, "einsum(\"" + std::string(equation) + "\")"));
  }
}

TEST_CASE("math: where xlogy's logarithm is not looked at it makes no NaN, in second gradients neither") {
  const TensorOptions leaf = {.dtype = kFloat64, .requires_grad = true};
  const Tensor x = zeros({2}, leaf), y = tensor({-1, -2}, leaf), dz = tensor({3, 4}, leaf);
  for (const Tensor& z : {xlogy(x, y), xlog1py(x, y - 1)}) {
    const Tensor dx = grad({z}, {x}, {dz}, {.create_graph = true})[0];
    CHECK(dx.to_vector<double>() == std::vector<double>{0, 0});
    CHECK(grad({dx.sum()}, {dz})[0].to_vector<double>() == std::vector<double>{0, 0});  // as in torch
  }
}

}  // namespace harker

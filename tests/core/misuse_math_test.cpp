// Misuse of products, reductions and the rarer functions (misuse_table.h).
#include <core/misuse_table.h>
#include <doctest/doctest.h>

#include <harker/core/ops/ops.h>

namespace harker {
namespace {

struct Given {
  Tensor a = ones({2, 3}), b = ones({3, 4}), v = ones({3}), cube = ones({2, 3, 4}), i = ones({2, 3}, kInt64);
  Tensor t = ones({2, 3}, kBool), d = ones({3, 4}, kFloat64);
  std::vector<Tensor> all() const { return {a, b, v, cube, i, t, d}; }
};

const std::vector<test::Misuse<Given>> kMisuses = {
    MISUSE(shape, mm(g.a, g.cube), "mm", "matrices", "(2, 3, 4)"),
    MISUSE(shape, bmm(g.a, g.b), "bmm", "3 dimensions"),
    MISUSE(shape, bmm(g.cube, g.cube), "bmm", "[n, k, j]", "(2, 3, 4)"),
    MISUSE(shape, mv(g.a, g.b), "mv", "a vector"),
    MISUSE(shape, dot(g.v, ones({4})), "dot", "equally long", "(4)"),
    MISUSE(shape, outer(g.a, g.v), "outer", "vectors"),
    MISUSE(shape, inner(g.a, g.b), "inner", "(3, 4)"),
    MISUSE(shape, tensordot(g.a, g.b, 3), "tensordot", "3 dimensions"),
    MISUSE(shape, tensordot(g.a, g.b, {0}, {1}), "tensordot", "one size"),
    MISUSE(shape, tensordot(g.a, g.b, {1, 1}, {0, 1}), "tensordot", "multiple times"),
    MISUSE(shape, tensordot(g.a, g.b, {5}, {0}), "tensordot", "out of range"),
    MISUSE(shape, tensordot(g.a, g.b, {1}, {0, 1}), "tensordot", "as many"),
    MISUSE(shape, cross(g.a, g.a, 0), "cross", "3 are needed"),
    MISUSE(shape, cross(ones({2, 2}), ones({2, 2})), "cross", "(2, 2)"),
    MISUSE(shape, cross(ones({2, 3}), ones({2, 1}), -1), "cross", "(2, 1)"),
    MISUSE(shape, addmm(ones({5}), g.a, g.b), "addmm", "(5)", "(2, 4)"),
    MISUSE(shape, addmm(ones({2, 2, 4}), g.a, g.b), "addmm", "does not broadcast"),
    MISUSE(shape, cdist(g.a, g.b), "cdist", "(3, 4)"),
    MISUSE(shape, cdist(g.v, g.v), "cdist"),
    MISUSE(shape, renorm(g.v, 2, 0, 1), "renorm", "2 dimensions"),
    MISUSE(shape, amax(zeros({0, 3}), {0}), "amax", "no elements"),
    MISUSE(shape, amin(g.a, {0, 0}), "amin", "multiple times"),
    MISUSE(shape, cov(g.cube), "cov", "(2, 3, 4)"),
    MISUSE(type, mm(g.a, g.d), "float64", "float32"),
    MISUSE(type, addmm(g.d, g.a, g.b), "addmm", "one dtype"),
    MISUSE(type, hypot(g.i, g.i), "hypot", "int64", ".to(kFloat32)"),
    MISUSE(type, logaddexp(g.t, g.t), "logaddexp", "bool"),
    MISUSE(type, gcd(g.a, g.a), "gcd", "float32"),
    MISUSE(type, lcm(g.t, g.t), "gcd", "bool"),
    MISUSE(type, frac(g.i), "frac", "int64"),
    MISUSE(type, positive(g.t), "positive", "bool"),
    MISUSE(type, round(g.i, 2), "round", "int64"),
    MISUSE(type, heaviside(g.a, g.i), "heaviside", "one dtype"),
    MISUSE(type, lerp(g.i, g.i, 0.5), "lerp", "int64"),
    MISUSE(type, lerp(g.b, g.d, 0.5), "lerp", "the end", "float64"),
    MISUSE(type, add(g.i, g.i, 0.5), "add", "alpha is 0.5"),
    MISUSE(type, sub(g.i, g.i, 0.5), "sub", "alpha is 0.5"),
    MISUSE(type, addcmul(g.i, g.i, g.i, 2.5), "addcmul", "value"),
    MISUSE(type, addcdiv(g.a, g.i, g.i), "addcdiv", "integers"),
    MISUSE(type, addmm(g.i, g.i, g.i.t().contiguous().view({3, 2}).slice(1, 0, 2), 0.5), "addmm", "beta is 0.5"),
    MISUSE(type, nanmean(g.i), "nanmean", "int64"),
    MISUSE(type, mean(g.a, kInt64), "mean", "int64"),
    MISUSE(type, softmax(g.a, 0, kInt64), "softmax", "int64"),
    MISUSE(type, cdist(g.i, g.i), "cdist", "int64"),
    MISUSE(type, div(g.t, g.t, "trunc"), "bool"),
    MISUSE(plain, div(g.a, g.a, "up"), "'up'"),
    MISUSE(plain, div(g.i, 0, "trunc"), "by zero"),
    MISUSE(plain, isclose(g.a, g.a, -1), "rtol (-1)"),
    MISUSE(plain, polygamma(-1, g.a), "n is -1"),
    MISUSE(plain, cdist(g.a, g.a, -1), "p is -1"),
    MISUSE(plain, renorm(g.a, 0, 0, 1), "p (0)"),
};

}  // namespace

TEST_CASE("misuse: products, reductions and rarer functions say what is wrong, and change nothing") {
  test::check_misuses(kMisuses);
}

}  // namespace harker

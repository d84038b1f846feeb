// The rows of the rarer functions, of products and of reductions made of others. Those of rare_table.h are not named here.
#pragma once
#include <core/grad_rows.h>

#include <cmath>

namespace harker::test {

inline GradRows math_rows() {
  GradRows rows;
#define HARKER_RARE(f, domain, ...) \
  add_unary(                        \
      rows, #f, [](const Tensor& x) { return f(x); }, Domain::domain);
#include <harker/core/ops/rare_table.h>
#undef HARKER_RARE
#define HARKER_UNARY(f, domain, value) \
  add_unary(                           \
      rows, #f, [](const Tensor& x) { return value; }, domain)
#define HARKER_BINARY(f, domain, value) \
  add_binary(                           \
      rows, #f, [](const Tensor& x, const Tensor& y) { return value; }, domain)
  HARKER_UNARY(polygamma, Domain::positive, polygamma(1, x) + polygamma(2, x) * 0.1);
  HARKER_UNARY(frac, Domain::steps, frac(x) * x);
  HARKER_UNARY(deg2rad, Domain::any, deg2rad(x) * x);
  HARKER_UNARY(rad2deg, Domain::any, rad2deg(x) * x);
  HARKER_UNARY(positive, Domain::any, positive(x) * x);
  HARKER_UNARY(sgn, Domain::any, sgn(x) * x);
  HARKER_UNARY(logit, Domain::unit, logit(x * 0.5 + 0.5));
  HARKER_UNARY(logit, Domain::unit, logit(x * 0.5 + 0.5, 0.3));
  HARKER_UNARY(nan_to_num, Domain::any, nan_to_num(x) * x);
  HARKER_UNARY(round, Domain::any, round(x * x, 1) + x * x);
  HARKER_BINARY(atan2, Domain::any, atan2(x, y));
  HARKER_BINARY(hypot, Domain::any, hypot(x, y));
  HARKER_BINARY(logaddexp, Domain::any, logaddexp(x, y));
  HARKER_BINARY(logaddexp2, Domain::any, logaddexp2(x, y));
  HARKER_BINARY(copysign, Domain::any, copysign(x, y) * x + copysign(y, -1));
  HARKER_BINARY(xlogy, Domain::positive, xlogy(x, y) + xlogy(x, 2) + xlogy(2, y));
  HARKER_BINARY(xlog1py, Domain::positive, xlog1py(x, y));
  HARKER_BINARY(fmax, Domain::any, fmax(x, y) * x);
  HARKER_BINARY(fmin, Domain::any, fmin(x, y) * y);
  HARKER_BINARY(float_power, Domain::positive, float_power(x, y) + float_power(x, 2) + float_power(2, y));
  HARKER_BINARY(ldexp, Domain::any, ldexp(x, y));
  HARKER_BINARY(div, Domain::positive, div(x, y * 0 + 0.7, "trunc") + div(y, 0.7, "floor") + x * y);
  HARKER_BINARY(true_divide, Domain::positive, true_divide(x, y) + true_divide(y, 3));
  HARKER_BINARY(add, Domain::any, add(x, y, 0.5) * x + add(y, 2, 3));
  HARKER_BINARY(sub, Domain::any, sub(x, y, -2) * x + sub(y, 2, 3));
  HARKER_BINARY(rsub, Domain::any, rsub(x, y, 2) * x + rsub(y, 2, 3));
  HARKER_BINARY(lerp, Domain::any, lerp(x, y, 0.3) * x + lerp(x, y, 0.7));
  HARKER_BINARY(clamp_min, Domain::any, clamp_min(x, y) * x);
  HARKER_BINARY(clamp_max, Domain::any, clamp_max(x, y) * x);
  HARKER_BINARY(max, Domain::any, max(x, y) * x);
  HARKER_BINARY(min, Domain::any, min(x, y) * x);
  HARKER_BINARY(dist, Domain::any, dist(x, y) + dist(x * x, y, 3));
#undef HARKER_UNARY
#undef HARKER_BINARY
  const auto add = [&rows](const char* op, std::vector<Shape> shapes, std::function<Tensor(In)> f) {
    rows.push_back({op, "row " + std::to_string(rows.size()), std::move(f), std::move(shapes), Domain::positive});
  };
  add("lerp", {{2, 3}, {3}, {2, 1}}, [](In x) { return lerp(x[0], x[1], x[2]); });
  add("addcmul", {{2, 3}, {3}, {2, 1}}, [](In x) { return addcmul(x[0], x[1], x[2], 0.5) * x[0]; });
  add("addcdiv", {{2, 3}, {3}, {2, 1}}, [](In x) { return addcdiv(x[0], x[1], x[2], 0.5) * x[0]; });
  add("mm", {{2, 3}, {3, 2}}, [](In x) { return mm(x[0], x[1]); });
  add("bmm", {{2, 2, 3}, {2, 3, 2}}, [](In x) { return bmm(x[0], x[1]); });
  add("bmm", {{0, 2, 3}, {0, 3, 2}}, [](In x) { return bmm(x[0], x[1]); });
  add("mv", {{2, 3}, {3}}, [](In x) { return mv(x[0], x[1]); });
  add("dot", {{3}, {3}}, [](In x) { return dot(x[0], x[1]); });
  add("vdot", {{3}, {3}}, [](In x) { return vdot(x[0], x[1]); });
  add("outer", {{3}, {2}}, [](In x) { return outer(x[0], x[1]); });
  add("ger", {{3}, {2}}, [](In x) { return ger(x[0], x[1]); });
  add("inner", {{2, 3}, {2, 3}}, [](In x) { return inner(x[0], x[1]); });
  add("tensordot", {{2, 3, 2}, {2, 3, 2}}, [](In x) { return tensordot(x[0], x[1], {1, 0}, {1, 2}); });
  add("tensordot", {{2, 1}, {3, 2}}, [](In x) { return tensordot(x[0], x[1], 1); });
  add("kron", {{2, 3}, {2, 2}}, [](In x) { return kron(x[0], x[1]); });
  add("cross", {{2, 3}, {1, 3}}, [](In x) { return cross(x[0], x[1]); });
  add("addmm", {{3}, {2, 3}, {3, 3}}, [](In x) { return addmm(x[0], x[1], x[2], 0.5, 2); });
  add("addmv", {{2}, {2, 3}, {3}}, [](In x) { return addmv(x[0], x[1], x[2], 0.5, 2); });
  add("addr", {{2, 1}, {2}, {3}}, [](In x) { return addr(x[0], x[1], x[2], 0.5, 2); });
  add("baddbmm", {{2, 1}, {2, 2, 3}, {2, 3, 2}}, [](In x) { return baddbmm(x[0], x[1], x[2], 0.5, 2); });
  add("addbmm", {{2, 1}, {2, 2, 3}, {2, 3, 2}}, [](In x) { return addbmm(x[0], x[1], x[2], 0.5, 2); });
  add("einsum", {{2, 3}, {3, 2}}, [](In x) { return einsum("ij,jk->ki", {x[0], x[1]}); });
  add("einsum", {{3, 3}, {3}}, [](In x) { return einsum("ii,i->i", {x[0], x[1]}); });
  add("einsum", {{2, 2, 3}, {3, 2}}, [](In x) { return einsum("...ij,ji->...", {x[0], x[1]}); });
  add("einsum", {{2, 3}, {2, 3}, {3}}, [](In x) { return einsum("ab,cb,b->ac", {x[0], x[1], x[2]}); });
  add("einsum", {{2, 3, 2}}, [](In x) { return einsum("iji->j", {x[0] * x[0]}); });
  for (double p : {1.0, 2.0, 3.0, 1.5, HUGE_VAL})
    add("cdist", {{2, 3}, {3, 3}}, [p](In x) { return cdist(x[0], x[1] * -0.7, p); });
  add("cdist", {{2, 2, 3}, {2, 3}}, [](In x) { return cdist(x[0], x[1] + 2); });
  add("pairwise_distance", {{2, 3}, {2, 3}}, [](In x) { return pairwise_distance(x[0], x[1] * -1); });
  add("pairwise_distance", {{2, 3}, {3}}, [](In x) { return pairwise_distance(x[0], x[1] * -1, 3, 0.1, true); });
  add("renorm", {{2, 3}}, [](In x) { return renorm(x[0], 2, 0, 0.5); });
  for (bool keep : {false, true}) {
    add("amax", {{2, 3, 2}}, [=](In x) { return amax(x[0] * x[0], {0, 2}, keep); });
    add("amin", {{2, 3, 2}}, [=](In x) { return amin(x[0] * x[0], {-1}, keep); });
  }
  add("amax", {{}}, [](In x) { return amax(x[0] * x[0]); });
  add("aminmax", {{3, 4}}, [](In x) { return aminmax(x[0]).first * aminmax(x[0], 1).second; });
  add("nansum", {{2, 3}}, [](In x) { return nansum(x[0] * x[0], {1}) + nansum(x[0], {0, 1}, true, kFloat64); });
  add("nanmean", {{2, 3}}, [](In x) { return nanmean(x[0] * x[0], {1}, true); });
  add("var_mean", {{2, 3}}, [](In x) { return var_mean(x[0], {1}).first * var_mean(x[0], {1}).second; });
  add("std_mean", {{2, 3}}, [](In x) { return std_mean(x[0]).first * std_mean(x[0]).second; });
  add("cov", {{2, 3}}, [](In x) { return cov(x[0]); });
  add("corrcoef", {{3, 4}}, [](In x) { return corrcoef(cos(x[0] * 9))[0].slice(0, 1, 3); });
  add("sum", {{2, 3}}, [](In x) { return sum(x[0] * x[0], kFloat64) * sum(x[0], {1}, true, kFloat64); });
  add("mean", {{2, 3}}, [](In x) { return mean(x[0] * x[0], kFloat64) * mean(x[0], {1}, true, kFloat64); });
  add("prod", {{2, 3}}, [](In x) { return prod(x[0], kFloat64) * prod(x[0], 1, true, kFloat64); });
  add("cumsum", {{2, 3}}, [](In x) { return cumsum(x[0] * x[0], 1, kFloat64); });
  add("softmax", {{2, 3}}, [](In x) { return softmax(x[0], 1, kFloat64); });
  add("log_softmax", {{2, 3}}, [](In x) { return log_softmax(x[0], 1, kFloat64); });
  add("norm", {{2, 3}}, [](In x) { return norm(x[0], 3, {1}, true, kFloat64) + norm(x[0], -1, {1}, true); });
  return rows;
}

}  // namespace harker::test

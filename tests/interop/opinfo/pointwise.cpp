// Functions of single elements. Those of pointwise_table.h and rare_table.h come from there, in place, too.
#include "call.h"

namespace opinfo {

void add_pointwise() {
#define HARKER_POINTWISE(f, domain, kept, dx) \
  op(#f, "x", U(harker::f));                  \
  op(#f "_", "x", [](T x) { return x.clone().f##_(); });
#define HARKER_RARE(f, domain, kept, dx) HARKER_POINTWISE(f, domain, kept, dx)
#include <harker/core/ops/pointwise_table.h>
#include <harker/core/ops/rare_table.h>

  op("deg2rad", "x", deg2rad);
  op("rad2deg", "x", rad2deg);
  op("frac", "x", frac);
  op("frac_", "x", [](T x) { return x.clone().frac_(); });
  op("positive", "x", positive);
  op("sgn", "x", sgn);
  op("signbit", "x", signbit);
  op("isposinf", "x", isposinf);
  op("isneginf", "x", isneginf);
  op("isnan", "x", isnan);
  op("isinf", "x", isinf);
  op("isfinite", "x", isfinite);
  op("logical_not", "x", logical_not);
  op("bitwise_not", "x", bitwise_not);
  op("round.decimals_0 round.decimals_3 round.decimals_neg_3", "x, decimals",
     [](T x, Int decimals) { return round(x, decimals); });
  op("nan_to_num", "x, nan=0.0, posinf:None, neginf:None",
     [](T x, std::optional<double> n) { return nan_to_num(x, n.value_or(0)); });
  op("nan_to_num", "x, nan=0.0, posinf, neginf:None",
     [](T x, std::optional<double> n, double p) { return nan_to_num(x, n.value_or(0), p); });
  op("nan_to_num", "x, nan=0.0, posinf, neginf",
     [](T x, std::optional<double> n, double p, double m) { return nan_to_num(x, n.value_or(0), p, m); });
  op("logit", "x, eps:None", U(logit));
  op("logit", "x, eps", [](T x, double eps) { return logit(x, eps); });
  op("logit_", "x, eps:None", [](T x) { return x.clone().logit_(); });
  op("logit_", "x, eps", [](T x, double eps) { return x.clone().logit_(eps); });
  for (const char* n : {"0", "1", "2", "3", "4"})
    op(std::string("polygamma.polygamma_n_") + n, "x, n", [](T x, Int order) { return polygamma(order, x); });
  op("special.polygamma.special_polygamma_n_0", "x, n", [](T x, Int order) { return polygamma(order, x); });
  op("tril", "x, diagonal=0", tril);
  op("triu", "x, diagonal=0", triu);

  // Activations.
  op("nn.functional.relu", "x, inplace:False", relu);
  op("nn.functional.relu_", "x", [](T x) { return x.clone().relu_(); });
  op("nn.functional.relu6", "x, inplace:False", relu6);
  op("nn.functional.silu", "x, inplace:False", silu);
  op("nn.functional.mish", "x, inplace:False", mish);
  op("nn.functional.selu", "x, inplace:False", selu);
  op("nn.functional.hardswish", "x, inplace:False", hardswish);
  op("nn.functional.hardsigmoid", "x, inplace:False", hardsigmoid);
  op("nn.functional.logsigmoid", "x", logsigmoid);
  op("nn.functional.softsign", "x", softsign);
  op("nn.functional.tanhshrink", "x", tanhshrink);
  op("nn.functional.elu", "x, alpha=1.0, inplace:False", elu);
  op("nn.functional.celu", "x, alpha=1.0, inplace:False", celu);
  op("nn.functional.gelu", "x, approximate='none'", gelu);
  op("nn.functional.leaky_relu", "x, negative_slope=0.01, inplace:False", leaky_relu);
  op("nn.functional.softplus", "x, beta=1, threshold=20", softplus);
  op("nn.functional.hardtanh", "x, min_val=-1, max_val=1, inplace:False", hardtanh);
  op("nn.functional.hardshrink", "x, lambd=0.5", hardshrink);
  op("nn.functional.softshrink", "x, lambd=0.5", softshrink);
  op("nn.functional.threshold", "x, threshold, value, inplace:False", threshold);
  op("nn.functional.prelu", "x, weight", prelu);
  op("nn.functional.glu", "x, dim=-1", glu);
  op("nn.functional.softmin", "x, dim, dtype:None", softmin);
  op("nn.functional.rrelu", "x, lower=0.125, upper=0.3333333333333333, training=False, inplace:False",
     [](T x, double lower, double upper, bool training) { return rrelu(x, lower, upper, training); });
}

}  // namespace opinfo

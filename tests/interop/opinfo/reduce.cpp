// Reductions, softmax and its kin, running results, and what orders elements.
#include "call.h"

namespace opinfo {

using Dim = std::optional<Int>;

namespace {
/// A keyword's absence and an empty list are the same for harker: all dimensions.
#define OVER_DIMS(f)                                                                                        \
  op(#f, "x, dtype:None", U(harker::f));                                                                    \
  op(#f, "x, dim=None, keepdim=False, dtype:None", [](T x, const Shape& d, bool k) { return f(x, d, k); }); \
  op(#f, "x, dim=None, keepdim=False, dtype", [](T x, const Shape& d, bool k, DType t) { return f(x, d, k, t); });

template <bool root>
void variance(const std::string& name) {
  const std::string both = name + " " + name + ".unbiased";
  op(both, "x", [](T x) { return root ? harker::std(x) : var(x); });
  op(both, "x, unbiased", [](T x, bool unbiased) {
    const VarOptions o{unbiased ? 1.0 : 0.0};
    return root ? harker::std(x, o) : var(x, o);
  });
  op(both, "x, dim=None, correction=1, keepdim=False", [](T x, const Shape& dim, std::optional<double> c, bool keep) {
    const VarOptions o{c.value_or(1), keep};
    return root ? harker::std(x, dim, o) : var(x, dim, o);
  });
  op(both, "x, dim=None, unbiased=True, keepdim=False", [](T x, const Shape& dim, bool unbiased, bool keep) {
    const VarOptions o{unbiased ? 1.0 : 0.0, keep};
    return root ? harker::std(x, dim, o) : var(x, dim, o);
  });
  const std::string means = name + "_mean " + name + "_mean.unbiased";
  op(means, "x, unbiased", [](T x, bool unbiased) {
    return root ? std_mean(x, {}, {unbiased ? 1.0 : 0.0}) : var_mean(x, {}, {unbiased ? 1.0 : 0.0});
  });
  op(means, "x, dim=None, correction=1, keepdim=False", [](T x, const Shape& dim, std::optional<double> c, bool keep) {
    const VarOptions o{c.value_or(1), keep};
    return root ? std_mean(x, dim, o) : var_mean(x, dim, o);
  });
  op(means, "x, dim=None, unbiased=True, keepdim=False", [](T x, const Shape& dim, bool unbiased, bool keep) {
    const VarOptions o{unbiased ? 1.0 : 0.0, keep};
    return root ? std_mean(x, dim, o) : var_mean(x, dim, o);
  });
}
}  // namespace

void add_reduce() {
  OVER_DIMS(sum)
  OVER_DIMS(mean)
  op("nansum", "x, dim=None, keepdim=False, dtype:None", [](T x, const Shape& d, bool k) { return nansum(x, d, k); });
  op("nansum", "x, dim=None, keepdim=False, dtype",
     [](T x, const Shape& d, bool k, DType t) { return nansum(x, d, k, t); });
  op("nanmean", "x, dim=None, keepdim=False, dtype:None", nanmean);
  op("any", "x", U(any));
  op("any", "x, dim=None, keepdim=False", [](T x, const Shape& d, bool k) { return any(x, d, k); });
  op("all", "x", U(all));
  op("all", "x, dim=None, keepdim=False", [](T x, const Shape& d, bool k) { return all(x, d, k); });
  op("prod", "x, dtype:None", U(prod));
  op("prod", "x, dtype", [](T x, DType t) { return prod(x, t); });
  op("prod", "x, dim, keepdim=False, dtype:None", [](T x, int d, bool k) { return prod(x, d, k); });
  op("prod", "x, dim, keepdim=False, dtype", [](T x, int d, bool k, DType t) { return prod(x, d, k, t); });
  op("amax", "x, dim=None, keepdim=False", amax);
  op("amin", "x, dim=None, keepdim=False", amin);
  op("aminmax", "x, dim:None, keepdim:False", [](T x) { return aminmax(x); });
  op("aminmax", "x, dim, keepdim=False", [](T x, int d, bool k) { return aminmax(x, d, k); });
  op("max.reduction_no_dim", "x", U(max));
  op("min.reduction_no_dim", "x", U(min));
  op("max.reduction_with_dim", "x, dim, keepdim=False", [](T x, int d, bool k) { return max(x, d, k); });
  op("min.reduction_with_dim", "x, dim, keepdim=False", [](T x, int d, bool k) { return min(x, d, k); });
  op("argmax", "x, dim:None, keepdim:False", U(argmax));
  op("argmax", "x, dim, keepdim=False", [](T x, int d, bool k) { return argmax(x, d, k); });
  op("argmin", "x, dim:None, keepdim:False", U(argmin));
  op("argmin", "x, dim, keepdim=False", [](T x, int d, bool k) { return argmin(x, d, k); });
  op("count_nonzero", "x, dim=None", count_nonzero);
  variance<false>("var");
  variance<true>("std");
  op("cov", "x, correction=1, fweights:None, aweights:None", cov);
  op("corrcoef", "x", corrcoef);
  op("norm norm.fro norm.inf", "x, p=2, dim=None, keepdim=False, dtype:None",
     [](T x, double p, const Shape& d, bool k) { return norm(x, p, d, k); });
  op("norm norm.fro norm.inf", "x, p=2, dim=None, keepdim=False, dtype",
     [](T x, double p, const Shape& d, bool k, DType t) { return norm(x, p, d, k, t); });
  op("norm norm.fro", "x, p:'fro', dim=None, keepdim=False, dtype:None",
     [](T x, const Shape& d, bool k) { return norm(x, 2, d, k); });
  op("norm norm.fro", "x, p:'fro', dim=None, keepdim=False, dtype",
     [](T x, const Shape& d, bool k, DType t) { return norm(x, 2, d, k, t); });
  op("dist", "x, y, p=2", dist);
  op("nn.functional.pairwise_distance", "x, y, p=2.0, eps=1e-06, keepdim=False", pairwise_distance);
  op("cdist", "x, y, p=2.0, compute_mode:*", cdist);
  op("renorm", "x, p, dim, maxnorm", renorm);
  op("nn.functional.normalize", "x, p=2.0, dim=1, eps=1e-12", normalize);
  op("nn.functional.cosine_similarity", "x, y, dim=1, eps=1e-08", cosine_similarity);
  op("logsumexp", "x, dim, keepdim=False", logsumexp);
  op("softmax softmax.with_dtype", "x, dim, dtype:None", [](T x, int d) { return softmax(x, d); });
  op("softmax softmax.with_dtype", "x, dim, dtype", [](T x, int d, DType t) { return softmax(x, d, t); });
  op("log_softmax log_softmax.with_dtype", "x, dim, dtype:None", [](T x, int d) { return log_softmax(x, d); });
  op("log_softmax log_softmax.with_dtype", "x, dim, dtype", [](T x, int d, DType t) { return log_softmax(x, d, t); });

  op("cumsum", "x, dim, dtype:None", [](T x, int d) { return cumsum(x, d); });
  op("cumsum", "x, dim, dtype", [](T x, int d, DType t) { return cumsum(x, d, t); });
  op("cumprod", "x, dim, dtype:None", cumprod);
  op("logcumsumexp", "x, dim", logcumsumexp);
  op("cummax", "x, dim", cummax);
  op("cummin", "x, dim", cummin);
  op("diff", "x, n=1, dim=-1, prepend=None, append=None", diff);
  op("trapezoid trapz", "y, x, dim=-1", [](T y, T x, int d) { return trapezoid(y, x, d); });
  op("trapezoid trapz", "y, dx=1, dim=-1", [](T y, double dx, int d) { return trapezoid(y, dx, d); });
  op("trapezoid trapz", "y, x:None, dx=1, dim=-1", [](T y, double dx, int d) { return trapezoid(y, dx, d); });

  op("sort", "x, dim=-1, descending=False, stable:*", sort);
  op("argsort", "x, dim=-1, descending=False, stable:*", argsort);
  op("topk", "x, k, dim=-1, largest=True, sorted=True", topk);
  op("kthvalue", "x, k, dim=-1, keepdim=False", kthvalue);
  op("median", "x", U(median));
  op("median", "x, dim, keepdim=False", [](T x, int d, bool k) { return median(x, d, k); });
  op("nanmedian", "x", U(nanmedian));
  op("nanmedian", "x, dim, keepdim=False", [](T x, int d, bool k) { return nanmedian(x, d, k); });
  op("mode", "x, dim=-1, keepdim=False", mode);
  op("quantile", "x, q, dim=None, keepdim=False, interpolation='linear'",
     [](T x, T q, Dim d, bool k, Text how) { return quantile(x, q, d, k, how); });
  op("quantile", "x, q, dim=None, keepdim=False, interpolation='linear'",
     [](T x, double q, Dim d, bool k, Text how) { return quantile(x, q, d, k, how); });
  op("nanquantile", "x, q, dim=None, keepdim=False, interpolation='linear'",
     [](T x, T q, Dim d, bool k, Text how) { return nanquantile(x, q, d, k, how); });
  op("nanquantile", "x, q, dim=None, keepdim=False, interpolation='linear'",
     [](T x, double q, Dim d, bool k, Text how) { return nanquantile(x, q, d, k, how); });
  op("unique", "x, sorted=True, return_inverse=False, return_counts=False, dim=None", unique);
  op("unique_consecutive", "x, return_inverse=False, return_counts=False, dim=None", unique_consecutive);
  for (const char* side : {"right=False, side:'left'", "right=False, side:None"})
    op("searchsorted", std::string("s, v, out_int32=False, sorter:None, ") + side,
       [](T s, T v, bool out_int32, bool right) { return searchsorted(s, v, out_int32, right); });
  op("searchsorted", "s, v, out_int32=False, right:*, sorter:None, side:'right'",
     [](T s, T v, bool out_int32) { return searchsorted(s, v, out_int32, true); });
  op("searchsorted", "s, v, out_int32=False, right=False, side:'left', sorter:None",
     [](T s, Scalar v, bool out_int32, bool right) { return searchsorted(s, v, out_int32, right); });
  op("bucketize", "x, boundaries, out_int32=False, right=False", bucketize);
  op("bincount", "x, weights=None, minlength=0", bincount);
  op("histc", "x, bins=100, min=0, max=0", histc);
  op("isin", "x, y, assume_unique=False, invert=False", isin);
}

}  // namespace opinfo

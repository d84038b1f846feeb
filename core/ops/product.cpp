// Products of elements, and running sums.
#include <harker/core/ops/half.h>
#include <harker/core/ops/reduce.h>
#include <harker/core/ops/reduce_dims.h>

namespace harker HARKER_PUBLIC {
namespace {

using detail::Folded;

using detail::counted;

Tensor prod_along(const Tensor& x, int dim);

struct ProductOfOthers : Op<ProductOfOthers> {  // z[i] = the product of x but for x[i], along dim
  // dx: z[i] is the product of row i of x repeated n times, with 1 on the diagonal; a graph of that is differentiated.
  static constexpr const char* name = "prod_backward";
  static Tensor forward(Context& c, const Tensor& x, int dim) {
    c.save(x);
    const Folded in(x, detail::only(x, dim));
    Tensor z = detail::empty_tensor_like(x);
    kernels<Scans>(x).product_of_others(x.dtype(), in.outer, in.n, in.inner, in.x.raw(), z.raw());
    return z;
  }
  static Grads backward(Context& c, const Tensor& dz, int dim) {
    // z[i] = prod over j of y[i, j], y = x but 1 where i = j. dx[j] = sum over i != j of dz[i] prod over k != i, j.
    const Tensor& x = c.saved(0);
    const std::int64_t n = x.shape()[dim];
    const int last = x.dim();
    Shape wide = x.transpose(dim, -1).shape();
    wide = wide.inserted(last - 1, n);
    Tensor off_diagonal = ones({n, n}, x.dtype());
    {
      detail::ModeScope off(false);
      for (std::int64_t i = 0; i < n; ++i) off_diagonal[i][i].fill_(0);
    }
    const Tensor rows = x.transpose(dim, -1).unsqueeze(last - 1).expand(wide);
    const Tensor y = rows * off_diagonal + (1 - off_diagonal);
    const Tensor others = apply<ProductOfOthers>(y, last) * off_diagonal;  // [.., i, j]
    const Tensor dx = sum(dz.transpose(dim, -1).unsqueeze(last) * others, last - 1);
    return {dx.transpose(dim, -1)};
  }
};

struct Prod : Op<Prod> {  // z = product of x along dim (kept); dx = dz z / x, or by the others where some x is 0
  static constexpr const char* name = "prod";
  static Tensor forward(Context& c, const Tensor& x, int dim) {
    const Folded in(x, detail::only(x, dim));
    Shape shape = x.shape();
    shape[dim] = 1;
    Tensor z = detail::empty_tensor(shape, x.dtype(), x.device());
    kernels<Scans>(x).product(x.dtype(), in.outer, in.n, in.inner, in.x.raw(), z.raw());
    c.save(x);
    c.save_output(z);
    return z;
  }
  static Grads backward(Context& c, const Tensor& dz, int dim) {
    const Tensor& x = c.saved(0);
    if (any(eq(x, 0)).item<bool>()) return {dz * apply<ProductOfOthers>(x, dim)};
    return {dz * c.saved_output(1) / x};
  }
};
Tensor prod_along(const Tensor& x, int dim) { return apply<Prod>(x, dim); }

struct Cumsum : Op<Cumsum> {  // z[i] = x[0] + .. + x[i], or x[i] + .. + x[n-1]; dx = the same of dz the other way round
  static constexpr const char* name = "cumsum";
  static Tensor forward(Context&, const Tensor& x, int dim, bool from_end) {
    const Folded in(x, detail::only(x, dim));
    Tensor z = detail::empty_tensor_like(x);
    kernels<Scans>(x).cumsum(x.dtype(), from_end, in.outer, in.n, in.inner, in.x.raw(), z.raw());
    return z;
  }
  static Grads backward(Context&, const Tensor& dz, int dim, bool from_end) {
    return {apply<Cumsum>(dz, dim, !from_end)};
  }
};

}  // namespace

Tensor detail::counted(const Tensor& x, const char* op) {
  const DType t = x.dtype();
  if (is_computed(t) || t == DType::int64) return x;
  if (is_floating_point(t) || is_complex(t)) refuse_computed(x, op);
  return x.to(DType::int64);
}

Tensor prod(const Tensor& given) {
  return detail::through_float(given, [](const Tensor& t) {
    const Tensor x = counted(t, "prod");
    return x.dim() == 0 ? x.clone() : prod_along(x.reshape({-1}), 0).squeeze(0);
  });
}

Tensor prod(const Tensor& given, int d, bool keepdim) {
  const int dim = detail::wrap_dim(d, given.dim(), "prod");
  if (given.dim() == 0) return prod(given);
  return detail::through_float(given, [=](const Tensor& t) {
    const Tensor z = prod_along(counted(t, "prod"), dim);
    return keepdim ? z : z.squeeze(dim);
  });
}

Tensor cumsum(const Tensor& given, int d) {
  return detail::through_float(given, [=](const Tensor& t) {
    return apply<Cumsum>(counted(t, "cumsum"), detail::wrap_dim(d, t.dim(), "cumsum"), false);
  });
}

}  // namespace harker

// Systems of equations, inverses and determinants, by LU decomposition.
#include <harker/core/linalg/matrices.h>

#include <cmath>

namespace harker HARKER_PUBLIC {
namespace linalg {
namespace {

/// A^-1 B. Not recorded.
Tensor solution(const Tensor& a, const Tensor& b, Tensor& info) {
  const LUFactorEx f = lu_of(a);
  info = f.info;
  return triangular_of(f.LU, triangular_of(f.LU, exchanged(f.pivots, b), false, true), true, false);
}

struct Solve : Op<Solve> {  // X = A^-1 B, info; dB = A^-T dX, dA = -dB X^T
  static constexpr const char* name = "linalg_solve";
  static std::vector<Tensor> forward(Context& c, const Tensor& a, const Tensor& b) {
    Tensor info, x = solution(a, b, info);
    c.save(a);
    c.save_output(x);
    return {x, info};
  }
  static Grads backward(Context& c, std::span<const Tensor> d) {
    const Tensor db = apply<Solve>(mT(c.saved(0)), d[0])[0];
    return {c.needs(0) ? -matmul(db, c.saved_output(1), false, true) : Tensor(), db};
  }
};

struct Inverse : Op<Inverse> {  // Z = A^-1, info; dA = -Z^T dZ Z^T
  static constexpr const char* name = "linalg_inv";
  static std::vector<Tensor> forward(Context& c, const Tensor& a) {
    Tensor info, z = solution(a, eye(a.size(-1), a.dtype()).expand(a.shape()), info);
    c.save_output(z);
    return {z, info};
  }
  static Grads backward(Context& c, std::span<const Tensor> d) {
    const Tensor z = c.saved_output(0);
    return {-matmul(z, matmul(d[0], z, false, true), true)};
  }
};

/// The sign of det A, and the diagonal of U.
struct Diagonal {
  Tensor sign, u, info;
  explicit Diagonal(const Tensor& a) {
    const LUFactorEx f = lu_of(a);
    const Matrices m(a);
    u = diagonal(f.LU, 0, -2, -1).contiguous();
    info = f.info;
    sign = ones(m.lead, a.dtype());
    with_type(a.dtype(), [&]<class T>(T) {
      for (std::int64_t i = 0; i < m.count; ++i)
        for (std::int64_t j = 0; j < m.rows; ++j)
          if (f.pivots.data<std::int32_t>()[i * m.rows + j] != j + 1) sign.data<T>()[i] *= -1;
    });
  }
};

/// d det A / dA, also where that is 0: of A = U diag(S) V^T it is det U det V U diag(the product of the others in S) V^T.
Tensor cofactors(const Tensor& a) {
  const SVD d = svd(a, false);
  const std::int64_t n = a.size(-1);
  const Matrices m(a);
  const Tensor others = prod(masked_fill(d.S.unsqueeze(-2).expand(m.of(n, n)), diagonal_mask(n), 1), -1);
  const Tensor sign = det(d.U.detach()) * det(d.Vh.detach());
  return matmul(times_diagonal(d.U, others * sign.unsqueeze(-1)), d.Vh);
}

/// By U's diagonals. Of such a matrix z A^-T may be right, but its derivatives are not.
bool nearly_singular(const Tensor& u) {
  if (u.numel() == 0) return false;
  const harker::detail::ModeScope off(false);
  const Tensor size = abs(u);
  const double small = u.dtype() == kFloat32 ? 1e-4 : 1e-8;
  return any(le(min(size, -1).values, max(size, -1).values * small)).item<bool>();
}

struct Det : Op<Det> {  // z = det A; dA = dz z A^-T
  static constexpr const char* name = "linalg_det";
  static Tensor forward(Context& c, const Tensor& a) {
    const Diagonal d(a);
    const Tensor z = d.sign * prod(d.u, -1);
    c.save(a, d.u);
    c.save_output(z);
    return z;
  }
  static Grads backward(Context& c, const Tensor& dz) {
    const Tensor& a = c.saved(0);
    const Tensor z = c.saved_output(2);
    if (nearly_singular(c.saved(1))) return {dz.unsqueeze(-1).unsqueeze(-1) * cofactors(a)};
    return {(dz * z).unsqueeze(-1).unsqueeze(-1) * mT(inverse_of(a, "linalg.det", nullptr))};
  }
};

struct LogAbsDet : Op<LogAbsDet> {  // sign, z = log |det A|; dA = dz A^-T
  static constexpr const char* name = "linalg_slogdet";
  static std::vector<Tensor> forward(Context& c, const Tensor& a) {
    const Diagonal d(a);
    c.save(a);
    return {d.sign * prod(sign(d.u), -1), sum(log(abs(d.u)), -1)};
  }
  static Grads backward(Context& c, std::span<const Tensor> d) {
    Tensor info;  // the gradient of -infinity is infinite
    return {d[1].unsqueeze(-1).unsqueeze(-1) * mT(inverse_of(c.saved(0), "linalg.slogdet", &info))};
  }
};

SolveEx solved(const Tensor& a, const Tensor& b, bool left, const char* op) {
  check_square(a, op);
  check_dtype(b, op);
  check_pair(a, b, op);
  if (b.dim() == 0) throw_error<ShapeError>(op, ": B must have at least 1 dimension");
  const System s(a, b, true);
  if (s.is_vector && !left) throw_error<ShapeError>(op, ": a B of vectors, ", b.shape(), ", goes with AX = B only");
  if (a.size(-1) != s.b.size(left ? -2 : -1))
    throw_error<ShapeError>(op, ": A is ", a.shape(), " and B ", b.shape(), ", which do not fit the equation ",
                            left ? "AX = B" : "XA = B");
  const std::vector<Tensor> x = left ? apply<Solve>(s.a, s.b) : apply<Solve>(mT(s.a), mT(s.b));
  return {left ? s.result(x[0]) : mT(x[0]), x[1]};
}

}  // namespace

Tensor inverse_of(const Tensor& a, const char* op, Tensor* info) {
  const std::vector<Tensor> z = apply<Inverse>(a);
  if (info)
    *info = z[1];
  else
    check_info(op, z[1], [](std::int32_t i) {
      return harker::detail::str(
          "The diagonal element ", i,
          " is zero, the inversion could not be completed because the input matrix is singular.");
    });
  return z[0];
}

Tensor solve(const Tensor& a, const Tensor& b, bool left) {
  const SolveEx x = solved(a, b, left, "linalg.solve");
  check_info("linalg.solve", x.info,
             [](std::int32_t) { return "The solver failed because the input matrix is singular."; });
  return x.result;
}
SolveEx solve_ex(const Tensor& a, const Tensor& b, bool left) { return solved(a, b, left, "linalg.solve_ex"); }

Tensor inv(const Tensor& a) {
  check_square(a, "linalg.inv");
  return inverse_of(a, "linalg.inv", nullptr);
}
InvEx inv_ex(const Tensor& a) {
  check_square(a, "linalg.inv_ex");
  InvEx z;
  z.inverse = inverse_of(a, "linalg.inv_ex", &z.info);
  return z;
}

Tensor det(const Tensor& a) {
  check_square(a, "linalg.det");
  return apply<Det>(a);
}
SlogDet slogdet(const Tensor& a) {
  check_square(a, "linalg.slogdet");
  const std::vector<Tensor> z = apply<LogAbsDet>(a);
  return {z[0].detach(), z[1]};
}
Tensor logdet(const Tensor& a) {
  check_square(a, "logdet");
  const SlogDet z = slogdet(a);
  return masked_fill(z.logabsdet, lt(z.sign, 0), NAN);
}

}  // namespace linalg
}  // namespace harker

// Systems of equations with a triangular matrix.
#include <harker/core/linalg/eigen.h>
#include <harker/core/linalg/matrices.h>

namespace harker HARKER_PUBLIC {
namespace linalg {
namespace {

struct SolveTriangular : Op<SolveTriangular> {  // A X = B; dB = A^-T dX, dA = -dB X^T where A is read
  static constexpr const char* name = "linalg_solve_triangular";
  static Tensor forward(Context& c, const Tensor& a, const Tensor& b, bool upper, bool unit) {
    Tensor x = triangular_of(a, b, upper, unit);
    c.save(a);
    c.save_output(x);
    return x;
  }
  static Grads backward(Context& c, const Tensor& dx, bool upper, bool unit) {
    const Tensor db = apply<SolveTriangular>(mT(c.saved(0)), dx, !upper, unit);
    if (!c.needs(0)) return {Tensor(), db};
    const Tensor da = -matmul(db, c.saved_output(1), false, true);
    return {upper ? triu(da, unit) : tril(da, -std::int64_t{unit}), db};
  }
};

}  // namespace

Tensor triangular_of(const Tensor& given, const Tensor& b, bool upper, bool unit) {
  Tensor a = given.contiguous();
  const Matrices m(b);
  if (unit) {
    a = a.is(given) ? a.clone() : a;
    diagonal(a, 0, -2, -1).fill_(1);
  }
  Tensor x = b.clone().contiguous();
  with_type(x.dtype(), [&]<class T>(T) {
    for (std::int64_t i = 0; i < m.count && x.numel() != 0; ++i) {
      const auto ai = matrix_at<T>(a.raw(), i, m.rows, m.rows);
      auto xi = matrix_at<T>(x.raw(), i, m.rows, m.columns);
      if (upper)
        ai.template triangularView<Eigen::Upper>().solveInPlace(xi);
      else
        ai.template triangularView<Eigen::Lower>().solveInPlace(xi);
    }
  });
  return x;
}

Tensor solve_triangular(const Tensor& a, const Tensor& b, bool upper, bool left, bool unitriangular) {
  const char* const op = "linalg.solve_triangular";
  check_square(a, op);
  check_matrices(b, op);
  check_pair(a, b, op);
  if (a.size(-1) != b.size(left ? -2 : -1))
    throw_error<ShapeError>(op, ": A is ", a.shape(), " and B ", b.shape(), ", which do not fit the equation ",
                            left ? "AX = B" : "XA = B");
  if (!left) return mT(solve_triangular(mT(a), mT(b), !upper, true, unitriangular));
  const System s(a, b, false);
  return apply<SolveTriangular>(s.a, s.b, upper, unitriangular);
}

}  // namespace linalg
}  // namespace harker

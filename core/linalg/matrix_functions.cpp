// Functions of matrices that are made of products.
#include <harker/core/linalg/matrices.h>

#include <algorithm>
#include <cmath>

namespace harker HARKER_PUBLIC {
namespace linalg {
namespace {

/// The series' first 18 terms are b1 + (b2 + c) c with c = b0 b4 + b3, each b a sum of 1, A, A^2, A^3 and A^6: five products
/// (Bader, Blanes and Casas 2019, doi:10.3390/math7121174).
constexpr double kTerms[5][5] = {
    {0, -1.00365581030144618291e-01, -8.02924648241156932449e-03, -8.92138498045729985177e-04, 0},
    {0, 3.97849749499645077844e-01, 1.36783778460411720168e+00, 4.98289622525382669416e-01,
     -6.37898194594723280150e-04},
    {-1.09676396052962061844e+01, 1.68015813878906206114e+00, 5.71779846478865511061e-02, -6.98210122488052056106e-03,
     3.34975017086070470649e-05},
    {-9.04316832390810593223e-02, -6.76404519071381882256e-02, 6.75961301770459654925e-02, 2.95552570429315521194e-02,
     -1.39180257516060693404e-05},
    {0, 0, -9.23364619367118555360e-02, -1.69364939002081722752e-02, -1.40086798182036094347e-05}};

/// e^A = (e^(A / 2^s))^(2^s), s of each matrix so that the norm of A / 2^s is below `theta`, where the first 18 terms of the
/// series are exact to double precision.
Tensor exp_of(const Tensor& given) {
  constexpr double theta = 1.09, most = 1100;  // beyond 2^1100 there is no number
  const Tensor norm = matrix_norm(given, 1.0);
  Tensor halvings = clamp(ceil(log(norm / theta) / std::log(2.0)), 0, most);
  halvings = masked_fill(halvings, logical_not(isfinite(norm)), 0);
  const Tensor scale = pow(2, -clamp(halvings, 0, 120)), again = pow(2, clamp(halvings, 0, 120) - halvings);
  const Tensor a = given * (scale * again).unsqueeze(-1).unsqueeze(-1);
  const Tensor a2 = matmul(a, a), a3 = matmul(a, a2);
  const Tensor powers[] = {eye(a.size(-1), a.dtype()), a, a2, a3, matmul(a3, a3)};
  Tensor b[5];
  for (int i = 0; i < 5; ++i)
    for (int k = 0; k < 5; ++k)
      if (kTerms[i][k] != 0) b[i] = b[i].defined() ? b[i] + powers[k] * kTerms[i][k] : powers[k] * kTerms[i][k];
  const Tensor a9 = matmul(b[0], b[4]) + b[3];
  Tensor z = b[1] + matmul(b[2] + a9, a9);
  const double rounds = halvings.numel() == 0 ? 0 : max(halvings).item();
  for (double i = 0; i < rounds; ++i) z = where(gt(halvings, i).unsqueeze(-1).unsqueeze(-1), matmul(z, z), z);
  return z;
}

struct MatrixExp : Op<MatrixExp> {  // Z = e^A; dA is the upper right block of e^B, B = (A^T, dZ; 0, A^T)
  static constexpr const char* name = "linalg_matrix_exp";
  static Tensor forward(Context& c, const Tensor& a) {
    c.save(a);
    return exp_of(a);
  }
  static Grads backward(Context& c, const Tensor& dz) {
    const Tensor at = mT(c.saved(0));
    const std::int64_t n = at.size(-1);
    const Tensor block = cat({cat({at, dz}, -1), cat({zeros(at.shape(), at.dtype()), at}, -1)}, -2);
    return {apply<MatrixExp>(block).narrow(-2, 0, n).narrow(-1, n, n)};
  }
};

}  // namespace

Tensor matrix_exp(const Tensor& a) {
  check_square(a, "linalg.matrix_exp");
  return apply<MatrixExp>(a);
}

Tensor matrix_power(const Tensor& a, std::int64_t n) {
  const char* const op = "linalg.matrix_power";
  if (a.dim() < 2) throw_error<ShapeError>(op, ": the input must have at least 2 dimensions, it is ", a.shape());
  if (a.size(-1) != a.size(-2) || n < 0) check_square(a, op);
  Tensor power = n < 0 ? inverse_of(a, op, nullptr) : a, z;
  for (std::uint64_t left = n < 0 ? -static_cast<std::uint64_t>(n) : static_cast<std::uint64_t>(n); left; left >>= 1) {
    if (left & 1) z = z.defined() ? matmul(z, power) : power;
    if (left > 1) power = matmul(power, power);
  }
  if (!z.defined()) return eye(a.size(-1), a.dtype()).expand(a.shape()).clone();
  return z.is(a) ? a.clone() : z;
}

Tensor multi_dot(const std::vector<Tensor>& tensors) {
  const char* const op = "linalg.multi_dot";
  const std::size_t n = tensors.size();
  if (n < 2) throw_error<ShapeError>(op, ": at least 2 tensors are needed, got ", static_cast<std::int64_t>(n));
  std::vector<Tensor> t = tensors;
  const bool row = t[0].dim() == 1, column = t[n - 1].dim() == 1;
  if (row) t[0] = t[0].unsqueeze(0);
  if (column) t[n - 1] = t[n - 1].unsqueeze(1);
  for (std::size_t i = 0; i < n; ++i) {
    const auto number = static_cast<std::int64_t>(i);
    if (t[i].dim() != 2)
      throw_error<ShapeError>(op, ": tensor ", number, " is ", tensors[i].shape(),
                              "; all are matrices, the first and the last may be vectors");
    if (t[i].dtype() != t[0].dtype())
      throw_error<TypeError>(op, ": tensors 0 and ", number, " are of ", name(t[0].dtype()), " and ",
                             name(t[i].dtype()));
    if (i > 0 && t[i - 1].size(1) != t[i].size(0))
      throw_error<ShapeError>(op, ": tensors ", number - 1, " and ", number, ", ", tensors[i - 1].shape(), " and ",
                              tensors[i].shape(), ", cannot be multiplied");
  }
  // best[i][j]: what tensors i to j cost, and behind which of them the last product divides them.
  struct Cost {
    double products = 0;
    std::size_t at = 0;
  };
  std::vector<std::vector<Cost>> best(n, std::vector<Cost>(n));
  const auto size = [&](std::size_t i) { return static_cast<double>(i < n ? t[i].size(0) : t[n - 1].size(1)); };
  for (std::size_t length = 1; length < n; ++length)
    for (std::size_t i = 0; i + length < n; ++i) {
      const std::size_t j = i + length;
      best[i][j].products = INFINITY;
      for (std::size_t k = i; k < j; ++k) {
        const double products = best[i][k].products + best[k + 1][j].products + size(i) * size(k + 1) * size(j + 1);
        if (products < best[i][j].products) best[i][j] = {products, k};
      }
    }
  const auto product = [&](const auto& self, std::size_t i, std::size_t j) -> Tensor {
    return i == j ? t[i] : matmul(self(self, i, best[i][j].at), self(self, best[i][j].at + 1, j));
  };
  Tensor z = product(product, 0, n - 1);
  if (row) z = z.squeeze(0);
  return column ? z.squeeze(-1) : z;
}

}  // namespace linalg
}  // namespace harker

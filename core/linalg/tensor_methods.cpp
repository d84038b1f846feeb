// x.inverse() for inverse(x): the members that core/tensor/methods.h declares, and this component defines.
#include <harker/core/linalg.h>

namespace harker HARKER_PUBLIC {

Tensor TensorMethods::inverse() const { return linalg::inv(self()); }
Tensor TensorMethods::pinverse(double rcond) const { return linalg::pinv(self(), rcond); }
Tensor TensorMethods::det() const { return linalg::det(self()); }
Tensor TensorMethods::logdet() const { return linalg::logdet(self()); }
Tensor TensorMethods::cholesky(bool upper) const { return linalg::cholesky(self(), upper); }
Tensor TensorMethods::matrix_exp() const { return linalg::matrix_exp(self()); }
Tensor TensorMethods::matrix_power(std::int64_t n) const { return linalg::matrix_power(self(), n); }

}  // namespace harker

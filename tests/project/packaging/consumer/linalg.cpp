// What a user of harker::linalg alone writes.
#include <harker/core/linalg.h>
#include <harker/core/ops/ops.h>

int main() {
  const harker::Tensor a = harker::tensor({{4., 2.}, {2., 3.}}, harker::kFloat64), l = harker::linalg::cholesky(a);
  const harker::linalg::SVD d = harker::linalg::svd(a);
  try {
    harker::linalg::inv(a * 0);
  } catch (const harker::linalg::LinAlgError&) {
    return harker::allclose(harker::matmul(l, l, false, true), a) && d.S[0].item() > d.S[1].item() ? 0 : 1;
  }
  return 1;
}

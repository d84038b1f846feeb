// What a user of harker::core alone writes.
#include <harker/core/ops/ops.h>
#include <harker/version.h>

int main() {
  harker::Tensor w = harker::tensor({1, 2, 3}, {.requires_grad = true});
  harker::sum(w * w).backward();
  return harker::equal(w.grad(), harker::tensor({2., 4., 6.})) && HARKER_VERSION_MAJOR == 0 ? 0 : 1;
}

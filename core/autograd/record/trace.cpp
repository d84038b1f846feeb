// The call of an operation, as its trace keeps it.
#include <harker/core/autograd/record/trace.h>

#include <array>

#include <harker/core/base/backtrace.h>
#include <harker/core/base/text.h>

namespace harker::detail {

std::unique_ptr<Trace> trace_of(Inputs inputs) {
  auto trace = std::make_unique<Trace>();
  for (const Tensor* t : inputs) {
    if (!t || !t->defined()) continue;
    if (!trace->inputs.empty()) trace->inputs += ", ";
    trace->inputs += str(name(t->dtype()), " ", t->shape());
  }
  constexpr std::size_t kDeepest = 64;
  std::array<void*, kDeepest> at;
  const std::size_t n = callers(at);
  trace->callers.assign(at.begin(), at.begin() + static_cast<std::ptrdiff_t>(n));
  return trace;
}

}  // namespace harker::detail

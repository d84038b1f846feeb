// gradcheck: the gradient of a weighted sum of f's output against central differences, element by element.
// gradgradcheck is gradcheck of the gradients themselves.
#include <cmath>

#include <harker/core/autograd/autograd.h>
#include <harker/core/base/text.h>
#include <harker/core/grad_mode.h>
#include <harker/core/ops/ops.h>

namespace harker HARKER_PUBLIC {
namespace {

using detail::throw_error;

/// Fixed, irregular weights: a sum with equal ones would hide errors that cancel.
Tensor weights_like(const Tensor& t) {
  Tensor w = empty(t.shape(), kFloat64);
  for (std::int64_t i = 0; i < w.numel(); ++i) w.data<double>()[i] = std::cos(1.7 * static_cast<double>(i) + 0.3);
  return w;
}

double weighted(const TensorFunction& f, std::span<const Tensor> x) {
  NoGradGuard no_grad;
  Tensor y = f(x);
  return sum(y * weights_like(y)).item();
}

}  // namespace

bool gradcheck(const TensorFunction& f, const std::vector<Tensor>& inputs, GradcheckOptions o) {
  std::vector<Tensor> x, wanted;
  for (const Tensor& t : inputs) {
    if (t.dtype() != kFloat64 && t.requires_grad())
      throw_error<TypeError>("gradcheck: inputs that require grad must be float64");
    x.push_back(t.detach().clone());
    x.back().requires_grad_(t.requires_grad());
    if (t.requires_grad()) wanted.push_back(x.back());
  }
  if (wanted.empty()) throw_error<GradError>("gradcheck: no input requires grad, so there is nothing to check");
  Tensor y = f(x);
  // A function that does not depend on its inputs has gradients of zero (the second derivative of something linear,
  // say).
  std::vector<Tensor> got =
      y.requires_grad() ? grad({y}, wanted, {weights_like(y)}) : std::vector<Tensor>(wanted.size());
  std::size_t k = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (!x[i].requires_grad()) continue;
    const Tensor& g = got[k++];
    std::vector<double> analytic =
        g.defined() ? g.to_vector<double>() : std::vector<double>(static_cast<std::size_t>(x[i].numel()), 0.0);
    for (std::int64_t e = 0; e < x[i].numel(); ++e) {
      double* p = static_cast<double*>(x[i].raw()) + e;
      double at = *p;
      *p = at + o.eps;
      double above = weighted(f, x);
      *p = at - o.eps;
      double below = weighted(f, x);
      *p = at;
      double numeric = (above - below) / (2 * o.eps), a = analytic[static_cast<std::size_t>(e)];
      if (!(std::fabs(a - numeric) <= o.atol + o.rtol * std::fabs(numeric)))
        throw_error<GradError>("gradcheck: input ", i, ", element ", e, ": backward gives ", a,
                               ", central differences ", numeric);
    }
  }
  return true;
}

bool gradgradcheck(const TensorFunction& f, const std::vector<Tensor>& inputs, GradcheckOptions o) {
  auto gradients = [&](std::span<const Tensor> x) {
    GradModeGuard on(true);
    std::vector<Tensor> given(x.begin(), x.end()), wanted;
    for (std::size_t i = 0; i < given.size(); ++i) {
      if (!inputs[i].requires_grad()) continue;
      if (!given[i].requires_grad()) given[i] = given[i].detach().requires_grad_();
      wanted.push_back(given[i]);
    }
    Tensor y = f(given), total = scalar_tensor(0, {.dtype = kFloat64});
    if (!y.requires_grad()) return total;
    for (const Tensor& g : grad({y}, wanted, {weights_like(y)}, {.create_graph = true}))
      if (g.defined()) total = total + sum(g * weights_like(g));
    return total;
  };
  return gradcheck(gradients, inputs, o);
}

}  // namespace harker

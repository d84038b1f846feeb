// Clipping of gradients: see the header.
#include <harker/nn/clip_grad.h>

#include <cmath>

#include <harker/core/base/text.h>
#include <harker/core/grad_mode.h>
#include <harker/core/ops/common.h>

namespace harker HARKER_PUBLIC {
namespace nn::utils {

using detail::throw_error;

namespace {

/// The sum of |x|^p, or the largest |x|.
double power_sum(const Tensor& x, double p) {
  const Tensor t = is_computed(x.dtype()) ? x.detach() : x.detach().to(kFloat32);
  const detail::Dense dense(t);
  return kernels<Statistics>(t).power_sum(t.dtype(), dense.numel(), dense.raw(), p);
}

template <class Of>
double norm_of(const std::vector<Tensor>& list, double p, bool error_if_nonfinite, const char* op, const Of& of) {
  if (!(p > 0)) throw_error<Error>(op, ": norm_type must be above 0, not ", p);
  double total = 0;
  for (const Tensor& t : list) {
    const Tensor x = of(t);
    if (!x.defined()) continue;
    const double v = power_sum(x, p);
    if (std::isinf(p))
      total = v > total || std::isnan(v) ? v : total;
    else
      total += v;
  }
  const double norm = std::isinf(p) || p == 1 ? total : p == 2 ? std::sqrt(total) : std::pow(total, 1 / p);
  if (error_if_nonfinite && !std::isfinite(norm)) {
    throw_error<Error>(op, ": the total norm is ", norm,
                       ", so it cannot be clipped; look for the step where a loss or "
                       "gradient stopped being finite");
  }
  return norm;
}

Tensor grad_of(const Tensor& parameter) { return parameter.grad(); }

}  // namespace

double get_total_norm(const std::vector<Tensor>& tensors, double norm_type, bool error_if_nonfinite) {
  return norm_of(tensors, norm_type, error_if_nonfinite, "get_total_norm", [](const Tensor& t) { return t; });
}

double clip_grad_norm_(const std::vector<Tensor>& parameters, double max_norm, double norm_type,
                       bool error_if_nonfinite) {
  if (!(max_norm >= 0)) throw_error<Error>("clip_grad_norm_: max_norm must be >= 0, not ", max_norm);
  const double norm = norm_of(parameters, norm_type, error_if_nonfinite, "clip_grad_norm_", grad_of);
  const double scale = max_norm / (norm + 1e-6);
  if (scale >= 1) return norm;
  NoGradGuard no_grad;
  for (const Tensor& p : parameters) {
    Tensor g = p.grad();
    if (!g.defined()) continue;
    if (is_computed(g.dtype()))
      g.mul_(scale);
    else
      g.copy_(g.to(kFloat32) * scale);
  }
  return norm;
}

void clip_grad_value_(const std::vector<Tensor>& parameters, double clip_value) {
  if (!(clip_value >= 0)) throw_error<Error>("clip_grad_value_: clip_value must be >= 0, not ", clip_value);
  NoGradGuard no_grad;
  for (const Tensor& p : parameters) {
    Tensor g = p.grad();
    if (!g.defined()) continue;
    const bool direct = g.is_contiguous() && is_computed(g.dtype());
    const Tensor t = g.detach().to(is_computed(g.dtype()) ? g.dtype() : kFloat32).contiguous();
    Functions& run = kernels<Functions>(t);
    run.scalar(Binary::minimum, t.dtype(), t.numel(), t.raw(), clip_value, false, t.raw());
    run.scalar(Binary::maximum, t.dtype(), t.numel(), t.raw(), -clip_value, false, t.raw());
    if (direct)
      ++t.storage().version;
    else
      g.copy_(t);
  }
}

}  // namespace nn::utils
}  // namespace harker

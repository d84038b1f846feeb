// The rarer functions in place: x = f(x, a, b), computed beside x and copied.
#include <harker/core/ops/in_place.h>
#include <harker/core/ops/ops.h>

namespace harker HARKER_PUBLIC {
namespace {
using detail::changed;
using T = const Tensor&;
}  // namespace

#define HARKER_RARE(f, ...)                                                                \
  Tensor& TensorMethods::f##_() const {                                                    \
    return detail::change_in_place(self(), #f "_", static_cast<Tensor (*)(T)>(harker::f)); \
  }
HARKER_RARE(frac)
#include <harker/core/ops/rare_table.h>
#undef HARKER_RARE

#define HARKER_BY_TENSOR(f)                                           \
  Tensor& TensorMethods::f##_(T y) const {                            \
    return changed(                                                   \
        self(), #f "_", [](T x, T a) { return harker::f(x, a); }, y); \
  }
#define HARKER_BY_NUMBER(f)                                               \
  Tensor& TensorMethods::f##_(Scalar s) const {                           \
    return changed(self(), #f "_", [=](T x) { return harker::f(x, s); }); \
  }
HARKER_BY_TENSOR(floor_divide)
HARKER_BY_TENSOR(remainder)
HARKER_BY_TENSOR(fmod)
HARKER_BY_TENSOR(atan2)
HARKER_BY_TENSOR(hypot)
HARKER_BY_TENSOR(copysign)
HARKER_BY_TENSOR(xlogy)
HARKER_BY_NUMBER(floor_divide)
HARKER_BY_NUMBER(remainder)
HARKER_BY_NUMBER(fmod)
HARKER_BY_NUMBER(clamp_min)
HARKER_BY_NUMBER(clamp_max)

Tensor& TensorMethods::div_(T y, std::string_view mode) const {
  return changed(
      self(), "div_", [=](T x, T a) { return harker::div(x, a, mode); }, y);
}
Tensor& TensorMethods::div_(Scalar s, std::string_view mode) const {
  return changed(self(), "div_", [=](T x) { return harker::div(x, s, mode); });
}
Tensor& TensorMethods::logit_() const {
  return changed(self(), "logit_", [](T x) { return harker::logit(x); });
}
Tensor& TensorMethods::logit_(double eps) const {
  return changed(self(), "logit_", [=](T x) { return harker::logit(x, eps); });
}
Tensor& TensorMethods::nan_to_num_(double nan) const {
  return changed(self(), "nan_to_num_", [=](T x) { return harker::nan_to_num(x, nan); });
}
Tensor& TensorMethods::nan_to_num_(double nan, double posinf, double neginf) const {
  return changed(self(), "nan_to_num_", [=](T x) { return harker::nan_to_num(x, nan, posinf, neginf); });
}
Tensor& TensorMethods::lerp_(T end, Scalar weight) const {
  return changed(
      self(), "lerp_", [=](T x, T y) { return harker::lerp(x, y, weight); }, end);
}
Tensor& TensorMethods::lerp_(T end, T weight) const {
  return changed(
      self(), "lerp_", [](T x, T y, T w) { return harker::lerp(x, y, w); }, end, weight);
}
Tensor& TensorMethods::addcmul_(T a, T b, Scalar value) const {
  return changed(
      self(), "addcmul_", [=](T x, T p, T q) { return harker::addcmul(x, p, q, value); }, a, b);
}
Tensor& TensorMethods::addcdiv_(T a, T b, Scalar value) const {
  return changed(
      self(), "addcdiv_", [=](T x, T p, T q) { return harker::addcdiv(x, p, q, value); }, a, b);
}
Tensor& TensorMethods::addmm_(T a, T b, Scalar beta, Scalar alpha) const {
  return changed(
      self(), "addmm_", [=](T x, T p, T q) { return harker::addmm(x, p, q, beta, alpha); }, a, b);
}
Tensor& TensorMethods::addmv_(T a, T v, Scalar beta, Scalar alpha) const {
  return changed(
      self(), "addmv_", [=](T x, T p, T q) { return harker::addmv(x, p, q, beta, alpha); }, a, v);
}
Tensor& TensorMethods::baddbmm_(T a, T b, Scalar beta, Scalar alpha) const {
  return changed(
      self(), "baddbmm_", [=](T x, T p, T q) { return harker::baddbmm(x, p, q, beta, alpha); }, a, b);
}

}  // namespace harker

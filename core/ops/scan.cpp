// Running results along a dimension. One linear recurrence, z[i] = a[i] + b[i] z[i - 1], has one of the other direction as
// its gradient, so it is closed under differentiation, and neither divides: it makes cumprod, right where there are zeros,
// and the gradient of logcumsumexp.
#include <cmath>

#include <harker/core/ops/gather.h>
#include <harker/core/ops/half.h>
#include <harker/core/ops/reduce_dims.h>

namespace harker HARKER_PUBLIC {
namespace {

using detail::Folded;
using detail::throw_error;

/// f(at, i, first, state) along the middle of [outer, n, inner], from one end or the other: the place of an element, its number
/// along, and what f left of those before it.
template <class State, class F>
void each_along(const Folded& x, bool from_end, const F& f) {
  constexpr std::int64_t kBeside = 64;
  State state[kBeside];
  for (std::int64_t o = 0; o < x.outer; ++o)
    for (std::int64_t begin = 0; begin < x.inner; begin += kBeside) {
      const std::int64_t width = std::min(kBeside, x.inner - begin);
      const auto place = [&](std::int64_t k) { return from_end ? x.n - 1 - k : k; };
      const auto at = [&](std::int64_t i) { return (o * x.n + i) * x.inner + begin; };
      if (width == 1) {
        State one{};  // in a register
        if (x.n > 0) f(at(place(0)), place(0), true, one);
        for (std::int64_t k = 1; k < x.n; ++k) f(at(place(k)), place(k), false, one);
        continue;
      }
      for (std::int64_t k = 0; k < x.n; ++k)
        for (std::int64_t j = 0; j < width; ++j) f(at(place(k)) + j, place(k), k == 0, state[j]);
    }
}

/// z[i] = x[i - by]; where there is none zeros, or the nearest one.
Tensor shifted(const Tensor& x, int dim, std::int64_t by, bool nearest = false) {
  const std::int64_t n = x.shape()[dim];
  Tensor at = detail::empty_tensor({n}, DType::int64, x.device());
  for (std::int64_t i = 0; i < n; ++i)
    at.data<std::int64_t>()[i] = i - by >= 0 && i - by < n ? i - by : nearest ? i : -1;
  return detail::select_rows(x, at, dim);
}

template <class T>
void recur(const Folded& a, const Folded& b, bool from_end, bool alone, void* out) {
  const T *const p = static_cast<const T*>(a.x.raw()), *const q = static_cast<const T*>(b.x.raw());
  T* const z = static_cast<T*>(out);
  const std::int64_t n = b.n;
  each_along<T>(
      b, from_end,
      [ =, inner = b.inner ](std::int64_t at, std::int64_t, bool first, T& last) __attribute__((always_inline)) {
        if (first)
          last = p[alone ? at / (n * inner) * inner + at % inner : at];
        else
          last = static_cast<T>(alone ? q[at] * last : p[at] + q[at] * last);
        z[at] = last;
      });
}

struct Recurrence
    : Op<Recurrence> {  // z[i] = a[i] + b[i] z[i - 1]; da = t, t[i] = dz[i] + b[i + 1] t[i + 1], db = t z[i - 1]
  // `alone`: a has the first element along dim, the others are 0.
  static constexpr const char* name = "recurrence";
  static Tensor forward(Context& c, const Tensor& a, const Tensor& b, int dim, bool from_end, bool alone) {
    const Folded p(a, detail::only(a, dim)), q(b, detail::only(b, dim));
    Tensor z = detail::empty_tensor_like(q.x);
    (a.dtype() == DType::float64   ? recur<double>
     : a.dtype() == DType::float32 ? recur<float>
                                   : recur<std::uint64_t>)(p, q, from_end, alone, z.raw());
    c.save(b);
    c.save_output(z);
    return z;
  }
  static Grads backward(Context& c, const Tensor& dz, int dim, bool from_end, bool alone) {
    const std::int64_t back = from_end ? 1 : -1;
    const Tensor t = apply<Recurrence>(dz, shifted(c.saved(0), dim, back), dim, !from_end, false);
    return {alone ? t.narrow(dim, 0, 1) : t, c.needs(1) ? t * shifted(c.saved_output(1), dim, -back) : Tensor()};
  }
};

template <class T>
void log_sums(const Folded& x, void* out) {
  const T* const p = static_cast<const T*>(x.x.raw());
  T* const z = static_cast<T*>(out);
  each_along<T>(
      x, false, [=](std::int64_t at, std::int64_t, bool first, T& last) __attribute__((always_inline)) {
        const T v = p[at], low = v < last ? v : last, high = v < last ? last : v;
        last = first ? v : std::isinf(high) && !(low != low) ? high : high + std::log1p(std::exp(low - high));
        z[at] = last;
      });
}

struct LogCumsumExp : Op<LogCumsumExp> {  // z = log of the running sum of e^x
  // dx[j] = e^(x[j] - z[j]) u[j], u[j] = dz[j] + e^(z[j] - z[j + 1]) u[j + 1]: no exponent is above 0.
  static constexpr const char* name = "logcumsumexp";
  static Tensor forward(Context& c, const Tensor& x, int dim) {
    const Folded in(x, detail::only(x, dim));
    Tensor z = detail::empty_tensor_like(in.x);
    (x.dtype() == DType::float64 ? log_sums<double> : log_sums<float>)(in, z.raw());
    c.save(x);
    c.save_output(z);
    return z;
  }
  static Grads backward(Context& c, const Tensor& dz, int dim) {
    const Tensor &x = c.saved(0), z = c.saved_output(1);
    if (x.dim() == 0) return {dz};
    const auto share = [](const Tensor& part, const Tensor& whole) {  // of nothing it is nothing
      const Tensor none = eq(whole, -INFINITY);
      return where(none, 0, exp(where(none, 0, part - whole)));
    };
    const Tensor u = apply<Recurrence>(dz, share(z, shifted(z, dim, -1, true)), dim, true, false);
    return {share(x, z) * u};
  }
};

/// Where the extreme so far is: the last among equals, and any NaN.
template <class T>
void running(const Folded& x, bool largest, std::int64_t* at) {
  struct Most {
    T v;
    std::int64_t place;
  };
  const T* const p = static_cast<const T*>(x.x.raw());
  each_along<Most>(
      x, false, [=](std::int64_t i, std::int64_t place, bool first, Most& most) __attribute__((always_inline)) {
        const T v = p[i];
        const bool keeps = !(v != v) && ((most.v != most.v) || !(largest ? v >= most.v : v <= most.v));
        if (first || !keeps) most = {v, place};
        at[i] = most.place;
      });
}

ValuesAndIndices running_extreme(const Tensor& x, int d, bool largest, const char* op) {
  const int dim = detail::wrap_dim(d, x.dim(), op);
  const Tensor at = [&] {
    detail::ModeScope off(false);
    const Folded in(detail::comparable(x, op), detail::only(x, dim));
    Tensor places = detail::empty_tensor(x.shape(), DType::int64, x.device());
    (in.x.dtype() == DType::float64   ? running<double>
     : in.x.dtype() == DType::float32 ? running<float>
                                      : running<std::int64_t>)(in, largest, places.data<std::int64_t>());
    return places;
  }();
  return {detail::gather_checked(x, at, dim), at};
}

}  // namespace

Tensor cumprod(const Tensor& given, int d) {
  const int dim = detail::wrap_dim(d, given.dim(), "cumprod");
  return detail::through_float(given, [=](const Tensor& t) {
    const Tensor x = detail::counted(t, "cumprod");
    if (x.dim() == 0) return x.clone();
    if (x.shape()[dim] == 0) return x.clone();
    return apply<Recurrence>(x.narrow(dim, 0, 1), x, dim, false, true);
  });
}

Tensor logcumsumexp(const Tensor& given, int d) {
  const int dim = detail::wrap_dim(d, given.dim(), "logcumsumexp");
  return detail::through_float(given, [=](const Tensor& x) {
    detail::check_computed(x, "logcumsumexp");
    return apply<LogCumsumExp>(x, dim);
  });
}

ValuesAndIndices cummax(const Tensor& x, int dim) { return running_extreme(x, dim, true, "cummax"); }
ValuesAndIndices cummin(const Tensor& x, int dim) { return running_extreme(x, dim, false, "cummin"); }

Tensor diff(const Tensor& x, std::int64_t times, int d, const Tensor& prepend, const Tensor& append) {
  if (x.dim() == 0) throw_error<ShapeError>("diff: a 0-d tensor has no neighbours");
  if (times < 0) throw_error<ShapeError>("diff: cannot be taken ", times, " times");
  const int dim = detail::wrap_dim(d, x.dim(), "diff");
  if (times == 0) return x.clone();
  std::vector<Tensor> parts;
  for (const Tensor* t : {&prepend, &x, &append})
    if (t->defined()) parts.push_back(*t);
  Tensor z = parts.size() > 1 ? cat(parts, dim) : x;
  for (std::int64_t i = 0; i < times && z.shape()[dim] > 0; ++i) {
    const Tensor next = z.slice(dim, 1), before = z.slice(dim, 0, -1);
    z = z.dtype() == DType::bool_ ? logical_xor(next, before) : next - before;
  }
  return z.is(x) ? x.clone() : z;
}

Tensor trapezoid(const Tensor& y, const Tensor& x, int d) {
  if (y.dim() == 0) throw_error<ShapeError>("trapezoid: a 0-d tensor has no area");
  const int dim = detail::wrap_dim(d, y.dim(), "trapezoid");
  if (y.shape()[dim] == 0) return sum(y, dim).to(result_type(y, x));
  Tensor at = x;  // of one dimension: along dim
  if (x.dim() == 1) {
    if (x.shape()[0] != y.shape()[dim])
      throw_error<ShapeError>("trapezoid: there are ", y.shape()[dim], " y values and ", x.shape()[0], " x values");
    Shape shape = Shape::filled(y.dim(), 1);
    shape[dim] = -1;
    at = x.view(shape);
  }
  return sum((y.slice(dim, 1) + y.slice(dim, 0, -1)) * diff(at, 1, dim), dim) / 2;
}
Tensor trapezoid(const Tensor& y, double dx, int d) {
  if (y.dim() == 0) throw_error<ShapeError>("trapezoid: a 0-d tensor has no area");
  const int dim = detail::wrap_dim(d, y.dim(), "trapezoid");
  if (y.shape()[dim] == 0) return sum(y, dim);
  return (sum(y, dim) - (y.select(dim, 0) + y.select(dim, -1)) * 0.5) * dx;
}

}  // namespace harker

// L-BFGS and the line search that finds a step which satisfies the strong Wolfe conditions, after torch's. All parameters
// are one flat vector. What it remembers lies in the state of the first parameter, under torch's keys.
#include <harker/optim/lbfgs.h>

#include <algorithm>
#include <cmath>

#include <harker/core/base/text.h>
#include <harker/core/grad_mode.h>
#include <harker/core/ops/ops.h>

namespace harker HARKER_PUBLIC {
namespace optim {

using detail::quoted;
using detail::throw_error;

template class OptimizerWith<LBFGS, LBFGSOptions>;

void LBFGS::describe(LBFGSOptions& o, OptionIO& io) {
  io.number("lr", o.lr);
  io.integer("max_iter", o.max_iter);
  std::int64_t evaluations = o.max_eval.value_or(o.max_iter * 5 / 4);
  io.integer("max_eval", evaluations);
  o.max_eval = evaluations;
  io.number("tolerance_grad", o.tolerance_grad);
  io.number("tolerance_change", o.tolerance_change);
  io.integer("history_size", o.history_size);
  io.write("line_search_fn", o.line_search_fn.empty() ? Value() : Value(o.line_search_fn));
  if (const Value* v = io.read("line_search_fn")) {
    if (!v->is_none() && !v->is_string()) io.wrong("line_search_fn", "None or a str", *v);
    o.line_search_fn = v->is_none() ? std::string() : std::string(v->as_string());
  }
  io.flag("maximize", o.maximize);
}

void LBFGS::check(const LBFGSOptions& o) {
  check_at_least_zero("LBFGS", {{"lr", o.lr}});
  if (o.max_iter < 1 || o.history_size < 1)
    throw_error<Error>("LBFGS: max_iter and history_size must be at least 1, not ", o.max_iter, " and ",
                       o.history_size);
  if (!o.line_search_fn.empty() && o.line_search_fn != "strong_wolfe")
    throw_error<Error>("LBFGS: line_search_fn is \"strong_wolfe\" or none, not ", quoted(o.line_search_fn));
}

namespace {

double dotted(const Tensor& a, const Tensor& b) { return sum(a * b).item(); }
double largest(const Tensor& t) { return t.numel() == 0 ? 0 : max(abs(t)).item(); }

/// The minimum of the cubic through two points, within bounds.
double cubic_minimum(double x1, double f1, double g1, double x2, double f2, double g2, double low, double high) {
  const double d1 = g1 + g2 - 3 * (f1 - f2) / (x1 - x2), square = d1 * d1 - g1 * g2;
  if (!(square >= 0)) return (low + high) / 2;
  const double d2 = std::sqrt(square);
  const double at = x1 <= x2 ? x2 - (x2 - x1) * ((g2 + d2 - d1) / (g2 - g1 + 2 * d2))
                             : x1 - (x1 - x2) * ((g1 + d2 - d1) / (g1 - g2 + 2 * d2));
  return std::min(std::max(at, low), high);
}

/// What is remembered from step to step.
struct Memory {
  std::int64_t func_evals = 0, n_iter = 0;
  Tensor d, prev_flat_grad;
  double t = 0, prev_loss = 0, h_diag = 1;
  std::vector<Tensor> old_dirs, old_stps;
  std::vector<double> ro;

  Memory(const std::vector<Value::Item>& items, std::int64_t numel, DType dtype) {
    const auto wrong = [](std::string_view key) {
      throw_error<Error>("LBFGS: the entry ", quoted(key), " of its state is not of this model");
    };
    const auto find = [&](std::string_view key) -> const Value* {
      for (const auto& [k, v] : items)
        if (k.is_string() && k.as_string() == key && !v.is_none()) return &v;
      return nullptr;
    };
    const auto number = [&](std::string_view key, double& to) {
      const Value* v = find(key);
      const std::optional<double> n = v ? number_in(*v) : to;
      if (!n) wrong(key);
      to = *n;
    };
    const auto flat = [&](std::string_view key, const Value& v) {
      if (!v.is_tensor() || v.lazy_tensor().shape() != Shape{numel}) wrong(key);
      return v.tensor().detach().to(dtype);
    };
    const auto list = [&](std::string_view key, const auto& each) {
      const Value* v = find(key);
      if (!v) return;
      if (!v->is_list() && !v->is_tuple()) wrong(key);
      for (const Value& e : v->elements()) each(e);
    };
    double evals = 0, iterations = 0;
    number("func_evals", evals);
    number("n_iter", iterations);
    func_evals = static_cast<std::int64_t>(evals);
    number("t", t);
    number("H_diag", h_diag);
    number("prev_loss", prev_loss);
    if (const Value* v = find("d")) d = flat("d", *v);
    if (const Value* v = find("prev_flat_grad")) prev_flat_grad = flat("prev_flat_grad", *v);
    list("old_dirs", [&](const Value& v) { old_dirs.push_back(flat("old_dirs", v)); });
    list("old_stps", [&](const Value& v) { old_stps.push_back(flat("old_stps", v)); });
    list("ro", [&](const Value& v) {
      const std::optional<double> n = number_in(v);
      if (!n) wrong("ro");
      ro.push_back(*n);
    });
    if (old_dirs.size() != old_stps.size() || old_dirs.size() != ro.size()) wrong("old_dirs");
    n_iter =
        d.defined() && prev_flat_grad.defined() ? static_cast<std::int64_t>(iterations) : 0;  // else from the start
  }

  std::vector<Value::Item> items(DType dtype) const {
    std::vector<Value::Item> out = {{"func_evals", func_evals}, {"n_iter", n_iter}};
    if (!d.defined()) return out;
    const auto scalar = [&](double v) { return Value(scalar_tensor(v, dtype)); };
    std::vector<Value> of_ro;
    for (double r : ro) of_ro.push_back(scalar(r));
    out.insert(out.end(), {{"d", d},
                           {"t", t},
                           {"old_dirs", Value::list({old_dirs.begin(), old_dirs.end()})},
                           {"old_stps", Value::list({old_stps.begin(), old_stps.end()})},
                           {"ro", Value::list(std::move(of_ro))},
                           {"H_diag", old_dirs.empty() ? Value(1) : scalar(h_diag)},
                           {"prev_flat_grad", prev_flat_grad},
                           {"prev_loss", prev_loss}});
    return out;
  }

  /// Takes the last step into the memory, and gives the direction of the next.
  Tensor direction(const Tensor& grad, std::int64_t history) {
    if (n_iter == 1) {
      old_dirs.clear();
      old_stps.clear();
      ro.clear();
      h_diag = 1;
      return -grad;
    }
    const Tensor y = grad - prev_flat_grad, s = d * t;
    if (const double ys = dotted(y, s); ys > 1e-10) {
      if (static_cast<std::int64_t>(old_dirs.size()) >= history) {
        old_dirs.erase(old_dirs.begin());
        old_stps.erase(old_stps.begin());
        ro.erase(ro.begin());
      }
      old_dirs.push_back(y);
      old_stps.push_back(s);
      ro.push_back(1 / ys);
      h_diag = ys / dotted(y, y);
    }
    const std::size_t n = old_dirs.size();
    std::vector<double> al(n);
    Tensor q = -grad;
    for (std::size_t i = n; i-- > 0;) {
      al[i] = dotted(old_stps[i], q) * ro[i];
      q.add_(old_dirs[i], -al[i]);
    }
    q.mul_(h_diag);
    for (std::size_t i = 0; i < n; ++i) q.add_(old_stps[i], al[i] - dotted(old_dirs[i], q) * ro[i]);
    return q;
  }
};

}  // namespace

/// One step: the parameters as one vector, and the loss along a direction.
struct LBFGS::Search {
  const std::vector<Tensor>& params;
  FunctionRef<Tensor()> closure;
  bool maximize;

  struct Point {
    double t, loss;
    Tensor grad;
    double slope;  // along the direction
  };

  Tensor evaluate(double& loss) const {
    Tensor value;
    {
      GradModeGuard grad(true);
      value = closure();
    }
    loss = value.item() * (maximize ? -1 : 1);
    return value;
  }
  Tensor flat_grad() const {
    std::vector<Tensor> parts;
    for (const Tensor& p : params) {
      const Tensor g = p.grad();
      parts.push_back((g.defined() ? g.detach() : zeros_like(p)).reshape({-1}));
    }
    Tensor flat = cat(parts);
    return maximize ? -flat : flat;
  }
  void add(double t, const Tensor& d) const {
    std::int64_t at = 0;
    for (const Tensor& p : params) {
      p.detach().add_(d.narrow(0, at, p.numel()).view(p.shape()), t);
      at += p.numel();
    }
  }
  Point at(const std::vector<Tensor>& x, double t, const Tensor& d) const {
    Point p{t, 0, {}, 0};
    add(t, d);
    evaluate(p.loss);
    p.grad = flat_grad();
    p.slope = dotted(p.grad, d);
    for (std::size_t i = 0; i < x.size(); ++i) params[i].detach().copy_(x[i]);
    return p;
  }

  /// From `from`, at t = 0, along d, first as far as t. Counts its evaluations.
  Point strong_wolfe(double t, const Tensor& d, const Point& from, std::int64_t most, std::int64_t& evaluations) const {
    constexpr double c1 = 1e-4, c2 = 0.9, tolerance_change = 1e-9;
    std::vector<Tensor> x;
    for (const Tensor& p : params) x.push_back(p.detach().clone());
    const double widest = largest(d);
    const auto armijo_fails = [&](const Point& p) { return p.loss > from.loss + c1 * p.t * from.slope; };
    const auto flat = [&](const Point& p) { return std::abs(p.slope) <= -c2 * from.slope; };

    // Outward until two points enclose one that will do.
    Point now = at(x, t, d), before = from;
    evaluations = 1;
    std::int64_t iterations = 0;
    for (;; ++iterations) {
      if (iterations >= most) {
        before = from;
        break;
      }
      if (armijo_fails(now) || (iterations > 1 && now.loss >= before.loss)) break;
      if (flat(now)) return now;
      if (now.slope >= 0) break;
      const double next = cubic_minimum(before.t, before.loss, before.slope, now.t, now.loss, now.slope,
                                        now.t + 0.01 * (now.t - before.t), now.t * 10);
      before = std::exchange(now, at(x, next, d));
      ++evaluations;
    }

    // Inward.
    Point ends[2] = {before, now};
    const auto lower = [&] { return ends[0].loss <= ends[1].loss ? 0 : 1; };
    int low = lower();
    bool stuck = false;
    for (; iterations < most; ++iterations) {
      const double left = std::min(ends[0].t, ends[1].t), right = std::max(ends[0].t, ends[1].t);
      if ((right - left) * widest < tolerance_change) break;
      t = cubic_minimum(ends[0].t, ends[0].loss, ends[0].slope, ends[1].t, ends[1].loss, ends[1].slope, left, right);
      const double eps = 0.1 * (right - left);
      if (std::min(right - t, t - left) < eps) {  // close to the boundary
        if (stuck || t >= right || t <= left) {
          t = std::abs(t - right) < std::abs(t - left) ? right - eps : left + eps;
          stuck = false;
        } else {
          stuck = true;
        }
      } else {
        stuck = false;
      }
      now = at(x, t, d);
      ++evaluations;
      if (armijo_fails(now) || now.loss >= ends[low].loss) {
        ends[1 - low] = now;
        low = lower();
        continue;
      }
      if (flat(now)) return now;
      if (now.slope * (ends[1 - low].t - ends[low].t) >= 0) ends[1 - low] = ends[low];
      ends[low] = now;
    }
    return ends[low];
  }
};

void LBFGS::step() {
  throw_error<Error>("LBFGS: a step computes the loss more than once: step([&] { ...; return loss; })");
}

Tensor LBFGS::step(FunctionRef<Tensor()> closure) {
  NoGradGuard no_grad;
  if (groups_.size() != 1) throw_error<Error>("LBFGS: has one group of parameters, not ", groups_.size());
  const LBFGSOptions& o = options_[0];
  const std::int64_t most_evaluations = o.max_eval.value_or(o.max_iter * 5 / 4);
  std::int64_t numel = 0;
  for (const Tensor& p : params_) {
    if (p.dtype() != params_[0].dtype())
      throw_error<TypeError>("LBFGS: all parameters must have one dtype; there are ", name(params_[0].dtype()), " and ",
                             name(p.dtype()));
    numel += p.numel();
  }
  const DType dtype = params_[0].dtype();
  State& state = make_state(0);
  Memory m(state.rest, numel, dtype);
  const Search search{params_, closure, o.maximize};

  double loss = 0;
  const Tensor first_loss = search.evaluate(loss);
  std::int64_t evaluations = 1;
  ++m.func_evals;
  Tensor grad = search.flat_grad();
  bool optimal = largest(grad) <= o.tolerance_grad;
  for (std::int64_t n = 1; !optimal && n <= o.max_iter; ++n) {
    ++m.n_iter;
    m.d = m.direction(grad, o.history_size);
    m.prev_flat_grad = grad;
    m.prev_loss = loss;
    m.t = m.n_iter == 1 ? std::min(1.0, 1 / sum(abs(grad)).item()) * o.lr : o.lr;
    const double slope = dotted(grad, m.d);
    if (slope > -o.tolerance_change) break;
    std::int64_t more = 0;
    if (!o.line_search_fn.empty()) {
      const Search::Point found =
          search.strong_wolfe(m.t, m.d, {0, loss, grad, slope}, most_evaluations - evaluations, more);
      m.t = found.t;
      loss = found.loss;
      grad = found.grad;
      search.add(m.t, m.d);
    } else {
      search.add(m.t, m.d);
      if (n != o.max_iter) {  // nobody would use the last
        search.evaluate(loss);
        grad = search.flat_grad();
        more = 1;
      }
    }
    if (more) optimal = largest(grad) <= o.tolerance_grad;
    evaluations += more;
    m.func_evals += more;
    if (evaluations >= most_evaluations || largest(m.d * m.t) <= o.tolerance_change ||
        std::abs(loss - m.prev_loss) < o.tolerance_change)
      break;
  }
  state.rest = m.items(dtype);
  return first_loss;
}

}  // namespace optim
}  // namespace harker

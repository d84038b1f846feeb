// The formulas of NAdam, RAdam, Adamax, Adadelta, ASGD and Muon, in torch's order of operations.
#include <harker/optim/more_optimizers.h>

#include <algorithm>
#include <cmath>

#include <harker/core/base/text.h>
#include <harker/core/ops/ops.h>

namespace harker HARKER_PUBLIC {
namespace optim {

using detail::throw_error;

template class OptimizerWith<NAdam, NAdamOptions, TensorOptimizer>;
template class OptimizerWith<RAdam, RAdamOptions, TensorOptimizer>;
template class OptimizerWith<Adamax, AdamaxOptions, TensorOptimizer>;
template class OptimizerWith<Adadelta, AdadeltaOptions, TensorOptimizer>;
template class OptimizerWith<ASGD, ASGDOptions, TensorOptimizer>;
template class OptimizerWith<Muon, MuonOptions, TensorOptimizer>;

namespace {

template <std::size_t N>
void check_betas(const char* optimizer, const std::array<double, N>& betas) {
  for (double beta : betas)
    if (!(beta >= 0 && beta < 1)) throw_error<Error>(optimizer, ": betas must lie in [0, 1), not ", beta);
}

/// The gradient that is followed: turned round to maximize, and with the weight decay.
template <class Options>
Tensor followed(const Tensor& p, const Tensor& grad, const Options& o, bool decay = true) {
  Tensor g = o.maximize ? -grad : grad;
  return decay && o.weight_decay != 0 ? g + p * o.weight_decay : g;
}

/// The moments of Adam's kin.
void take_moments(Tensor first, Tensor second, const Tensor& g, const std::array<double, 2>& betas) {
  first.lerp_(g, 1 - betas[0]);
  second.mul_(betas[1]);
  second.add_(g * g, 1 - betas[1]);
}

/// Where the decay is decoupled it comes first, and by itself.
template <class Options>
void decay_first(Tensor p, const Options& o) {
  if (o.decoupled_weight_decay && o.weight_decay != 0) p.mul_(1 - o.lr * o.weight_decay);
}

}  // namespace

// --- NAdam

std::span<const std::string_view> NAdam::slot_names() const {
  static constexpr std::string_view kSlots[] = {"mu_product", "exp_avg", "exp_avg_sq"};
  return kSlots;
}
Tensor NAdam::initial_slot(std::size_t group, std::size_t slot, const Tensor& p) const {
  return slot == 0 ? scalar_tensor(1.0) : TensorOptimizer::initial_slot(group, slot, p);
}
void NAdam::describe(NAdamOptions& o, OptionIO& io) {
  io.number("lr", o.lr);
  io.pair("betas", o.betas);
  io.number("eps", o.eps);
  io.number("weight_decay", o.weight_decay, Written::as_int_if_zero);
  io.number("momentum_decay", o.momentum_decay);
  io.flag("decoupled_weight_decay", o.decoupled_weight_decay);
  io.flag("maximize", o.maximize);
  io.fixed("foreach", {});
  io.fixed("capturable", false);
  io.fixed("differentiable", false);
}
void NAdam::check(const NAdamOptions& o) {
  check_at_least_zero(
      "NAdam", {{"lr", o.lr}, {"eps", o.eps}, {"weight_decay", o.weight_decay}, {"momentum_decay", o.momentum_decay}});
  check_betas("NAdam", o.betas);
}
void NAdam::update(std::size_t group, Tensor p, Tensor grad, State& s) {
  const NAdamOptions& o = options_[group];
  decay_first(p, o);
  const Tensor g = followed(p, grad, o, !o.decoupled_weight_decay);
  const auto mu_at = [&](double step) { return o.betas[0] * (1 - 0.5 * std::pow(0.96, step * o.momentum_decay)); };
  const double mu = mu_at(s.step), next = mu_at(s.step + 1);
  s.slots[0].mul_(mu);
  const double product = s.slots[0].item();
  take_moments(s.slots[1], s.slots[2], g, o.betas);
  const Tensor denominator = sqrt(s.slots[2] / (1 - std::pow(o.betas[1], s.step))) + o.eps;
  p.add_(g / denominator, -o.lr * (1 - mu) / (1 - product));
  p.add_(s.slots[1] / denominator, -o.lr * next / (1 - product * next));
}

// --- RAdam

std::span<const std::string_view> RAdam::slot_names() const {
  static constexpr std::string_view kSlots[] = {"exp_avg", "exp_avg_sq"};
  return kSlots;
}
void RAdam::describe(RAdamOptions& o, OptionIO& io) {
  io.number("lr", o.lr);
  io.pair("betas", o.betas);
  io.number("eps", o.eps);
  io.number("weight_decay", o.weight_decay, Written::as_int_if_zero);
  io.flag("maximize", o.maximize);
  io.fixed("foreach", {});
  io.fixed("capturable", false);
  io.flag("decoupled_weight_decay", o.decoupled_weight_decay);
  io.fixed("differentiable", false);
}
void RAdam::check(const RAdamOptions& o) {
  check_at_least_zero("RAdam", {{"lr", o.lr}, {"eps", o.eps}, {"weight_decay", o.weight_decay}});
  check_betas("RAdam", o.betas);
}
void RAdam::update(std::size_t group, Tensor p, Tensor grad, State& s) {
  const RAdamOptions& o = options_[group];
  decay_first(p, o);
  take_moments(s.slots[0], s.slots[1], followed(p, grad, o, !o.decoupled_weight_decay), o.betas);
  const double of_second = std::pow(o.betas[1], s.step), correction = 1 - of_second;
  const Tensor step = s.slots[0] / (1 - std::pow(o.betas[0], s.step)) * o.lr;
  // The length of the average that the second moment amounts to: only a long one is trusted.
  const double longest = 2 / (1 - o.betas[1]) - 1, length = longest - 2 * s.step * of_second / correction;
  if (!(length > 5)) {
    p.sub_(step);
    return;
  }
  const double rectified = std::sqrt((length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length));
  p.sub_(step * (std::sqrt(correction) / (sqrt(s.slots[1]) + o.eps)) * rectified);
}

// --- Adamax

std::span<const std::string_view> Adamax::slot_names() const {
  static constexpr std::string_view kSlots[] = {"exp_avg", "exp_inf"};
  return kSlots;
}
void Adamax::describe(AdamaxOptions& o, OptionIO& io) {
  io.number("lr", o.lr);
  io.pair("betas", o.betas);
  io.number("eps", o.eps);
  io.number("weight_decay", o.weight_decay, Written::as_int_if_zero);
  io.fixed("foreach", {});
  io.flag("maximize", o.maximize);
  io.fixed("differentiable", false);
  io.fixed("capturable", false);
}
void Adamax::check(const AdamaxOptions& o) {
  check_at_least_zero("Adamax", {{"lr", o.lr}, {"eps", o.eps}, {"weight_decay", o.weight_decay}});
  check_betas("Adamax", o.betas);
}
void Adamax::update(std::size_t group, Tensor p, Tensor grad, State& s) {
  const AdamaxOptions& o = options_[group];
  const Tensor g = followed(p, grad, o);
  s.slots[0].lerp_(g, 1 - o.betas[0]);
  s.slots[1].copy_(maximum(s.slots[1] * o.betas[1], abs(g) + o.eps));
  p.add_(s.slots[0] / s.slots[1], -o.lr / (1 - std::pow(o.betas[0], s.step)));
}

// --- Adadelta

std::span<const std::string_view> Adadelta::slot_names() const {
  static constexpr std::string_view kSlots[] = {"square_avg", "acc_delta"};
  return kSlots;
}
void Adadelta::describe(AdadeltaOptions& o, OptionIO& io) {
  io.number("lr", o.lr);
  io.number("rho", o.rho);
  io.number("eps", o.eps);
  io.number("weight_decay", o.weight_decay, Written::as_int_if_zero);
  io.flag("maximize", o.maximize);
  io.fixed("capturable", false);
  io.fixed("foreach", {});
  io.fixed("differentiable", false);
}
void Adadelta::check(const AdadeltaOptions& o) {
  check_at_least_zero("Adadelta", {{"lr", o.lr}, {"eps", o.eps}, {"weight_decay", o.weight_decay}});
  if (!(o.rho >= 0 && o.rho <= 1)) throw_error<Error>("Adadelta: rho must lie in [0, 1], not ", o.rho);
}
void Adadelta::update(std::size_t group, Tensor p, Tensor grad, State& s) {
  const AdadeltaOptions& o = options_[group];
  const Tensor g = followed(p, grad, o);
  s.slots[0].mul_(o.rho);
  s.slots[0].add_(g * g, 1 - o.rho);
  const Tensor change = sqrt(s.slots[1] + o.eps) / sqrt(s.slots[0] + o.eps) * g;
  s.slots[1].mul_(o.rho);
  s.slots[1].add_(change * change, 1 - o.rho);
  p.add_(change, -o.lr);
}

// --- ASGD

std::span<const std::string_view> ASGD::slot_names() const {
  static constexpr std::string_view kSlots[] = {"eta", "mu", "ax"};
  return kSlots;
}
Tensor ASGD::initial_slot(std::size_t group, std::size_t slot, const Tensor& p) const {
  return slot == 0   ? scalar_tensor(options_[group].lr)
         : slot == 1 ? scalar_tensor(1.0)
                     : TensorOptimizer::initial_slot(group, slot, p);
}
void ASGD::describe(ASGDOptions& o, OptionIO& io) {
  io.number("lr", o.lr);
  io.number("lambd", o.lambd);
  io.number("alpha", o.alpha);
  io.number("t0", o.t0);
  io.number("weight_decay", o.weight_decay, Written::as_int_if_zero);
  io.fixed("foreach", {});
  io.flag("maximize", o.maximize);
  io.fixed("differentiable", false);
  io.fixed("capturable", false);
}
void ASGD::check(const ASGDOptions& o) {
  check_at_least_zero("ASGD", {{"lr", o.lr}, {"lambd", o.lambd}, {"alpha", o.alpha}, {"weight_decay", o.weight_decay}});
}
void ASGD::update(std::size_t group, Tensor p, Tensor grad, State& s) {
  const ASGDOptions& o = options_[group];
  const Tensor g = followed(p, grad, o);
  const double eta = s.slots[0].item(), mu = s.slots[1].item();
  p.mul_(1 - o.lambd * eta);
  p.add_(g, -eta);
  if (mu != 1)
    s.slots[2].add_((p - s.slots[2]) * mu);
  else
    s.slots[2].copy_(p);
  s.slots[0].fill_(o.lr / std::pow(1 + o.lambd * o.lr * s.step, o.alpha));
  s.slots[1].fill_(1 / std::max(1.0, s.step - o.t0));
}

// --- Muon

std::span<const std::string_view> Muon::slot_names() const {
  static constexpr std::string_view kSlots[] = {"momentum_buffer"};
  return kSlots;
}
void Muon::describe(MuonOptions& o, OptionIO& io) {
  io.number("lr", o.lr);
  io.number("weight_decay", o.weight_decay);
  io.number("momentum", o.momentum);
  io.flag("nesterov", o.nesterov);
  io.write("ns_coefficients", Value::tuple({o.ns_coefficients[0], o.ns_coefficients[1], o.ns_coefficients[2]}));
  if (const Value* v = io.read("ns_coefficients")) {
    if ((!v->is_tuple() && !v->is_list()) || v->len() != 3) io.wrong("ns_coefficients", "three numbers", *v);
    for (std::size_t i = 0; i < 3; ++i) o.ns_coefficients[i] = as_number(v->elements()[i]);
  }
  io.number("eps", o.eps);
  io.integer("ns_steps", o.ns_steps);
  io.write("adjust_lr_fn", o.adjust_lr_fn.empty() ? Value() : Value(o.adjust_lr_fn));
  if (const Value* v = io.read("adjust_lr_fn")) {
    if (!v->is_none() && !v->is_string()) io.wrong("adjust_lr_fn", "None or a str", *v);
    o.adjust_lr_fn = v->is_none() ? std::string() : std::string(v->as_string());
  }
}
void Muon::check(const MuonOptions& o) {
  check_at_least_zero("Muon",
                      {{"lr", o.lr}, {"momentum", o.momentum}, {"weight_decay", o.weight_decay}, {"eps", o.eps}});
  if (o.ns_steps < 0 || o.ns_steps >= 100) throw_error<Error>("Muon: ns_steps must lie in [0, 100), not ", o.ns_steps);
  for (const char* known : {"", "original", "match_rms_adamw", "spectral_unclamped"})
    if (o.adjust_lr_fn == known) return;
  throw_error<Error>("Muon: adjust_lr_fn is \"original\", \"match_rms_adamw\" or \"spectral_unclamped\", not ",
                     detail::quoted(o.adjust_lr_fn));
}
void Muon::check_parameter(const Tensor& p) const {
  if (p.dim() != 2) throw_error<ShapeError>("Muon: trains matrices, not a parameter of shape ", p.shape());
}

namespace {
/// The matrix nearest to g's directions, by Newton and Schulz's iteration: products in float32, kept in bfloat16.
Tensor orthogonal(const Tensor& g, const MuonOptions& o) {
  const auto rounded = [](const Tensor& t) { return t.to(kBFloat16).to(kFloat32); };
  const bool tall = g.size(0) > g.size(1);
  Tensor x = rounded(tall ? g.t() : g);
  x = rounded(x / clamp_min(rounded(norm(x)), o.eps));
  for (std::int64_t i = 0; i < o.ns_steps; ++i) {
    const Tensor gram = rounded(matmul(x, x, false, true));
    const Tensor update = rounded(gram * o.ns_coefficients[1] + matmul(gram, gram) * o.ns_coefficients[2]);
    x = rounded(x * o.ns_coefficients[0] + matmul(update, x));
  }
  return (tall ? x.t() : x).to(g.dtype());
}
}  // namespace

void Muon::update(std::size_t group, Tensor p, Tensor grad, State& s) {
  const MuonOptions& o = options_[group];
  Tensor buffer = s.slots[0];
  buffer.lerp_(grad, 1 - o.momentum);
  Tensor way = buffer;
  if (o.nesterov) {
    way = grad.clone();
    way.lerp_(buffer, o.momentum);
  }
  const double rows = static_cast<double>(p.size(0)), columns = static_cast<double>(p.size(1));
  const double ratio = o.adjust_lr_fn == "match_rms_adamw"      ? 0.2 * std::sqrt(std::max(rows, columns))
                       : o.adjust_lr_fn == "spectral_unclamped" ? std::sqrt(rows / columns)
                                                                : std::sqrt(std::max(1.0, rows / columns));
  const Tensor change = orthogonal(way, o);
  p.mul_(1 - o.lr * o.weight_decay);
  p.add_(change, -o.lr * ratio);
}

}  // namespace optim
}  // namespace harker

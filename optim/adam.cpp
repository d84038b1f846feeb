// Adam. All parameters of one dtype that have made the same number of steps go to one fused kernel call
// (core/backend/cpu); a step of a small model makes no tensor and allocates nothing.
#include <harker/core/grad_mode.h>
#include <harker/core/text.h>
#include <harker/optim/adam.h>
#include <cmath>

namespace harker::optim {

using detail::str;

namespace {
constexpr std::string_view kSlots[] = {"exp_avg", "exp_avg_sq", "max_exp_avg_sq"};

/// Can the kernel work on the tensors where they are?
bool direct(const TensorImpl& p, const TensorImpl& g) { return p.contiguous && g.contiguous && is_computed(p.dtype); }
}  // namespace

std::span<const std::string_view> Adam::slot_names() const { return kSlots; }

void Adam::describe(AdamOptions& o, OptionIO& io) {
  io.number("lr", o.lr);
  io.pair("betas", o.betas);
  io.number("eps", o.eps);
  io.number("weight_decay", o.weight_decay, Written::as_int_if_zero);
  io.flag("amsgrad", o.amsgrad);
  io.flag("maximize", o.maximize);
  io.fixed("foreach", {});
  io.fixed("capturable", false);
  io.fixed("differentiable", false);
  io.fixed("fused", {});
  io.flag("decoupled_weight_decay", o.decoupled_weight_decay);
}

void Adam::check(const AdamOptions& o) {
  if (!(o.lr >= 0)) throw Error(str("Adam: lr must be >= 0, not ", o.lr));
  if (!(o.eps >= 0)) throw Error(str("Adam: eps must be >= 0, not ", o.eps));
  if (!(o.weight_decay >= 0)) throw Error(str("Adam: weight_decay must be >= 0, not ", o.weight_decay));
  for (double beta : o.betas) {
    if (!(beta >= 0 && beta < 1)) throw Error(str("Adam: betas must lie in [0, 1), not ", beta));
  }
}

/// True when every parameter of the group lies where it lay at the last step and can go to the kernel with the others
/// of its group in one call. So it is at nearly every step of nearly every program, and costs a third of finding out
/// what to do anew (Dracula's step at batch 1: 450 of 10,900 instructions).
bool Adam::as_before(const Group& group, const AdamOptions& o) const {
  if (cached_.size() != params_.size()) return false;
  const TensorImpl& first = *params_[group.begin].get();
  const double step = states_[group.begin].step;
  const auto is_at = [](const Tensor& t, const void* data) { return t.defined() && t.get()->data == data; };
  for (std::size_t i = group.begin; i < group.end; ++i) {
    const TensorImpl &p = *params_[i].get(), *g = p.grad;
    const AdamItem& item = cached_[i];
    const State& s = states_[i];
    if (!g || g->numel != item.n || g->dtype != p.dtype || !g->contiguous || p.data != item.p ||
        p.dtype != first.dtype || !(p.device == first.device) || s.step != step || !is_at(s.slots[0], item.m) ||
        !is_at(s.slots[1], item.v) || o.amsgrad != (item.vmax != nullptr) ||
        (o.amsgrad && !is_at(s.slots[2], item.vmax)))
      return false;
  }
  return true;
}

/// Before anything changes: checks the gradient, and makes the state at the first step.
void Adam::prepare(std::size_t i, const AdamOptions& o) {
  const TensorImpl &p = params_[i].impl(), &g = *p.grad;
  if (g.numel != p.numel || g.dtype != p.dtype) [[unlikely]] {
    throw ShapeError(str("Adam: parameter ", i, " is ", name(p.dtype), " ", p.shape, ", its gradient ", name(g.dtype),
                         " ", g.shape));
  }
  State& s = states_[i];
  const TensorOptions like = {.dtype = p.dtype, .device = p.device};
  for (int k = 0; k < (o.amsgrad ? 3 : 2); ++k) {
    Tensor& slot = s.slots[static_cast<std::size_t>(k)];
    if (!slot.defined()) [[unlikely]]
      slot = zeros(p.shape, like);
    else if (slot.impl().dtype != p.dtype) [[unlikely]]
      slot = slot.to(p.dtype);  // Module::to came in between
  }
  if (!s.exists) [[unlikely]]
    make_state(i);
}

/// pow costs as much as the rest of a small step: once for all parameters that have come equally far, and no more once
/// the correction has reached 1 (beta1 = 0.9: after 350 steps), where it stays.
void Adam::set_corrections(const AdamOptions& o, double step) {
  Corrections& c = corrections_;
  if (c.step == step && c.betas == o.betas) return;
  const bool later = step > c.step && c.betas == o.betas;
  if (!later || step_.bias_correction1 != 1) step_.bias_correction1 = 1 - std::pow(o.betas[0], step);
  if (!later || step_.bias_correction2_sqrt != 1)
    step_.bias_correction2_sqrt = std::sqrt(1 - std::pow(o.betas[1], step));
  c = {step, o.betas};
}

void Adam::step() {
  as_before_.assign(groups_.size(), false);
  for (std::size_t g = 0; g < groups_.size(); ++g) {
    as_before_[g] = as_before(groups_[g], options_[g]);
    if (as_before_[g]) continue;
    for (std::size_t i = groups_[g].begin; i < groups_[g].end; ++i) {
      if (params_[i].impl().grad) prepare(i, options_[g]);
    }
  }
  for (std::size_t g = 0; g < groups_.size(); ++g) {
    const AdamOptions& o = options_[g];
    step_.lr = o.lr;
    step_.beta1 = o.betas[0];
    step_.beta2 = o.betas[1];
    step_.eps = o.eps;
    step_.weight_decay = o.weight_decay;
    step_.maximize = o.maximize;
    step_.decoupled = o.decoupled_weight_decay;
    if (as_before_[g])
      step_again(groups_[g], o);
    else
      step_anew(groups_[g], o);
  }
}

void Adam::step_again(const Group& group, const AdamOptions& o) {
  for (std::size_t i = group.begin; i < group.end; ++i) {
    TensorImpl& p = *params_[i].get();
    ++states_[i].step;
    ++p.storage->version;
    cached_[i].g = p.grad->data;
  }
  const TensorImpl& first = *params_[group.begin].get();
  set_corrections(o, states_[group.begin].step);
  backend(first.device).adam(first.dtype, std::span(cached_).subspan(group.begin, group.end - group.begin), step_);
}

/// Sorts the parameters into as few kernel calls as dtype, device and number of steps allow.
void Adam::step_anew(const Group& group, const AdamOptions& o) {
  cached_.resize(params_.size());
  for (std::vector<AdamItem>& waiting : items_) waiting.clear();  // of a step that threw
  Device device;
  double steps[2] = {0, 0};  // of the items that wait, by dtype
  const auto run = [&](DType dtype) {
    std::vector<AdamItem>& items = items_[dtype == DType::float64];
    if (items.empty()) return;
    set_corrections(o, steps[dtype == DType::float64]);
    backend(device).adam(dtype, items, step_);
    items.clear();
  };
  for (std::size_t i = group.begin; i < group.end; ++i) {
    TensorImpl& p = params_[i].impl();
    cached_[i] = {};
    if (!p.grad) continue;
    State& s = states_[i];
    ++s.step;
    ++p.storage->version;
    if (!direct(p, *p.grad)) {
      step_by_copy(i, o);
      continue;
    }
    const bool wide = p.dtype == DType::float64;
    if (!items_[wide].empty() && (steps[wide] != s.step || !(device == p.device))) run(p.dtype);
    if (!(device == p.device)) {
      run(wide ? DType::float32 : DType::float64);
      device = p.device;
    }
    steps[wide] = s.step;
    cached_[i] = {p.data,       s.slots[0].raw(), s.slots[1].raw(), o.amsgrad ? s.slots[2].raw() : nullptr,
                  p.grad->data, p.numel};
    items_[wide].push_back(cached_[i]);
  }
  run(DType::float32);
  run(DType::float64);
}

/// Parameters or gradients that are strided, and those in 16 bits, which are computed in float32.
void Adam::step_by_copy(std::size_t i, const AdamOptions& o) {
  NoGradGuard no_grad;
  const Tensor p = params_[i].detach();
  State& s = states_[i];
  const DType dtype = is_computed(p.dtype()) ? p.dtype() : DType::float32;
  const auto working = [&](const Tensor& t) { return t.defined() ? t.to(dtype).contiguous() : Tensor(); };
  Tensor work = working(p), grad = working(params_[i].grad().detach());
  Tensor m = working(s.slots[0]), v = working(s.slots[1]), vmax = o.amsgrad ? working(s.slots[2]) : Tensor();
  set_corrections(o, s.step);
  const AdamItem item = {work.raw(), m.raw(), v.raw(), vmax.defined() ? vmax.raw() : nullptr, grad.raw(), work.numel()};
  backend(p.device()).adam(dtype, {&item, 1}, step_);
  const auto put_back = [](Tensor to, const Tensor& from) {
    if (from.defined() && from.raw() != to.raw()) to.copy_(from);
  };
  put_back(p, work);
  put_back(s.slots[0], m);
  put_back(s.slots[1], v);
  if (o.amsgrad) put_back(s.slots[2], vmax);
}

std::vector<ParamGroup<AdamOptions>> AdamW::adam(const std::vector<ParamGroup<AdamWOptions>>& groups) {
  std::vector<ParamGroup<AdamOptions>> out;
  for (const auto& g : groups) out.push_back({g.params, adam(g.options)});
  return out;
}

}  // namespace harker::optim

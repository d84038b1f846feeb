// How parameters get to their kernel: as they lay at the last step, sorted anew, or by copies.
#include <algorithm>

#include <harker/core/backend/backend.h>
#include <harker/core/base/text.h>
#include <harker/optim/fused_optimizer.h>

namespace harker HARKER_PUBLIC {
namespace optim {

using detail::throw_error;

namespace {
/// Can the kernel work on the tensors where they are?
bool direct(const TensorImpl& p, const TensorImpl& g) { return p.contiguous && g.contiguous && is_computed(p.dtype); }
}  // namespace

FusedOptimizer::FusedOptimizer() = default;
FusedOptimizer::~FusedOptimizer() = default;
FusedOptimizer::FusedOptimizer(FusedOptimizer&&) noexcept = default;
FusedOptimizer& FusedOptimizer::operator=(FusedOptimizer&&) noexcept = default;

double FusedOptimizer::initial_value(std::size_t) const { return 0; }

/// True when every parameter of the group lies where it lay at the last step and can go to the kernel with the others
/// of its group in one call. So it is at nearly every step of nearly every program, and costs a third of finding out
/// what to do anew (a twenty-fifth of the instructions of Dracula's step at batch 1).
bool FusedOptimizer::as_before(const Group& group, unsigned slots) const {
  if (cached_.size() != params_.size()) return false;
  const TensorImpl& first = *params_[group.begin].get();
  const double step = states_[group.begin].step;
  const auto is_at = [](const Tensor& t, const void* data) { return t.defined() && t.get()->data == data; };
  for (std::size_t i = group.begin; i < group.end; ++i) {
    const TensorImpl &p = *params_[i].get(), *g = p.grad;
    const StepItem& item = cached_[i];
    const State& s = states_[i];
    if (!g || g->numel != item.n || g->dtype != p.dtype || !g->contiguous || p.data != item.p ||
        p.dtype != first.dtype || !(p.device == first.device) || s.step != step)
      return false;
    for (unsigned k = 0; k < 3; ++k) {
      if (slots >> k & 1 ? !is_at(s.slots[k], item.state[k]) : item.state[k] != nullptr) return false;
    }
  }
  return true;
}

void FusedOptimizer::check_gradients(const Group& group) const {
  for (std::size_t i = group.begin; i < group.end; ++i) {
    const TensorImpl& p = params_[i].impl();
    if (!p.grad) continue;
    const TensorImpl& g = *p.grad;
    if (g.numel != p.numel || g.dtype != p.dtype) [[unlikely]] {
      throw_error<ShapeError>("optimizer: parameter ", i, " is ", name(p.dtype), " ", p.shape, ", its gradient ",
                              name(g.dtype), " ", g.shape);
    }
  }
}

/// Makes the state tensors that parameter i has not yet, aside.
void FusedOptimizer::make_slots(std::size_t g, std::size_t i) {
  const TensorImpl& p = params_[i].impl();
  const unsigned slots = slots_in_use(g);
  for (unsigned k = 0; k < 3; ++k) {
    if (!(slots >> k & 1)) continue;
    const Tensor& slot = states_[i].slots[k];
    if (!slot.defined()) [[unlikely]]
      made_.push_back({i, k, full(p.shape, initial_value(g), {.dtype = p.dtype, .device = p.device}), true});
    else if (slot.impl().dtype != p.dtype) [[unlikely]]
      made_.push_back({i, k, slot.to(p.dtype), false});  // Module::to came in between
  }
}

void FusedOptimizer::take_made() {
  for (Made& m : made_) {
    State& s = states_[m.param];
    s.slots[m.slot] = std::move(m.tensor);
    if (m.first && !counts_steps()) s.step = 0;
  }
  made_.clear();
}

void FusedOptimizer::make_states() {
  for (std::size_t g = 0; g < groups_.size(); ++g)
    for (std::size_t i = groups_[g].begin; i < groups_[g].end; ++i) make_slots(g, i);
  take_made();
  for (std::size_t i = 0; i < params_.size(); ++i) make_state(i);
}

/// What can fail comes before the first change.
void FusedOptimizer::prepare(std::size_t g) {
  for (std::size_t i = groups_[g].begin; i < groups_[g].end; ++i) {
    const TensorImpl& p = params_[i].impl();
    if (!p.grad) continue;
    make_slots(g, i);
    if (!direct(p, *p.grad)) scratch_numel_ = std::max(scratch_numel_, p.numel);
  }
}

/// From here on nothing fails.
void FusedOptimizer::enter(std::size_t g) {
  const bool stateful = slots_in_use(g) || counts_steps();
  for (std::size_t i = groups_[g].begin; i < groups_[g].end; ++i) {
    if (!params_[i].impl().grad) continue;
    State& s = states_[i];
    if (!counts_steps() && s.step != 0) s.step = 1;
    if (!s.exists && stateful) [[unlikely]]
      make_state(i);
  }
}

void FusedOptimizer::step() {
  if (groups_.size() == 1 && as_before(groups_[0], slots_in_use(0))) return step_again(0);
  as_before_.assign(groups_.size(), false);
  made_.clear();  // of a step that threw
  scratch_numel_ = 0;
  for (std::size_t g = 0; g < groups_.size(); ++g) {
    as_before_[g] = as_before(groups_[g], slots_in_use(g));
    if (!as_before_[g]) check_gradients(groups_[g]);
  }
  for (std::size_t g = 0; g < groups_.size(); ++g)
    if (!as_before_[g]) prepare(g);
  const Tensor scratch =
      scratch_numel_ ? empty({5, scratch_numel_}, {.dtype = kFloat64, .device = params_[0].device()}) : Tensor();
  cached_.resize(params_.size());
  for (std::vector<StepItem>& waiting : items_) waiting.reserve(params_.size());
  take_made();
  stepped_ = true;
  for (std::size_t g = 0; g < groups_.size(); ++g) {
    if (as_before_[g]) {
      step_again(g);
    } else {
      enter(g);
      step_anew(g, scratch);
    }
  }
}

void FusedOptimizer::step_again(std::size_t g) {
  const Group& group = groups_[g];
  for (std::size_t i = group.begin; i < group.end; ++i) {
    TensorImpl& p = *params_[i].get();
    ++states_[i].step;
    ++p.storage->version;
    cached_[i].g = p.grad->data;
  }
  const TensorImpl& first = *params_[group.begin].get();
  launch(g, first.device, first.dtype, std::span(cached_).subspan(group.begin, group.end - group.begin),
         states_[group.begin].step);
}

/// Sorts the parameters into as few kernel calls as dtype, device and number of steps allow.
void FusedOptimizer::step_anew(std::size_t g, const Tensor& scratch) {
  const Group& group = groups_[g];
  const unsigned slots = slots_in_use(g);
  Device device;
  double steps[2] = {0, 0};  // of the items that wait, by dtype
  const auto run = [&](DType dtype) {
    std::vector<StepItem>& items = items_[dtype == DType::float64];
    if (items.empty()) return;
    launch(g, device, dtype, items, steps[dtype == DType::float64]);
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
      step_by_copy(g, i, scratch);
      continue;
    }
    const bool wide = p.dtype == DType::float64;
    if (!items_[wide].empty() && (steps[wide] != s.step || !(device == p.device))) run(p.dtype);
    if (!(device == p.device)) {
      run(wide ? DType::float32 : DType::float64);
      device = p.device;
    }
    steps[wide] = s.step;
    const auto slot = [&](unsigned k) { return slots >> k & 1 ? s.slots[k].raw() : nullptr; };
    cached_[i] = {p.data, {slot(0), slot(1), slot(2)}, p.grad->data, p.numel};
    items_[wide].push_back(cached_[i]);
  }
  run(DType::float32);
  run(DType::float64);
}

/// Parameters or gradients that are strided, and those in 16 bits, which are computed in float32: copied to the rows of
/// `scratch`, whose room the largest of them fits in, and back.
void FusedOptimizer::step_by_copy(std::size_t g, std::size_t i, const Tensor& scratch) {
  TensorImpl& p = params_[i].impl();
  State& s = states_[i];
  const unsigned slots = slots_in_use(g);
  const DType dtype = is_computed(p.dtype) ? p.dtype : DType::float32;
  std::size_t row = 0;
  const auto dense = [&](const TensorImpl& t) { return t.contiguous && t.dtype == dtype; };
  const auto steps = [](const TensorImpl& t) { return t.own_strides ? t.strides : t.shape.contiguous_strides(); };
  const auto taken = [&](const TensorImpl& t) -> void* {
    if (dense(t)) return t.data;
    void* const to = scratch.data<double>() + static_cast<std::int64_t>(row++) * scratch.size(1);
    kernels<Copies>(p.device).copy(t.dtype, dtype, t.shape, t.data, steps(t), to, t.shape.contiguous_strides());
    return to;
  };
  const auto put_back = [&](TensorImpl& t, const void* from) {
    if (!dense(t))
      kernels<Copies>(p.device).copy(dtype, t.dtype, t.shape, from, t.shape.contiguous_strides(), t.data, steps(t));
  };
  StepItem item = {taken(p), {}, taken(*p.grad), p.numel};
  for (unsigned k = 0; k < 3; ++k)
    if (slots >> k & 1) item.state[k] = taken(s.slots[k].impl());
  launch(g, p.device, dtype, {&item, 1}, s.step);
  put_back(p, item.p);
  for (unsigned k = 0; k < 3; ++k)
    if (slots >> k & 1) put_back(s.slots[k].impl(), item.state[k]);
}

}  // namespace optim
}  // namespace harker

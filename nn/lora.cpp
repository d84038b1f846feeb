// LoRA, and the state dict of the adapters of a model.
#include <harker/core/base/text.h>
#include <harker/core/grad_mode.h>
#include <harker/core/ops/ops.h>
#include <harker/nn/init.h>
#include <harker/nn/layer_parts.h>
#include <harker/nn/layer_repr.h>
#include <harker/nn/lora.h>

namespace harker HARKER_PUBLIC {
namespace nn {

namespace {
std::int64_t checked_rank(std::int64_t r) {
  check_size(r, 1, "LoRA", "ranks");
  return r;
}
bool is_adapter(std::string_view name) { return name.ends_with("lora_A.weight") || name.ends_with("lora_B.weight"); }
}  // namespace

LoRA::LoRA(const Linear& base, LoRAOptions o)
    : Module("LoRA"),
      base_layer(register_module("base_layer", base)),
      lora_dropout(register_module("lora_dropout", Dropout(o.dropout))),
      lora_A(register_module(
          "lora_A", Linear(base.weight.size(1), checked_rank(o.r), {.bias = false, .dtype = base.weight.dtype()}))),
      lora_B(
          register_module("lora_B", Linear(o.r, base.weight.size(0), {.bias = false, .dtype = base.weight.dtype()}))),
      scaling_(o.alpha / static_cast<double>(o.r)),
      merged_(register_buffer("merged", zeros({}, kBool), false)) {
  init::zeros_(lora_B.weight);
  base_layer.requires_grad_(false);
  set_extra_repr(detail::str("r=", o.r, ", alpha=", python(o.alpha)));
}

Tensor LoRA::forward(const Tensor& x) const {
  const Tensor z = base_layer(x);
  return merged() ? z : z + lora_B(lora_A(lora_dropout(x))) * scaling_;
}
Tensor LoRA::operator()(const Tensor& x) const { return call(*this, x); }

bool LoRA::merged() const { return merged_.item<bool>(); }
void LoRA::add_to_base(double factor) const {
  NoGradGuard no_grad;
  Tensor(base_layer.weight).add_(matmul(lora_B.weight, lora_A.weight) * (factor * scaling_));
}
void LoRA::merge() {
  if (!merged()) add_to_base(1);
  merged_.fill_(true);
}
void LoRA::unmerge() {
  if (merged()) add_to_base(-1);
  merged_.fill_(false);
}

StateDict lora_state_dict(const Module& model) { return model.state_dict().filter(is_adapter); }

LoadReport load_lora_state_dict(Module model, const StateDict& state) {
  const LoadReport report = compare(lora_state_dict(model), state);
  if (!report.ok()) throw Error(report.message(model.class_name()));
  return model.load_state_dict(state, false);
}

}  // namespace nn
}  // namespace harker

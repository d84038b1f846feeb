// The two ways of making one state dict of several.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include <harker/core/state_dict.h>

namespace harker::cli {

/// sum of weights[i] * states[i], of floating and complex tensors, accumulated in double and rounded once to the dtype
/// they have. Integers and bools, and what is no tensor, are those of the first; `said` tells when others differ. What is
/// one tensor under two names in all of them stays one. TypeError that lists every name, shape and dtype by which the
/// states do not fit together; `files` are their names.
StateDict average(const std::vector<StateDict>& states, const std::vector<double>& weights,
                  const std::vector<std::string>& files, std::vector<std::string>& said);

/// What adapter_config.json says of a LoRA adapter.
struct LoraConfig {
  double alpha = 0;
  bool rank_stabilized = false;  ///< the scale is alpha / sqrt(r), not alpha / r
  bool transposed = false;       ///< fan_in_fan_out: weights are (in, out), as GPT-2's Conv1D has them
};
/// Of the file beside the adapter, or nothing when there is none. FormatError for what is damaged, or asks for what is
/// not done here (DoRA, ranks by pattern).
std::optional<LoraConfig> read_lora_config(const std::string& adapter);

/// W + scale * B A for every pair of lora_A and lora_B in the adapter (PEFT's names, base_model.model.X.lora_A.weight for
/// X.weight; convolutions and embeddings too); other tensors of the adapter (modules_to_save, biases) replace those of
/// the base. TypeError that lists every entry of the adapter that does not fit the base.
StateDict add_lora(const StateDict& base, const StateDict& adapter, const LoraConfig& config, const std::string& file,
                   std::vector<std::string>& said);

}  // namespace harker::cli

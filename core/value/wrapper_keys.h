// Under which keys a checkpoint keeps its state dict, likeliest first (internal).
#pragma once
#include <string_view>

namespace harker::detail {

/// Weights averaged over training, which their authors mean for use; they come before those that training goes on with.
inline constexpr std::string_view kAveragedKeys[] = {"state_dict_ema", "ema_state_dict", "model_ema",
                                                     "ema_model",      "params_ema",     "ema"};
inline constexpr std::string_view kPlainKeys[] = {"state_dict", "model_state_dict", "model", "params"};

}  // namespace harker::detail

// Gradients kept within bounds, between backward() and the optimizer's step: torch.nn.utils.
#pragma once
#include <vector>

#include <harker/core/tensor.h>

namespace harker HARKER_PUBLIC {
namespace nn {
namespace utils {

/// The norm of all gradients taken as one vector (0 without any): (sum |g|^norm_type)^(1 / norm_type), for infinity the
/// largest |g|. If it is above max_norm, every gradient is multiplied by max_norm / (norm + 1e-6). Returns the norm
/// before that. A norm that is NaN or infinite makes gradients NaN or 0, as in torch, unless `error_if_nonfinite`: then
/// it is an Error, and nothing has changed. Error for max_norm below 0 or norm_type not above 0.
double clip_grad_norm_(const std::vector<Tensor>& parameters, double max_norm, double norm_type = 2,
                       bool error_if_nonfinite = false);
/// The same norm, and nothing is changed.
double get_total_norm(const std::vector<Tensor>& tensors, double norm_type = 2, bool error_if_nonfinite = false);
/// Every element of every gradient into [-clip_value, clip_value]; NaN stays. Error for clip_value below 0.
void clip_grad_value_(const std::vector<Tensor>& parameters, double clip_value);

}  // namespace utils
}  // namespace nn
}  // namespace harker

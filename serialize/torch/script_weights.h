// The weights of a TorchScript archive (torch.jit.save, and LibTorch's torch::save): its modules are objects whose
// attributes are tensors and modules; a weight's name is the path of attributes that leads to it.
#pragma once
#include <cstdint>
#include <string>

#include <harker/core/value.h>
#include <harker/serialize/torch/script_classes.h>

namespace harker::pt {

/// Attribute path -> tensor, as an OrderedDict, without requires_grad: what torch.jit.load(file).state_dict() gives.
/// FormatError (beginning with `what`) when the root is no module, when modules nest in a cycle, or when sharing
/// makes of them more than `most_bytes` of names.
Value script_weights(const Value& root, ScriptClasses& classes, const std::string& what, std::uint64_t most_bytes);

}  // namespace harker::pt

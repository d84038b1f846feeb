// Finding the weights in what a file holds: in a whole pickled module, or in a checkpoint that wraps them.
#pragma once
#include <harker/core/state_dict.h>

namespace harker HARKER_PUBLIC {

/// The weights of a whole module that torch.save(model) pickled, loaded with LoadOptions{.unknown = Unknown::keep}:
/// its `_parameters`, then its `_buffers` (but those in `_non_persistent_buffers_set`), then the same for each of its
/// `_modules`, named as model.state_dict() names them. Nothing of the class is needed or run, so modules that are no
/// registered children (in a plain list) are left out, as in Python, and so is what a class's own code would add. A
/// module met by two paths is listed under both. What is no plain tensor (quantized or sparse, packed weights, a child
/// that pickles itself in a way of its own) becomes one of others(). TypeError when `module` is no such object, or has
/// nothing but others; FormatError when its attributes are not what a module has, or when modules nest in a cycle.
StateDict state_dict_of(const Value& module);

/// The state dict in a checkpoint, wherever it usually is: `v` itself when it is a dict of tensors or a module, else
/// what is under the first of these that is there, unwrapped again in the same way. Averaged weights, which are the
/// ones to use the model with, come first: `state_dict_ema`, `ema_state_dict`, `model_ema`, `ema_model`, `params_ema`,
/// `ema` (none of them when they hold no tensors); then `state_dict`, `model_state_dict`, `model`, `params`. To go on
/// training from the others, name them: `checkpoint["params"]`. TypeError that lists the keys when none of these leads
/// to tensors.
///
///     model.load_state_dict(find_state_dict(load("checkpoint.pth.tar")));
StateDict find_state_dict(const Value& v);

}  // namespace harker

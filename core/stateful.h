// Stateful: anything that can give its state and take it back: modules, optimizers, schedulers, generators.
// Checkpoints take this rather than a Module, so that serialize need not know nn.
#pragma once
#include <concepts>

#include <harker/core/state_dict.h>

namespace harker HARKER_PUBLIC {

template <class T>
concept Stateful = requires(T& t, const Value& v) {
  { t.state_dict() } -> std::convertible_to<Value>;
  t.load_state_dict(v);
};

}  // namespace harker

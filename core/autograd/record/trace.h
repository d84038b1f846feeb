// Trace: what a recorded operation remembers of its call in anomaly mode. Who reads it: autograd/run/anomaly.h. Internal
// to autograd.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include <harker/core/autograd/record/recording.h>

namespace harker {
namespace detail {

/// The call of an op's forward.
struct Trace {
  std::string inputs;          ///< "float32 (2, 3), float32 (3)"
  std::vector<void*> callers;  ///< return addresses
};
std::unique_ptr<Trace> trace_of(Inputs inputs);

}  // namespace detail
}  // namespace harker

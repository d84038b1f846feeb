// nn::call: how a module is called. operator() of every layer and Sequential go through it.
#pragma once
#include <concepts>
#include <utility>

#include <harker/core/export.h>

namespace harker HARKER_PUBLIC {
namespace nn {

class Module;

/// module.forward(args...)
template <class M, class... A>
requires std::derived_from<M, Module>
auto call(M& module, A&&... args) { return module.forward(std::forward<A>(args)...); }

}  // namespace nn
}  // namespace harker

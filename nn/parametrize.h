// A parameter that is computed from others, as torch.nn.utils.parametrizations and parametrize: the module trains and
// saves these instead, under torch's names, "parametrizations.weight.original0", and its member, `weight`, is computed
// anew by a hook before each forward. So it is what they say only when the module has been called (not: its forward),
// and threads may not train one such module at once. Parametrize before making the optimizer.
//   nn::Linear fc = register_module("fc", nn::utils::parametrizations::weight_norm(nn::Linear(10, 20)));
#pragma once
#include <harker/nn/module.h>

namespace harker HARKER_PUBLIC {
namespace detail {
class HookSet;
/// What the functions below do to a module (nn/parametrize.cpp).
class Parametrization {
 public:
  static void add_weight_norm(nn::Module m, std::string_view name, int dim);
  static void remove(nn::Module m, std::string_view name);
  /// A hook of a module that nn::clone copies is added to the copy's: the same, or one that computes the copy's member.
  using Names = std::vector<std::pair<std::string, HookHandle>>;
  static void copy(const Ref<Hook>& from, HookSet& hooks, Names& names,
                   FunctionRef<Ref<Slot>(const Ref<Slot>&)> copied);

 private:
  struct Recompute;
};
}  // namespace detail

namespace nn {
namespace utils {
namespace parametrizations {

/// weight = g v / |v|: the length g (original0) and the direction v (original1) are trained apart. The norm is over all
/// dimensions but `dim`; over all with -1, torch's None. Returns the module. Error when it has no such parameter; such a
/// module is called with one tensor's result, so not for MultiheadAttention.
template <std::derived_from<Module> M>
M weight_norm(M module, std::string_view name = "weight", int dim = 0) {
  harker::detail::Parametrization::add_weight_norm(module, name, dim);
  return module;
}

}  // namespace parametrizations
namespace parametrize {

/// The parameter is one again, with the value that it had. An optimizer made before trains the others still.
inline void remove_parametrizations(const Module& module, std::string_view name) {
  harker::detail::Parametrization::remove(module, name);
}

}  // namespace parametrize
}  // namespace utils
}  // namespace nn
}  // namespace harker

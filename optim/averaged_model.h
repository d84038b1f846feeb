// AveragedModel: a second model whose weights are an average of the first one's over the training: exponential (EMA)
// or equal (SWA, Izmailov et al. 2018). It often predicts better than the last weights.
//
//   optim::AveragedModel<Net> ema(model, optim::get_ema_multi_avg_fn(0.999));
//   ... after each optimizer.step():  ema.update_parameters(model);
//   ... at the end:                   ema.forward(x); save(ema.state_dict(), "ema.pt");
#pragma once
#include <concepts>
#include <utility>

#include <harker/core/random.h>
#include <harker/nn/module.h>

namespace harker HARKER_PUBLIC {
namespace optim {

/// How the average is made. The first two differ in rounding only, as they do in torch.
struct Averaging {
  enum class Kind : std::uint8_t { mean, mean_by_lerp, exponential } kind = Kind::mean;
  double decay = 0;  ///< of an exponential average
};
/// average = decay * average + (1 - decay) * weights. Error unless decay lies in [0, 1].
Averaging get_ema_multi_avg_fn(double decay = 0.999);
/// The mean of all weights seen, as is the default.
inline Averaging get_swa_multi_avg_fn() { return {Averaging::Kind::mean_by_lerp}; }

/// All but the types: what AveragedModel<M> is made of.
class ModelAverage : public nn::Module {
 public:
  /// Takes the model's weights into the average; the first call copies them. Buffers (batch norm's statistics) are
  /// copied, or averaged too with `use_buffers`. Error, and nothing has changed, when the models do not match.
  void update_parameters(const nn::Module& model);
  std::int64_t n_averaged() const { return n_averaged_.item<std::int64_t>(); }

 protected:
  ModelAverage(Averaging averaging, bool use_buffers);
  /// Gives `made` the dtype, state and flags of `model`. Error when their parameters differ, or what is tied.
  static void become_copy(nn::Module made, const nn::Module& model);

 private:
  Averaging averaging_;
  bool use_buffers_;
  Tensor n_averaged_;
};

/// State dict as torch's: `n_averaged`, then the model's under `module.`.
template <std::derived_from<nn::Module> M>
class AveragedModel : public ModelAverage {
 public:
  M module;

  /// Makes the second model as `M(args...)`, without touching the default generator, and copies the first one's state.
  /// (C++ cannot copy a module of unknown type; a Module is a handle.)
  template <class... Args>
  requires std::constructible_from<M, Args...>
  explicit AveragedModel(const M& model, Averaging averaging = {}, bool use_buffers = false, Args&&... args)
      : ModelAverage(averaging, use_buffers),
        module(register_module("module", second(model, std::forward<Args>(args)...))) {}

  template <class... X>
  decltype(auto) forward(X&&... x) {
    return module.forward(std::forward<X>(x)...);
  }
  template <class... X>
  decltype(auto) operator()(X&&... x) {
    return module.forward(std::forward<X>(x)...);
  }

 private:
  template <class... Args>
  static M second(const M& model, Args&&... args) {
    Generator aside;  // the weights that `made` draws are not to be missed by those who draw later
    const GeneratorGuard guard(aside);
    M made(std::forward<Args>(args)...);
    become_copy(made, model);
    return made;
  }
};

}  // namespace optim
}  // namespace harker

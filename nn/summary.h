// summary: a table of a model's modules, the shapes that come out of them, and how many parameters they have.
#pragma once
#include <string>

#include <harker/core/grad_mode.h>
#include <harker/nn/module.h>

namespace harker HARKER_PUBLIC {
namespace detail {

/// Watches one call of a model: every module notes the shape of its output. The model is in evaluation mode meanwhile,
/// so that nothing is drawn and no running statistics move; afterwards each module is as it was.
class SummaryRun {
 public:
  explicit SummaryRun(const nn::Module& model);
  ~SummaryRun();
  SummaryRun(const SummaryRun&) = delete;
  SummaryRun& operator=(const SummaryRun&) = delete;
  std::string table() const;

 private:
  struct Row;
  struct Rows;
  static Rows* watched(const nn::Module& model);
  Rows* const rows_;  // owned
};

}  // namespace detail

namespace nn {

/// Calls model(inputs...), without gradients and as after eval(), and returns a table to print: one line per module,
/// indented as they are nested, with name, class, the shape of its last output, and its own parameters; then the sums.
/// A module that was not called, or whose forward gives something other than one tensor, has no shape.
template <class M, class... A>
requires std::derived_from<M, Module> std::string summary(M& model, const A&... inputs) {
  NoGradGuard no_grad;
  harker::detail::SummaryRun run(model);
  call(model, inputs...);
  return run.table();
}

}  // namespace nn
}  // namespace harker

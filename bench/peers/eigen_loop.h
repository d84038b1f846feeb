// The hand-written peer of bench/mlp.cpp: linear, relu, ..., linear, and one training step with mean squared error and
// Adam, over Eigen matrices that are allocated once. No graph, no dispatch: the limit for a library that has both.
#pragma once
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace bench {

/// Row-major arrays as PyTorch's: w [out, in] and b [out] of each layer in turn, x [batch, widths.front()],
/// y [batch, widths.back()].
struct LoopData {
  std::vector<const float*> parameters;
  const float *x, *y;
};

class EigenLoop {
 public:
  EigenLoop(const std::vector<int>& widths, int batch, const LoopData& data, float lr);
  ~EigenLoop();
  /// One step; the loss before it.
  float step();
  /// The output alone, [batch, out], column-major as Eigen has it; valid until the next call.
  const float* forward();
  /// From here on with a learning rate of 0: the same work, but nothing changes.
  void freeze();
  /// All parameters, gradients, moments and the output, to look at: (values, how many).
  std::vector<std::pair<const float*, std::size_t>> arrays() const;

 private:
  struct Model;
  std::unique_ptr<Model> model_;
};

}  // namespace bench

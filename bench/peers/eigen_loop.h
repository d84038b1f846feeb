// The peer of bench/two_layer.cpp: linear, relu, linear, and one training step with mean squared error and Adam,
// written out by hand over Eigen matrices that are allocated once. No graph, no dispatch: the limit for a library that
// has both.
#pragma once
#include <memory>

namespace bench {

struct LoopSizes {
  int batch, in, hidden, out;
};

/// Arrays are row-major as PyTorch's: w1 [hidden, in], b1 [hidden], w2 [out, hidden], b2 [out], x [batch, in], y
/// [batch, out].
struct LoopData {
  const float *w1, *b1, *w2, *b2, *x, *y;
};

class EigenLoop {
 public:
  EigenLoop(LoopSizes sizes, const LoopData& data, float lr);
  ~EigenLoop();
  /// One step; the loss before it.
  float step();
  /// The output alone, [batch, out], column-major as Eigen has it; valid until the next call.
  const float* forward();

 private:
  struct Model;
  std::unique_ptr<Model> model_;
};

}  // namespace bench

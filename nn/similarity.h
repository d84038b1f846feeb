// How alike vectors are: CosineSimilarity and PairwiseDistance.
#pragma once
#include <harker/nn/module.h>

namespace harker HARKER_PUBLIC {
namespace nn {

/// a b / (|a| |b|) along a dimension; lengths are at least eps.
class CosineSimilarity : public Module {
 public:
  explicit CosineSimilarity(int dim = 1, double eps = 1e-8);
  Tensor forward(const Tensor& a, const Tensor& b) const;
  Tensor operator()(const Tensor& a, const Tensor& b) const;

 private:
  int dim_;
  double eps_;
};

/// |a - b + eps| in the p-norm, along the last dimension.
class PairwiseDistance : public Module {
 public:
  explicit PairwiseDistance(double p = 2, double eps = 1e-6, bool keepdim = false);
  Tensor forward(const Tensor& a, const Tensor& b) const;
  Tensor operator()(const Tensor& a, const Tensor& b) const;

 private:
  double p_, eps_;
  bool keepdim_;
};

}  // namespace nn
}  // namespace harker

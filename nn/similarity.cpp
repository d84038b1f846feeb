// CosineSimilarity and PairwiseDistance; see the header.
#include <harker/core/ops/ops.h>
#include <harker/nn/similarity.h>

namespace harker HARKER_PUBLIC {
namespace nn {

CosineSimilarity::CosineSimilarity(int dim, double eps) : Module("CosineSimilarity"), dim_(dim), eps_(eps) {}
Tensor CosineSimilarity::forward(const Tensor& a, const Tensor& b) const { return cosine_similarity(a, b, dim_, eps_); }
Tensor CosineSimilarity::operator()(const Tensor& a, const Tensor& b) const { return call(*this, a, b); }

PairwiseDistance::PairwiseDistance(double p, double eps, bool keepdim)
    : Module("PairwiseDistance"), p_(p), eps_(eps), keepdim_(keepdim) {}
Tensor PairwiseDistance::forward(const Tensor& a, const Tensor& b) const {
  return pairwise_distance(a, b, p_, eps_, keepdim_);
}
Tensor PairwiseDistance::operator()(const Tensor& a, const Tensor& b) const { return call(*this, a, b); }

}  // namespace nn
}  // namespace harker

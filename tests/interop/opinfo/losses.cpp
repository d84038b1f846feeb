// Losses. size_average and reduce are what reduction was called once.
#include "call.h"

namespace opinfo {

namespace {
void loss(const std::string& name, const std::string& before, const std::string& after, auto f) {
  op("nn.functional." + name, before + ", size_average:None, reduce:None, reduction='mean'" + after, f);
}
}  // namespace

void add_losses() {
  using R = Reduction;
  loss("mse_loss", "x, y", ", weight:None", [](T x, T y, R r) { return mse_loss(x, y, {r}); });
  loss("l1_loss", "x, y", ", weight:None", [](T x, T y, R r) { return l1_loss(x, y, {r}); });
  loss("smooth_l1_loss", "x, y", ", beta=1.0", [](T x, T y, R r, double b) { return smooth_l1_loss(x, y, {r, b}); });
  op("nn.functional.huber_loss", "x, y, reduction='mean', delta=1.0, weight:None", [](T x, T y, R r, double d) {
    return huber_loss(x, y, {r, d});
  });
  loss("binary_cross_entropy", "x, y, weight=None", "", [](T x, T y, T w, R r) {
    return binary_cross_entropy(x, y, {r, w});
  });
  loss("binary_cross_entropy_with_logits", "x, y, weight=None", ", pos_weight=None", [](T x, T y, T w, R r, T pos) {
    return binary_cross_entropy_with_logits(x, y, {r, w, pos});
  });
  loss("kl_div", "x, y", ", log_target=False", [](T x, T y, R r, bool log) { return kl_div(x, y, {r, log}); });
  op("nn.functional.nll_loss", "x, y, weight=None, size_average:None, ignore_index=-100, reduce:None, reduction='mean'",
     [](T x, T y, T w, Int ignore, R r) {
       return nll_loss(x, y, {r, w, ignore});
     });
  op("nn.functional.cross_entropy",
     "x, y, weight=None, size_average:None, ignore_index=-100, reduce:None, reduction='mean', label_smoothing=0.0",
     [](T x, T y, T w, Int ignore, R r, double smooth) {
       return cross_entropy(x, y, {r, w, ignore, smooth});
     });
  loss("hinge_embedding_loss", "x, y, margin=1.0", "", [](T x, T y, double m, R r) {
    return hinge_embedding_loss(x, y, {r, m});
  });
  loss("cosine_embedding_loss", "a, b, y, margin=0.0", "", [](T a, T b, T y, double m, R r) {
    return cosine_embedding_loss(a, b, y, {r, m});
  });
  loss("margin_ranking_loss", "a, b, y, margin=0.0", "", [](T a, T b, T y, double m, R r) {
    return margin_ranking_loss(a, b, y, {r, m});
  });
  loss("triplet_margin_loss", "a, p, n, margin=1.0, p=2.0, eps=1e-06, swap=False", "",
       [](T a, T p, T n, double m, double norm, double eps, bool swap, R r) {
         return triplet_margin_loss(a, p, n, {r, m, norm, eps, swap});
       });
  for (const char* distance : {"None", "'PairwiseDistance'"})
    op("nn.functional.triplet_margin_with_distance_loss",
       std::string("a, p, n, distance_function:") + distance + ", margin=1.0, swap=False, reduction='mean'",
       [](T a, T p, T n, double m, bool swap, R r) {
         return triplet_margin_with_distance_loss(a, p, n,
                                                  {r, [](T x, T y) { return pairwise_distance(x, y); }, m, swap});
       });
  loss("soft_margin_loss", "x, y", "", [](T x, T y, R r) { return soft_margin_loss(x, y, {r}); });
  loss("multi_margin_loss", "x, y, p=1, margin=1.0, weight=None", "", [](T x, T y, int p, double m, T w, R r) {
    return multi_margin_loss(x, y, {r, p, m, w});
  });
  loss("multilabel_margin_loss", "x, y", "", [](T x, T y, R r) { return multilabel_margin_loss(x, y, {r}); });
  loss("multilabel_soft_margin_loss", "x, y, weight=None", "", [](T x, T y, T w, R r) {
    return multilabel_soft_margin_loss(x, y, {r, w});
  });
  op("nn.functional.poisson_nll_loss",
     "x, y, log_input=True, full=False, size_average:None, eps=1e-08, reduce:None, reduction='mean'",
     [](T x, T y, bool log, bool full, double eps, R r) {
       return poisson_nll_loss(x, y, {r, log, full, eps});
     });
  op("nn.functional.gaussian_nll_loss", "x, y, var, full=False, eps=1e-06, reduction='mean'",
     [](T x, T y, T var, bool full, double eps, R r) {
       return gaussian_nll_loss(x, y, var, {r, full, eps});
     });
  op("nn.functional.gaussian_nll_loss", "x, y, var, full=False, eps=1e-06, reduction='mean'",
     [](T x, T y, double var, bool full, double eps, R r) {
       return gaussian_nll_loss(x, y, var, {r, full, eps});
     });
}

}  // namespace opinfo

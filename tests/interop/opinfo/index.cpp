// Choosing elements by integers and masks, and putting others in their place.
#include "call.h"

namespace opinfo {

namespace {
/// Torch's index_put has None for a whole dimension.
std::vector<TensorIndex> whole(const std::vector<TensorIndex>& indices) {
  std::vector<TensorIndex> out;
  for (const TensorIndex& i : indices) out.push_back(i.kind() == TensorIndex::Kind::none ? TensorIndex(Slice()) : i);
  return out;
}
}  // namespace

void add_index() {
  op("__getitem__", "x, index", [](T x, const std::vector<TensorIndex>& i) { return Tensor(x.index(i)); });
  op("index_put", "x, indices, values, accumulate=False",
     [](T x, const std::vector<TensorIndex>& i, T v, bool a) { return index_put(x, whole(i), v, a); });
  op("index_put_", "x, indices, values, accumulate=False",
     [](T x, const std::vector<TensorIndex>& i, T v, bool a) { return x.clone().index_put_(whole(i), v, a); });
  op("gather", "x, dim, index, sparse_grad:False", gather);
  op("scatter", "x, dim, index, src, reduce:None", [](T x, int d, T i, T s) { return scatter(x, d, i, s); });
  op("scatter", "x, dim, index, value, reduce:None", [](T x, int d, T i, Scalar s) { return scatter(x, d, i, s); });
  op("scatter", "x, dim, index, src, reduce:'add'",
     [](T x, int d, T i, T s) { return scatter_reduce(x, d, i, s, "sum"); });
  op("scatter", "x, dim, index, src, reduce:'multiply'",
     [](T x, int d, T i, T s) { return scatter_reduce(x, d, i, s, "prod"); });
  op("scatter_", "x, dim, index, src, reduce:None", [](T x, int d, T i, T s) { return x.clone().scatter_(d, i, s); });
  op("scatter_", "x, dim, index, value, reduce:None",
     [](T x, int d, T i, Scalar s) { return x.clone().scatter_(d, i, s); });
  op("scatter_add", "x, dim, index, src", scatter_add);
  op("scatter_add_", "x, dim, index, src", [](T x, int d, T i, T s) { return x.clone().scatter_add_(d, i, s); });
  for (const char* how : {"sum", "prod", "mean", "amax", "amin"})
    op(std::string("scatter_reduce.") + how, "x, dim, index, src, reduce, include_self=True", scatter_reduce);
  op("index_select", "x, dim, index", index_select);
  op("index_add", "x, dim, index, source, alpha=1", index_add);
  op("index_add_", "x, dim, index, source, alpha=1",
     [](T x, int d, T i, T s, Scalar a) { return x.clone().index_add_(d, i, s, a); });
  op("index_copy", "x, dim, index, source", index_copy);
  op("index_copy_", "x, dim, index, source", [](T x, int d, T i, T s) { return x.clone().index_copy_(d, i, s); });
  op("index_fill", "x, dim, index, value", [](T x, int d, T i, T v) { return index_fill(x, d, i, v); });
  op("index_fill", "x, dim, index, value", [](T x, int d, T i, Scalar v) { return index_fill(x, d, i, v); });
  op("index_fill_", "x, dim, index, value", [](T x, int d, T i, Scalar v) { return x.clone().index_fill_(d, i, v); });
  op("masked_scatter", "x, mask, source", masked_scatter);
  op("masked_scatter_", "x, mask, source", [](T x, T m, T s) { return x.clone().masked_scatter_(m, s); });
  op("take", "x, index", take);
  op("put", "x, index, source, accumulate=False", put);
  op("put_", "x, index, source, accumulate=False", [](T x, T i, T s, bool a) { return x.clone().put_(i, s, a); });
  op("take_along_dim", "x, indices, dim=None", take_along_dim);
  op("nonzero", "x, as_tuple:False", nonzero);
  op("nonzero", "x, as_tuple:True", nonzero_numpy);
  op("argwhere", "x", argwhere);
  op("nn.functional.one_hot", "x, num_classes=-1", one_hot);
  // op_db's embedding is embedding(weight, index).
  op("nn.functional.embedding",
     "weight, index, padding_idx=None, max_norm:None, norm_type:*, scale_grad_by_freq=False, sparse:False",
     [](T weight, T index, std::optional<Int> padding, bool scale) {
       return embedding(index, weight, {.padding_idx = padding, .scale_grad_by_freq = scale});
     });
  op("nn.functional.embedding_bag",
     "weight, index, offsets=None, max_norm:None, norm_type:*, scale_grad_by_freq=False, mode='mean', sparse:False, "
     "per_sample_weights=None, include_last_offset=False, padding_idx=None",
     [](T weight, T index, T offsets, bool scale, Text mode, T per_sample, bool last, std::optional<Int> padding) {
       return embedding_bag(index, weight, {offsets, mode, per_sample, last, padding, scale});
     });
}

}  // namespace opinfo

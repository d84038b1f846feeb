// operator() of every layer: forward, with the hooks that the layer has. All here, so that the compiler of a user need
// not make nn::call of each.
#include <harker/nn/nn.h>

namespace harker HARKER_PUBLIC {
namespace nn {

#define HARKER_CALLED(Layer) \
  Tensor Layer::operator()(const Tensor& x) const { return call(*this, x); }
HARKER_CALLED(ReLU)
HARKER_CALLED(LeakyReLU)
HARKER_CALLED(GELU)
HARKER_CALLED(SiLU)
HARKER_CALLED(Sigmoid)
HARKER_CALLED(Tanh)
HARKER_CALLED(Softplus)
HARKER_CALLED(Softmax)
HARKER_CALLED(LogSoftmax)
HARKER_CALLED(Linear)
HARKER_CALLED(Conv2d)
HARKER_CALLED(MaxPool2d)
HARKER_CALLED(AvgPool2d)
HARKER_CALLED(LayerNorm)
HARKER_CALLED(BatchNorm)
HARKER_CALLED(Dropout)
HARKER_CALLED(Flatten)
HARKER_CALLED(Identity)
HARKER_CALLED(Embedding)
HARKER_CALLED(Sequential)
HARKER_CALLED(AnyModule)
#undef HARKER_CALLED

#define HARKER_CALLED(Layer) \
  Tensor Layer::operator()(const Tensor& x, const Tensor& y) const { return call(*this, x, y); }
HARKER_CALLED(Bilinear)
HARKER_CALLED(MSELoss)
HARKER_CALLED(L1Loss)
HARKER_CALLED(SmoothL1Loss)
HARKER_CALLED(HuberLoss)
HARKER_CALLED(BCELoss)
HARKER_CALLED(BCEWithLogitsLoss)
HARKER_CALLED(KLDivLoss)
HARKER_CALLED(NLLLoss)
HARKER_CALLED(CrossEntropyLoss)
#undef HARKER_CALLED

#define HARKER_CALLED(Layer) \
  Tensor Layer::operator()(const Tensor& x, const TransformerMasks& masks) const { return call(*this, x, masks); }
HARKER_CALLED(TransformerEncoderLayer)
HARKER_CALLED(TransformerEncoder)
#undef HARKER_CALLED

MultiheadAttention::Result MultiheadAttention::operator()(const Tensor& query, const Tensor& key, const Tensor& value,
                                                          const MultiheadAttentionCall& options) const {
  return call(*this, query, key, value, options);
}

}  // namespace nn
}  // namespace harker

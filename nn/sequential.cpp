// Sequential: see the header.
#include <harker/nn/sequential.h>

namespace harker::nn {

Sequential::Layer::~Layer() = default;

Sequential::Sequential() : Module("Sequential"), layers_(std::make_shared<std::vector<std::unique_ptr<Layer>>>()) {}

std::string Sequential::next_name() const { return std::to_string(layers_->size()); }

Tensor Sequential::forward(const Tensor& x) const {
  Tensor h = x;
  for (const auto& layer : *layers_) h = layer->forward(h);
  return h;
}

}  // namespace harker::nn

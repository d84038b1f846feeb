// AnyModule and Sequential: see the headers.
#include <harker/core/base/text.h>
#include <harker/nn/sequential.h>

namespace harker HARKER_PUBLIC {
namespace nn {

AnyModule::Layer::~Layer() = default;
Tensor AnyModule::operator()(const Tensor& x) const { return call(*this, x); }

Sequential::Sequential() : Module("Sequential"), layers_(std::make_shared<std::vector<AnyModule>>()) {}

std::string Sequential::next_name() const { return std::to_string(layers_->size()); }

void Sequential::add(std::string_view name, AnyModule layer) {
  layers_->reserve(layers_->size() + 1);  // what can fail comes before the registration
  register_module(name, layer);
  layers_->push_back(std::move(layer));
}

AnyModule Sequential::operator[](std::size_t i) const {
  if (i >= size()) detail::throw_error<Error>("Sequential: there is no layer ", i, " of ", size());
  return (*layers_)[i];
}

Tensor Sequential::forward(const Tensor& x) const {
  Tensor h = x;
  for (const AnyModule& layer : *layers_) h = layer(h);
  return h;
}
Tensor Sequential::operator()(const Tensor& x) const { return call(*this, x); }

}  // namespace nn
}  // namespace harker

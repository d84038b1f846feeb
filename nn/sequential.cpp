// AnyModule and Sequential: see the headers.
#include <harker/core/base/text.h>
#include <harker/nn/sequential.h>

namespace harker HARKER_PUBLIC {
namespace nn {

using detail::quoted;
using detail::throw_error;

// --- AnyModule

namespace {
template <class Layer>
std::shared_ptr<Layer> own_layer(const Module& m, const std::shared_ptr<Layer>& layer) {
  if (auto copy = layer->copy()) return copy;
  throw_error<Error>("clone: ", m.class_name(), " has no copy constructor");
}
}  // namespace

AnyModule::Layer::~Layer() = default;
AnyModule::AnyModule(const Module& m, std::shared_ptr<Layer> layer) : Module(m), layer_(std::move(layer)) {
  hold({layer_, &layer_->module()});
}
AnyModule::AnyModule(const AnyModule& o)
    : Module(o), layer_(detail::Cloning::own(o, o.layer_, [&] { return own_layer(o, o.layer_); })) {
  if (layer_ != o.layer_) hold({layer_, &layer_->module()});
}

Tensor AnyModule::forward(const Tensor& x, const Tensor& y) const {
  const Tensor all[] = {x, y};
  return layer_->forward(all, 2);
}
Tensor AnyModule::forward(const Tensor& x, const Tensor& y, const Tensor& z) const {
  const Tensor all[] = {x, y, z};
  return layer_->forward(all, 3);
}
Tensor AnyModule::operator()(const Tensor& x) const { return call(*this, x); }
Tensor AnyModule::operator()(const Tensor& x, const Tensor& y) const { return call(*this, x, y); }
Tensor AnyModule::operator()(const Tensor& x, const Tensor& y, const Tensor& z) const { return call(*this, x, y, z); }

void AnyModule::no_such_forward(const Module& m, std::size_t tensors) {
  throw_error<Error>("AnyModule: ", m.class_name(), " has no forward of ", tensors,
                     tensors == 1 ? " tensor" : " tensors", " that returns a Tensor; call it as what it is, as<",
                     m.class_name(), ">()->forward(...)");
}

// --- Sequential

Sequential::Sequential() : Module("Sequential"), layers_(std::make_shared<std::vector<AnyModule>>()) {}
Sequential::Sequential(std::initializer_list<NamedItem<AnyModule>> modules) : Sequential() {
  for (const auto& [name, m] : modules) add(name, m);
}
Sequential::Sequential(const NamedList<AnyModule>& modules) : Sequential() {
  for (const auto& [name, m] : modules) add(name, m);
}
Sequential::Sequential(const Sequential& o) : Module(o), layers_(detail::Cloning::own(o, o.layers_)) {}

std::size_t Sequential::size() const noexcept { return layers_->size(); }
const AnyModule* Sequential::begin() const noexcept { return layers_->data(); }
const AnyModule* Sequential::end() const noexcept { return layers_->data() + layers_->size(); }

std::string Sequential::next_name() const { return std::to_string(layers_->size()); }

void Sequential::add(std::string_view name, AnyModule layer) {
  layers_->reserve(layers_->size() + 1);  // what can fail comes before the registration
  register_module(name, layer);
  layers_->push_back(std::move(layer));
}

// Modules are not assigned, so a vector of them is made anew.
void Sequential::put(std::size_t i, AnyModule layer) {
  if (i > size()) throw_error<Error>("Sequential: there is no place ", i, " among ", size(), " layers");
  std::vector<AnyModule> next;
  for (std::size_t k = 0; k <= size(); ++k) {
    if (k == i) next.push_back(layer);
    if (k < size()) next.push_back((*layers_)[k]);
  }
  set_children(next.size(), [&](std::size_t k) -> const Module& { return next[k]; });
  layers_->swap(next);
}

AnyModule Sequential::pop(std::size_t i) {
  const AnyModule out = (*this)[i];
  std::vector<AnyModule> next;
  for (std::size_t k = 0; k < size(); ++k)
    if (k != i) next.push_back((*layers_)[k]);
  set_children(next.size(), [&](std::size_t k) -> const Module& { return next[k]; });
  layers_->swap(next);
  return out;
}

AnyModule Sequential::operator[](std::size_t i) const {
  if (i >= size()) throw_error<Error>("Sequential: there is no layer ", i, " of ", size());
  return (*layers_)[i];
}

void Sequential::of_another_class(std::size_t i) const {
  throw_error<Error>("Sequential: layer ", i, " is a ", (*layers_)[i].class_name(), ", not what was asked for");
}

Tensor Sequential::forward(const Tensor& x) const {
  Tensor h = x;
  for (const AnyModule& layer : *layers_) h = layer(h);
  return h;
}
Tensor Sequential::operator()(const Tensor& x) const { return call(*this, x); }

}  // namespace nn
}  // namespace harker

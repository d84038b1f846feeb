// ParameterList and ParameterDict: see the header.
#include <harker/core/base/text.h>
#include <harker/nn/parameter_list.h>

namespace harker HARKER_PUBLIC {
namespace nn {

using detail::str;

namespace {
/// As torch's repr: "  (0): Parameter containing: [torch.float32 of size 2x3]".
std::string shown(std::string_view name, std::string_view type, const Tensor& t) {
  std::string sizes;
  for (std::int64_t n : t.shape()) sizes += str(sizes.empty() ? "" : "x", n);
  return str("  (", name, "): Parameter containing: [torch.", type, " of size ", sizes, "]");
}
/// torch.float32 as the type of its CPU tensors, "FloatTensor".
std::string_view tensor_type(DType t) {
  return t == kFloat32    ? "FloatTensor"
         : t == kFloat64  ? "DoubleTensor"
         : t == kFloat16  ? "HalfTensor"
         : t == kBFloat16 ? "BFloat16Tensor"
                          : "Tensor";
}
}  // namespace

struct ParameterList::List : std::vector<Parameter> {};

ParameterList::ParameterList() : Module("ParameterList"), list_(std::make_shared<List>()) {}
ParameterList::ParameterList(const std::vector<Tensor>& parameters) : ParameterList() { extend(parameters); }
ParameterList::ParameterList(std::initializer_list<Tensor> parameters) : ParameterList() { extend(parameters); }
ParameterList::ParameterList(const ParameterList& o) : Module(o), list_(detail::Cloning::own(o, o.list_)) {}

void ParameterList::append(const Tensor& t) { append(Parameter(t)); }
void ParameterList::append(const Parameter& p) {
  const Parameter own = p;     // which may be one of this list's
  list_->reserve(size() + 1);  // what can fail comes before the registration
  list_->push_back(register_parameter(std::to_string(size()), own));
  show();
}
std::size_t ParameterList::size() const noexcept { return list_->size(); }
Parameter* ParameterList::begin() const noexcept { return list_->data(); }
Parameter* ParameterList::end() const noexcept { return list_->data() + list_->size(); }
Parameter& ParameterList::operator[](std::size_t i) const {
  if (i >= size()) detail::throw_error<Error>("ParameterList: there is no parameter ", i, " of ", size());
  return (*list_)[i];
}
void ParameterList::show() {
  std::string text;
  for (std::size_t i = 0; i < size(); ++i)
    text += str(i ? "\n" : "", shown(std::to_string(i), name((*list_)[i].dtype()), (*list_)[i]));
  set_extra_repr(std::move(text));
}

ParameterDict::ParameterDict() : Module("ParameterDict"), list_(std::make_shared<NamedList<Parameter>>()) {}
ParameterDict::ParameterDict(std::initializer_list<NamedTensor> parameters) : ParameterDict() {
  for (const auto& [name, t] : parameters) insert(name, t);
}
ParameterDict::ParameterDict(const ParameterDict& o) : Module(o), list_(detail::Cloning::own(o, o.list_)) {}

std::size_t ParameterDict::size() const noexcept { return list_->size(); }
bool ParameterDict::contains(std::string_view name) const noexcept { return list_->contains(name); }
Parameter& ParameterDict::operator[](std::string_view name) const { return (*list_)[name]; }
std::vector<std::string> ParameterDict::keys() const { return list_->keys(); }
void ParameterDict::insert(std::string_view name, const Tensor& t) { insert(name, Parameter(t)); }
void ParameterDict::insert(std::string_view name, const Parameter& p) {
  const Parameter own = p;
  std::string key(name);
  list_->reserve(size() + 1);
  const Parameter made = register_parameter(key, own);
  list_->emplace_back(std::move(key), made);
  show();
}
void ParameterDict::show() {
  std::string text;
  for (const auto& [name, p] : *list_) text += str(text.empty() ? "" : "\n", shown(name, tensor_type(p.dtype()), p));
  set_extra_repr(std::move(text));
}

}  // namespace nn
}  // namespace harker

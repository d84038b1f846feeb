// Our table: what a state dict is beside its tensors (the order of names, the class of the dict, module versions, who
// shares memory), as the value table that .pb files have too. It is made of the Value as it will be read: each written
// tensor has a storage to itself, row by row, and its twins are views of that.
#include <algorithm>
#include <unordered_map>

#include <harker/core/base/text.h>
#include <harker/core/value/object.h>
#include <harker/serialize/onnx/onnx_json.h>
#include <harker/serialize/safetensors/plan.h>
#include <harker/serialize/value/kept_elements.h>

namespace harker::safetensors {
namespace {

// A part of another storage.
class PartOf final : public StorageOwner {
 public:
  explicit PartOf(Ref<Storage> whole) : whole_(std::move(whole)) {}
  void* materialize() override { return nullptr; }  // it has its address from the start

 private:
  Ref<Storage> whole_;
};

Tensor alone(const Tensor& t) {
  if (!t.is_contiguous()) return t.contiguous().detach();
  const std::size_t nbytes = static_cast<std::size_t>(t.numel()) * item_size(t.dtype());
  Ref<Storage> whole = Ref<Storage>::share(&t.storage());
  Ref<Storage> part = make_storage(0);
  if (nbytes > 0) part = make_storage(new PartOf(std::move(whole)), const_cast<void*>(t.raw()), nbytes, false);
  return make_view(std::move(part), t.dtype(), t.shape(), t.shape().contiguous_strides(), 0);
}

bool is_alone(const Tensor& t) {
  return t.is_contiguous() && t.storage_offset() == 0 &&
         t.storage().nbytes == static_cast<std::size_t>(t.numel()) * item_size(t.dtype());
}

// `v` with another tensor in its place, and all else that it is.
Value with_tensor(const Value& v, Tensor t) {
  if (!v.is_tensor()) {  // an object that has its bytes in one
    const Value::Opaque& o = v.as_opaque();
    const auto nbytes = static_cast<std::uint64_t>(t.numel());
    return kept_elements(o.module, o.name, o.state["shape"].as_size(), nbytes, std::move(t));
  }
  t.impl().requires_grad = v.lazy_tensor().requires_grad();
  Value out = v.is_parameter() ? Value::parameter(t) : Value(t);
  out.set_attributes(v.attributes());
  if (v.from_file()) out.mark_from_file();
  return out;
}

}  // namespace

bool Plan::speaks_for_itself(const Order& order) const {
  const Value& attributes = value_.attributes();
  const bool notes_only =
      attributes.is_none() || (attributes.is_dict() && attributes.len() == (notes_.empty() ? 0 : 1));
  bool in_order = order.size() == items_.size();
  for (std::size_t i = 0; in_order && i < order.size(); ++i) in_order = order[i] == i;
  return in_order && notes_only && !has_twins_ && value_.flavour() == DictFlavour::ordered_dict &&
         std::none_of(items_.begin(), items_.end(), [](const Item& i) {
           return i.holder.is_tensor() &&
                  (i.holder.is_parameter() || i.tensor.requires_grad() || !i.holder.attributes().is_none());
         });
}

std::string Plan::table(const Order& order) const {
  if (!has_twins_ && (!options_.faithful || speaks_for_itself(order))) return {};
  std::unordered_map<const Storage*, std::string_view> names;
  std::vector<Value> values(items_.size());
  std::vector<Tensor> tensors(items_.size());
  for (const std::size_t i : order) {
    const Item& item = items_[i];
    detail::make_ready(item.tensor);
    const bool own = is_alone(item.tensor) && names.emplace(&item.tensor.storage(), item.name).second;
    tensors[i] = own ? item.tensor : alone(item.tensor);
    names.emplace(&tensors[i].storage(), item.name);
    values[i] = own ? item.holder : with_tensor(item.holder, tensors[i]);
  }
  for (std::size_t i = 0; i < items_.size(); ++i) {
    if (items_[i].twin_of == Item::kNone) continue;
    const Tensor &t = items_[i].tensor, &whole = items_[items_[i].twin_of].tensor, &by = tensors[items_[i].twin_of];
    if (by.get() == whole.get()) {
      values[i] = items_[i].holder;
      continue;
    }
    const auto nbytes = [](const Tensor& v, std::int64_t n) {
      return n * static_cast<std::int64_t>(item_size(v.dtype()));
    };
    const std::int64_t from = t.storage_offset() - nbytes(whole, whole.storage_offset()) / nbytes(t, 1);
    const bool rows = whole.is_contiguous();  // else both are the same view
    values[i] = with_tensor(items_[i].holder, make_view(Ref<Storage>::share(&by.storage()), t.dtype(), t.shape(),
                                                        rows ? t.strides() : by.strides(), rows ? from : 0));
  }
  std::vector<Value::Item> pairs;
  const std::span<const Value::Item> before = value_.items();
  for (std::size_t i = 0; i < items_.size(); ++i) pairs.emplace_back(before[i].first, values[i]);
  Value root = Value::dict(std::move(pairs), value_.flavour());
  if (!value_.attributes().is_none()) root.set_attributes(value_.attributes());
  if (!value_.default_factory().is_none()) root.set_default_factory(value_.default_factory());
  if (value_.from_file()) root.mark_from_file();
  value_table::Flattened flat = value_table::flatten(root);
  onnx::Metadata out{std::move(flat.table), {}};
  for (const Ref<Storage>& s : flat.storages) {
    const auto at = names.find(s.get());
    if (at == names.end())
      detail::throw_error<TypeError>(
          "save: safetensors cannot hold a tensor inside an attribute of the dict or of a tensor");
    out.initializers.emplace_back(at->second);
  }
  return onnx::write_json(out);
}

}  // namespace harker::safetensors

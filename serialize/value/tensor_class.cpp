// What is asked of a class that a tensor has.
#include <harker/serialize/value/tensor_class.h>

#include <harker/serialize/value/allowed_globals.h>

namespace harker HARKER_PUBLIC {
namespace {

Global meaning(const Value& type) {
  if (type.kind() != Value::Kind::opaque) return Global::unknown;
  return allowed_global(type.as_opaque().module, type.as_opaque().name).what;
}

}  // namespace

const Value* tensor_class(const Value& v) {
  if (!v.is_tensor() || v.is_parameter() || !v.attributes().is_dict()) return nullptr;
  const Value* type = v.attributes().find(kTensorClass);
  return type && type->kind() == Value::Kind::opaque && !type->as_opaque().called ? type : nullptr;
}

void set_tensor_class(Value& v, const Value& type, const Value& state) {
  std::vector<Value::Item> items{{kTensorClass, type}};
  if (!state.is_none()) items.emplace_back(kTensorState, state);
  v.set_attributes(Value::dict(std::move(items)));
}

bool is_storage_class(const Value& type) {
  return meaning(type) == Global::storage || meaning(type) == Global::untyped_storage;
}
bool is_untyped_storage(const Value& type) { return meaning(type) == Global::untyped_storage; }

}  // namespace harker

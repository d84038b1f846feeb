// The Python class of a tensor that is none of torch's own: a subclass, or a storage, which is a tensor of all its
// elements in a row. It stands among the tensor's attributes, where Python has it too, and so goes through every format:
//   {"__class__": <models.Sub>, "__dict__": {...}}     "__dict__" only where it has attributes of its own
#pragma once
#include <harker/core/value.h>

namespace harker HARKER_PUBLIC {

inline constexpr const char* kTensorClass = "__class__";
inline constexpr const char* kTensorState = "__dict__";

/// The class (an opaque value that is not called); null for a Tensor or Parameter, and for what is no tensor.
const Value* tensor_class(const Value& v);
/// `state`: the attributes that the object has in Python, a dict or None.
void set_tensor_class(Value& v, const Value& type, const Value& state);

/// Does this name a storage class: torch.FloatStorage, torch.storage.UntypedStorage?
bool is_storage_class(const Value& type);
/// Of those, one whose elements are bytes, whatever they mean?
bool is_untyped_storage(const Value& type);

}  // namespace harker

// Rebuilder: what the names in a PyTorch pickle make: containers, numbers, NumPy's values (rebuild_python.cpp) and
// tensors (rebuild_tensor.cpp). Where storages lie is the container's business: a subclass answers persistent ids.
#pragma once
#include <string>
#include <unordered_map>
#include <vector>

#include <harker/core/base/hash_index.h>
#include <harker/serialize/io/keyed_map.h>
#include <harker/serialize/torch/pickle_reader.h>
#include <harker/serialize/value/allowed_globals.h>

namespace harker::pt {

/// A storage that a persistent id named.
struct StorageRef {
  Ref<Storage> storage;
  DType dtype = DType::uint8;
  bool untyped = false;  ///< counts bytes; the tensor says the dtype
  std::string label;     ///< "data/0", for errors
};

/// A class or function that we do not know, as a pickle named it.
struct UnknownName {
  std::string module, name;
  std::size_t position = 0;
};

class Rebuilder : public PickleHooks {
 public:
  Value global(std::string_view module, std::string_view name, std::size_t position) override;
  Value call(const Value& callable, const Value& args, bool newobj) override;
  void build(const Value& object, const Value& state) override;

  const std::vector<UnknownName>& unknown() const { return unknown_; }
  /// The tensors made, to be completed once their storages have bytes.
  const std::vector<Tensor>& tensors() const { return tensors_; }
  /// Is this a storage?
  bool is_storage(const Value& v) const { return find_storage(v) != nullptr; }

 protected:
  /// The value that stands for a storage: its elements as a tensor, which is one in Python's eyes once it has a class.
  Value storage_value(StorageRef ref);
  /// torch.storage._load_from_bytes: what the file that these bytes are holds. Refused where no writer puts one.
  virtual Value file_in_file(io::ByteView file);
  /// Gives a storage that is no tensor's its class, by which it is known from then on.
  void name_storage(Value storage);
  /// The storage class that a persistent id names. FormatError for anything else.
  AllowedGlobal storage_type(const Value& v) const;

  /// A checked view of the storage that `storage` stands for; `dtype` overrides the storage's.
  Tensor view(const Value& storage, const Value& offset, const Value& sizes, const Value& strides, const Value* dtype);

 private:
  AllowedGlobal known(const Value& callable) const;
  Value call_python(Global what, const Value& args);
  Value call_numpy(Global what, const Value& args);
  Value call_tensor(Global what, const Value& args);
  Value from_type(const Value& args);
  Value from_bytes(const Value& args);
  void build_numpy(const Value& object, const Value& state);
  std::string numpy_dtype(const Value& v) const;

  Value tensor(const Value& args, std::size_t metadata_at, const Value* dtype);
  Value quantized(const Value& args);
  Value sparse(const Value& args);
  Value parameter(const Value& args, bool with_state);
  const StorageRef& storage_of(const Value& v) const;
  const StorageRef* find_storage(const Value& v) const;
  bool is_plain_tensor(const Value& v) const { return v.is_tensor() && !is_storage(v); }

  KeyedMap<std::string, Value> globals_;
  std::unordered_map<const void*, AllowedGlobal> known_;
  std::vector<std::pair<Value, StorageRef>> storages_;  // the tensor that stands for each
  detail::HashIndex by_id_;                             // of these, by their identities
  std::vector<UnknownName> unknown_;
  std::vector<Tensor> tensors_;
};

}  // namespace harker::pt

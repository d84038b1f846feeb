// The tree is walked before any byte is read, so that each storage learns the name of the tensor that uses it first
// ("fc1.weight (data/0)"); what lies outside LoadOptions::only is never read.
#include <harker/serialize/torch/storage_rebuilder.h>

#include <algorithm>

#include <harker/core/base/text.h>
#include <harker/core/value/object.h>
#include <harker/serialize/value/tensor_class.h>
#include <harker/serialize/value/unknown_classes.h>
#include <harker/serialize/value/value_paths.h>

namespace harker::pt {
namespace {

using detail::quoted;
using detail::str;
using detail::throw_error;

// Part of another storage: it has bytes when that one has.
class PartOfStorage final : public StorageOwner {
 public:
  PartOfStorage(Ref<Storage> root, std::uint64_t offset) : root_(std::move(root)), offset_(offset) {}
  void* materialize() override {
    root_->ensure();
    return static_cast<std::uint8_t*>(root_->data) + offset_;
  }

 private:
  Ref<Storage> root_;
  std::uint64_t offset_;
};

}  // namespace

PersistentId StorageRebuilder::persistent_id(const Value& id, std::size_t arity) const {
  const std::string_view what = "persistent id: ";
  if (!id.is_tuple() || id.len() != arity)
    throw_error<FormatError>(what, "must be a tuple ('storage', class, key, location, numel",
                             arity == 6 ? ", view" : "", "), it is ",
                             id.is_tuple() ? str("a tuple of ", id.len()) : str("a ", id.type_name()));
  if (!id[0].is_string() || id[0].as_string() != "storage")
    throw_error<FormatError>(what, "its first item must be 'storage', it is ",
                             id[0].is_string() ? quoted(id[0].as_string()) : std::string(id[0].type_name()));
  PersistentId s;
  s.type = storage_type(id[1]);
  s.untyped = s.type.what == Global::untyped_storage;
  if (!id[2].is_string() && !id[2].is_int())
    throw_error<FormatError>(what, "the storage key must be a string, it is a ", id[2].type_name());
  if (!id[3].is_string()) throw_error<FormatError>(what, "the location must be a string, it is a ", id[3].type_name());
  if (id[2].is_int() && !id[2].fits_int64())
    throw_error<FormatError>(what, "the storage key is an integer out of range");
  s.key = id[2].is_string() ? std::string(id[2].as_string()) : id[2].integer_decimal();
  if (!id[4].is_int() || !id[4].fits_int64())
    throw_error<FormatError>(what, "numel of storage data/", detail::quoted_if_odd(s.key),
                             " must be an integer in range, it is a ", id[4].type_name());
  s.numel = id[4].as_int();
  if (s.numel < 0) throw_error<FormatError>(what, "numel of storage ", quoted(s.key), " is negative: ", s.numel);
  if (!io::checked_mul(static_cast<std::uint64_t>(s.numel), s.untyped ? 1 : item_size(s.type.dtype), s.nbytes))
    throw_error<FormatError>(what, "the size of storage ", quoted(s.key), " overflows: numel ", s.numel);
  return s;
}

std::size_t StorageRebuilder::add(StorageRecord r, io::StorageBytes bytes) {
  if (bytes.nbytes == 0) {
    r.storage = make_storage(0);
  } else {
    const auto nbytes = static_cast<std::size_t>(bytes.nbytes);
    r.pending = new io::FileBytes(source_, std::move(bytes), lazy_);
    r.storage = make_storage(r.pending, nullptr, nbytes, true);
  }
  by_storage_.emplace(r.storage.get(), records_.size());
  records_.push_back(std::move(r));
  return records_.size() - 1;
}

std::size_t StorageRebuilder::add_view(std::size_t of, std::uint64_t offset, std::uint64_t nbytes, std::string label) {
  if (records_[of].is_view) offset += records_[of].offset, of = records_[of].root;
  const StorageRecord& root = records_[of];
  StorageRecord r;
  r.label = std::move(label);
  r.root = of, r.offset = offset, r.is_view = true;
  r.storage = nbytes == 0 ? make_storage(0)
                          : make_storage(new PartOfStorage(root.storage, offset), nullptr,
                                         static_cast<std::size_t>(nbytes), true);
  by_storage_.emplace(r.storage.get(), records_.size());
  records_.push_back(std::move(r));
  return records_.size() - 1;
}

StorageRecord* StorageRebuilder::record_of(const Storage* s) {
  const auto at = by_storage_.find(s);
  return at == by_storage_.end() ? nullptr : &records_[at->second];
}

std::vector<const StorageRecord*> StorageRebuilder::finish(Value& value, const std::string& what,
                                                           const LoadOptions& options, bool scripted) {
  if (!options.only.empty()) value = Value(entry(value, options.only, source_->name()));
  UnknownClasses strangers;
  std::vector<Tensor> bare;
  std::vector<const StorageRecord*> used;
  ObjectWalk walk(value, what, options.max_depth);
  while (const Value* v = walk.next()) {
    if (v->kind() == Value::Kind::opaque) {
      strangers.add(*v, walk);
      continue;
    }
    const Tensor* t = tensor_of(*v);
    if (is_storage(*v)) name_storage(Value(*v)), bare.push_back(*t);
    if (const Value* type = tensor_class(*v)) strangers.add(*type, walk);
    StorageRecord* r = t ? record_of(&t->storage()) : nullptr;
    if (r && !v->is_tensor()) r->quantized = true;
    if (!r || r->placed) continue;
    r->placed = true;
    const std::string path = walk.path();
    if (r->pending) r->pending->set_label(path.empty() ? r->label : str(path, " (", r->label, ")"));
    used.push_back(r);
  }
  if (options.unknown == Unknown::refuse) {
    if (options.only.empty())
      for (const UnknownName& u : unknown())
        if (!scripted || !((u.module + ".").starts_with("__torch__.") || u.module.starts_with("torch.jit.")))
          strangers.add(u.module + "." + u.name, str("(byte ", u.position, ")"));
    strangers.refuse(what);
  }
  for (const StorageRecord* r : used)
    if (!lazy_ || r->quantized) r->storage->ensure();
  for (const std::span<const Tensor> made : {std::span<const Tensor>(tensors()), std::span<const Tensor>(bare)})
    for (const Tensor& t : made)
      if (t.storage().data && !t.impl().data) detail::make_ready(t);
  return used;
}

}  // namespace harker::pt

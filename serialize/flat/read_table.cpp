// What both formats do with a Table they have read: check it, rebuild it, take the part that is asked for, and only
// then read the storages that this part uses.
#include <algorithm>

#include <harker/core/base/text.h>
#include <harker/serialize/flat/flatten.h>
#include <harker/serialize/option_names.h>
#include <harker/serialize/torch/tree.h>

namespace harker::flat {
namespace {

using detail::quoted;
using detail::str;

// The bytes of a storage, copied and checked when asked for.
class Pending final : public StorageOwner {
 public:
  Pending(std::shared_ptr<const io::Source> source, io::StorageBytes bytes)
      : source_(std::move(source)), bytes_(std::move(bytes)) {}
  void* materialize() override {
    real_ = io::read_storage(source_, bytes_, false);
    source_.reset();
    return real_->data;
  }

 private:
  std::shared_ptr<const io::Source> source_;
  io::StorageBytes bytes_;
  Ref<Storage> real_;
};

Ref<Storage> pending(const std::shared_ptr<const io::Source>& source, io::StorageBytes bytes) {
  if (bytes.nbytes == 0) return io::read_storage(source, std::move(bytes), false);
  const auto nbytes = static_cast<std::size_t>(bytes.nbytes);
  return make_storage(new Pending(source, std::move(bytes)), nullptr, nbytes, true);
}

void refuse_unknown(const Value& root, const std::string& what) {
  std::string list;
  pt::TreeWalk walk(root, what, INT32_MAX);
  while (const Value* v = walk.next()) {
    if (v->kind() != Value::Kind::opaque || v->as_opaque().known || list.size() > 250) continue;
    const std::string path = walk.path();
    list += str(list.empty() ? "" : ", ", quoted(v->as_opaque().module + "." + v->as_opaque().name, 60),
                path.empty() ? std::string(" at the root") : " at " + quoted(path, 60));
  }
  if (!list.empty())
    throw FormatError(str(what, ": names classes or functions that are not known (nothing was run): ", list, ". ",
                          option_names().keep_unknown, " keeps them as opaque values"));
}

}  // namespace

Value read_table(const Table& table, std::vector<io::StorageBytes> bytes,
                 const std::shared_ptr<const io::Source>& source, const LoadOptions& options) {
  const std::string what = source->name() + ": index";
  std::vector<Ref<Storage>> storages;
  storages.reserve(bytes.size());
  for (io::StorageBytes& b : bytes)
    storages.push_back(options.mmap ? io::read_storage(source, std::move(b), true) : pending(source, std::move(b)));
  Rebuilt built = rebuild(table, storages, what);
  if (!options.only.empty()) {
    const Value* part = pt::find_path(built.root, options.only);
    if (!part)
      throw Error(
          str(source->name(), ": there is no entry ", quoted(options.only), detail::in_brackets(option_names().only)));
    built.root = Value(*part);
  }
  const bool strangers =
      options.unknown == Unknown::refuse &&
      std::any_of(table.nodes.begin(), table.nodes.end(), [](const Node& n) { return n.kind == Value::Kind::opaque; });
  if (strangers) refuse_unknown(built.root, what);
  if (options.mmap) {  // Value::Quantized gives its integers without asking: they are read even so
    std::vector<Tensor> now;
    for (const Node& n : table.nodes)
      if (n.kind == Value::Kind::quantized) now.push_back(built.views[static_cast<std::size_t>(n.number)]);
    built.views.swap(now);
  }
  // Whatever only this function still holds is not used by the value.
  std::erase_if(built.views, [](const Tensor& t) { return t.impl().refs.unique(); });
  for (Tensor& t : built.views) {
    TensorImpl& p = t.impl();
    p.storage->ensure();
    if (p.storage->data)
      p.data = static_cast<std::uint8_t*>(p.storage->data) + static_cast<std::size_t>(p.offset) * item_size(p.dtype);
  }
  return std::move(built.root);
}

}  // namespace harker::flat

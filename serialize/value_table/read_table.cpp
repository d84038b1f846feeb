// What both formats do with a Table they have read: check it, rebuild it, take the part that is asked for, and only
// then read the storages that this part uses.
#include <algorithm>

#include <harker/core/value/object.h>
#include <harker/serialize/io/file_bytes.h>
#include <harker/serialize/value/unknown_classes.h>
#include <harker/serialize/value/value_paths.h>
#include <harker/serialize/value_table/flatten.h>

namespace harker::value_table {

Value read_table(const Table& table, std::vector<io::StorageBytes> bytes,
                 const std::shared_ptr<const io::Source>& source, const LoadOptions& options,
                 std::span<const std::shared_ptr<const io::Source>> from) {
  const std::string what = source->name() + ": index";
  std::vector<Ref<Storage>> storages;
  storages.reserve(bytes.size());
  for (io::StorageBytes& b : bytes) {
    const auto& file = storages.size() < from.size() && from[storages.size()] ? from[storages.size()] : source;
    if (options.mmap || b.nbytes == 0) {
      storages.push_back(io::read_storage(file, std::move(b), options.mmap));
    } else {  // copied and checked when it is known to be in use
      const auto nbytes = static_cast<std::size_t>(b.nbytes);
      storages.push_back(make_storage(new io::FileBytes(file, std::move(b), false), nullptr, nbytes, true));
    }
  }
  Rebuilt built = rebuild(table, storages, what);
  if (!options.only.empty()) built.root = Value(entry(built.root, options.only, source->name()));
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
  for (const Tensor& t : built.views) detail::make_ready(t);
  return std::move(built.root);
}

}  // namespace harker::value_table

// `harker cat` and `verify`: the verbs that are a few calls each.
#include <harker/core/base/text.h>
#include <harker/serialize/checkpoint.h>
#include <harker/serialize/format.h>
#include <unordered_set>

#include "commands.h"
#include "elements.h"
#include "key.h"
#include "out.h"

namespace harker::cli {

int cat(const std::string& path, const std::string& key, const LoadOptions& options) {
  const Value root = open_document(path, options).value;
  const Value v = find_entry(root, key);
  if (!v.is_tensor())
    detail::throw_error<TypeError>(name_of(path), ": ", detail::quoted(key), " is no tensor but a ", v.type_name());
  Out out;
  Elements elements(v);
  for (auto piece = elements.next(); !piece.empty(); piece = elements.next()) out.write(piece.data(), piece.size());
  out.flush();
  return 0;
}

int verify(const std::string& path, const LoadOptions& options) {
  const auto source = open_source(path);
  const Format& format = detect_format(*source);
  format.verify(source, options);
  LoadOptions lazy = options;
  lazy.mmap = true;
  const Document doc = format.read(source, lazy);
  const bool checkpoint = Checkpoint::claims(doc.value);
  try {
    if (checkpoint) Checkpoint{doc.value};
  } catch (const TypeError& e) { detail::throw_error<TypeError>(name_of(path), ": ", e.what()); }
  std::uint64_t tensors = 0, bytes = 0;
  std::unordered_set<const Storage*> storages;
  auto use = [&](const Tensor& t) {
    if (storages.insert(&t.storage()).second) bytes += t.storage().nbytes;
  };
  for (ValueWalk walk(doc.value); walk.next();) {
    const Value& v = walk.value();
    if (v.is_tensor())
      use(v.lazy_tensor());
    else if (v.kind() == Value::Kind::quantized)
      use(v.as_quantized().ints);
    else if (v.kind() != Value::Kind::sparse)
      continue;
    else
      for (const Value& part : v.as_sparse().parts) use(part.lazy_tensor());
    ++tensors;
  }
  Out out;
  out << shown(name_of(path)) << (checkpoint ? ": ok, a checkpoint, " : ": ok, ") << grouped(tensors)
      << (tensors == 1 ? " tensor, " : " tensors, ") << grouped(bytes) << " bytes\n";
  out.flush();
  return 0;
}

}  // namespace harker::cli

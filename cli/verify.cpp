// `harker verify`: everything that can be checked, and one line that says so.
#include <harker/core/base/text.h>
#include <harker/core/value_walk.h>
#include <harker/serialize/checkpoint.h>
#include <unordered_set>

#include "input.h"
#include "out.h"
#include "verb.h"

namespace harker::cli {
namespace {

void verify(const std::string& path, const LoadOptions& options) {
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
}

class Verify : public Verb {
 public:
  Verify() : Verb("verify", "Check everything in a file") {
    file(path_, "FILE");
    loads();
    examples = {{"harker verify model.pt", "structure, bounds, checksums, and that a checkpoint is one"}};
  }
  int run() override {
    verify(path_, load_options());
    return 0;
  }

 private:
  std::string path_;
};

}  // namespace

std::unique_ptr<Verb> verify_verb() { return std::make_unique<Verify>(); }

}  // namespace harker::cli

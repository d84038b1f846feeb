// `harker cat`: the elements of one tensor.
#include <harker/core/base/text.h>

#include "elements.h"
#include "input.h"
#include "key.h"
#include "out.h"
#include "verb.h"

namespace harker::cli {
namespace {

class Cat : public Verb {
 public:
  Cat() : Verb("cat", "Write one tensor's elements to standard output: row-major, little-endian") {
    file(path_, "FILE");
    key(key_, "KEY", "A path such as optimizer.state.0.exp_avg, or a list in JSON: '[\"fc1.weight\"]'");
    loads();
    examples = {{"harker cat model.pt fc1.weight > fc1.bin", "the elements of one tensor, in a file of their own"},
                {"harker cat run.pt '[\"optimizer\", \"state\", 0, \"exp_avg\"]' | od -A d -t f4",
                 "a key as inspect --json prints it, which is never ambiguous"}};
  }
  int run() override {
    const Value root = look_at(path_, load_options()).value;
    const Value v = find_entry(root, key_);
    if (!v.is_tensor())
      detail::throw_error<TypeError>(name_of(path_), ": ", detail::quoted(key_), " is no tensor but a ", v.type_name());
    Out out;
    Elements elements(v);
    for (auto piece = elements.next(); !piece.empty(); piece = elements.next()) out.write(piece.data(), piece.size());
    out.flush();
    return 0;
  }

 private:
  std::string path_, key_;
};

}  // namespace

std::unique_ptr<Verb> cat_verb() { return std::make_unique<Cat>(); }

}  // namespace harker::cli

// `harker convert`: another format, other names, another dtype, or a part. What is wrong with its arguments, or with the
// place it is to write to, is told before the work.
#include <harker/core/base/text.h>
#include <harker/serialize/torch/state_dict_of.h>
#include <cstdio>

#include "cast.h"
#include "holds.h"
#include "input.h"
#include "names.h"
#include "out.h"
#include "output.h"
#include "verb.h"

namespace harker::cli {
namespace {

using detail::str;

class Convert : public Verb {
 public:
  Convert() : Verb("convert", "Write a file in another format: by OUT's extension, or --to") {
    file(from_, "IN");
    file(to_.path, "OUT", "The file to write; one that is there is replaced, unless it is read-only");
    std::vector<std::string> names;
    for (const Format* f : formats()) names.emplace_back(f->name());
    option(to_.save.format, "--to", "FORMAT", "torch, onnx, harker, ...", names);
    option(only_, "--only", "PATH", "Convert one subtree: a path such as optimizer.state");
    flag(weights_, "--weights", "Convert the weights alone: of a whole pickled module, or of a checkpoint around them");
    option(names_.select, "--select", "GLOB",
           "Of a state dict's names only those that match (* is any text); repeatable");
    option(names_.remove_prefix, "--remove-prefix", "PREFIX", "Take a prefix off a state dict's names: module.");
    option(names_.rename, "--rename", "A=B",
           "Rename: a whole name, a beginning that ends with a dot, or with *: 'layer*.w=block*.w'; repeatable");
    option(names_.add_prefix, "--add-prefix", "PREFIX", "Put a prefix before a state dict's names");
    option(dtype_, "--dtype", "DTYPE", "Cast all floating tensors: float16, bfloat16, float32, ...",
           {"float16", "bfloat16", "float32", "float64", "float8_e4m3fn", "float8_e5m2"});
    flag(to_.lossy, "--lossy", "Leave out what the format cannot hold, and list it");
    flag(to_.save.compact, "--compact", "PyTorch: of each storage, write only what tensors view");
    flag(to_.force, "--force", "OUT may be IN itself");
    loads();
    examples = {{"harker convert model.pt model.harker", "the extension says the format"},
                {"harker convert ddp.pt model.pt --remove-prefix module.", "names as the bare model has them"},
                {"harker convert run.pt model.pt --only model", "one model of a checkpoint"},
                {"harker convert whole.pt weights.pt --weights", "the state dict of torch.save(model)"},
                {"harker convert model.pt half.pt --dtype bfloat16 --select 'encoder.*'", "a part, in half the bytes"}};
  }
  int run() override {
    to_.check("convert", {from_});
    names_.check();
    const DType dtype = dtype_.empty() ? DType::float32 : cast_target(dtype_);
    LoadOptions options = load_options();
    options.only = only_;
    if (weights_) options.unknown = Unknown::keep;  // nothing of a module's classes is needed
    Value value = open_document(from_, options).value;
    std::vector<std::string> said;
    if (weights_) value = weights(value);
    if (names_.any()) value = names_.apply(value, name_of(from_), said);
    if (!dtype_.empty()) {
      const Cast cast = cast_floats(value, dtype);
      said.push_back(str("--dtype ", harker::name(dtype), ": ", grouped(cast.tensors),
                         cast.tensors == 1 ? " tensor changed" : " tensors changed"));
      if (cast.overflowed > 0) overflowed(cast, dtype);
    }
    to_.write(value);
    Out out;
    for (const std::string& line : said) out << shown(line) << '\n';
    out.flush();
    return 0;
  }

 private:
  Value weights(const Value& value) const {
    try {
      return find_state_dict(value);
    } catch (const TypeError& e) { detail::throw_error<TypeError>(name_of(from_), ": --weights: ", e.what()); }
  }
  static void overflowed(const Cast& cast, DType to) {
    std::fprintf(stderr, "harker: warning: %s numbers are too large for %s:%s\n", grouped(cast.overflowed).c_str(),
                 std::string(harker::name(to)).c_str(), listed(cast.where).c_str());
  }

  std::string from_, only_, dtype_;
  bool weights_ = false;
  NameChanges names_;
  Target to_;
};

}  // namespace

std::unique_ptr<Verb> convert_verb() { return std::make_unique<Convert>(); }

}  // namespace harker::cli

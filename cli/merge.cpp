// `harker merge`: one state dict of several, or of a base and a LoRA adapter.
#include "merge.h"

#include <sys/stat.h>

#include <harker/core/base/text.h>
#include <harker/serialize/torch/state_dict_of.h>
#include <charconv>

#include "input.h"
#include "out.h"
#include "output.h"
#include "verb.h"

namespace harker::cli {
namespace {

using detail::quoted;
using detail::str;

double number(const std::string& option, std::string_view text) {
  double v = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), v);
  if (error != std::errc() || end != text.data() + text.size() || v - v != 0)
    throw UsageError(str("merge: ", option, ": ", quoted(text), " is no number"));
  return v;
}

/// PEFT's folder stands for the weights in it.
std::string adapter_file(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0 || !S_ISDIR(info.st_mode)) return path;
  for (const char* name : {"/adapter_model.safetensors", "/adapter_model.bin"})
    if (::stat((path + name).c_str(), &info) == 0) return path + name;
  detail::throw_error<IoError>(path, ": no adapter_model.safetensors or adapter_model.bin is in this folder");
}

class Merge : public Verb {
 public:
  Merge() : Verb("merge", "Average state dicts, or add a LoRA adapter to one") {
    files(from_, "FILE");
    arguments.push_back({"--output", "OUT", "The file to write: needed", &to_.path, Argument::What::file, {}, "-o"});
    option(weight_, "--weight", "W,W,...", "Weights of the files, as they are given (else each counts the same)");
    option(lora_, "--lora", "ADAPTER", "An adapter, or PEFT's folder, to be added to the only FILE");
    option(alpha_, "--alpha", "N", "lora_alpha, where no adapter_config.json lies beside the adapter that says it");
    option(to_.save.format, "--to", "FORMAT", "torch, onnx, harker, ...: else by OUT's extension");
    flag(to_.force, "--force", "OUT may be one of the files");
    loads();
    examples = {{"harker merge a.pt b.pt c.pt -o mean.pt", "the average of three runs"},
                {"harker merge a.pt b.pt -o mix.pt --weight 0.3,0.7", "a weighted sum"},
                {"harker merge base.pt --lora adapter -o tuned.pt", "an adapter of PEFT's, merged"}};
  }

  int run() override {
    if (to_.path.empty()) throw UsageError("merge: where to? -o OUT is needed");
    std::vector<std::string> inputs = from_;
    std::string adapter;
    if (!lora_.empty()) {
      if (from_.size() != 1) throw UsageError("merge: --lora takes one FILE, the base");
      if (!weight_.empty()) throw UsageError("merge: --weight is for averages, not for --lora");
      inputs.push_back(adapter = adapter_file(lora_));
    } else if (from_.size() < 2) {
      throw UsageError("merge: an average takes two files or more");
    } else if (!alpha_.empty()) {
      throw UsageError("merge: --alpha is for --lora");
    }
    const std::vector<double> weights = read_weights();
    std::optional<double> alpha;
    if (!alpha_.empty()) alpha = number("--alpha", alpha_);
    to_.check("merge", inputs);

    std::vector<StateDict> states;
    for (const std::string& path : inputs) states.push_back(weights_of(path));
    std::vector<std::string> said;
    StateDict made;
    if (adapter.empty()) {
      made = average(states, weights, from_, said);
    } else {
      std::optional<LoraConfig> config = read_lora_config(adapter);
      if (!config && !alpha)
        throw UsageError(
            str("merge: no adapter_config.json lies beside ", quoted(adapter, 200), ": --alpha N is needed"));
      if (!config) config.emplace();
      if (alpha) config->alpha = *alpha;
      made = add_lora(states[0], states[1], *config, adapter, said);
    }
    to_.write(made);
    Out out;
    for (const std::string& line : said) out << shown(line, true) << '\n';
    out.flush();
    return 0;
  }

 private:
  StateDict weights_of(const std::string& path) const {
    try {
      return find_state_dict(open_document(path, load_options()).value);
    } catch (const TypeError& e) { detail::throw_error<TypeError>(name_of(path), ": ", e.what()); }
  }
  std::vector<double> read_weights() const {
    std::vector<double> out;
    if (weight_.empty()) return std::vector<double>(from_.size(), 1 / static_cast<double>(from_.size()));
    for (std::size_t at = 0; at <= weight_.size();) {
      const std::size_t end = std::min(weight_.find(',', at), weight_.size());
      out.push_back(number("--weight", std::string_view(weight_).substr(at, end - at)));
      at = end + 1;
    }
    if (out.size() != from_.size())
      throw UsageError(str("merge: ", out.size(), " weights for ", from_.size(), " files"));
    return out;
  }

  std::vector<std::string> from_;
  std::string weight_, lora_, alpha_;
  Target to_;
};

}  // namespace

std::unique_ptr<Verb> merge_verb() { return std::make_unique<Merge>(); }

}  // namespace harker::cli

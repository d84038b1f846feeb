// `harker convert`. What is wrong with its arguments, or with the place it is to write to, is told before the work.
#include <sys/stat.h>
#include <unistd.h>

#include <harker/core/base/text.h>
#include <algorithm>
#include <map>

#include "input.h"
#include "out.h"
#include "verb.h"

namespace harker::cli {
namespace {

using detail::quoted;
using detail::str;
using detail::throw_error;

const Format& format_of(const std::string& to, const SaveOptions& options) {
  try {
    return options.format.empty() ? format_for_path(to) : format_named(options.format);
  } catch (const Error& e) { throw UsageError(e.what()); }
}

/// A save replaces the file by a new one, which needs no permission of the old one's: so we ask for it.
void check_target(const std::string& from, const std::string& to, bool force) {
  struct stat info {};
  if (::stat(to.c_str(), &info) != 0) return;
  if (same_file(from, to) && !force)
    throw UsageError(str("convert: ", quoted(to, 200), " is the input itself; --force writes over it"));
  if (S_ISREG(info.st_mode) && ((info.st_mode & 0222) == 0 || ::access(to.c_str(), W_OK) != 0))
    throw_error<IoError>(to, ": is read-only, and was not replaced; remove it, or make it writable (chmod u+w)");
}

/// The beginnings "module." that most names have, for a message.
std::string prefixes_of(const StateDict& state) {
  std::map<std::string, std::size_t> count;
  for (const auto& [name, tensor] : state)
    if (const std::size_t dot = name.find('.'); dot != std::string::npos) ++count[name.substr(0, dot + 1)];
  std::vector<std::pair<std::string, std::size_t>> all(count.begin(), count.end());
  std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  constexpr std::size_t kShown = 6;
  std::string out;
  for (std::size_t i = 0; i < std::min(kShown, all.size()); ++i)
    out += str(i ? ", " : "", quoted(all[i].first, 40), " (", all[i].second, ')');
  if (all.size() > kShown) out += str(", and ", all.size() - kShown, " more");
  return out.empty() ? "none of them has a dot" : "they begin with " + out;
}

/// The state dicts right inside a checkpoint.
std::string where_they_are(const Value& value) {
  if (!value.is_dict()) return {};
  std::string out;
  for (const auto& [key, inner] : value.items()) {
    if (!key.is_string() || !inner.is_dict() || inner.len() == 0 || out.size() > 200) continue;
    const auto& items = inner.items();
    if (std::all_of(items.begin(), items.end(), [](const Value::Item& i) { return i.second.is_tensor(); }))
      out += str(out.empty() ? "; there is one at --only " : ", --only ", quoted(key.as_string(), 40));
  }
  return out;
}

Value without_prefix(const Value& value, const std::string& prefix, const std::string& from) {
  StateDict state;
  try {
    state = StateDict(value);
  } catch (const TypeError&) {
    throw_error<TypeError>(name_of(from), ": --remove-prefix is for a state dict, and this is none",
                           where_they_are(value));
  }
  if (std::none_of(state.begin(), state.end(), [&](const auto& item) { return item.first.starts_with(prefix); }))
    throw_error<Error>(name_of(from), ": --remove-prefix: none of the ", state.size(), " names begins with ",
                       quoted(prefix), "; ", prefixes_of(state));
  return state.without_prefix(prefix);
}

class Convert : public Verb {
 public:
  Convert() : Verb("convert", "Write a file in another format: by OUT's extension, or --to") {
    file(from_, "IN");
    file(to_, "OUT", "The file to write; one that is there is replaced, unless it is read-only");
    std::vector<std::string> names;
    for (const Format* f : formats()) names.emplace_back(f->name());
    option(save_.format, "--to", "FORMAT", "torch, onnx, harker, ...", names);
    option(only_, "--only", "PATH", "Convert one subtree: a path such as optimizer.state");
    option(prefix_, "--remove-prefix", "PREFIX", "Take a prefix off a state dict's names: module.");
    flag(save_.compact, "--compact", "PyTorch: of each storage, write only what tensors view");
    flag(force_, "--force", "OUT may be IN itself");
    loads();
    examples = {{"harker convert model.pt model.harker", "the extension says the format"},
                {"harker convert ddp.pt model.pt --remove-prefix module.", "names as the bare model has them"},
                {"harker convert run.pt model.pt --only model", "one model of a checkpoint"}};
  }
  int run() override {
    if (to_ == "-") throw UsageError("convert: OUT is a file, never standard output (a file of that name is ./-)");
    const Format& format = format_of(to_, save_);
    if (save_.compact && format.name() != "torch")
      throw UsageError(str("convert: --compact is for PyTorch's format, not for ", format.name()));
    check_target(from_, to_, force_);
    LoadOptions options = load_options();
    options.only = only_;
    Value value = open_document(from_, options).value;
    if (!prefix_.empty()) value = without_prefix(value, prefix_, from_);
    const SaveReport report = save(value, to_, save_);
    if (report.left_out > 0) {
      Out out;
      out << shown(to_) << ": " << grouped(report.left_out) << " bytes that no tensor views were left out\n";
      out.flush();
    }
    return 0;
  }

 private:
  std::string from_, to_, only_, prefix_;
  bool force_ = false;
  SaveOptions save_;
};

}  // namespace

std::unique_ptr<Verb> convert_verb() { return std::make_unique<Convert>(); }

}  // namespace harker::cli

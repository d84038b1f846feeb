// The writer itself says what it cannot hold; only then is every entry tried alone (holds.h).
#include "output.h"

#include <sys/stat.h>
#include <unistd.h>

#include <harker/core/base/text.h>
#include <harker/core/value_walk.h>
#include <cstdio>
#include <unordered_set>

#include "holds.h"
#include "input.h"
#include "out.h"
#include "verb.h"

namespace harker::cli {
namespace {

using detail::quoted;
using detail::str;
using detail::throw_error;

std::uint64_t tensors_in(const Value& root) {
  std::unordered_set<const void*> met;
  std::vector<const Value*> open = {&root};
  std::uint64_t n = 0;
  while (!open.empty()) {
    const Value& v = *open.back();
    open.pop_back();
    if (v.id() && !met.insert(v.id()).second) continue;
    n += v.is_tensor() || v.kind() == Value::Kind::sparse || v.kind() == Value::Kind::quantized;
    for (std::size_t i = 0, children = v.kind() == Value::Kind::sparse ? 0 : child_count(v); i < children; ++i)
      open.push_back(child(v, i).second);
  }
  return n;
}

}  // namespace

const Format& Target::format() const { return save.format.empty() ? format_for_path(path) : format_named(save.format); }

void Target::check(const std::string& verb, const std::vector<std::string>& inputs) const {
  if (path == "-") throw UsageError(verb + ": OUT is a file, never standard output (a file of that name is ./-)");
  const Format* f = nullptr;
  try {
    f = &format();
  } catch (const Error& e) { throw UsageError(e.what()); }
  if (save.compact && f->name() != "torch")
    throw UsageError(str(verb, ": --compact is for PyTorch's format, not for ", f->name()));
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return;
  for (const std::string& input : inputs)
    if (same_file(input, path) && !force)
      throw UsageError(str(verb, ": ", quoted(path, 200), " is ", inputs.size() == 1 ? "the input itself" : "an input",
                           "; --force writes over it"));
  // A save replaces the file by a new one, which needs no permission of the old one's: so we ask for it.
  if (S_ISREG(info.st_mode) && ((info.st_mode & 0222) == 0 || ::access(path.c_str(), W_OK) != 0))
    throw_error<IoError>(path, ": is read-only, and was not replaced; remove it, or make it writable (chmod u+w)");
}

void Target::write(const Value& all) const {
  Value value = all;
  SaveReport report;
  try {
    report = harker::save(value, path, save);
  } catch (const TypeError& e) {
    const Held held = what_holds(format(), value, save, e.what());
    if (held.lost.empty()) throw;
    const std::string what =
        str(format().name(), " cannot hold ", grouped(held.lost.size()), held.lost.size() == 1 ? " entry" : " entries");
    if (!lossy) throw TypeError(path + ": " + what + " (--lossy leaves them out):" + listed(held.lost));
    if (held.value.is_none()) throw TypeError(path + ": " + what + ", and there is nothing else:" + listed(held.lost));
    std::fprintf(stderr, "harker: %s: left out, for %s:%s\n", shown(path).c_str(), what.c_str(),
                 listed(held.lost).c_str());
    value = held.value;
    report = harker::save(value, path, save);
  }
  const std::uint64_t tensors = tensors_in(value);
  Out out;
  out << shown(path) << ": " << grouped(tensors) << (tensors == 1 ? " tensor, " : " tensors, ") << grouped(report.bytes)
      << " bytes\n";
  if (report.left_out > 0)
    out << shown(path) << ": " << grouped(report.left_out) << " bytes that no tensor views were left out\n";
  out.flush();
}

}  // namespace harker::cli

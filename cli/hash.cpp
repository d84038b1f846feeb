// `harker hash`: a digest of the weights alone, the same whatever format, order and layout of memory they are kept in.
//
//   tensor = SHA-256 (dtype '\n' sizes, with ',' between '\n' note '\n' elements)
//   file   = SHA-256 (of each tensor, by name: length of the name ':' name digest of the tensor '\n')
//
// Names are paths ("optimizer.state.0.exp_avg"), in the order of their bytes. Elements are row-major and little-endian,
// conjugate and negative views resolved. A NumPy array counts as the tensor it would be. The note is empty but for
// quantized tensors (scheme, scale and zero point, in C99's hexadecimal) and parts of sparse ones (layout and shape). What
// is no number does not enter: text, settings, Parameter flags, who shares memory with whom, names without elements.
#include <harker/core/base/text.h>
#include <algorithm>

#include "elements.h"
#include "input.h"
#include "match.h"
#include "out.h"
#include "progress.h"
#include "sha256.h"
#include "verb.h"
#include "weights.h"

namespace harker::cli {
namespace {

using Digests = std::vector<std::pair<std::string, std::string>>;  // name, digest

std::string digest_of(const Weight& w, Progress& progress, std::uint64_t& repeated) {
  check_walkable(w, repeated);
  std::string head = w.dtype + '\n';
  for (int d = 0; d < w.shape.rank(); ++d) head += (d ? "," : "") + std::to_string(w.shape[d]);
  Sha256 sum;
  sum.add(head + '\n' + w.note + '\n');
  if (!w.elements.is_tensor()) return sum.digest();
  Elements elements(w.elements);
  for (auto piece = elements.next(); !piece.empty(); piece = elements.next()) {
    sum.add(piece);
    progress.add(piece.size());
  }
  return sum.digest();
}

std::string digest_of(Digests& all) {
  std::sort(all.begin(), all.end());
  Sha256 sum;
  for (const auto& [name, digest] : all) sum.add(detail::str(name.size(), ':', name, digest, '\n'));
  return sum.digest();
}

class Hash : public Verb {
 public:
  Hash() : Verb("hash", "Print a digest of the weights, the same in every format") {
    files(files_, "FILE");
    flag(tensors_, "--tensors", "Also a line for each tensor");
    option(match_, "--match", "GLOB", kMatchHelp);
    loads();
    trouble = 2;
    statuses = "0 good, and all the same; 1 different; 2 a file that cannot be read, or wrong usage";
    examples = {{"harker hash model.pt model.safetensors", "do they hold the same weights?"},
                {"harker hash --tensors model.pt | sort > model.digests", "a line for each tensor, for diff(1)"}};
  }
  int run() override {
    if (std::count(files_.begin(), files_.end(), "-") > 1)
      throw UsageError("hash: only one FILE can be standard input");
    Out out;
    std::string first;
    bool same = true;
    for (const std::string& path : files_) {
      const std::string digest = digest_of(path, out);
      out << digest << "  " << shown(name_of(path)) << '\n';
      if (first.empty()) first = digest;
      same = same && digest == first;
    }
    if (files_.size() > 1) out << (same ? "the same\n" : "different\n");
    out.flush();
    return same ? 0 : 1;
  }

 private:
  std::string digest_of(const std::string& path, Out& out) {
    const Document doc = open_document(path, load_options());
    Progress progress("hashing " + name_of(path), bytes_of_weights(doc.value, match_));
    Digests all;
    std::uint64_t repeated = 0;
    each_weight(doc.value, match_, [&](const Weight& w) {
      if (w.kept && !w.elements.is_tensor()) return;
      all.emplace_back(w.path, cli::digest_of(w, progress, repeated));
      if (!tensors_) return;
      progress.erase();
      out << all.back().second << "  " << shown(w.path) << '\n';
    });
    if (all.empty())
      detail::throw_error<Error>(name_of(path), ": holds no weights", match_.empty() ? "" : " that match");
    return cli::digest_of(all);
  }

  std::vector<std::string> files_, match_;
  bool tensors_ = false;
};

}  // namespace

std::unique_ptr<Verb> hash_verb() { return std::make_unique<Hash>(); }

}  // namespace harker::cli

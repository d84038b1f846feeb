// `harker verify`: everything that can be checked. All that is wrong is told, each on a line of standard error; what is
// worth knowing of a good file (NaN and infinities) on standard output.
#include <harker/core/base/text.h>
#include <harker/core/value_walk.h>
#include <harker/serialize/checkpoint.h>
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <unordered_set>

#include "input.h"
#include "out.h"
#include "progress.h"
#include "verb.h"

namespace harker::cli {
namespace {

using detail::str;

constexpr std::uint64_t kMostLines = 1000;  // of each kind; the others are counted

class Report : public Findings {
 public:
  Report(std::string file, bool finite, std::uint64_t bytes)
      : file_(std::move(file)), finite_(finite), progress_("verifying " + file_, bytes) {}

  void wrong(const std::string& message) override {
    if (++wrong_ > kMostLines) return;
    progress_.erase();
    const std::string text = "harker: " + shown(message, true) + '\n';
    std::fwrite(text.data(), 1, text.size(), stderr);
  }
  void not_finite(const std::string& path, std::uint64_t nan, std::uint64_t inf) override {
    std::string what = (path.empty() ? std::string("the tensor") : path) + ": ";
    if (nan > 0) what += grouped(nan) + " NaN";
    if (inf > 0) what += (nan > 0 ? ", " : "") + grouped(inf) + (inf == 1 ? " infinity" : " infinities");
    if (finite_) return wrong(str(file_, ": ", what));
    if (++not_finite_ <= kMostLines) notes_ += shown(file_) + ": " + shown(what) + '\n';
  }
  void not_counted(std::uint64_t tensors) override {
    notes_ += shown(file_) + ": " + grouped(tensors) + " overlapping tensors were not looked through for NaN\n";
  }
  void passed(std::uint64_t bytes) override { progress_.add(bytes); }

  /// Says how many there were if not all were shown; 0 when the file is good.
  int end(Out& out) {
    progress_.erase();
    if (wrong_ > kMostLines)
      std::fprintf(stderr, "harker: %s: %s findings more\n", shown(file_).c_str(),
                   grouped(wrong_ - kMostLines).c_str());
    out << notes_;
    if (not_finite_ > kMostLines)
      out << shown(file_) << ": " << grouped(not_finite_ - kMostLines) << " tensors more that hold NaN or infinities\n";
    return wrong_ > 0 ? 1 : 0;
  }

 private:
  std::string file_, notes_;
  bool finite_;
  Progress progress_;
  std::uint64_t wrong_ = 0, not_finite_ = 0;
};

/// What makes a name unsafe to print, or to make a file of; null when nothing does.
const char* unsafe(std::string_view name) {
  constexpr std::size_t kLongest = 4096;
  if (name.size() > kLongest) return "is very long";
  for (std::size_t i = 0; i < name.size();) {
    const std::int32_t c = next_code_point(name, i);
    if ((c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0x200e || c == 0x200f || c == 0x61c)
      return "turns the direction of text around";
    if (is_unseen(c)) return c < 0 ? "is not UTF-8" : "has control characters, or others that are not seen";
  }
  const auto separator = [](char c) { return c == '/' || c == '\\'; };
  if (!name.empty() && separator(name.front())) return "is an absolute path";
  for (std::size_t at = 0; at <= name.size();) {
    const std::size_t end = static_cast<std::size_t>(
        std::find_if(name.begin() + static_cast<std::ptrdiff_t>(at), name.end(), separator) - name.begin());
    if (name.substr(at, end - at) == "..") return "leads out of its folder (..)";
    at = end + 1;
  }
  return nullptr;
}

/// Where the name first stands in the file as it is, for a message.
std::string where(const io::Source& source, std::string_view name) {
  constexpr std::size_t kPiece = 1 << 20;
  const io::ByteView all = source.bytes();
  for (std::size_t at = 0; at < all.size(); at += kPiece) {
    const std::size_t n = std::min(all.size() - at, kPiece + name.size());
    const void* found = ::memmem(all.data() + at, n, name.data(), name.size());
    source.looked(n);
    if (found) return str(" (at byte ", static_cast<const std::uint8_t*>(found) - all.data(), ")");
  }
  return {};
}

/// The names of tensors, and of what may hold some.
void check_names(const io::Source& source, const std::string& file, const Value& root, Findings& findings) {
  constexpr int kLookedUp = 16;
  int looked_up = 0;
  for (ValueWalk walk(root); walk.next();) {
    const Value& v = walk.value();
    if (walk.key().empty() || !(v.is_tensor() || v.is_container())) continue;
    const Value* key = walk.key().back().key;
    if (!key || !key->is_string()) continue;
    if (const char* why = unsafe(key->as_string()))
      findings.wrong(str(file, ": the name ", detail::quoted(key->as_string()), " ", why,
                         ++looked_up > kLookedUp ? std::string() : where(source, key->as_string())));
  }
}

class Verify : public Verb {
 public:
  Verify() : Verb("verify", "Check everything in a file, and name all that is wrong") {
    file(path_, "FILE");
    flag(finite_, "--finite", "NaN and infinities are errors");
    loads();
    examples = {{"harker verify model.pt", "structure, bounds, checksums, names, and that a checkpoint is one"},
                {"harker verify --finite model.pt", "and that all its numbers are numbers"}};
  }

  int run() override {
    const std::shared_ptr<const io::Source> source = open_window(path_);
    const std::string file = name_of(path_);
    Report report(file, finite_, source->bytes().size());
    const Document doc = detect_format(*source).examine(source, load_options(), report);
    check_names(*source, file, doc.value, report);
    const bool checkpoint = Checkpoint::claims(doc.value);
    try {
      if (checkpoint) Checkpoint{doc.value};
    } catch (const TypeError& e) { report.wrong(str(file, ": ", e.what())); }
    Out out;
    const int status = report.end(out);
    if (status == 0)
      out << shown(file) << (checkpoint ? ": ok, a checkpoint, " : ": ok, ") << totals(doc.value) << '\n';
    out.flush();
    return status;
  }

 private:
  static std::string totals(const Value& root) {
    std::uint64_t tensors = 0, bytes = 0;
    std::unordered_set<const Storage*> storages;
    auto use = [&](const Tensor& t) {
      if (storages.insert(&t.storage()).second) bytes += t.storage().nbytes;
    };
    for (ValueWalk walk(root); walk.next();) {
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
    return str(grouped(tensors), tensors == 1 ? " tensor, " : " tensors, ", grouped(bytes), " bytes");
  }

  std::string path_;
  bool finite_ = false;
};

}  // namespace

std::unique_ptr<Verb> verify_verb() { return std::make_unique<Verify>(); }

}  // namespace harker::cli

// What is done with a file that may be anything: it is read in one of several ways; when that works, every byte of
// every tensor is touched, and now and then it is saved and read again. Only harker::Error may come out.
#pragma once
#include <functional>
#include <memory>
#include <string>

#include <harker/core/warning.h>
#include <harker/serialize/format.h>

namespace harker::fuzz {

/// No warnings while it lives: most mutants that load deserve one.
class Quiet {
 public:
  Quiet() : before_(set_warning_handler([](const std::string&) {})) {}
  ~Quiet() { set_warning_handler(before_); }
  Quiet(const Quiet&) = delete;
  Quiet& operator=(const Quiet&) = delete;

 private:
  WarningHandler before_;
};

struct Way {
  bool lazy = false;    ///< LoadOptions::mmap, over memory that tensors may alias
  bool keep = false;    ///< Unknown::keep
  bool verify = false;  ///< Format::verify first
  bool again = false;   ///< saved and read again
  const char* as = "torch";
};
/// Eager and lazy, refuse and keep in turn; verify and again now and then.
Way way_of(std::uint64_t number);

struct Outcome {
  bool loaded = false;
  std::string error;         ///< of the load, or of the first use of a lazy storage
  std::string problem;       ///< what must never be; empty
  std::uint64_t digest = 0;  ///< of every byte of every tensor and number that was read
};
using Read = std::function<Value(const std::shared_ptr<const io::Source>&, const LoadOptions&)>;
/// With the format that the bytes are of.
Value read_any(const std::shared_ptr<const io::Source>& source, const LoadOptions& options);
Outcome exercise(io::ByteView bytes, const Way& way, const Read& read = read_any);

/// Makes every lazy storage real and reads every byte that `root` leads to. std::logic_error for a tensor that reaches
/// out of its storage.
std::uint64_t touch(const Value& root);

}  // namespace harker::fuzz

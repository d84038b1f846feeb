// The verbs of the command line. Each returns the exit status (0, or diff's 1 for "they differ"), throws UsageError for
// arguments that cannot be meant, and Error for anything wrong with a file. A FILE named "-" is standard input.
#pragma once
#include <string>

#include <harker/serialize/format.h>

namespace harker::cli {

/// Wrong usage that shows only when a verb looks at its arguments; nothing was read or written.
struct UsageError : Error {
  using Error::Error;
};

/// What messages and listings call a FILE.
std::string name_of(const std::string& path);
/// The bytes of a file or of standard input.
std::shared_ptr<const io::Source> open_source(const std::string& path, bool map = false);
/// load_document() of these.
Document open_document(const std::string& path, const LoadOptions& options);
/// What inspect lists. A large file's tensors are not read; of a small one (up to 1 MiB) all is, and so is checked.
Document open_listing(const std::string& path, LoadOptions options);
/// Whether both exist and are one file, whatever their spelling and links.
bool same_file(const std::string& from, const std::string& to);

/// What a checkpoint (serialize/checkpoint.h) holds, a line each; empty for anything else.
std::string checkpoint_text(const Value& root);
/// Prints a table of what the file holds; tensors' bytes are not read.
int inspect(const std::string& path, const LoadOptions& options);
/// The same as one JSON object (tests/fixtures/README.md).
int inspect_json(const std::string& path, const LoadOptions& options);
/// Writes one tensor's elements to standard output.
int cat(const std::string& path, const std::string& key, const LoadOptions& options);
/// Checks every byte, and that a checkpoint is one, and prints one line.
int verify(const std::string& path, const LoadOptions& options);
struct Conversion {
  std::string prefix;  ///< taken off the names of a state dict
  bool force = false;  ///< `to` may be `from`
  SaveOptions save;
};
/// Writes what `from` holds as `to`, and says what was left out.
int convert(const std::string& from, const std::string& to, const Conversion& how, const LoadOptions& options);
/// Names what differs. 1 when anything does.
int diff(const std::string& a, const std::string& b, const LoadOptions& options);

}  // namespace harker::cli

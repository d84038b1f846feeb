// What a verb reads: a file, or standard input for a FILE named "-".
#pragma once
#include <string>

#include <harker/serialize/format.h>

namespace harker::cli {

/// What messages and listings call a FILE.
std::string name_of(const std::string& path);
/// The bytes of a file or of standard input.
std::shared_ptr<const io::Source> open_source(const std::string& path, bool map = false);
/// The same to be looked at only, in memory for a piece of it (io::Source::open_window).
std::shared_ptr<const io::Source> open_window(const std::string& path);
/// What such a source holds, lazily: for Elements and whoever else goes on by pieces.
Document look_at(const std::string& path, LoadOptions options);
/// load_document() of these.
Document open_document(const std::string& path, const LoadOptions& options);
/// What inspect lists. A large file's tensors are not read; of a small one (up to 1 MiB) all is, and so is checked.
Document open_listing(const std::string& path, LoadOptions options);
/// Whether both exist and are one file, whatever their spelling and links.
bool same_file(const std::string& from, const std::string& to);

}  // namespace harker::cli

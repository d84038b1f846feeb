// Standard input is read to its end, and never waited for in vain; whether two names on the command line are one file.
#include <sys/stat.h>
#include <unistd.h>

#include <harker/core/base/text.h>
#include <cerrno>
#include <cstring>
#include <utility>

#include "input.h"
#include "verb.h"

namespace harker::cli {
namespace {

constexpr const char* kStdin = "standard input";

bool is_stdin(const std::string& path) { return path == "-"; }

/// All of it, since formats keep their tables at the end. An endless stream is not waited for: neither one that begins
/// like no model file, nor any other.
std::vector<std::uint8_t> read_stdin() {
  if (::isatty(STDIN_FILENO))
    throw UsageError("- is standard input, and that is a terminal: give a FILE, or pipe one in");
  constexpr std::size_t kPiece = 64 << 10, kHead = 1 << 20, kLook = 256 << 20;
  const std::size_t limit =
      static_cast<std::size_t>(::sysconf(_SC_PHYS_PAGES)) / 4 * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  std::vector<std::uint8_t> data;
  for (std::size_t have = 0;;) {
    data.resize(have + kPiece);
    const ssize_t n = ::read(STDIN_FILENO, data.data() + have, kPiece);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) detail::throw_error<IoError>(kStdin, ": cannot be read: ", std::strerror(errno));
    const std::size_t before = std::exchange(have, have + static_cast<std::size_t>(n));
    if (n == 0) return data.resize(have), data;
    if (before < kLook && have >= kLook) detect_format(*io::Source::view(io::ByteView(data).first(kHead), kStdin));
    if (have > limit)
      detail::throw_error<IoError>(kStdin, ": more than ", limit >> 20,
                                   " MiB, a quarter of the memory: save it as a file");
  }
}

}  // namespace

std::string name_of(const std::string& path) { return is_stdin(path) ? kStdin : path; }

std::shared_ptr<const io::Source> open_source(const std::string& path, bool map) {
  return is_stdin(path) ? io::Source::adopt(read_stdin(), kStdin) : io::Source::open(path, map);
}

std::shared_ptr<const io::Source> open_window(const std::string& path) {
  return is_stdin(path) ? open_source(path) : io::Source::open_window(path);
}

Document look_at(const std::string& path, LoadOptions options) {
  const std::shared_ptr<const io::Source> source = open_window(path);
  options.mmap = true;
  return detect_format(*source).read(source, options);
}

Document open_document(const std::string& path, const LoadOptions& options) {
  const std::shared_ptr<const io::Source> source = open_source(path, options.mmap);
  return detect_format(*source).read(source, options);
}

Document open_listing(const std::string& path, LoadOptions options) {
  struct stat info {};
  options.mmap = ::stat(path.c_str(), &info) != 0 || info.st_size > (1 << 20);
  return open_document(path, options);
}

bool same_file(const std::string& from, const std::string& to) {
  struct stat a, b;
  if ((is_stdin(from) ? ::fstat(STDIN_FILENO, &a) : ::stat(from.c_str(), &a)) != 0) return false;
  return ::stat(to.c_str(), &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

}  // namespace harker::cli

// A file that appears whole or not at all: temporary file beside the target, write, fsync, rename, fsync of the folder.
// The order is what makes it safe: the name must never point at bytes that the disk does not have yet.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>

#include <harker/core/text.h>
#include <harker/serialize/io/file_system.h>
#include <harker/serialize/io/sink.h>

namespace harker HARKER_PUBLIC {
namespace io {
namespace {

constexpr std::size_t kBuffer = 256 << 10;
constexpr int kLinks = 40, kNames = 1000;

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.find_last_of('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

std::string reason(int code) { return std::strerror(code); }

// Where the file itself lies, behind any symbolic links: replacing a link by a file would cut it off.
std::string behind_links(std::string path) {
  const std::string asked = path;
  for (int i = 0; i < kLinks; ++i) {
    struct stat info;
    if (::lstat(path.c_str(), &info) != 0 || !S_ISLNK(info.st_mode)) return path;
    char target[4096];
    const ssize_t n = ::readlink(path.c_str(), target, sizeof target);
    if (n < 0 || n == static_cast<ssize_t>(sizeof target)) break;
    const std::string to(target, static_cast<std::size_t>(n));
    path = to.starts_with('/') ? to : folder_of(path) + "/" + to;
  }
  throw IoError(detail::str(asked, ": too many symbolic links, or one that cannot be read"));
}

}  // namespace

AtomicFile::AtomicFile(std::string path, bool durable)
    : path_(behind_links(std::move(path))), folder_(folder_of(path_)), durable_(durable) {
  struct stat old;
  const bool exists = ::stat(path_.c_str(), &old) == 0;
  if (exists && !S_ISREG(old.st_mode))
    throw IoError(
        detail::str(path_, ": cannot be replaced: it is ", S_ISDIR(old.st_mode) ? "a folder" : "no regular file"));
  buffer_.reserve(kBuffer);  // before there is a file that an exception would leave behind
  const unsigned mode = exists ? static_cast<unsigned>(old.st_mode & 07777) : 0666U;
  static std::atomic<unsigned> counter{0};
  const std::string stem = detail::str(folder_, "/.harker-", ::getpid(), "-");
  for (int i = 0; i < kNames && fd_ < 0; ++i) {
    temporary_ = detail::str(stem, counter.fetch_add(1), ".tmp");
    fd_ = file_system().create(temporary_, mode);
    if (fd_ < 0 && errno != EEXIST && errno != EINTR) break;
  }
  if (fd_ < 0) {
    const int code = errno;
    temporary_.clear();
    throw IoError(detail::str(path_, ": no temporary file can be made beside it: ", reason(code)));
  }
  if (exists && file_system().fchmod(fd_, mode) != 0) fail("keeping the file's mode");  // the umask has cut it above
}

AtomicFile::~AtomicFile() {
  if (fd_ >= 0) file_system().close(fd_);
  if (!temporary_.empty()) file_system().unlink(temporary_);
}

void AtomicFile::fail(const char* call) {
  const int code = errno;
  if (fd_ >= 0) file_system().close(fd_);
  fd_ = -1;
  if (!temporary_.empty()) file_system().unlink(temporary_);
  temporary_.clear();
  throw IoError(detail::str(path_, ": ", call, " failed: ", reason(code), " (nothing was changed)"));
}

void AtomicFile::write(ByteView data) {
  position_ += data.size();
  if (data.size() <= kBuffer - buffer_.size()) {
    buffer_.insert(buffer_.end(), data.begin(), data.end());
    return;
  }
  flush();
  if (data.size() <= kBuffer / 2) {
    buffer_.insert(buffer_.end(), data.begin(), data.end());
    return;
  }
  write_through(data);
}

void AtomicFile::flush() {
  write_through(buffer_);
  buffer_.clear();
}

void AtomicFile::write_through(ByteView data) {
  while (!data.empty()) {
    const long n = file_system().write(fd_, data.data(), data.size());
    if (n < 0 && errno == EINTR) continue;
    if (n == 0) errno = EIO;
    if (n <= 0) fail("writing");
    data = data.subspan(static_cast<std::size_t>(n));
  }
}

void AtomicFile::commit() {
  flush();
  FileSystem& fs = file_system();
  if (durable_) {
    int result;
    do result = fs.fsync(fd_);
    while (result != 0 && errno == EINTR);
    if (result != 0) fail("fsync");
  }
  const int closed = fs.close(fd_);
  fd_ = -1;  // also after an error: on Linux the descriptor is gone
  if (closed != 0 && errno != EINTR) fail("closing");
  if (fs.rename(temporary_, path_) != 0) fail("renaming");
  temporary_.clear();
  if (!durable_) return;
  if (fs.fsync_folder(folder_) != 0 && errno != EINVAL && errno != ENOTSUP)
    throw IoError(detail::str(path_, ": the new file is in place, but fsync of its folder failed: ", reason(errno),
                              " (a power cut may bring the old one back)"));
}

}  // namespace io
}  // namespace harker

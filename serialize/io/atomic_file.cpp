// A file that appears whole or not at all. The order is what makes it safe: the name must never point at bytes that the
// disk does not have yet.
//   sweep what dead saves left, open an unnamed file (O_TMPFILE), lock it, write, fsync,
//   link it to a temporary name, rename that over the target, close (and unlock), fsync the folder.
// A killed process leaves nothing but between link and rename, where signals wait; a target that is not there yet is
// linked at once. Where a file can have no name at first, it has the temporary one from the start, and is locked.
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

#include <harker/core/base/text.h>
#include <harker/serialize/io/file_system.h>
#include <harker/serialize/io/sink.h>
#include <harker/serialize/io/source.h>
#include <harker/serialize/io/temporary.h>

namespace harker HARKER_PUBLIC {
namespace io {
namespace {

constexpr std::size_t kBuffer = 256 << 10;
constexpr std::uint64_t kPiece = 4 << 20;  // the disk is kept busy with such pieces while the next one is made
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
  for (int i = 0; i <= kLinks; ++i) {  // as many as Linux follows
    struct stat info;
    if (::lstat(path.c_str(), &info) != 0 || !S_ISLNK(info.st_mode)) return path;
    char target[4096];
    const ssize_t n = ::readlink(path.c_str(), target, sizeof target);
    if (n < 0 || n == static_cast<ssize_t>(sizeof target)) break;
    const std::string to(target, static_cast<std::size_t>(n));
    path = to.starts_with('/') ? to : folder_of(path) + "/" + to;
  }
  detail::throw_error<IoError>(asked, ": too many symbolic links, or one that cannot be read");
}

// Keeps this thread's signals waiting. (SIGKILL does not.)
class SignalsWait {
 public:
  SignalsWait() {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsWait() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsWait(const SignalsWait&) = delete;
  SignalsWait& operator=(const SignalsWait&) = delete;

 private:
  sigset_t before_;
};

}  // namespace

AtomicFile::AtomicFile(std::string path, bool durable)
    : path_(behind_links(std::move(path))), folder_(folder_of(path_)), durable_(durable) {
  struct stat old;
  const bool exists = ::stat(path_.c_str(), &old) == 0;
  if (exists && !S_ISREG(old.st_mode))
    detail::throw_error<IoError>(path_, ": cannot be replaced: it is ",
                                 S_ISDIR(old.st_mode) ? "a folder" : "no regular file");
  buffer_.reserve(kBuffer);  // before there is a file that an exception would leave behind
  const unsigned mode = exists ? static_cast<unsigned>(old.st_mode & 07777) : 0666U;
  sweep_temporaries(folder_);
  fd_ = file_system().create_unnamed(folder_, mode);
  if (fd_ >= 0)
    file_system().lock(fd_);  // where there are no locks, nobody sweeps
  else
    create_named(mode);  // whatever the reason was: what is truly wrong stands in this way too
  if (exists && file_system().fchmod(fd_, mode) != 0) fail("keeping the file's mode");  // the umask has cut it above
}

void AtomicFile::create_named(unsigned mode) {
  FileSystem& fs = file_system();
  for (int i = 0; i < kNames; ++i) {
    temporary_ = temporary_in(folder_);
    fd_ = fs.create(temporary_, mode);
    if (fd_ < 0 && (errno == EEXIST || errno == EINTR)) continue;
    if (fd_ < 0) break;
    struct stat made;
    const bool swept = (fs.lock(fd_) != 0 && errno == EWOULDBLOCK) || (::fstat(fd_, &made) == 0 && made.st_nlink == 0);
    if (!swept) return;
    fs.close(std::exchange(fd_, -1));  // by another save, which saw it before it was locked
    fs.unlink(temporary_);
  }
  const int code = errno;
  temporary_.clear();
  detail::throw_error<IoError>(path_, ": no temporary file can be made beside it: ", reason(code));
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
  detail::throw_error<IoError>(path_, ": ", call, " failed: ", reason(code), " (nothing was changed)");
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

std::string AtomicFile::beside_path(std::string_view name) const {
  if (name.empty() || name.find('/') != std::string_view::npos || name == "." || name == "..")
    detail::throw_error<Error>(path_, ": ", detail::quoted(name), " is no name for a file beside it");
  return folder_ + "/" + std::string(name);
}

Sink& AtomicFile::beside(std::string_view name) {
  beside_.push_back(std::make_unique<AtomicFile>(beside_path(name), durable_));
  return *beside_.back();
}

std::vector<std::string> AtomicFile::neighbours() const {
  std::vector<std::string> names;
  DIR* folder = ::opendir(folder_.c_str());
  if (!folder) return names;
  while (const dirent* e = ::readdir(folder)) names.emplace_back(e->d_name);
  ::closedir(folder);
  return names;
}

std::shared_ptr<const Source> AtomicFile::old() const {
  try {
    return Source::open(path_);
  } catch (const IoError&) { return nullptr; }
}

void AtomicFile::flush() {
  write_through(buffer_);
  buffer_.clear();
}

void AtomicFile::rewrite(std::uint64_t at, ByteView data) {
  if (at >= written_) {  // not beyond the buffer yet
    std::copy(data.begin(), data.end(), buffer_.begin() + static_cast<std::ptrdiff_t>(at - written_));
    return;
  }
  flush();
  while (!data.empty()) {
    const long n = file_system().write_at(fd_, data.data(), data.size(), at);
    if (n < 0 && errno == EINTR) continue;
    if (n == 0) errno = EIO;
    if (n <= 0) fail("writing");
    data = data.subspan(static_cast<std::size_t>(n));
    at += static_cast<std::uint64_t>(n);
  }
}

void AtomicFile::expect(std::uint64_t n) {
  std::uint64_t end = 0;
  if (checked_add(position_, n, end)) reserve(end);
}

// Blocks for the bytes up to `end`. Of a file that is renamed over another, ext4 writes all out at once while it has none
// of its own. What a file system cannot do, it need not.
void AtomicFile::reserve(std::uint64_t end) {
  if (end <= kBuffer || end <= reserved_ || end > INT64_MAX) return;
  int result;
  do result = file_system().reserve(fd_, reserved_, end - reserved_);
  while (result != 0 && errno == EINTR);
  if (result != 0 && (errno == ENOSPC || errno == EDQUOT || errno == EFBIG)) fail("reserving room");
  reserved_ = result == 0 ? end : UINT64_MAX;
}

void AtomicFile::write_through(ByteView data) {
  FileSystem& fs = file_system();
  reserve(written_ + data.size());
  while (!data.empty()) {
    const long n = fs.write(fd_, data.data(), std::min<std::size_t>(data.size(), kPiece));
    if (n < 0 && errno == EINTR) continue;
    if (n == 0) errno = EIO;
    if (n <= 0) fail("writing");
    data = data.subspan(static_cast<std::size_t>(n));
    written_ += static_cast<std::uint64_t>(n);
    if (durable_ && written_ - started_ >= kPiece) {
      fs.start_writing(fd_, started_, written_ - started_);  // fsync tells what is wrong with it
      started_ = written_;
    }
  }
}

// Waits until the disk has the bytes, or at least asks for the errors that some file systems only tell at the end.
void AtomicFile::sync() {
  FileSystem& fs = file_system();
  if (durable_) {
    int result;
    do result = fs.fsync(fd_);
    while (result != 0 && errno == EINTR);
    if (result != 0) fail("fsync");
  } else {
    const int twin = ::fcntl(fd_, F_DUPFD_CLOEXEC, 0);  // the file itself stays open: it holds the lock
    if (twin >= 0 && fs.close(twin) != 0 && errno != EINTR) fail("closing");
  }
}

// The unnamed file becomes the target; by way of a temporary name when there is an old one, which link does not
// replace. False when it can have no name.
bool AtomicFile::place_unnamed() {
  const SignalsWait guard;
  FileSystem& fs = file_system();
  if (fs.link(fd_, path_) == 0) return true;
  for (int i = 0; i < kNames; ++i) {
    temporary_ = temporary_in(folder_);
    if (fs.link(fd_, temporary_) == 0) return place_named(), true;
    if (errno != EEXIST) break;
  }
  temporary_.clear();
  return false;
}

void AtomicFile::place_named() {
  if (file_system().rename(temporary_, path_) != 0) fail("renaming");
  temporary_.clear();
}

// Where links are forbidden (hardened containers do that), or /proc is missing, the bytes move to a file with a name.
void AtomicFile::copy_to_named() {
  struct Open {
    int fd;
    ~Open() { file_system().close(fd); }
  } const from{std::exchange(fd_, -1)};
  struct stat info;
  if (::fstat(from.fd, &info) != 0) fail("copying");
  create_named(static_cast<unsigned>(info.st_mode & 07777));
  if (file_system().fchmod(fd_, info.st_mode & 07777) != 0) fail("keeping the file's mode");
  buffer_.resize(kBuffer);
  reserved_ = written_ = started_ = 0;
  for (off_t at = 0;;) {
    const ssize_t n = ::pread(from.fd, buffer_.data(), kBuffer, at);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail("copying");
    if (n == 0) break;
    write_through(ByteView(buffer_).first(static_cast<std::size_t>(n)));
    at += n;
  }
  sync();
}

void AtomicFile::commit() {
  flush();
  sync();
  std::optional<SignalsWait> guard;  // a set is not left half in place
  if (!beside_.empty()) guard.emplace();
  for (const std::unique_ptr<AtomicFile>& other : beside_) other->commit();
  if (temporary_.empty() && !place_unnamed()) copy_to_named();
  if (!temporary_.empty()) place_named();
  FileSystem& fs = file_system();
  fs.close(std::exchange(fd_, -1));
  if (durable_ && fs.fsync_folder(folder_) != 0 && errno != EINVAL && errno != ENOTSUP)
    detail::throw_error<IoError>(path_, ": the new file is in place, but fsync of its folder failed: ", reason(errno),
                                 " (a power cut may bring the old one back)");
  for (const std::string& path : retired_) fs.unlink(path);  // when this fails, the next save does it
}

}  // namespace io
}  // namespace harker

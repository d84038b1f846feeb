// The POSIX calls behind FileSystem.
#include <harker/serialize/io/file_system.h>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>

namespace harker HARKER_PUBLIC {
namespace io {
namespace {

FileSystem the_system;
std::atomic<FileSystem*> in_use{&the_system};

}  // namespace

int FileSystem::create_unnamed(const std::string& folder, unsigned mode) {
  return ::open(folder.c_str(), O_RDWR | O_TMPFILE | O_CLOEXEC, static_cast<mode_t>(mode));
}
int FileSystem::create(const std::string& path, unsigned mode) {
  return ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, static_cast<mode_t>(mode));
}
int FileSystem::lock(int fd) { return ::flock(fd, LOCK_EX | LOCK_NB); }
int FileSystem::reserve(int fd, std::uint64_t from, std::uint64_t n) {
  return ::fallocate(fd, FALLOC_FL_KEEP_SIZE, static_cast<off_t>(from), static_cast<off_t>(n));
}
long FileSystem::write(int fd, const void* data, std::size_t n) { return ::write(fd, data, n); }
long FileSystem::write_at(int fd, const void* data, std::size_t n, std::uint64_t at) {
  return ::pwrite(fd, data, n, static_cast<off_t>(at));
}
int FileSystem::start_writing(int fd, std::uint64_t from, std::uint64_t n) {
  return ::sync_file_range(fd, static_cast<off_t>(from), static_cast<off_t>(n), SYNC_FILE_RANGE_WRITE);
}
int FileSystem::fsync(int fd) { return ::fsync(fd); }
int FileSystem::fchmod(int fd, unsigned mode) { return ::fchmod(fd, static_cast<mode_t>(mode)); }
int FileSystem::close(int fd) { return ::close(fd); }
int FileSystem::link(int fd, const std::string& path) {
  // By its name in /proc: linking a bare descriptor (AT_EMPTY_PATH) takes a privilege.
  const std::string name = "/proc/self/fd/" + std::to_string(fd);
  return ::linkat(AT_FDCWD, name.c_str(), AT_FDCWD, path.c_str(), AT_SYMLINK_FOLLOW);
}
int FileSystem::rename(const std::string& from, const std::string& to) { return std::rename(from.c_str(), to.c_str()); }
int FileSystem::unlink(const std::string& path) { return ::unlink(path.c_str()); }
int FileSystem::fsync_folder(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return -1;
  const int result = ::fsync(fd), reason = errno;
  ::close(fd);
  errno = reason;
  return result;
}

FileSystem* set_file_system(FileSystem* fs) {
  FileSystem* before = in_use.exchange(fs ? fs : &the_system);
  return before == &the_system ? nullptr : before;
}
FileSystem& file_system() { return *in_use.load(); }

}  // namespace io
}  // namespace harker

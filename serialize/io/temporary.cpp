// The sweep asks three questions of a file: is it named as ours are, is it a regular file of this user, is it unlocked?
// Of one named as before there was a lock, a fourth: has it not been written to for an hour? Only then, and while it
// holds the lock itself, it removes the name.
#include <harker/serialize/io/temporary.h>

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <charconv>
#include <string_view>

#include <harker/core/base/text.h>

namespace harker::io {
namespace {

constexpr std::string_view kStart = ".harker-", kLocked = "save-", kEnd = ".tmp";

// Takes a natural number from the front of `s`; -1 when there is none.
long take_number(std::string_view& s) {
  long n = -1;
  if (s.empty() || s[0] < '0' || s[0] > '9') return -1;
  const auto [end, error] = std::from_chars(s.data(), s.data() + s.size(), n);
  if (error != std::errc()) return -1;
  s.remove_prefix(static_cast<std::size_t>(end - s.data()));
  return n;
}

enum class Named { otherwise, as_ours, as_of_old };

// Was `name` given by a save that may be dead?
Named named(std::string_view name) {
  if (!name.starts_with(kStart)) return Named::otherwise;
  name.remove_prefix(kStart.size());
  const bool locked = name.starts_with(kLocked);
  if (locked) name.remove_prefix(kLocked.size());
  const long process = take_number(name);
  if (process <= 0 || process > INT32_MAX || !name.starts_with('-')) return Named::otherwise;
  name.remove_prefix(1);
  if (take_number(name) < 0 || name != kEnd) return Named::otherwise;
  if (locked) return Named::as_ours;
  return ::kill(static_cast<pid_t>(process), 0) != 0 && errno == ESRCH ? Named::as_of_old : Named::otherwise;
}

// Without a lock a live save on another machine looks dead, but it writes.
bool at_rest(const struct stat& file) { return file.st_mtime < ::time(nullptr) - 3600; }

void remove_if_dead(int folder, const char* name, Named how) {
  // A lock to share is enough to learn that nobody holds it alone, and NFS gives it to who may only read.
  const int fd = ::openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) return;
  struct stat file, found;
  if (::fstat(fd, &file) == 0 && S_ISREG(file.st_mode) && file.st_uid == ::geteuid() &&
      (how == Named::as_ours || at_rest(file)) && ::flock(fd, LOCK_SH | LOCK_NB) == 0 &&
      // Renamed meanwhile, it is somebody's new file, and the name is gone or another's.
      ::fstatat(folder, name, &found, AT_SYMLINK_NOFOLLOW) == 0 && found.st_dev == file.st_dev &&
      found.st_ino == file.st_ino)
    ::unlinkat(folder, name, 0);
  ::close(fd);
}

}  // namespace

std::string temporary_in(const std::string& folder) {
  static std::atomic<unsigned> counter{0};
  return detail::str(folder, "/", kStart, kLocked, ::getpid(), "-", counter.fetch_add(1), kEnd);
}

void sweep_temporaries(const std::string& folder) noexcept {
  DIR* all = ::opendir(folder.c_str());
  if (!all) return;
  while (const dirent* e = ::readdir(all))
    if (const Named how = named(e->d_name); how != Named::otherwise) remove_if_dead(::dirfd(all), e->d_name, how);
  ::closedir(all);
}

}  // namespace harker::io

// Opening files: small ones are read, large ones mapped copy-on-write.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <mutex>

#include <harker/core/base/text.h>
#include <harker/serialize/io/source.h>

namespace harker HARKER_PUBLIC {
namespace io {
namespace {

constexpr std::uint64_t kReadBelow = 256 << 10;

struct Descriptor {
  int fd = -1;
  explicit Descriptor(int opened) : fd(opened) {}
  ~Descriptor() {
    if (fd >= 0) ::close(fd);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
};

// O_NONBLOCK: a named pipe must be refused, not waited for.
constexpr int kOpen = O_RDONLY | O_CLOEXEC | O_NONBLOCK;

std::mutex windows_mutex;
std::vector<const Source*> windows;  // few: those of a command line
std::atomic<bool> any_window{false};

class MemorySource final : public Source {
 public:
  MemorySource(ByteView bytes, std::string name) : Source(bytes, std::move(name), false) {}
  MemorySource(std::vector<std::uint8_t> own, std::string name)
      : Source({}, std::move(name), true), own_(std::move(own)) {
    bytes_ = own_;
  }

 private:
  std::vector<std::uint8_t> own_;
};

class MappedSource final : public Source {
 public:
  MappedSource(ByteView bytes, std::string name, bool may_write) : Source(bytes, std::move(name), may_write) {}
  void become_window() {
    const std::lock_guard lock(windows_mutex);
    windows.push_back(this);
    any_window = listed_ = true;
  }
  ~MappedSource() override {
    if (listed_) {
      const std::lock_guard lock(windows_mutex);
      std::erase(windows, this);
      any_window = !windows.empty();
    }
    ::munmap(const_cast<std::uint8_t*>(bytes_.data()), bytes_.size());
  }

 private:
  bool listed_ = false;
};

[[noreturn]] void fail(const std::string& path, const char* what, int code) {
  detail::throw_error<IoError>(path, ": ", what, ": ", std::strerror(code));
}

[[noreturn]] void no_memory(const std::string& path, std::uint64_t size) {
  detail::throw_error<IoError>(path, ": its ", size, " bytes are more than this process has room for: raise the limit ",
                               "(ulimit -v), or free memory");
}

constexpr std::size_t kLongestLocation = 4096;  // PATH_MAX

std::string folder_of(const std::string& path) {  // with its slash, or empty
  return path.substr(0, path.find_last_of('/') + 1);
}

bool is_link(const std::string& path) {
  struct stat info;
  return ::lstat(path.c_str(), &info) == 0 && S_ISLNK(info.st_mode);
}

// A file, or why it cannot be opened.
struct Opened {
  std::shared_ptr<const Source> source;
  std::string path;
  int code;
  std::shared_ptr<const Source> or_fail() const {
    if (!source) fail(path, "cannot be opened", code);
    return source;
  }
};

}  // namespace

std::shared_ptr<const Source> Source::open(const std::string& path, bool map) {
  const Descriptor file(::open(path.c_str(), kOpen));
  if (file.fd < 0) fail(path, "cannot be opened", errno);
  return from_descriptor(file.fd, path, map, false);
}

std::shared_ptr<const Source> Source::open_window(const std::string& path) {
  const Descriptor file(::open(path.c_str(), kOpen));
  if (file.fd < 0) fail(path, "cannot be opened", errno);
  return from_descriptor(file.fd, path, false, true);
}

// The mapping of a window is read-only, so no page of it holds anything that the file does not.
void Source::give_back(std::uint64_t n) const {
  constexpr std::uint64_t kMost = 4 << 20;
  if (looked_.fetch_add(n, std::memory_order_relaxed) + n < kMost) return;
  looked_.store(0, std::memory_order_relaxed);
  ::madvise(const_cast<std::uint8_t*>(bytes_.data()), bytes_.size(), MADV_DONTNEED);
}

void came_by(const void* place) {
  constexpr std::uint64_t kAround = 64 << 10;
  if (!any_window.load(std::memory_order_relaxed)) return;
  const std::lock_guard lock(windows_mutex);
  const auto* at = static_cast<const std::uint8_t*>(place);
  for (const Source* s : windows)
    if (at >= s->bytes().data() && at < s->bytes().data() + s->bytes().size()) return s->looked(kAround);
}

std::shared_ptr<const Source> Source::beside(std::string_view location, bool map, bool follow) const {
  const auto refuse = [&](const char* why) {
    detail::throw_error<FormatError>(name_, ": the location ", detail::quoted(location), " ", why);
  };
  if (location.empty() || location.find('\0') != std::string_view::npos) refuse("is no path");
  if (location.front() == '/') refuse("is an absolute path: only files in this file's folder are read");
  if (!is_file_)
    detail::throw_error<IoError>(name_, ": names an external file, ", detail::quoted(location),
                                 ", and lies in no folder itself: load it from its path");
  if (location.size() > kLongestLocation) refuse("is too long for a path");
  const auto open_in = [&](const std::string& folder) {
    const std::string path = folder + detail::escaped(location);  // for messages
    int at = ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_CLOEXEC | O_DIRECTORY);
    for (std::string_view rest = location;;) {
      const int code = errno;
      const Descriptor inside(at);
      if (inside.fd < 0) return Opened{nullptr, path, code};
      const std::size_t slash = rest.find('/');
      const std::string part(rest.substr(0, slash));
      if (part == "..") refuse("leads out of the folder (..)");
      const bool last = slash == std::string_view::npos;
      at = ::openat(inside.fd, part.empty() ? "." : part.c_str(),
                    kOpen | (last ? 0 : O_DIRECTORY) | (last && follow ? 0 : O_NOFOLLOW));
      const int refused = errno;
      struct stat info;
      if (at < 0 && ::fstatat(inside.fd, part.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(info.st_mode))
        refuse("is a symbolic link, or leads through one: it may point outside the folder");
      errno = refused;
      if (last) {
        const Descriptor file(at);
        if (file.fd < 0) return Opened{nullptr, path, refused};
        return Opened{from_descriptor(file.fd, path, map, is_window_), path, 0};
      }
      rest = rest.substr(slash + 1);
    }
  };
  // A save through a link lays other files beside the file itself; a cache of downloads, beside the link.
  const std::unique_ptr<char, void (*)(void*)> real(is_link(name_) ? ::realpath(name_.c_str(), nullptr) : nullptr,
                                                    std::free);
  if (real)
    if (const Opened file = open_in(folder_of(real.get())); file.source || file.code != ENOENT) return file.or_fail();
  return open_in(folder_of(name_)).or_fail();
}

std::shared_ptr<const Source> Source::from_descriptor(int fd, const std::string& path, bool map, bool window) {
  struct stat info;
  if (::fstat(fd, &info) != 0) fail(path, "cannot be examined", errno);
  if (S_ISDIR(info.st_mode)) detail::throw_error<IoError>(path, ": is a folder, not a file");
  if (!S_ISREG(info.st_mode)) detail::throw_error<IoError>(path, ": is no regular file");
  const auto size = static_cast<std::uint64_t>(info.st_size);
  if (size > 0 && (map || size >= kReadBelow)) {
    void* at = ::mmap(nullptr, size, PROT_READ | (window ? 0 : PROT_WRITE), MAP_PRIVATE | MAP_NORESERVE, fd, 0);
    // Pages that may be written to count as memory where that is limited (ulimit -d, no overcommitment).
    const bool may_write = !window && (at != MAP_FAILED || errno != ENOMEM);
    if (at == MAP_FAILED && errno == ENOMEM) at = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (at != MAP_FAILED) {
      std::shared_ptr<MappedSource> mapped;
      try {
        mapped = std::make_shared<MappedSource>(ByteView(static_cast<const std::uint8_t*>(at), size), path, may_write);
      } catch (...) {
        ::munmap(at, size);
        throw;
      }
      mapped->is_file_ = true;
      mapped->is_window_ = window;
      if (window) mapped->become_window();
      return mapped;
    }
    if (errno == ENOMEM) no_memory(path, size);
    if (errno != ENODEV && errno != EINVAL)
      fail(path, "cannot be mapped", errno);  // else: a file system that cannot; read it
  }
  std::vector<std::uint8_t> data(size);
  std::size_t have = 0;
  while (have < data.size()) {
    const ssize_t n = ::read(fd, data.data() + have, data.size() - have);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail(path, "cannot be read", errno);
    if (n == 0)
      detail::throw_error<IoError>(path, ": became shorter while it was read: ", have, " of ", size, " bytes");
    have += static_cast<std::size_t>(n);
  }
  auto read = std::make_shared<MemorySource>(std::move(data), path);
  read->is_file_ = true;
  return read;
}

std::shared_ptr<const Source> Source::view(ByteView bytes, std::string name) {
  return std::make_shared<MemorySource>(bytes, std::move(name));
}
std::shared_ptr<const Source> Source::copy(ByteView bytes, std::string name) {
  return adopt({bytes.begin(), bytes.end()}, std::move(name));
}
std::shared_ptr<const Source> Source::adopt(std::vector<std::uint8_t> bytes, std::string name) {
  return std::make_shared<MemorySource>(std::move(bytes), std::move(name));
}

}  // namespace io
}  // namespace harker

// Opening files: small ones are read, large ones mapped copy-on-write.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include <harker/core/base/text.h>
#include <harker/serialize/io/source.h>

namespace harker HARKER_PUBLIC {
namespace io {
namespace {

constexpr std::uint64_t kReadBelow = 256 << 10;

struct Descriptor {
  int fd = -1;
  ~Descriptor() {
    if (fd >= 0) ::close(fd);
  }
};

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
  MappedSource(ByteView bytes, std::string name) : Source(bytes, std::move(name), true) {}
  ~MappedSource() override { ::munmap(const_cast<std::uint8_t*>(bytes_.data()), bytes_.size()); }
};

[[noreturn]] void fail(const std::string& path, const char* what, int code) {
  detail::throw_error<IoError>(path, ": ", what, ": ", std::strerror(code));
}

}  // namespace

std::shared_ptr<const Source> Source::open(const std::string& path, bool map) {
  // O_NONBLOCK: a named pipe must be refused, not waited for.
  const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  if (file.fd < 0) fail(path, "cannot be opened", errno);
  struct stat info;
  if (::fstat(file.fd, &info) != 0) fail(path, "cannot be examined", errno);
  if (S_ISDIR(info.st_mode)) detail::throw_error<IoError>(path, ": is a folder, not a file");
  if (!S_ISREG(info.st_mode)) detail::throw_error<IoError>(path, ": is no regular file");
  const auto size = static_cast<std::uint64_t>(info.st_size);
  if (size > 0 && (map || size >= kReadBelow)) {
    void* at = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE, file.fd, 0);
    if (at != MAP_FAILED) {
      try {
        return std::make_shared<MappedSource>(ByteView(static_cast<const std::uint8_t*>(at), size), path);
      } catch (...) {
        ::munmap(at, size);
        throw;
      }
    }
    if (errno != ENODEV && errno != EINVAL)
      fail(path, "cannot be mapped", errno);  // else: a file system that cannot; read it
  }
  std::vector<std::uint8_t> data(size);
  std::size_t have = 0;
  while (have < data.size()) {
    const ssize_t n = ::read(file.fd, data.data() + have, data.size() - have);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail(path, "cannot be read", errno);
    if (n == 0)
      detail::throw_error<IoError>(path, ": became shorter while it was read: ", have, " of ", size, " bytes");
    have += static_cast<std::size_t>(n);
  }
  return std::make_shared<MemorySource>(std::move(data), path);
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

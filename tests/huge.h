// Tensors and files of more than 4 GiB that cost next to nothing: memory of zeroes that is never made, and a sink that
// leaves holes where it is given zeroes. What the library does with them is what it does with any others.
#pragma once
#include <fcntl.h>
#include <harker/core/tensor/make.h>
#include <harker/serialize/io/sink.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <string>

namespace harker::test {

/// `nbytes` of zeroes, of which the system only makes the pages that are written to.
inline Ref<Storage> zero_storage(std::size_t nbytes) {
  class Mapping final : public StorageOwner {
   public:
    explicit Mapping(std::size_t n) : n_(n) {
      at_ = ::mmap(nullptr, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
      if (at_ == MAP_FAILED) throw std::runtime_error("no address space for a large tensor");
    }
    ~Mapping() override { ::munmap(at_, n_); }
    void* materialize() override { return at_; }

   private:
    std::size_t n_;
    void* at_;
  };
  auto* owner = new Mapping(nbytes);
  return make_storage(owner, owner->materialize(), nbytes, false);
}

/// A file that is written with holes for blocks of zeroes.
class HoleSink final : public io::Sink {
 public:
  using Sink::write;
  explicit HoleSink(const std::string& path)
      : fd_(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)) {
    if (fd_ < 0) throw std::runtime_error("cannot create " + path);
  }
  ~HoleSink() override { ::close(fd_); }
  HoleSink(const HoleSink&) = delete;
  HoleSink& operator=(const HoleSink&) = delete;

  void write(io::ByteView data) override {
    constexpr std::size_t kBlock = 64 << 10;
    static const std::uint8_t zeroes[kBlock] = {};
    while (!data.empty()) {
      const std::size_t n = std::min(kBlock - static_cast<std::size_t>(position_ % kBlock), data.size());
      if (std::memcmp(data.data(), zeroes, n) != 0 &&
          ::pwrite(fd_, data.data(), n, static_cast<off_t>(position_)) != static_cast<ssize_t>(n))
        throw std::runtime_error("cannot write to the file");
      position_ += n;
      data = data.subspan(n);
    }
    if (::ftruncate(fd_, static_cast<off_t>(position_)) != 0) throw std::runtime_error("cannot extend the file");
  }
  void rewrite(std::uint64_t at, io::ByteView data) override {
    if (::pwrite(fd_, data.data(), data.size(), static_cast<off_t>(at)) != static_cast<ssize_t>(data.size()))
      throw std::runtime_error("cannot write to the file");
  }

 private:
  int fd_;
};

/// Why files of this size cannot be made in `folder` out of holes; empty when they can.
inline std::string no_huge_files(const std::string& folder, std::uint64_t size) {
  struct statvfs disk;
  if (::statvfs(folder.c_str(), &disk) != 0) return "the file system cannot be examined";
  if (std::uint64_t{disk.f_bavail} * disk.f_frsize < (64 << 20)) return "the disk is nearly full";
  const std::string probe = folder + "/holes";
  const int fd = ::open(probe.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return "no file can be created";
  struct stat made = {};
  const bool sparse = ::ftruncate(fd, static_cast<off_t>(size)) == 0 &&
                      ::pwrite(fd, "x", 1, static_cast<off_t>(size) - 1) == 1 && ::fstat(fd, &made) == 0 &&
                      made.st_blocks * 512 < (1 << 20);
  ::close(fd);
  ::unlink(probe.c_str());
  return sparse ? "" : "the file system has no sparse files of this size";
}

/// Bytes of memory of its own that this process holds; 0 where the system does not say.
inline std::uint64_t own_memory() {
  std::uint64_t kilobytes = 0;
  if (std::FILE* f = std::fopen("/proc/self/status", "r")) {
    char line[256];
    while (std::fgets(line, sizeof line, f))
      if (std::strncmp(line, "RssAnon:", 8) == 0) kilobytes = std::strtoull(line + 8, nullptr, 10);
    std::fclose(f);
  }
  return kilobytes << 10;
}

}  // namespace harker::test

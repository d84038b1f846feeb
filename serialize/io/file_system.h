// FileSystem: the calls a save makes, as a seam that tests replace to fail, shorten or stop any one of them.
// Each function returns what the POSIX call does, with errno.
#pragma once
#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include <harker/core/export.h>

namespace harker HARKER_PUBLIC {
namespace io {

class FileSystem {
 public:
  virtual ~FileSystem() = default;
  virtual int create_unnamed(const std::string& folder, unsigned mode);  ///< open(O_RDWR | O_TMPFILE | O_CLOEXEC)
  virtual int create(const std::string& path, unsigned mode);        ///< open(O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC)
  virtual int lock(int fd);                                          ///< flock(LOCK_EX | LOCK_NB)
  virtual int reserve(int fd, std::uint64_t from, std::uint64_t n);  ///< fallocate: blocks; the size stays
  virtual long write(int fd, const void* data, std::size_t n);
  virtual long write_at(int fd, const void* data, std::size_t n, std::uint64_t at);  ///< pwrite
  virtual int start_writing(int fd, std::uint64_t from, std::uint64_t n);  ///< sync_file_range, waits for nothing
  virtual int fsync(int fd);
  virtual int fchmod(int fd, unsigned mode);
  virtual int close(int fd);
  virtual int link(int fd, const std::string& path);  ///< gives an unnamed file its first name
  virtual int rename(const std::string& from, const std::string& to);
  virtual int unlink(const std::string& path);
  virtual int fsync_folder(const std::string& path);
};

/// The one in use; null restores the system's. Returns the one before.
FileSystem* set_file_system(FileSystem* fs);
FileSystem& file_system();

}  // namespace io
}  // namespace harker

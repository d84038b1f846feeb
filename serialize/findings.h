// Findings: who is told what verify finds in a file. Each is told when it is found, and verify goes on.
#pragma once
#include <cstdint>
#include <string>

#include <harker/core/export.h>

namespace harker HARKER_PUBLIC {

class Findings {
 public:
  virtual ~Findings() = default;
  /// Damage, or a contradiction: a whole message, which begins with the file's name.
  virtual void wrong(const std::string& message) = 0;
  /// The tensor at `path` holds so many NaN and infinities. No damage; told for those that hold any, behind all damage.
  virtual void not_finite(const std::string& path, std::uint64_t nan, std::uint64_t inf);
  /// So many bytes of storages were gone through.
  virtual void passed(std::uint64_t bytes);
  /// So many tensors overlap in one storage that they were not counted: that would take more than the file explains.
  virtual void not_counted(std::uint64_t tensors);
};

}  // namespace harker

// TarArchive: the members of a ustar file, as Python's tarfile wrote it: believed only where header checksums are
// right, names are unique, data lie inside, and the file ends as tar files end, in whole records of 10240 bytes.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include <harker/serialize/io/byte_view.h>

namespace harker::pt {

class TarArchive {
 public:
  struct Member {
    std::string_view name;
    io::ByteView data;
    char type;  ///< '0' for a plain file, as in the header
  };
  /// `file` must outlive this; `what` begins every error.
  TarArchive(io::ByteView file, std::string what);
  /// The data of a plain file, or null. FormatError when the member is anything else (a link, a folder).
  const Member* find(std::string_view name) const;

 private:
  void read_member(std::size_t& at);
  io::ByteView file_;
  std::string what_;
  std::vector<Member> members_;
};

}  // namespace harker::pt

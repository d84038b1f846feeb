// ZipWriter: an archive with the very bytes that torch's own writer (miniz, in caffe2/serialize/inline_container.cc)
// makes.
//
//   record  := "PK\3\4" ... name, [zip64 extra], 'F' 'B' u16 pad 'Z'*pad    so that the data begin on the alignment
//              data
//              "PK\7\x8" crc u32, sizes u32 u32 (u64 u64 in zip64)         unless the data are empty
//   central := "PK\1\2" ...        with true CRC and sizes
//   tail    := zip64 end record, locator, end record                      always all three
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include <harker/serialize/io/sink.h>

namespace harker::pt {

class ZipWriter {
 public:
  /// `root`: the folder that every record lies in. `crc32` false leaves 0 in every CRC.
  ZipWriter(io::Sink& sink, std::string root, std::uint32_t alignment, bool crc32);
  /// Writes a record and returns its CRC.
  std::uint32_t add(std::string_view name, io::ByteView data);
  void finish();

 private:
  struct Entry {
    std::string name;
    std::uint64_t header, size;
    std::uint32_t crc;
  };
  io::Sink& sink_;
  std::string root_;
  std::uint32_t alignment_;
  bool crc32_;
  std::vector<Entry> entries_;
};

}  // namespace harker::pt

// What the JSON of a safetensors file and of a set's index says, read and checked. The grammars are drawn in writer.cpp
// and set_writer.cpp.
#pragma once
#include <string>
#include <utility>
#include <vector>

#include <harker/core/value.h>
#include <harker/serialize/io/source.h>
#include <harker/serialize/safetensors/dtypes.h>

namespace harker::safetensors {

inline constexpr std::uint64_t kMaxHeader = 100'000'000;  ///< the format's own limit
inline constexpr std::string_view kMetadata = "__metadata__";
/// Our entry of the metadata: the value table (serialize/value_table) as JSON.
inline constexpr std::string_view kTable = "harker";

using Strings = std::vector<std::pair<std::string, std::string>>;

struct Entry {
  std::string name;
  const Kind* kind = nullptr;
  Shape shape;  ///< as the file has it
  std::uint64_t begin = 0, end = 0;
};

struct Header {
  std::vector<Entry> entries;  ///< in the order of their bytes, which they tile
  Strings metadata;
  std::uint64_t nbytes = 0;
  io::ByteView data;
};
/// FormatError for anything that the format's text does not allow.
Header read_header(const io::Source& source);

struct Index {
  Strings weight_map;  ///< tensor, shard
  Value total_size;    ///< as the file has it, or None
  std::string table;   ///< kTable
};
Index read_index(const io::Source& source);

}  // namespace harker::safetensors

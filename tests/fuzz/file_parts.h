// FileParts: one of PyTorch's files taken apart: members (records of a zip or tar archive; one of no name for the
// others) of pieces (pickles, storages, plain bytes). write_file() puts it together with every length, offset and
// checksum right, whatever was changed, except where it is told to lie.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/pickle_code.h"

namespace harker::fuzz {

enum class Container : std::uint8_t { zip, legacy, tar, pickle };
inline constexpr const char* kContainerNames[] = {"zip", "legacy", "tar", "pickle"};

struct Piece {
  enum class Kind : std::uint8_t { raw, code, storage };
  Kind kind = Kind::raw;
  std::string bytes;      ///< of plain bytes; the elements of a storage, before which their number is written
  Code code = {};         ///< of a pickle
  std::size_t item = 1;   ///< bytes of a storage's element
  std::uint64_t lie = 0;  ///< added to the number of elements
  Part part = Part::element;
};

struct Member {
  std::string name;
  std::vector<Piece> pieces;
  std::string head;      ///< the local header's 30 bytes; the tar header's 512
  std::string extra;     ///< zip: the local header's
  std::string central;   ///< zip: the directory entry's 46 bytes
  std::string comments;  ///< zip: extra field and comment in the directory
  std::string after;     ///< zip: what stands behind the data; a descriptor is repaired
  std::size_t rank = 0;  ///< zip: its place in the directory
  bool deflated = false;
  // Lies.
  std::uint32_t wrong_crc = 0;  ///< exclusive or with the CRC, wherever it stands
  bool no_crc = false;          ///< zip: 0 instead
  std::int64_t wrong_size = 0;  ///< added to the size, wherever it stands
};

/// A field to be overwritten at the end.
struct Patch {
  enum class Where : std::uint8_t { local, central, after, tail };
  Where where;
  std::size_t member;  ///< of all but the tail
  std::size_t offset;
  unsigned width;
  std::uint64_t value;
};

struct FileParts {
  Container container = Container::pickle;
  std::vector<Member> members = {};
  std::string tail = {};            ///< zip: everything behind the directory's entries
  std::size_t records = 0;          ///< tar: bytes of the whole, at least
  std::vector<Patch> patches = {};  ///< lies
};

/// Nothing when these bytes are not such a file, or one so odd that it would not come back as it was.
std::optional<FileParts> read_file(std::string_view bytes, Container container);
/// The container by its first bytes.
std::optional<FileParts> read_file(std::string_view bytes);
void write_file(const FileParts& file, Written& out);
std::string write_file(const FileParts& file);

/// The bytes of a member's pieces, as they are before compression.
std::string content(const Member& m);
Member* find_member(FileParts& file, std::string_view name_end);
/// A zip record with plain headers.
Member zip_member(std::string name, std::vector<Piece> pieces);
Member tar_member(std::string name, std::vector<Piece> pieces);
/// A zip archive's tail, or nothing for the others.
std::string plain_tail(Container container);
Piece code_piece(std::string_view pickle);
Piece raw_piece(std::string bytes);

}  // namespace harker::fuzz

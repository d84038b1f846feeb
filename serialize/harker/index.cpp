// The index of a .harker file in cereal's portable binary form: versioned structures of fixed-width little-endian
// fields. Written by cereal's own archive, read by ours.
#include <cereal/archives/portable_binary.hpp>
#include <sstream>

#include <harker/serialize/harker/bounded_archive.h>
#include <harker/serialize/harker/layout.h>

namespace harker::harker_file {
namespace {

// Bytes that the fields of one element take in the archive.
constexpr std::uint64_t kNodeSize = 1 + 1 + 2 + 4 + 4 + 8 + 8;
constexpr std::uint64_t kViewSize = 1 + 1 + 2 + 4 + 8 + 4;
constexpr std::uint64_t kPlaceSize = 8 + 8 + 4;

template <class Archive, class E>
void as_byte(Archive& archive, E& e) {
  auto n = static_cast<std::uint8_t>(e);
  archive(n);
  e = static_cast<E>(n);
}

template <class Archive, class T>
void rows(Archive& archive, std::vector<T>& v, std::uint64_t least, std::string_view of) {
  if constexpr (Archive::is_loading::value) {
    v.resize(static_cast<std::size_t>(archive.count(least, of)));
  } else {
    archive(static_cast<std::uint64_t>(v.size()));
  }
  for (T& element : v) archive(element);
}

template <class Archive>
void text(Archive& archive, std::string& s, std::string_view of) {
  if constexpr (Archive::is_loading::value) {
    s = io::text(archive.take(archive.count(1, of)));
  } else {
    archive(static_cast<std::uint64_t>(s.size()));
    archive(cereal::binary_data(s.data(), s.size()));
  }
}

template <class Archive>
void expect_version(Archive& archive, std::uint32_t version, std::string_view of) {
  if constexpr (Archive::is_loading::value) {
    if (version != 1) archive.fail(of, " of version ", version, "; this library knows version 1");
  }
}

}  // namespace

template <class Archive>
void serialize(Archive& archive, Place& p, std::uint32_t version) {
  expect_version(archive, version, "a storage's place");
  archive(p.offset, p.nbytes, p.crc);
}

template <class Archive>
void serialize(Archive& archive, Index& index, std::uint32_t version) {
  expect_version(archive, version, "an index");
  value_table::Table& t = index.table;
  archive(t.root);
  rows(archive, t.nodes, kNodeSize, "rows");
  rows(archive, t.links, sizeof(std::uint32_t), "links");
  rows(archive, t.numbers, sizeof(std::int64_t), "numbers");
  text(archive, t.text, "bytes of text");
  rows(archive, t.views, kViewSize, "tensors");
  rows(archive, t.extents, sizeof(std::int64_t), "sizes and strides");
  text(archive, t.names, "bytes of names");
  rows(archive, index.places, kPlaceSize, "storages");
}

}  // namespace harker::harker_file

namespace harker::value_table {

template <class Archive>
void serialize(Archive& archive, Node& n, std::uint32_t version) {
  harker_file::expect_version(archive, version, "a row");
  harker_file::as_byte(archive, n.kind);
  archive(n.detail, n.flags, n.links, n.numbers, n.text, n.number);
}

template <class Archive>
void serialize(Archive& archive, View& v, std::uint32_t version) {
  harker_file::expect_version(archive, version, "a tensor");
  harker_file::as_byte(archive, v.dtype);
  std::uint8_t requires_grad = v.requires_grad;
  archive(requires_grad, v.rank, v.storage, v.offset, v.name);
  if constexpr (Archive::is_loading::value) {
    if (requires_grad > 1) archive.fail("a tensor's requires_grad is neither true nor false");
    v.requires_grad = requires_grad == 1;
  }
}

}  // namespace harker::value_table

CEREAL_CLASS_VERSION(harker::harker_file::Index, 1)
CEREAL_CLASS_VERSION(harker::harker_file::Place, 1)
CEREAL_CLASS_VERSION(harker::value_table::Node, 1)
CEREAL_CLASS_VERSION(harker::value_table::View, 1)

namespace harker::harker_file {

std::string write_index(const Index& index) {
  std::ostringstream out(std::ios::binary);
  cereal::PortableBinaryOutputArchive archive(out, cereal::PortableBinaryOutputArchive::Options::LittleEndian());
  archive(index);
  return std::move(out).str();
}

Index read_index(io::ByteView bytes, std::string_view what) {
  BoundedArchive archive(bytes, what);
  Index index;
  archive(index);
  if (archive.left() > 0) archive.fail(archive.left(), " bytes are left over");
  for (const Place& p : index.places) index.table.storages.push_back(p.nbytes);
  return index;
}

}  // namespace harker::harker_file

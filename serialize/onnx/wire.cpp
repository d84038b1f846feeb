// The framing of protobuf messages: https://protobuf.dev/programming-guides/encoding. Groups (wire types 3 and 4) are
// refused: ONNX has none.
#include <vector>

#include <harker/core/base/text.h>
#include <harker/serialize/io/source.h>
#include <harker/serialize/onnx/wire.h>

namespace harker::onnx {
namespace {

constexpr std::size_t kMaxDepth = 100;  // protobuf's
constexpr std::uint64_t kPage = 4096;
constexpr std::uint32_t kGraphNode = 1, kNodeAttribute = 5, kAttributeGraph = 6, kAttributeGraphs = 11;

// A varint of at most 64 bits; false when it is cut off or longer.
bool read_varint(io::ByteView b, std::size_t& at, std::uint64_t& out) {
  out = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    if (at >= b.size()) return false;
    const std::uint8_t byte = b[at++];
    if (shift == 63 && byte > 1) return false;
    out |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return true;
  }
  return false;
}

// What is wrong with the framing, and where; null when nothing is.
const char* framing_error(io::ByteView b, std::size_t& at) {
  while (at < b.size()) {
    const std::size_t start = at;
    std::uint64_t tag = 0, n = 0;
    if (!read_varint(b, at, tag)) return at = start, "a tag's varint is cut off or too long";
    if (tag >> 32 || tag >> 3 == 0) return at = start, "a field number that does not exist";
    switch (tag & 7) {
      case 0:
        if (!read_varint(b, at, n)) return at = start, "a varint is cut off or too long";
        continue;
      case 1: n = 8; break;
      case 5: n = 4; break;
      case 2:
        if (!read_varint(b, at, n)) return at = start, "a length's varint is cut off or too long";
        if (n > kMaxMessage) return at = start, "a length of 2 GiB or more";
        break;
      default: return at = start, "a wire type that does not exist, or a group";
    }
    if (n > kPage) io::came_by(b.data() + at);
    if (n > b.size() - at) return at = start, "a length that reaches past the end: truncated or damaged";
    at += static_cast<std::size_t>(n);
  }
  return nullptr;
}

}  // namespace

bool is_framed(io::ByteView bytes) {
  std::size_t at = 0;
  return framing_error(bytes, at) == nullptr;
}

protozero::pbf_reader message(io::ByteView bytes, std::string_view what) {
  std::size_t at = 0;
  if (const char* wrong = framing_error(bytes, at))
    detail::throw_error<FormatError>(what, ": cannot parse the protobuf message of ", bytes.size(), " bytes: at ", at,
                                     " ", wrong);
  return protozero::pbf_reader(protozero::data_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
}

void check_depth(io::ByteView graph, std::string_view what) {
  enum class Is { a_graph, a_node, an_attribute };
  struct Level {
    protozero::pbf_reader reader;
    Is is;
  };
  std::vector<Level> stack{{message(graph, what), Is::a_graph}};
  while (!stack.empty()) {
    Level& top = stack.back();
    if (!top.reader.next()) {
      stack.pop_back();
      continue;
    }
    const std::uint32_t field = top.reader.tag();
    const bool inside = top.reader.wire_type() == protozero::pbf_wire_type::length_delimited &&
                        (top.is == Is::a_graph  ? field == kGraphNode
                         : top.is == Is::a_node ? field == kNodeAttribute
                                                : field == kAttributeGraph || field == kAttributeGraphs);
    if (!inside) {
      top.reader.skip();
      if (top.reader.length() > 0) io::came_by(top.reader.data().data());
      continue;
    }
    if (stack.size() >= kMaxDepth)
      detail::throw_error<FormatError>(what, ": graphs nest deeper than ", kMaxDepth, " messages");
    const Is is = top.is == Is::a_graph ? Is::a_node : top.is == Is::a_node ? Is::an_attribute : Is::a_graph;
    stack.push_back({message(view(top.reader.get_view()), what), is});
  }
}

}  // namespace harker::onnx

// Protobuf messages from a file: framed by hand with 64-bit lengths first (protozero's are 32-bit and wrap), read with
// protozero's views after that.
#pragma once
#include <protozero/pbf_reader.hpp>
#include <string_view>

#include <harker/serialize/io/byte_view.h>

namespace harker::onnx {

/// The largest message protobuf allows.
inline constexpr std::uint64_t kMaxMessage = 0x7fffffff;

/// A reader of a message all of whose fields lie inside it: tags, wire types and lengths have been checked. Each field
/// is still to be switched on its tag *and* wire type. FormatError, beginning with `what`, otherwise.
protozero::pbf_reader message(io::ByteView bytes, std::string_view what);
/// The same without an exception: is the framing right?
bool is_framed(io::ByteView bytes);

inline io::ByteView view(const protozero::data_view& v) {
  return {reinterpret_cast<const std::uint8_t*>(v.data()), v.size()};
}
inline std::string_view text(const protozero::data_view& v) { return {v.data(), v.size()}; }

/// tag_and_type() of a field, for switch.
inline constexpr std::uint32_t varint(std::uint32_t field) {
  return protozero::tag_and_type(field, protozero::pbf_wire_type::varint);
}
inline constexpr std::uint32_t fixed32(std::uint32_t field) {
  return protozero::tag_and_type(field, protozero::pbf_wire_type::fixed32);
}
inline constexpr std::uint32_t fixed64(std::uint32_t field) {
  return protozero::tag_and_type(field, protozero::pbf_wire_type::fixed64);
}
inline constexpr std::uint32_t bytes(std::uint32_t field) {
  return protozero::tag_and_type(field, protozero::pbf_wire_type::length_delimited);
}

}  // namespace harker::onnx

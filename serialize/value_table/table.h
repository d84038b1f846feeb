// Table: a whole Value as flat rows, what both the .harker index and the .pb metadata hold. Children are row numbers,
// so sharing and cycles need nothing special and nobody recurses. flatten.cpp makes one, check.cpp distrusts one from a
// file, rebuild.cpp makes the Value again.
//
// Rows say how many links, numbers and bytes of text are theirs; these lie one row's after another's in the pools,
// which they must fill exactly. What the fields mean:
//
//   kind              number             detail       text            links                          numbers
//   none
//   bool, int         the value          int: 1 big   big: its bytes
//   float             its bits
//   complex                                                                                          bits of re, im
//   str, bytes,
//   bytearray,
//   device, layout                                    the content
//   list, tuple,
//   set, frozenset                                                    elements
//   dict                                 flavour                      attributes, default_factory,
//                                                                     key, value, key, value, ...
//   tensor            view                                            attributes
//   sparse                               1 + coalesced,
//                                        or 0         layout          parts                          shape
//   quantized         view of its ints                scheme          scales, zero points            bits of scale,
//                                                                                                    zero point, axis
//   dtype             the DType
//   size                                                                                             sizes
//   numpy             bytes of dtype                  dtype, data                                    shape
//   opaque            bytes of module                 module, name    args, state, appended...,      number appended
//                                                                     key, value, key, value, ...
//
// Tuples, frozensets, sparse and quantized tensors cannot be changed once made, so among themselves they link only to
// earlier rows.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <harker/core/value.h>

namespace harker::value_table {

/// Bits of Node::flags.
enum Flag : std::uint16_t {
  kFromFile = 1,  ///< Value::from_file: has the identity it had in a file
  kParameter = 2,
  kConj = 4,
  kNeg = 8,
  kRequiresGrad = 16,
  kFortranOrder = 32,
  kCalled = 64,
  kNewObject = 128,
  kKnown = 256
};

struct Node {
  Value::Kind kind = Value::Kind::none;
  std::uint8_t detail = 0;
  std::uint16_t flags = 0;
  std::uint32_t links = 0;    ///< how many
  std::uint32_t numbers = 0;  ///< how many
  std::uint64_t text = 0;     ///< how many bytes
  std::uint64_t number = 0;
};

/// A tensor: a geometry over a storage. Tensor objects that share one view are one tensor.
struct View {
  DType dtype = DType::float32;
  bool requires_grad = false;
  std::uint16_t rank = 0;  ///< so many sizes, then as many strides, in Table::extents
  std::uint32_t storage = 0;
  std::int64_t offset = 0;  ///< in elements
  std::uint32_t name = 0;   ///< bytes in Table::names
};

struct Table {
  std::uint32_t root = 0;
  std::vector<Node> nodes;
  std::vector<std::uint32_t> links;
  std::vector<std::int64_t> numbers;
  std::string text;
  std::vector<View> views;
  std::vector<std::int64_t> extents;
  std::string names;                    ///< of the views: dotted paths
  std::vector<std::uint64_t> storages;  ///< bytes of each
};

/// Made with its content, which can never change.
constexpr bool is_immutable(Value::Kind k) {
  using enum Value::Kind;
  return k == tuple || k == frozenset || k == sparse || k == quantized;
}

/// Python's name of a kind, for messages and JSON: "dict", "int", "opaque".
std::string_view name(Value::Kind kind);
/// The name of each storage: that of the first view over it, or "storage 3".
std::vector<std::string> storage_names(const Table& table);

}  // namespace harker::value_table

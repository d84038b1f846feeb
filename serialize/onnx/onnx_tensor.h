// TensorProto: one tensor of a model, checked.
#pragma once
#include <string>
#include <vector>

#include <protozero/pbf_reader.hpp>

#include <harker/core/value.h>
#include <harker/serialize/onnx/onnx_external.h>

namespace harker::onnx {

struct TensorMessage {
  std::string_view name;
  std::int64_t type = 0;  ///< TensorProto.DataType
  std::vector<std::int64_t> dims;
  bool has_raw = false;
  io::ByteView raw;               ///< raw_data
  std::uint32_t typed = 0;        ///< the field number of float_data and so on, if there is one; 0 if not
  std::uint64_t typed_bytes = 0;  ///< of all its occurrences; of string_data, how many there are
  bool is_external = false;       ///< its bytes lie in another file
  External external;
};

/// What all tensors of one model share while it is read.
struct Reading {
  Reading(const std::shared_ptr<const io::Source>& from, const LoadOptions& how)
      : source(from), options(how), files(from, how.mmap), budget(from->bytes().size(), how.max_bytes) {}
  const std::shared_ptr<const io::Source>& source;
  const LoadOptions& options;
  ExternalFiles files;
  Budget budget;
  std::uint64_t checksums = 0;  ///< of external files: said, and not compared
};

/// FormatError, beginning with `what`, for a message that is damaged or holds what we do not read.
TensorMessage parse_tensor(io::ByteView bytes, std::string_view what);
/// A tensor with the dtype that the file says; an opaque value, onnx.INT4 and its kin, where we have no such dtype.
/// With options.mmap its bytes may alias the file. `name` is for errors.
Value make_value(const TensorMessage& message, io::ByteView bytes, std::string_view name, Reading& reading);
/// A SparseTensorProto as a COO tensor; None when its values are of a type that we only keep.
Value make_sparse(io::ByteView bytes, std::string_view name, Reading& reading);
/// The name of a sparse initializer: that of its values.
std::string_view sparse_name(io::ByteView bytes, std::string_view what);
/// What an attribute of a Constant node gives: value_float, value_ints, value_strings, ... None for any other.
Value make_constant(io::ByteView attribute, std::string_view attribute_name, std::string_view what);

/// A string of string_data; bytes when it is no UTF-8.
Value string_value(std::string_view s);
/// Takes in dims, packed or not, at whose tag the reader is: of the packed no more than one beyond kMaxRank.
void append_dims(protozero::pbf_reader& r, std::vector<std::int64_t>& dims);

}  // namespace harker::onnx

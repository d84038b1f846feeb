// TensorProto: one initializer, checked.
#pragma once
#include <string>
#include <vector>

#include <harker/core/tensor.h>
#include <harker/serialize/io/source.h>

namespace harker::onnx {

struct TensorMessage {
  std::string_view name;
  std::int64_t type = 0;  ///< TensorProto.DataType
  std::vector<std::int64_t> dims;
  bool has_raw = false;
  io::ByteView raw;               ///< raw_data
  std::uint32_t typed = 0;        ///< the field number of float_data and so on, if there is one; 0 if not
  std::uint64_t typed_bytes = 0;  ///< of all its occurrences
};

/// FormatError, beginning with `what`, for a message that is damaged or holds what we do not read.
TensorMessage parse_tensor(io::ByteView bytes, std::string_view what);
/// The tensor, with the dtype that the file says. With `lazy` raw bytes may alias the source.
Tensor make_tensor(const TensorMessage& message, io::ByteView bytes, const std::shared_ptr<const io::Source>& source,
                   std::string_view what, bool lazy);

}  // namespace harker::onnx

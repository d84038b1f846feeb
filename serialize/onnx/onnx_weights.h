// A model of any program, and the tensors in it.
#pragma once
#include <harker/serialize/onnx/onnx_tensor.h>

namespace harker::onnx {

/// ModelProto, as far as it matters here.
struct Model {
  std::int64_t ir_version = 0;
  std::string_view producer, json, checksums;
  bool ours = false, has_checksums = false;
  io::ByteView graph;
  std::vector<io::ByteView> training, functions;
};

/// An OrderedDict of all tensors of a model, by name; of one of them, when options.only asks. What was met and is not
/// in it is added to `passed_over`.
Value read_weights(const Model& model, Reading& reading, std::vector<Value>& passed_over);

}  // namespace harker::onnx

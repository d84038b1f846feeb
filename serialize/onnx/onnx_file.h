// Protobuf files (ONNX), between their parts.
#pragma once
#include <harker/serialize/format.h>

namespace harker::onnx {

void write_file(io::Sink& sink, const Value& value);
/// One of ours gives its Value back; any other an OrderedDict of its initializers.
Document read_file(const std::shared_ptr<const io::Source>& source, const LoadOptions& options);

}  // namespace harker::onnx

// Protobuf files (ONNX), between their parts.
#pragma once
#include <harker/serialize/format.h>

namespace harker::onnx {

/// Returns how many bytes were written. `external`, or more than protobuf can hold: tensors go to a second file, whose
/// name begins with `name`.
std::uint64_t write_file(io::Sink& sink, const Value& value, std::string_view name, bool external);
/// The file beside it in which the first external tensor of a model lies; empty when there is none.
std::string data_file(const io::Source& model);
/// One of ours gives its Value back; any other an OrderedDict of its tensors.
Document read_file(const std::shared_ptr<const io::Source>& source, const LoadOptions& options);

}  // namespace harker::onnx

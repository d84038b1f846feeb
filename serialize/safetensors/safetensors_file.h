// Safetensors files, between their parts.
#pragma once
#include <harker/serialize/format.h>

namespace harker::safetensors {

/// An OrderedDict of tensors in the order of their bytes, with the file's metadata as the attribute `__metadata__`; or,
/// where the metadata has our table, what that says.
Document read_file(const std::shared_ptr<const io::Source>& source, const LoadOptions& options);
/// The same from the index of a set, all of whose files lie beside it.
Document read_set(const std::shared_ptr<const io::Source>& source, const LoadOptions& options);

void write_file(io::Sink& sink, const Value& value, const SaveOptions& options);
/// `name`: of the index; its files are named after it. The report's bytes are those of all files.
SaveReport write_set(io::Sink& sink, const Value& value, std::string_view name, const SaveOptions& options);

}  // namespace harker::safetensors

// Our own format, between its parts: writer.cpp draws the layout, reader.cpp distrusts it.
#pragma once
#include <harker/serialize/format.h>

namespace harker::harker_file {

void write_file(io::Sink& sink, const Value& value);
Document read_file(const std::shared_ptr<const io::Source>& source, const LoadOptions& options);
/// Also everything that nothing refers to.
void verify_file(const std::shared_ptr<const io::Source>& source, const LoadOptions& options);

}  // namespace harker::harker_file

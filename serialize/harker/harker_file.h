// Our own format, between its parts: writer.cpp draws the layout, reader.cpp distrusts it.
#pragma once
#include <harker/serialize/format.h>
#include <harker/serialize/value/examine.h>

namespace harker::harker_file {

void write_file(io::Sink& sink, const Value& value);
Document read_file(const std::shared_ptr<const io::Source>& source, const LoadOptions& options);
/// Tells what is wrong with what reading passes over: padding, and storages other than those in `examined`.
void examine_rest(const io::Source& source, const Examined& examined, Findings& findings);

}  // namespace harker::harker_file

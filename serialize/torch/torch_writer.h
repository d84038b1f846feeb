// Writing the bytes that torch.save writes.
#pragma once
#include <harker/serialize/format.h>

namespace harker::pt {

SaveReport write_zip(io::Sink& sink, const Value& value, std::string_view name, const SaveOptions& options);

}  // namespace harker::pt

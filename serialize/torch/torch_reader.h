// Reading a file that torch.save wrote: the zip archive, its pickle, and the storages that the pickle names.
#pragma once
#include <memory>

#include <harker/serialize/format.h>

namespace harker::pt {

/// `every_record`: also checks the CRC of records that nothing refers to (Format::verify).
Document read_zip(const std::shared_ptr<const io::Source>& source, const LoadOptions& options, bool every_record);

}  // namespace harker::pt

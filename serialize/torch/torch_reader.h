// Reading a file that torch.save wrote: the zip archive, its pickle, and the storages that the pickle names.
#pragma once
#include <memory>

#include <harker/serialize/format.h>
#include <harker/serialize/value/examine.h>

namespace harker::pt {

Document read_zip(const std::shared_ptr<const io::Source>& source, const LoadOptions& options);
/// Tells which records other than those in `examined` are damaged, also of those that nothing refers to.
void examine_rest(const io::Source& source, const LoadOptions& options, const Examined& examined, Findings& findings);

}  // namespace harker::pt

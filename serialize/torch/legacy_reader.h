// Reading what torch.save wrote before zip archives: the legacy stream (PyTorch 0.1.10 to 1.5, and later on request)
// and the tar form before that; and bare pickles, which torch.save never wrote.
#pragma once
#include <memory>

#include <harker/serialize/format.h>

namespace harker::pt {

/// Five pickles and the storages' bytes, back to back. These files carry no checksum.
Document read_legacy(const std::shared_ptr<const io::Source>& source, const LoadOptions& options);
/// A tar archive of `sys_info`, `pickle`, `tensors` and `storages`.
Document read_tar(const std::shared_ptr<const io::Source>& source, const LoadOptions& options);
/// One pickle and nothing else: containers of plain values. There are no tensors in it: those need storages.
Document read_bare_pickle(const std::shared_ptr<const io::Source>& source, const LoadOptions& options);

/// Do these bytes begin with the magic number of the legacy stream, in any pickle protocol?
bool is_legacy(io::ByteView file);
bool is_tar(io::ByteView file);
/// A pickle of protocol 2 to 5 by its first bytes; of protocol 0 or 1 when opcodes fill the file up to a last STOP.
bool is_pickle(io::ByteView file);

}  // namespace harker::pt

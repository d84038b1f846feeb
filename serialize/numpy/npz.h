// Archives of arrays, as np.savez and np.savez_compressed write them.
#pragma once
#include <harker/serialize/format.h>

namespace harker::numpy {

/// `everything`: also what reading the arrays does not check.
Document read_npz(const std::shared_ptr<const io::Source>& source, const LoadOptions& options, bool everything);
void write_npz(io::Sink& sink, const Value& value);

}  // namespace harker::numpy

// Pickles that may hold nothing but plain values: those that stand beside the one that names tensors.
#pragma once
#include <string>

#include <harker/core/value.h>
#include <harker/serialize/io/byte_view.h>
#include <harker/serialize/torch/pickle_budget.h>

namespace harker::pt {

/// Takes one pickle. FormatError, beginning with `what`, also when it names a class, a function or a storage.
Value read_plain_pickle(io::ByteCursor& in, const std::string& what, const PickleLimits& limits);
/// FormatError unless `info`, the facts about the system that wrote a file, is a dict and does not say that it was
/// big-endian.
void check_system_info(const Value& info, const std::string& what);

}  // namespace harker::pt

// The mutator: changes one of PyTorch's files in ways that a flat mutator of bytes never finds, since it repairs the
// lengths, offsets and checksums afterwards. The same seed gives the same bytes on every machine.
#pragma once
#include <span>

#include "fuzz/dice.h"
#include "fuzz/file_parts.h"

namespace harker::fuzz {

/// One or a few changes. `donors`: files that parts are taken from.
void mutate(FileParts& file, std::span<const FileParts> donors, Dice& dice);
/// A mutant's bytes: a change of seeds[dice], written, and seldom damaged once more, unrepaired. At most kMostBytes.
std::string make_mutant(std::span<const FileParts> seeds, Dice& dice);
inline constexpr std::size_t kMostBytes = 64 << 10;

}  // namespace harker::fuzz

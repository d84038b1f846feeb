// Seeds: files that mutants are made of. Some are made here, so that there are always some of every container; the
// others are the small ones among the fixtures and the hostile files, whatever their names.
#pragma once
#include <string>
#include <vector>

#include "fuzz/file_parts.h"

namespace harker::fuzz {

/// What a reader is fed with: a container, and for zip archives whether they are TorchScript's.
enum class Reader : std::uint8_t { zip, script, legacy, tar, pickle, harker, onnx };
/// PyTorch's, whose files FileParts takes apart.
inline constexpr Reader kReaders[] = {Reader::zip, Reader::script, Reader::legacy, Reader::tar, Reader::pickle};
inline constexpr const char* kReaderNames[] = {"zip", "TorchScript", "legacy", "tar", "pickle", "harker", "onnx"};

/// Bytes of files made here: the same always.
std::vector<std::string> made_seeds(Reader reader);
/// Files of tests/fixtures, tests/hostile and tests/cases of at most `most` bytes, in an order of their own.
std::vector<std::string> found_seeds(Reader reader, std::size_t most);
/// Both, taken apart; those that cannot be are left out.
std::vector<FileParts> seeds(Reader reader, std::size_t most);

}  // namespace harker::fuzz

// The parts of `harker inspect` that are files of their own.
#pragma once
#include <string>

#include <harker/serialize/format.h>

namespace harker::cli {

/// What a checkpoint (serialize/checkpoint.h) holds, a line each; empty for anything else.
std::string checkpoint_text(const Value& root);
/// Prints one JSON object (tests/fixtures/README.md).
void inspect_json(const Document& doc, const std::string& path);

}  // namespace harker::cli

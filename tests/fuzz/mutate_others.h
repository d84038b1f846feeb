// Mutants of the other formats, from a file's bytes to a mutant's, with lengths and checksums repaired.
#pragma once
#include <string>
#include <string_view>

#include "fuzz/dice.h"

namespace harker::fuzz {

/// A .harker file with rows, links or geometry of its index changed, or bytes of a storage; empty when these bytes hold
/// no index that can be read.
std::string mutate_harker(std::string_view file, Dice& dice);
/// A protobuf message with a field at any depth changed, dropped, copied or moved.
std::string mutate_protobuf(std::string_view message, Dice& dice);
/// A safetensors file with its tensors or notes changed; other bytes (a set's index) as text.
std::string mutate_safetensors(std::string_view file, Dice& dice);
/// A number within the text, or one of its characters.
void mutate_json(std::string& text, Dice& dice);
/// An array of NumPy's with another header or other elements, and an archive of such; empty when it is none.
std::string mutate_npy(std::string_view file, Dice& dice);
std::string mutate_npz(std::string_view file, Dice& dice);
/// A GGUF file with keys, values, tensors or sizes changed; empty when it is none.
std::string mutate_gguf(std::string_view file, Dice& dice);

}  // namespace harker::fuzz

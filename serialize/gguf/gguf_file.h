// Llama.cpp's format: tensors by name and typed metadata. The grammar (ggml/docs/gguf.md), of versions 2 and 3:
//
//   file   = "GGUF" version:u32 tensors:u64 keys:u64 key* info* zero* data
//   key    = name:text type:u32 value
//   text   = length:u64 bytes              UTF-8 where it is text at all
//   value  = number | text | element type:u32 count:u64 (number* | text*)
//   info   = name:text rank:u32 size:u64* type:u32 offset:u64     the first size is the one of the fastest index; offsets
//            count from the data's begin and are multiples of general.alignment (32), as that begin is
//
// Integers and floats are of the byte order in which the version is a small number.
#pragma once
#include <harker/serialize/format.h>

namespace harker::gguf {

inline constexpr std::string_view kMagic("GGUF"), kAlignmentKey("general.alignment"), kNoteKey("harker.note");
inline constexpr std::uint32_t kDefaultAlignment = 32, kMostAlignment = 1 << 20;

Document read_file(const std::shared_ptr<const io::Source>& source, const LoadOptions& options);
void write_file(io::Sink& sink, const Value& value);

}  // namespace harker::gguf

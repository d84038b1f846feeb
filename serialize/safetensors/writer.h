// What a file and a set of files are written with.
#pragma once
#include <harker/serialize/io/sink.h>
#include <harker/serialize/safetensors/plan.h>

namespace harker::safetensors {

/// A JSON string as serde_json writes it; `ascii`: as Python's json.dumps.
void append_json(std::string& out, std::string_view s, bool ascii = false);
/// Unless there is one of that key.
void add_note(Strings& notes, std::string_view key, std::string_view text);
/// Header and data of one file.
void write_tensors(io::Sink& sink, const Plan& plan, const Order& order, const Strings& notes,
                   const SaveOptions& options);
/// Error for an alignment that is none.
void check_options(const SaveOptions& options);

}  // namespace harker::safetensors

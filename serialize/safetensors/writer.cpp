// Writes a safetensors file (https://github.com/huggingface/safetensors), the very bytes of the format's own writer:
//
//   file     = n:u64 header data                  little-endian
//   header   = object ' '*                        n bytes of JSON, padded to a multiple of 8
//   object   = '{' ["__metadata__" ':' {string: string, ...} ','] tensor, ... '}'
//   tensor   = name ':' {"dtype": "F32", "shape": [2, 3], "data_offsets": [begin, end]}      in data, without a hole
//
// Tensors are sorted by type, the widest first, then by name. Notes of ours, where there are any, stand behind the
// user's: the name of each twin with that of the tensor that is written for it, as save_model has it; "format": "pt",
// without which transformers opens no file that has notes; and the table.
#include <harker/core/base/text.h>
#include <harker/core/base/utf8.h>
#include <harker/core/grad_mode.h>
#include <harker/core/value/object.h>
#include <harker/serialize/safetensors/safetensors_file.h>
#include <harker/serialize/safetensors/writer.h>

namespace harker::safetensors {
namespace {

using detail::str;
using detail::throw_error;

std::string header_of(const Plan& plan, const Order& order, const Strings& notes) {
  std::string out = "{";
  if (!notes.empty()) {
    append_json(out, kMetadata);
    out += ":{";
    for (const auto& [key, text] : notes) {
      append_json(out, key);
      out += ':';
      append_json(out, text);
      out += ',';
    }
    out.back() = '}';
    out += ',';
  }
  std::uint64_t at = 0;
  for (const std::size_t i : order) {
    const Item& item = plan.items()[i];
    append_json(out, item.name);
    out += str(":{\"dtype\":\"", item.kind->name, "\",\"shape\":[");
    for (const std::int64_t n : item.shape) out += str(n, ',');
    if (out.back() == ',') out.pop_back();
    out += str("],\"data_offsets\":[", at, ',', at + item.nbytes, "]},");
    at += item.nbytes;
  }
  if (out.back() == ',') out.pop_back();
  return out += '}';
}

}  // namespace

void append_json(std::string& out, std::string_view s, bool ascii) {
  constexpr std::string_view kFrom = "\"\\\b\f\n\r\t", kTo = "\"\\bfnrt";
  out += '"';
  for (std::size_t at = 0; at < s.size();) {
    const std::size_t before = at;
    const std::uint32_t code = detail::next_code(s, at);
    const std::size_t plain = code < 0x80 ? kFrom.find(static_cast<char>(code)) : kFrom.npos;
    const auto unit = [&](std::uint32_t u) { out += "\\u" + detail::hex(static_cast<std::uint16_t>(u)); };
    if (plain != kFrom.npos)
      out += '\\', out += kTo[plain];
    else if (code >= 0x10000 && ascii)
      unit(0xd800 + ((code - 0x10000) >> 10)), unit(0xdc00 + ((code - 0x10000) & 0x3ff));
    else if (code < 0x20 || (code >= 0x7f && ascii))
      unit(code);
    else
      out += s.substr(before, at - before);
  }
  out += '"';
}

void add_note(Strings& notes, std::string_view key, std::string_view text) {
  for (const auto& [other, its] : notes)
    if (other == key) return;  // the user's own
  notes.emplace_back(key, text);
}

void write_tensors(io::Sink& sink, const Plan& plan, const Order& order, const Strings& notes,
                   const SaveOptions& options) {
  std::string header = header_of(plan, order, notes);
  const std::size_t unit = options.align_tensors ? static_cast<std::size_t>(options.alignment) : 8;
  header.resize((8 + header.size() + unit - 1) / unit * unit - 8, ' ');
  if (header.size() > kMaxHeader)
    throw_error<Error>("save: safetensors allows a header of ", kMaxHeader, " bytes, this one has ", header.size());
  std::string length;
  io::append_le(length, static_cast<std::uint64_t>(header.size()));
  sink.write(length);
  sink.write(header);
  for (const std::size_t i : order) {
    detail::make_ready(plan.items()[i].tensor);
    write_elements(sink, plan.items()[i].tensor);
  }
}

void check_options(const SaveOptions& options) {
  const std::int64_t a = options.alignment;
  if (options.align_tensors && (a < 8 || a > 32768 || (a & (a - 1)) != 0))
    throw_error<Error>("save: safetensors: tensors are aligned to a power of two from 8 to 32768, not to ", a);
}

void write_file(io::Sink& sink, const Value& value, const SaveOptions& options) {
  check_options(options);
  const NoGradGuard guard;
  const Plan plan(value, options);
  Order order = plan.written();
  plan.sort(order);
  Strings notes = plan.metadata(order);
  if (const std::string table = plan.table(order); !table.empty()) {
    add_note(notes, "format", "pt");
    add_note(notes, kTable, table);
  }
  write_tensors(sink, plan, order, notes, options);
}

}  // namespace harker::safetensors

// load and save, and the registry of formats behind them: the content decides when loading, the extension when saving.
// Adding a format is a subclass of Format and a line in formats().
#include <algorithm>
#include <cctype>
#include <istream>
#include <ostream>

#include <harker/core/base/text.h>
#include <harker/serialize/format.h>
#include <harker/serialize/option_names.h>
#include <harker/serialize/strangers.h>
#include <harker/serialize/value/examine.h>

namespace harker HARKER_PUBLIC {
namespace {

std::string_view file_name(std::string_view path) { return path.substr(path.find_last_of('/') + 1); }

std::string lower(std::string_view s) {
  std::string out(s);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

// Printable characters of ASCII, or the bytes of any other script, as far as one looks.
bool is_text(io::ByteView file) {
  const io::ByteView head = file.first(std::min<std::size_t>(file.size(), 512));
  return std::all_of(head.begin(), head.end(),
                     [](std::uint8_t c) { return (c >= 32 && c != 127) || (c >= 9 && c <= 13); });
}

// The format of what is beyond doubt, as most files are, without a look at all others: what we write, and torch.save's
// archives, whose first record is ROOT/data.pkl.
const Format* plain_format(io::ByteView file) {
  constexpr std::size_t kName = 30;  // where a zip archive's first entry has its name, whose length is at 26
  if (io::text(file).starts_with("\x89HRK\r\n\x1a\n")) return &harker_format();
  if (io::text(file).starts_with("\x08\x08\x12\x06harker")) return &onnx_format();  // ir_version, producer_name
  if (file.size() < kName || !io::text(file).starts_with("PK\3\4")) return nullptr;
  const std::string_view name = io::text(file).substr(kName, io::load_le<std::uint16_t>(file.data() + 26));
  return name.ends_with("/data.pkl") ? &torch_format() : nullptr;
}

}  // namespace

Document Format::examine(const std::shared_ptr<const io::Source>& source, const LoadOptions& options,
                         Findings& findings) const {
  LoadOptions lazy = options;
  lazy.mmap = true;
  Document d = read(source, lazy);
  harker::examine(d.value, source->name(), findings);
  return d;
}

void Format::verify(const std::shared_ptr<const io::Source>& source, const LoadOptions& options) const {
  struct First final : Findings {
    void wrong(const std::string& message) override { throw FormatError(message); }
  } first;
  examine(source, options, first);
}

std::span<const Format* const> formats() {
  static const Format* const all[] = {&harker_format(), &safetensors_format(), &npy_format(), &npz_format(),
                                      &gguf_format(),   &torch_format(),       &onnx_format()};
  return all;
}

const Format& detect_format(const io::Source& source) {
  const io::ByteView file = source.bytes();
  if (file.empty()) detail::throw_error<FormatError>(source.name(), ": the file is empty");
  if (const Format* plain = plain_format(file)) return *plain;
  if (const std::string what = stranger(source); !what.empty())
    detail::throw_error<FormatError>(source.name(), ": ", what);
  for (const Format* f : formats())
    if (f->sniff(file)) return *f;
  if (const std::string what = last_resort(source); !what.empty())
    detail::throw_error<FormatError>(source.name(), ": ", what);
  if (is_text(file))
    detail::throw_error<FormatError>(source.name(), ": is a text file, of no format that is read here: it begins with ",
                                     detail::quoted(io::text(file.first(std::min<std::size_t>(file.size(), 40)))));
  detail::throw_error<FormatError>(source.name(), ": the format is not recognised: it ",
                                   file.size() < 8 ? "is too short for any, and begins with " : "begins with ",
                                   detail::quoted(io::text(file.first(std::min<std::size_t>(file.size(), 16)))));
}

const Format& format_named(std::string_view name) {
  std::string known;
  for (const Format* f : formats()) {
    if (f->name() == name) return *f;
    known += detail::str(known.empty() ? "" : ", ", f->name());
  }
  detail::throw_error<Error>("there is no format named ", detail::quoted(name), "; known: ", known);
}

const Format& format_for_path(std::string_view path) {
  const std::string file = lower(file_name(path));
  std::string known;
  for (const Format* f : formats()) {
    for (std::string_view e : f->extensions()) {
      if (file.ends_with(e)) return *f;
      known += detail::str(known.empty() ? "" : " ", e);
    }
  }
  detail::throw_error<Error>("save: the extension of ", detail::quoted(path), " names no format; known: ", known,
                             "; or use ", option_names().format);
}

Document load_document(const FilePath& path, const LoadOptions& options) {
  const std::shared_ptr<const io::Source> source = io::Source::open(path.string(), options.mmap);
  return detect_format(*source).read(source, options);
}

Value load(const FilePath& path, const LoadOptions& options) { return load_document(path, options).value; }

Value load(std::span<const std::uint8_t> bytes, const LoadOptions& options) {
  const std::shared_ptr<const io::Source> source = io::Source::view(bytes);
  return detect_format(*source).read(source, options).value;
}

Value load(std::istream& in, const LoadOptions& options) {
  std::vector<std::uint8_t> data;
  char piece[64 << 10];
  while (in.read(piece, sizeof piece) || in.gcount() > 0) {
    if (data.size() + static_cast<std::size_t>(in.gcount()) > options.max_stream)
      detail::throw_error<IoError>("load: the stream holds more than ", options.max_stream,
                                   " bytes (LoadOptions::max_stream); raise the limit, or load a file");
    data.insert(data.end(), piece, piece + in.gcount());
  }
  if (in.bad()) detail::throw_error<IoError>("load: reading from the stream failed");
  const std::shared_ptr<const io::Source> source = io::Source::adopt(std::move(data), "stream");
  return detect_format(*source).read(source, options).value;
}

SaveReport save(const Value& value, const FilePath& path, const SaveOptions& options) {
  const Format& format = options.format.empty() ? format_for_path(path.string()) : format_named(options.format);
  io::AtomicFile file(path.string(), options.durable);
  const SaveReport report = format.write(file, value, file_name(path.string()), options);
  file.commit();
  return report;
}

SaveReport save(const Value& value, std::ostream& out, const SaveOptions& options) {
  io::MemorySink sink;
  const SaveReport report =
      format_named(options.format.empty() ? "torch" : options.format).write(sink, value, "archive", options);
  const std::vector<std::uint8_t> bytes = sink.take();
  out.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  if (!out.flush()) detail::throw_error<IoError>("save: writing to the stream failed");
  return report;
}

std::vector<std::uint8_t> save_to_bytes(const Value& value, const SaveOptions& options, std::string_view name) {
  if (options.format.empty())
    detail::throw_error<Error>("save_to_bytes: set SaveOptions{.format = \"torch\"} or another format");
  io::MemorySink sink;
  format_named(options.format).write(sink, value, name, options);
  return sink.take();
}

}  // namespace harker

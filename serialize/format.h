// Format: one file format, one subclass, one folder. The registry finds the one whose bytes these are (load), or the
// one that an extension means (save). Adding a format is a subclass and a line in format.cpp.
#pragma once
#include <memory>
#include <span>
#include <string_view>

#include <harker/serialize/findings.h>
#include <harker/serialize/io/sink.h>
#include <harker/serialize/io/source.h>
#include <harker/serialize/serialize.h>

namespace harker HARKER_PUBLIC {

/// What a file held.
struct Document {
  Value value;
  /// Facts about the file itself, in the order they are shown: {"container": "zip", "pickle_protocol": 2, ...}.
  Value facts;
};

class Format {
 public:
  virtual ~Format() = default;
  /// "torch", "harker", "onnx": the name for SaveOptions::format.
  virtual std::string_view name() const = 0;
  /// ".pt", ".pth", ...
  virtual std::span<const std::string_view> extensions() const = 0;
  /// Are these bytes (a whole file) of this format? Cheap; a damaged file of this format must still be told.
  virtual bool sniff(io::ByteView file) const = 0;
  /// Reads and checks. Storages through io::read_storage or io::FileBytes, which check them. Errors begin with the
  /// source's name.
  virtual Document read(const std::shared_ptr<const io::Source>& source, const LoadOptions& options) const = 0;
  /// Checks all there is to check and tells `findings` each thing that is wrong; throws FormatError for what ends it, as
  /// a damaged index does. Here: what read() gives, lazily, each storage and what its tensors say (value/examine.h). A
  /// format that has more, as records to which nothing refers, goes on from there. Returns what the file holds.
  virtual Document examine(const std::shared_ptr<const io::Source>& source, const LoadOptions& options,
                           Findings& findings) const;
  /// The same; throws FormatError at the first thing that is wrong.
  void verify(const std::shared_ptr<const io::Source>& source, const LoadOptions& options) const;
  /// `name`: the target's file name without folder, for formats that store it.
  virtual SaveReport write(io::Sink& sink, const Value& value, std::string_view name,
                           const SaveOptions& options) const = 0;
};

/// All formats, in the order in which they are tried.
std::span<const Format* const> formats();
/// The format of these bytes; FormatError that says what they are (an HTML page, a Git LFS pointer, an empty file,
/// ...).
const Format& detect_format(const io::Source& source);
/// By name or extension; Error that lists the known ones.
const Format& format_named(std::string_view name);
const Format& format_for_path(std::string_view path);
/// load() with the facts.
Document load_document(const FilePath& path, const LoadOptions& options = {});

const Format& torch_format();
const Format& harker_format();
const Format& onnx_format();

}  // namespace harker

// NumPy's two formats, as the registry sees them: an array, and an archive of arrays.
#include <harker/core/base/text.h>
#include <harker/serialize/numpy/npy.h>
#include <harker/serialize/numpy/npz.h>
#include <harker/serialize/value/examine.h>
#include <harker/serialize/value/named_tensors.h>
#include <harker/serialize/value/value_paths.h>
#include <harker/serialize/zip/zip_look.h>

namespace harker HARKER_PUBLIC {
namespace {

class NpyFormat final : public Format {
 public:
  std::string_view name() const override { return "npy"; }
  std::span<const std::string_view> extensions() const override {
    static constexpr std::string_view kExtensions[] = {".npy"};
    return kExtensions;
  }
  // A file that has lost a byte of its magic, or all but its first ones, is still NumPy's, so that the error can say so.
  bool sniff(io::ByteView file) const override {
    const std::string_view start = io::text(file).substr(0, numpy::kMagic.size());
    return numpy::kMagic.starts_with(start) || start.starts_with("\x93NUM") || start.substr(1) == "NUMPY";
  }
  Document read(const std::shared_ptr<const io::Source>& source, const LoadOptions& options) const override {
    numpy::Array array = numpy::read_array({source, source->bytes(), {}}, options, false);
    if (!options.only.empty()) array.value = Value(entry(array.value, options.only, source->name()));
    Document d{std::move(array.value), Value::dict()};
    d.facts.set("container", "npy");
    d.facts.set("version", array.version);
    d.facts.set("fortran_order", array.fortran_order);
    if (array.left > 0)
      d.facts.set("passed_over", Value::list({detail::str(array.left,
                                                          " bytes behind the array; np.load reads on there "
                                                          "when it is called again")}));
    return d;
  }
  SaveReport write(io::Sink& sink, const Value& value, std::string_view, const SaveOptions&) const override {
    if (const std::string why = numpy::cannot_save(value); !why.empty())
      detail::throw_error<TypeError>(".npy: holds one array, and cannot hold ", why,
                                     value.is_dict() ? "; .npz holds a dict of arrays" : "");
    const numpy::Written array = numpy::written_array(value);
    sink.write(array.header);
    sink.write(array.elements);
    return {.bytes = sink.position()};
  }
};

class NpzFormat final : public Format {
 public:
  std::string_view name() const override { return "npz"; }
  std::span<const std::string_view> extensions() const override {
    static constexpr std::string_view kExtensions[] = {".npz"};
    return kExtensions;
  }
  // A zip archive whose first member is an array, or of none when we wrote it.
  bool sniff(io::ByteView file) const override {
    const ZipLook look = look_at_zip(file);
    return look.names.empty() ? look.comment.starts_with(kNote) : look.names[0].ends_with(".npy");
  }
  Document read(const std::shared_ptr<const io::Source>& source, const LoadOptions& options) const override {
    return numpy::read_npz(source, options, false);
  }
  Document examine(const std::shared_ptr<const io::Source>& source, const LoadOptions& options,
                   Findings& findings) const override {
    LoadOptions lazy = options;
    lazy.mmap = true;
    Document d = numpy::read_npz(source, lazy, true);
    harker::examine(d.value, source->name(), findings);
    return d;
  }
  SaveReport write(io::Sink& sink, const Value& value, std::string_view, const SaveOptions&) const override {
    numpy::write_npz(sink, value);
    return {.bytes = sink.position()};
  }
};

}  // namespace

const Format& npy_format() {
  static const NpyFormat format;
  return format;
}
const Format& npz_format() {
  static const NpzFormat format;
  return format;
}

}  // namespace harker

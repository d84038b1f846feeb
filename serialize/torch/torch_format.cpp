// PyTorch's format, as the registry sees it: whatever torch.save ever wrote, told apart by content. Written: the zip
// archives of torch.save (1.6 and later). Read: those, TorchScript's, the legacy stream, tar files and bare pickles.
#include <harker/serialize/format.h>
#include <harker/serialize/torch/legacy_reader.h>
#include <harker/serialize/torch/torch_reader.h>
#include <harker/serialize/torch/torch_writer.h>
#include <harker/serialize/value/contents.h>
#include <harker/serialize/zip/zip_look.h>

namespace harker HARKER_PUBLIC {
namespace {

// By its beginning, or by its end: a damaged first byte must not hide what the file is.
bool is_zip(io::ByteView file) { return look_at_zip(file).is_zip; }

class TorchFormat final : public Format {
 public:
  std::string_view name() const override { return "torch"; }
  std::span<const std::string_view> extensions() const override {
    static constexpr std::string_view kExtensions[] = {".pt", ".pth", ".pickle", ".pkl", ".bin", ".ckpt", ".tar"};
    return kExtensions;
  }
  bool sniff(io::ByteView file) const override {
    return is_zip(file) || pt::is_legacy(file) || pt::is_tar(file) || pt::is_pickle(file);
  }
  Document read(const std::shared_ptr<const io::Source>& source, const LoadOptions& options) const override {
    return read(source, options, false);
  }
  void verify(const std::shared_ptr<const io::Source>& source, const LoadOptions& options) const override {
    check_contents(read(source, options, true).value, source->name());
  }
  SaveReport write(io::Sink& sink, const Value& value, std::string_view name,
                   const SaveOptions& options) const override {
    return pt::write_zip(sink, value, name, options);
  }

 private:
  // Only zip archives have anything that reading does not check.
  static Document read(const std::shared_ptr<const io::Source>& source, const LoadOptions& options, bool everything) {
    const io::ByteView file = source->bytes();
    if (is_zip(file)) return pt::read_zip(source, options, everything);
    if (pt::is_legacy(file)) return pt::read_legacy(source, options);
    return pt::is_tar(file) ? pt::read_tar(source, options) : pt::read_bare_pickle(source, options);
  }
};

}  // namespace

const Format& torch_format() {
  static const TorchFormat format;
  return format;
}

}  // namespace harker

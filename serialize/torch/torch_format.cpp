// PyTorch's format, as the registry sees it: whatever torch.save ever wrote, told apart by content. Written: the zip
// archives of torch.save (1.6 and later). Read: those, TorchScript's, the legacy stream, tar files and bare pickles.
#include <harker/serialize/format.h>
#include <harker/serialize/torch/legacy_reader.h>
#include <harker/serialize/torch/torch_reader.h>
#include <harker/serialize/torch/torch_writer.h>

namespace harker HARKER_PUBLIC {
namespace {

constexpr std::size_t kZipEndSize = 22;

// By its beginning, or by its end: a damaged first byte must not hide what the file is.
bool is_zip(std::string_view s) {
  return s.starts_with("PK\x03\x04") || s.starts_with("PK\x05\x06") || s == "PK\x03" || s == "PK" ||
         (s.size() >= kZipEndSize && s.substr(s.size() - kZipEndSize).starts_with("PK\x05\x06"));
}

class TorchFormat final : public Format {
 public:
  std::string_view name() const override { return "torch"; }
  std::span<const std::string_view> extensions() const override {
    static constexpr std::string_view kExtensions[] = {".pt", ".pth", ".pickle", ".pkl", ".bin", ".ckpt", ".tar"};
    return kExtensions;
  }
  bool sniff(io::ByteView file) const override {
    return is_zip(io::text(file)) || pt::is_legacy(file) || pt::is_tar(file) || pt::is_pickle(file);
  }
  Document read(const std::shared_ptr<const io::Source>& source, const LoadOptions& options) const override {
    const io::ByteView file = source->bytes();
    if (is_zip(io::text(file))) return pt::read_zip(source, options);
    if (pt::is_legacy(file)) return pt::read_legacy(source, options);
    return pt::is_tar(file) ? pt::read_tar(source, options) : pt::read_bare_pickle(source, options);
  }
  Document examine(const std::shared_ptr<const io::Source>& source, const LoadOptions& options,
                   Findings& findings) const override {
    LoadOptions lazy = options;
    lazy.mmap = true;
    Document d = read(source, lazy);
    const Examined examined = harker::examine(d.value, source->name(), findings);
    if (is_zip(io::text(source->bytes()))) pt::examine_rest(*source, options, examined, findings);
    return d;
  }
  SaveReport write(io::Sink& sink, const Value& value, std::string_view name,
                   const SaveOptions& options) const override {
    return pt::write_zip(sink, value, name, options);
  }
};

}  // namespace

const Format& torch_format() {
  static const TorchFormat format;
  return format;
}

}  // namespace harker

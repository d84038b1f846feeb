// PyTorch's format, as the registry sees it. Read and written: the zip archives of torch.save (1.6 and later).
// Recognised and named, so that the error says what it is: the legacy stream, tar, TorchScript, torch.export, a bare
// pickle.
#include <harker/core/text.h>
#include <harker/serialize/format.h>
#include <harker/serialize/torch/torch_reader.h>
#include <harker/serialize/torch/torch_writer.h>

namespace harker {
namespace {

// The first pickle of a legacy file: PROTO 2, LONG1 of ten bytes, the magic number.
constexpr std::string_view kLegacy("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19", 14);
constexpr std::size_t kTarMagicAt = 257;

constexpr std::size_t kZipEndSize = 22;

// By its beginning, or by its end: a damaged first byte must not hide what the file is.
bool is_zip(std::string_view s) {
  return s.starts_with("PK\x03\x04") || s.starts_with("PK\x05\x06") || s == "PK\x03" || s == "PK" ||
         (s.size() >= kZipEndSize && s.substr(s.size() - kZipEndSize).starts_with("PK\x05\x06"));
}
bool is_legacy(std::string_view s) {
  return s.starts_with(kLegacy) || (s.size() > 4 && s[0] == '\x80' && s.substr(1).find(kLegacy.substr(2, 12)) < 4);
}
bool is_tar(std::string_view s) { return s.size() > kTarMagicAt + 5 && s.substr(kTarMagicAt, 5) == "ustar"; }
bool is_pickle(std::string_view s) { return s.size() >= 2 && s[0] == '\x80' && s[1] >= 1 && s[1] <= 5; }

class TorchFormat final : public Format {
 public:
  std::string_view name() const override { return "torch"; }
  std::span<const std::string_view> extensions() const override {
    static constexpr std::string_view kExtensions[] = {".pt", ".pth", ".pickle", ".pkl", ".bin", ".ckpt", ".tar"};
    return kExtensions;
  }
  bool sniff(io::ByteView file) const override {
    const std::string_view s = io::text(file);
    return is_zip(s) || is_legacy(s) || is_tar(s) || is_pickle(s);
  }
  Document read(const std::shared_ptr<const io::Source>& source, const LoadOptions& options) const override {
    refuse_older(*source);
    return pt::read_zip(source, options, false);
  }
  void verify(const std::shared_ptr<const io::Source>& source, const LoadOptions& options) const override {
    refuse_older(*source);
    pt::read_zip(source, options, true);
  }
  void write(io::Sink& sink, const Value& value, std::string_view name, const SaveOptions& options) const override {
    pt::write_zip(sink, value, name, options);
  }

 private:
  static void refuse_older(const io::Source& source) {
    const std::string_view s = io::text(source.bytes());
    const char* what = is_zip(s)      ? nullptr
                       : is_legacy(s) ? "is a legacy PyTorch file (before 1.6): not read yet"
                       : is_tar(s)    ? "is a tar file (PyTorch before 0.1.10, if it is PyTorch's at all): not read yet"
                                      : "is a bare pickle, not a file of torch.save (wrong magic number): not read";
    if (what) throw FormatError(detail::str(source.name(), ": ", what));
  }
};

}  // namespace

const Format& torch_format() {
  static const TorchFormat format;
  return format;
}

}  // namespace harker

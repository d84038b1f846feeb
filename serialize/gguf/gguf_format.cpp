// GGUF, as the registry sees it.
#include <harker/serialize/gguf/gguf_file.h>

namespace harker HARKER_PUBLIC {
namespace {

class GgufFormat final : public Format {
 public:
  std::string_view name() const override { return "gguf"; }
  std::span<const std::string_view> extensions() const override {
    static constexpr std::string_view kExtensions[] = {".gguf"};
    return kExtensions;
  }
  // Three of its four letters are enough where a version follows.
  bool sniff(io::ByteView file) const override {
    const std::string_view start = io::text(file).substr(0, gguf::kMagic.size());
    if (file.size() < gguf::kMagic.size() + 4) return start.size() >= 3 && gguf::kMagic.starts_with(start);
    const auto version = io::load_le<std::uint32_t>(file.data() + gguf::kMagic.size());
    int same = 0;
    for (std::size_t i = 0; i < start.size(); ++i) same += start[i] == gguf::kMagic[i];
    return same == 4 || (same == 3 && (version == 2 || version == 3));
  }
  Document read(const std::shared_ptr<const io::Source>& source, const LoadOptions& options) const override {
    return gguf::read_file(source, options);
  }
  SaveReport write(io::Sink& sink, const Value& value, std::string_view, const SaveOptions&) const override {
    gguf::write_file(sink, value);
    return {.bytes = sink.position()};
  }
};

}  // namespace

const Format& gguf_format() {
  static const GgufFormat format;
  return format;
}

}  // namespace harker

// Our own format, as the registry sees it.
#include <algorithm>

#include <harker/serialize/harker/harker_file.h>
#include <harker/serialize/harker/layout.h>

namespace harker HARKER_PUBLIC {
namespace {

class HarkerFormat final : public Format {
 public:
  std::string_view name() const override { return "harker"; }
  std::span<const std::string_view> extensions() const override {
    static constexpr std::string_view kExtensions[] = {".harker"};
    return kExtensions;
  }
  // A file that has lost a byte or two of its magic, or all after the first, is still ours, so that the error can say
  // so.
  bool sniff(io::ByteView file) const override {
    const std::string_view start = io::text(file).substr(0, harker_file::kMagic.size());
    if (start.size() < harker_file::kMagic.size()) return !start.empty() && harker_file::kMagic.starts_with(start);
    std::size_t same = 0;
    for (std::size_t i = 0; i < start.size(); ++i) same += start[i] == harker_file::kMagic[i];
    return same + 2 >= start.size() || start.substr(0, 4) == harker_file::kMagic.substr(0, 4);
  }
  Document read(const std::shared_ptr<const io::Source>& source, const LoadOptions& options) const override {
    return harker_file::read_file(source, options);
  }
  Document examine(const std::shared_ptr<const io::Source>& source, const LoadOptions& options,
                   Findings& findings) const override {
    LoadOptions lazy = options;
    lazy.mmap = true;
    Document d = read(source, lazy);
    harker_file::examine_rest(*source, harker::examine(d.value, source->name(), findings), findings);
    return d;
  }
  SaveReport write(io::Sink& sink, const Value& value, std::string_view, const SaveOptions&) const override {
    harker_file::write_file(sink, value);
    return {.bytes = sink.position()};
  }
};

}  // namespace

const Format& harker_format() {
  static const HarkerFormat format;
  return format;
}

}  // namespace harker

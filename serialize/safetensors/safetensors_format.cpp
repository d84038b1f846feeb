// Safetensors, as the registry sees it: a file, or the index of a set of files.
#include <algorithm>

#include <harker/serialize/safetensors/header.h>
#include <harker/serialize/safetensors/safetensors_file.h>

namespace harker HARKER_PUBLIC {
namespace {

constexpr std::string_view kIndexEnd = ".index.json";

bool is_index(io::ByteView file) {
  const std::string_view all = io::text(file).substr(0, safetensors::kMaxHeader);
  return all.starts_with('{') && all.find("\"weight_map\"") != all.npos;
}

// There is no magic number: a length, and a header that begins with '{'. A file whose length is damaged, or that brace,
// is still told, if not both are.
bool is_file(io::ByteView file) {
  const auto is_text = [](std::string_view s) {
    return std::all_of(s.begin(), s.end(), [](char c) { return (c >= 32 && c < 127) || (c >= 9 && c <= 13); });
  };
  const std::string_view all = io::text(file), length = all.substr(0, 8);
  const bool is_short = length.substr(std::min<std::size_t>(4, length.size())).find_first_not_of('\0') == length.npos;
  if (all.size() <= 8) return is_short && all.size() > 2 && !is_text(all);
  if (is_text(length)) return false;
  if (all[8] == '{' && (all.size() == 9 || std::string_view("\"} \t\r\n").find(all[9]) != all.npos)) return true;
  const std::uint64_t n = io::load_le<std::uint64_t>(file.data());
  const std::string_view header = all.substr(8, static_cast<std::size_t>(std::min<std::uint64_t>(n, 64)));
  if (n == 0) return all.substr(0, 64).find_first_not_of('\0') != all.npos;
  return is_short && n <= all.size() - 8 && is_text(header) && header.find_first_of("{[\"") != header.npos;
}

class SafetensorsFormat final : public Format {
 public:
  std::string_view name() const override { return "safetensors"; }
  std::span<const std::string_view> extensions() const override {
    static constexpr std::string_view kExtensions[] = {".safetensors", ".safetensors.index.json"};
    return kExtensions;
  }
  bool sniff(io::ByteView file) const override { return is_index(file) || is_file(file); }
  Document read(const std::shared_ptr<const io::Source>& source, const LoadOptions& options) const override {
    return is_index(source->bytes()) ? safetensors::read_set(source, options) : safetensors::read_file(source, options);
  }
  SaveReport write(io::Sink& sink, const Value& value, std::string_view name,
                   const SaveOptions& options) const override {
    if (name.ends_with(kIndexEnd)) return safetensors::write_set(sink, value, name, options);
    safetensors::write_file(sink, value, options);
    return {.bytes = sink.position()};
  }
};

}  // namespace

const Format& safetensors_format() {
  static const SafetensorsFormat format;
  return format;
}

}  // namespace harker

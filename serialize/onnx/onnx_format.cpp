// Protobuf (ONNX), as the registry sees it.
#include <harker/serialize/onnx/onnx_file.h>
#include <harker/serialize/onnx/wire.h>

namespace harker HARKER_PUBLIC {
namespace {

class OnnxFormat final : public Format {
 public:
  std::string_view name() const override { return "onnx"; }
  std::span<const std::string_view> extensions() const override {
    static constexpr std::string_view kExtensions[] = {".pb", ".onnx"};
    return kExtensions;
  }
  // Protobuf has no magic number. A ModelProto as everybody writes it begins with its ir_version, a small varint, and
  // goes on with one of its first fields; anything else must be framed without a fault to pass as one.
  bool sniff(io::ByteView file) const override {
    if (file.size() >= 2 && file[0] == 0x08) return true;
    return file.size() >= 2 && file[0] >= 0x08 && file[0] <= 0x7a && onnx::is_framed(file);
  }
  Document read(const std::shared_ptr<const io::Source>& source, const LoadOptions& options) const override {
    return onnx::read_file(source, options);
  }
  SaveReport write(io::Sink& sink, const Value& value, std::string_view, const SaveOptions&) const override {
    onnx::write_file(sink, value);
    return {.bytes = sink.position()};
  }
};

}  // namespace

const Format& onnx_format() {
  static const OnnxFormat format;
  return format;
}

}  // namespace harker

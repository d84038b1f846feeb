// What is not read is called by its name, with what to do; what is read is no stranger.
#include <doctest/doctest.h>
#include <harker/core/ops/ops.h>
#include <harker/serialize/format.h>
#include <harker/serialize/strangers.h>

#include <test_data.h>
#include "test_tensor.h"

using namespace harker;
using namespace harker::test;
using namespace std::string_literals;

namespace {

std::string said(const std::string& bytes, const std::string& name = "memory") {
  return stranger(*io::Source::adopt({bytes.begin(), bytes.end()}, name));
}
std::string saved(const Value& v, const char* format) {
  const auto b = save_to_bytes(v, {.format = format});
  return {b.begin(), b.end()};
}
// A zip archive of empty members.
std::string zip_of(std::initializer_list<const char*> names) {
  std::string out, central;
  for (const std::string name : names) {
    const std::size_t at = out.size();
    out += "PK\3\4\x2d\0\0\0\0\0\0\0\x21\0"s + std::string(12, '\0');
    io::append_le(out, static_cast<std::uint16_t>(name.size()));
    out += "\0\0"s + name;
    central += "PK\1\2\x2d\3\x2d\0\0\0\0\0\0\0\x21\0"s + std::string(12, '\0');
    io::append_le(central, static_cast<std::uint16_t>(name.size()));
    central += std::string(12, '\0');
    io::append_le(central, static_cast<std::uint32_t>(at));
    central += name;
  }
  std::string end("PK\5\6\0\0\0\0", 8);
  for (int i = 0; i < 2; ++i) io::append_le(end, static_cast<std::uint16_t>(names.size()));
  io::append_le(end, static_cast<std::uint32_t>(central.size()));
  io::append_le(end, static_cast<std::uint32_t>(out.size()));
  return out + central + end + "\0\0"s;
}
std::string field(int number, const std::string& bytes) {  // of protobuf, below 2048 and 128 bytes
  std::string out;
  const int tag = number << 3 | 2;
  if (tag >= 128) out += static_cast<char>(tag | 128);
  out += static_cast<char>(tag >= 128 ? tag >> 7 : tag);
  return out + static_cast<char>(bytes.size()) + bytes;
}

}  // namespace

TEST_CASE("strangers: each is told by its bytes, with what to do") {
  const std::string node = field(1, field(1, "input") + field(2, "Placeholder"));
  const std::pair<std::string, const char*> cases[] = {
      {"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"},
      {"\n <!DOCTYPE html>", "error page"},
      {"\x89HDF\r\n\x1a\n", "keras.models.load_model"},
      {zip_of({"metadata.json", "config.json", "model.weights.h5"}), "a Keras model"},
      {zip_of({"MAR-INF/MANIFEST.json"}), "TorchServe"},
      {"\x1c\0\0\0TFL3"s, "tf2onnx.convert --tflite"},
      {"\x1c\0\0\0ORTM"s, ".ort"},
      {"tjgg\3\0\0\0"s, "before GGUF"},
      {"\x12\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0"s, "MXNet"},
      {"\x1f\x8b\x08"s, "gzip"},
      {"BZh91AY", "bzip2"},
      {"\xfd\x37zXZ\0\0\4"s, "xz"},
      {"\x28\xb5\x2f\xfd", "zstd"},
      {"7z\xbc\xaf\x27\x1c\0\4"s, "7z"},
      {"x\x9c\xed", "joblib"},
      {"\x80\4\x95\xf0\0\0\0\0\0\0\0\x8c\x13joblib.numpy_pickle\x94"s, "joblib.load"},
      {"\0\0\0\0\2\0\0\0\5\0\0\0\0\x7d\0\0\0\0\0\0\1\2\3\4"s, "Darknet"},
      {node + field(4, "\x08\x1a"), "GraphDef"},
      {"\x08\1"s + field(2, field(1, field(1, "a")) + field(2, node)), "SavedModel"},
      {"\x08\4"s + field(2, field(1, field(1, "in"))) + field(500, field(1, "layer")), "Core ML"},
      {"<\n  ir_version: 8,\n  opset_import: []\n>", "onnx.parser"},
      {"ir_version: 8\nproducer_name: \"x\"", "ONNX model as text"},
      {"node {\n  name: \"x\"", ".pbtxt"},
      {std::string(40, 'i') + "\x57\xfb\x80\x8b\x24\x75\x47\xdb", "TensorFlow checkpoint"},
      {"\x7f"
       "ELF\2",
       "ELF"},
      {"%PDF-1.7", "PDF"}};
  for (const auto& [bytes, what] : cases) {
    CAPTURE(std::string(what));
    const std::string text = said(bytes);
    CHECK_MESSAGE(has(text, what), text);
    CHECK(text.size() < 300);
    const std::string error = words<FormatError>([&, &bytes = bytes] {
      load({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
    });
    CHECK(has(error, text));
  }
  const auto shard = io::Source::adopt({0xff, 0xff, 0xff, 0xff, 0xff}, "model.ckpt.data-00000-of-00001");
  CHECK(has(words([&] { detect_format(*shard); }), "TensorFlow checkpoint"));
}

TEST_CASE("strangers: an archive behind other bytes is told with the offset at which it begins") {
  for (const char* format : {"torch", "npz"}) {
    const std::string zip = saved(Value::ordered_dict({{"a", ones({1})}}), format);
    for (const std::string& front : {"HTTP/1.1 200 OK\r\n\r\n"s,
                                     "\x7f"
                                     "ELF"s +
                                         std::string(5000, 'x')}) {
      const std::string text = said(front + zip);
      CHECK_MESSAGE(has(text, "begins at offset " + std::to_string(front.size())), text);
      CHECK(has(text, "tail -c +" + std::to_string(front.size() + 1)));
    }
  }
  const std::string noted =
      "HTTP/1.1 200 OK\r\n\r\n" + saved(Value::dict({{"a", ones({1})}}), "npz");  // with a comment
  const auto source = io::Source::copy(io::bytes(noted));
  CHECK(has(words([&] { detect_format(*source); }), "begins at offset 19"));
  const std::string zip = saved(Value::dict({{"a", ones({1})}}), "npz");  // as the bytes of a tensor
  const Tensor t = empty({static_cast<std::int64_t>(zip.size())}, {.dtype = DType::uint8});
  std::copy(zip.begin(), zip.end(), t.data<std::uint8_t>());
  CHECK(said(saved(Value::dict({{"a", t}}), "safetensors")).empty());
}

TEST_CASE("strangers: none is a file of a format that is read") {
  const Value v = Value::ordered_dict({{"a", ones({2, 2})}});
  for (const Format* f : formats()) {
    CAPTURE(std::string(f->name()));
    const Value what = f->name() == "npy" ? v["a"] : v;
    CHECK(said(saved(what, std::string(f->name()).c_str())) == "");
  }
}

// Three tables: bytes at a place, entries of a zip archive, and what takes a look of its own: text, protobuf, names.
#include <harker/serialize/strangers.h>

#include <algorithm>
#include <cctype>
#include <optional>

#include <harker/core/base/text.h>
#include <harker/serialize/zip/zip_look.h>

namespace harker {
namespace {

using detail::str;
using namespace std::string_view_literals;

struct Magic {
  std::size_t at;
  std::string_view bytes;
  const char* what;
};

constexpr const char* kHdf5 =
    "is an HDF5 file (Keras?), which is not read. With Python: model = keras.models.load_model(FILE), then "
    "numpy.savez('weights.npz', **{w.path: w.numpy() for w in model.weights}); .npz is read";
constexpr const char* kOldGgml =
    "is a file of ggml from before GGUF, which is not read: convert the model to GGUF anew";
constexpr const char* kZlib =
    "is zlib-compressed, as joblib writes: load it with Python, and save its arrays with numpy.savez";

constexpr Magic kMagics[] = {
    {0, "version https://git-lfs"sv, "is a Git LFS pointer, not the file itself: run `git lfs pull`"},
    {0, "\x89HDF"sv, kHdf5},
    {4, "TFL3"sv,
     "is a TensorFlow Lite model, which is not read: `python -m tf2onnx.convert --tflite FILE --output model.onnx`"},
    {4, "ORTM"sv, "is a model in ONNX Runtime's own format (.ort), which is not read: load the .onnx it was made from"},
    {0, "lmgg"sv, kOldGgml},
    {0, "fmgg"sv, kOldGgml},
    {0, "tjgg"sv, kOldGgml},
    {0, "\x12\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0"sv,
     "is a file of MXNet's parameters, which is not read. With Python: numpy.savez('weights.npz', **{name: a.asnumpy() "
     "for "
     "name, a in mxnet.nd.load(FILE).items()})"},
    {0, "\x1f\x8b"sv, "is gzip-compressed (.gz, .tgz): unpack it first"},
    {0, "BZh"sv, "is bzip2-compressed: unpack it first"},
    {0, "\xfd\x37zXZ\0"sv, "is xz-compressed: unpack it first"},
    {0, "\x28\xb5\x2f\xfd"sv, "is zstd-compressed: unpack it first"},
    {0, "\4\"M\x18"sv, "is lz4-compressed: unpack it first"},
    {0, "7z\xbc\xaf\x27\x1c"sv, "is a 7z archive: unpack it first"},
    {0, "Rar!\x1a\7"sv, "is a RAR archive: unpack it first"},
    {0, "x\x9c"sv, kZlib},
    {0, "x\1"sv, kZlib},
    {0, "x\xda"sv, kZlib},
    {0, "\x7f\x45LF"sv, "is an ELF file, a program or library"},
    {0, "%PDF-"sv, "is a PDF document"}};

struct Entry {
  std::string_view name, what;
};
constexpr Entry kEntries[] = {
    {"model.weights.h5",
     "is a Keras model (.keras), which is not read. With Python: model = keras.models.load_model(FILE), then "
     "numpy.savez('weights.npz', **{w.path: w.numpy() for w in model.weights}); .npz is read"},
    {"MAR-INF/MANIFEST.json", "is a TorchServe archive (.mar): unpack it, and load the model in it"}};

// Text, which may begin with blank space and be in capitals.
const char* text_stranger(std::string_view all) {
  std::string head(all.substr(0, 256));
  for (char& c : head) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  const std::size_t first = head.find_first_not_of(" \t\r\n");
  const std::string_view start = first == head.npos ? std::string_view() : std::string_view(head).substr(first);
  if (start.starts_with("<!doctype") || start.starts_with("<html") || start.starts_with("<?xml"))
    return "is an HTML or XML page: the download brought an error page instead of the file";
  if (start.starts_with("ir_version:") || (start.starts_with('<') && start.find("ir_version:") != start.npos))
    return "is an ONNX model as text, which is not read. With Python: onnx.save(onnx.parser.parse_model(text), FILE), "
           "or "
           "google.protobuf.text_format.Parse for the other syntax";
  if (start.starts_with("node {") || start.starts_with("saved_model_schema_version"))
    return "is a TensorFlow graph as text (.pbtxt), which is not read: convert it to ONNX with tf2onnx";
  return nullptr;
}

struct Field {
  std::uint64_t number = 0, wire = 0;
  std::string_view bytes;
};

std::optional<std::uint64_t> varint(std::string_view& s) {
  std::uint64_t v = 0;
  for (unsigned i = 0; i < 10 && i < s.size(); ++i) {
    v |= std::uint64_t{static_cast<unsigned char>(s[i]) & 0x7fU} << (7 * i);
    if ((s[i] & 0x80) == 0) {
      s.remove_prefix(i + 1);
      return v;
    }
  }
  return std::nullopt;
}

// The first field of a protobuf message, which is taken off `s`.
std::optional<Field> take_field(std::string_view& s) {
  const auto tag = varint(s);
  if (!tag || *tag >> 3 == 0) return std::nullopt;
  Field f{*tag >> 3, *tag & 7, {}};
  std::uint64_t n = f.wire == 1 ? 8 : f.wire == 5 ? 4 : 0;
  if (f.wire == 0 || f.wire == 2) {
    const auto v = varint(s);
    if (!v) return std::nullopt;
    if (f.wire == 2) n = *v;
  } else if (n == 0) {
    return std::nullopt;
  }
  if (n > s.size()) return std::nullopt;
  f.bytes = s.substr(0, static_cast<std::size_t>(n));
  s.remove_prefix(static_cast<std::size_t>(n));
  return f;
}

bool is_word(std::string_view s) {
  return !s.empty() && std::all_of(s.begin(), s.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

// Messages of others, where an ONNX model has ir_version: 8 and a producer's name first.
const char* protobuf_stranger(std::string_view all) {
  std::string_view rest = all;
  const std::optional<Field> first = take_field(rest);
  if (!first || first->number != 1) return nullptr;
  if (first->wire == 2) {  // GraphDef.node, which begins with name and op
    std::string_view node = first->bytes;
    const std::optional<Field> name = take_field(node), op = take_field(node);
    if (name && op && name->number == 1 && op->number == 2 && is_word(name->bytes) && is_word(op->bytes))
      return "is a TensorFlow graph (GraphDef), which is not read: `python -m tf2onnx.convert --graphdef FILE --output "
             "model.onnx --inputs NAMES --outputs NAMES`";
    return nullptr;
  }
  bool core_ml = false, only_2 = true, message = false;
  constexpr int kMostFields = 64;
  for (int i = 0; i < kMostFields && !rest.empty(); ++i) {
    const std::optional<Field> f = take_field(rest);
    if (!f || f->number == 7) return nullptr;  // ONNX's graph
    message =
        message || (f->number == 2 && f->wire == 2 && (f->bytes.starts_with('\n') || f->bytes.starts_with('\x12')));
    core_ml = core_ml || (f->number >= 200 && f->wire == 2);
    only_2 = only_2 && f->number == 2 && f->wire == 2;
  }
  if (message && core_ml)
    return "is a Core ML model (.mlmodel), which is not read: load the model that it was converted from";
  if (message && only_2)
    return "is a TensorFlow SavedModel, which is not read: `python -m tf2onnx.convert --saved-model FOLDER --output "
           "model.onnx`";
  return nullptr;
}

constexpr const char* kTensorFlowCheckpoint =
    "is part of a TensorFlow checkpoint, which is not read. With Python: r = tf.train.load_checkpoint(PREFIX), then "
    "numpy.savez('weights.npz', **{n: r.get_tensor(n) for n in r.get_variable_to_shape_map()})";

const char* other_stranger(io::ByteView file) {
  const std::string_view all = io::text(file);
  if (all.ends_with("\x57\xfb\x80\x8b\x24\x75\x47\xdb")) return kTensorFlowCheckpoint;  // LevelDB's table: .index
  if (all.starts_with("\x80") && all.substr(0, 64 << 10).find("joblib.numpy_pickle") != all.npos)
    return "is a pickle of joblib's, with arrays between its opcodes, which is not read. With Python: "
           "joblib.load(FILE), and "
           "numpy.savez for its arrays";
  const auto word = [&](std::size_t i) { return io::load_le<std::uint32_t>(file.data() + 4 * i); };
  if (file.size() > 20 && file.size() % 4 == 0 && word(0) == 0 && (word(1) == 1 || word(1) == 2) && word(2) < 10)
    return "is a file of Darknet's weights, which is not read: it names no tensors; convert it with its .cfg";
  return nullptr;
}

std::string behind(const ZipLook& zip, std::string_view all) {
  return str("is a zip archive that begins at offset ", zip.begins, ", behind ",
             detail::quoted(all.substr(0, std::min<std::size_t>(static_cast<std::size_t>(zip.begins), 24))),
             ": cut these bytes off (`tail -c +", zip.begins + 1, "`)");
}

}  // namespace

std::string stranger(const io::Source& source) {
  const io::ByteView file = source.bytes();
  const std::string_view all = io::text(file);
  if (all.size() > 8 && all[8] == '{' && io::load_le<std::uint64_t>(file.data()) <= all.size() - 8)
    return {};  // safetensors, which begins with a length: that may look like anything, and so may the end
  const ZipLook zip = look_at_zip(file);
  if (zip.begins > 0) return behind(zip, all);
  for (const Entry& e : kEntries)
    if (zip.has(e.name)) return std::string(e.what);
  if (zip.is_zip) return {};
  for (const Magic& m : kMagics)
    if (all.size() > m.at && all.substr(m.at).starts_with(m.bytes)) return m.what;
  if (const char* what = text_stranger(all)) return what;
  if (const char* what = other_stranger(file)) return what;
  if (const char* what = protobuf_stranger(all)) return what;
  return {};
}

std::string last_resort(const io::Source& source) {
  const ZipLook zip = look_at_zip(source.bytes(), true);
  if (zip.begins > 0) return behind(zip, io::text(source.bytes()));
  const std::string& name = source.name();
  const std::size_t data = name.rfind(".data-");  // PREFIX.data-00000-of-00001
  return data != name.npos && name.find("-of-", data) != name.npos ? kTensorFlowCheckpoint : "";
}

}  // namespace harker

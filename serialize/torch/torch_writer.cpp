// The archive of torch.save: the pickle, three small records (format version, alignment, byte order), the storages, the
// version and the serialization id.
#include <harker/serialize/torch/torch_writer.h>

#include <bit>

#include <harker/core/base/text.h>
#include <harker/serialize/torch/serialization_id.h>
#include <harker/serialize/torch/torch_pickler.h>
#include <harker/serialize/torch/zip_writer.h>

namespace harker::pt {
namespace {

constexpr std::int64_t kMaxAlignment = 32768;  // the padding's length is a 16-bit number

// The folder in the archive: the file's name without its last extension, as torch has it, to which a backslash ends a
// folder, too. A file named "...pt" would give "..", which no reader should follow.
std::string root_folder(std::string_view name) {
  for (char c : name)
    if (static_cast<unsigned char>(c) >= 0x80) return "archive";
  name = name.substr(name.find_last_of("/\\") + 1);
  const std::string_view stem = name.substr(0, name.find_last_of('.'));
  if (stem == "." || stem == "..") return "archive";
  if (stem.empty())
    detail::throw_error<Error>("torch: the file name ", detail::quoted(name),
                               " has nothing before its extension, which torch.save refuses");
  return std::string(stem);
}

}  // namespace

SaveReport write_zip(io::Sink& sink, const Value& value, std::string_view name, const SaveOptions& options) {
  if (options.alignment < 1 || options.alignment > kMaxAlignment)
    detail::throw_error<Error>("torch: SaveOptions::alignment must be 1 to ", kMaxAlignment, ", it is ",
                               options.alignment);
  const std::string root = root_folder(name);
  TorchPickler pickler(value, options);
  const std::string pickle = pickler.run();
  std::uint64_t bytes = pickle.size();
  for (const StorageSpan& p : pickler.storages()) {
    p.storage->ensure();  // a damaged lazy one must fail before anything is written
    bytes += p.size;
  }
  sink.expect(bytes);

  ZipWriter zip(sink, root, static_cast<std::uint32_t>(options.alignment), options.crc32);
  SerializationId id;
  const auto add = [&](const std::string& record, io::ByteView data) {
    id.add(record, zip.add(record, data), data.empty());
  };
  add("data.pkl", io::bytes(pickle));
  add(".format_version", io::bytes("1"));
  add(".storage_alignment", io::bytes(std::to_string(options.alignment)));
  add("byteorder", io::bytes(std::endian::native == std::endian::little ? "little" : "big"));
  std::size_t i = 0;
  for (const StorageSpan& p : pickler.storages())
    add("data/" + std::to_string(i++), {static_cast<const std::uint8_t*>(p.storage->data) + p.begin, p.size});
  add("version", io::bytes("3\n"));
  zip.add(".data/serialization_id", io::bytes(id.digits()));
  zip.finish();
  return {.bytes = sink.position(), .left_out = pickler.left_out()};
}

}  // namespace harker::pt

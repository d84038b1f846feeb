// Reads a protobuf file: an ONNX ModelProto (layout: onnx_writer.cpp). One of ours has the metadata "harker", from
// which the whole Value comes back; from any other, its tensors by name (onnx_weights.cpp).

#include <harker/core/base/text.h>
#include <harker/serialize/io/crc32.h>
#include <harker/serialize/io/keyed_map.h>
#include <harker/serialize/onnx/onnx_file.h>
#include <harker/serialize/onnx/onnx_json.h>
#include <harker/serialize/onnx/onnx_types.h>
#include <harker/serialize/onnx/onnx_weights.h>
#include <harker/serialize/onnx/wire.h>

namespace harker::onnx {
namespace {

using detail::str;
using detail::throw_error;

void read_property(io::ByteView entry, Model& m, const std::string& what) {
  std::string_view key, value;
  protozero::pbf_reader r = message(entry, what);
  while (r.next()) {
    switch (r.tag_and_type()) {
      case bytes(1): key = text(r.get_view()); break;
      case bytes(2): value = text(r.get_view()); break;
      default: r.skip();
    }
  }
  const auto set = [&](std::string_view& to, bool& has) {
    if (has) throw_error<FormatError>(what, ": the metadata ", detail::quoted(key), " occurs twice (duplicate)");
    to = value, has = true;
  };
  if (key == kMetadata) set(m.json, m.ours);
  if (key == kChecksums) set(m.checksums, m.has_checksums);
}

Model read_model(io::ByteView all, const std::string& what) {
  Model m;
  bool has_graph = false;
  protozero::pbf_reader r = message(all, what);
  while (r.next()) {
    switch (r.tag_and_type()) {
      case varint(1): m.ir_version = r.get_int64(); break;
      case bytes(2): m.producer = text(r.get_view()); break;
      case bytes(7):
        if (has_graph) throw_error<FormatError>(what, ": the model has two graphs");
        m.graph = view(r.get_view()), has_graph = true;
        break;
      case bytes(14): read_property(view(r.get_view()), m, what); break;
      case bytes(20): m.training.push_back(view(r.get_view())); break;
      case bytes(25): m.functions.push_back(view(r.get_view())); break;
      default: r.skip();
    }
  }
  if (!m.ours && m.producer == kProducer)
    throw_error<FormatError>(what, ": harker wrote this file, but its metadata is missing: truncated or damaged");
  if (!has_graph)
    throw_error<FormatError>(
        what, ": a protobuf message without a graph: it is no ONNX model, or its end is missing (truncated)");
  return m;
}

// Calls f(message) for each initializer.
template <class F>
void each_initializer(io::ByteView graph, const std::string& what, F f) {
  protozero::pbf_reader r = message(graph, what);
  while (r.next()) {
    if (r.tag_and_type() == bytes(5))
      f(view(r.get_view()));
    else
      r.skip();
  }
}

// The CRCs of the JSON and of each storage.
std::vector<std::uint32_t> checksums(const Model& m, std::size_t storages, const std::string& what) {
  std::vector<std::uint32_t> out;
  const std::string_view s = m.checksums;
  for (std::size_t at = 0; at + 8 <= s.size() && out.size() <= storages; at += 9) {
    const auto crc = detail::from_hex(s.substr(at, 8));
    if (!crc || (at > 0 && s[at - 1] != ' ')) break;
    out.push_back(static_cast<std::uint32_t>(*crc));
  }
  if (out.size() != storages + 1 || s.size() != 9 * out.size() - 1)
    throw_error<FormatError>(what, ": metadata ", kChecksums, ": must be ", storages + 1,
                             " CRC-32 of 8 hexadecimal digits: it is damaged");
  return out;
}

Value read_ours(const Model& m, Reading& reading) {
  const std::string& what = reading.source->name();
  const std::string where = str(what, ": metadata ", kMetadata);
  if (m.has_checksums) {
    const auto crc = detail::from_hex(m.checksums.substr(0, 8));
    if (crc && *crc != io::crc32(io::bytes(m.json)))
      throw_error<FormatError>(where, ": its CRC-32 is not what harker_crc32 says: the bytes are damaged");
  }
  const Metadata meta = read_json(m.json, where);
  value_table::check(meta.table, where);
  std::vector<std::uint32_t> crcs;
  if (m.has_checksums) crcs = checksums(m, meta.table.storages.size(), what);

  KeyedMap<std::string_view, std::size_t> wanted;
  for (std::size_t i = 0; i < meta.initializers.size(); ++i)
    if (!wanted.try_emplace(meta.initializers[i], i).second)
      throw_error<FormatError>(where, ": two storages in one initializer, ", detail::quoted(meta.initializers[i]));
  const std::vector<std::string> labels = value_table::storage_names(meta.table);
  std::vector<io::StorageBytes> storages(meta.table.storages.size());
  std::vector<std::shared_ptr<const io::Source>> from;  // of those in other files
  std::vector<bool> found(storages.size());
  KeyedSet<std::string_view> names;
  each_initializer(m.graph, what, [&](io::ByteView bytes) {
    const TensorMessage t = parse_tensor(bytes, what);
    if (!names.insert(t.name).second)
      throw_error<FormatError>(what, ": two initializers of the name ", detail::quoted(t.name), " (duplicate)");
    const auto at = wanted.find(t.name);
    if (at == wanted.end()) return;
    const std::size_t i = at->second;
    const std::uint64_t nbytes = meta.table.storages[i];
    io::ByteView stored = t.raw;
    if (t.is_external) {
      const ExternalFiles::Part p = reading.files.part(t.external, nbytes, reading.budget, str(what, ": ", labels[i]));
      stored = p.bytes, from.resize(storages.size()), from[i] = p.file;
    }
    if ((!t.has_raw && !t.is_external) || stored.size() != nbytes)
      throw_error<FormatError>(what, ": ", labels[i], ": the initializer ", detail::quoted(t.name),
                               " has a raw_data size of ", stored.size(), " bytes, expected ", nbytes);
    found[i] = true;
    storages[i] = {.stored = stored,
                   .nbytes = nbytes,
                   .crc = crcs.empty() ? 0 : crcs[i + 1],
                   .check_crc = !crcs.empty(),
                   .label = labels[i]};
  });
  for (std::size_t i = 0; i < found.size(); ++i)
    if (!found[i])
      throw_error<FormatError>(what, ": ", labels[i], ": the initializer ", detail::quoted(meta.initializers[i]),
                               " that holds it is missing");
  return value_table::read_table(meta.table, std::move(storages), reading.source, reading.options, from);
}

}  // namespace

std::string data_file(const io::Source& model) {
  try {
    std::string found;
    each_initializer(read_model(model.bytes(), model.name()).graph, model.name(), [&](io::ByteView bytes) {
      if (found.empty()) found = parse_tensor(bytes, model.name()).external.location;
    });
    return found;
  } catch (const std::exception&) { return {}; }  // of whatever kind it is: it names no file
}

Document read_file(const std::shared_ptr<const io::Source>& source, const LoadOptions& options) {
  const std::string what = source->name();
  try {
    const Model m = read_model(source->bytes(), what);
    Reading reading(source, options);
    std::vector<Value> passed_over;
    Document d{m.ours ? read_ours(m, reading) : read_weights(m, reading, passed_over), Value::dict()};
    d.facts.set("container", "onnx");
    d.facts.set("ir_version", m.ir_version);
    d.facts.set("producer", detail::quoted(m.producer).substr(1, detail::quoted(m.producer).size() - 2));
    if (reading.checksums > 0)
      passed_over.push_back(Value(str(reading.checksums, " checksum(s) of external files: not compared")));
    if (!passed_over.empty()) d.facts.set("passed_over", Value::list(std::move(passed_over)));
    return d;
  } catch (const protozero::exception& e) {
    throw_error<FormatError>(what, ": cannot parse the protobuf message: ", e.what());
  }
}

}  // namespace harker::onnx

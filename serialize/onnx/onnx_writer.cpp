// Writes a Value as an ONNX ModelProto (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto), in the order of field
// numbers:
//
//   ModelProto  = 1 ir_version: 8   2 producer_name: "harker"   7 graph   8 opset_import{1 domain: "", 2 version: 13}
//                 14 metadata_props{1 key: "harker_crc32", 2 value: checksums}
//                 14 metadata_props{1 key: "harker", 2 value: the value table as JSON (onnx_json_writer.cpp)}
//   checksums   = CRC-32 of that JSON and of each storage, hexadecimal, spaces between
//   GraphProto  = 2 name: "harker"   5 initializer: TensorProto*   12 output*
//                 no nodes: onnxruntime returns initializers that are outputs
//   TensorProto = 1 dims*   2 data_type   8 name   9 raw_data
//   output      = 1 name   2 type{1 tensor_type{1 elem_type, 2 shape{1 dim{1 dim_value}*}}}
//
// A storage lies in the file once: as the initializer of the first tensor that covers it row by row, else as bytes of
// its own (harker.storage.N). Any other tensor is an initializer as well, a copy for other programs; one that would
// take more room than its storage and 64 KiB is left out (expanded tensors).
#include <algorithm>
#include <protozero/pbf_writer.hpp>
#include <unordered_set>

#include <harker/core/base/text.h>
#include <harker/serialize/io/crc32.h>
#include <harker/serialize/onnx/onnx_file.h>
#include <harker/serialize/onnx/onnx_json.h>
#include <harker/serialize/onnx/onnx_types.h>
#include <harker/serialize/onnx/wire.h>

namespace harker::onnx {
namespace {

using detail::str;
using detail::throw_error;

constexpr std::uint64_t kSmall = 64 << 10;

struct Geometry {
  DType dtype;
  std::span<const std::int64_t> sizes, strides;
  std::uint64_t offset, nbytes, storage;
  bool row_major;
};

Geometry geometry(const value_table::View& v, const std::int64_t* extents) {
  Geometry g{v.dtype,
             {extents, v.rank},
             {extents + v.rank, v.rank},
             static_cast<std::uint64_t>(v.offset),
             item_size(v.dtype),
             v.storage,
             true};
  std::uint64_t step = 1;
  for (std::size_t d = v.rank; d-- > 0;) {
    g.row_major = g.row_major && (g.sizes[d] == 1 || g.strides[d] == static_cast<std::int64_t>(step));
    step *= static_cast<std::uint64_t>(g.sizes[d]);
  }
  g.nbytes *= step;
  g.row_major = g.row_major || step == 0;
  return g;
}

// The elements row by row.
std::string elements(const Geometry& g, const Storage& s) {
  const std::size_t item = item_size(g.dtype);
  const char* from = static_cast<const char*>(s.data) + static_cast<std::size_t>(g.offset) * item;
  if (g.nbytes == 0) return {};
  if (g.row_major) return {from, static_cast<std::size_t>(g.nbytes)};
  std::string out;
  out.reserve(static_cast<std::size_t>(g.nbytes));
  std::vector<std::int64_t> at(g.sizes.size(), 0);
  for (;;) {
    out.append(from, item);
    std::size_t d = at.size();
    while (d-- > 0) {
      from += g.strides[d] * static_cast<std::int64_t>(item);
      if (++at[d] < g.sizes[d]) break;
      from -= g.strides[d] * g.sizes[d] * static_cast<std::int64_t>(item);
      at[d] = 0;
    }
    if (d == SIZE_MAX) return out;
  }
}

// A tag and the length that follows it.
std::string lead(std::uint32_t field, std::uint64_t length) {
  std::string out;
  protozero::add_varint_to_buffer(&out, bytes(field));
  protozero::add_varint_to_buffer(&out, length);
  return out;
}

// An initializer: what precedes its bytes, and where these come from.
struct Piece {
  std::string head;  // all fields of the TensorProto up to the length of raw_data
  std::uint64_t nbytes = 0;
  std::size_t storage = 0;
  const Geometry* copy = nullptr;  // null: the storage as it is
  std::uint64_t size() const { return head.size() + nbytes; }
};

Piece piece(std::string_view name, std::int32_t type, const std::vector<std::int64_t>& dims, std::uint64_t nbytes,
            std::size_t storage) {
  Piece p;
  protozero::pbf_writer tensor(p.head);
  for (std::int64_t d : dims) tensor.add_int64(1, d);
  tensor.add_int32(2, type);
  tensor.add_string(8, name.data(), name.size());
  p.head += lead(9, nbytes);
  p.nbytes = nbytes;
  p.storage = storage;
  return p;
}

std::string output(std::string_view name, std::int32_t type, const std::vector<std::int64_t>& dims) {
  std::string out, tensor, shape;
  protozero::pbf_writer sizes(shape);
  for (std::int64_t d : dims) {
    protozero::pbf_writer dim(sizes, 1);
    dim.add_int64(1, d);
  }
  protozero::pbf_writer tensor_type(tensor);
  tensor_type.add_int32(1, type);
  tensor_type.add_message(2, shape);  // also when it is empty, as a scalar's is
  protozero::pbf_writer info(out);
  info.add_string(1, name.data(), name.size());
  protozero::pbf_writer any(info, 2);
  any.add_message(1, tensor);
  return out;
}

std::string property(std::string_view key, std::string_view value) {
  std::string out;
  protozero::pbf_writer p(out);
  p.add_string(1, key.data(), key.size());
  p.add_string(2, value.data(), value.size());
  return out;
}

class Writer {
 public:
  explicit Writer(value_table::Flattened flat)
      : storages_(std::move(flat.storages)), metadata_{std::move(flat.table), {}}, aliases_(std::move(flat.aliases)) {}

  void write(io::Sink& sink) {
    graph();
    std::string head;
    protozero::pbf_writer model(head);
    model.add_int64(1, kIrVersion);
    model.add_string(2, kProducer.data(), kProducer.size());
    std::uint64_t size = 0;
    const std::string name = lead(2, kProducer.size()) + std::string(kProducer);
    size += name.size();
    for (const Piece& p : pieces_) size += lead(5, p.size()).size() + p.size();
    for (const std::string& o : outputs_) size += lead(12, o.size()).size() + o.size();
    head += lead(7, size) + name;

    const std::string json = write_json(metadata_);
    std::vector<std::uint32_t> crcs(1 + storages_.size());  // made while the storages are written
    crcs[0] = io::crc32(io::bytes(json));
    const std::uint64_t total = head.size() + (size - name.size()) + tail(crcs, json).size();
    if (total > kMaxMessage)
      throw_error<Error>("save: a protobuf file cannot hold more than 2 GiB, this one needs ", total,
                         " bytes; save as .harker or .pt instead");

    sink.expect(total);
    sink.write(head);
    for (const Piece& p : pieces_) {
      sink.write(lead(5, p.size()) + p.head);
      if (p.nbytes == 0) continue;
      const Storage& s = *storages_[p.storage];
      if (p.copy)
        sink.write(elements(*p.copy, s));
      else
        crcs[1 + p.storage] = sink.write_crc32({static_cast<const std::uint8_t*>(s.data), s.nbytes});
    }
    for (const std::string& o : outputs_) sink.write(lead(12, o.size()) + o);
    sink.write(tail(crcs, json));
  }

 private:
  // The metadata comes last: without it, what says harker made it was cut off.
  static std::string tail(const std::vector<std::uint32_t>& crcs, const std::string& json) {
    std::string out, checksums;
    for (std::uint32_t crc : crcs) checksums += (checksums.empty() ? "" : " ") + detail::hex(crc);
    protozero::pbf_writer end(out);
    {
      protozero::pbf_writer opset(end, 8);
      opset.add_string(1, "", 0);
      opset.add_int64(2, kOpset);
    }
    for (const std::string& p : {property(kChecksums, checksums), property(kMetadata, json)}) end.add_message(14, p);
    return out;
  }

  void graph() {
    const value_table::Table& t = metadata_.table;
    std::vector<std::string_view> names;
    std::size_t extent = 0, named = 0;
    for (const value_table::View& v : t.views) {
      geometries_.push_back(geometry(v, t.extents.data() + extent));
      names.push_back(std::string_view(t.names).substr(named, v.name));
      extent += std::size_t{2} * v.rank, named += v.name;
    }
    metadata_.initializers.resize(t.storages.size());
    std::unordered_set<std::string_view> taken(names.begin(), names.end());
    for (const auto& alias : aliases_) taken.insert(alias.first);
    for (std::size_t i = 0; i < names.size(); ++i) {
      const Geometry& g = geometries_[i];
      std::string& holder = metadata_.initializers[static_cast<std::size_t>(g.storage)];
      const bool covers =
          holder.empty() && g.row_major && g.offset == 0 && g.nbytes == t.storages[static_cast<std::size_t>(g.storage)];
      if (covers) holder = names[i];
      add(names[i], g, !covers);
    }
    for (const auto& [name, view] : aliases_) add(name, geometries_[view], true);
    for (std::size_t s = 0; s < t.storages.size(); ++s) {
      std::string& holder = metadata_.initializers[s];
      if (!holder.empty()) continue;
      holder = str("harker.storage.", s);
      while (taken.contains(holder)) holder += '_';
      pieces_.push_back(piece(holder, kUint8, {static_cast<std::int64_t>(t.storages[s])}, t.storages[s], s));
    }
    if (!outputs_.empty()) return;
    // onnxruntime opens no model without an output.
    std::string name = "harker.version";
    while (taken.contains(name)) name += '_';
    pieces_.push_back(piece(name, kUint8, {0}, 0, 0));
    outputs_.push_back(output(name, kUint8, {0}));
  }

  void add(std::string_view name, const Geometry& g, bool copy) {
    const auto storage = static_cast<std::size_t>(g.storage);
    if (copy && g.nbytes > std::max(kSmall, metadata_.table.storages[storage])) return;
    const Form f = form(g.dtype);
    std::vector<std::int64_t> dims(g.sizes.begin(), g.sizes.end());
    if (f.pair) dims.push_back(2);
    Piece p = piece(name, f.type, dims, g.nbytes, storage);
    if (copy) p.copy = &g;
    pieces_.push_back(std::move(p));
    outputs_.push_back(output(name, f.type, dims));
  }

  std::vector<Ref<Storage>> storages_;
  Metadata metadata_;
  std::vector<std::pair<std::string, std::uint32_t>> aliases_;
  std::vector<Geometry> geometries_;
  std::vector<Piece> pieces_;
  std::vector<std::string> outputs_;
};

}  // namespace

void write_file(io::Sink& sink, const Value& value) { Writer(value_table::flatten(value, true)).write(sink); }

}  // namespace harker::onnx

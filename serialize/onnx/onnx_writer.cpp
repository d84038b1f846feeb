// Writes a Value as an ONNX ModelProto (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto), in the order of field
// numbers:
//
//   ModelProto  = 1 ir_version: 8   2 producer_name: "harker"   7 graph   8 opset_import{1 domain: "", 2 version: 13}
//                 14 metadata_props{1 key: "harker_crc32", 2 value: checksums}
//                 14 metadata_props{1 key: "harker", 2 value: the value table as JSON (onnx_json_writer.cpp)}
//   checksums   = CRC-32 of that JSON and of each storage, hexadecimal, spaces between
//   GraphProto  = 2 name: "harker"   5 initializer: TensorProto*   12 output*
//                 no nodes: onnxruntime returns initializers that are outputs
//   TensorProto = 1 dims*   2 data_type   8 name   12 doc_string: spaces   9 raw_data
//               | 1 dims*   2 data_type   8 name   13 location   13 offset   13 length   14 data_location: EXTERNAL
//   output      = 1 name   2 type{1 tensor_type{1 elem_type, 2 shape{1 dim{1 dim_value}*}}}
//
// A storage lies in the file once: as the initializer of the first tensor that covers it row by row, else as bytes of
// its own (harker.storage.N), at a multiple of 64 bytes, which is what the spaces are for: a reader that maps the file
// has its tensors there. Any other tensor is an initializer as well, a copy for other programs; one that would take
// more room than its storage and 64 KiB is left out (expanded tensors).
//
// With external data, bytes of 1 KiB and more lie in a second file, NAME.CHECKSUM.data, at multiples of 64, of 64 KiB and
// more at multiples of 4096; a tensor that is a row of another's bytes points at them there. The name changes with the content, so a save that is killed
// leaves the old model whose file it did not touch.
#include <algorithm>
#include <protozero/pbf_writer.hpp>

#include <harker/core/base/text.h>
#include <harker/serialize/io/crc32.h>
#include <harker/serialize/io/keyed_map.h>
#include <harker/serialize/onnx/onnx_file.h>
#include <harker/serialize/onnx/onnx_json.h>
#include <harker/serialize/onnx/onnx_types.h>
#include <harker/serialize/onnx/wire.h>

namespace harker::onnx {
namespace {

using detail::str;
using detail::throw_error;

constexpr std::uint64_t kSmall = 64 << 10;
constexpr std::uint64_t kAligned = 64, kPage = 4096;
constexpr std::uint64_t kExternal = 1 << 10;  // bytes from which on a tensor goes to the other file, as in onnx

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

std::string property(std::string_view key, std::string_view value) {
  std::string out;
  protozero::pbf_writer p(out);
  p.add_string(1, key.data(), key.size());
  p.add_string(2, value.data(), value.size());
  return out;
}

std::uint64_t varint_size(std::uint64_t v) { return static_cast<std::uint64_t>(protozero::length_of_varint(v)); }
std::uint64_t up(std::uint64_t n, std::uint64_t to) { return (n + to - 1) / to * to; }

// An initializer: what precedes its bytes, and where these come from.
struct Piece {
  std::string head;  // fields of the TensorProto: dims, data_type and name, then whatever comes before the bytes
  std::uint64_t nbytes = 0;
  std::size_t storage = 0;
  const Geometry* copy = nullptr;  // null: the storage as it is
  bool external = false;           // in the other file
  std::uint64_t offset = 0;        // there
  std::uint64_t size() const { return head.size() + (external ? 0 : nbytes); }
};

Piece piece(std::string_view name, std::int32_t type, const std::vector<std::int64_t>& dims, std::uint64_t nbytes,
            std::size_t storage) {
  Piece p;
  protozero::pbf_writer tensor(p.head);
  for (std::int64_t d : dims) tensor.add_int64(1, d);
  tensor.add_int32(2, type);
  tensor.add_string(8, name.data(), name.size());
  p.nbytes = nbytes;
  p.storage = storage;
  return p;
}

// How many bytes of a doc_string make the raw bytes of a piece begin at a multiple of 64, when it lies `at` bytes from
// the beginning of the file: none, or 2 to 129, its tag and its length among them.
std::uint64_t raw_pad(const Piece& p, std::uint64_t at) {
  std::uint64_t pad = 0;
  const auto begin = [&] {
    const std::uint64_t head = p.head.size() + pad + 1 + varint_size(p.nbytes);
    return at + 1 + varint_size(head + p.nbytes) + head;
  };
  while (begin() % kAligned != 0) pad += pad == 0 ? 2 : 1;
  return pad;
}
std::string spaces(std::uint32_t field, std::uint64_t n) {
  return n == 0 ? std::string() : lead(field, n - 2) + std::string(static_cast<std::size_t>(n - 2), ' ');
}

void add_external(Piece& p, std::string_view location) {
  protozero::pbf_writer tensor(p.head);
  for (const auto& [key, value] : {std::pair<std::string_view, std::string>{"location", location},
                                   {"offset", std::to_string(p.offset)},
                                   {"length", std::to_string(p.nbytes)}})
    tensor.add_message(13, property(key, value));
  tensor.add_int32(14, 1);
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

// When this save is in place, nobody names the other file of the model that it replaces, if that was a save of ours.
void retire_data(io::Sink& sink, std::string_view file, std::string_view location) {
  const auto old = sink.old();
  const std::string data = old ? data_file(*old) : std::string();
  const std::string stem = str(file, '.');
  const std::string_view end = kDataEnding;
  if (data != location && data.size() == stem.size() + 8 + end.size() && data.starts_with(stem) &&
      data.ends_with(end) &&
      detail::from_hex(std::string_view(data).substr(stem.size(), data.size() - stem.size() - end.size())))
    sink.retire(data);
}

class Writer {
 public:
  explicit Writer(value_table::Flattened flat)
      : storages_(std::move(flat.storages)), metadata_{std::move(flat.table), {}}, aliases_(std::move(flat.aliases)) {}

  // Returns the bytes of both files.
  std::uint64_t write(io::Sink& sink, std::string_view file, bool external) {
    graph();
    const std::string json = write_json(metadata_);
    std::vector<std::uint32_t> crcs(1 + storages_.size());  // made while the storages are written
    crcs[0] = io::crc32(io::bytes(json));
    std::string head;
    protozero::pbf_writer model(head);
    model.add_int64(1, kIrVersion);
    model.add_string(2, kProducer.data(), kProducer.size());
    const std::uint64_t end = tail(crcs, json).size();
    std::uint64_t inside = head.size() + end + kSmall;
    for (const Piece& p : pieces_) inside += p.size() + kAligned;
    std::string location;
    if (external || inside > kMaxMessage) {  // the other file's name is made of them
      for (std::size_t i = 0; i < storages_.size(); ++i)
        crcs[1 + i] = io::crc32({static_cast<const std::uint8_t*>(storages_[i]->data), storages_[i]->nbytes});
      location = str(file, '.', detail::hex(io::crc32(io::bytes(tail(crcs, {})))), kDataEnding);
      if (!place(location)) location.clear();
    }
    std::string name = lead(2, kProducer.size()) + std::string(kProducer);
    const std::uint64_t size = layout(head.size(), name);
    head += lead(7, size) + name;
    const std::uint64_t total = head.size() + (size - name.size()) + end;
    if (total > kMaxMessage)
      throw_error<Error>("save: a protobuf file cannot hold more than 2 GiB, this one needs ", total,
                         " bytes; save as .harker or .pt instead");

    std::uint64_t data = 0;
    if (!location.empty()) data = write_data(sink.beside(location));
    retire_data(sink, file, location);
    sink.expect(total);
    sink.write(head);
    for (const Piece& p : pieces_) {
      sink.write(lead(5, p.size()) + p.head);
      if (!p.external && p.nbytes > 0) write_bytes(sink, p, &crcs[1 + p.storage]);
    }
    for (const std::string& o : outputs_) sink.write(lead(12, o.size()) + o);
    sink.write(tail(crcs, json));
    return total + data;
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
    KeyedSet<std::string_view> taken(names.begin(), names.end());
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

  void write_bytes(io::Sink& sink, const Piece& p, std::uint32_t* crc) const {
    const Storage& s = *storages_[p.storage];
    const io::ByteView bytes(static_cast<const std::uint8_t*>(s.data), s.nbytes);
    if (p.copy)
      sink.write(elements(*p.copy, s));
    else if (crc)
      *crc = sink.write_crc32(bytes);
    else
      sink.write(bytes);
  }

  // Says where in the other file the bytes of each piece lie; false when none do.
  bool place(std::string_view location) {
    std::vector<const Piece*> holders(storages_.size());
    std::uint64_t at = 0;
    const auto put = [&](Piece& p) {
      p.external = true, p.offset = up(at, p.nbytes < kSmall ? kAligned : kPage);
      at = p.offset + p.nbytes;
      data_.push_back(&p);
    };
    for (Piece& p : pieces_) {
      if (p.copy || p.nbytes < kExternal) continue;
      holders[p.storage] = &p;
      put(p);
    }
    for (Piece& p : pieces_) {
      if (!p.copy || p.nbytes < kExternal) continue;
      const Piece* holder = p.copy->row_major ? holders[p.storage] : nullptr;
      if (holder)
        p.external = true, p.offset = holder->offset + p.copy->offset * item_size(p.copy->dtype);
      else
        put(p);
    }
    for (Piece& p : pieces_)
      if (p.external) add_external(p, location);
    return at > 0;
  }

  std::uint64_t write_data(io::Sink& to) const {
    static constexpr std::uint8_t kZeros[kPage] = {};
    for (const Piece* p : data_) {
      to.write(io::ByteView(kZeros, static_cast<std::size_t>(p->offset - to.position())));
      write_bytes(to, *p, nullptr);
    }
    return to.position();
  }

  // Ends the heads of all pieces, and returns the size of the graph, whose name comes first. Where the first piece lies
  // depends on how many bytes that size takes. Where both assumptions are wrong, since its padding differs, a
  // doc_string of the graph makes the larger one right.
  std::uint64_t layout(std::uint64_t head, std::string& name) {
    std::vector<std::uint64_t> pads(pieces_.size());
    for (std::uint64_t width = 1;; ++width) {
      const std::uint64_t first = head + 1 + width + name.size();
      std::uint64_t at = first, size = name.size();
      for (std::size_t i = 0; i < pieces_.size(); ++i) {
        const Piece& p = pieces_[i];
        pads[i] = p.external || p.copy || p.nbytes == 0 ? 0 : raw_pad(p, at);
        const std::uint64_t all = p.size() + pads[i] + (p.external ? 0 : 1 + varint_size(p.nbytes));
        at += 1 + varint_size(all) + all;
      }
      size += at - first;
      for (const std::string& o : outputs_) size += 1 + varint_size(o.size()) + o.size();
      if (varint_size(size) > width) continue;
      if (varint_size(size) < width) name += spaces(10, 2 * kAligned), size += 2 * kAligned;
      for (std::size_t i = 0; i < pieces_.size(); ++i)
        if (!pieces_[i].external) pieces_[i].head += spaces(12, pads[i]) + lead(9, pieces_[i].nbytes);
      return size;
    }
  }

  std::vector<Ref<Storage>> storages_;
  Metadata metadata_;
  std::vector<std::pair<std::string, std::uint32_t>> aliases_;
  std::vector<Geometry> geometries_;
  std::vector<Piece> pieces_;
  std::vector<const Piece*> data_;  // those that the other file is made of, in their order there
  std::vector<std::string> outputs_;
};

}  // namespace

std::uint64_t write_file(io::Sink& sink, const Value& value, std::string_view name, bool external) {
  return Writer(value_table::flatten(value, true)).write(sink, name, external);
}

}  // namespace harker::onnx

// .harker files as somebody would write them who means harm: every checksum is right, and a size, count, offset, link
// or version lies. Each is refused with its cause, within four times the file's size and 16 MiB.
#include <doctest/doctest.h>
#include <harker/serialize/format.h>
#include <harker/serialize/harker/layout.h>
#include <harker/serialize/io/crc32.h>
#include <harker/serialize/serialize.h>

#include <functional>

#include "little_memory.h"

namespace {

using namespace harker;
using harker_file::Index;
using Kind = Value::Kind;
using Bytes = std::vector<std::uint8_t>;

struct Parts {
  Index index;
  std::string written;  // the index; empty: what index gives
  std::vector<std::string> storages;
  std::uint32_t version = harker_file::kVersion, flags = 0;
  std::int64_t index_bytes = -1;  // as announced; -1: what they are
  std::uint64_t end = 0;          // added to the length that the end marker repeats
};

// One of everything that can lie: dicts, a list, a tuple, numbers, text, two tensors on one storage and one on another.
Value honest() {
  const Tensor w = arange(0.0, 6).view({2, 3});
  Value::Opaque o;
  o.module = "collections", o.name = "Counter", o.called = true, o.args = Value::tuple({});
  Value::Quantized q;
  q.ints = zeros({2, 3}, DType::qint8), q.scheme = "per_tensor_affine", q.scale = 0.5;
  Value::Quantized channels;
  channels.ints = q.ints, channels.scheme = "per_channel_affine", channels.axis = 1;
  channels.scales = ones({3}), channels.zero_points = zeros({3}, DType::int64);
  Value::Sparse s;
  s.layout = "torch.sparse_coo", s.shape = {3, 4};
  s.parts = {zeros({2, 5}, DType::int64), ones({5})};
  Value::Numpy n;
  n.dtype = "<f8", n.shape = {2}, n.data.resize(16);
  return Value::dict({{"weight", w},
                      {"turned", w.transpose(0, 1)},
                      {"list", Value::list({1, 2.5, true, Value()})},
                      {"tuple", Value::tuple({Value::tuple({7}), "text"})},
                      {"set", Value::set({Value(1), Value(2)})},
                      {"size", Value::size({2, 3})},
                      {"dtype", DType::float16},
                      {"big", Value::integer(Bytes(12, 3))},
                      {"complex", Complex{1, 2}},
                      {"opaque", Value::opaque(o)},
                      {"quantized", Value::quantized(q)},
                      {"channels", Value::quantized(channels)},
                      {"sparse", Value::sparse(s)},
                      {"numpy", Value::numpy_array(n)}});
}

Parts parts_of(const Value& v) {
  Parts p;
  value_table::Flattened flat = value_table::flatten(v);
  p.index.table = std::move(flat.table);
  for (const auto& s : flat.storages) p.storages.emplace_back(static_cast<const char*>(s->data), s->nbytes);
  p.index.places.resize(p.storages.size());
  return p;
}
// Where each storage lies, behind an index of this length.
void place(Parts& p) {
  std::uint64_t at = harker_file::kHeaderSize + harker_file::write_index(p.index).size();
  for (std::size_t i = 0; i < p.storages.size(); ++i) {
    p.index.places[i] = {harker_file::aligned(at), p.storages[i].size(), io::crc32(io::bytes(p.storages[i]))};
    at = harker_file::aligned(at) + p.storages[i].size();
  }
}
Bytes file_of(const Parts& p) {
  const std::string index = p.written.empty() ? harker_file::write_index(p.index) : p.written;
  std::string f(harker_file::kMagic);
  io::append_le(f, p.version);
  io::append_le(f, p.flags);
  io::append_le(f, p.index_bytes < 0 ? index.size() : static_cast<std::uint64_t>(p.index_bytes));
  io::append_le(f, io::crc32(io::bytes(index)));
  io::append_le(f, io::crc32(io::bytes(f)));
  f += index;
  for (const std::string& s : p.storages)
    f.append(static_cast<std::size_t>(harker_file::aligned(f.size()) - f.size()), '\0') += s;
  f += harker_file::kEnd;
  io::append_le(f, f.size() + 8 + p.end);
  const io::ByteView all = io::bytes(f);
  return {all.begin(), all.end()};
}

struct Case {
  const char* name;
  const char* expected;  ///< words of the message
  std::function<void(Parts&)> lie;
};

value_table::Node& row(Parts& p, Kind kind) {
  for (value_table::Node& n : p.index.table.nodes)
    if (n.kind == kind) return n;
  throw std::runtime_error("no such row");
}
std::size_t links_of(const Parts& p, Kind kind) {
  std::size_t at = 0;
  for (const value_table::Node& n : p.index.table.nodes) {
    if (n.kind == kind) return at;
    at += n.links;
  }
  throw std::runtime_error("no such row");
}
std::uint32_t row_number(const Parts& p, Kind kind, bool last = false) {
  std::uint32_t found = 0;
  for (std::uint32_t i = 0; i < p.index.table.nodes.size(); ++i)
    if (p.index.table.nodes[i].kind == kind) {
      found = i;
      if (!last) break;
    }
  return found;
}
std::size_t numbers_of(const Parts& p, Kind kind) {
  std::size_t at = 0;
  for (const value_table::Node& n : p.index.table.nodes) {
    if (n.kind == kind) return at;
    at += n.numbers;
  }
  throw std::runtime_error("no such row");
}
std::size_t text_of(const Parts& p, Kind kind) {
  std::size_t at = 0;
  for (const value_table::Node& n : p.index.table.nodes) {
    if (n.kind == kind) return at;
    at += static_cast<std::size_t>(n.text);
  }
  throw std::runtime_error("no such row");
}
// Of the last quantized row: scale, zero point, axis.
std::int64_t& channels_axis(Parts& p) {
  std::size_t at = 0, found = 0;
  for (const value_table::Node& n : p.index.table.nodes) {
    at += n.numbers;
    if (n.kind == Kind::quantized) found = at - 1;
  }
  return p.index.table.numbers[found];
}
// The sizes of a part of the sparse tensor.
std::int64_t* sparse_sizes(Parts& p, std::size_t part) {
  const value_table::Table& t = p.index.table;
  const std::uint64_t view = t.nodes[t.links[links_of(p, Kind::sparse) + part]].number;
  std::size_t at = 0;
  for (std::uint64_t i = 0; i < view; ++i) at += std::size_t{2} * t.views[static_cast<std::size_t>(i)].rank;
  return &p.index.table.extents[at];
}
// The array's dtype, with as many bytes of data as its shape of two then has.
void retype(Parts& p, std::string_view dtype) {
  value_table::Node& n = row(p, Kind::numpy_array);
  const std::size_t digits = dtype.find_first_of("0123456789");
  const std::size_t size =
      digits == dtype.npos ? 0 : static_cast<std::size_t>(std::stoi(std::string(dtype.substr(digits))));
  p.index.table.text.replace(text_of(p, Kind::numpy_array), static_cast<std::size_t>(n.text),
                             std::string(dtype) + std::string(2 * size, '\0'));
  n.number = dtype.size(), n.text = dtype.size() + 2 * size;
}
std::string as_u64(std::uint64_t v) {
  std::string s;
  io::append_le(s, v);
  return s;
}

// Lies about what is in the index; places and checksums are made right afterwards.
const Case kTable[] = {
    {"no rows", "there are no rows", [](Parts& p) { p.index.table = {}, p.index.places.clear(), p.storages.clear(); }},
    {"root is no row", "the root is row 4294967295", [](Parts& p) { p.index.table.root = UINT32_MAX; }},
    {"a kind of tomorrow", "kind 200 is not known", [](Parts& p) { row(p, Kind::list).kind = static_cast<Kind>(200); }},
    {"more links than there are", "links, ", [](Parts& p) { row(p, Kind::dict).links = UINT32_MAX; }},
    {"fewer links than there are", "has keys without values", [](Parts& p) { row(p, Kind::dict).links -= 1; }},
    {"a link too many", "left over", [](Parts& p) { p.index.table.links.push_back(0); }},
    {"a link to no row", "links to row 4000000000",
     [](Parts& p) { p.index.table.links[links_of(p, Kind::list)] = 4000000000; }},
    {"more numbers than there are", "numbers, ", [](Parts& p) { row(p, Kind::size).numbers = UINT32_MAX; }},
    {"more text than there is", "bytes of text", [](Parts& p) { row(p, Kind::string).text = UINT64_MAX; }},
    {"text left over", "left over", [](Parts& p) { p.index.table.text += "x"; }},
    {"a tuple that holds itself", "which comes later",
     [](Parts& p) { p.index.table.links[links_of(p, Kind::tuple)] = row_number(p, Kind::tuple); }},
    {"a tuple that holds a later one", "which comes later",
     [](Parts& p) { p.index.table.links[links_of(p, Kind::tuple)] = row_number(p, Kind::tuple, true); }},
    {"a list as a key", "TypeError|unhashable|cannot be",
     [](Parts& p) { p.index.table.links[links_of(p, Kind::dict) + 2] = row_number(p, Kind::list); }},
    {"a key twice", "holds a key twice",
     [](Parts& p) {
       const std::size_t at = links_of(p, Kind::dict);
       p.index.table.links[at + 4] = p.index.table.links[at + 2];
     }},
    {"an element twice", "holds an element twice",
     [](Parts& p) {
       const std::size_t at = links_of(p, Kind::set);
       p.index.table.links[at] = p.index.table.links[at + 1];
     }},
    {"attributes that are a list", "its attributes are no dict",
     [](Parts& p) { p.index.table.links[links_of(p, Kind::dict)] = row_number(p, Kind::list); }},
    {"a tensor's attributes are a number", "its attributes are no dict",
     [](Parts& p) { p.index.table.links[links_of(p, Kind::tensor)] = row_number(p, Kind::integer); }},
    {"neither true nor false", "neither true nor false", [](Parts& p) { row(p, Kind::boolean).number = 2; }},
    {"a dtype of tomorrow", "dtype", [](Parts& p) { row(p, Kind::dtype).number = 250; }},
    {"a flag of tomorrow", "has a flag", [](Parts& p) { row(p, Kind::list).flags |= 0x4000; }},
    {"a number in a list", "a field that this kind does not take", [](Parts& p) { row(p, Kind::list).number = 1; }},
    {"a string that is not UTF-8", "is not UTF-8",
     [](Parts& p) { p.index.table.text[text_of(p, Kind::string)] = static_cast<char>(0xff); }},
    {"a negative size", "size", [](Parts& p) { p.index.table.numbers[numbers_of(p, Kind::sparse)] = -1; }},
    {"a sparse layout of tomorrow", "its layout is not known",
     [](Parts& p) { p.index.table.text[text_of(p, Kind::sparse)] = 'T'; }},
    {"a sparse part that is a list", "a part is no tensor",
     [](Parts& p) { p.index.table.links[links_of(p, Kind::sparse)] = row_number(p, Kind::list); }},
    {"sparse indices that are floats", "its indices are no integers",
     [](Parts& p) {
       const std::size_t at = links_of(p, Kind::sparse);
       p.index.table.links[at] = p.index.table.links[at + 1];
     }},
    {"a quantized tensor of floats", "no quantized integers", [](Parts& p) { row(p, Kind::quantized).number = 0; }},
    {"a scheme of tomorrow", "its scheme is not known",
     [](Parts& p) { p.index.table.text[text_of(p, Kind::quantized)] = 'q'; }},
    {"a root one past the rows", "the root is row",
     [](Parts& p) { p.index.table.root = static_cast<std::uint32_t>(p.index.table.nodes.size()); }},
    {"a link one past the rows", "links to row",
     [](Parts& p) {
       p.index.table.links[links_of(p, Kind::list)] = static_cast<std::uint32_t>(p.index.table.nodes.size());
     }},
    {"a view of the storage one past the last", "storage 6 of 6",
     [](Parts& p) { p.index.table.views[0].storage = static_cast<std::uint32_t>(p.storages.size()); }},
    {"a tensor of the view one past the last", "its view does not exist",
     [](Parts& p) { row(p, Kind::tensor).number = p.index.table.views.size(); }},
    {"a quantized tensor of the view one past the last", "its view does not exist",
     [](Parts& p) { row(p, Kind::quantized).number = p.index.table.views.size(); }},
    {"a dtype one past the last", "this dtype is not known", [](Parts& p) { row(p, Kind::dtype).number = kDTypes; }},
    {"a view of a dtype one past the last", "is not known",
     [](Parts& p) { p.index.table.views[0].dtype = static_cast<DType>(kDTypes); }},
    {"a kind one past the last", "is not known",
     [](Parts& p) { row(p, Kind::list).kind = static_cast<Kind>(static_cast<int>(Kind::opaque) + 1); }},
    {"a flavour one past the last", "has a flag or detail", [](Parts& p) { row(p, Kind::dict).detail = 4; }},
    {"an integer of a third form", "has a flag or detail", [](Parts& p) { row(p, Kind::integer).detail = 2; }},
    {"coalesced in a third way", "has a flag or detail", [](Parts& p) { row(p, Kind::sparse).detail = 3; }},
    {"a list that is a Parameter", "has a flag or detail",
     [](Parts& p) { row(p, Kind::list).flags |= value_table::kParameter; }},
    {"a tensor that was made by a call", "has a flag or detail",
     [](Parts& p) { row(p, Kind::tensor).flags |= value_table::kCalled; }},
    {"a complex number of one part", "has two parts", [](Parts& p) { row(p, Kind::complex).numbers = 1; }},
    {"a sparse tensor of one part", "a wrong number of parts", [](Parts& p) { row(p, Kind::sparse).links = 1; }},
    {"a quantized tensor without an axis", "its scale, zero point or axis is missing",
     [](Parts& p) { row(p, Kind::quantized).numbers = 2; }},
    {"arguments that are a list", "its arguments are no tuple",
     [](Parts& p) { p.index.table.links[links_of(p, Kind::opaque)] = row_number(p, Kind::list); }},
    {"a scalar with a shape", "a scalar has no shape",
     [](Parts& p) { row(p, Kind::numpy_array).kind = Kind::numpy_scalar; }},
    {"an axis that is the rank", "its axis does not exist", [](Parts& p) { channels_axis(p) = 2; }},
    {"an axis that is negative", "its axis does not exist", [](Parts& p) { channels_axis(p) = -1; }},
    {"an axis of another size", "scales or zero points does not fit", [](Parts& p) { channels_axis(p) = 0; }},
    {"more indices than values", "do not fit its size", [](Parts& p) { sparse_sizes(p, 0)[1] = 4; }},
    {"fewer values than indices", "do not fit its size", [](Parts& p) { sparse_sizes(p, 1)[0] = 4; }},
    {"a sparse tensor of more dimensions than its indices", "do not fit its size",
     [](Parts& p) { sparse_sizes(p, 0)[0] = 1; }},
    {"an array of numbers of 33 bytes", "no plain number", [](Parts& p) { retype(p, "<f33"); }},
    {"an array of numbers of 3 bytes", "no plain number", [](Parts& p) { retype(p, "<f3"); }},
    {"an array of integers of 16 bytes", "no plain number", [](Parts& p) { retype(p, "<i16"); }},
    {"an array of complex numbers of 4 bytes", "no plain number", [](Parts& p) { retype(p, "<c4"); }},
    {"an array of bools of 2 bytes", "no plain number", [](Parts& p) { retype(p, "|b2"); }},
    {"an array of numbers of no order", "no plain number", [](Parts& p) { retype(p, "!f8"); }},
    {"an array of numbers without a size", "no plain number", [](Parts& p) { retype(p, "<f"); }},
    {"an array of objects", "no plain number",
     [](Parts& p) { p.index.table.text[text_of(p, Kind::numpy_array) + 1] = 'O'; }},
    {"an array that is larger than its data", "does not fit its shape",
     [](Parts& p) { p.index.table.numbers[numbers_of(p, Kind::numpy_array)] = 1000; }},
    {"an array whose size overflows", "its size overflows",
     [](Parts& p) { p.index.table.numbers[numbers_of(p, Kind::numpy_array)] = INT64_MAX; }},
    {"a class whose name is cut", "no proper name", [](Parts& p) { row(p, Kind::opaque).number = 1000; }},
    {"an object with keys without values", "keys without values",
     [](Parts& p) { p.index.table.numbers[numbers_of(p, Kind::opaque)] = 5; }},
    {"a tensor without a view", "its view does not exist", [](Parts& p) { row(p, Kind::tensor).number = 1000; }},
    {"a view of 65 dimensions", "rank 65", [](Parts& p) { p.index.table.views[0].rank = 65; }},
    {"a view whose sizes are missing", "sizes and strides are missing",
     [](Parts& p) { p.index.table.views.back().rank = 40; }},
    {"sizes left over", "left over", [](Parts& p) { p.index.table.extents.push_back(1); }},
    {"a view of no storage", "storage 4294967295", [](Parts& p) { p.index.table.views[0].storage = UINT32_MAX; }},
    {"a view of a dtype of tomorrow", "dtype 99",
     [](Parts& p) { p.index.table.views[0].dtype = static_cast<DType>(99); }},
    {"a view that reaches past its storage", "reaches to byte", [](Parts& p) { p.index.table.extents[0] = 3; }},
    {"a view that begins past its storage", "reaches to byte", [](Parts& p) { p.index.table.views[0].offset = 6; }},
    {"a view that begins before its storage", "offset is negative",
     [](Parts& p) { p.index.table.views[0].offset = -1; }},
    {"a negative extent", "size is negative", [](Parts& p) { p.index.table.extents[0] = -2; }},
    {"a negative stride", "stride is negative", [](Parts& p) { p.index.table.extents[2] = -3; }},
    {"a view whose elements overflow", "overflow",
     [](Parts& p) { p.index.table.extents[0] = p.index.table.extents[1] = INT64_MAX; }},
    {"a view whose extent overflows", "overflow", [](Parts& p) { p.index.table.extents[2] = INT64_MAX; }},
    {"a huge empty view", "overflow",
     [](Parts& p) { p.index.table.extents[0] = 0, p.index.table.extents[1] = INT64_MAX; }},
    {"a view of 2^61 repeated elements", "overflow",
     [](Parts& p) {
       for (std::size_t i : {2u, 3u}) p.index.table.extents[i] = 0;
       p.index.table.extents[0] = p.index.table.extents[1] = std::int64_t{1} << 31;
     }},
    {"a view's name past the names", "reaches past the names",
     [](Parts& p) { p.index.table.views.back().name = UINT32_MAX; }},
    {"a view's name that is not UTF-8", "is not UTF-8",
     [](Parts& p) { p.index.table.names[0] = static_cast<char>(0xc0); }},
    {"a storage that nobody uses", "belongs to no tensor",
     [](Parts& p) {
       p.storages.emplace_back("hidden");
       p.index.places.emplace_back();
     }},
    {"integers that require a gradient", "gradient",
     [](Parts& p) {
       for (value_table::View& v : p.index.table.views) v.requires_grad = v.dtype == DType::int64;
     }},
};

// Lies about where things lie, and in what cereal reads.
const Case kLayout[] = {
    {"version 2", "format version 2", [](Parts& p) { p.version = 2; }},
    {"version 0", "format version 0", [](Parts& p) { p.version = 0; }},
    {"a flag", "flags 0x80000000", [](Parts& p) { p.flags = 0x80000000; }},
    {"an index of 2^63 bytes", "truncated", [](Parts& p) { p.index_bytes = INT64_MAX; }},
    {"an index that is shorter than announced", "truncated|CRC-32",
     [](Parts& p) { p.index_bytes = static_cast<std::int64_t>(harker_file::write_index(p.index).size()) + 1000000; }},
    {"an empty index", "CRC-32", [](Parts& p) { p.index_bytes = 0; }},
    {"two storages at one place", "expected", [](Parts& p) { p.index.places[1].offset = p.index.places[0].offset; }},
    {"storages that overlap", "expected", [](Parts& p) { p.index.places[1].offset -= 64; }},
    {"a hole", "expected", [](Parts& p) { p.index.places[1].offset += 64; }},
    {"a storage inside the index", "expected", [](Parts& p) { p.index.places[0].offset = harker_file::kHeaderSize; }},
    {"a storage beyond the file", "expected|truncated", [](Parts& p) { p.index.places[0].offset = UINT64_MAX - 63; }},
    {"a storage of 2^64 - 1 bytes", "truncated|reaches", [](Parts& p) { p.index.places.back().nbytes = UINT64_MAX; }},
    {"a storage that ends where adding wraps", "truncated|reaches",
     [](Parts& p) { p.index.places.back().nbytes = UINT64_MAX - p.index.places.back().offset + 1; }},
    {"storages that change places", "expected|reaches",
     [](Parts& p) { std::swap(p.index.places[0], p.index.places[1]); }},
    {"a wrong CRC-32 of a storage", "CRC-32", [](Parts& p) { p.index.places[0].crc ^= 1; }},
    {"an end marker that says another length", "end marker", [](Parts& p) { p.end = 1; }},
    {"places for fewer storages", "storage|storages", [](Parts& p) { p.index.places.pop_back(); }},
    {"cereal: big-endian", "little-endian",
     [](Parts& p) { p.written = harker_file::write_index(p.index), p.written[0] = 0; }},
    {"cereal: an index of version 2", "version 2",
     [](Parts& p) { p.written = harker_file::write_index(p.index), p.written[1] = 2; }},
    {"cereal: a row of version 7", "version 7",
     [](Parts& p) { p.written = harker_file::write_index(p.index), p.written[1 + 4 + 4 + 8] = 7; }},
    {"cereal: 2^64 - 1 rows", "are announced",
     [](Parts& p) { p.written = harker_file::write_index(p.index), p.written.replace(9, 8, as_u64(UINT64_MAX)); }},
    {"cereal: 2^40 rows", "are announced",
     [](Parts& p) {
       p.written = harker_file::write_index(p.index), p.written.replace(9, 8, as_u64(std::uint64_t{1} << 40));
     }},
    {"cereal: bytes left over", "left over", [](Parts& p) { p.written = harker_file::write_index(p.index) + '\0'; }},
    {"cereal: it ends early", "ends early|announced",
     [](Parts& p) { p.written = harker_file::write_index(p.index), p.written.resize(p.written.size() - 3); }},
    {"cereal: nothing but its first byte", "ends early", [](Parts& p) { p.written = "\1"; }},
};

bool mentions(const std::string& message, std::string_view any_of) {
  while (true) {
    const std::size_t bar = any_of.find('|');
    if (message.find(any_of.substr(0, bar)) != std::string::npos) return true;
    if (bar == std::string_view::npos) return false;
    any_of.remove_prefix(bar + 1);
  }
}

template <std::size_t n>
std::vector<Bytes> refused(const Case (&cases)[n], bool placed_after) {
  std::vector<Bytes> files;
  for (const Case& c : cases) {
    Parts p = parts_of(honest());
    if (!placed_after) place(p);
    c.lie(p);
    if (placed_after) place(p);
    files.push_back(file_of(p));
    std::string message;
    try {
      load(files.back(), {.unknown = Unknown::keep});
      message = "it was loaded";
    } catch (const FormatError& e) { message = e.what(); }
    CHECK_MESSAGE(mentions(message, c.expected), c.name << ": " << message);
    CHECK_THROWS_AS(load(files.back(), {.mmap = true, .unknown = Unknown::keep})["weight"].tensor(), FormatError);
  }
  return files;
}

}  // namespace

TEST_CASE("harker: without a lie the file is the writer's own") {
  Parts p = parts_of(honest());
  place(p);
  CHECK(file_of(p) == save_to_bytes(honest(), {.format = "harker"}));
}

TEST_CASE("harker: a hostile index, all of whose checksums are right, is refused with its cause") {
  const std::vector<Bytes> files = refused(kTable, true);
  CHECK(files.size() >= 76);
  CHECK(test::load_in_little_memory(static_cast<int>(files.size()),
                                    [&](int i) { return files[static_cast<std::size_t>(i)]; }) == 0);
}

TEST_CASE("harker: hostile places, lengths, versions and cereal's own traps are refused with their cause") {
  const std::vector<Bytes> files = refused(kLayout, false);
  CHECK(test::load_in_little_memory(static_cast<int>(files.size()),
                                    [&](int i) { return files[static_cast<std::size_t>(i)]; }) == 0);
}

TEST_CASE("harker: an index that fails leaves no cycle behind") {
  Value list = Value::list({ones({2})});
  list.push_back(list);
  Parts p = parts_of(Value::list({list, Value::set({Value(1), Value(2)})}));
  Value::seal_cycles(list);
  const std::size_t at = links_of(p, Kind::set);
  p.index.table.links[at] = p.index.table.links[at + 1];
  place(p);
  const auto source = io::Source::copy(file_of(p));
  for (const bool mmap : {false, true}) {
    CHECK_THROWS_WITH_AS(harker_format().read(source, {.mmap = mmap}), doctest::Contains("an element twice"),
                         FormatError);
    CHECK(source.use_count() == 1);  // the tensor's storage would keep it
  }
}

TEST_CASE("harker: each bit of the flags is refused") {
  for (int bit = 0; bit < 32; ++bit) {
    Parts p = parts_of(honest());
    place(p);
    p.flags = 1U << bit;
    CHECK_THROWS_WITH_AS(load(file_of(p), {.unknown = Unknown::keep}), doctest::Contains("flags 0x"), FormatError);
  }
}

TEST_CASE("harker: padding that is not zero is refused by load and by verify") {
  Parts p = parts_of(honest());
  place(p);
  const Bytes good = file_of(p);
  std::uint64_t at = harker_file::kHeaderSize + harker_file::write_index(p.index).size();
  int dirty = 0;
  for (const harker_file::Place& storage : p.index.places) {
    for (; at < storage.offset; ++at, ++dirty) {
      Bytes bad = good;
      bad[static_cast<std::size_t>(at)] = 1;
      CHECK_THROWS_WITH_AS(load(bad, {.unknown = Unknown::keep}), doctest::Contains("not all zero"), FormatError);
      CHECK_THROWS_WITH_AS(harker_format().verify(io::Source::view(bad), {.unknown = Unknown::keep}),
                           doctest::Contains("not all zero"), FormatError);
    }
    at = storage.offset + storage.nbytes;
  }
  CHECK(dirty > 100);
}

TEST_CASE("harker: the last good numbers of a view, and what follows them, is in the table of lies") {
  const auto changed = [](const std::function<void(Parts&)>& change) {
    Parts p = parts_of(honest());
    change(p);
    place(p);
    const Bytes file = file_of(p);
    return load(file, {.unknown = Unknown::keep});
  };
  CHECK(changed([](Parts& p) { p.index.table.views[0].offset = 0; })["weight"].tensor().shape() == Shape{2, 3});
  // One row of three, as far into the storage of six as it can begin.
  const Value v = changed([](Parts& p) { p.index.table.extents[0] = 1, p.index.table.views[0].offset = 3; });
  CHECK(v["weight"].tensor().to_vector<double>() == std::vector<double>{3, 4, 5});
  // An empty view may begin anywhere.
  CHECK(changed([](Parts& p) { p.index.table.extents[0] = 0, p.index.table.views[0].offset = 1000; })["weight"]
            .tensor()
            .numel() == 0);
}

TEST_CASE("harker: a class that calls itself harmless is refused all the same") {
  Parts p = parts_of(honest());
  value_table::Node& n = row(p, Kind::opaque);
  const std::size_t at = text_of(p, Kind::opaque);
  const std::string_view name = "ossystem";
  p.index.table.text.replace(at, static_cast<std::size_t>(n.text), name);
  n.text = name.size(), n.number = 2, n.flags |= value_table::kKnown;
  place(p);
  CHECK_THROWS_WITH_AS(load(file_of(p)), doctest::Contains("'os.system' at 'opaque'"), FormatError);
}

TEST_CASE("harker: a tuple that stands for 2^40 others is one row each, and costs no more") {
  Value v = Value::tuple({1});
  for (int i = 0; i < 40; ++i) v = Value::tuple({v, v});
  const Bytes file = save_to_bytes(v, {.format = "harker"});
  CHECK(test::load_in_little_memory(1, [&](int) { return file; }) == 1);
}

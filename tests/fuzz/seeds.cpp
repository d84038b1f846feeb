// The seeds made here begin as zip archives that the library writes; the other containers are put together from their
// pickles and storages.
#include "fuzz/seeds.h"

#include <harker/serialize/serialize.h>

#include <algorithm>
#include <cstring>

#include <test_data.h>
#include "fuzz/exercise.h"

namespace harker::fuzz {
namespace {

namespace fs = std::filesystem;

Tensor counted(std::initializer_list<std::int64_t> shape, DType dtype) {
  Tensor t = empty(harker::Shape(std::span(shape.begin(), shape.size())), dtype);
  auto* raw = static_cast<std::uint8_t*>(t.raw());
  for (std::size_t i = 0; i < t.storage().nbytes; ++i) raw[i] = static_cast<std::uint8_t>(i % 63 + 1);
  return t;
}

// A state dict; views, shared storages and dtypes; plain values of every kind; what is no dense tensor.
std::vector<Value> values() {
  const Tensor w = counted({4, 3}, DType::float32), b = counted({4}, DType::float32);
  Value state = Value::ordered_dict({{"fc.weight", Value(w)}, {"fc.bias", Value(b)}});
  state.set_attributes(Value::dict({{"_metadata", Value::ordered_dict({{"", Value::dict({{"version", 1}})}})}}));
  const auto share = Ref<Storage>::share(&w.storage());
  const Value views =
      Value::list({Value(w), Value(make_view(share, DType::float32, {3, 4}, {1, 3}, 0)),
                   Value(make_view(share, DType::float32, {2, 2}, {3, 1}, 4)), Value::parameter(b),
                   Value(counted({2, 2}, DType::int64)), Value(counted({5}, DType::uint8)),
                   Value(counted({3}, DType::bfloat16)), Value(counted({0, 3}, DType::float64)), Value(w)});
  const Value plain = Value::dict({{"epoch", 3},
                                   {"lr", 0.25},
                                   {"name", "count"},
                                   {"on", true},
                                   {"none", Value()},
                                   {"large", Value::integer(std::vector<std::uint8_t>(12, 0x71))},
                                   {"bytes", Value::bytes(std::vector<std::uint8_t>{1, 200, 3})},
                                   {"set", Value::set({1, "two"})},
                                   {"tuple", Value::tuple({1, -70000, Value::tuple({1, 2, 3, 4}), Complex{1, 2}})},
                                   {"size", Value::size({2, 3})},
                                   {"dtype", DType::float32},
                                   {"counter", Value::dict({{"a", 1}}, DictFlavour::counter)}});
  Value::Quantized q;
  q.ints = counted({2, 3}, DType::qint8);
  q.scheme = "per_tensor_affine", q.scale = 0.5;
  Value::Sparse s;
  s.layout = "torch.sparse_coo", s.shape = {3, 4};
  s.parts = {Value(zeros({2, 5}, DType::int64)), Value(counted({5}, DType::float32))};
  Value::Numpy n;
  n.dtype = "<f8", n.shape = {2};
  n.data.assign(16, 7);
  const Value odd = Value::list({Value::quantized(q), Value::sparse(s), Value::numpy_array(n)});
  return {state, views, plain, odd};
}

std::vector<FileParts> zips() {
  const Quiet quiet;
  std::vector<FileParts> out;
  for (const Value& v : values()) {
    const std::vector<std::uint8_t> bytes = save_to_bytes(v, {.format = "torch"});
    out.push_back(*read_file({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, Container::zip));
  }
  return out;
}

const Code& pickle_of(FileParts& f) { return find_member(f, "/data.pkl")->pieces[0].code; }

std::string text(std::string_view s) {
  std::string out("X\0\0\0\0", 5);
  put(out, 1, 4, s.size());
  return out += s;
}
std::string int64(std::uint64_t v) {
  std::string out(8, '\0');
  put(out, 0, 8, v);
  return out;
}
const std::string kStart("\x80\2", 2);
const std::string kInfo = kStart + "}(" + text("protocol_version") + "M\xe9\3" + text("little_endian") + "\x88u.";

// The state is that of a module of TorchScript.
FileParts script(FileParts f) {
  Code code = pickle_of(f);
  code.insert(code.begin() + 1, {{'c', "__torch__.net\nNet\n"}, {')', {}}, {0x81, {}}});
  code.insert(code.end() - 1, {'b', {}});
  find_member(f, "/data.pkl")->pieces[0].code = code;
  const std::string root = f.members[0].name.substr(0, f.members[0].name.find('/') + 1);
  f.members.push_back(zip_member(root + "constants.pkl", {code_piece(kStart + ").")}));
  return f;
}

// Five pickles, and the storages in the order of their keys.
FileParts legacy(FileParts f) {
  Code code = pickle_of(f);
  std::vector<std::string> keys;
  std::vector<Piece> storages;
  const std::vector<StorageOps> ids = find_storages(code);
  for (const StorageOps& s : ids) {
    const std::string key = code[s.key].operand;
    if (std::find(keys.begin(), keys.end(), key) != keys.end()) continue;
    keys.push_back(key);
    Piece p =
        find_member(f, "/data/" + key)->pieces.empty() ? raw_piece({}) : find_member(f, "/data/" + key)->pieces[0];
    p.kind = Piece::Kind::storage;
    const auto numel = static_cast<std::size_t>(*integer_of(code[s.numel]));
    p.item = numel == 0 ? 1 : p.bytes.size() / numel;
    storages.push_back(std::move(p));
  }
  for (std::size_t i = ids.size(); i-- > 0;)
    code.insert(code.begin() + static_cast<std::ptrdiff_t>(ids[i].tuple), {'N', {}});
  std::string list = kStart + "](";
  for (const std::string& k : keys) list += text(k);
  FileParts out{.container = Container::legacy};
  Member m;
  m.pieces = {code_piece(kStart + "\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."), code_piece(kStart + "M\xe9\3."),
              code_piece(kInfo), code_piece(kStart + "N."), code_piece(list + "e.")};
  m.pieces[3].code = code;
  m.pieces.insert(m.pieces.end(), storages.begin(), storages.end());
  out.members.push_back(std::move(m));
  return out;
}

// Two tensors over two storages, and a third over a view of the second.
FileParts tar() {
  const auto storage = [](char key, const char* type, std::string bytes, std::size_t item) {
    std::vector<Piece> out{code_piece(kStart + "K" + key + text("cpu") + "ctorch\n" + type + "\n\x87."),
                           raw_piece(std::move(bytes))};
    out[1].kind = Piece::Kind::storage, out[1].item = item;
    return out;
  };
  const auto tensor = [](char key, char of, const char* type, std::uint64_t a, std::uint64_t b, std::uint64_t offset) {
    std::vector<Piece> out{
        code_piece(kStart + "K" + key + "K" + of + "ctorch\n" + type + "\n\x87."),
        raw_piece(std::string("\2\0\0\0\0\0\0\0", 8) + int64(a) + int64(b) + int64(b) + int64(1) + int64(offset))};
    out[1].part = Part::geometry;
    return out;
  };
  std::vector<Piece> storages{code_piece(kStart + "K\2.")}, tensors{code_piece(kStart + "K\3.")};
  const auto add = [](std::vector<Piece>& to, const std::vector<Piece>& more) {
    to.insert(to.end(), more.begin(), more.end());
  };
  add(storages, storage('\x0b', "FloatStorage", std::string(24, 'e'), 4));
  add(storages, storage('\x0c', "LongStorage", std::string(64, 'l'), 8));
  storages.push_back(code_piece(kStart + "]((K\x0dK\x0cK\1K\4te."));
  add(tensors, tensor('\x15', '\x0b', "FloatTensor", 2, 3, 0));
  add(tensors, tensor('\x16', '\x0c', "LongTensor", 2, 2, 4));
  add(tensors, tensor('\x17', '\x0d', "LongTensor", 2, 2, 0));
  const std::string object = kStart + "ccollections\nOrderedDict\n)R(" + text("a") + text("21") + "Q" + text("b") +
                             text("22") + "Q" + text("c") + text("23") + "Qu.";
  FileParts f{.container = Container::tar};
  f.members = {tar_member("sys_info", {code_piece(kInfo)}), tar_member("pickle", {code_piece(object)}),
               tar_member("tensors", tensors), tar_member("storages", storages)};
  return f;
}

std::vector<std::string> pickles() {
  using namespace std::string_literals;
  return {"(dp0\nVa\np1\nI7\nsVb\np2\n(lp3\nI1\naF2.5\nasS'c'\nL12345678901234567890L\nsVd\nI01\ns."s,
          "}q\0(X\1\0\0\0aK\7X\1\0\0\0b]q\1(K\1G@\4\0\0\0\0\0\0eX\1\0\0\0ch\1u."s,
          "\x80\2}(X\1\0\0\0ac__builtin__\nset\n](K\1K\2e\x85Rq\1X\1\0\0\0bc_codecs\nencode\nX\2\0\0\0ab"s +
              text("latin1") + "\x86RX\1\0\0\0cccollections\nCounter\n}(K\1K\2u\x85Ru."s,
          "\x80\4\x95\x1a\0\0\0\0\0\0\0}\x94(\x8c\1a\x94K\7\x8c\1b]\x94(K\1G@\4\0\0\0\0\0\0eu."s,
          "\x80\5]\x94(C\3abc\x94\x96\2\0\0\0\0\0\0\0xy\x8f\x94(K\1\x8c\1z\x90(K\1K\2\x91\x8c\x0b"
          "collections\x8c\x0bOrderedDict\x93)Re."s};
}

bool is_script(const FileParts& f) {
  return std::any_of(f.members.begin(), f.members.end(),
                     [](const Member& m) { return m.name.ends_with("/constants.pkl"); });
}
bool is_for(const FileParts& f, Reader reader) {
  switch (reader) {
    case Reader::zip: return f.container == Container::zip && !is_script(f);
    case Reader::script: return f.container == Container::zip && is_script(f);
    case Reader::legacy: return f.container == Container::legacy;
    case Reader::tar: return f.container == Container::tar;
    case Reader::pickle: return f.container == Container::pickle;
    default: return false;
  }
}
bool is_for(const fs::path& file, const std::string& bytes, Reader reader) {
  if (reader == Reader::harker) return file.extension() == ".harker";
  if (reader == Reader::onnx) return file.extension() == ".onnx";
  const auto parts = read_file(bytes);
  return parts && is_for(*parts, reader);
}

// Also without the checksums, which may be left out: then a change of the metadata is not found by them.
std::vector<std::string> others(const char* format) {
  const Quiet quiet;
  std::vector<std::string> out;
  for (const Value& v : values()) {
    const std::vector<std::uint8_t> bytes = save_to_bytes(v, {.format = format});
    out.emplace_back(bytes.begin(), bytes.end());
    const std::size_t at = out.back().find("harker_crc32");
    if (at == std::string::npos) continue;
    out.push_back(out.back());
    out.back()[at] = 'H';
  }
  return out;
}

}  // namespace

std::vector<std::string> made_seeds(Reader reader) {
  std::vector<std::string> out;
  std::vector<FileParts> from = zips();
  switch (reader) {
    case Reader::zip:
      for (const FileParts& f : from) out.push_back(write_file(f));
      break;
    case Reader::script: out.push_back(write_file(script(from[0]))); break;
    case Reader::legacy:
      for (const FileParts& f : from) out.push_back(write_file(legacy(f)));
      break;
    case Reader::tar: out.push_back(write_file(tar())); break;
    case Reader::pickle: out = pickles(); break;
    case Reader::harker: out = others("harker"); break;
    case Reader::onnx: out = others("onnx"); break;
  }
  return out;
}

std::vector<std::string> found_seeds(Reader reader, std::size_t most) {
  std::vector<std::string> out;
  for (const fs::path& folder : {test::fixtures(), test::hostile(), fs::path(HARKER_SOURCE_DIR) / "tests" / "cases"}) {
    if (!fs::exists(folder)) continue;
    for (const auto& e : fs::recursive_directory_iterator(folder)) {
      if (!e.is_regular_file() || e.file_size() > most || e.path().extension() == ".json") continue;
      const std::vector<std::uint8_t> bytes = test::read_bytes(e.path());
      std::string s(bytes.begin(), bytes.end());
      if (is_for(e.path(), s, reader)) out.push_back(std::move(s));
    }
  }
  std::sort(out.begin(), out.end(), [](const std::string& a, const std::string& b) {
    return a.size() != b.size() ? a.size() < b.size() : a < b;
  });
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

std::vector<FileParts> seeds(Reader reader, std::size_t most) {
  std::vector<FileParts> out;
  for (const auto& all : {made_seeds(reader), found_seeds(reader, most)})
    for (const std::string& s : all)
      if (auto f = read_file(s); f && is_for(*f, reader)) out.push_back(std::move(*f));
  return out;
}

}  // namespace harker::fuzz

// Files that would cost their reader time or stack out of proportion: long names, keys and states that a few bytes use
// again and again, keys that fall on one place of a hash map, chains of views, modules that share.
#include <doctest/doctest.h>
#include <harker/serialize/format.h>
#include <harker/serialize/io/keyed_map.h>
#include <harker/serialize/torch/state_dict_of.h>

#include <algorithm>

#include "fuzz/seeds.h"
#include "serialize/archive.h"

using namespace harker;
using test::archive;

namespace {

const std::string kStart("\x80\x02", 2);

std::string text(const std::string& s) {
  std::string out("X");
  io::append_le(out, static_cast<std::uint32_t>(s.size()));
  return out + s;
}
std::string int32(int v) {
  std::string out("J");
  io::append_le(out, static_cast<std::uint32_t>(v));
  return out;
}
std::string many(const std::string& opcodes, int n) {
  std::string out;
  for (int i = 0; i < n; ++i) out += opcodes;
  return out;
}
std::string memo(char i) { return std::string("q") + i + "0"; }
const std::string kLongText = text(std::string(100'000, 'a'));

std::string message_of(const std::vector<std::uint8_t>& file, const LoadOptions& options = {}) {
  try {
    load(file, options);
  } catch (const FormatError& e) { return e.what(); }
  return {};
}
std::vector<std::uint8_t> bytes_of(const std::string& s) { return {s.begin(), s.end()}; }

}  // namespace

TEST_CASE("torch: a long name in a thousand STACK_GLOBALs is refused") {
  const std::string two = kLongText + memo(0) + kLongText + memo(1) + "](";
  const std::string global("h\0h\1\x93", 5);
  CHECK(message_of(archive(kStart + two + many(global, 2000) + "e."), {.unknown = Unknown::keep}).find("again and") !=
        std::string::npos);
  CHECK(load(archive(kStart + two + many(global, 20) + "e."), {.unknown = Unknown::keep}).len() == 20);
}

TEST_CASE("torch: a key that holds much in tuples is refused when it is used again and again") {
  const std::string use("h\0N", 3);
  const std::string sizes = "ctorch\nSize\n(" + many("K\1", 30'000) + "t\x85R";
  for (const std::string& key :
       {kLongText + "\x85\x85", "](" + many("K\1", 200) + "e0(" + many("N", 30'000) + "t\x85\x85",
        "]" + kLongText + "a0(" + kLongText + "\x91\x85", sizes}) {
    const std::string dict = kStart + key + memo(0) + "}(";
    CAPTURE(key.substr(0, 20));
    CHECK(message_of(archive(dict + many(use, 4000) + "u.")).find("again and again") != std::string::npos);
    CHECK(load(archive(dict + many(use, 20) + "u.")).len() == 1);
  }
  const std::string frozen =
      kStart + kLongText + "\x85\x85" + memo(0) + "](" + many(std::string("(h\0\x91", 4), 4000) + "e.";
  CHECK(message_of(archive(frozen)).find("again and again") != std::string::npos);
}

TEST_CASE("torch: calls that hash one long key again and again are refused") {
  const std::string call("h\0h\1R", 5);
  const std::string list = "]" + kLongText + "\x85" + "a\x85", pairs = "](" + kLongText + "\x85N\x86" + "e\x85",
                    dict = "}" + kLongText + "\x85Ns\x85";
  const std::pair<std::string, std::string> makers[] = {{"c__builtin__\nset\n", list},
                                                        {"c__builtin__\nfrozenset\n", list},
                                                        {"ccollections\nOrderedDict\n", pairs},
                                                        {"ccollections\nCounter\n", dict}};
  for (const auto& maker : makers) {
    const std::string name = maker.first, start = kStart + name + memo(0) + maker.second + memo(1) + "](";
    CAPTURE(name);
    CHECK(message_of(archive(start + many(call, 4000) + "e.")).find("again and again") != std::string::npos);
    CHECK(load(archive(start + many(call, 20) + "e.")).len() == 20);
  }
}

TEST_CASE("torch: a large state that is given again and again is refused") {
  std::string items;
  for (int i = 0; i < 3000; ++i) items += text("key" + std::to_string(i)) + "N";
  const std::string start = kStart + "}(" + items + "u" + memo(0) + "ccollections\nOrderedDict\n)R";
  const std::string build("h\0b", 3);
  CHECK(message_of(archive(start + many(build, 4000) + ".")).find("again and again") != std::string::npos);
  CHECK(load(archive(start + many(build, 20) + ".")).attributes().len() == 3000);
}

TEST_CASE("torch: a long name of a view in a thousand storages of a legacy stream is refused") {
  const std::string id = "(" + text("storage") + "ctorch\nFloatStorage\n" + text("0") + text("cpu") + "K\1" +
                         kLongText + std::string("K\0K\1\x87t", 6) + memo(1);
  const auto stream = [&](int n) {
    return bytes_of(kStart + "\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19." + kStart + "M\xe9\3." + kStart + "}." +
                    kStart + id + many(std::string("h\1Q0", 4), n) + "]." + kStart + "]" + text("0") + "a." +
                    std::string("\1\0\0\0\0\0\0\0", 8) + std::string(4, '\0'));
  };
  CHECK(message_of(stream(2000)).find("again and again") != std::string::npos);
  CHECK(message_of(stream(20)) == "");
}

TEST_CASE("torch: a legacy stream whose magic number has 240000 digits is told that it is wrong") {
  std::string pickle = kStart + std::string("\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19") + "0\x8b";
  io::append_le(pickle, std::uint32_t{100'001});
  CHECK(message_of(bytes_of(pickle + std::string(100'001, '\x11') + ".")) ==
        "memory: wrong magic number: not a legacy PyTorch file");
}

namespace {

const std::string kMagic = kStart + "\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.";
std::string binary(const std::string& s) {
  std::string out("B");
  io::append_le(out, static_cast<std::uint32_t>(s.size()));
  return out + s;
}
/// The legacy stream of `object`, a pickle's opcodes, and of storage "0" with these bytes.
std::string stream(const std::string& object, const std::string& bytes = {}, std::uint64_t numel = 0) {
  std::string out = kMagic + kStart + "M\xe9\3." + kStart + "}." + kStart + object + "." + kStart + "](";
  if (numel == 0) return out + "e.";
  out += text("0") + "e.";
  io::append_le(out, numel);
  return out + bytes;
}
std::string storage_id(const char* type, int numel) {
  return "(" + text("storage") + "ctorch\n" + type + "\n" + text("0") + text("cpu") + int32(numel) + "NtQ";
}
const std::string kFromBytes = "ctorch.storage\n_load_from_bytes\n";

}  // namespace

TEST_CASE("torch: files in a plain pickle are bounded, and may not hold others") {
  const std::string blob = stream(storage_id("FloatStorage", 2), std::string(8, 'e'), 2);
  const std::string call = kFromBytes + binary(blob) + "\x85R";
  const Value one = load(bytes_of(kStart + "]" + call + "a."));
  CHECK(one[0].tensor().numel() == 2);
  // One blob, memoised, loaded again and again: each load is a storage of its own, and there are not many.
  const std::string again = kStart + kFromBytes + memo(0) + binary(blob) + memo(1) + "](";
  const std::string load_it("h\0h\1\x85R", 6);
  const Value few = load(bytes_of(again + many(load_it, 20) + "e."));
  CHECK(few.len() == 20);
  CHECK(&few[0].tensor().storage() != &few[1].tensor().storage());
  CHECK(message_of(bytes_of(again + many(load_it, 50'000) + "e.")).find("more than the limit") != std::string::npos);
  // A blob in a blob; in a blob that is an archive; a blob that is no file; the same as a reference.
  const std::string archived = [&] {
    const auto zip = archive(kStart + "]" + call + "a.");
    return std::string(zip.begin(), zip.end());
  }();
  for (const std::string& nested : {stream("]" + call + "a"), archived}) {
    const std::string message = message_of(bytes_of(kStart + "]" + kFromBytes + binary(nested) + "\x85Ra."));
    CAPTURE(message);
    CHECK(message.find("which only plain pickles hold") != std::string::npos);
    CHECK(message.size() <= 500);
  }
  CHECK(message_of(bytes_of(kStart + "]" + kFromBytes + binary(kStart + "].") + "\x85Ra.")).find("did not write") !=
        std::string::npos);
  // A deflated pickle in an archive in a pickle makes no more of itself than its bytes explain.
  const auto bomb = test::deflated_archive(kStart + "](" + many("]", 1'000'000) + "e.");
  CHECK(
      message_of(bytes_of(kStart + "]" + kFromBytes + binary({bomb.begin(), bomb.end()}) + "\x85Ra.")).find("limit") !=
      std::string::npos);
  // Sizes that lie, in the pickle, in front of the elements and of the record.
  for (const std::string& lie :
       {stream(storage_id("FloatStorage", 1 << 30), std::string(8, 'e'), 1 << 30),
        stream(storage_id("FloatStorage", 3), std::string(8, 'e'), 2),
        stream(storage_id("FloatStorage", 2), std::string(7, 'e'), 2),
        stream(storage_id("FloatStorage", 2), std::string(9, 'e'), 2), stream(storage_id("FloatStorage", 2))}) {
    const std::string message = message_of(bytes_of(kStart + "]" + kFromBytes + binary(lie) + "\x85Ra."));
    CAPTURE(message);
    CHECK(message.starts_with("memory: bare pickle at "));
    CHECK(message.find("torch.storage._load_from_bytes") != std::string::npos);
  }
  // A class that a blob names is refused where it stands, or kept.
  const auto stranger = bytes_of(kStart + "]" + kFromBytes + binary(stream("cposix\nsystem\n)R")) + "\x85Ra.");
  CHECK(message_of(stranger).find("'posix.system' at '0'") != std::string::npos);
  CHECK(load(stranger, {.unknown = Unknown::keep})[0].as_opaque().name == "system");
  // A view past the storage that a blob is.
  const std::string past = "ctorch._utils\n_rebuild_tensor_v2\n(" + call + std::string("K\0K\3\x85K\1\x85\x89", 9) +
                           "ccollections\nOrderedDict\n)RtR";
  CHECK(message_of(bytes_of(kStart + "]" + past + "a.")).find("reaches past its storage") != std::string::npos);
}

TEST_CASE("torch: a tensor of an unknown class that is its own attribute is freed") {
  const std::string storage = "(" + text("storage") + "ctorch\nFloatStorage\n" + text("0") + text("cpu") + "K\1tQ";
  const std::string v2 = "(" + storage + std::string("K\0K\1\x85K\1\x85\x89", 9) + "ccollections\nOrderedDict\n)Rt";
  const auto put = [](char i) { return std::string("q") + i; };
  const std::string object =
      "ctorch._tensor\n_rebuild_from_type_v2\n(ctorch._utils\n_rebuild_tensor_v2\ncmodels\nSub\n" + v2 + "}" + put(0) +
      "tR" + memo(1) + std::string("h\0", 2) + text("self") + std::string("h\1s0h\1", 6);
  const auto bytes = archive(kStart + object + ".");
  std::shared_ptr<const io::Source> source = io::Source::copy(bytes);
  const std::weak_ptr<const io::Source> alive = source;
  CHECK(torch_format().read(source, {.mmap = true, .unknown = Unknown::keep}).value.is_tensor());
  source.reset();
  CHECK(alive.expired());
}

TEST_CASE("torch: no error is longer than 500 bytes, whatever the names in it") {
  const std::string zero(90, '\0'), wide = many("\xf0\x9f\x98\x80", 90), control(90, '\7');
  std::vector<std::string> pickles{"c" + zero + "\xff\n" + zero + "\n.", "c" + wide + "\xff\n" + wide + "\n."};
  for (const std::string& name : {control, wide}) {
    std::string strangers = "](";
    for (int i = 0; i < 12; ++i) strangers += "}" + text(name) + "c" + name + std::to_string(i) + "\n" + name + "\ns";
    pickles.push_back(strangers + "e.");
  }
  const std::string sizes = "(" + many(std::string("\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f", 10), 64) + "t";
  pickles.push_back("ctorch._utils\n_rebuild_tensor\n((" + text("storage") + "ctorch\nFloatStorage\n" + text("0") +
                    text("cpu") + "K\1tQ" + std::string("K\0", 2) + sizes + sizes + "tR.");
  for (const std::string& p : pickles) {
    const std::string message = message_of(archive(kStart + p));
    CAPTURE(message);
    CHECK(message.size() > 100);
    CHECK(message.size() <= 500);
  }
}

TEST_CASE("torch: no file can choose keys that fall on one place of a hash map") {
  const auto longest = [](const auto& map) {
    std::size_t most = 0;
    for (std::size_t b = 0; b < map.bucket_count(); ++b) most = std::max(most, map.bucket_size(b));
    return most;
  };
  std::unordered_map<std::uint64_t, int> plain;
  KeyedMap<std::uint64_t, int> keyed;
  plain.reserve(2000), keyed.reserve(2000);
  const std::uint64_t buckets = plain.bucket_count();
  for (std::uint64_t i = 0; i < 2000; ++i) plain[i * buckets] = 0, keyed[i * buckets] = 0;
  CHECK(longest(plain) == 2000);  // what such a file does to a map that anybody can foresee
  CHECK(longest(keyed) < 50);
}

TEST_CASE("torch: a chain of 600000 views in a tar file is read and freed without a deep stack") {
  constexpr int kViews = 600'000, kFirst = 1000;
  auto parts = *fuzz::read_file(fuzz::made_seeds(fuzz::Reader::tar)[0]);
  std::string views = kStart + "](";
  for (int i = 0; i < kViews; ++i)
    views += "(" + int32(kFirst + i) + (i == 0 ? std::string("K\x0c") : int32(kFirst + i - 1)) +
             (i == 1   ? std::string("K\1K\5t")
              : i == 0 ? std::string("K\1K\6t")
                       : std::string("K\0K\5t", 5));
  fuzz::find_member(parts, "storages")->pieces.back() = fuzz::code_piece(views + "e.");
  fuzz::find_member(parts, "tensors")->pieces[5] =
      fuzz::code_piece(kStart + "K\x17" + int32(kFirst + kViews - 1) + "ctorch\nLongTensor\n\x87.");
  const auto file = bytes_of(fuzz::write_file(parts));
  for (const bool lazy : {false, true}) {
    const Value v = load(file, {.mmap = lazy});
    const Tensor c = v["c"].tensor(), b = v["b"].tensor();
    const auto* whole = static_cast<const std::uint8_t*>(b.storage().data);
    CHECK(static_cast<const std::uint8_t*>(c.raw()) == whole + 2 * 8);
    CHECK(c.storage().nbytes == 5 * 8);
  }
}

TEST_CASE("torch: modules that share their way to more names than memory holds are refused") {
  // A chain of modules, each under one long name: the names together are quadratic in its length.
  const auto module = [](std::vector<Value::Item> parameters, std::vector<Value::Item> modules) {
    Value::Opaque o;
    o.module = "net", o.name = "Net", o.called = true;
    o.state = Value::dict({{"_parameters", Value::dict(std::move(parameters))},
                           {"_modules", Value::dict(std::move(modules))},
                           {"_buffers", Value::dict()}});
    return Value::opaque(o);
  };
  const Value name = std::string(100'000, 'n'), w = Value(zeros({1}));
  Value chain = module({{"w", w}}, {});
  for (int i = 0; i < 400; ++i) chain = module({{"w", w}}, {{name, chain}});
  CHECK_THROWS_WITH_AS(state_dict_of(chain), doctest::Contains("stand for more"), FormatError);
  // One of many absent parameters, in many places: each costs a look.
  std::vector<Value::Item> absent;
  for (int i = 0; i < 5000; ++i) absent.emplace_back("p" + std::to_string(i), Value());
  Value shared = module(absent, {});
  for (int i = 0; i < 19; ++i) shared = module({}, {{"a", shared}, {"b", shared}});
  CHECK_THROWS_WITH_AS(state_dict_of(shared), doctest::Contains("stand for more"), FormatError);

  // The same in a TorchScript archive, whose weights are collected when it is read.
  std::string pickle = kStart + "c__torch__\nNet\n" + memo(0) + text(std::string(900, 'a')) + memo(1);
  pickle += many(std::string("h\0)\x81}h\1", 7), 900) + std::string("h\0)\x81", 4) + many("sb", 900) + ".";
  const auto file = test::zip_archive({{"archive/data.pkl", pickle}, {"archive/constants.pkl", kStart + ")."}});
  const std::string message = message_of(file);
  CHECK(message.find("stand for more") != std::string::npos);
  CHECK(message.starts_with("memory: data.pkl"));
}

TEST_CASE("torch: an archive is named after its file only where that is a safe folder") {
  const Value v = Value::list({1});
  for (const char* name : {"...pt", "..pt", "a\\b.pt", "a/b.pt"}) {
    CAPTURE(name);
    CHECK(load(save_to_bytes(v, {.format = "torch"}, name)).equals(v));
  }
}

TEST_CASE("torch, tar: a header's checksum and the size of a record are each checked") {
  const std::string good = fuzz::write_file(*fuzz::read_file(fuzz::made_seeds(fuzz::Reader::tar)[0]));
  REQUIRE(good.size() % 10240 == 0);
  CHECK(message_of(bytes_of(good)) == "");
  // The time of the first member, which nothing else looks at; and the sum itself.
  constexpr std::size_t kTime = 136, kSum = 148;
  for (const std::size_t at : {kTime + 5, kSum + 5}) {
    std::string bad = good;
    bad[at] = bad[at] == '1' ? '2' : '1';
    CHECK(message_of(bytes_of(bad)).find("the checksum is") != std::string::npos);
  }
  std::string other = good;  // both changed alike: the sum is right
  std::uint64_t sum = 0;
  other[kTime + 5] = '7';
  for (std::size_t i = 0; i < 512; ++i)
    sum += i >= kSum && i < kSum + 8 ? std::uint64_t{' '} : static_cast<unsigned char>(other[i]);
  for (std::size_t i = 0; i < 6; ++i) other[kSum + 5 - i] = static_cast<char>('0' + ((sum >> (3 * i)) & 7));
  CHECK(message_of(bytes_of(other)) == "");
  // Two empty blocks end it as before, but the last record is a block too short, or too long.
  REQUIRE(good.find_last_not_of('\0') + 3 * 512 < good.size());
  for (const std::size_t size : {good.size() - 512, good.size() + 512}) {
    std::string bad = good;
    bad.resize(size, '\0');
    CHECK(message_of(bytes_of(bad)).find("records of 10240 bytes") != std::string::npos);
  }
}

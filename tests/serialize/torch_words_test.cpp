// What each opcode and each known name makes of its arguments, and what is said of wrong ones: pickles of a few bytes,
// each beside the value or the words that it must give.
#include <doctest/doctest.h>
#include <harker/serialize/serialize.h>

#include "fuzz/seeds.h"
#include "serialize/archive.h"

using namespace harker;
using test::archive;
using test::zip_archive;

namespace {

using namespace std::string_literals;

const std::string kStart("\x80\x02", 2);

std::string text(const std::string& s) {
  std::string out("X");
  io::append_le(out, static_cast<std::uint32_t>(s.size()));
  return out + s;
}
std::string bytes(const std::string& s) { return "C" + std::string(1, static_cast<char>(s.size())) + s; }
std::string call(const std::string& module, const std::string& name, const std::string& arguments) {
  return "c" + module + "\n" + name + "\n(" + arguments + "tR";
}
// The archive's one storage, of four zero bytes.
std::string storage(const std::string& type, char numel, const std::string& key = text("0")) {
  return "(" + text("storage") + "ctorch\n" + type + "\n" + key + text("cpu") + "K" + numel + "tQ";
}
std::string dtype(const std::string& code, const std::string& order) {
  return call("numpy", "dtype", text(code) + "\x89\x88") + "(K\3" + text(order) +
         "NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\0tb"s;
}
std::string scalar(const std::string& type, const std::string& data) {
  return call("numpy._core.multiarray", "scalar", type + data);
}
std::string from_buffer(const std::string& data, const std::string& shape) {
  return call("numpy._core.numeric", "_frombuffer", data + dtype("f8", "<") + shape + text("F"));
}
std::vector<std::uint8_t> bytes_of(const std::string& s) { return {s.begin(), s.end()}; }
std::string message_of(const std::vector<std::uint8_t>& file, const LoadOptions& options = {}) {
  try {
    load(file, options);
  } catch (const Error& e) { return e.what(); }
  return "it loads";
}
Value read(const std::string& pickle) { return load(archive(kStart + pickle + "."), {.unknown = Unknown::keep}); }

struct Wrong {
  std::string pickle;
  const char* says;
};
void check(const std::vector<Wrong>& cases) {
  for (const Wrong& c : cases) {
    const std::string message = message_of(archive(kStart + c.pickle + "."), {.unknown = Unknown::keep});
    CAPTURE(c.pickle);
    CAPTURE(message);
    CHECK(message.find(c.says) != std::string::npos);
  }
}
const std::string kNoHooks = call("collections", "OrderedDict", "");

}  // namespace

TEST_CASE("torch, words: text of protocol 0") {
  CHECK(read(R"(S'a\n\r\t\x41\\\'\"b')"
             "\n")
            .as_string() == "a\n\r\tA\\'\"b");
  CHECK(read("S\"it's\"\n").as_string() == "it's");
  CHECK(read("V\\u00e9\\U0001F600\\u20acx\xe9\n").as_string() == "\xc3\xa9\xf0\x9f\x98\x80\xe2\x82\xacx\xc3\xa9");
  CHECK(read("I01\n").as_bool());
  CHECK_FALSE(read("I00\n").as_bool());
  CHECK(read("I-12\n").as_int() == -12);
  CHECK(read("F-2.5e3\n").as_double() == -2500);
  CHECK(read("U\2\xff\1"s).is_bytes());  // Python 2's str that is no text
  check({{"S'a\\'\n", "ends in a backslash"},
         {"S'\\xq1'\n", "bad \\x escape"},
         {"S'\\x1'\n", "bad \\x escape"},
         {"S'\\q'\n", "unknown escape"},
         {"Sabc\n", "without quotes"},
         {"V\\u12\n", "bad \\u escape"},
         {"V\\U00110000\n", "bad \\u escape"},
         {"V\\u00g0\n", "bad \\u escape"},
         {"I1x\n", "no decimal number"},
         {"F1.5x\n", "no number"},
         {"Ng-1\n", "no natural number"},
         {"S'abc'", "no newline"}});
}

TEST_CASE("torch, words: opcodes") {
  CHECK(read("\x96\3\0\0\0\0\0\0\0abc"s).kind() == Value::Kind::bytearray);
  CHECK(read("N(0").is_none());  // POP takes a mark
  CHECK(read("\x8f(K\1K\2K\1\x90").equals(Value::set({1, 2})));
  CHECK(read("(K\1K\2K\3K\4d").equals(Value::dict({{1, 2}, {3, 4}})));
  CHECK(read("(cnet\nNet\nK\1o").as_opaque().args.len() == 1);
  CHECK(read("(K\1inet\nNet\n").as_opaque().args.len() == 1);
  CHECK(read("cnet\nNet\n)}\x92").as_opaque().newobj);
  CHECK(read("cnet\nNet\n)\x81(K\1K\2e(K\3K\4u").as_opaque().assigned.size() == 1);
  check({{"](K\1\x90", "ADDITEMS to a list"},
         {"(\x90", "no set to add to"},
         {"K\1K\2\x93", "must be strings"},
         {"cnet\nNet\n)}K\1K\2s\x92", "keyword arguments is refused: 'net.Net'"},
         {"K\1)K\1\x92", "keyword arguments is refused: ?"},
         {"K\1)R", "tries to call a int"},
         {"cnet\nNet\nK\1R", "the arguments are no tuple but a int"},
         {"K\1N", "more than one value"},
         {"N(", "an open mark"},
         {"(N", "an open mark"},
         {"}K\1s", "stack underflow"},
         {"}(K\1u", "odd number"},
         {"K\1K\2a", "APPEND to a int"},
         {"K\1K\2K\3s", "SETITEM on a int"},
         {"}]Ns", "unhashable"},
         {"\x80\6", "protocol 6 is not known"},
         {"\x95\xff\0\0\0\0\0\0\0"s, "a frame of 255 bytes"},
         {"\x82\1", "extension registry"},
         {"\x97", "out-of-band"},
         {"h\7", "was never stored"},
         {"\x8b\xff\xff\xff\xff", "negative length"},
         {"T\xff\xff\xff\xff", "negative length"},
         {"X\2\0\0\0\xff\xfe"s, "not UTF-8"},
         {"Nt", "no MARK"},
         {"}}b", "BUILD on a plain dict"},
         {"K\1}b", "which takes no state"},
         {"cnet\nNet\n}b", "which is a class or function"},
         {"cnet\nNet\n)R}b}b", "given a state twice"},
         {kNoHooks + "K\1b", "must be a dict"},
         {kNoHooks + "}K\1K\2sb", "whose name is no string"},
         {"\xff", "unknown opcode 0xff"}});
  CHECK(message_of(archive(kStart + "N.N.")).find("trailing bytes after STOP") != std::string::npos);
}

TEST_CASE("torch, words: Python's own objects, also by the names of Python 2") {
  CHECK(read(call("__builtin__", "bytearray", text("a\xc3\xbf") + text("latin1"))).as_bytes()[1] == 0xff);
  CHECK(read(call("builtins", "bytes", bytes("ab"))).as_bytes().size() == 2);
  CHECK(read(call("builtins", "bytes", "")).as_bytes().empty());
  const Value counts = read(call("collections", "defaultdict", "c__builtin__\nlist\n}K\1K\2s"));
  CHECK(counts.flavour() == DictFlavour::default_dict);
  CHECK(counts[1].as_int() == 2);
  CHECK(counts.default_factory().as_opaque().name == "list");
  CHECK(read(call("collections", "defaultdict", "N")).default_factory().is_none());
  CHECK(read(call("collections", "OrderedDict", "](](K\1K\2ee")).flavour() == DictFlavour::ordered_dict);
  check({{call("builtins", "bytes", "K\5"), "a size to allocate is refused"},
         {call("builtins", "bytearray", "K\5"), "a size to allocate is refused"},
         {call("collections", "defaultdict", "NK\1"), "defaultdict: wrong arguments"},
         {call("collections", "defaultdict", "K\1"), "defaultdict: wrong arguments"},
         {call("collections", "defaultdict", "N}N"), "defaultdict: wrong arguments"},
         {call("collections", "Counter", "K\1"), "Counter: wrong arguments"},
         {call("collections", "OrderedDict", "](](K\1ee"), "OrderedDict: wrong arguments"},
         {call("builtins", "set", "K\1"), "set: wrong arguments"},
         {call("builtins", "complex", "K\1"), "complex: wrong arguments"},
         {call("builtins", "complex", "K\1N"), "complex: wrong arguments"},
         {call("_codecs", "encode", text("a") + text("utf8")), "'latin1'"},
         {call("_codecs", "encode", text("\xe2\x82\xac") + text("latin1")), "outside Latin-1"},
         {call("torch", "Size", "](Ne"), "torch.Size: wrong arguments"},
         {call("torch", "device", "K\1"), "torch.device: wrong arguments"},
         {call("torch.serialization", "_get_layout", "K\1"), "_get_layout: wrong arguments"},
         {call("builtins", "int", ""), "may be named, but not called"},
         {call("torch", "FloatStorage", ""), "may be named, but not called"},
         {call("torch", "float32", ""), "tries to call a dtype"}});
  const Value old = read("](" + call("__builtin__", "xrange", "K\0K\5K\1"s) +
                         "c__builtin__\nunicode\nc__builtin__\nlong\n" + "ccopy_reg\n_reconstructor\ne");
  CHECK(old[0].as_opaque().module == "builtins");
  CHECK(old[0].as_opaque().name == "range");
  CHECK(old[1].as_opaque().name == "str");
  CHECK(old[2].as_opaque().name == "int");
  CHECK(old[3].as_opaque().module == "copyreg");
  const std::vector<std::uint8_t> saved = save_to_bytes(old, {.format = "torch"});
  const std::string again(saved.begin(), saved.end());
  for (const char* name : {"__builtin__\nxrange", "__builtin__\nunicode", "__builtin__\nlong", "copy_reg\n_recon"})
    CHECK(again.find(name) != std::string::npos);
}

TEST_CASE("torch, words: NumPy's values") {
  CHECK(read(scalar(dtype("f8", "<"), bytes(std::string(8, '\1')))).as_numpy().dtype == "<f8");
  CHECK(read(scalar(dtype("c16", ">"), bytes(std::string(16, '\1')))).as_numpy().dtype == ">c16");
  CHECK(read(scalar(dtype("b1", "|"), text("\1"))).as_numpy().data.size() == 1);  // Python 2's str
  const Value array = read(from_buffer(bytes(std::string(16, '\2')), "K\1K\2\x86"));
  CHECK(array.as_numpy().fortran_order);
  CHECK(array.as_numpy().shape == Shape{1, 2});
  const std::string eight = bytes(std::string(8, '\1')), huge = "\x8a\x08\0\0\0\0\0\0\0\x40"s;
  const std::string empty = call("numpy._core.multiarray", "_reconstruct", "cnumpy\nndarray\nK\0\x85"s + bytes("b"));
  CHECK(read(empty + "(K\1K\1\x85" + dtype("f8", "<") + "\x89" + eight + "tb").as_numpy().data.size() == 8);
  CHECK(read(scalar(dtype("U2", ">"), eight)).as_numpy().dtype == ">U2");
  CHECK(read(scalar(dtype("M8", "<"), eight)).as_opaque().name == "scalar");
  check({{scalar(dtype("O8", "<"), eight), "dtype '<O8' is not read"},
         {scalar(dtype("f3", "<"), eight), "is not read"},
         {scalar(dtype("f8", "|"), eight), "is not read"},
         {scalar(dtype("x", "<"), eight), "is not read"},
         {scalar(dtype("fx", "<"), eight), "is not read"},
         {scalar("K\1", eight), "a dtype is missing"},
         {scalar(kNoHooks, eight), "a dtype is missing"},
         {scalar(dtype("f8", "<"), "K\1"), "the data must be bytes"},
         {scalar(dtype("f8", "<"), bytes("abc")), "an array of 8 bytes with 3 bytes of data"},
         {scalar(dtype("f8", "<"), ""), "numpy scalar: wrong arguments"},
         {call("numpy", "dtype", ""), "numpy.dtype: wrong arguments"},
         {from_buffer(eight, "K\1"), "the shape must be a tuple"},
         {from_buffer(eight, "](e"), "the shape must be a tuple"},
         {from_buffer(eight, "N\x85"), "no natural number"},
         {from_buffer(eight, huge + huge + "\x86"), "the size overflows"},
         {call("numpy._core.numeric", "_frombuffer", eight), "_frombuffer: wrong arguments"},
         {call("numpy._core.multiarray", "_reconstruct", "NNN"), "only a plain ndarray"},
         {empty + "Nb", "an array's state must be"}});
}

TEST_CASE("torch, words: tensors") {
  const std::string f = storage("FloatStorage", '\1'), one = "K\1\x85", place = "K\0"s + one + one;
  const std::string v2 = f + place + "\x89" + kNoHooks;
  const auto utils = [](const std::string& name, const std::string& arguments) {
    return call("torch._utils", name, arguments);
  };
  CHECK(read(utils("_rebuild_tensor_v2", v2)).tensor().shape() == Shape{1});
  CHECK(read(call("torch.nn.parameter", "Parameter", utils("_rebuild_tensor_v2", v2) + "\x88")).is_parameter());
  // Of a class that we do not know: refused, or a tensor.
  const auto other = archive(
      kStart +
      call("torch._tensor", "_rebuild_from_type_v2", "ctorch._utils\n_rebuild_tensor_v2\ncmy\nTensor\n(" + v2 + "t}") +
      ".");
  CHECK(message_of(other).find("'my.Tensor'") != std::string::npos);
  CHECK(load(other, {.unknown = Unknown::keep}).tensor().shape() == Shape{1});
  CHECK(read(f).tensor().shape() == Shape{1});  // a storage
  std::string sizes = "(";
  for (int i = 0; i < 65; ++i) sizes += "K\1";
  sizes += "t";
  const std::string untyped =
      "(" + text("storage") + "ctorch.storage\nUntypedStorage\n" + text("0") + text("cpu") + "K\4tQ";
  const std::string q = storage("QInt8Storage", '\4'), many = "K\0K\4\x85K\1\x85"s;
  const auto quantized = [&](const std::string& ints, const std::string& scheme) {
    return utils("_rebuild_qtensor", ints + scheme + "\x89" + kNoHooks);
  };
  const std::string half = "G\x3f\xe0\0\0\0\0\0\0"s, affine = "ctorch\nper_tensor_affine\n",
                    channel = "ctorch\nper_channel_affine\n", t = utils("_rebuild_tensor_v2", v2);
  CHECK(read(quantized(q + many, "(" + affine + half + "K\3t")).as_quantized().zero_point == 3);
  // Two channels, and scales that are one number twice over.
  const std::string two = "K\0K\2\x85K\1\x85"s,
                    scales = utils("_rebuild_tensor_v2", f + "K\0K\2\x85K\0\x85\x89"s + kNoHooks);
  CHECK(read(quantized(q + two, "(" + channel + scales + scales + "K\0t"s)).as_quantized().axis == 0);
  const auto sparse = [&](const std::string& layout, const std::string& parts) {
    return utils("_rebuild_sparse_tensor",
                 call("torch.serialization", "_get_layout", text(layout)) + "(" + parts + "t");
  };
  check({{utils("_rebuild_tensor_v2", f + "K\0"s + sizes + sizes + "\x89" + kNoHooks), "rank 65"},
         {utils("_rebuild_tensor_v3", v2 + text("x")), "the dtype argument (a str)"},
         {utils("_rebuild_tensor_v3", v2 + "ctorch\nfloat9\n"), "the dtype 'float9' is not known"},
         {utils("_rebuild_tensor_v2", untyped + place + "\x89" + kNoHooks), "without a dtype"},
         {utils("_rebuild_tensor_v2", v2 + "}" + text("odd") + "\x88s"), "unknown metadata"},
         {utils("_rebuild_tensor_v2", v2 + "K\1"), "the metadata argument must be a dict"},
         {utils("_rebuild_tensor_v2", f + place + "K\1" + kNoHooks), "requires_grad must be a bool"},
         {utils("_rebuild_tensor_v2", f + place + "\x89K\1"), "the hooks argument"},
         {utils("_rebuild_tensor_v2", f + "J\xff\xff\xff\xff" + one + one + "\x89" + kNoHooks), "offset is negative"},
         {utils("_rebuild_tensor_v2", f + "N" + one + one + "\x89" + kNoHooks), "must be an integer"},
         {utils("_rebuild_tensor_v2", f + "K\0N"s + one + "\x89" + kNoHooks), "must be a tuple"},
         {utils("_rebuild_tensor_v2", f + "K\0K\1K\1\x86"s + one + "\x89" + kNoHooks), "2 sizes, but 1 strides"},
         {utils("_rebuild_tensor_v2", f + "K\1" + one + one + "\x89" + kNoHooks), "reaches past its storage"},
         {utils("_rebuild_tensor_v2", "N" + place + "\x89" + kNoHooks), "its storage is missing"},
         {utils("_rebuild_tensor", f), "_rebuild_tensor with 1 arguments"},
         {utils("_rebuild_parameter", "K\1\x89N"), "its data must be a tensor"},
         {utils("_rebuild_parameter_with_state", t + "\x89NN"), "its state must be a dict"},
         {call("torch._tensor", "_rebuild_from_type_v2", "N"), "wrong arguments"},
         {call("torch._tensor", "_rebuild_from_type_v2", "ctorch\nSize\nctorch\nTensor\n)N"),
          "only a tensor or a Parameter"},
         {quantized(f + place, "(" + affine + half + "K\3t"), "does not hold quantized integers"},
         {quantized(q + many, "N"), "the scheme is missing"},
         {quantized(q + many, "(" + affine + "K\1K\3t"), "scale or zero point is wrong"},
         {quantized(q + many, "(" + channel + "NNK\0t"s), "scales, zero points or axis are wrong"},
         {quantized(q + many, "(" + channel + t + t + "K\0t"s), "does not fit the size"},
         {quantized(q + two, "(" + channel + scales + t + "K\0t"s), "does not fit the size"},
         {quantized(q + two, "(" + channel + t + scales + "K\0t"s), "does not fit the size"},
         {quantized(q + two, "(" + channel + scales + scales + "K\1t"), "does not fit the size"},
         {quantized(q + two, "(" + channel + scales + scales + "J\xff\xff\xff\xfft"), "does not fit the size"},
         {quantized(q + many, "(ctorch\nfloat9\nNNt"), "unknown scheme"},
         {quantized(q + many, "(ctorch\nFloatTensor\nNNt"), "unknown scheme"},
         {sparse("torch.sparse_odd", t + t + one), "unknown layout"},
         {sparse("torch.sparse_coo", t), "wrong number of parts"},
         {sparse("torch.sparse_coo", "N" + t + one), "a part that is no tensor"},
         {sparse("torch.sparse_coo", t + t + one), "indices must be integers"},
         {utils("_rebuild_sparse_tensor", "NN"), "sparse: wrong arguments"},
         {"((" + text("storage") + "Nttt", "no MARK"},
         {storage("FloatStorage", '\1', "N"), "the storage key must be a string"},
         {storage("FloatStorage", '\1', text("../x")), "unsafe storage key"},
         {storage("FloatStorage", '\1', text("7")), "there is no record"},
         {storage("FloatStorage", '\2'), "has a size of 4 bytes, the pickle expects 8"},
         {f + "0" + storage("FloatStorage", '\2'), "is claimed again with 8 bytes"},
         {utils("_rebuild_parameter", f + "\x89" + kNoHooks), "its data must be a tensor"},
         {sparse("torch.sparse_coo", f + t + one), "a part that is no tensor"},
         {quantized(q + two, "(" + channel + f + scales + "K\0t"s), "scales, zero points or axis are wrong"},
         {f + "}b", "a storage takes no state"},
         {t + "}" + text("__class__") + "Nsb", "a tensor's class is none of its attributes"},
         {call("torch.storage", "_load_from_bytes", "N"), "the argument must be bytes"},
         {call("torch.storage", "_load_from_bytes", bytes("x")), "which only plain pickles hold"},
         {storage("float32", '\1'), "must be a storage class"},
         {"(" + text("odd") + "NNNNtQ", "its first item must be 'storage'"},
         {"NQ", "must be a tuple"}});
}

TEST_CASE("torch, words: archives and options") {
  CHECK(message_of(zip_archive({{"data.pkl", "N."}})).find("without a root directory") != std::string::npos);
  CHECK(message_of(zip_archive({{"m/archive_format", "pt2"}, {"m/data.pkl", "N."}})).find("torch.export") !=
        std::string::npos);
  CHECK(message_of(zip_archive({{"m/constants.pkl", kStart + ")."}, {"m/data.pkl", kStart + "N."}}))
            .find("whose root is no module") != std::string::npos);
  for (const std::int64_t alignment : {std::int64_t{0}, std::int64_t{32769}})
    CHECK_THROWS_WITH_AS(save_to_bytes(Value::list(), {.format = "torch", .alignment = alignment}),
                         doctest::Contains("alignment must be 1 to 32768"), Error);
  Value::Opaque o;
  o.module = "a\nb", o.name = "c";
  CHECK_THROWS_WITH_AS(save_to_bytes(Value::list({Value::opaque(o)}), {.format = "torch"}),
                       doctest::Contains("cannot be written, at '0'"), Error);
}

TEST_CASE("torch, words: a zip archive's entries leave no gap") {
  const auto good = zip_archive({{"m/data.pkl", kStart + "N."}, {"m/version", "3\n"}});
  const auto u32 = [](std::vector<std::uint8_t>& file, std::size_t at, std::uint32_t add) {
    const auto v = io::load_le<std::uint32_t>(file.data() + at) + add;
    for (int i = 0; i < 4; ++i) file[at + static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(v >> (8 * i));
  };
  CHECK(message_of(good) == "it loads");
  const std::size_t end = good.size() - 22, directory = io::load_le<std::uint32_t>(good.data() + end + 16);
  const std::size_t second = directory + 46 + 10;  // its directory entry, behind that of m/data.pkl
  // A byte before the first header, between the two entries, and before the directory: all offsets say so.
  for (const std::size_t at :
       {std::size_t{0}, std::size_t{io::load_le<std::uint32_t>(good.data() + second + 42)}, directory}) {
    std::vector<std::uint8_t> bad = good;
    if (at == 0) u32(bad, directory + 42, 1);
    if (at < directory) u32(bad, second + 42, 1);
    u32(bad, end + 16, 1);
    bad.insert(bad.begin() + static_cast<std::ptrdiff_t>(at), 'x');
    CHECK(message_of(bad).find("belong to no entry") != std::string::npos);
  }
  std::vector<std::uint8_t> wide = good;  // an offset that only a zip64 record could hold
  u32(wide, end + 16, 0xffffffff - static_cast<std::uint32_t>(directory));
  CHECK(message_of(wide).find("zip64") != std::string::npos);
}

TEST_CASE("torch, words: bare pickles of protocol 1 are known by their opcodes") {
  const std::string pickle =
      "]q\0(U\1aM\1\1J\0\0\1\0ccollections\nOrderedDict\n)RG?\xf0\0\0\0\0\0\0X\1\0\0\0br\0\1\0\0j\0\1\0\0e."s;
  const Value v = load(bytes_of(pickle));
  CHECK(v.len() == 7);
  CHECK(v[1].as_int() == 257);
  CHECK(v[6].same_object(v[5]));
  CHECK(message_of(bytes_of("]q\0(U\xff"s)).find("bare pickle") == std::string::npos);  // cut short: no pickle at all
}

TEST_CASE("torch, words: the parts of a tar file") {
  const auto changed = [](const char* member, std::size_t piece, const std::string& pickle) {
    auto parts = *fuzz::read_file(fuzz::made_seeds(fuzz::Reader::tar)[0]);
    fuzz::find_member(parts, member)->pieces[piece] = fuzz::code_piece(kStart + pickle + ".");
    return message_of(bytes_of(fuzz::write_file(parts)), {.unknown = Unknown::keep});
  };
  auto good = *fuzz::read_file(fuzz::made_seeds(fuzz::Reader::tar)[0]);
  const std::size_t views = fuzz::find_member(good, "storages")->pieces.size() - 1;
  const auto says = [](const std::string& message, const char* words) {
    CAPTURE(message);
    CHECK(message.find(words) != std::string::npos);
  };
  says(changed("storages", views, "]((K\x0dK\x0cK\1te"), "a view must be a tuple");
  says(changed("storages", views, "]((K\x0dK\x0cK\7K\2te"), "reaches past its storage");
  // The root has eight elements, and a tensor needs four of the view's.
  for (const std::string& inside : {"K\4K\4"s, "K\0K\x08"s})
    says(changed("storages", views, "]((K\x0dK\x0c" + inside + "te"), "it loads");
  for (const std::string& inside : {"K\x08K\0"s, "K\5K\3"s})  // too few for the tensor
    says(changed("storages", views, "]((K\x0dK\x0c" + inside + "te"), "over storage view 13");
  for (const std::string& outside : {"K\x08K\1"s, "K\x09K\0"s, "K\0K\x09"s, "K\7K\2"s, "K\x08K\2"s, "K\0K\x0a"s})
    says(changed("storages", views, "]((K\x0dK\x0c" + outside + "te"), "view 13 reaches past its storage");
  says(changed("storages", views, "]((K\x0cK\x0cK\1K\4te"), "two storages with the key 12");
  says(changed("storages", views, "]((K\x0dK\x63K\1K\4te"), "no storage with the key 99");
  says(changed("storages", views, "}"), "the list of views is a dict");
  says(changed("storages", 0, "J\xff\xff\xff\xff"), "is negative");
  says(changed("storages", 0, "N"), "must be an integer");
  says(changed("storages", 1, "N"), "a storage must be a tuple");
  says(changed("storages", 1, "K\x0bK\1ctorch\nFloatStorage\n\x87"), "location must be a string");
  says(changed("tensors", 1, "N"), "a tensor must be a tuple");
  says(changed("tensors", 1,
               "K\x16K\x0b"
               "ctorch\nFloatTensor\n\x87"),
       "two tensors with the key 22");
  says(changed("storages", 0, "cposix\nsystem\n0K\2"), "names 'posix.system'");
  says(changed("pickle", 0, text("99") + "Q"), "there is no tensor with the key '99'");
  says(changed("pickle", 0, "K\1Q"), "must be a tensor's key");
  says(changed("pickle", 0, "](cmy\nNet\n" + text("net.py") + text("class Net") + "\x87Qe"), "it loads");
  says(changed("sys_info", 0, "N"), "must be a dict");
  good.members[0].head[156] = 'x';  // a PAX header, which may not rename what follows
  good.members[0].pieces = {fuzz::raw_piece("20 path=something\n")};
  says(message_of(bytes_of(fuzz::write_file(good))), "a PAX header that sets path=");
  says(changed("sys_info", 0, "}" + text("little_endian") + "\x89s"), "big-endian");
}

TEST_CASE("torch, words: the parts of a legacy stream") {
  const auto id = [](const std::string& key, const std::string& numel, const std::string& view,
                     const std::string& type = "FloatStorage") {
    return "(" + text("storage") + "ctorch\n" + type + "\n" + key + text("cpu") + numel + view + "tQ";
  };
  const auto stream = [](const std::string& object, const std::string& keys) {
    return message_of(
        bytes_of(kStart + "\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19." + kStart + "M\xe9\3." + kStart + "}." +
                 kStart + object + "." + kStart + keys + "." + "\2\0\0\0\0\0\0\0"s + std::string(8, '\1')),
        {.unknown = Unknown::keep});
  };
  const std::string zero = text("0"), two = "K\2", list = "]" + zero + "a", view = text("v");
  const auto says = [](const std::string& message, const char* words) {
    CAPTURE(message);
    CHECK(message.find(words) != std::string::npos);
  };
  says(stream(id(zero, two, "N") + "0N", list), "it loads");
  says(stream(id("K\0"s, two, "N") + "0N", "]K\0a"s), "it loads");  // keys may be integers
  says(stream(id(zero, two, view + "K\1K\1\x87") + "0" + id(zero, two, view + "K\1K\1\x87") + "0N", list), "it loads");
  says(stream(id(zero, two, "N") + "0N", "]Na"), "a storage key must be a string");
  says(stream(id(zero, two, "N") + "0N", "}"), "must be a list");
  says(stream(id(zero, two, "N") + "0N", "]"), "the key list omits storage '0'");
  says(stream(id(zero, two, "N") + "0N", list + zero + "a"), "twice");
  says(stream(id(zero, two, "N") + "0N", list + text("1") + "a"), "which nothing uses");
  says(stream(id(zero, two, "N") + "0" + id(zero, "K\1", "N") + "0N", list), "is claimed again with 4 bytes");
  says(stream(id(zero, two, "K\1"), list), "must be a tuple (key, offset, size)");
  says(stream(id(zero, two, view + "K\2K\1\x87"), list), "reaches past it");
  says(stream(id(zero, two, view + "K\1K\1\x87") + "0" + id(zero, two, view + "K\0K\1\x87"s), list),
       "claimed again with another offset");
  says(stream(id(zero, two, view + "K\0K\2\x87"s) + "0" + id(zero, "K\4", view + "K\0K\2\x87"s, "HalfStorage"), list),
       "claimed again with another dtype");
  says(stream(id(zero, "K\3", "N") + "0N", list), "a size of 2 elements, the pickle expects 3");
  says(stream("(" + text("module") + "K\1NNtQ", list), "'module' must name a class");
  says(stream("(" + text("module") + "cmy\nNet\nNNtQ", "]"), "trailing bytes");
}

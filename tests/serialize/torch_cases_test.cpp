// What PyTorch's users keep in files beside plain state dicts (tests/cases, made by make_cases.py): tensors in plain
// pickles, storages, subclasses, whole modules, exported programs, NumPy's numbers. Each is read, saved again, and judged by
// what torch found in it.
#include <doctest/doctest.h>
#include <harker/core/repr.h>
#include <harker/harker.h>
#include <harker/serialize/format.h>
#include <harker/serialize/torch/state_dict_of.h>
#include <harker/serialize/value/tensor_class.h>

#include <test_data.h>
#include "fuzz/exercise.h"
#include "serialize/archive.h"

using namespace harker;

namespace {

const std::filesystem::path kCases = std::filesystem::path(HARKER_SOURCE_DIR) / "tests" / "cases";
constexpr LoadOptions kKeep{.unknown = Unknown::keep};

Value kept(const std::string& name) { return load(kCases / name, kKeep); }
std::vector<std::uint8_t> saved(const Value& v, const std::string& name) {
  const fuzz::Quiet quiet;
  return save_to_bytes(v, {.format = "torch"}, name);
}
template <class F>
std::string message_of(F&& f) {
  try {
    f();
  } catch (const Error& e) { return e.what(); }
  return {};
}
bool has(const std::string& text, std::string_view part) { return text.find(part) != text.npos; }
bool share(const Value& a, const Value& b) { return &a.lazy_tensor().storage() == &b.lazy_tensor().storage(); }
std::string class_name(const Value& v) {
  const Value* type = tensor_class(v);
  return type ? type->as_opaque().module + "." + type->as_opaque().name : std::string();
}
/// Names, in order.
std::string names(const StateDict& d) {
  std::string out;
  for (const auto& [name, t] : d) out += name + " ";
  for (const auto& [name, v] : d.others()) out += "(" + name + ") ";
  return out;
}

}  // namespace

TEST_CASE(
    "torch, cases: tensors in a plain pickle are read, share what they shared, and are saved as torch.save does") {
  for (const char* protocol : {"0", "2", "4"}) {
    const std::string name = std::string("pickled_") + protocol + ".pkl";
    CAPTURE(name);
    const Document d = load_document(kCases / name);
    CHECK(d.facts["container"].as_string() == "none");
    const Value& v = d.value;
    CHECK(v.equals(load(kCases / (name + ".same.pt"))));
    CHECK_FALSE(share(v["view"], v["t"]));  // each is a storage of its own in such a file
    CHECK(v["tied"].same_object(v["t"]));
    CHECK_FALSE(share(v["t"], v["half"]));
    CHECK(v["p"].is_parameter());
    CHECK(saved(v, name + ".same.pt") == test::read_bytes(kCases / (name + ".same.pt")));
    CHECK(load(kCases / name, {.only = "sd.weight"}).tensor().equal(v["sd"]["weight"].tensor()));
  }
  CHECK(load(kCases / "pickled_tensors.pkl")["0.weight"].tensor().shape() == Shape{2, 2});
}

TEST_CASE("torch, cases: a storage is a tensor of all its elements that knows its class, and is saved as a storage") {
  const auto file = test::read_bytes(kCases / "storages.pt");
  for (const bool mmap : {false, true}) {
    const Value v = load(kCases / "storages.pt", {.mmap = mmap});
    CHECK(class_name(v["typed"]) == "torch.FloatStorage");
    CHECK(v["again"].same_object(v["typed"]));
    CHECK(v["typed"].tensor().shape() == Shape{6});
    CHECK(share(v["view"], v["typed"]));
    CHECK(class_name(v["view"]) == "");
    CHECK(class_name(v["untyped"]) == "torch.storage.UntypedStorage");
    CHECK(v["untyped"].tensor().dtype() == DType::uint8);
    CHECK(v["untyped"].tensor().numel() == 16);
    CHECK(v["tuple"][0].same_object(v["untyped"]));
    CHECK(saved(v, "storages.pt") == file);
    for (const char* format : {"harker", "onnx"})  // through other formats, too
      CHECK(saved(load(save_to_bytes(v, {.format = format})), "storages.pt") == file);
  }
  CHECK(load(kCases / "storages_legacy.pth").tensor().numel() == 6);
  Value part(arange(6).to(DType::float32).slice(0, 2));
  part.set_attributes(kept("storages.pt")["typed"].attributes());
  CHECK(has(message_of([&] { saved(Value::list({part}), "x.pt"); }), "a storage is a row of all its elements"));
}

TEST_CASE("torch, cases: a tensor of an unknown class is a tensor that knows it") {
  for (const char* name : {"subclasses.pt", "tensor_subclass.pt"})
    CHECK(saved(kept(name), name) == test::read_bytes(kCases / name));
  const Value v = kept("subclasses.pt");
  for (const char* name : {"plain", "tagged", "f8"}) CHECK(class_name(v[name]) == "models.Sub");
  CHECK(v["tagged"].attributes()["__dict__"]["tag"].as_string() == "x");
  CHECK(v["again"].same_object(v["tagged"]));
  CHECK(v["f8"].tensor().dtype() == DType::float8_e4m3fn);
  CHECK(class_name(v["b"]) == "");
  CHECK(v["q"].kind() == Value::Kind::opaque);  // quantized: kept whole
  for (const char* format : {"harker", "onnx"}) {
    const fuzz::Quiet quiet;
    CHECK(saved(load(save_to_bytes(v, {.format = format}), kKeep), "subclasses.pt") ==
          test::read_bytes(kCases / "subclasses.pt"));
  }
  CHECK(StateDict(kept("tensor_subclass.pt")).size() == 2);
  const std::string refused = message_of([] { load(kCases / "tensor_subclass.pt"); });
  CHECK(has(refused, "'models.Sub' at 'w'"));
}

TEST_CASE("torch, cases: tensors and Parameters on the meta device are kept, and saved again") {
  const Value v = load(kCases / "meta.pt");
  CHECK(v["w"].as_opaque().name == "_rebuild_meta_tensor_no_storage");
  CHECK(v["p"].as_opaque().args[0].as_opaque().name == "_rebuild_meta_tensor_no_storage");
  CHECK(saved(v, "meta.pt") == test::read_bytes(kCases / "meta.pt"));
  CHECK_NOTHROW(save_to_bytes(v, {.format = "torch", .weights_only_safe = true}, "meta.pt"));
  CHECK(load(save_to_bytes(v, {.format = "harker"})).equals(v));
}

TEST_CASE("torch, cases: the weights of whole modules are those of model.state_dict()") {
  const Value want = StateDict(kept("module.pt.same.pt"));
  CHECK(Value(state_dict_of(kept("module.pt"))).equals(want));
  StateDict old = state_dict_of(kept("module_old.pt"));  // of before torch 1.6: every buffer is one
  CHECK(old.contains("hidden"));
  old.erase("hidden");
  CHECK(Value(old).equals(want));
  CHECK(names(find_state_dict(kept("whole_module.pt"))) ==
        "conv.weight conv.bias bn.weight bn.bias bn.running_mean bn.running_var bn.num_batches_tracked ");
  CHECK(names(state_dict_of(kept("module_fx.pt"))) == "0.weight 0.bias ");
  CHECK(names(state_dict_of(kept("module_own_state.pt"))) == "1.weight 1.bias (0) ");
  CHECK(names(state_dict_of(kept("module_quantized.pt"))) ==
        "0.scale 0.zero_point (1) (3._packed_params._packed_params) ");
  for (const char* name : {"module.pt", "module_old.pt", "module_fx.pt", "module_own_state.pt", "module_quantized.pt"})
    CHECK(saved(kept(name), name) == test::read_bytes(kCases / name));
}

TEST_CASE("torch, cases: an exported program's weights and constants, by the names that it gives them") {
  for (const bool mmap : {false, true}) {
    const Document d = load_document(kCases / "program.pt2", {.mmap = mmap});
    CHECK(d.value.equals(load(kCases / "program.pt2.same.pt")));
    CHECK(share(d.value["emb.weight"], d.value["head.weight"]));
    CHECK(share(d.value["turned"], d.value["row"]));
    CHECK(d.facts["container"].as_string() == "pt2");
    const std::string passed = repr(d.facts["passed_over"], 1000);
    CHECK(has(passed, "models/model.json"));
    CHECK(has(passed, "data/sample_inputs/model.pt"));
    CHECK_FALSE(has(passed, "weight_0"));
  }
  const Value two = load(kCases / "programs.pt2");
  CHECK(two["a"]["weight"].tensor().shape() == Shape{1, 2});
  CHECK(two["b"].len() == 2);
  CHECK(load(kCases / "programs.pt2", {.only = "b.bias"}).tensor().numel() == 1);
  const auto source = io::Source::open((kCases / "program.pt2").string());
  torch_format().verify(source, {});
}

namespace {

/// An archive of one weight, with this said of it, and `bytes` bytes of it.
std::vector<std::uint8_t> program(const std::string& meta, std::size_t bytes = 8, const std::string& name = "w") {
  return test::zip_archive(
      {{"m/archive_format", "pt2"},
       {"m/models/model.json", "{}"},
       {"m/data/weights/w0", std::string(bytes, '\0')},
       {"m/data/weights/model_weights_config.json", "{\"config\": {\"" + name + "\": " + meta + "}}"},
       {"m/data/constants/model_constants_config.json", "{\"config\": {}}"}});
}
std::string meta(const std::string& tensor, const std::string& path = "w0", const char* pickled = "false") {
  return "{\"path_name\": \"" + path + "\", \"is_param\": true, \"use_pickle\": " + pickled +
         ", \"tensor_meta\": " + tensor + "}";
}
std::string tensor(const std::string& sizes, const std::string& strides = "[{\"as_int\": 1}]",
                   const std::string& offset = "{\"as_int\": 0}", const std::string& dtype = "7",
                   const std::string& layout = "7") {
  return "{\"dtype\": " + dtype + ", \"sizes\": " + sizes + ", \"strides\": " + strides +
         ", \"storage_offset\": " + offset + ", \"layout\": " + layout + "}";
}

}  // namespace

TEST_CASE("torch, cases: an exported program that contradicts itself is refused, what is not read is named") {
  const std::string two = "[{\"as_int\": 2}]";
  const Value good = load(program(meta(tensor(two))));
  CHECK(good["w"].tensor().shape() == Shape{2});
  const std::pair<std::vector<std::uint8_t>, const char*> bad[] = {
      {program(meta(tensor("[{\"as_int\": 3}]"))), "reaches past its storage"},
      {program(meta(tensor("[{\"as_int\": -2}]"))), "negative"},
      {program(
           meta(tensor("[{\"as_int\": 4611686018427387904}, {\"as_int\": 8}]", "[{\"as_int\": 0}, {\"as_int\": 0}]"))),
       "overflows"},
      {program(meta(tensor(two, "[]"))), "1 sizes, but 0 strides"},
      {program(meta(tensor("[{\"as_int\": true}]"))), "must be an integer"},
      {program(meta(tensor(two, "[{\"as_int\": 1}]", "{\"as_int\": 99999999999999999999}"))), "out of range"},
      {program(meta(tensor(two), "w1")), "there is no record"},
      {program(meta(tensor(two), "../w0")), "there is no record"},
      {program(meta("null")), "'tensor_meta' is a None"},
      {program("[]"), "'path_name' is missing"},
      {program(meta(tensor(two)), 8, "w\": 1, \"w"), "stands twice"},
      {program(meta(tensor(two)) + "}}x"), "parse error"},
      {test::zip_archive({{"m/archive_format", "pt3"}}), "unknown format 'pt3'"},
      {test::zip_archive({{"m/archive_format", "pt2"}}), "without a program"},
      {test::zip_archive({{"m/archive_format", "pt2"}, {"m/data/aotinductor/model/x.so", "x"}}), "of AOTInductor"},
      {test::zip_archive({{"m/archive_format", "pt2"}, {"m/models/a.json", "x"}}),
       "without 'm/data/weights/a_weights_config.json'"},
      {test::zip_archive({{"m/archive_format", "pt2"}, {"m/models/a.json", "x"}, {"m/byteorder", "odd"}}),
       "byte order"},
      {test::zip_archive({{"version", "1"}, {"serialized_state_dict.pt", "x"}}), "before torch 2.8"}};
  for (const auto& [file, words] : bad) {
    const std::string message = message_of([&file = file] { load(file); });
    CAPTURE(message);
    CHECK(has(message, words));
    CHECK(message.size() <= 500);
  }
  const std::pair<std::vector<std::uint8_t>, const char*> passed[] = {
      {program(meta("null", "w0", "true")), "pickled on its own"},
      {program(meta(tensor(two, two, "{\"as_int\": 0}", "36"))), "unknown type 36"},
      {program(meta(tensor(two, two, "{\"as_int\": 0}", "7", "1"))), "not strided"},
      {program(meta(tensor("[{\"as_expr\": {}}]"))), "sizes that are no numbers"},
      {program(meta(tensor(two)), 0), "saved without its bytes"}};
  for (const auto& [file, words] : passed) {
    CAPTURE(words);
    const Document d = torch_format().read(io::Source::view(file), {});
    CHECK(d.value.len() == 0);
    CHECK(has(repr(d.facts["passed_over"], 1000), words));
  }
  auto flipped = test::read_bytes(kCases / "program.pt2");
  const std::string_view text(reinterpret_cast<const char*>(flipped.data()), flipped.size());
  flipped[text.find("sample_inputs/model.pt") + 200] ^= 1;
  CHECK_NOTHROW(load(flipped));
  CHECK_THROWS_AS(torch_format().verify(io::Source::view(flipped), {}), FormatError);
}

TEST_CASE("torch, cases: the JSON of an exported program is JSON, and nothing else") {
  const auto with = [](const std::string& json) {
    return test::zip_archive({{"m/archive_format", "pt2"},
                              {"m/models/model.json", "{}"},
                              {"m/data/weights/model_weights_config.json", json},
                              {"m/data/constants/model_constants_config.json", "{\"config\": {}}"}});
  };
  const std::string deep(64, '['), end(64, ']'), config = "{\"config\": {}";
  CHECK(load(with(config + "}")).len() == 0);
  CHECK(load(with(config + ", \"odd\": [1, -2, 2.5, true, null, 18446744073709551615, {\"a\": []}]}")).len() == 0);
  CHECK(load(with(config + ", \"odd\": " + deep.substr(1) + end.substr(1) + "}")).len() == 0);
  for (const std::string& bad : {std::string(), config + "} x", "\xef\xbb\xbf" + config + "}",
                                 config + ", \"config\": {}}", config + ", \"odd\": " + deep + end + "}",
                                 config + ", \"odd\": 18446744073709551616}", config + ", \"odd\": 1e999}",
                                 config + ", \"odd\": NaN}", config + ", \"odd\": \"\xff\"}", config + ",}", config}) {
    CAPTURE(bad);
    CHECK(message_of([&] { load(with(bad)); }).starts_with("memory: data/weights/model_weights_config.json: "));
  }
}

TEST_CASE("torch, cases: NumPy's numbers can be read, and told apart") {
  const Value a = load(kCases / "numpy_values_a.pt"), b = load(kCases / "numpy_values_b.pt");
  CHECK_FALSE(a.equals(b));
  std::string all;
  for (const Value* v : {&a, &b})
    for (const auto& [key, item] : v->items()) all += repr(item, 60) + " ";
  CHECK(has(all, "0.1"));
  CHECK(has(all, "0.2"));
}

TEST_CASE("torch, cases: NumPy's strings are kept, and saved again") {
  const Value v = load(kCases / "numpy_strings.pt");
  CHECK(v["names"].as_numpy().dtype == "<U5");
  CHECK(v["names"].as_numpy().shape == Shape{2});
  CHECK(v["raw"].as_numpy().dtype == "|S2");
  CHECK(v["one"].as_numpy().data == std::vector<std::uint8_t>{'x', 0, 0, 0});
  CHECK(v["when"].as_opaque().name == "scalar");
  const auto file = test::read_bytes(kCases / "numpy_strings.pt");
  CHECK(saved(v, "numpy_strings.pt") == file);
  CHECK(saved(load(save_to_bytes(v, {.format = "harker"})), "numpy_strings.pt") == file);
}

TEST_CASE("torch, cases: state dicts that are not quite the model's") {
  struct Net : nn::Module {
    nn::Linear fc = register_module("fc", nn::Linear(2, 2));
  } net;
  const LoadReport report = net.load_state_dict(load(kCases / "extra_state.pt"), false);
  CHECK(report.unexpected == std::vector<std::string>{"_extra_state"});
  CHECK(report.missing.empty());
  CHECK(equal(net.fc.weight, load(kCases / "extra_state.pt")["fc.weight"].tensor()));
  nn::BatchNorm1d norm(2);
  norm.load_state_dict(load(kCases / "scalar_as_vector.pt"));
  CHECK(norm.num_batches_tracked.dim() == 0);
  nn::Linear l(2, 2);
  optim::SGD sgd(l.parameters(), {.lr = 0.1, .momentum = 0.9});
  const std::string refused = message_of([&] { sgd.load_state_dict(load(kCases / "adam_state.pt")["optimizer"]); });
  CHECK(has(refused, "Adam"));
  CHECK(has(refused, "SGD"));
  CHECK(sgd.lr() == 0.1);
}

// Models of other programs (tests/fixtures/onnx: what onnx wrote, and beside each what onnx finds in it): tensors in
// every place and form that ONNX knows are found, with their values, eagerly and mapped.
#include <doctest/doctest.h>
#include <harker/serialize/format.h>
#include <test_data.h>
#include <test_json.h>

namespace {

using namespace harker;
namespace fs = std::filesystem;

std::string hex(const Tensor& t) {
  std::string out;
  const Tensor dense = t.contiguous();
  const auto* p = static_cast<const std::uint8_t*>(dense.raw());
  const std::size_t n = static_cast<std::size_t>(t.numel()) * item_size(t.dtype());
  for (std::size_t i = 0; i < n; ++i) out += "0123456789abcdef"[p[i] >> 4], out += "0123456789abcdef"[p[i] & 15];
  return out;
}

// A Value in the words of the .json beside a model.
nlohmann::json shown(const Value& v) {
  nlohmann::json out;
  std::vector<std::int64_t> shape;
  const auto sizes = [&](const Shape& s) {
    for (int i = 0; i < s.rank(); ++i) shape.push_back(s[i]);
  };
  if (v.kind() == Value::Kind::sparse) {
    const Value::Sparse& s = v.as_sparse();
    sizes(s.shape);
    CHECK(s.coalesced == true);
    out["dtype"] = "sparse", out["bytes"] = hex(s.parts[1].tensor());
    const Tensor indices = s.parts[0].tensor();
    for (std::int64_t d = 0; d < indices.shape()[0]; ++d)
      out["indices"].push_back(indices.select(0, d).to_vector<std::int64_t>());
  } else if (v.kind() == Value::Kind::opaque) {
    const Value::Opaque& o = v.as_opaque();
    out["dtype"] = o.module + '.' + o.name;
    sizes(o.state["shape"].as_size());
    std::size_t nbytes = 0;
    if (o.name == "STRING") {
      for (const Value& s : o.state["data"].elements()) {
        out["strings"].push_back(s.as_string());
        nbytes += s.as_string().size();
      }
    } else {
      out["bytes"] = hex(o.state["data"].tensor());
      nbytes = static_cast<std::size_t>(o.state["data"].tensor().numel());
    }
    CHECK(o.state["nbytes"].as_int() == static_cast<std::int64_t>(nbytes));
  } else {
    const Tensor t = v.tensor();
    sizes(t.shape());
    out["dtype"] = name(t.dtype()), out["bytes"] = hex(t);
  }
  out["shape"] = shape;
  return out;
}

}  // namespace

TEST_CASE("onnx: of models by onnx every tensor is found, wherever it lies and in whatever form") {
  int models = 0;
  if (!fs::exists(test::fixtures() / "onnx")) return;
  for (const auto& e : fs::recursive_directory_iterator(test::fixtures() / "onnx")) {
    if (!e.path().string().ends_with(".onnx.json")) continue;
    const std::string path = e.path().string().substr(0, e.path().string().size() - 5);
    const auto holds = test::read_json(e.path());
    for (const bool mmap : {false, true}) {
      CAPTURE(path);
      CAPTURE(mmap);
      const Value found = load(path, {.mmap = mmap});
      CHECK(found.len() == holds.size());
      for (const auto& item : holds.items()) {
        const std::string key = item.key();
        CAPTURE(key);
        REQUIRE(found.contains(key));
        CHECK(shown(found[key]) == item.value());
        CHECK(load(path, {.mmap = mmap, .only = key}).equals(found[key]));
      }
    }
    CHECK_NOTHROW(onnx_format().verify(io::Source::open(path), {}));
    ++models;
  }
  if (test::own_fixtures()) CHECK(models > 0);
}

TEST_CASE("onnx: what was met in a model and is not read is said") {
  const auto said = [](const char* file) {
    const Document d = load_document((test::fixtures() / "onnx" / file).string());
    std::string all;
    if (const Value* list = d.facts.find("passed_over"))
      for (const Value& line : list->elements()) all += std::string(line.as_string()) + '\n';
    return all;
  };
  if (!test::own_fixtures()) return;
  CHECK(said("raw.onnx") == "");
  CHECK(said("constant_node.onnx") == "1 node that computes: of the graph only its tensors are read\n");
  CHECK(said("functions.onnx") ==
        "2 nodes that compute: of the graph only its tensors are read\n1 Constant node without a value of its own\n");
}

// write_files FOLDER: whole files for judge_onnx.py and judge_torch.py: each case as .pb, with its data in the file and
// beside it, and as .pt, and what the judges must find as .expect.json: for every tensor its path, dtype, shape, and its elements row by row as hexadecimal bytes.
#include <harker/serialize/serialize.h>

#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

namespace {

using namespace harker;

struct Case {
  std::string name;
  Value value;
  std::vector<std::pair<std::string, Tensor>> tensors;  // by path
};

std::string elements_hex(const Tensor& t) {
  const std::size_t item = item_size(t.dtype());
  const auto* base = static_cast<const std::uint8_t*>(t.raw());
  const Shape strides = t.strides();
  std::string out;
  for (std::int64_t i = 0; i < t.numel(); ++i) {
    std::int64_t rest = i, at = 0;
    for (int d = t.dim() - 1; d >= 0; --d) at += rest % t.shape()[d] * strides[d], rest /= t.shape()[d];
    for (std::size_t b = 0; b < item; ++b) {
      constexpr char kHex[] = "0123456789abcdef";
      const std::uint8_t byte = base[static_cast<std::size_t>(at) * item + b];
      out += kHex[byte >> 4], out += kHex[byte & 15];
    }
  }
  return out;
}

Tensor counted(const Shape& shape, DType dtype) {
  Tensor t = empty(shape, dtype);
  auto* raw = static_cast<std::uint8_t*>(t.raw());
  for (std::size_t i = 0; i < t.storage().nbytes; ++i)
    raw[i] = static_cast<std::uint8_t>(dtype == DType::bool_ ? i % 2 : (i * 37 + 11) % 120);
  return t;
}

void add(Case& c, const std::string& path, const Tensor& t) {
  c.tensors.emplace_back(path, t);
  c.value.set(Value(path), Value(t));
}

std::vector<Case> cases() {
  std::vector<Case> all;
  {
    Case c{"dracula", Value::ordered_dict(), {}};
    add(c, "fc1.weight", counted({20, 10}, kFloat32));
    add(c, "fc1.bias", counted({20}, kFloat32));
    add(c, "fc2.weight", counted({1, 20}, kFloat32));
    add(c, "fc2.bias", counted({1}, kFloat32));
    all.push_back(c);
  }
  {
    Case c{"dtypes", Value::dict(), {}};
    for (int i = 0; i < kDTypes; ++i) {
      const auto t = static_cast<DType>(i);
      if (t >= DType::qint8) continue;  // only inside quantized tensors
      add(c, std::string(name(t)), counted({2, 3}, t));
    }
    all.push_back(c);
  }
  {
    Case c{"views", Value::dict(), {}};
    const Tensor base = counted({4, 6}, kFloat32);
    add(c, "column", base.select(1, 2));
    add(c, "transposed", base.transpose(0, 1));
    add(c, "base", base);
    add(c, "tied", base.view({6, 4}));
    add(c, "part", base.slice(0, 1, 3));
    add(c, "expanded", counted({1, 3}, kFloat64).expand({5, 3}));
    add(c, "scalar", counted({}, kInt64));
    add(c, "empty", counted({0, 3}, kFloat32));
    add(c, "\xc5\xa1\xc3\xadp\xed\x95\x9c", counted({2}, kInt32));
    all.push_back(c);
  }
  {
    const Tensor w = counted({3, 2}, kFloat32), m = counted({3, 2}, kFloat32), step = counted({}, kFloat32);
    Case c{"checkpoint",
           Value::dict({{"epoch", 7},
                        {"loss", 0.5},
                        {"model", Value::ordered_dict({{"fc.weight", Value::parameter(w)}})},
                        {"optimizer",
                         Value::dict({{"state", Value::dict({{0, Value::dict({{"step", step}, {"exp_avg", m}})}})},
                                      {"param_groups",
                                       Value::list({Value::dict({{"lr", 0.01}, {"params", Value::list({0})}})})}})}}),
           {{"model.fc.weight", w}, {"optimizer.state.0.step", step}, {"optimizer.state.0.exp_avg", m}}};
    all.push_back(c);
  }
  {
    Case c{"large", Value::dict(), {}};  // enough to lie in a file of its own
    const Tensor w = counted({30, 100}, kFloat32);
    add(c, "weight", w);
    add(c, "turned", w.transpose(0, 1));
    add(c, "part", w.slice(0, 10, 20));
    add(c, "table", counted({70, 500}, kInt64));
    add(c, "bias", counted({3}, kFloat32));
    all.push_back(c);
  }
  all.push_back({"no_tensors", Value::dict({{"a", 1}, {"b", Value::list({"x", Value()})}}), {}});
  return all;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: write_files FOLDER\n";
    return 2;
  }
  for (const Case& c : cases()) {
    const std::string stem = std::string(argv[1]) + "/" + c.name;
    save(c.value, stem + ".pb");
    save(c.value, stem + ".external.pb", {.external_data = true});
    save(c.value, stem + ".pt");
    save(c.value, stem + ".harker");
    nlohmann::json expect = nlohmann::json::object();
    for (const auto& [path, t] : c.tensors) {
      const std::vector<std::int64_t> shape(t.shape().begin(), t.shape().end());
      expect[path] = {{"dtype", std::string(name(t.dtype()))}, {"shape", shape}, {"bytes", elements_hex(t)}};
    }
    std::ofstream(stem + ".expect.json") << expect.dump(1) << "\n";
  }
}

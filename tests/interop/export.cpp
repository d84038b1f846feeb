// export FOLDER: models of many kinds as ONNX files, and beside each, for three sizes of the batch, inputs and what we
// make of them (as a state dict in a .pb file). judge_export.py runs the files.
#include "export_models.h"

#include <cstdio>

namespace {

using namespace harker;

void put(StateDict& all, const char* what, const std::vector<Tensor>& tensors) {
  for (std::size_t i = 0; i < tensors.size(); ++i) all.set(what + std::to_string(i), tensors[i]);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  const std::string folder = argv[1];
  int failed = 0;
  const auto write = [&](const std::string& name, auto&& model, const auto& inputs, const OnnxExportOptions& options) {
    if (argc > 2 && name.find(argv[2]) == std::string::npos) return;
    try {
      export_onnx(model, inputs(2), folder + "/" + name + ".onnx", options);
    } catch (const Error& e) {
      std::printf("%s: %s\n", name.c_str(), e.what());
      ++failed;
      return;
    }
    NoGradGuard no_grad;
    for (const std::int64_t n : {1, 3, 8}) {
      StateDict all;
      const auto x = inputs(n);
      std::vector<Tensor> in, out;
      detail::collect_outputs(x, in);
      detail::collect_outputs(std::apply([&](const auto&... t) { return detail::call_exported(model, t...); }, x), out);
      put(all, "in_", in);
      put(all, "out_", out);
      save(all, folder + "/" + name + "." + std::to_string(n) + ".pb");
    }
  };
  manual_seed(0);
  exported::each_model(write);
  exported::each_function(write);
  return failed == 0 ? 0 : 1;
}

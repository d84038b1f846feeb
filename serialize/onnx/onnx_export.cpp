// export_onnx: runs, graph, file.
#include <harker/serialize/onnx.h>

#include <harker/core/base/text.h>
#include <harker/core/grad_mode.h>
#include <harker/serialize/onnx/export_call.h>

namespace harker HARKER_PUBLIC {

namespace {

/// Those given, or `one`, `one_0`, `one_1`, ...
std::vector<std::string> names(const std::vector<std::string>& given, const char* one, std::size_t n,
                               const char* option) {
  if (!given.empty() && given.size() != n)
    detail::throw_error<Error>("export_onnx: ", option, " names ", given.size(), " tensors, there are ", n);
  if (!given.empty()) return given;
  std::vector<std::string> out;
  for (std::size_t i = 0; i < n; ++i) out.push_back(n == 1 ? std::string(one) : detail::str(one, "_", i));
  return out;
}

std::vector<onnx::Dim> dims_of(const onnx::Runs& runs, int tensor) {
  std::vector<onnx::Dim> out;
  for (int d = 0; d < runs.tensor(tensor).shape.rank(); ++d) {
    const auto size = runs.dim(tensor, d);
    if (!size)
      detail::throw_error<Error>(
          "export_onnx: a dimension of an output is no multiple of the batch's size (and a number "
          "beside it); dynamic_batch = false makes it fixed");
    out.push_back(*size);
  }
  return out;
}

}  // namespace

void detail::export_onnx(const ExportedModel& model, const std::vector<Tensor>& inputs, const FilePath& path,
                         const OnnxExportOptions& options) {
  if (!model.training.empty())
    throw_error<Error>("export_onnx: ", model.training,
                       " is in training mode, where dropout and batch normalisation "
                       "compute what a file cannot; call model.eval() first");
  if (options.opset < 17 || options.opset > 21)
    throw_error<Error>("export_onnx: opset ", options.opset, " is not known; 17 to 21 are");
  if (inputs.empty()) throw_error<Error>("export_onnx: needs an example of the model's input");
  const NoGradGuard no_grad;  // the first run, which is not recorded
  const onnx::Runs runs(model, inputs, options);
  onnx::Graph graph(options.opset, model.state);
  onnx::Export all(runs, graph);
  const std::vector<std::string> in = names(options.input_names, "input", inputs.size(), "input_names");
  for (std::size_t i = 0; i < in.size(); ++i) {
    const int t = static_cast<int>(i);
    graph.input(in[i], inputs[i].dtype(), dims_of(runs, t), t == runs.sized_input(), options.batch_dim);
    all.call(t, in[i]);
  }
  all.write();
  const std::vector<std::string> out = names(options.output_names, "output", runs.outputs().size(), "output_names");
  for (std::size_t i = 0; i < out.size(); ++i) {
    const int t = runs.outputs()[i];
    graph.output(out[i], all.value(t, -1), runs.tensor(t).tensor.dtype(), dims_of(runs, t));
  }
  io::AtomicFile file(path.string());
  graph.write(file);
  file.commit();
}

}  // namespace harker

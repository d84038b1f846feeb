// export_onnx: a model with its computation as an ONNX file, for onnxruntime and its like. The model is run, and what
// its operations do is written down; docs/onnx-export.md says what can be and what cannot. (A state dict alone is saved
// by save(), as ".onnx" too.)
//
//   #include <harker/serialize/onnx.h>
//   model.eval();
//   harker::export_onnx(model, x, "model.onnx");
//   harker::export_onnx(model, std::tuple(x, y), "model.onnx", {.input_names = {"image", "text"}});
#pragma once
#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

#include <harker/core/base/function_ref.h>
#include <harker/core/state_dict.h>
#include <harker/serialize/serialize.h>

namespace harker HARKER_PUBLIC {

struct OnnxExportOptions {
  std::vector<std::string> input_names = {};   ///< empty: "input", or "input_0", "input_1", ... where there are several
  std::vector<std::string> output_names = {};  ///< empty: "output", or "output_0", ...
  std::int64_t opset = 17;                     ///< 17 to 21
  /// One dimension of the inputs may have any size in the file: of the first, and of every other whose size there is
  /// the same. The model is run with three sizes, to see what depends on it.
  bool dynamic_batch = true;
  int batch_dim = 0;
};

namespace detail {

/// A model, without its type.
struct ExportedModel {
  StateDict state;
  std::string training;  ///< the module that is in training mode; "" where none is
  FunctionRef<std::vector<Tensor>(const std::vector<Tensor>&)> run;
};
void export_onnx(const ExportedModel& model, const std::vector<Tensor>& inputs, const FilePath& path,
                 const OnnxExportOptions& options);

/// The tensors of a result, one by one: of tuples, pairs, vectors and arrays, also nested.
template <class R>
void collect_outputs(const R& r, std::vector<Tensor>& out) {
  if constexpr (std::derived_from<R, Tensor>)
    out.push_back(r);
  else if constexpr (requires { r.begin(); })
    for (const auto& e : r) collect_outputs(e, out);
  else if constexpr (requires { std::tuple_size<R>::value; })
    std::apply([&](const auto&... e) { (collect_outputs(e, out), ...); }, r);
  else
    static_assert(
        requires { std::tuple_size<R>::value; }, "export_onnx: the model must return tensors");
}

template <class M, class... X>
decltype(auto) call_exported(M& model, const X&... x) {
  if constexpr (requires { model(x...); })
    return model(x...);
  else
    return model.forward(x...);
}

template <class M>
std::string training_module(M& model) {
  if constexpr (requires { model.named_modules(); }) {
    for (const auto& item : model.named_modules())
      if (item.second.is_training()) return item.first.empty() ? "the model" : item.first;
  } else if constexpr (requires { model.is_training(); }) {
    if (model.is_training()) return "the model";
  }
  return "";
}

template <class M, class F>
void export_called(M& model, const std::vector<Tensor>& inputs, const F& call, const FilePath& path,
                   const OnnxExportOptions& options) {
  const auto run = [&](const std::vector<Tensor>& x) {
    std::vector<Tensor> out;
    collect_outputs(call(x), out);
    return out;
  };
  StateDict state;
  if constexpr (requires { model.state_dict(); }) state = model.state_dict();
  export_onnx(ExportedModel{std::move(state), training_module(model), run}, inputs, path, options);
}

}  // namespace detail

/// Writes model(inputs...), or model.forward(inputs...), to a file, whole or not at all. `model` is a module, or
/// anything that can be called; if it has a state_dict(), its tensors are the file's initializers under their names,
/// and load() gives them back. Error when it is in training mode, when an operation has no form in ONNX, and when a
/// value that depends on the inputs was computed or read by something that is not seen; it names the operation and its
/// callers.
template <class M, class... X>
void export_onnx(M&& model, const std::tuple<X...>& inputs, const FilePath& path,
                 const OnnxExportOptions& options = {}) {
  std::vector<Tensor> all;
  detail::collect_outputs(inputs, all);
  const auto call = [&]<std::size_t... I>(const std::vector<Tensor>& x, std::index_sequence<I...>)->decltype(auto) {
    return detail::call_exported(model, x[I]...);
  };
  detail::export_called(
      model, all,
      [&](const std::vector<Tensor>& x) -> decltype(auto) { return call(x, std::index_sequence_for<X...>()); }, path,
      options);
}
template <class M>
void export_onnx(M&& model, const Tensor& input, const FilePath& path, const OnnxExportOptions& options = {}) {
  export_onnx(model, std::tuple<Tensor>(input), path, options);
}
/// Of a model that takes a list of tensors.
template <class M>
void export_onnx(M&& model, const std::vector<Tensor>& inputs, const FilePath& path,
                 const OnnxExportOptions& options = {}) {
  detail::export_called(
      model, inputs, [&](const std::vector<Tensor>& x) -> decltype(auto) { return detail::call_exported(model, x); },
      path, options);
}

}  // namespace harker

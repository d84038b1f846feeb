// Call: one recorded operation, as the function sees it that writes its nodes; and the table of these functions, a row
// for each operation that has a form in ONNX (export_pointwise.cpp, export_shapes.cpp, export_reductions.cpp,
// export_layers.cpp). Whatever a row reads of an argument must be the same for every size of the batch, unless it asks
// for a Dim: else it is an error that names the operation. Internal.
#pragma once
#include <harker/serialize/onnx/export_graph.h>

namespace harker::onnx {

class Export;

class Call {
 public:
  Call(Export& all, int op);
  Graph& graph;
  const std::string& name() const;

  // --- Tensors among the arguments.
  std::size_t inputs() const;
  bool has(std::size_t i) const;
  /// Its name in the graph; "" when it is undefined.
  std::string in(std::size_t i) const;
  /// The same as another dtype.
  std::string in(std::size_t i, DType t) const;
  DType dtype(std::size_t i) const;
  int rank(std::size_t i) const;
  std::vector<Dim> dims(std::size_t i) const;
  std::vector<std::int64_t> fixed_dims(std::size_t i) const;
  std::vector<std::int64_t> sizes(std::size_t i, int d) const;  ///< in each run
  const Tensor* constant(std::size_t i) const;                  ///< null when it is computed

  // --- The other arguments.
  std::size_t arguments() const;
  std::int64_t whole(std::size_t k) const;
  Dim dim(std::size_t k) const;
  double number(std::size_t k) const;
  bool given(std::size_t k) const;  ///< of an optional one
  bool is_real(std::size_t k) const;
  std::vector<double> numbers(std::size_t k) const;  ///< in each run
  std::string text(std::size_t k) const;
  std::size_t length(std::size_t k) const;
  std::int64_t listed(std::size_t k, std::size_t i) const;
  Dim listed_dim(std::size_t k, std::size_t i) const;
  std::vector<std::int64_t> list(std::size_t k) const;

  // --- Results.
  DType out_dtype(std::size_t i = 0) const;
  int out_rank(std::size_t i = 0) const;
  std::vector<Dim> out_dims(std::size_t i = 0) const;
  std::size_t outputs() const;
  /// Result i is this value of the graph.
  void is(const std::string& value, std::size_t i = 0) const;
  /// Result 0, of another dtype than ONNX computes: cast.
  void is_as(const std::string& value, DType made) const;

  std::string node(std::string_view type, const std::vector<std::string>& inputs,
                   const std::string& attributes = "") const {
    return graph.node(type, inputs, attributes);
  }
  std::string cast(const std::string& value, DType to) const;
  /// A number of the dtype of the result.
  std::string number_of(double v) const { return graph.number(v, out_dtype()); }
  std::string reshape(const std::string& value, const std::vector<Dim>& to) const;
  /// Reduces these dimensions.
  std::string reduce(const char* type, const std::string& value, const std::vector<std::int64_t>& axes,
                     bool keep) const;

  /// Error: the operation cannot be exported.
  [[noreturn]] void refuse(std::string_view why) const;

 private:
  int tensor(std::size_t i) const;
  int result(std::size_t i) const;
  std::vector<Dim> dims_of(int tensor) const;
  Export& all_;
  int op_;
};

struct Row {
  std::string_view op;
  void (*write)(const Call& c);
};
std::span<const Row> pointwise_rows();
std::span<const Row> shape_rows();
std::span<const Row> reduction_rows();
std::span<const Row> layer_rows();

/// The whole of an export: from values of the runs to names in the graph.
class Export {
 public:
  Export(const Runs& runs, Graph& graph);
  /// All operations; Errors.
  void write();
  /// The name of a tensor; of a constant, a new one where it has none.
  std::string value(int tensor, int for_op);
  void call(int tensor, const std::string& name) { names_[static_cast<std::size_t>(tensor)] = name; }
  const Runs& runs;
  Graph& graph;

 private:
  friend class Call;
  void write_op(int op);
  std::vector<std::string> names_;  // of each tensor, once it has one
  std::vector<bool> written_;       // each operation
};

}  // namespace harker::onnx

// Graph: the ONNX graph that an export makes: nodes, constants, initializers, and the file. Values are called by name;
// a node that nobody needs is left out. Internal.
//
//   NodeProto      = 1 input*   2 output*   3 name   4 op_type   5 attribute*
//   AttributeProto = 1 name   2 f | 3 i | 4 s | 5 t | 8 ints* | 9 strings*   20 type
//   GraphProto     = 1 node*   2 name   5 initializer*   11 input*   12 output*
//   ModelProto     = 1 ir_version   2 producer_name   7 graph   8 opset_import
#pragma once
#include <map>
#include <unordered_set>

#include <harker/serialize/io/sink.h>
#include <harker/serialize/onnx/export_runs.h>

namespace harker::onnx {

/// TensorProto.DataType of a dtype that ONNX computes with; TypeError for others.
std::int32_t computing_type(DType t);

/// Attributes, encoded one after the other: `ints("perm", {1, 0}) + integer("axis", 1)`.
std::string integer(std::string_view name, std::int64_t v);
std::string real(std::string_view name, double v);
std::string text(std::string_view name, std::string_view v);
std::string texts(std::string_view name, const std::vector<std::string_view>& v);
std::string ints(std::string_view name, const std::vector<std::int64_t>& v);
std::string tensor(std::string_view name, const Tensor& v);

class Graph {
 public:
  Graph(std::int64_t opset, const StateDict& state);
  std::int64_t opset() const { return opset_; }

  /// A new node; the name of its output, or of its first one. An input that is "" is left out.
  std::string node(std::string_view type, const std::vector<std::string>& inputs, const std::string& attributes = "");
  std::vector<std::string> nodes(std::string_view type, const std::vector<std::string>& inputs,
                                 const std::string& attributes, int outputs);
  /// A name that nothing else has, made of this.
  std::string unused(std::string name);

  std::string constant(const Tensor& t);
  std::string number(double v, DType t);
  std::string list(const std::vector<std::int64_t>& v);
  /// A vector of one element: the size of a dimension.
  std::string extent(Dim d);
  std::string shape(const std::vector<Dim>& dims);
  /// The tensor of the state dict that this is, if it is one.
  const std::string* initializer(const Tensor& t) const;

  void input(const std::string& name, DType type, const std::vector<Dim>& dims, bool sized, int batch_dim);
  void output(const std::string& name, const std::string& value, DType type, const std::vector<Dim>& dims);
  void write(io::Sink& sink) const;

 private:
  struct Node {
    std::string type;
    std::vector<std::string> inputs, outputs;
    std::string attributes;
  };
  std::vector<const Node*> needed() const;
  std::int64_t opset_;
  const StateDict& state_;
  std::vector<Node> nodes_;
  std::vector<std::string> inputs_, outputs_, output_names_;  // encoded
  std::unordered_set<std::string> taken_;
  std::map<std::string, std::string> made_;  // constants by what they are
  std::string batch_;                        // where the batch's size is, a vector of one element
  std::string sized_;
  std::int64_t batch_dim_ = 0;
};

}  // namespace harker::onnx

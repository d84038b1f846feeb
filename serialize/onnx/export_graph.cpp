// Nodes and constants of an exported graph, and its bytes.
#include <harker/serialize/onnx/export_graph.h>

#include <algorithm>
#include <protozero/pbf_writer.hpp>

#include <harker/core/base/text.h>
#include <harker/core/ops/ops.h>
#include <harker/serialize/onnx/onnx_types.h>
#include <harker/serialize/onnx/wire.h>

namespace harker::onnx {

using detail::str;
using detail::throw_error;

std::int32_t computing_type(DType t) {
  for (const std::int32_t type :
       {kFloat, kDouble, kFloat16, kBfloat16, kInt64, kInt32, kInt16, kInt8, kUint8, kUint16, kUint32, kUint64, kBool,
        kComplex64, kComplex128, kFloat8E4M3FN, kFloat8E5M2, kFloat8E4M3FNUZ, kFloat8E5M2FNUZ})
    if (dtype_of_onnx(type) == t) return type;
  throw_error<TypeError>("export_onnx: ONNX has no tensors of ", name(t));
}

namespace {

enum class AttributeType : std::int32_t { real = 1, integer = 2, text = 3, tensor = 4, ints = 7, texts = 8 };

template <class F>
std::string attribute(std::string_view name, AttributeType type, const F& value) {
  std::string inner, out;
  protozero::pbf_writer a(inner);
  a.add_string(1, name.data(), name.size());
  value(a);
  a.add_int32(20, static_cast<std::int32_t>(type));
  protozero::pbf_writer node(out);
  node.add_message(5, inner);
  return out;
}

/// All of a TensorProto but the bytes and their length.
std::string tensor_head(std::string_view name, const Tensor& t) {
  std::string head;
  protozero::pbf_writer w(head);
  for (std::int64_t d : t.shape()) w.add_int64(1, d);
  w.add_int32(2, computing_type(t.dtype()));
  if (!name.empty()) w.add_string(8, name.data(), name.size());
  return head;
}
std::string tag_and_length(std::uint32_t field, std::uint64_t length) {
  std::string out;
  protozero::add_varint_to_buffer(&out, bytes(field));
  protozero::add_varint_to_buffer(&out, length);
  return out;
}
std::string_view raw_bytes(const Tensor& contiguous) {
  return {static_cast<const char*>(contiguous.raw()), contiguous.nbytes()};
}

std::string value_info(std::string_view name, DType type, const std::vector<Dim>& dims) {
  std::string out, tensor, shape;
  protozero::pbf_writer sizes(shape);
  for (Dim d : dims) {
    protozero::pbf_writer dim(sizes, 1);
    if (d.fixed())
      dim.add_int64(1, d.c);
    else
      dim.add_string(2, str(d.k == 1 ? std::string() : str(d.k, "*"), "batch",
                            d.c == 0 ? std::string() : str(d.c > 0 ? "+" : "", d.c)));
  }
  protozero::pbf_writer tensor_type(tensor);
  tensor_type.add_int32(1, computing_type(type));
  tensor_type.add_message(2, shape);
  protozero::pbf_writer info(out);
  info.add_string(1, name.data(), name.size());
  protozero::pbf_writer any(info, 2);
  any.add_message(1, tensor);
  return out;
}

std::int64_t ir_version(std::int64_t opset) { return opset <= 18 ? 8 : opset <= 20 ? 9 : 10; }

}  // namespace

std::string integer(std::string_view name, std::int64_t v) {
  return attribute(name, AttributeType::integer, [&](protozero::pbf_writer& a) { a.add_int64(3, v); });
}
std::string real(std::string_view name, double v) {
  return attribute(name, AttributeType::real, [&](protozero::pbf_writer& a) { a.add_float(2, static_cast<float>(v)); });
}
std::string text(std::string_view name, std::string_view v) {
  return attribute(name, AttributeType::text, [&](protozero::pbf_writer& a) { a.add_bytes(4, v.data(), v.size()); });
}
std::string ints(std::string_view name, const std::vector<std::int64_t>& v) {
  return attribute(name, AttributeType::ints, [&](protozero::pbf_writer& a) {
    for (std::int64_t i : v) a.add_int64(8, i);
  });
}
std::string texts(std::string_view name, const std::vector<std::string_view>& v) {
  return attribute(name, AttributeType::texts, [&](protozero::pbf_writer& a) {
    for (std::string_view s : v) a.add_bytes(9, s.data(), s.size());
  });
}
std::string tensor(std::string_view name, const Tensor& v) {
  const Tensor t = v.contiguous();
  std::string inner = tensor_head("", t);
  inner += tag_and_length(9, t.nbytes());
  inner += raw_bytes(t);
  return attribute(name, AttributeType::tensor, [&](protozero::pbf_writer& a) { a.add_message(5, inner); });
}

Graph::Graph(std::int64_t opset, const StateDict& state) : opset_(opset), state_(state) {
  for (const auto& item : state) taken_.insert(std::string(item.first));
}

std::string Graph::unused(std::string name) {
  std::string is = name;
  for (int i = 1; !taken_.insert(is).second; ++i) is = str(name, "_", i);
  return is;
}

std::vector<std::string> Graph::nodes(std::string_view type, const std::vector<std::string>& inputs,
                                      const std::string& attributes, int outputs) {
  Node n{std::string(type), inputs, {}, attributes};
  while (!n.inputs.empty() && n.inputs.back().empty()) n.inputs.pop_back();
  for (int i = 0; i < outputs; ++i) n.outputs.push_back(unused(str(type, "_", nodes_.size())));
  nodes_.push_back(n);
  return n.outputs;
}
std::string Graph::node(std::string_view type, const std::vector<std::string>& inputs, const std::string& attributes) {
  return nodes(type, inputs, attributes, 1)[0];
}

std::string Graph::constant(const Tensor& t) { return node("Constant", {}, tensor("value", t)); }
std::string Graph::number(double v, DType t) {
  std::string& name =
      made_[str("number ", harker::name(t), " ", std::string(reinterpret_cast<const char*>(&v), sizeof v))];
  if (name.empty()) name = constant(full({}, v, {.dtype = t}));
  return name;
}
std::string Graph::list(const std::vector<std::int64_t>& v) {
  std::string key = "list";
  for (std::int64_t i : v) key += str(" ", i);
  std::string& name = made_[key];
  if (name.empty()) name = constant(from_vector(v, {static_cast<std::int64_t>(v.size())}));
  return name;
}
std::string Graph::extent(Dim d) {
  if (d.fixed()) return list({d.c});
  if (batch_.empty()) {
    const std::string all = node("Shape", {sized_});
    batch_ = node("Gather", {all, list({batch_dim_})}, integer("axis", 0));
  }
  std::string& name = made_[str("extent ", d.k, " ", d.c)];
  if (!name.empty()) return name;
  name = batch_;
  if (d.k != 1) name = node("Mul", {name, list({d.k})});
  if (d.c != 0) name = node("Add", {name, list({d.c})});
  return name;
}
std::string Graph::shape(const std::vector<Dim>& dims) {
  std::vector<std::string> parts;
  std::vector<std::int64_t> run;
  for (Dim d : dims) {
    if (d.fixed()) {
      run.push_back(d.c);
      continue;
    }
    if (!run.empty()) parts.push_back(list(std::exchange(run, {})));
    parts.push_back(extent(d));
  }
  if (!run.empty() || parts.empty()) parts.push_back(list(run));
  return parts.size() == 1 ? parts[0] : node("Concat", parts, integer("axis", 0));
}

const std::string* Graph::initializer(const Tensor& t) const {
  for (const auto& item : state_) {
    const Tensor& s = item.second;
    if (s.shares_storage(t) && s.dtype() == t.dtype() && s.shape() == t.shape() && s.strides() == t.strides() &&
        s.storage_offset() == t.storage_offset())
      return &item.first;
  }
  return nullptr;
}

void Graph::input(const std::string& name, DType type, const std::vector<Dim>& dims, bool sized, int batch_dim) {
  if (!taken_.insert(name).second)
    throw_error<Error>("export_onnx: the input's name ", detail::quoted(name),
                       " is that of another tensor; choose others "
                       "(input_names)");
  if (sized) sized_ = name, batch_dim_ = batch_dim;
  inputs_.push_back(value_info(name, type, dims));
}
void Graph::output(const std::string& name, const std::string& value, DType type, const std::vector<Dim>& dims) {
  if (!taken_.insert(name).second)
    throw_error<Error>("export_onnx: the output's name ", detail::quoted(name),
                       " is that of another tensor; choose others (output_names)");
  nodes_.push_back({"Identity", {value}, {name}, ""});
  output_names_.push_back(name);
  outputs_.push_back(value_info(name, type, dims));
}

std::vector<const Graph::Node*> Graph::needed() const {
  std::unordered_set<std::string> wanted(output_names_.begin(), output_names_.end());
  std::vector<const Node*> found;
  for (std::size_t i = nodes_.size(); i-- > 0;) {
    const Node& n = nodes_[i];
    if (std::none_of(n.outputs.begin(), n.outputs.end(), [&](const std::string& o) { return wanted.contains(o); }))
      continue;
    wanted.insert(n.inputs.begin(), n.inputs.end());
    found.push_back(&n);
  }
  std::reverse(found.begin(), found.end());
  return found;
}

void Graph::write(io::Sink& sink) const {
  std::string before, after;  // the initializers stand between
  {
    protozero::pbf_writer graph(before);
    int number = 0;
    for (const Node* n : needed()) {
      std::string inner;
      protozero::pbf_writer node(inner);
      for (const std::string& s : n->inputs) node.add_string(1, s);
      for (const std::string& s : n->outputs) node.add_string(2, s);
      node.add_string(3, str(n->type, ".", number++));
      node.add_string(4, n->type);
      inner += n->attributes;
      graph.add_message(1, inner);
    }
    graph.add_string(2, "harker");
    protozero::pbf_writer ends(after);
    for (const std::string& s : inputs_) ends.add_message(11, s);
    for (const std::string& s : outputs_) ends.add_message(12, s);
  }
  struct Initializer {
    std::string head;
    Tensor bytes;
  };
  std::vector<Initializer> initializers;
  std::uint64_t size = before.size() + after.size();
  for (const auto& [name, t] : state_) {
    Initializer i{tensor_head(name, t), t.detach()};
    i.head += tag_and_length(9, t.nbytes());
    i.head = tag_and_length(5, i.head.size() + t.nbytes()) + i.head;
    size += i.head.size() + t.nbytes();
    initializers.push_back(std::move(i));
  }
  std::string head, tail;
  protozero::pbf_writer model(head);
  model.add_int64(1, ir_version(opset_));
  model.add_string(2, "harker.export_onnx");
  head += tag_and_length(7, size);
  protozero::pbf_writer end(tail);
  {
    protozero::pbf_writer opset(end, 8);
    opset.add_string(1, "", 0);
    opset.add_int64(2, opset_);
  }
  if (head.size() + size + tail.size() > kMaxMessage)
    throw_error<Error>("export_onnx: a protobuf file cannot hold more than 2 GiB, this one needs ",
                       head.size() + size + tail.size(), " bytes");
  sink.write(head);
  sink.write(before);
  for (const Initializer& i : initializers) {
    sink.write(i.head);
    sink.write(raw_bytes(i.bytes.contiguous()));
  }
  sink.write(after);
  sink.write(tail);
}

}  // namespace harker::onnx

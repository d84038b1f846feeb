// Finds the tensors of a model: initializers, dense and sparse, and what attributes of nodes hold, in the graph, in the
// graphs inside its nodes (bodies of If, Loop, Scan), in functions, and in graphs for training.
//
//   initializer               its name                       fc1.weight
//   Constant node             the name of its output         /Constant_output_0
//   attribute of another      NODE.ATTRIBUTE                 /ConstantOfShape.value
//   inside a node's graph     NODE.ATTRIBUTE.NAME            /If.then_branch.fc1.weight
//   inside a function         FUNCTION.NAME                  Gelu.half
//   graph for training        training.NUMBER.initialization.NAME
//
// NODE is a node's name, else its first output, else what it does. A second tensor of one name is NAME#2: names need
// only differ within a graph. Graphs wait in a list, so nothing recurses.

#include <harker/core/base/text.h>
#include <harker/core/base/utf8.h>
#include <harker/serialize/io/keyed_map.h>
#include <harker/serialize/onnx/onnx_weights.h>
#include <harker/serialize/onnx/wire.h>
#include <harker/serialize/value/value_paths.h>

namespace harker::onnx {
namespace {

using detail::str;
using detail::throw_error;

constexpr std::size_t kMaxDepth = 100;  // of messages: protobuf's
constexpr std::uint32_t kGraphNode = 1, kFunctionNode = 7;

class Finder {
 public:
  Finder(Reading& reading, std::vector<Value>& passed_over)
      : reading_(reading), what_(reading.source->name()), passed_over_(passed_over) {}

  Value run(const Model& m) {
    later(m.graph, {}, kGraphNode, 1);
    for (io::ByteView function : m.functions) later(function, name_of(function, 1) + '.', kFunctionNode, 1);
    for (std::size_t i = 0; i < m.training.size(); ++i) training(m.training[i], str("training.", i, '.'));
    for (std::size_t i = 0; i < places_.size(); ++i) {
      const Place p = std::move(places_[i]);
      if (p.node == kGraphNode) initializers(p);
      nodes(p);
    }
    pass_over(computing_, "node that computes", "nodes that compute", ": of the graph only its tensors are read");
    pass_over(empty_, "Constant node", "Constant nodes", " without a value of its own");
    pass_over(odd_sparse_, "sparse tensor", "sparse tensors", " of a type that is only kept where it is dense");
    const Value all = Value::ordered_dict(std::move(items_));
    return reading_.options.only.empty() ? all : entry(all, reading_.options.only, what_);
  }

 private:
  // A graph or a function, and what the names in it begin with.
  struct Place {
    io::ByteView body;
    std::string prefix;
    std::uint32_t node;  // the field of its nodes
    std::size_t depth;
  };
  struct Node {
    std::string_view label;
    bool constant;
    bool has_value = false;
  };

  void later(io::ByteView body, std::string prefix, std::uint32_t node, std::size_t depth) {
    reading_.budget.spend(prefix.size(), what_);
    places_.push_back({body, std::move(prefix), node, depth});
  }

  std::string name_of(io::ByteView body, std::uint32_t field) {
    std::string_view name;
    protozero::pbf_reader r = message(body, what_);
    while (r.next())
      if (r.tag_and_type() == bytes(field))
        name = text(r.get_view());
      else
        r.skip();
    return std::string(name);
  }

  void training(io::ByteView info, const std::string& prefix) {
    protozero::pbf_reader r = message(info, what_);
    while (r.next()) {
      switch (r.tag_and_type()) {
        case bytes(1): later(view(r.get_view()), prefix + "initialization.", kGraphNode, 1); break;
        case bytes(2): later(view(r.get_view()), prefix + "algorithm.", kGraphNode, 1); break;
        default: r.skip();
      }
    }
  }

  // Initializers of one graph must differ in their names.
  void initializers(const Place& p) {
    KeyedSet<std::string_view> here;
    const auto named = [&](std::string_view name) {
      if (name.empty()) throw_error<FormatError>(what_, ": an initializer without a name");
      if (!here.insert(name).second)
        throw_error<FormatError>(what_, ": two initializers of the name ", detail::quoted(name), " (duplicate)");
      reading_.budget.spend(p.prefix.size(), what_);
      return p.prefix + std::string(name);
    };
    protozero::pbf_reader r = message(p.body, what_);
    while (r.next()) {
      switch (r.tag_and_type()) {
        case bytes(5): {
          const io::ByteView body = view(r.get_view());
          const TensorMessage t = parse_tensor(body, what_);
          tensor(named(t.name), t, body);
          break;
        }
        case bytes(15): {
          const io::ByteView body = view(r.get_view());
          sparse(named(sparse_name(body, what_)), body);
          break;
        }
        default: r.skip();
      }
    }
  }

  void nodes(const Place& p) {
    protozero::pbf_reader r = message(p.body, what_);
    while (r.next()) {
      if (r.tag_and_type() != bytes(p.node)) {
        r.skip();
        continue;
      }
      if (p.depth >= kMaxDepth) throw_error<FormatError>(what_, ": graphs nest deeper than ", kMaxDepth, " messages");
      node(view(r.get_view()), p);
    }
  }

  void node(io::ByteView body, const Place& p) {
    std::string_view output, name, type, domain;
    bool has_output = false;
    protozero::pbf_reader r = message(body, what_);
    while (r.next()) {
      switch (r.tag_and_type()) {
        case bytes(2): {
          const std::string_view o = text(r.get_view());
          if (!has_output) output = o, has_output = true;
          break;
        }
        case bytes(3): name = text(r.get_view()); break;
        case bytes(4): type = text(r.get_view()); break;
        case bytes(7): domain = text(r.get_view()); break;
        default: r.skip();
      }
    }
    Node n{{}, type == "Constant" && (domain.empty() || domain == "ai.onnx")};
    for (const std::string_view label : {n.constant ? output : name, output, name, type})
      if (n.label.empty()) n.label = label;
    r = message(body, what_);
    while (r.next()) {
      if (r.tag_and_type() == bytes(5))
        attribute(view(r.get_view()), p, n);
      else
        r.skip();
    }
    if (!n.constant)
      ++computing_;
    else if (!n.has_value)
      ++empty_;
  }

  void attribute(io::ByteView body, const Place& p, Node& n) {
    const std::string key = name_of(body, 1);
    const auto path = [&] {
      reading_.budget.spend(p.prefix.size() + n.label.size() + key.size(), what_);
      const std::string of_node = p.prefix + std::string(n.label);
      return n.constant ? of_node : of_node + '.' + key;
    };
    std::size_t number = 0;
    protozero::pbf_reader r = message(body, what_);
    while (r.next()) {
      switch (r.tag_and_type()) {
        case bytes(5):
        case bytes(10): {
          const std::string in_list = r.tag() == 10 ? str('.', number++) : "";
          const io::ByteView inner = view(r.get_view());
          tensor(path() + in_list, parse_tensor(inner, what_), inner);
          n.has_value = true;
          break;
        }
        case bytes(22):
        case bytes(23): {
          const std::string in_list = r.tag() == 23 ? str('.', number++) : "";
          sparse(path() + in_list, view(r.get_view()));
          n.has_value = true;
          break;
        }
        case bytes(6):
        case bytes(11): {
          const std::string in_list = r.tag() == 11 ? str('.', number++) : "";
          later(view(r.get_view()), path() + in_list + '.', kGraphNode, p.depth + 3);
          break;
        }
        default: r.skip();
      }
    }
    if (!n.constant || n.has_value) return;
    if (Value v = make_constant(body, key, what_); !v.is_none())
      add(path(), [&](const std::string&) { return v; }), n.has_value = true;
  }

  void tensor(std::string name, const TensorMessage& t, io::ByteView body) {
    add(std::move(name), [&](const std::string& n) { return make_value(t, body, n, reading_); });
  }
  void sparse(std::string name, io::ByteView body) {
    add(std::move(name), [&](const std::string& n) { return make_sparse(body, n, reading_); });
  }

  // Under a name of its own.
  template <class F>
  void add(std::string name, F make) {
    if (!detail::valid_utf8(name, false))
      throw_error<FormatError>(what_, ": the name of a tensor, ", detail::quoted(name), ", is not UTF-8");
    if (const auto [at, fresh] = names_.try_emplace(name, 1); !fresh) {
      std::string next;
      do next = str(name, '#', ++at->second);
      while (names_.contains(next));
      name = next;
      names_.emplace(name, 1);
    }
    if (!reading_.options.only.empty() && reading_.options.only != name) return;
    if (Value v = make(name); v.is_none())
      ++odd_sparse_;
    else
      items_.emplace_back(Value(name), std::move(v));
  }

  void pass_over(std::uint64_t n, const char* one, const char* many, const char* rest) {
    if (n > 0) passed_over_.push_back(Value(str(n, ' ', n == 1 ? one : many, rest)));
  }

  Reading& reading_;
  const std::string& what_;
  std::vector<Value>& passed_over_;
  std::vector<Place> places_;
  KeyedMap<std::string, std::uint64_t> names_;  // and the number that the last one of that name got
  std::vector<Value::Item> items_;
  std::uint64_t computing_ = 0, empty_ = 0, odd_sparse_ = 0;
};

}  // namespace

Value read_weights(const Model& model, Reading& reading, std::vector<Value>& passed_over) {
  return Finder(reading, passed_over).run(model);
}

}  // namespace harker::onnx

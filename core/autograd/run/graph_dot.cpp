// graph_dot: a graph as Graphviz text.
#include <algorithm>
#include <unordered_map>

#include <harker/core/autograd/autograd.h>
#include <harker/core/autograd/record/multi_output.h>
#include <harker/core/autograd/record/node_meta.h>
#include <harker/core/autograd/record/node_set.h>
#include <harker/core/autograd/record/view_history.h>
#include <harker/core/base/text.h>

namespace harker HARKER_PUBLIC {
namespace {

using detail::NodeSet;
using detail::str;

/// For between double quotes; "\n" stays what Graphviz reads as a new line.
std::string quotable(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c == '\n' || c == '\r' ? ' ' : c;
  }
  return out;
}

class Drawing {
 public:
  Drawing(const Tensor& root, std::span<const NamedItem<Tensor>> names) {
    for (const auto& [name, t] : names) {
      if (!t.defined()) continue;
      const TensorImpl& p = detail::as_known(t);
      names_.emplace_back(p.grad_fn ? static_cast<const void*>(p.grad_fn) : &p, &name);
    }
    std::sort(names_.begin(), names_.end());
    const TensorImpl& p = detail::as_known(root);
    text_ = "digraph harker {\n  rankdir=BT\n  node [shape=box, fontname=\"monospace\", fontsize=10]\n";
    const std::string label = described("output", p.dtype, p.shape);
    text_ += str("  output [label=\"", label, "\", style=filled, fillcolor=palegreen]\n");
    if (p.grad_fn) {
      nodes_.add(p.grad_fn);
      nodes_.add_reachable([](const Node*) { return true; });
      arrow(p.grad_fn, "output");
      for (std::size_t i = 0; i < nodes_.size(); ++i) draw(i);
    } else if (p.requires_grad) {
      const std::string id = leaf(p);
      text_ += str("  ", id, " -> output\n");
    }
    text_ += "}\n";
  }
  std::string text() && { return std::move(text_); }

 private:
  static std::string described(std::string_view what, DType dtype, const Shape& shape) {
    return str(quotable(what), "\\n", name(dtype), " ", shape);
  }
  const std::string* name_of(const void* p) const {
    const auto at =
        std::lower_bound(names_.begin(), names_.end(), std::pair(p, static_cast<const std::string*>(nullptr)));
    return at != names_.end() && at->first == p ? at->second : nullptr;
  }
  /// Declares the leaf at its first use.
  std::string leaf(const TensorImpl& p) {
    const auto [at, added] = leaves_.emplace(&p, leaves_.size());
    const std::string id = str("leaf", at->second);
    if (!added) return id;
    const std::string* name = name_of(&p);
    text_ += str("  ", id, " [label=\"", described(name ? *name : "leaf", p.dtype, p.shape),
                 "\", style=filled, fillcolor=lightblue]\n");
    return id;
  }
  /// From a node, or from the operation that it is an output of.
  void arrow(const Node* from, const std::string& to) {
    const detail::NodeMeta* meta = from->meta;
    if (meta && meta->output_of) {
      const std::string* name = name_of(from);
      text_ += str("  op", nodes_.find(from->edges[0].node()), " -> ", to, " [label=\"", meta->output_number,
                   name ? ": " + quotable(*name) : std::string(), "\"]\n");
    } else
      text_ += str("  op", nodes_.find(from), " -> ", to, "\n");
  }
  void draw(std::size_t i) {
    const Node& n = *nodes_[i];
    if (n.meta && n.meta->output_of) return;
    const std::string id = str("op", i);
    const std::string* name = name_of(&n);
    const auto* op = dynamic_cast<const detail::MultiOutputNode*>(&n);
    const std::string what = name ? str(n.name(), ": ", *name) : std::string(n.name());
    text_ +=
        str("  ", id, " [label=\"", op && op->several() ? quotable(what) : described(what, n.dtype, n.shape), "\"]\n");
    for (std::uint32_t k = 0; k < n.inputs; ++k) {
      const Edge& e = n.edges[k];
      if (!e.needed()) continue;
      if (!e.leaf()) {
        arrow(e.node(), id);
        continue;
      }
      const std::string from = leaf(*e.tensor());
      text_ += str("  ", from, " -> ", id, "\n");
    }
  }

  std::string text_;
  NodeSet nodes_;
  std::vector<std::pair<const void*, const std::string*>> names_;  // sorted
  std::unordered_map<const TensorImpl*, std::size_t> leaves_;
};

}  // namespace

std::string graph_dot(const Tensor& root, const std::vector<NamedItem<Tensor>>& names) {
  return Drawing(root, names).text();
}

}  // namespace harker

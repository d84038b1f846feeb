// Edges, the freeing of nodes, and what few of them have.
#include <harker/core/autograd/record/node.h>

#include <harker/core/autograd/record/hook_set.h>
#include <harker/core/autograd/record/node_meta.h>
#include <harker/core/autograd/record/trace.h>
#include <harker/core/base/deferred_delete.h>

namespace harker HARKER_PUBLIC {

namespace {
thread_local constinit detail::DeferredDeletes<Node> waiting;
}

Node* Edge::set(const Tensor& input) {
  TensorImpl* const p = input.get();
  Node* const from = p->grad_fn;
  if (from) {
    set(from);
  } else {
    p->refs.inc();
    bits_ = reinterpret_cast<std::uintptr_t>(p) | 1;
  }
  return from;
}
void Edge::set(Node* node) {
  node->refs.inc();
  bits_ = reinterpret_cast<std::uintptr_t>(node);
}
void Edge::drop() noexcept {
  if (!needed()) return;
  if (!leaf())
    unref(node());
  else if (tensor()->refs.dec())
    destroy(tensor());
}

void Node::link(std::uint32_t i, const Tensor& input) {
  const Node* const from = edges[i].set(input);
  if (from && from->depth >= depth) depth = from->depth + 1;
}

Node::~Node() {
  ctx.clear();
  for (std::uint32_t i = 0; i < inputs; ++i) edges[i].drop();
  if (inputs > kFew) [[unlikely]]
    pool::free(edges, inputs * sizeof(Edge));
  if (meta) [[unlikely]]
    delete meta;
}

Edge* Node::make_edges(std::uint32_t n) {
  Edge* const edges = static_cast<Edge*>(pool::alloc(n * sizeof(Edge)));
  std::uninitialized_value_construct_n(edges, n);
  return edges;
}

void Node::operator delete(void* p, std::size_t n) noexcept { pool::free(p, n); }

void destroy(Node* n) noexcept {
  detail::deferred_delete(waiting, n, [](Node* d) { delete d; });
}

}  // namespace harker

namespace harker::detail {

NodeMeta::NodeMeta() = default;
NodeMeta::~NodeMeta() = default;

NodeMeta& meta_of(Node* n) {
  if (!n->meta) n->meta = new NodeMeta;
  return *n->meta;
}

}  // namespace harker::detail

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

Node::~Node() {
  ctx.clear();
  for (Edge *e = edges, *end = e + inputs; e != end; ++e)
    if (e->needed()) e->drop();
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

[[gnu::noinline]] void destroy(Node* n) noexcept {  // seldom called by ~Node, which would save registers for it
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

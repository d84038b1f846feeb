// The freeing of nodes, and what few of them have.
#include <harker/core/autograd/record/node.h>

#include <harker/core/autograd/record/hook_set.h>
#include <harker/core/autograd/record/node_meta.h>
#include <harker/core/autograd/record/trace.h>
#include <harker/core/base/deferred_delete.h>

namespace harker HARKER_PUBLIC {

namespace {
thread_local constinit detail::DeferredDeletes<Node> waiting;
}

void destroy(Node* n) noexcept {
  detail::deferred_delete(waiting, n, [](Node* d) { delete d; });
}

namespace detail {
void destroy(NodeMeta* meta) noexcept { delete meta; }
}  // namespace detail

}  // namespace harker

namespace harker::detail {

NodeMeta::NodeMeta() = default;
NodeMeta::~NodeMeta() = default;

NodeMeta& meta_of(Node* n) {
  if (!n->meta) n->meta = new NodeMeta;
  return *n->meta;
}

}  // namespace harker::detail

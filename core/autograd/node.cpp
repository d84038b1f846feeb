// Saved tensors and the freeing of nodes.
#include <harker/core/autograd/node.h>

#include <harker/core/autograd/context.h>
#include <harker/core/autograd/mode.h>
#include <harker/core/text.h>

namespace harker {

namespace {
HARKER_THREAD_LOCAL Node* dead = nullptr;
HARKER_THREAD_LOCAL bool burying = false;
}  // namespace

void destroy(Node* n) noexcept {
  n->next_dead = dead;
  dead = n;
  if (burying) return;
  burying = true;
  while (Node* d = dead) {
    dead = d->next_dead;
    d->dispose();
  }
  burying = false;
}

void Context::refuse(int i) const {
  if (released_)
    throw GradError(
        detail::str("backward of ", node_->name(),
                    ": Trying to backward through the graph a second time, but its saved tensors have been freed. "
                    "Specify {.retain_graph = true} the first time"));
  throw GradError(detail::str("backward of ", node_->name(),
                              ": a tensor needed for gradient computation has been modified by an "
                              "in-place operation: ",
                              name(item(i)->t.dtype()), " ", item(i)->t.shape(), " is at version ",
                              item(i)->t.version(), "; expected version ", item(i)->version, " instead"));
}

Tensor Context::saved_output(int i) const {
  const Tensor& t = saved(i);
  if (!detail::grad_enabled) return t;
  Tensor z = t.detach();
  node_->refs.inc();
  z.impl().grad_fn = node_;
  z.impl().requires_grad = true;
  return z;
}

}  // namespace harker

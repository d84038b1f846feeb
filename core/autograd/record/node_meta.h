// NodeMeta: what few nodes have, behind one pointer, so that the others pay one test: hooks on the gradient of their
// output, an output that keeps its gradient, the place of their forward call (anomaly mode), and whether they stand for
// one output of an operation with several (core/autograd/record/multi_output.h). Internal to autograd.
#pragma once
#include <memory>

#include <harker/core/autograd/record/node.h>
#include <harker/core/tensor/hooks.h>

namespace harker {
namespace detail {

class MultiOutputNode;
struct Trace;

struct [[gnu::visibility("hidden")]] NodeMeta {
  TensorImpl* retained = nullptr;  ///< the output, when it keeps its gradient (cleared by its destructor)
  Ref<HookSet> hooks;
  std::unique_ptr<Trace> trace;          ///< core/autograd/record/trace.h
  MultiOutputNode* output_of = nullptr;  ///< the node that edge 0 leads to
  std::uint32_t output_number = 0;       ///< which of its outputs
  NodeMeta();
  ~NodeMeta();
};

/// The node's meta, made if there is none yet.
NodeMeta& meta_of(Node* n);

}  // namespace detail
}  // namespace harker

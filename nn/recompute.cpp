// nn::utils::checkpoint: an operation whose inputs are those of f and the leaves that f reaches besides, and whose
// backward is f once more and its gradients.
#include <harker/nn/recompute.h>

#include <algorithm>

#include <harker/core/autograd/autograd.h>
#include <harker/core/autograd/function.h>
#include <harker/core/autograd/record/hook_set.h>
#include <harker/core/base/text.h>
#include <harker/core/grad_mode.h>
#include <harker/core/random.h>

namespace harker HARKER_PUBLIC {
namespace detail {

Recomputed::~Recomputed() = default;

namespace {

struct Segment {
  std::shared_ptr<Recomputed> f;
  std::size_t inputs;  // the others are leaves
  Tensor random;       // the generator's state before
  Tensor z;            // on its way from the first run to forward
};

/// The leaves that z was computed from, but for the inputs, at which the search stops.
std::vector<Tensor> leaves_of(const Tensor& z, const std::vector<Tensor>& inputs) {
  std::vector<const void*> seen;  // sorted
  const auto first_time = [&](const void* p) {
    const auto at = std::lower_bound(seen.begin(), seen.end(), p);
    if (at != seen.end() && *at == p) return false;
    seen.insert(at, p);
    return true;
  };
  for (const Tensor& x : inputs) {
    if (!x.defined()) continue;
    first_time(x.get());
    if (x.impl().grad_fn) first_time(x.impl().grad_fn);
  }
  std::vector<Tensor> leaves;
  std::vector<Node*> waiting;
  if (z.impl().grad_fn && first_time(z.impl().grad_fn)) waiting.push_back(z.impl().grad_fn);
  while (!waiting.empty()) {
    Node* const n = waiting.back();
    waiting.pop_back();
    for (std::uint32_t i = 0; i < n->inputs; ++i) {
      const Edge& e = n->edges[i];
      if (!e.needed() || !first_time(e.leaf() ? static_cast<const void*>(e.tensor()) : e.node())) continue;
      if (e.leaf()) {
        e.tensor()->refs.inc();
        leaves.push_back(Tensor(e.tensor()));
      } else {
        waiting.push_back(e.node());
      }
    }
  }
  return leaves;
}

struct Recompute : Function<Recompute> {
  static constexpr const char* name = "checkpoint";
  static Tensor forward(Context& c, const std::vector<Tensor>& x, const std::shared_ptr<Segment>& s) {
    c.save(std::span(x));
    return std::exchange(s->z, Tensor());
  }
  static std::vector<Tensor> backward(Context& c, const Tensor& dz, const std::shared_ptr<Segment>& s) {
    const bool again = is_grad_enabled();  // this pass is itself recorded
    std::vector<Tensor> x, wanted;
    std::vector<std::size_t> places;
    Generator generator;
    generator.set_state(s->random);
    const GeneratorGuard random(generator);
    const GradModeGuard recording(true);
    const std::size_t n = c.input_count();
    for (std::size_t i = 0; i < n; ++i) {
      const Tensor& saved = c.saved_if_any(static_cast<int>(i));
      const bool leaf = i >= s->inputs, needed = saved.defined() && saved.requires_grad();
      if (leaf && saved.impl().hooks && !saved.impl().hooks->gradient->empty())
        throw_error<GradError>(
            "checkpoint: a parameter has a hook on its gradient, which would be called for this part of it and for the "
            "whole; register it on another tensor");
      // An alias, so that hooks on the input itself are not called here.
      Tensor own = leaf || !needed ? saved : again ? saved.view(saved.shape()) : saved.detach().requires_grad_();
      if (needed) {
        wanted.push_back(own);
        places.push_back(i);
      }
      if (!leaf) x.push_back(std::move(own));
    }
    const Tensor z = s->f->run(x);
    std::vector<Tensor> found = grad({z}, wanted, {dz}, {.retain_graph = true, .create_graph = again});
    std::vector<Tensor> out(n);
    for (std::size_t k = 0; k < places.size(); ++k) out[places[k]] = std::move(found[k]);
    return out;
  }
};

}  // namespace

Tensor recomputed(std::shared_ptr<Recomputed> f, const std::vector<Tensor>& inputs) {
  if (!is_grad_enabled()) return f->run(inputs);
  const auto s = std::make_shared<Segment>(Segment{std::move(f), inputs.size(), default_generator().state(), {}});
  std::vector<Tensor> all = inputs;
  {
    const Tensor recorded = s->f->run(inputs);
    if (!recorded.requires_grad()) return recorded;
    for (Tensor& leaf : leaves_of(recorded, inputs)) all.push_back(std::move(leaf));
    s->z = recorded.detach();
  }
  return Recompute::apply(all, s);
}

}  // namespace detail
}  // namespace harker

// The engine: runs the deepest waiting node first. Edges always lead to smaller depths, so when a node is the deepest
// one waiting no gradient for it is outstanding: a topological order without a counting pass, and correct for graphs
// built by many threads. The gradients of leaves are collected and added to grad() when the last node has run: after a
// throw nothing has changed.
#include <algorithm>
#include <atomic>
#include <deque>
#include <memory>
#include <unordered_map>

#include <harker/core/autograd/autograd.h>
#include <harker/core/autograd/mode.h>
#include <harker/core/autograd/node.h>
#include <harker/core/backend/backend.h>
#include <harker/core/ops/ops.h>
#include <harker/core/tensor_make.h>
#include <harker/core/text.h>

namespace harker {
namespace {

using detail::str;

bool shallower(const Node* a, const Node* b) { return a->depth < b->depth; }

/// a + b; in 16 bits by way of float32, rounded again.
Tensor plus(const Tensor& a, const Tensor& b) {
  if (is_computed(a.dtype())) [[likely]]
    return add(a, b);
  if (is_complex(a.dtype()))
    throw TypeError(str("backward: two gradients of ", name(a.dtype()), " meet, and complex numbers cannot be added"));
  return add(a.to(DType::float32), b.to(DType::float32)).to(a.dtype());
}
Tensor summed_to(const Tensor& g, const Shape& shape) {
  if (is_computed(g.dtype()) || is_complex(g.dtype())) [[likely]]
    return sum_to(g, shape);
  return sum_to(g.to(DType::float32), shape).to(g.dtype());
}

/// The waiting nodes, a max-heap by depth. The first 16 live on the stack, which is all that most graphs ever need.
class Queue {
 public:
  Queue() = default;
  Queue(const Queue&) = delete;
  Queue& operator=(const Queue&) = delete;
  /// After a throw: what still waits must not find old gradients in the next pass.
  ~Queue() {
    while (count_) {
      Node* n = at_[--count_];
      n->grad = {};
      n->runner.store(nullptr, std::memory_order_release);
    }
  }
  bool empty() const { return count_ == 0; }

  /// Gives `g` to the node, which joins the queue if it is not there yet.
  void give(Node* n, Tensor g) {
    if (n->runner.load(std::memory_order_relaxed) == this) {
      n->grad = plus(n->grad, g);
      return;
    }
    const void* nobody = nullptr;
    if (!n->runner.compare_exchange_strong(nobody, this, std::memory_order_acquire))
      throw GradError(str("backward: another backward pass is running through this graph (at ", n->name(),
                          "); one graph is run by one thread at a time"));
    if (count_ == capacity_) grow();
    n->grad = std::move(g);
    at_[count_++] = n;
    if (count_ > 1) std::push_heap(at_, at_ + count_, shallower);
  }
  Node* pop() {
    if (count_ > 1) std::pop_heap(at_, at_ + count_, shallower);
    return at_[--count_];
  }

 private:
  void grow() {
    std::unique_ptr<Node*[]> more(new Node*[capacity_ * 2]);
    std::copy(at_, at_ + count_, more.get());
    heap_ = std::move(more);
    at_ = heap_.get();
    capacity_ *= 2;
  }
  Node* first_[16];
  std::unique_ptr<Node*[]> heap_;
  Node** at_ = first_;
  std::size_t count_ = 0, capacity_ = 16;
};

/// Nobody else can see this gradient's memory, so a leaf may keep it.
bool stealable(const Tensor& g) {
  const TensorImpl& p = g.impl();
  return p.refs.unique() && p.storage->refs.unique() && p.contiguous && !p.storage->owner;
}

/// What the leaves will get.
class LeafGrads {
 public:
  LeafGrads() = default;
  LeafGrads(const LeafGrads&) = delete;
  LeafGrads& operator=(const LeafGrads&) = delete;
  ~LeafGrads() {
    for (std::size_t i = 0; i < count_; ++i) at(i).~Entry();
  }

  /// Adds g, of the leaf's shape, to what this leaf will get.
  void add(TensorImpl* leaf, Tensor g) {
    if (Entry* e = find(leaf)) {
      e->sum = plus(e->sum, g);
      return;
    }
    if (count_ < kInline) {
      new (&at(count_)) Entry{leaf, std::move(g)};
      ++count_;
      return;
    }
    index_.emplace(leaf, more_.size());
    more_.push_back({leaf, std::move(g)});
  }

  /// What this tensor would get; undefined when nothing reached it.
  Tensor sum_of(TensorImpl& t) {
    Entry* e = find(&t);
    return e ? e->sum : Tensor();
  }

  /// All that can fail is done first; then each leaf takes its gradient.
  void commit(bool create_graph) {
    for_each([&](Entry& e) {
      const bool first = !std::atomic_ref(e.leaf->grad).load(std::memory_order_relaxed);
      if (create_graph && !first)
        e.sum = plus(grad_of(e.leaf), e.sum);
      else if (!first && is_complex(e.sum.dtype()))
        plus(e.sum, e.sum);  // throws
      else if (first ? !stealable(e.sum) : !e.sum.is_contiguous())
        e.sum = e.sum.clone();
    });
    for_each([&](Entry& e) {
      Tensor old;
      Held held(e.leaf);
      TensorImpl* grad = e.leaf->grad;
      if (grad && !create_graph && grad->contiguous && is_computed(grad->dtype)) {
        backend(grad->device).axpy(grad->dtype, grad->numel, 1.0, e.sum.raw(), grad->data);
        ++grad->storage->version;
        return;
      }
      if (grad && !create_graph) {
        grad->refs.inc();
        e.sum = plus(Tensor(grad), e.sum);
      }
      old = Tensor(std::atomic_ref(e.leaf->grad).exchange(e.sum.release(), std::memory_order_relaxed));
    });
  }

 private:
  struct Entry {
    TensorImpl* leaf;
    Tensor sum;
  };
  static constexpr std::size_t kInline = 12;  // a linear search through these beats any table

  /// While it lives, no other backward pass touches the leaf's gradient.
  struct Held {
    TensorImpl* leaf;
    explicit Held(TensorImpl* l) : leaf(l) {
      while (leaf->busy.exchange(true, std::memory_order_acquire)) {}
    }
    ~Held() { leaf->busy.store(false, std::memory_order_release); }
    Held(const Held&) = delete;
    Held& operator=(const Held&) = delete;
  };
  static Tensor grad_of(TensorImpl* leaf) {
    Held held(leaf);
    if (leaf->grad) leaf->grad->refs.inc();
    return Tensor(leaf->grad);
  }
  Entry& at(std::size_t i) { return reinterpret_cast<Entry*>(raw_)[i]; }
  Entry* find(TensorImpl* leaf) {
    for (std::size_t i = 0; i < count_; ++i)
      if (at(i).leaf == leaf) return &at(i);
    if (more_.empty()) return nullptr;
    auto it = index_.find(leaf);
    return it == index_.end() ? nullptr : &more_[it->second];
  }
  template <class F>
  void for_each(F f) {
    for (std::size_t i = 0; i < count_; ++i) f(at(i));
    for (Entry& e : more_) f(e);
  }
  alignas(Entry) std::byte raw_[kInline * sizeof(Entry)];
  std::size_t count_ = 0;
  std::vector<Entry> more_;
  std::unordered_map<TensorImpl*, std::size_t> index_;
};

Tensor checked_seed(const Tensor& root, const Tensor& gradient) {
  const TensorImpl& p = root.impl();
  if (!gradient.defined()) {
    if (is_complex(p.dtype))
      throw GradError(
          str("backward: grad can be implicitly created only for real outputs, this one is ", name(p.dtype)));
    if (p.numel != 1)
      throw GradError(str("backward: grad can be implicitly created only for scalar outputs, this one is ", p.shape,
                          "; reduce it (mean, sum) or pass a gradient of that shape"));
    Tensor one = detail::fresh(p.shape, p.dtype, p.device);
    backend(p.device).fill(p.dtype, 1, 1.0, one.raw());
    return one;
  }
  if (!(gradient.shape() == p.shape) || gradient.dtype() != p.dtype)
    throw ShapeError(str("backward: the gradient is ", name(gradient.dtype()), " ", gradient.shape(), ", the tensor ",
                         name(p.dtype), " ", p.shape));
  return gradient;
}

/// The gradients one node hands out: a few on the stack, an array for the rare node with many inputs.
class Outgoing {
 public:
  Tensor* room(std::uint32_t n) {
    if (n <= kInline) return few_;
    many_.assign(n, Tensor());
    return many_.data();
  }

 private:
  static constexpr std::uint32_t kInline = 4;
  Tensor few_[kInline];
  std::vector<Tensor> many_;
};

/// While it lives, the node belongs to this pass: a pass of another thread that comes by is refused.
struct Running {
  Node* n;
  explicit Running(Node* node) : n(node) {}
  ~Running() { n->runner.store(nullptr, std::memory_order_release); }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;
};

/// Runs the graph from the queue until no node waits; what reaches leaves (and tensors that keep their gradient) goes
/// to `leaves`.
void run(Queue& queue, LeafGrads& leaves, bool retain) {
  Outgoing outgoing;
  while (!queue.empty()) {
    Node* n = queue.pop();
    Running running(n);
    Tensor dz = std::move(n->grad);
    if (n->retained) [[unlikely]]
      leaves.add(n->retained, dz);
    Tensor* grads = outgoing.room(n->inputs);
    n->run(dz, grads);
    if (!retain) n->release_saved();  // the edges stay: a trunk that saved nothing may be run again, as in PyTorch
    for (std::uint32_t i = 0; i < n->inputs; ++i) {
      const Edge& e = n->edges[i];
      Tensor g = std::move(grads[i]);
      if (!e.needed() || !g.defined()) continue;
      // The one place where broadcasting is undone.
      const Shape& wanted = e.leaf() ? e.tensor()->shape : e.node()->shape;
      if (!(g.shape() == wanted)) [[unlikely]]
        g = summed_to(g, wanted);
      const DType dtype = e.leaf() ? e.tensor()->dtype : e.node()->dtype;
      if (g.impl().dtype != dtype) [[unlikely]]
        g = g.to(dtype);
      if (e.leaf())
        leaves.add(e.tensor(), std::move(g));
      else
        queue.give(e.node(), std::move(g));
    }
  }
}

TensorImpl& checked_root(const Tensor& t) {
  TensorImpl& p = t.impl();
  if (!p.requires_grad)
    throw GradError(
        "backward: the tensor does not require grad and does not have a grad_fn (was it computed under a "
        "NoGradGuard?)");
  return p;
}

/// Lets a tensor that is no leaf keep its gradient for the time of one pass.
class Watch {
 public:
  explicit Watch(const Tensor& t) : p_(t.impl()) {
    if (p_.grad_fn) before_ = std::exchange(p_.grad_fn->retained, &p_);
  }
  ~Watch() {
    if (p_.grad_fn && before_ != &p_) p_.grad_fn->retained = before_;  // an input named twice is watched once
  }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

 private:
  TensorImpl& p_;
  TensorImpl* before_ = nullptr;
};

}  // namespace

void Tensor::backward(const Tensor& gradient, BackwardOptions options) const {
  TensorImpl& root = checked_root(*this);
  Tensor seed = checked_seed(*this, gradient);
  detail::ModeScope mode(options.create_graph);
  Ref<Node> keep = Ref<Node>::share(root.grad_fn);  // a hook may drop the last handle on the tensor
  LeafGrads leaves;
  Queue queue;
  if (root.grad_fn)
    queue.give(root.grad_fn, std::move(seed));
  else
    leaves.add(&root, std::move(seed));
  run(queue, leaves, options.retain_graph || options.create_graph);
  leaves.commit(options.create_graph);
}

std::vector<Tensor> grad(const std::vector<Tensor>& outputs, const std::vector<Tensor>& inputs,
                         const std::vector<Tensor>& grad_outputs, BackwardOptions options) {
  for (const Tensor& x : inputs)
    if (!x.requires_grad()) throw GradError("grad: one of the inputs does not require grad");
  detail::ModeScope mode(options.create_graph);
  std::deque<Watch> watches;
  for (const Tensor& x : inputs) watches.emplace_back(x);
  LeafGrads leaves;
  Queue queue;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    TensorImpl& root = checked_root(outputs[i]);
    Tensor seed = checked_seed(outputs[i], i < grad_outputs.size() ? grad_outputs[i] : Tensor());
    if (root.grad_fn)
      queue.give(root.grad_fn, std::move(seed));
    else
      leaves.add(&root, std::move(seed));
  }
  run(queue, leaves, options.retain_graph || options.create_graph);
  std::vector<Tensor> out;
  for (const Tensor& x : inputs) out.push_back(leaves.sum_of(x.impl()));
  return out;
}

}  // namespace harker

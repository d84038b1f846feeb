// How leaves take their gradients, and how several backward passes share one leaf.
#include <harker/core/autograd/run/grad_accumulator.h>

#include <algorithm>
#include <atomic>
#include <deque>
#include <thread>

#include <harker/core/autograd/record/hook_set.h>
#include <harker/core/autograd/record/node.h>
#include <harker/core/autograd/run/anomaly.h>
#include <harker/core/backend/backend.h>
#include <harker/core/base/text.h>
#include <harker/core/ops/ops.h>
#include <harker/core/tensor/make.h>

namespace harker {

namespace detail {
namespace {

/// While it lives, no other backward pass adds to the leaf's gradient.
class Held {
 public:
  explicit Held(TensorImpl* leaf) : leaf_(leaf) {
    while (leaf_->busy.exchange(true, std::memory_order_acquire)) std::this_thread::yield();
  }
  ~Held() { leaf_->busy.store(false, std::memory_order_release); }
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;

 private:
  TensorImpl* leaf_;
};

TensorHooks* hooks_of(TensorImpl* leaf) { return std::atomic_ref(leaf->hooks).load(std::memory_order_acquire); }
TensorImpl* grad_of(TensorImpl* leaf) { return std::atomic_ref(leaf->grad).load(std::memory_order_acquire); }

}  // namespace

Tensor plus(const Tensor& a, const Tensor& b) {
  if (is_computed(a.dtype())) [[likely]]
    return add(a, b);
  if (is_complex(a.dtype()))
    throw_error<TypeError>("backward: two gradients of ", name(a.dtype()),
                           " meet, and complex numbers cannot be added");
  return add(a.to(DType::float32), b.to(DType::float32)).to(a.dtype());
}

Tensor GradAccumulator::sum_of(TensorImpl& t) {
  for (std::size_t i = 0; i < count_; ++i)
    if (at(i).leaf == &t) return at(i).sum;
  const std::uint32_t found = index_.find(&t, key());
  return found != PointerIndex::kNone ? more_[found].sum : Tensor();
}

void GradAccumulator::add_more(TensorImpl* leaf, Tensor&& g) {
  std::uint32_t& place = index_.place(leaf, more_.size(), key());
  if (place) return add_again(more_[place - 1], g);
  more_.push_back({leaf, std::move(g)});
  place = static_cast<std::uint32_t>(more_.size());
}

void GradAccumulator::call_hooks() {
  for_each([](Entry& e) {
    TensorHooks* const hooks = hooks_of(e.leaf);
    if (!hooks || hooks->gradient->empty() || !e.sum.defined()) return;
    const Tensor alive(Ref<TensorImpl>::share(e.leaf).release());
    e.sum = hooked(*Ref<HookSet>(hooks->gradient), std::move(e.sum));
  });
}

void GradAccumulator::check_nan() {
  for_each([](Entry& e) {
    if (holds_nan(e.sum))
      throw_error<GradError>("backward: the gradients that met at a leaf, ", name(e.leaf->dtype), " ", e.leaf->shape,
                             ", add up to NaN");
  });
}

void GradAccumulator::commit(bool create_graph) {
  // Nearly always no leaf has a gradient yet, and nobody else can see those that they take over.
  bool prepared = !create_graph;
  for_each([&](Entry& e) {
    prepared = prepared && e.leaf->requires_grad && !hooks_of(e.leaf) && !e.leaf->grad_fn && !grad_of(e.leaf) &&
               unshared(e.sum);
  });
  if (!prepared) return commit_carefully(create_graph);
  for_each([](Entry& e) {
    if (!take_first(e)) add_to_grad(e);
  });
}

namespace {
/// A recorded change in place after detach_() or requires_grad_(false): whose gradient would it be?
void check_leaf(const TensorImpl& t) {
  if (t.grad_fn && !(t.flags & TensorImpl::kRetainsGrad))
    throw_error<GradError>("backward: a gradient has reached a leaf, ", name(t.dtype), " ", t.shape,
                           ", that has been changed in place since by a recorded operation (", t.grad_fn->name(),
                           "); change a clone() of it, or use NoGradGuard");
}
/// Can a gradient be added to this one where it lies, so that nothing can fail?
bool adds_in_place(const TensorImpl& grad) { return grad.contiguous && is_computed(grad.dtype); }
/// Has the leaf a gradient to which nothing can be added where it lies? Held: another pass may replace it and let it
/// go.
bool must_replace(TensorImpl* leaf) {
  const Held held(leaf);
  const TensorImpl* const grad = grad_of(leaf);
  return grad && !adds_in_place(*grad);
}
}  // namespace

void GradAccumulator::commit_carefully(bool create_graph) {
  for_each([](Entry& e) {
    if (e.leaf->requires_grad)
      check_leaf(*e.leaf);
    else
      e.sum = {};  // frozen since it was used
  });
  call_hooks();
  std::vector<std::pair<Tensor, Ref<HookSet>>> accumulated;
  std::vector<Entry*> replaced;  // get a new tensor as their gradient
  for_each([&](Entry& e) {
    if (!e.sum.defined()) return;
    if (TensorHooks* const hooks = hooks_of(e.leaf); hooks && !hooks->accumulated->empty())
      accumulated.emplace_back(Tensor(Ref<TensorImpl>::share(e.leaf).release()), hooks->accumulated);
    if (create_graph || must_replace(e.leaf))
      replaced.push_back(&e);
    else
      prepare(e);
  });
  replace_grads(replaced);
  for_each([](Entry& e) {
    if (e.sum.defined() && !take_first(e)) add_to_grad(e);
  });
  for (const auto& [leaf, set] : accumulated)
    for (const Ref<Hook>& h : set->now()) static_cast<TensorHook&>(*h).call(leaf);
}

void GradAccumulator::prepare(Entry& e) {
  TensorImpl* grad = grad_of(e.leaf);
  if (!grad) {
    if (!unshared(e.sum)) e.sum = e.sum.clone();
  } else if (is_complex(e.sum.dtype())) {
    plus(e.sum, e.sum);  // throws
  } else if (!e.sum.is_contiguous()) {
    e.sum = e.sum.clone();
  }
}

/// The leaf has no gradient and takes this one over. False: it has one.
bool GradAccumulator::take_first(Entry& e) {
  TensorImpl* none = nullptr;
  if (!std::atomic_ref(e.leaf->grad).compare_exchange_strong(none, e.sum.get(), std::memory_order_acq_rel))
    return false;
  e.sum.release();
  return true;
}

void GradAccumulator::add_to_grad(Entry& e) {
  Tensor old;
  Held held(e.leaf);
  TensorImpl* grad = grad_of(e.leaf);
  if (adds_in_place(*grad)) {
    kernels<Arithmetic>(grad->device).axpy(grad->dtype, grad->numel, 1.0, e.sum.raw(), grad->data);
    ++grad->storage->version;
    return;
  }
  grad->refs.inc();
  e.sum = plus(Tensor(grad), e.sum);
  old = Tensor(std::atomic_ref(e.leaf->grad).exchange(e.sum.release(), std::memory_order_acq_rel));
}

/// With create_graph a leaf's new gradient is a new tensor, the recorded sum of its old one and what has come; so it is
/// where the old one has 16 bits or strides. All leaves are held from before the sums are made until they have been
/// taken, in one order for all threads: no other pass adds in between.
void GradAccumulator::replace_grads(std::vector<Entry*>& entries) {
  std::sort(entries.begin(), entries.end(), [](const Entry* a, const Entry* b) { return a->leaf < b->leaf; });
  std::vector<Tensor> old(entries.size()), sums(entries.size());
  std::deque<Held> held;
  for (const Entry* e : entries) held.emplace_back(e->leaf);
  const auto summed = [&](std::size_t i) {
    const Tensor& g = entries[i]->sum;
    sums[i] = old[i].defined() ? plus(old[i], g) : unshared(g) ? g : g.clone();
  };
  for (std::size_t i = 0; i < entries.size(); ++i) {
    old[i] = Tensor(Ref<TensorImpl>::share(grad_of(entries[i]->leaf)).release());
    summed(i);
  }
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const std::atomic_ref grad(entries[i]->leaf->grad);
    TensorImpl* before = old[i].get();
    while (!grad.compare_exchange_strong(before, sums[i].get(), std::memory_order_acq_rel)) {
      old[i] =
          Tensor(Ref<TensorImpl>::share(before).release());  // a leaf without gradient may take its first one unheld
      summed(i);
    }
    sums[i].release();
    const Tensor dropped(before);
    entries[i]->sum = {};  // done
  }
}

}  // namespace detail
}  // namespace harker

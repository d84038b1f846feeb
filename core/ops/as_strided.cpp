// Gradients through memory that is seen in two ways. A base of shape B and a view V of its memory give two linear maps:
// pick (from B's elements to V's, repeated where V repeats) and its transpose spread (V's elements added up at their
// places in B, zeros elsewhere). Each is the other's gradient.
#include <harker/core/ops/as_strided.h>

#include <algorithm>

#include <harker/core/autograd/record/view_history.h>
#include <harker/core/ops/common.h>

namespace harker {
namespace detail {
namespace {

/// Elements from the first to the last.
std::int64_t extent(const Geometry& g) {
  std::int64_t last = 0;
  for (int d = 0; d < g.shape.rank(); ++d) {
    if (g.shape[d] == 0) return 0;
    last += (g.shape[d] - 1) * g.strides[d];
  }
  return last + 1;
}

Tensor seen(const Tensor& memory, const Geometry& g) { return alias(memory, g.shape, g.strides, g.offset); }

/// As much memory as base spans, zeros, one dimension; with x put where base's elements lie, if there is an x.
Tensor memory_of(const Geometry& base, const Tensor& x, DType dtype, Device device) {
  Tensor memory = zeros({extent(base)}, {.dtype = dtype, .device = device});
  if (x.defined()) seen(memory, base).copy_(x);
  return memory;
}

/// The base's elements in that memory, in order.
Tensor elements(const Tensor& memory, const Geometry& base) {
  Tensor z = seen(memory, base);
  return z.is_contiguous() && z.numel() == memory.numel() ? z : z.clone();
}

Tensor pick(const Tensor& x, const Geometry& view, const Geometry& base);

/// g summed over the dimensions that `view` repeats, and the view without the repetition.
Tensor without_repeats(const Tensor& g, Geometry& view) {
  Shape dims;
  for (int d = view.shape.rank() - 1; d >= 0; --d) {
    if (view.shape[d] > 1 && view.strides[d] == 0) {
      dims = dims.inserted(0, d);
      view.shape[d] = 1;
    }
  }
  if (dims.rank() == 0) return g;
  if (is_computed(g.dtype()) || is_complex(g.dtype())) return sum(g, dims, true);
  return sum(g.to(DType::float32), dims, true).to(g.dtype());
}

struct Spread : Op<Spread> {  // z[B] = x[V] added up at its places; dx = pick(dz)
  static constexpr const char* name = "as_strided_backward";
  static Tensor forward(Context&, const Tensor& x, const Geometry& view, const Geometry& base) {
    Geometry once = view;
    const Tensor part = without_repeats(x, once);
    Tensor memory = memory_of(base, {}, x.dtype(), x.device());
    seen(memory, once).copy_(part);
    return elements(memory, base);
  }
  static Grads backward(Context&, const Tensor& dz, const Geometry& view, const Geometry& base) {
    return {pick(dz, view, base)};
  }
};

struct Pick : Op<Pick> {  // z[V] = x[B] at its places; dx = spread(dz)
  static constexpr const char* name = "as_strided_copy";
  static Tensor forward(Context&, const Tensor& x, const Geometry& view, const Geometry& base) {
    return seen(memory_of(base, x, x.dtype(), x.device()), view).clone();
  }
  static Grads backward(Context&, const Tensor& dz, const Geometry& view, const Geometry& base) {
    return {apply<Spread>(dz, view, base)};
  }
};
Tensor pick(const Tensor& x, const Geometry& view, const Geometry& base) { return apply<Pick>(x, view, base); }

struct AsStrided : Op<AsStrided> {  // z[V] = x[B]'s memory through V, shared; dx = spread(dz)
  static constexpr const char* name = "as_strided";
  static Tensor forward(Context&, const Tensor& x, const Geometry& view, const Geometry&) {
    return view_of(x, view.shape, view.strides, x.storage_offset() + view.offset);
  }
  static Grads backward(Context&, const Tensor& dz, const Geometry& view, const Geometry& base) {
    return {apply<Spread>(dz, view, base)};
  }
};

struct Without : Op<Without> {  // z[B] = x[B] with zeros where V lies; dx = without(dz)
  static constexpr const char* name = "copy_slices_backward";
  static Tensor forward(Context&, const Tensor& x, const Geometry& view, const Geometry& base) {
    Tensor memory = memory_of(base, x, x.dtype(), x.device());
    seen(memory, view).zero_();
    return elements(memory, base);
  }
  static Grads backward(Context&, const Tensor& dz, const Geometry& view, const Geometry& base) {
    return {apply<Without>(dz, view, base)};
  }
};

struct Assigned : Op<Assigned> {  // z[B] = x[B] with y[V] in V's place; dx = without(dz), dy = pick(dz)
  static constexpr const char* name = "copy_slices";
  static Tensor forward(Context&, const Tensor& x, const Tensor&, const Geometry&, const Geometry&) {
    return x.detach();
  }
  static Grads backward(Context& c, const Tensor& dz, const Geometry& view, const Geometry& base) {
    return {c.needs(0) ? apply<Without>(dz, view, base) : Tensor(), c.needs(1) ? pick(dz, view, base) : Tensor()};
  }
};

Geometry own_geometry(const Tensor& t) { return geometry_of(t.impl(), t.impl()); }

}  // namespace

Geometry geometry_of(const TensorImpl& p, const TensorImpl& base) {
  return {p.shape, p.own_strides ? p.strides : p.shape.contiguous_strides(), p.offset - base.offset};
}

Tensor as_strided(const Tensor& base, const Geometry& view) { return apply<AsStrided>(base, view, own_geometry(base)); }

Tensor view_anew(const Tensor& base, const TensorImpl& view) {
  return as_strided(base, geometry_of(view, base.impl()));
}

Tensor assigned(const Tensor& base, const Tensor& part, const Geometry& view) {
  return apply<Assigned>(base, part, view, own_geometry(base));
}

}  // namespace detail
}  // namespace harker

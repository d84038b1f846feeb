// The whole of a recurrent layer is one node: the input's part of the gates is one product for all times, each time is one
// more product and a kernel for what lies between (core/backend/layer_kernels.h), and backward, which goes through the
// times once more, has the weights' gradients as one product each. The same written in single ops (`in_ops`) is what a
// second derivative goes through.
//
// Sequences that end early: the state has a row for each, and time t works on the first sizes[t] rows, where they lie. A
// row that is not worked on any more is that sequence's last state; or, in reverse, not yet: its first.
#include <harker/core/autograd/autograd.h>
#include <harker/core/ops/common.h>
#include <harker/core/ops/half.h>
#include <harker/nn/recurrent_layer.h>

#include <cstring>

namespace harker HARKER_PUBLIC {
namespace detail {
namespace {

using Index = std::int64_t;

struct Plan {
  Recurrence kind;
  bool reverse;
  BatchSizes sizes;
  /// For an exporter: times, and the batch's size, 0 where sequences end early.
  Shape numbers() const {
    const bool even = !sizes->empty() && sizes->front() == sizes->back();
    return {static_cast<Index>(kind), reverse, static_cast<Index>(sizes->size()), even ? sizes->front() : 0};
  }
  /// step(first element, sequences) for each time: in the layer's order, or `against` it.
  template <class F>
  void each_time(bool against, Index elements, const F& step) const {
    const bool down = reverse != against;
    Index at = down ? elements : 0;
    const Index times = static_cast<Index>(sizes->size());
    for (Index i = 0; i < times; ++i) {
      const Index n = (*sizes)[static_cast<std::size_t>(down ? times - 1 - i : i)];
      if (down) at -= n;
      if (n > 0) step(at, n);
      if (!down) at += n;
    }
  }
};

/// The inputs, in this order; some may be undefined.
enum { kX, kH, kC, kWih, kWhh, kBih, kBhh, kWhr, kInputs };
/// What else is saved: the state before each element, its gates; c before it and tanh of c after it; the state before the
/// projection; the new gate's part of b (GRU).
enum { kBefore = kInputs, kGates, kCellBefore, kTanh, kFull, kNew, kSaved };

/// A contiguous matrix whose rows kernels work on.
struct Rows {
  Tensor t;
  Index width = 0;
  Rows() = default;
  Rows(Index n, Index w, const Tensor& like) : t(empty_matrix(n, w, like.dtype(), like.device())), width(w) {}
  explicit Rows(const Tensor& x) : t(x), width(x.size(1)) {}
  void* at(Index row) const {
    return static_cast<char*>(t.raw()) + row * width * static_cast<Index>(item_size(t.dtype()));
  }
  void put(Index row, const void* from, Index rows) const {
    std::memcpy(at(row), from, static_cast<std::size_t>(rows * width) * item_size(t.dtype()));
  }
};

/// z[n, out] = x[n, in] w[out, in]^T + b, or x w[in, out] when not `turned`.
void product(Index n, const void* x, const Tensor& w, bool turned, const Tensor& b, void* z) {
  const Index rows = w.shape()[0], columns = w.shape()[1];
  kernels<Products>(w).gemm(w.dtype(), false, turned, n, turned ? rows : columns, turned ? columns : rows, x,
                            turned ? columns : rows, w.raw(), columns, b.defined() ? b.raw() : nullptr, z);
}

void add(DType t, Index n, const void* x, const void* y, void* z, const Tensor& of) {
  kernels<Arithmetic>(of).binary(Binary::add, t, n, x, y, z);
}

/// dz, a gradient of h = tanh or relu, becomes that of what it is of.
template <class T>
void through(Recurrence kind, Index n, const void* h, void* dz) {
  const T* const v = static_cast<const T*>(h);
  T* const g = static_cast<T*>(dz);
  if (kind == Recurrence::tanh)
    for (Index i = 0; i < n; ++i) g[i] *= 1 - v[i] * v[i];
  else
    for (Index i = 0; i < n; ++i) g[i] = v[i] > 0 ? g[i] : 0;
}

std::vector<Tensor> in_ops(const std::vector<Tensor>& in, const Plan& p);

struct RecurrentLayer : Op<RecurrentLayer> {
  static constexpr const char* name = "recurrent_layer";

  static std::vector<Tensor> forward(Context& ctx, const std::vector<Tensor>& given, const Plan& p) {
    std::vector<Tensor> in = given;
    for (Tensor& t : in)
      if (t.defined()) t = t.contiguous();
    const Tensor &x = in[kX], &w_hr = in[kWhr], none;
    const DType t = x.dtype();
    const Index elements = x.size(0), sequences = in[kH].size(0), size = in[kH].size(1);
    const Index width = in[kWhh].size(0), n = width / gates_of(p.kind);
    const bool keeps = ctx.input_count() > 0;
    const Index kept = keeps ? elements : sequences;  // else what a time needs, again and again
    const Rows out(elements, size, x), h(in[kH].clone()), gates(elements, width, x), b(sequences, width, x);
    product(elements, x.raw(), in[kWih], true, in[kBih], gates.t.raw());
    Rows before, cell, cell_before, tanh_cell, full, fresh;
    if (keeps) before = Rows(elements, size, x);
    if (p.kind == Recurrence::lstm) {
      cell = Rows(in[kC].clone());
      if (keeps) cell_before = Rows(elements, n, x);
      tanh_cell = Rows(kept, n, x);
      if (w_hr.defined()) full = Rows(kept, n, x);
    }
    if (p.kind == Recurrence::gru) fresh = Rows(kept, n, x);
    p.each_time(false, elements, [&](Index at, Index rows) {
      if (keeps) before.put(at, h.t.raw(), rows);
      product(rows, h.t.raw(), in[kWhh], true, in[kBhh], b.t.raw());
      const Index place = keeps ? at : 0;
      void* const to = out.at(at);
      if (p.kind == Recurrence::lstm) {
        if (keeps) cell_before.put(at, cell.t.raw(), rows);
        kernels<Recurrences>(x).lstm(t, rows, n, gates.at(at), b.t.raw(), cell.t.raw(), cell.t.raw(),
                                     tanh_cell.at(place), w_hr.defined() ? full.at(place) : to);
        if (w_hr.defined()) product(rows, full.at(place), w_hr, true, none, to);
      } else if (p.kind == Recurrence::gru) {
        kernels<Recurrences>(x).gru(t, rows, n, gates.at(at), b.t.raw(), h.t.raw(), fresh.at(place), to);
      } else {
        detail::add(t, rows * n, gates.at(at), b.t.raw(), gates.at(at), x);
        if (p.kind == Recurrence::tanh)
          kernels<Functions>(x).unary(Unary::tanh, t, rows * n, gates.at(at), to);
        else
          kernels<Arithmetic>(x).unary(Unary::relu, t, rows * n, gates.at(at), to);
        if (keeps) gates.put(at, to, rows);
      }
      h.put(0, to, rows);
    });
    if (keeps) {
      std::vector<Tensor> saved = given;
      for (const Tensor& s : {before.t, gates.t, cell_before.t, tanh_cell.t, full.t, fresh.t}) saved.push_back(s);
      ctx.save(std::span<const Tensor>(saved));
    }
    std::vector<Tensor> z{out.t, h.t};
    if (p.kind == Recurrence::lstm) z.push_back(cell.t);
    return z;
  }

  static std::vector<Tensor> backward(Context& c, std::span<const Tensor> dz, const Plan& p) {
    std::vector<Tensor> in(kSaved);
    for (int i = 0; i < kSaved; ++i) in[static_cast<std::size_t>(i)] = c.saved_if_any(i);
    if (grad_enabled) return recorded(c, dz, p, {in.begin(), in.begin() + kInputs});
    const Tensor x = in[kX].contiguous(), w_hh = in[kWhh].contiguous(), none;
    const Tensor w_hr = in[kWhr].defined() ? in[kWhr].contiguous() : none, d_out = dz[0].contiguous();
    const DType t = x.dtype();
    const Index elements = x.size(0), sequences = in[kH].size(0), size = in[kH].size(1);
    const Index width = w_hh.size(0), n = width / gates_of(p.kind);
    const bool lstm = p.kind == Recurrence::lstm, gru = p.kind == Recurrence::gru;
    const Rows from(d_out), before(in[kBefore]), gates(in[kGates]), da(elements, width, x);
    const Rows dh(dz[1].contiguous().clone()), part(sequences, lstm && w_hr.defined() ? n : size, x);
    Rows dc, db = da, d_projected;
    if (lstm) dc = Rows(dz[2].contiguous().clone());
    if (gru) db = Rows(elements, width, x);
    if (w_hr.defined()) d_projected = Rows(elements, size, x);
    p.each_time(true, elements, [&](Index at, Index rows) {
      detail::add(t, rows * size, dh.t.raw(), from.at(at), dh.t.raw(), x);
      void* const d_gates = da.at(at);
      if (p.kind != Recurrence::lstm && p.kind != Recurrence::gru) {
        da.put(at, dh.t.raw(), rows);
        t == DType::float32 ? through<float>(p.kind, rows * n, gates.at(at), d_gates)
                            : through<double>(p.kind, rows * n, gates.at(at), d_gates);
        return product(rows, d_gates, w_hh, false, none, dh.t.raw());
      }
      da.put(at, gates.at(at), rows);
      if (gru) {
        kernels<Recurrences>(x).gru_backward(t, rows, n, d_gates, before.at(at), Rows(in[kNew]).at(at), dh.t.raw(),
                                             db.at(at));
        product(rows, db.at(at), w_hh, false, none, part.t.raw());
        return detail::add(t, rows * size, dh.t.raw(), part.t.raw(), dh.t.raw(), x);
      }
      const void* d_state = dh.t.raw();
      if (w_hr.defined()) {
        d_projected.put(at, d_state, rows);
        product(rows, d_state, w_hr, false, none, part.t.raw());
        d_state = part.t.raw();
      }
      kernels<Recurrences>(x).lstm_backward(t, rows, n, d_gates, Rows(in[kCellBefore]).at(at), Rows(in[kTanh]).at(at),
                                            d_state, dc.t.raw());
      product(rows, d_gates, w_hh, false, none, dh.t.raw());
    });
    std::vector<Tensor> g(kInputs);
    if (c.needs(kX)) g[kX] = matmul(da.t, in[kWih]);
    if (c.needs(kH)) g[kH] = dh.t;
    if (lstm && c.needs(kC)) g[kC] = dc.t;
    if (c.needs(kWih)) g[kWih] = matmul(da.t, x, true);
    if (c.needs(kWhh)) g[kWhh] = matmul(db.t, before.t, true);
    if (c.needs(kBih)) g[kBih] = sum(da.t, 0);
    if (c.needs(kBhh)) g[kBhh] = gru || !g[kBih].defined() ? sum(db.t, 0) : g[kBih].clone();
    if (c.needs(kWhr)) g[kWhr] = matmul(d_projected.t, in[kFull], true);
    return g;
  }

  /// The gradients with a history: those of the layer in single ops. Each input is seen through a view of its own, for
  /// one may have been computed from another.
  static std::vector<Tensor> recorded(Context& c, std::span<const Tensor> dz, const Plan& p,
                                      const std::vector<Tensor>& saved) {
    std::vector<Tensor> in(kInputs), wanted, g(kInputs);
    for (int i = 0; i < kInputs; ++i) {
      const std::size_t k = static_cast<std::size_t>(i);
      if (!saved[k].defined()) continue;
      in[k] = saved[k].narrow(0, 0, saved[k].size(0));
      if (c.needs(i)) wanted.push_back(in[k]);
    }
    const std::vector<Tensor> found = grad(in_ops(in, p), wanted, {dz.begin(), dz.end()}, {.create_graph = true});
    std::size_t next = 0;
    for (int i = 0; i < kInputs; ++i)
      if (in[static_cast<std::size_t>(i)].defined() && c.needs(i)) g[static_cast<std::size_t>(i)] = found[next++];
    return g;
  }
};

std::vector<Tensor> in_ops(const std::vector<Tensor>& in, const Plan& p) {
  const Index elements = in[kX].size(0), sequences = in[kH].size(0);
  const Tensor a = linear(in[kX], in[kWih], in[kBih]);
  Tensor h = in[kH], c = in[kC];
  std::vector<Tensor> parts;
  p.each_time(false, elements, [&](Index at, Index rows) {
    const Tensor state = h.narrow(0, 0, rows), mine = a.narrow(0, at, rows), b = linear(state, in[kWhh], in[kBhh]);
    const auto whole = [&](const Tensor& fresh, const Tensor& old) {
      return rows == sequences ? fresh : cat({fresh, old.narrow(0, rows, sequences - rows)});
    };
    Tensor next;
    if (p.kind == Recurrence::lstm) {
      const std::vector<Tensor> gate = chunk(mine + b, 4, 1);
      const Tensor cell = sigmoid(gate[1]) * c.narrow(0, 0, rows) + sigmoid(gate[0]) * tanh(gate[2]);
      next = sigmoid(gate[3]) * tanh(cell);
      if (in[kWhr].defined()) next = linear(next, in[kWhr]);
      c = whole(cell, c);
    } else if (p.kind == Recurrence::gru) {
      const std::vector<Tensor> u = chunk(mine, 3, 1), v = chunk(b, 3, 1);
      const Tensor fresh = tanh(u[2] + sigmoid(u[0] + v[0]) * v[2]);
      next = fresh + sigmoid(u[1] + v[1]) * (state - fresh);
    } else {
      next = p.kind == Recurrence::tanh ? tanh(mine + b) : relu(mine + b);
    }
    parts.push_back(next);
    h = whole(next, h);
  });
  if (p.reverse) parts = {parts.rbegin(), parts.rend()};
  std::vector<Tensor> z{parts.empty() ? in[kX].narrow(1, 0, 0).matmul(zeros({0, h.size(1)}, h.dtype())) : cat(parts),
                        h};
  if (p.kind == Recurrence::lstm) z.push_back(c);
  return z;
}

}  // namespace

RecurrentResult recurrent_layer(Recurrence kind, bool reverse, const BatchSizes& sizes, const Tensor& x,
                                const Tensor& h, const Tensor& c, const RecurrentWeights& w) {
  std::vector<Tensor> in{x, h, c, w.w_ih, w.w_hh, w.b_ih, w.b_hh, w.w_hr};
  const bool half = is_half(x);
  if (half)
    for (Tensor& t : in) t = widened(t);
  const std::vector<Tensor> z = apply<RecurrentLayer>(in, Plan{kind, reverse, sizes});
  const auto narrow = [&](const Tensor& t) { return half ? t.to(x.dtype()) : t; };
  return {narrow(z[0]), narrow(z[1]), z.size() > 2 ? narrow(z[2]) : Tensor()};
}

}  // namespace detail
}  // namespace harker

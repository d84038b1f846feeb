// The gates of LSTM and GRU, forward and backward: all that a step does between two products, in one pass over memory.
#include <harker/core/backend/cpu/kernels/cpu_kernels.h>
#include <harker/core/backend/cpu/kernels/dispatch.h>
#include <harker/core/backend/cpu/kernels/vector_math.h>

namespace harker::HARKER_ISA {

/// 1 / (1 + e^-x)
template <class T>
inline Vector<T> sigmoid_of(Vector<T> x) {
  return T(1) / (T(1) + exp_of(-x));
}

/// run(row, j, load, store) for each vector of each row: load(p) and store(p, v) are at p[j], and know how many elements
/// are left.
template <class T, class F>
inline void each_gate(Index rows, Index n, const F& run) {
  for (Index r = 0; r < rows; ++r)
    for (Index j = 0; j < n; j += kWidth<T>)
      run(
          r, [=](const T* p) { return load_part(p + j, n - j, T(0)); },
          [=](T* p, Vector<T> v) { store_part<T>(p + j, n - j, v); });
}

void CpuRecurrences::lstm(DType t, Index rows, Index n, void* a, const void* b, const void* c, void* c_next, void* th,
                          void* h) {
  with_type(t, [=](auto kind) {
    using T = decltype(kind);
    T *const gates = Out{a}, *const to_c = Out{c_next}, *const to_t = Out{th}, *const to_h = Out{h};
    const T *const from = In{b}, *const old = In{c};
    each_gate<T>(rows, n, [=](Index r, auto load_at, auto store_at) {
      T* const g = gates + r * 4 * n;
      const T* const s = from + r * 4 * n;
      const auto gate = [=](Index k) { return load_at(g + k * n) + load_at(s + k * n); };
      const Vector<T> i = sigmoid_of<T>(gate(0)), f = sigmoid_of<T>(gate(1)), c_in = tanh_of(gate(2)),
                      o = sigmoid_of<T>(gate(3));
      const Vector<T> cell = f * load_at(old + r * n) + i * c_in, tanh_cell = tanh_of(cell);
      store_at(g, i), store_at(g + n, f), store_at(g + 2 * n, c_in), store_at(g + 3 * n, o);
      store_at(to_c + r * n, cell), store_at(to_t + r * n, tanh_cell), store_at(to_h + r * n, o * tanh_cell);
    });
  });
}

void CpuRecurrences::lstm_backward(DType t, Index rows, Index n, void* gates, const void* c, const void* th,
                                   const void* dh, void* dc) {
  with_type(t, [=](auto kind) {
    using T = decltype(kind);
    T *const all = Out{gates}, *const cell = Out{dc};
    const T *const old = In{c}, *const tanhs = In{th}, *const from = In{dh};
    each_gate<T>(rows, n, [=](Index r, auto load_at, auto store_at) {
      T* const g = all + r * 4 * n;
      const Vector<T> i = load_at(g), f = load_at(g + n), c_in = load_at(g + 2 * n), o = load_at(g + 3 * n);
      const Vector<T> tanh_cell = load_at(tanhs + r * n), d = load_at(from + r * n);
      const Vector<T> d_cell = load_at(cell + r * n) + d * o * (T(1) - tanh_cell * tanh_cell);
      store_at(g, d_cell * c_in * i * (T(1) - i));
      store_at(g + n, d_cell * load_at(old + r * n) * f * (T(1) - f));
      store_at(g + 2 * n, d_cell * i * (T(1) - c_in * c_in));
      store_at(g + 3 * n, d * tanh_cell * o * (T(1) - o));
      store_at(cell + r * n, d_cell * f);
    });
  });
}

void CpuRecurrences::gru(DType t, Index rows, Index n, void* a, const void* b, const void* h, void* hn, void* h_next) {
  with_type(t, [=](auto kind) {
    using T = decltype(kind);
    T *const gates = Out{a}, *const to_hn = Out{hn}, *const to_h = Out{h_next};
    const T *const from = In{b}, *const old = In{h};
    each_gate<T>(rows, n, [=](Index r, auto load_at, auto store_at) {
      T* const g = gates + r * 3 * n;
      const T* const s = from + r * 3 * n;
      const Vector<T> reset = sigmoid_of<T>(load_at(g) + load_at(s)),
                      update = sigmoid_of<T>(load_at(g + n) + load_at(s + n)), state = load_at(s + 2 * n);
      const Vector<T> fresh = tanh_of(load_at(g + 2 * n) + reset * state);
      store_at(g, reset), store_at(g + n, update), store_at(g + 2 * n, fresh), store_at(to_hn + r * n, state);
      store_at(to_h + r * n, fresh + update * (load_at(old + r * n) - fresh));
    });
  });
}

void CpuRecurrences::gru_backward(DType t, Index rows, Index n, void* gates, const void* h, const void* hn, void* dh,
                                  void* db) {
  with_type(t, [=](auto kind) {
    using T = decltype(kind);
    T *const all = Out{gates}, *const d_state = Out{dh}, *const to_b = Out{db};
    const T *const old = In{h}, *const states = In{hn};
    each_gate<T>(rows, n, [=](Index r, auto load_at, auto store_at) {
      T *const g = all + r * 3 * n, *const b = to_b + r * 3 * n;
      const Vector<T> reset = load_at(g), update = load_at(g + n), fresh = load_at(g + 2 * n);
      const Vector<T> d = load_at(d_state + r * n), d_fresh = d * (T(1) - update) * (T(1) - fresh * fresh);
      const Vector<T> d_reset = d_fresh * load_at(states + r * n) * reset * (T(1) - reset);
      const Vector<T> d_update = d * (load_at(old + r * n) - fresh) * update * (T(1) - update);
      store_at(g, d_reset), store_at(g + n, d_update), store_at(g + 2 * n, d_fresh);
      store_at(b, d_reset), store_at(b + n, d_update), store_at(b + 2 * n, d_fresh * reset);
      store_at(d_state + r * n, d * update);
    });
  });
}

HARKER_KERNELS(Recurrences, CpuRecurrences)

}  // namespace harker::HARKER_ISA

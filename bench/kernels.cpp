// Every kernel, timed in each instruction set this machine can run: what is compiled for a faster set must
// gain 10 % there (docs/performance.md). The least time of many short rounds, in which the sets take turns, so that a
// busy machine does not decide.
//   kernels [part of a name]    a table: nanoseconds of the first set, and how many times as fast the others are
//   kernels --bits              a hash of each kernel's results in each set, special values and odd sizes included
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <functional>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include <harker/core/backend/backend.h>
#include <harker/core/parallel.h>

using namespace harker;

namespace {

constexpr std::size_t kMost = 1 << 17;  // elements of a buffer

struct Buffers {
  std::vector<double> memory[6], kept[6];
  std::vector<std::int64_t> index = std::vector<std::int64_t>(kMost), work = std::vector<std::int64_t>(kMost);
  std::vector<std::int64_t> whole[2] = {index, index};
  std::vector<std::uint8_t> mask = std::vector<std::uint8_t>(kMost);

  Buffers() {
    for (auto& m : memory) m.resize(kMost);
  }
  void* operator[](std::size_t i) { return memory[i].data(); }

  template <class T>
  void fill_as(bool special) {
    std::minstd_rand random(1);
    const T inf = std::numeric_limits<T>::infinity(), tiny = std::numeric_limits<T>::denorm_min();
    const T odd[] = {inf,     -inf,     inf - inf, T(0), -T(0), tiny,  -tiny * 5,
                     T(1e30), T(-88.9), T(0.5),    T(1), T(-1), T(2.5)};
    for (int b = 0; b < 6; ++b) {
      T* const p = reinterpret_cast<T*>(memory[b].data());
      for (std::size_t i = 0; i < kMost; ++i) {
        p[i] = static_cast<T>(static_cast<double>(random() % 40001) / 10000.0 - (b == 2 ? 0 : 2));  // 2 has no negative
        if (special && random() % 37 == 0) p[i] = odd[random() % 13];
      }
    }
  }
  void fill(DType t, bool special) {
    t == DType::float32 ? fill_as<float>(special) : fill_as<double>(special);
    std::minstd_rand random(2);
    for (std::size_t i = 0; i < kMost; ++i) {
      index[i] = static_cast<std::int64_t>(random() % 64) - (special && random() % 7 == 0);
      for (auto& w : whole) {
        w[i] = static_cast<std::int64_t>(random() % 2001) - 1000;
        w[i] += w[i] == 0;
      }
      mask[i] = random() % 3 == 0;
    }
  }
  void keep() {
    for (int i = 0; i < 6; ++i) kept[i] = memory[i];
  }
  void restore() {
    for (int i = 0; i < 6; ++i) std::memcpy(memory[i].data(), kept[i].data(), kMost * sizeof(double));
    std::memset(work.data(), 0, kMost * sizeof work[0]);
  }
};
Buffers buffers;

/// Who computes `op`.
template <class Op>
Elementwise& elementwise(CpuSet set, Op op) {
  return is_arithmetic(op) ? static_cast<Elementwise&>(kernels<Arithmetic>(set)) : kernels<Functions>(set);
}

struct Case {
  std::string name;
  std::function<void(CpuSet)> run;
  const void* out;
  std::int64_t bytes;
  DType of;  // whose NaNs are all one
};

const char* const kUnary[] = {
    "neg",   "relu",  "abs",   "sign", "square",     "reciprocal", "sqrt",       "rsqrt",     "exp",
    "expm1", "log",   "log1p", "sin",  "cos",        "tanh",       "sigmoid",    "erf",       "floor",
    "ceil",  "round", "trunc", "silu", "silu_slope", "gelu",       "gelu_slope", "gelu_tanh", "gelu_tanh_slope"};
const char* const kBinary[] = {"add",     "sub",       "mul",    "div",          "pow",        "maximum",
                               "minimum", "sigmoid_b", "tanh_b", "floor_divide", "remainder",  "fmod",
                               "and",     "or",        "xor",    "shift_left",   "shift_right"};
const char* const kCompare[] = {"eq", "ne", "lt", "le", "gt", "ge"};

/// All kernels of numbers of type t; n elements where there is a choice.
std::vector<Case> cases_of(DType t, std::int64_t n) {
  std::vector<Case> all;
  const std::int64_t item = static_cast<std::int64_t>(item_size(t));
  void *const a = buffers[0], *const b = buffers[1], *const positive = buffers[2], *const z = buffers[3],
              *const u = buffers[4], *const v = buffers[5];
  std::int64_t *const index = buffers.index.data(), *const work = buffers.work.data();
  std::int64_t *const p = buffers.whole[0].data(), *const q = buffers.whole[1].data();
  std::uint8_t* const mask = buffers.mask.data();
  const auto add = [&](std::string name, std::int64_t count, auto run, const void* out = nullptr) {
    all.push_back({std::move(name), run, out ? out : z, count * item, t});
  };
  const auto bytes = [&](std::string name, std::int64_t count, auto run, const void* out) {
    all.push_back({std::move(name), run, out, count, DType::uint8});
  };
  const std::int64_t rows = 64, columns = std::max<std::int64_t>(1, n / 64), m = rows * columns;
  const Shape flat{n}, one{1}, none{0}, matrix{rows, columns}, down{columns, 1}, turned{1, rows}, across{0, 1},
      along{1, 0};

  for (int i = 0; i < 27; ++i) {
    const Unary op = static_cast<Unary>(i);
    const void* const x = op == Unary::log || op == Unary::sqrt || op == Unary::rsqrt ? positive : a;
    add(std::string("unary ") + kUnary[i], n, [=](CpuSet k) { elementwise(k, op).unary(op, t, n, x, z); });
  }
  for (int i = 0; i < 12; ++i) {
    const Binary op = static_cast<Binary>(i);
    const std::string name = kBinary[i];
    add("binary " + name, n,
        [=](CpuSet k) { elementwise(k, op).binary(op, t, n, op == Binary::pow ? positive : a, b, z); });
    add("scalar " + name, n, [=](CpuSet k) { elementwise(k, op).scalar(op, t, n, a, 1.25, false, z); });
    if (i < 8 && i != 4) {
      add("row " + name, m, [=](CpuSet k) { elementwise(k, op).binary_strided(op, t, matrix, a, down, b, across, z); });
      add("column " + name, m,
          [=](CpuSet k) { elementwise(k, op).binary_strided(op, t, matrix, a, down, b, along, z); });
      add("turned " + name, m,
          [=](CpuSet k) { elementwise(k, op).binary_strided(op, t, matrix, a, down, b, turned, z); });
    }
  }
  for (int i = 0; i < 6; ++i) {
    const Compare op = static_cast<Compare>(i);
    bytes(
        std::string("compare ") + kCompare[i], n,
        [=](CpuSet k) { kernels<Comparisons>(k).compare(op, t, flat, a, one, b, one, z); }, z);
    bytes(
        std::string("compare with one ") + kCompare[i], n,
        [=](CpuSet k) { kernels<Comparisons>(k).compare(op, t, flat, a, one, b, none, z); }, z);
    if (t == DType::float32)
      bytes(
          std::string("compare int64 ") + kCompare[i], n,
          [=](CpuSet k) { kernels<Comparisons>(k).compare(op, DType::int64, flat, p, one, q, one, z); }, z);
  }
  bytes(
      "where", n * item, [=](CpuSet k) { kernels<Masks>(k).where(t, flat, mask, one, a, one, b, one, z); }, z);
  bytes(
      "where one", n * item, [=](CpuSet k) { kernels<Masks>(k).where(t, flat, mask, one, a, one, b, none, z); }, z);
  bytes(
      "fill", n * item, [=](CpuSet k) { kernels<Copies>(k).fill(t, n, 1.5, z); }, z);
  bytes(
      "copy turned", m * item,
      [=](CpuSet k) {
        kernels<Copies>(k).copy(t, t, Shape{columns, rows}, a, along.rank() ? Shape{1, columns} : one, z,
                                Shape{rows, 1});
      },
      z);
  bytes(
      "copy step 2", n * item / 2, [=](CpuSet k) { kernels<Copies>(k).copy(t, t, Shape{n / 2}, a, Shape{2}, z, one); },
      z);
  for (const DType to : {DType::float32, DType::float64, DType::float16, DType::bfloat16, DType::int64, DType::int32,
                         DType::uint8, DType::bool_, DType::float8_e4m3fn}) {
    if (to == t) continue;
    const std::string name(harker::name(to));
    bytes(
        "convert to " + name, n * static_cast<std::int64_t>(item_size(to)),
        [=](CpuSet k) { kernels<Copies>(k).copy(t, to, flat, a, one, z, one); }, z);
    const void* const from = is_floating_point(to) ? a : to == DType::bool_ ? static_cast<const void*>(mask) : p;
    add("convert from " + name, n, [=](CpuSet k) { kernels<Copies>(k).copy(to, t, flat, from, one, z, one); });
  }
  if (t == DType::float32) {
    bytes(
        "convert int64 to int32", n * 4,
        [=](CpuSet k) { kernels<Copies>(k).copy(kInt64, kInt32, flat, p, one, z, one); }, z);
    bytes(
        "convert bool to int64", n * 8,
        [=](CpuSet k) { kernels<Copies>(k).copy(kBool, kInt64, flat, mask, one, z, one); }, z);
    for (const Logical op : {Logical::both, Logical::either, Logical::one})
      bytes(
          "logical", n, [=](CpuSet k) { kernels<Comparisons>(k).logical(op, flat, mask, one, mask + 1, one, z); }, z);
    bytes(
        "count_nonzero", 8, [=](CpuSet k) { *work = kernels<Masks>(k).count_nonzero(n, mask); }, work);
    bytes(
        "any", 64, [=](CpuSet k) { kernels<Masks>(k).any_or_all(false, rows, columns, mask, z); }, z);
    bytes(
        "all", 64, [=](CpuSet k) { kernels<Masks>(k).any_or_all(true, rows, columns, mask, z); }, z);
    for (int i = 0; i < 17; ++i)
      if (i != 3 && (i < 7 || i > 8))
        bytes(
            std::string("int64 ") + kBinary[i], n * 8,
            [=](CpuSet k) { kernels<Integers>(k).binary_int64(static_cast<Binary>(i), flat, p, one, q, one, z); }, z);
    for (int i = 0; i < 5; ++i)
      bytes(
          std::string("int64 ") + kUnary[i], n * 8,
          [=](CpuSet k) { kernels<Integers>(k).unary_int64(static_cast<Unary>(i), n, p, z); }, z);
    bytes(
        "int64 gemm", 32 * 32 * 8,
        [=](CpuSet k) {
          kernels<Integers>(k).gemm_int64(32, 32, 32, p, {32, 1}, q, {32, 1}, static_cast<std::int64_t*>(z));
        },
        z);
    bytes(
        "int64 sum", 8, [=](CpuSet k) { kernels<Integers>(k).sum_int64(1, n, 1, p, work); }, work);
    bytes(
        "int64 sum of columns", columns * 8,
        [=](CpuSet k) { kernels<Integers>(k).sum_int64(1, rows, columns, p, work); }, work);
    bytes(
        "first_outside", 8, [=](CpuSet k) { *work = kernels<Indexing>(k).first_outside(n, index, -1, 64); }, work);
  }
  bytes(
      "compress", n * item / 4, [=](CpuSet k) { kernels<Masks>(k).compress(t, n, a, mask, z); }, z);
  bytes(
      "decompress", n * item, [=](CpuSet k) { kernels<Masks>(k).decompress(t, n, a, mask, z); }, z);
  bytes(
      "gather", m * item,
      [=](CpuSet k) {
        kernels<Indexing>(k).gather(static_cast<std::size_t>(item), matrix, a, Shape{0, 1}, columns, index, z);
      },
      z);
  add("scatter_add", m, [=](CpuSet k) {
    kernels<Indexing>(k).scatter_add(t, matrix, a, index, z, Shape{0, 1}, columns);
  });
  bytes(
      "select_rows", m * item,
      [=](CpuSet k) { kernels<Indexing>(k).select_rows(1, 64, columns * item, rows, a, index, z); }, z);
  add("add_rows", m, [=](CpuSet k) { kernels<Indexing>(k).add_rows(t, 1, 64, columns, rows, 0.7, a, index, z); });

  add("axpy", n, [=](CpuSet k) { kernels<Arithmetic>(k).axpy(t, n, 1e-3, a, z); });
  add("relu_backward", n, [=](CpuSet k) { kernels<Arithmetic>(k).relu_backward(t, n, a, b, z); });
  add("leaky_relu", n, [=](CpuSet k) { kernels<Arithmetic>(k).leaky_relu(t, n, a, b, 0.01, z); });
  add("softplus", n, [=](CpuSet k) { kernels<Functions>(k).softplus(t, n, a, 1.5, 20, z); });
  add("scaled_diff", n, [=](CpuSet k) { kernels<DifferenceLosses>(k).scaled_diff(t, n, a, b, positive, 0.5, z); });
  add("mean_square_diff", 1, [=](CpuSet k) { kernels<DifferenceLosses>(k).mean_square_diff(t, n, a, b, z); });
  add("sum", 1, [=](CpuSet k) { kernels<Sums>(k).sum(t, 1, n, 1, a, 1, z); });
  add("sum of rows", rows, [=](CpuSet k) { kernels<Sums>(k).sum(t, rows, columns, 1, a, 1, z); });
  add("sum of columns", columns, [=](CpuSet k) { kernels<Sums>(k).sum(t, 1, rows, columns, a, 1, z); });
  for (const double power : {1.0, 2.0, 3.0, static_cast<double>(INFINITY)})
    bytes(
        "power_sum " + std::to_string(power), 8,
        [=](CpuSet k) { *reinterpret_cast<double*>(work) = kernels<Statistics>(k).power_sum(t, n, a, power); }, work);

  struct Product {
    std::int64_t m, n, k;
  };
  for (const Product s : {Product{1, 20, 10},
                          {32, 20, 10},
                          {32, 1, 20},
                          {5, 3, 7},
                          {64, 64, 64},
                          {1, 512, 512},
                          {64, 256, 300},
                          {256, 256, 256},
                          {8, 512, 512},
                          {300, 6, 400},
                          {33, 128, 65}})
    for (int f = 0; f < 4; ++f) {
      const bool ta = f & 1, tb = f & 2;
      add("gemm " + std::to_string(s.m) + "x" + std::to_string(s.n) + "x" + std::to_string(s.k) + (ta ? " a'" : "") +
              (tb ? " b'" : ""),
          s.m * s.n, [=](CpuSet k) {
            kernels<Products>(k).gemm(t, ta, tb, s.m, s.n, s.k, a, ta ? s.m : s.k, b, tb ? s.k : s.n,
                                      f == 2 ? u : nullptr, z);
          });
    }
  const auto item_of = [=](int states) {
    void* const state[] = {z, positive, v};
    StepItem step{u, {}, b, n};
    for (int i = 0; i < states; ++i) step.state[i] = state[i];
    return step;
  };
  for (const bool decay : {false, true})
    for (const int states : {2, 3}) {
      const StepItem s = item_of(states);
      add(
          "adam", n,
          [=](CpuSet k) {
            kernels<OptimizerKernel<AdamStep>>(k).run(
                t, {&s, 1}, {1e-3, 0.9, 0.999, 1e-8, decay ? 0.01 : 0, 0.1, 0.03, false, decay && states == 3});
          },
          u);
    }
  for (const double momentum : {0.0, 0.9})
    for (const bool nesterov : {false, true}) {
      const StepItem s = item_of(1);
      add(
          "sgd", n,
          [=](CpuSet k) {
            kernels<OptimizerKernel<SgdStep>>(k).run(
                t, {&s, 1}, {1e-3, momentum, 0, nesterov ? 0.01 : 0, nesterov && momentum > 0, false, false});
          },
          u);
    }
  for (const int states : {1, 2, 3}) {
    const StepItem s{u, {positive, states > 1 ? z : nullptr, states > 2 ? v : nullptr}, b, n};
    add(
        "rmsprop", n,
        [=](CpuSet k) {
          kernels<OptimizerKernel<RmspropStep>>(k).run(
              t, {&s, 1}, {1e-3, 0.99, 1e-8, states == 3 ? 0.01 : 0, states > 1 ? 0.9 : 0, false});
        },
        u);
  }
  {
    const StepItem s{u, {positive}, b, n};
    add(
        "adagrad", n,
        [=](CpuSet k) {
          kernels<OptimizerKernel<AdagradStep>>(k).run(t, {&s, 1}, {1e-3, 1e-8, 0, false});
        },
        u);
  }

  for (const std::int64_t inner : {std::int64_t{1}, columns}) {
    const std::int64_t outer = inner == 1 ? rows : 1, deep = m / outer / inner;
    const std::string how = inner == 1 ? " of rows" : " of columns";
    add("extreme" + how, outer * inner,
        [=](CpuSet k) { kernels<Scans>(k).extreme(t, true, outer, deep, inner, a, z, work); });
    if (t == DType::float32)
      bytes(
          "extreme int64" + how, outer * inner * 8,
          [=](CpuSet k) { kernels<Scans>(k).extreme(kInt64, true, outer, deep, inner, p, z, work); }, z);
    add("product" + how, outer * inner, [=](CpuSet k) { kernels<Scans>(k).product(t, outer, deep, inner, a, z); });
    add("product_of_others" + how, m,
        [=](CpuSet k) { kernels<Scans>(k).product_of_others(t, outer, deep, inner, a, z); });
    add("cumsum" + how, m, [=](CpuSet k) { kernels<Scans>(k).cumsum(t, false, outer, deep, inner, a, z); });
    add("cumsum from the end" + how, m, [=](CpuSet k) { kernels<Scans>(k).cumsum(t, true, outer, deep, inner, a, z); });
    add("variance" + how, outer * inner, [=](CpuSet k) {
      kernels<Statistics>(k).variance(t, outer, deep, inner, static_cast<double>(deep), true, a, z);
    });
    add("logsumexp" + how, outer * inner,
        [=](CpuSet k) { kernels<Softmaxes>(k).logsumexp(t, outer, deep, inner, a, z); });
    add("softmax" + how, m, [=](CpuSet k) { kernels<Softmaxes>(k).softmax(t, false, outer, deep, inner, a, z); });
    add("log_softmax" + how, m, [=](CpuSet k) { kernels<Softmaxes>(k).softmax(t, true, outer, deep, inner, a, z); });
    add("softmax_backward" + how, m,
        [=](CpuSet k) { kernels<Softmaxes>(k).softmax_backward(t, false, outer, deep, inner, a, b, z); });
    add("log_softmax_backward" + how, m,
        [=](CpuSet k) { kernels<Softmaxes>(k).softmax_backward(t, true, outer, deep, inner, a, b, z); });
  }
  bytes(
      "sort", m * 8,
      [=](CpuSet k) { kernels<Sorting>(k).sort(t, false, rows, columns, a, work, static_cast<std::int64_t*>(z)); },
      work);
  for (int d = 0; d < 4; ++d)
    for (int derivative = 0; derivative < 3; ++derivative)
      add("of_difference", n, [=](CpuSet k) {
        kernels<DifferenceLosses>(k).of_difference(static_cast<Difference>(d), derivative, t, n, 0.7, a, b, z);
      });
  add("bce_with_logits", n, [=](CpuSet k) { kernels<ClassLosses>(k).bce_with_logits(t, n, a, b, nullptr, z); });
  add("bce_with_logits, weighted", n,
      [=](CpuSet k) { kernels<ClassLosses>(k).bce_with_logits(t, n, a, b, positive, z); });
  const std::int64_t classes = 64, samples = std::max<std::int64_t>(1, n / 64);
  for (const double smooth : {0.0, 0.01}) {
    add("cross_entropy", samples, [=](CpuSet k) {
      kernels<ClassLosses>(k).cross_entropy(t, samples, classes, a, index, 1, smooth, smooth > 0 ? positive : nullptr,
                                            u, z);
    });
    add("cross_entropy_backward", samples * classes, [=](CpuSet k) {
      kernels<ClassLosses>(k).cross_entropy_backward(t, samples, classes, a, index, 1, smooth,
                                                     smooth > 0 ? positive : nullptr, b, 1, z);
    });
  }
  add("layer_norm", m, [=](CpuSet k) { kernels<LayerNorms>(k).layer_norm(t, rows, columns, a, b, b, 1e-5, u, v, z); });
  add("layer_norm_backward", m, [=](CpuSet k) {
    kernels<LayerNorms>(k).layer_norm_backward(t, rows, columns, a, b, positive, positive, b, z, u, v);
  });
  for (const std::int64_t pixels : {std::int64_t{1}, std::int64_t{49}}) {
    const std::int64_t channels = 32, images = std::max<std::int64_t>(1, n / channels / pixels),
                       size = images * channels * pixels;
    const std::string how = pixels == 1 ? " of rows" : " of images";
    add("channel_moments" + how, channels,
        [=](CpuSet k) { kernels<BatchNorms>(k).channel_moments(t, images, channels, pixels, a, u, z); });
    add("batch_norm" + how, size, [=](CpuSet k) {
      kernels<BatchNorms>(k).batch_norm(t, images, channels, pixels, a, b, b, b, positive, 1e-5, z);
    });
    add("batch_norm_backward" + how, size, [=](CpuSet k) {
      kernels<BatchNorms>(k).batch_norm_backward(t, true, images, channels, pixels, a, b, b, positive, 1e-5, b, z, u,
                                                 v);
    });
  }
  for (const std::int64_t side : {std::int64_t{3}, std::int64_t{1}}) {
    const std::int64_t pad = side / 2;
    const Windows w{8, {14, 14}, {side, side}, {1, 1}, {pad, pad}, {1, 1}, {14, 14}};
    const std::string how = side == 3 ? " 3x3" : " 1x1";
    add("conv2d" + how, 4 * 16 * 14 * 14,
        [=](CpuSet k) { kernels<Convolutions>(k).conv2d(t, w, 4, 1, 16, a, b, u, z); });
    add("conv2d_input" + how, 4 * 8 * 14 * 14,
        [=](CpuSet k) { kernels<Convolutions>(k).conv2d_input(t, w, 4, 1, 16, a, b, z); });
    add("conv2d_weight" + how, 16 * 8 * side * side,
        [=](CpuSet k) { kernels<Convolutions>(k).conv2d_weight(t, w, 4, 1, 16, a, b, v, z); });
  }
  const Windows pool{8, {28, 28}, {2, 2}, {2, 2}, {0, 0}, {1, 1}, {14, 14}},
      lapping{8, {28, 28}, {3, 3}, {2, 2}, {1, 1}, {1, 1}, {14, 14}};
  for (const Windows& w : {pool, lapping}) {
    add("max_pool2d", 4 * 8 * 14 * 14, [=](CpuSet k) { kernels<Pooling>(k).max_pool2d(t, w, 4, a, z, work); });
    add("avg_pool2d", 4 * 8 * 14 * 14, [=](CpuSet k) { kernels<Pooling>(k).avg_pool2d(t, w, 4, true, 0, a, z); });
    add("avg_pool2d_backward", 4 * 8 * 28 * 28,
        [=](CpuSet k) { kernels<Pooling>(k).avg_pool2d_backward(t, w, 4, true, 0, a, z); });
  }
  return all;
}

template <class T>
std::uint64_t hash_of(const T* p, std::int64_t n) {
  std::uint64_t h = 14695981039346656037ull;
  for (std::int64_t i = 0; i < n; ++i) {
    std::uint64_t bits = 0;
    if (p[i] == p[i])
      std::memcpy(&bits, p + i, sizeof(T));
    else
      bits = 0x7ff8dead;
    h = (h ^ bits) * 1099511628211ull;
  }
  return h;
}

void print_bits() {
  for (const DType t : {DType::float32, DType::float64})
    for (const std::int64_t n : {1, 7, 130, 1003, 20011})
      for (const bool special : {false, true}) {
        buffers.fill(t, special);
        buffers.keep();
        for (const Case& c : cases_of(t, n)) {
          std::printf("%s %s %lld%s:", c.name.c_str(), std::string(name(t)).c_str(), static_cast<long long>(n),
                      special ? " special" : "");
          for (const CpuSet b : cpu_sets()) {
            buffers.restore();
            c.run(b);
            std::uint64_t h = hash_of(static_cast<const std::uint8_t*>(c.out), c.of == DType::uint8 ? c.bytes : 0);
            const auto all = [&](auto of) {  // also what a kernel writes beside its result, and what it must not
              using T = decltype(of);
              if (c.of != DType::uint8)
                h = hash_of(static_cast<const T*>(c.out), c.bytes / static_cast<std::int64_t>(sizeof(T)));
              for (auto& m : buffers.memory) h = h * 31 + hash_of(reinterpret_cast<const T*>(m.data()), n + 64);
              h = h * 31 + hash_of(buffers.work.data(), n + 64);
            };
            t == DType::float32 ? all(float()) : all(double());
            std::printf(" %016llx", static_cast<unsigned long long>(h));
          }
          std::printf("\n");
        }
      }
}

double nanoseconds(const Case& c, CpuSet b, int calls) {
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < calls; ++i) c.run(b);
  return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - start).count() / calls;
}

void print_times(const char* part) {
  constexpr int kRounds = 25;
  constexpr double kRound = 1e5;
  const auto sets = cpu_sets();
  std::printf("| kernel | dtype | %s, ns |", name(sets[0]));
  for (std::size_t s = 1; s < sets.size(); ++s) std::printf(" %s, times as fast |", name(sets[s]));
  std::printf("\n|---|---|---|");
  for (std::size_t s = 1; s < sets.size(); ++s) std::printf("---|");
  std::printf("\n");
  for (const DType t : {DType::float32, DType::float64}) {
    buffers.fill(t, false);
    buffers.keep();
    for (const Case& c : cases_of(t, 8192)) {
      if (c.name.find(part) == std::string::npos) continue;
      buffers.restore();
      std::vector<double> best(sets.size(), 1e300);
      const int calls =
          std::max(1, static_cast<int>(kRound / std::max(nanoseconds(c, sets[0], 1), nanoseconds(c, sets[0], 1))));
      for (int round = 0; round < kRounds; ++round)
        for (std::size_t s = 0; s < sets.size(); ++s) best[s] = std::min(best[s], nanoseconds(c, sets[s], calls));
      std::printf("| %s | %s | %.0f |", c.name.c_str(), std::string(name(t)).c_str(), best[0]);
      for (std::size_t s = 1; s < sets.size(); ++s) std::printf(" %.2f |", best[0] / best[s]);
      std::printf("\n");
      std::fflush(stdout);
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  set_num_threads(1);
  if (argc > 1 && std::strcmp(argv[1], "--bits") == 0)
    print_bits();
  else
    print_times(argc > 1 ? argv[1] : "");
}

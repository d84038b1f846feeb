// The operations that bench/compare --task ops times one by one, from 1 element to 2^22. Each is written once: most have one
// name in both libraries, found by the type of its arguments; what is called otherwise is given by L (ops.cpp, peers/libtorch_ops.cpp).
// Inputs are drawn after manual_seed(0), in order, each anew for every n. Backward is the forward pass, and backward from ones to
// every input of real numbers.
#pragma once
#include <cstring>

#include "turn.h"

namespace bench {

constexpr int kElements[] = {1, 16, 256, 4096, 65536, 1 << 20, 1 << 22};  // powers of 4

/// The side of the square matrix of n elements.
inline int side(int n) { return static_cast<int>(std::lround(std::sqrt(n))); }

using Sizes = std::vector<std::int64_t>;
/// What an input is: its sizes, and how it is drawn: from 0.5 to 1.5, from 1 to 1.001, or integers below the last size of
/// the first input.
enum class Draw { normal, positive, near_one, places };
struct Input {
  Sizes sizes;
  Draw draw = Draw::normal;
};
using Inputs = std::vector<Input>;
/// The inputs of a case of n elements; none where there is no such case.
using Make = Inputs (*)(int n);

inline Inputs one(int n) { return {{{n}}}; }
inline Inputs positive(int n) { return {{{n}, Draw::positive}}; }
inline Inputs two(int n) { return {{{n}}, {{n}}}; }
inline Inputs three(int n) { return {{{n}}, {{n}}, {{n}}}; }
inline Inputs square(int n) { return {{{side(n), side(n)}}}; }
inline Inputs near_one(int n) { return {{{side(n), side(n)}, Draw::near_one}}; }
inline Inputs squares(int n) { return {square(n)[0], square(n)[0]}; }
inline Inputs square_and_row(int n) { return {square(n)[0], {{side(n)}}}; }
inline Inputs square_and_column(int n) { return {square(n)[0], {{side(n), 1}}}; }
inline Inputs squares_and_row(int n) { return {square(n)[0], square(n)[0], {{side(n)}}}; }
inline Inputs square_and_rows(int n) { return {square(n)[0], {{side(n)}}, {{side(n)}}}; }
inline Inputs several(int n) { return n < 16 ? Inputs{} : square(n); }
inline Inputs normalized(int n) { return n < 16 ? Inputs{} : square_and_rows(n); }
inline Inputs batches(int n) { return n < 256 ? Inputs{} : Inputs{{{n / 256, 16, 16}}, {{n / 256, 16, 16}}}; }
inline Inputs one_and_places(int n) { return {{{n}}, {{n}, Draw::places}}; }
inline Inputs square_and_rows_places(int n) { return {square(n)[0], {{side(n)}, Draw::places}}; }
inline Inputs square_and_places(int n) { return {square(n)[0], {{side(n), side(n)}, Draw::places}}; }
/// Images and rows of several channels, and what they are convolved with.
inline Inputs images(int n) { return n < 4096 ? Inputs{} : Inputs{{{4, 16, side(n) / 8, side(n) / 8}}}; }
inline Inputs rows(int n) { return n < 256 ? Inputs{} : Inputs{{{4, 4, n / 16}}}; }
inline Inputs convolved(int n) { return n < 4096 ? Inputs{} : Inputs{images(n)[0], {{16, 16, 3, 3}}, {{16}}}; }
inline Inputs convolved64(int n) {
  return n < 65536 ? Inputs{} : Inputs{{{n / 65536, 64, 32, 32}}, {{64, 64, 3, 3}}, {{64}}};
}
inline Inputs convolved_rows(int n) { return n < 4096 ? Inputs{} : Inputs{{{4, 16, n / 64}}, {{16, 16, 3}}, {{16}}}; }

template <class Tensor>
struct Op {
  const char* name;
  Make inputs;
  Tensor (*run)(const std::vector<Tensor>&);
  bool backward = true;
};

#define HARKER_OP(...) [](const In& t) -> Tensor { return __VA_ARGS__; }
template <class L, class Tensor = typename L::Tensor, class In = std::vector<Tensor>>
const std::vector<Op<Tensor>>& ops() {
  static const std::vector<Op<Tensor>> all = {
      {"add", two, HARKER_OP(t[0] + t[1])},
      {"add_row", square_and_row, HARKER_OP(t[0] + t[1])},
      {"add_column", square_and_column, HARKER_OP(t[0] + t[1])},
      {"mul", two, HARKER_OP(t[0] * t[1])},
      {"div", two, HARKER_OP(t[0] / t[1])},
      {"maximum", two, HARKER_OP(maximum(t[0], t[1]))},
      {"greater", two, HARKER_OP(t[0] > t[1]), false},
      {"where", three, HARKER_OP(where(t[0].detach() > 0, t[1], t[2]) + t[0])},
      {"addcmul", three, HARKER_OP(addcmul(t[0], t[1], t[2]))},
      {"relu", one, HARKER_OP(relu(t[0]))},
      {"abs", one, HARKER_OP(abs(t[0]))},
      {"clamp", one, HARKER_OP(clamp(t[0], -1, 1))},
      {"exp", one, HARKER_OP(exp(t[0]))},
      {"log", positive, HARKER_OP(log(t[0]))},
      {"sqrt", positive, HARKER_OP(sqrt(t[0]))},
      {"pow", positive, HARKER_OP(pow(t[0], 2.5))},
      {"sin", one, HARKER_OP(sin(t[0]))},
      {"tanh", one, HARKER_OP(tanh(t[0]))},
      {"sigmoid", one, HARKER_OP(sigmoid(t[0]))},
      {"erf", one, HARKER_OP(erf(t[0]))},
      {"gelu", one, HARKER_OP(gelu(t[0]))},
      {"silu", one, HARKER_OP(silu(t[0]))},
      {"elu", one, HARKER_OP(elu(t[0]))},
      {"hardswish", one, HARKER_OP(hardswish(t[0]))},
      {"softplus", one, HARKER_OP(softplus(t[0]))},
      {"rand", one, HARKER_OP(rand_like(t[0])), false},
      {"randn", one, HARKER_OP(randn_like(t[0])), false},
      {"sum", one, HARKER_OP(sum(t[0]))},
      {"sum_columns", square, HARKER_OP(sum(t[0], 0))},
      {"sum_rows", square, HARKER_OP(sum(t[0], 1))},
      {"mean", one, HARKER_OP(mean(t[0]))},
      {"var_rows", several, HARKER_OP(L::var(t[0]))},
      {"norm", one, HARKER_OP(norm(t[0]))},
      {"prod", near_one, HARKER_OP(prod(t[0], 1))},
      {"max_rows", square, HARKER_OP(std::get<0>(max(t[0], 1)))},
      {"argmax", one, HARKER_OP(argmax(t[0])), false},
      {"logsumexp", square, HARKER_OP(logsumexp(t[0], 1))},
      {"softmax", one, HARKER_OP(softmax(t[0], 0))},
      {"softmax_rows", square, HARKER_OP(softmax(t[0], 1))},
      {"log_softmax_rows", square, HARKER_OP(log_softmax(t[0], 1))},
      {"cumsum", square, HARKER_OP(cumsum(t[0], 1))},
      {"cumprod", near_one, HARKER_OP(cumprod(t[0], 1))},
      {"cummax", square, HARKER_OP(std::get<0>(cummax(t[0], 1)))},
      {"sort", one, HARKER_OP(std::get<0>(sort(t[0])))},
      {"topk", one, HARKER_OP(std::get<0>(topk(t[0], (t[0].size(0) + 99) / 100)))},
      {"topk_rows", square, HARKER_OP(std::get<0>(topk(t[0], 1)))},
      {"median", one, HARKER_OP(median(t[0]))},
      {"unique", one_and_places, HARKER_OP(L::unique(t[1])), false},
      {"mse_loss", two, HARKER_OP(mse_loss(t[0], t[1]))},
      {"l1_loss", two, HARKER_OP(l1_loss(t[0], t[1]))},
      {"bce_with_logits", two, HARKER_OP(binary_cross_entropy_with_logits(t[0], t[1]))},
      {"cross_entropy", square_and_rows_places, HARKER_OP(L::cross_entropy(t[0], t[1]))},
      {"matmul", squares, HARKER_OP(matmul(t[0], t[1]))},
      {"matvec", square_and_row, HARKER_OP(matmul(t[0], t[1]))},
      {"bmm", batches, HARKER_OP(bmm(t[0], t[1]))},
      {"linear", squares_and_row, HARKER_OP(linear(t[0], t[1], t[2]))},
      {"view", square, HARKER_OP(t[0].view(Sizes{-1}))},
      {"transpose", square, HARKER_OP(t[0].transpose(0, 1))},
      {"slice", one, HARKER_OP(t[0].slice(0, t[0].size(0) / 2))},
      {"transpose_copy", square, HARKER_OP(t[0].transpose(0, 1).contiguous())},
      {"cat", squares, HARKER_OP(cat(In{t[0], t[1]}, 1))},
      {"flip", square, HARKER_OP(flip(t[0], 1))},
      {"roll", square, HARKER_OP(roll(t[0], 1, 1))},
      {"repeat", square, HARKER_OP(t[0].repeat(Sizes{2, 2}))},
      {"tril", square, HARKER_OP(tril(t[0]))},
      {"index_select", square_and_rows_places, HARKER_OP(index_select(t[0], 0, t[1]))},
      {"gather", square_and_places, HARKER_OP(gather(t[0], 1, t[1]))},
      {"embedding", square_and_rows_places, HARKER_OP(L::embedding(t[0], t[1]))},
      {"masked_fill", one, HARKER_OP(masked_fill(t[0], t[0] > 0, 0))},
      {"masked_select", one, HARKER_OP(masked_select(t[0], t[0] > 0))},
      {"nonzero", one, HARKER_OP(nonzero(t[0] > 0)), false},
      {"layer_norm", square_and_rows, HARKER_OP(L::layer_norm(t[0], t[1], t[2]))},
      {"batch_norm", normalized, HARKER_OP(L::batch_norm(t[0], t[1], t[2]))},
      {"conv1d", convolved_rows, HARKER_OP(L::conv1d(t[0], t[1], t[2]))},
      {"conv2d", convolved, HARKER_OP(L::conv2d(t[0], t[1], t[2], 1))},
      {"conv2d_stride2", convolved, HARKER_OP(L::conv2d(t[0], t[1], t[2], 2))},
      {"conv2d_64", convolved64, HARKER_OP(L::conv2d(t[0], t[1], t[2], 1))},
      {"max_pool1d", rows, HARKER_OP(max_pool1d(t[0], 2))},
      {"max_pool2d", images, HARKER_OP(max_pool2d(t[0], 2))},
      {"avg_pool2d", images, HARKER_OP(avg_pool2d(t[0], 2))},
      {"adaptive_avg_pool2d", images, HARKER_OP(L::adaptive_avg_pool2d(t[0], 3))},
      {"adaptive_max_pool2d", images, HARKER_OP(L::adaptive_max_pool2d(t[0], 3))},
      {"interpolate", images, HARKER_OP(L::bilinear(t[0]))},
  };
  return all;
}
#undef HARKER_OP

struct OpsTurn {
  const char* op;
  bool backward;
  int threads;
  double milliseconds;  // for each n
};

constexpr const char* kOpsTurnUsage = "OP forward|backward THREADS MILLISECONDS";

/// One operation with its inputs.
template <class L>
class Case {
 public:
  using Tensor = typename L::Tensor;
  Case(const Op<Tensor>& op, const Inputs& inputs, bool backward) : op_(op), backward_(backward) {
    L::seed(0);
    for (const Input& in : inputs) {
      const Sizes& s = in.sizes;
      inputs_.push_back(in.draw == Draw::places     ? L::randint(inputs[0].sizes.back(), s)
                        : in.draw == Draw::normal   ? L::randn(s)
                        : in.draw == Draw::positive ? L::rand(s) + 0.5
                                                    : L::rand(s) * 1e-3 + 1.0);
      if (in.draw != Draw::places && backward) leaves_.push_back(inputs_.back().requires_grad_(true));
    }
    if (backward) ones_ = L::ones_like(op.run(inputs_));
  }
  Tensor run() {
    if (!backward_) {
      const typename L::Inference guard;
      return op_.run(inputs_);
    }
    for (Tensor& t : leaves_) L::drop_grad(t);
    Tensor result = op_.run(inputs_);
    result.backward(ones_);
    return result;
  }
  /// The sum of the squares of the result, and of all gradients.
  double value() {
    double sum = squares_of(run());
    for (const Tensor& t : leaves_) sum += squares_of(t.grad());
    return sum;
  }

 private:
  static double squares_of(const Tensor& given) {
    const Tensor t = given.detach().to(L::kFloat).contiguous();
    return sum_of_squares(static_cast<const float*>(t.data_ptr()), static_cast<std::size_t>(t.numel()));
  }
  const Op<Tensor>& op_;
  bool backward_;
  std::vector<Tensor> inputs_, leaves_;
  Tensor ones_;
};

/// One line for each n: the time, and what shows that the same is computed. The status of the program.
template <class L>
int ops_turn(int argc, char** argv) {
  if (argc != 4 || (std::strcmp(argv[1], "backward") != 0 && std::strcmp(argv[1], "forward") != 0)) return 2;
  const OpsTurn turn{argv[0], std::strcmp(argv[1], "backward") == 0, std::atoi(argv[2]), std::atof(argv[3])};
  if (turn.threads < 1 || !(turn.milliseconds > 0)) return 2;
  L::set_threads(turn.threads);
  for (const auto& op : ops<L>()) {
    if (std::strcmp(op.name, turn.op) != 0) continue;
    for (const int n : kElements) {
      const Inputs inputs = op.inputs(n);
      if (inputs.empty() || (turn.backward && !op.backward)) continue;
      Case<L> c(op, inputs, turn.backward);
      c.run();
      const double value = c.value();
      const auto work = [&] { c.run(); };
      std::printf("{\"n\": %d, \"ns\": %.6g, \"value\": %.9g}\n", n, sampled_nanoseconds(work, turn.milliseconds),
                  value);
      std::fflush(stdout);
    }
    return 0;
  }
  std::fprintf(stderr, "there is no operation %s\n", argv[0]);
  return 2;
}

}  // namespace bench
